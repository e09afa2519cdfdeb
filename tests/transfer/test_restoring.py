"""Undoing an import of people who were there: what it changed comes back, where nobody has changed it since."""

import base64
import json

import pytest
from doubles.given import Given

from authctl.core.crypto import sealing
from authctl.errors import Denied, NotFound, Unavailable
from authctl.model import Status
from authctl.transfer import importing
from authctl.transfer.journal import Imports
from authctl.transfer.records import ImportedTotp, Linked, Member, Record, Secret

HASH = "$2b$04$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"
OTHER = HASH[:-2] + "WK"


@pytest.fixture
def take(directory, tmp_path):
    """Imports records as updates; the id of the import."""

    def run(*records, on_conflict="update", **options):
        (tmp_path / "given").write_text("given")
        for number, each in enumerate(records, 1):
            each.at, each.notes = number, []
        options = importing.Options(on_conflict=on_conflict, teams=True, **options)
        path = str(tmp_path / "given")
        return importing.import_users(directory, [path], source=Given(*records), options=options).id

    return run


@pytest.fixture
def undo(directory):
    def run(id):
        undone = Imports(directory).undo(id)
        return undone.removed, undone.restored, dict(undone.kept)

    return run


@pytest.fixture
def ada(directory, clock):
    directory.users.create(
        id="ada",
        username="ada",
        email="ada@example.com",
        email_verified=True,
        name="Ada",
        labels=["staff"],
        prefs={"theme": "dark", "lang": "en"},
        metadata={"plan": "free"},
    )
    clock.forward(days=1)
    return directory.users.get("ada")


def record(id="ada", **fields):
    return Record(0, id, None, id=id, **fields)


def everything():
    return record(
        username="countess",
        email="countess@example.com",
        phone="+442079460123",
        phone_verified=True,
        name="Countess",
        labels=("vip",),
        prefs={"theme": "light", "new": 1},
        metadata={"age": 36},
        blocked=True,
        mfa=True,
        password=Secret(HASH),
        identities=[Linked("google", "1")],
        totp=[ImportedTotp(bytes(20))],
        recovery_codes=["abcd-efgh"],
        members=[Member(None, "Maths", ("guest",))],
    )


def without_times(user):
    return {name: value for name, value in user.public().items() if name != "updated_at"}


def test_all_that_an_import_changed_comes_back(directory, take, undo, ada):
    id = take(everything(), record("new"))
    assert directory.users.get("countess").status is Status.BLOCKED
    assert undo(id) == (1, 1, {})
    user = directory.users.get("ada")
    assert without_times(user) == without_times(ada)
    assert (user.password, user.mfa, user.totp, user.recovery_code) == (None, False, False, False)
    assert directory.users.list_identities("ada") == directory.users.list_memberships("ada") == []
    assert [found.id for found in directory.users.list(search="ada")] == ["ada"]
    assert directory.users.list(search="countess") == []
    assert directory.users.create(username="countess", email="countess@example.com")
    assert undo(id) == (0, 0, {"gone": 1})


def test_damaged_changes_are_named(directory, take, undo, ada):
    id = take(everything())
    directory.write(lambda work: work.db.sqlalchemy.exec_driver_sql("UPDATE import_changes SET changes = '{}'"))
    with pytest.raises(Unavailable, match="table import_changes is damaged: its changes"):
        undo(id)
    assert directory.users.get("ada").name == "Countess"


def test_what_was_changed_since_stays(directory, take, undo, ada):
    id = take(everything())
    directory.users.update_name("ada", "Lady")
    directory.users.update_email("ada", "lady@example.com")
    directory.users.update_prefs("ada", {"theme": "light", "new": 2, "own": True})
    directory.users.update_labels("ada", ["vip", "own"])
    directory.users.update_password("ada", "correct horse battery")
    assert undo(id) == (0, 0, {"changed": 1})
    user = directory.users.get("ada")
    assert (user.name, user.email, user.username, user.phone) == ("Lady", "lady@example.com", "ada", None)
    assert user.prefs == {"theme": "dark", "new": 2, "own": True}
    assert (user.labels, user.metadata, user.status) == (("own",), {"plan": "free"}, Status.ACTIVE)
    assert user.password is not None
    assert user.password.imported_by is None


def test_a_former_password_ends_what_a_new_one_ends(directory, take, undo):
    first = take(record("ada", password=Secret(HASH)))
    second = take(record("ada", password=Secret(OTHER)))
    secret = directory.users.create_session("ada").secret
    assert undo(second) == (0, 1, {})
    assert directory.users.get("ada").password.hash == HASH
    with pytest.raises(Denied):
        directory.sessions.get(secret)
    assert undo(first)[2] == {"signed_in": 1}


