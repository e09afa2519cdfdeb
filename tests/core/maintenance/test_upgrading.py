"""A directory of an older version, with every kind of account, as an upgrade leaves it: everybody signs in as before,
and what only people can decide is told. On both databases."""

import json
from contextlib import closing

import pytest
from doubles import older
from doubles.older import KINDS, PASSWORD

from authctl import storage
from authctl.core.directory import opening
from authctl.core.maintenance import backup, checks, setup
from authctl.core.work.unit import Actor
from authctl.settings import load

# The addresses of which nobody can tell whose they are, by the accounts that have them.
UNDECIDED = {
    "proved-by-phone": ["email"],
    "proved-by-email": ["phone"],
    "linked": ["email"],
    "linked-twice": ["email", "phone"],
}
TOLD = (
    "4 users have an unverified address beside a verified one, which may belong to somebody else. List them with: "
    "authctl security check"
)


def upgrade(directory):
    """What is told of it."""
    warnings = []
    directory.warn = warnings.append
    setup.upgrade(directory)
    directory.forget()
    directory.database.write(
        storage.backups.finish
    )  # the words that people are found by, which only this test left out
    return warnings


@pytest.fixture
def migrated(directory):
    older.make(directory)
    upgrade(directory)
    return directory


def sign_in(directory, address):
    kind = "email" if "@" in address else "phone"
    create = directory.tokens.create_email if kind == "email" else directory.tokens.create_phone
    return directory.tokens.redeem(address, create(address, print_secret=True, create=False).secret, kind=kind)


def test_everybody_signs_in_as_before(migrated):
    for id in (id for id, has in KINDS.items() if "status" not in has):
        addresses = [address for kind in ("email", "phone") if (address := older.address(id, kind))]
        for name in (id, *addresses):
            assert migrated.sessions.create(name, PASSWORD).session.user_id == id
        if "identity" in KINDS[id]:
            assert migrated.sessions.create_with_identity("github", id).session.user_id == id
        for address in addresses[:1]:
            assert sign_in(migrated, address).session.user_id == id


def test_nothing_is_pending_or_made_for_a_code(migrated):
    for user in migrated.users.iterate():
        assert (user.pending_email, user.pending_phone, user.requested) == (None, None, False)
    migrated.security.purge()
    assert migrated.users.count() == len(KINDS)


def test_a_claim_of_an_account_with_another_proof_takes_nothing_over(migrated):
    for id, kind in ((id, kind) for id, kinds in UNDECIDED.items() for kind in kinds):
        assert sign_in(migrated, older.address(id, kind)).more_factors_required, (id, kind)
        assert migrated.sessions.create(id, PASSWORD), (id, kind)


# What could not be decided


def found(directory, settings):
    return {each.resource: each for each in checks.check(directory, settings) if each.check.id == "unproved-addresses"}


def last_event(directory):
    event = "SELECT details FROM events ORDER BY seq DESC LIMIT 1"
    return json.loads(directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(event).scalar_one()))


def test_an_upgrade_tells_how_many_it_could_not_decide_about(directory):
    older.make(directory)
    assert upgrade(directory) == [TOLD]
    assert last_event(directory) == {"before": older.VERSION, "after": storage.state.HEAD, "undecided": 4}


def test_the_command_tells_so_too_and_the_check_up_lists_them(directory, authctl, database_url):
    env = {"AUTHCTL_DATABASE_URL": database_url}
    older.make(directory)
    ran = authctl("upgrade -o tsv", env=env)
    assert ran.stdout.startswith(f"{older.VERSION}\t{storage.state.HEAD}\t")
    assert ran.stderr == f"authctl: warning: {TOLD}\n"
    listed = json.loads(authctl("security check -o json", env=env).stdout)
    resources = [each["resource"] for each in listed if each["id"] == "unproved-addresses"]
    assert resources == [f"{id}/{kind}" for id, kinds in UNDECIDED.items() for kind in kinds]


def test_a_later_upgrade_has_nothing_to_decide(migrated):
    details = migrated.database.write(lambda db: setup.migrated(migrated.work(db), setup.STANDING))
    assert details == {"before": setup.STANDING, "after": storage.state.HEAD}
    assert upgrade(migrated) == []


def test_the_default_file_is_migrated_by_itself_and_says_so(ready_home, authctl):
    settings = load(ready_home)
    with closing(opening.open_directory(settings, Actor("tester@example.com"))) as directory:
        older.make(directory)
    ran = authctl("users list --count")
    assert ran.status == 0
    assert TOLD in ran.stderr
    assert "Migrated the database" in ran.stderr


def test_a_backup_of_before_tells_so_when_it_is_restored(directory, settings, tmp_path, home):
    older.make(directory)
    file, warnings = str(tmp_path / "old.backup"), []
    backup.backup(directory, file)
    other = load(home, options={"database_url": f"sqlite:///{tmp_path}/other.db"})
    with closing(opening.open_directory(other, Actor("tester@example.com"))) as restored:
        restored.warn = warnings.append
        backup.restore(restored, other, file)
        assert TOLD in warnings
        assert last_event(restored)["undecided"] == 4


@pytest.mark.parametrize("theirs", [True, False])
def test_each_is_decided_by_the_command_that_is_named(migrated, settings, authctl, database_url, theirs):
    env = {"AUTHCTL_DATABASE_URL": database_url}
    findings = found(migrated, settings)
    assert findings["proved-by-phone/email"].message == (
        "Nobody has verified proved-by-phone@example.com of user proved-by-phone. If it is theirs: authctl users "
        "update-email-verification id:proved-by-phone true"
    )
    for finding in findings.values():
        command = finding.message.partition("theirs: ")[2] if theirs else finding.command
        ran = authctl(command.removeprefix("authctl "), env=env)
        assert ran.status == 0, ran.stderr
    assert found(migrated, settings) == {}
    for id, kinds in UNDECIDED.items():
        user = migrated.users.get(f"id:{id}")
        for kind in kinds:
            kept = (older.address(id, kind), True) if theirs else (None, False)
            assert (getattr(user, kind), getattr(user, f"{kind}_verified")) == kept
        assert migrated.sessions.create(id, PASSWORD)


def test_of_many_the_first_are_listed_and_the_others_counted(directory, settings):
    for number in range(checks.LISTED + 2):
        id = f"user{number}"
        directory.users.create(id=id, email=f"{id}@example.com", phone=f"+1425555{number:04}", self_service=True)
        directory.users.update_phone_verification(f"id:{id}", True)
    findings = found(directory, settings)
    assert [*findings] == [*(f"user{number}/email" for number in range(checks.LISTED)), "users"]
    assert findings["users"].message == "2 more users have an unverified address. Fix these to see more."
