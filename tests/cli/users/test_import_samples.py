"""What the command says of files that real systems wrote, and that the same file once more changes nothing."""

import json
import shutil

import pytest
from doubles.samples import FOLDER


def unread(field, count, places, option):
    return f"Not imported: '{field}', {count} users ({places}, …). To import it: --source-option {option}"


KC = ", ".join(f"keycloak-rest.json:{line}" for line in (1, 2, 4))
KEYCLOAK = [
    "Left out: password, 1 value (keycloak-rest.json:2).",
    unread("groups", 5, KC, "groups=teams --teams"),
    unread("realmRoles", 5, KC, "roles=labels"),
]


def django(name, usernames, users):
    places = ", ".join(f"{name}:{line}" for line in (19, 20, 21))
    return [
        f"Left out: created_at, {users} values ({places}, …).",  # the clock of the tests is behind the file
        f"Left out: email, 1 value ({name}:27).",
        f"Left out: username, {usernames} values ({places}, …).",
        unread("groups", 7, places, "groups=labels"),
    ]


@pytest.mark.parametrize(
    ("name", "source", "status", "created", "skipped", "lines"),
    [
        ("keycloak-rest.json", "keycloak", 0, 6, 0, KEYCLOAK),
        ("kratos-cli.json", "kratos", 0, 1, 0, ["Left out: second factor, 1 value (kratos-cli.json:1)."]),
        ("kratos-batch.json", "kratos", 0, 1, 0, []),
        ("switch.ldif", "ldif", 0, 3, 0, ["Left out: phone, 2 values (switch.ldif:10, switch.ldif:19)."]),
        ("django-natural.json", "django", 8, 8, 18, django("django-natural.json", 7, 8)),
        ("django.xml", "django", 0, 10, 18, django("django.xml", 9, 10)),
    ],
)
def test_what_did_not_come_along_is_said(
    authctl, database_url, ready, tmp_path, name, source, status, created, skipped, lines
):
    environ = {"AUTHCTL_DATABASE_URL": database_url}
    path = tmp_path / name
    shutil.copyfile(FOLDER / name, path)
    path.chmod(0o600)
    before = authctl(f"users import {path} --from {source} --dry-run", env=environ)
    first = authctl(f"users import {path} --from {source}", env=environ)
    for ran in (before, first):
        said = [line for line in ran.stderr.splitlines() if "Left out: " in line or "Not imported: " in line]
        assert (ran.status, len(said)) == (status, len(lines))
        for line, begins in zip(sorted(said), lines, strict=True):
            assert line.startswith(f"authctl: {begins}")
    users = authctl("users list -o json --limit 100", env=environ).stdout
    again = authctl(f"users import {path} --from {source} -o json", env=environ)
    counts = json.loads(again.stdout)
    assert (again.status, counts["created"], counts["updated"]) == (status, 0, 0)
    # A password that cannot be taken is said as long as its user has none.
    lost = ["import_password_lost"] if any("password" in line for line in lines) else []
    assert (counts["skipped"], [each["type"] for each in counts["lost"]]) == (created + skipped, lost)
    assert authctl("users list -o json --limit 100", env=environ).stdout == users
    assert len(json.loads(users)) == created