def test_an_address_that_is_unverified_again_ends_its_sessions(directory, take, undo):
    directory.users.create(id="bob", email="bob@example.com")
    id = take(record("bob", email="bob@example.com", email_verified=True))
    token = directory.tokens.create_email("bob@example.com", print_secret=True)
    secret = directory.tokens.redeem("bob", token.secret, kind="email").secret
    assert undo(id) == (0, 1, {})
    assert not directory.users.get("bob").email_verified
    with pytest.raises(Denied):
        directory.sessions.get(secret)


def test_a_former_address_that_somebody_else_has_stays_theirs(directory, take, undo, ada):
    id = take(record(email="countess@example.com", name="Countess"))
    directory.users.create(id="bob", email="ada@example.com")
    assert undo(id) == (0, 0, {"taken": 1})
    user = directory.users.get("ada")
    assert (user.email, user.name) == ("countess@example.com", "Ada")
    assert directory.users.get("ada@example.com").id == "bob"


def test_what_a_stranger_put_there_never_comes_back(directory, take, undo):
    directory.users.create(id="ada", email="ada@example.com", password="correct horse battery", self_service=True)
    id = take(record("ada", email="ada@example.com", email_verified=True, name="Ada"))
    assert undo(id) == (0, 0, {"stranger": 1})
    user = directory.users.get("ada")
    assert (user.password, user.email_verified, user.name) == (None, True, "")


def test_the_last_owner_of_a_team_stays_one(directory, take, undo, ada):
    id = take(record(members=[Member(None, "Maths", ("owner",))]))
    assert undo(id) == (0, 0, {"last_owner": 1})
    assert len(directory.users.list_memberships("ada")) == 1


def test_merged_accounts_are_two_again(directory, take, undo, ada):
    given = {"email": "ada@example.com", "email_verified": True}
    joining = [record(f"g|{n}", identities=[Linked("google", str(n))], **given) for n in range(3)]
    id = take(*joining, on_conflict="merge", batch=1)
    assert undo(id) == (0, 3, {})
    assert directory.users.list_identities("ada") == []
    with pytest.raises(NotFound) as found:
        directory.users.get("g|1")
    assert "merged" not in found.value.hint
    given["email"] = "b@example.com"
    id = take(record("a|1", **given), record("a|2", name="B", **given), on_conflict="merge", batch=1)
    assert undo(id) == (1, 0, {})
    with pytest.raises(NotFound) as found:
        directory.users.get("a|2")
    assert "merged" not in found.value.hint


def test_a_deleted_user_leaves_nothing_of_it(directory, take, undo, ada):
    id = take(everything())
    directory.users.delete("ada")
    statement = "SELECT count(*) FROM import_changes"
    assert directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(statement).scalar_one()) == 0
    assert undo(id)[:2] == (0, 0)


def test_a_password_that_was_sealed_comes_back_sealed(directory, take, undo, ada):
    key, salt = base64.b64encode(bytes(64)).decode(), base64.b64encode(b"salt").decode()
    options = {"signer_key": key, "salt_separator": "Bw==", "rounds": "8", "mem_cost": "14", "salt": salt}
    take(record(password=Secret(base64.b64encode(bytes(64)).decode(), "firebase-scrypt", options)))
    former = directory.users.get("ada").password
    assert former is not None
    assert sealing.is_sealed_text(former.hash)
    id = take(record(password=Secret(HASH)))
    assert undo(id)[1] == 1
    assert directory.users.get("ada").password == former


def test_the_command_says_what_it_restored(directory, take, ada, authctl, database_url):
    id = take(record(name="Countess"), record("new"))
    env = {"AUTHCTL_DATABASE_URL": database_url}
    ran = authctl(f"users undo-import {id} --dry-run -o json", env=env)
    assert json.loads(ran.stdout)["restored"] == 1
    assert directory.users.get("ada").name == "Countess"
    ran = authctl(f"users undo-import {id} --yes -o json", env=env)
    assert json.loads(ran.stdout) == {"id": id, "removed": 1, "restored": 1, "kept": {}}
    assert directory.users.get("ada").name == "Ada"


def test_what_an_import_replaced_is_kept_for_30_days(directory, take, undo, ada, clock):
    take(record(name="Augusta"))
    clock.forward(days=29)
    assert directory.security.purge().import_changes == 0
    id = take(record(name="Countess"))
    clock.forward(days=2)
    dry = directory.acting(directory.actor, dry_run=True)
    assert dry.security.purge().import_changes == directory.security.purge().import_changes == 1
    assert undo(id) == (0, 1, {})
    assert directory.users.get("ada").name == "Augusta"


def test_an_undo_says_that_it_comes_too_late(directory, take, ada, clock, authctl, database_url):
    id = take(record(name="Augusta"))
    clock.forward(days=31)
    directory.security.purge()
    run = authctl(f"users undo-import {id} --yes", env={"AUTHCTL_DATABASE_URL": database_url})
    assert "1 user whom it changed stays as now" in run.stderr
    assert directory.users.get("ada").name == "Augusta"
