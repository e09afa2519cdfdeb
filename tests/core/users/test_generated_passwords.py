"""Generated passwords, which expire unless they are changed; on both databases."""

from datetime import timedelta

import pytest

from authctl.errors import Denied

PASSWORD, NEW = "correct horse battery", "another fine password"


def refusal(call, *args, **kwargs):
    with pytest.raises(Denied) as refused:
        call(*args, **kwargs)
    return refused.value.type, refused.value.message


def test_a_generated_password_expires(directory, clock):
    user = directory.users.create(id="ada", password=PASSWORD, must_change=True, generated=True)
    assert user.password.expires_at == clock.now + timedelta(days=7)
    assert user.public()["password"]["expires_at"] == "2026-01-09T03:04:05.678Z"
    clock.forward(days=6, hours=23)
    assert directory.sessions.create("ada", PASSWORD)
    clock.forward(hours=1)
    wrong = refusal(directory.sessions.create, "ada", "wrong password")
    assert refusal(directory.sessions.create, "ada", PASSWORD) == wrong
    assert not directory.users.verify_password("ada", PASSWORD)
    refusals = [event.details for event in directory.users.list_logs("ada") if "refused" in event.details]
    assert refusals == [{"refused": "expired"}] * 2


def test_one_that_is_changed_stays(directory, clock):
    directory.users.create(id="ada", password=PASSWORD, must_change=True, generated=True)
    secret = directory.sessions.create("ada", PASSWORD).secret
    person = directory.as_session(secret)
    assert person.users.update_password("ada", NEW, current=PASSWORD).password.expires_at is None
    clock.forward(days=8)
    assert directory.sessions.create("ada", NEW)


def test_an_operators_password_expires_where_it_was_generated(directory, clock):
    directory.security.set("generated-password-expiry", "1h")
    directory.users.create(id="ada")
    directory.users.update_password("ada", PASSWORD)
    assert directory.users.get("ada").password.expires_at is None
    user = directory.users.update_password("ada", NEW, generated=True)
    assert user.password.expires_at == clock.now + timedelta(hours=1)
    directory.security.set("generated-password-expiry", "off")
    assert directory.users.get("ada").password.expires_at is not None  # what exists keeps its end
    assert directory.users.update_password("ada", NEW, generated=True).password.expires_at is None


@pytest.mark.parametrize("line", ["create --id robot", "update-password ada"])
def test_one_for_a_service_account_is_kept(authctl, clock, line):
    authctl("users create --id ada")
    shown = "generated_password,password.must_change,password.expires_at"
    ran = authctl(f"users {line} --generate-password --keep --fields {shown} -o tsv")
    password, *rest = ran.stdout.rstrip("\n").split("\t")
    assert (rest, ran.stderr) == (["false", ""], "")
    clock.forward(days=400)
    user = line.split()[-1]
    assert authctl(f"users verify-password {user} --password-stdin", stdin=password).status == 0
    for other in ("--keep", "--keep --generate-password --must-change", "--keep --password-stdin"):
        refused = authctl(f"users {line} {other}", stdin=NEW)
        assert (refused.status, "--keep only goes with --generate-password" in refused.stderr) == (2, True)


def test_the_answer_says_when(authctl):
    shown = "--fields generated_password,password.expires_at"
    ran = authctl(f"users create --id ada --generate-password {shown}")
    assert ran.stdout.rstrip().endswith("2026-01-09T03:04:05.678Z")
    assert authctl("users list --filter 'password.expires_at < 2026-02-01' --fields id").stdout == "ada\n"
    again = authctl("users update-password ada --generate-password", stdout_isatty=True, stderr_isatty=True)
    assert "The password expires on 2026-01-09 at 03:04 UTC unless the user changes it." in again.stderr


@pytest.mark.parametrize(("least", "length"), [(8, 20), (20, 20), (33, 33), (256, 256)])
def test_one_is_as_long_as_the_policy_asks_for(directory, authctl, database_url, least, length):
    directory.security.set("password-min-length", least)
    for line in ("users create --id ada", "users update-password ada"):
        answer = f"{line} --generate-password --fields generated_password"
        ran = authctl(answer, env={"AUTHCTL_DATABASE_URL": database_url})
        assert (ran.status, len(ran.stdout.rstrip("\n"))) == (0, length)
