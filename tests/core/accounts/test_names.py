"""Ids and usernames under one key, at every door; and ids that come back. On both databases."""

import json
from functools import partial
from threading import Barrier, Thread

import pytest
from doubles.given import Given

from authctl import storage
from authctl.core.directory import opening
from authctl.core.maintenance import backup, checks
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError, Conflict, Invalid
from authctl.settings import load
from authctl.transfer import importing
from authctl.transfer.journal import Imports
from authctl.transfer.records import Record

PASSWORD = "correct horse battery"
EMAIL, PHONE = "new@example.com", "+14255550123"


@pytest.fixture
def ada(directory):
    """Somebody who is called Ada, and has another id; and a team."""
    directory.users.create(id="u1", username="Ada", email="ada@example.com", password=PASSWORD)
    directory.teams.create("Maths", id="maths")
    return directory


def names(directory):
    statement = "SELECT user_names.name, users.id FROM user_names JOIN users ON users.seq = user_seq"
    rows = directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(statement).all())
    return {row[0]: row[1] for row in rows}


def refusal(call):
    with pytest.raises(AuthctlError) as found:
        call()
    return type(found.value), found.value.type, found.value.field


# A word names one account


BY_ID = {  # each door that makes an account with an id that somebody chose
    "an operator": lambda directory, id: directory.users.create(id=id),
    "an operator, if absent": lambda directory, id: directory.users.create(id=id, if_absent=True),
    "a sign-up": lambda directory, id: directory.users.create(id=id, self_service=True, password=PASSWORD),
    "a code by mail": lambda directory, id: directory.tokens.create_email(EMAIL, id=id, print_secret=True),
    "a magic link": lambda directory, id: directory.tokens.create_magic_url(EMAIL, id=id, print_secret=True),
    "a code by SMS": lambda directory, id: directory.tokens.create_phone(PHONE, id=id, print_secret=True),
}
BY_USERNAME = {
    "an operator": lambda directory, username: directory.users.create(username=username),
    "a sign-up": lambda directory, username: directory.users.create(username=username, self_service=True),
    "a change": lambda directory, username: directory.users.update_username("bob", username),
}


@pytest.mark.parametrize("door", BY_ID)
@pytest.mark.parametrize("id", ["ada", "ADA", "U1"])
def test_an_id_is_refused_that_is_somebodys_username_or_id_but_for_case(ada, door, id):
    before = names(ada)
    assert refusal(lambda: BY_ID[door](ada, id)) == (Conflict, "user_already_exists", "id")
    assert (names(ada), ada.users.count()) == (before, 1)


@pytest.mark.parametrize("door", BY_USERNAME)
@pytest.mark.parametrize("username", ["u1", "U1"])
def test_a_username_is_refused_that_is_somebodys_id(ada, door, username):
    ada.users.create(id="bob")
    before = names(ada)
    assert refusal(lambda: BY_USERNAME[door](ada, username)) == (Conflict, "user_already_exists", "username")
    assert (names(ada), ada.users.count()) == (before, 2)


def test_an_id_that_nobody_chose_is_not_said_to_be_taken(ada):
    for chosen, message in (
        ({}, "The username u1 is taken."),
        ({"id": "new"}, "The username u1 is taken, or the id new."),
    ):
        for options in ({}, {"password": PASSWORD}):
            with pytest.raises(Conflict) as refused:
                ada.users.create(**chosen, username="u1", **options)
            assert refused.value.message == message
    ada.users.create(id="bob")
    with pytest.raises(Conflict) as refused:
        ada.users.update_username("bob", "u1")
    assert refused.value.message == "The username u1 is taken."


def test_an_invitation_makes_no_account_with_anothers_username_for_its_id(ada):
    ada.teams.create_membership("maths", user="ada", email="ada@example.com")  # who is found by it
    with pytest.raises(Conflict):
        ada.teams.create_membership("maths", user="ada", email=EMAIL)
    assert ada.users.count() == 1


def test_an_account_may_be_called_by_its_id(ada):
    ada.users.create(id="bob", username="Bob")
    assert names(ada) == {"u1": "u1", "ada": "u1", "bob": "bob"}
    ada.users.update_username("bob", "BOB")
    ada.users.update_username("bob", "bobby")
    assert names(ada) == {"u1": "u1", "ada": "u1", "bob": "bob", "bobby": "bob"}
    ada.users.update_username("bob", "")
    ada.users.update_username("u1", "bobby")
    assert names(ada) == {"u1": "u1", "bobby": "u1", "bob": "bob"}
    ada.users.delete("bob")
    ada.users.update_username("u1", "bob")
    assert names(ada) == {"u1": "u1", "bob": "u1"}


def test_every_way_to_a_new_account_takes_its_names(ada):
    ada.sessions.create_anonymous()
    ada.sessions.create_with_identity("google", "1", email="dan@example.com", email_verified=True)
    ada.teams.create_membership("maths", email="fay@example.com")
    ada.tokens.create_email(EMAIL, id="New", print_secret=True)
    found = names(ada)
    assert {user.id for user in ada.users.list()} == set(found.values())
    assert found["new"] == "New"


def test_of_two_that_take_a_word_at_once_one_gets_it(ada, settings, clock):
    ada.users.create(id="bob")
    ready, done = Barrier(2), []

    def take(step):
        with opening.open_directory(settings, Actor("other@example.com"), clock=clock) as other:
            other.users.get("u1")
            ready.wait()
            try:
                step(other)
                done.append("taken")
            except Conflict as conflict:
                done.append(conflict.type)

    steps = (lambda d: d.users.update_username("bob", "zoe"), lambda d: d.users.create(id="zoe"))
    threads = [Thread(target=take, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["taken", "user_already_exists"]


# Imports


@pytest.fixture
def take(directory, tmp_path):
    """Imports records, and answers what became of each, by its id or username."""

    def run(*given, **options):
        file, report = tmp_path / "given", tmp_path / "report"
        file.write_bytes(b"given")
        options = importing.Options(**{"strict": True} | options)
        items = [Record(at, fields.get("id"), None, **fields) for at, fields in enumerate(given, 1)]
        report.unlink(missing_ok=True)
        journal = importing.import_users(
            directory, [str(file)], source=Given(*items), options=options, report=str(report)
        )
        lines = map(json.loads, report.read_text().splitlines())
        told = {line["at"]: line for line in lines if line["type"] != "import_no_way_in"}
        run.journal, run.told = journal, told
        return [told[item.at]["type"] if item.at in told else "taken" for item in items]

    return run


def test_an_import_takes_names_by_the_fast_way(take, directory):
    assert take({"id": "A1", "username": "Ann"}, {"id": "ben", "username": "Ben"}, {"id": "c"}) == ["taken"] * 3
    assert names(directory) == {"a1": "A1", "ann": "A1", "ben": "ben", "c": "c"}


@pytest.mark.parametrize("on_conflict", ["fail", "skip", "update"])
@pytest.mark.parametrize("batch", [1, 100])
def test_an_import_brings_nobody_by_anothers_name(take, ada, on_conflict, batch):
    """Nor is somebody found by a username that is an id, or the other way round."""
    given = [
        {"id": "ada", "name": "Eve"},
        {"id": "x", "username": "U1", "name": "Eve"},
        {"id": "U1", "name": "Eve"},
        {"id": "new", "username": "fine"},
    ]
    type = "import_exists" if on_conflict == "skip" else "user_already_exists"
    assert take(*given, on_conflict=on_conflict, batch=batch) == [type] * 3 + ["taken"]
    assert (ada.users.get("u1").name, ada.users.count()) == ("", 2)
    assert take.told[1]["message"].endswith("User u1 has 'ada'.")


@pytest.mark.parametrize("batch", [1, 100])
def test_of_two_records_with_one_name_the_first_is_taken(take, batch):
    given = [
        {"id": "ada"},
        {"id": "x", "username": "ADA"},
        {"id": "Ada"},
        {"id": "y", "username": "zoe"},
        {"id": "zoe"},
    ]
    expected = ["taken", "user_already_exists", "user_already_exists", "taken", "user_already_exists"]
    assert take(*given, batch=batch) == expected


def test_an_update_by_an_import_moves_the_name(take, ada):
    ada.users.create(id="bob")
    assert take({"id": "bob", "username": "Bobby"}, on_conflict="update") == ["taken"]
    assert names(ada)["bobby"] == "bob"
    assert take({"id": "bob", "username": "u1"}, on_conflict="update") == ["user_already_exists"]


def test_what_is_undone_frees_its_names(take, directory):
    take({"id": "A1", "username": "Ann"})
    Imports(directory).undo(take.journal.id)
    assert names(directory) == {}
    directory.users.create(id="ann", self_service=True)


# Ids that come back


GRANTS = {
    "a session": lambda directory: directory.users.create_session("eve"),
    "a sign-in": lambda directory: directory.sessions.create("eve", PASSWORD),
    "a label": lambda directory: directory.users.update_labels("eve", ["staff"]),
    "a label that is gone": lambda directory: [directory.users.update_labels("eve", each) for each in (["staff"], [])],
    "a team": lambda directory: directory.teams.create_membership("maths", user="eve"),
}


@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("door", [name for name in BY_ID if "operator" not in name])
def test_nobody_signs_up_with_the_id_of_an_account_that_had_something(ada, grant, door):
    ada.users.create(id="Eve", username="eve", password=PASSWORD)
    GRANTS[grant](ada)
    ada.users.delete("eve")
    for id in ("Eve", "EVE"):
        assert refusal(lambda: BY_ID[door](ada, id)) == (Conflict, "user_already_exists", "id")  # noqa: B023 - called at once
    with pytest.raises(Conflict):
        ada.users.create(username="eve", self_service=True)
    assert ada.users.count() == 1


def test_an_id_that_never_had_anything_is_free_again(ada):
    ada.users.create(id="eve")
    ada.users.delete("eve")
    assert ada.users.create(id="eve", self_service=True).id == "eve"


def test_operators_may_take_it_and_are_told_what_that_means(ada):
    ada.users.create(id="eve", labels=["staff"])
    ada.users.delete("eve")
    told = []
    ada.warn = told.append
    assert ada.users.create(id="eve").id == "eve"
    assert "user:eve" in told[0]
    ada.users.create(id="zoe")
    assert len(told) == 1


@pytest.mark.parametrize("door", [name for name in BY_ID if "operator" not in name])
def test_nobody_signs_up_with_an_id_of_digits_alone(ada, door):
    assert refusal(lambda: BY_ID[door](ada, "442079460123")) == (Invalid, "general_argument_invalid", "id")
    assert ada.users.create(id="442079460123").id == "442079460123"


def test_digits_alone_are_a_phone_before_they_are_an_id(ada):
    ada.users.create(id="442079460123")
    assert ada.users.get("442079460123").id == "442079460123"
    ada.users.create(id="owner", phone="+442079460123")
    assert ada.users.get("442079460123").id == "owner"
    assert ada.users.get("id:442079460123").id == "442079460123"


def test_a_list_of_ids_means_ids(authctl, ada, database_url):
    ada.users.create(id="442079460123")
    ada.users.create(id="owner", phone="+442079460123")
    ran = authctl("users delete - --yes", stdin="442079460123\n", env={"AUTHCTL_DATABASE_URL": database_url})
    assert ran.status == 0
    assert [user.id for user in ada.users.list(filters=["id = owner"])] == ["owner"]
    assert ada.users.count() == 2


def test_a_persons_log_begins_with_the_account(ada, clock):
    ada.users.create(id="eve", password=PASSWORD)
    ada.users.update_name("eve", "Secret")
    ada.users.delete("eve")
    clock.forward(minutes=1)
    ada.users.create(id="eve", password=PASSWORD)
    clock.forward(minutes=1)
    person = ada.as_session(ada.sessions.create("eve", PASSWORD).secret)
    assert [event.name for event in person.users.list_logs("eve")] == ["users.sessions.create", "users.create"]
    assert len(ada.users.list_logs("eve")) == 5
    oldest = ada.users.list_logs("eve")[-1]
    assert person.users.list_logs("eve", after=oldest.id) == []


# What is there already


ROW = (
    "INSERT INTO users (id, username, username_key, name, email_verified, phone_verified, status, labels, prefs,"
    " metadata, mfa, password_must_change, password_self_service, created_at, updated_at)"
    " VALUES ('{id}', {username}, {key}, '', false, false, 'active', '[]', '{{}}', '{{}}', false, false, false, 1, 1)"
)
EVENT = (
    "INSERT INTO events (id, time, actor, name, resource, user_id, details)"
    " VALUES ('{id}', 1, 'nobody', '{name}', 'users/{id}', '{id}', '{details}')"
)


def make_older(db):
    """A directory of the version before, with names that are two accounts' and accounts that are gone."""
    storage.backups.clear(db)
    storage.schema.migrate(db, "0008")
    for id, username in (("u1", "Ada"), ("ada", None), ("bob", "Bob"), ("Zoe", None), ("zoe", None), ("x", "zoe")):
        key = f"'{username.lower()}'" if username else "NULL"
        shown = f"'{username}'" if username else "NULL"
        db.sqlalchemy.exec_driver_sql(ROW.format(id=id, username=shown, key=key))
    for id, name, details in (
        ("gone", "users.sessions.create", "{}"),
        ("labelled", "users.create", '{"labels":["staff"]}'),
        ("never", "users.create", "{}"),
        ("bob", "users.sessions.create", "{}"),
    ):
        db.driver.execute(EVENT.format(id=id, name=name, details=details))
    storage.schema.migrate(db)
    storage.backups.finish(db)  # which has them found by words


@pytest.fixture
def migrated(directory):
    fingerprint = directory.state.key_fingerprint
    directory.database.write(make_older)
    directory.database.write(partial(storage.schema.set_key_fingerprint, fingerprint=fingerprint))
    directory.forget()
    return directory


def test_what_was_there_is_found_as_before(migrated):
    found = {word: migrated.users.get(word).id for word in ("ada", "ADA", "u1", "Zoe", "zoe", "ZOE", "bob", "x")}
    assert found == {
        "ada": "ada", "ADA": "u1", "u1": "u1", "Zoe": "Zoe", "zoe": "zoe", "ZOE": "x", "bob": "bob", "x": "x"
    }  # fmt: skip
    assert names(migrated) == {"u1": "u1", "ada": "ada", "bob": "bob", "zoe": "Zoe", "x": "x"}
    for id in ("ZOE", "Bob", "ADA"):
        with pytest.raises(Conflict):
            migrated.users.create(id=id)


def test_accounts_that_were_gone_before_keep_their_ids(migrated):
    for id in ("gone", "labelled"):
        with pytest.raises(Conflict):
            migrated.users.create(id=id, self_service=True)
    assert migrated.users.create(id="never", self_service=True).id == "never"


def test_the_check_up_names_usernames_that_are_ids_and_mends_them(migrated, settings, authctl, database_url):
    def found():
        return {each.resource: each for each in checks.check(migrated, settings) if each.check.id == "shared-names"}

    assert found().keys() == {"u1", "x"}
    assert found()["u1"].message == "The username Ada of user u1 is the id ada of another user."
    for finding in found().values():
        ran = authctl(finding.command.removeprefix("authctl "), env={"AUTHCTL_DATABASE_URL": database_url})
        assert ran.status == 0, ran.stderr
    assert found() == {}
    assert migrated.users.get("ADA-2").id == "u1"


def test_a_username_gets_its_name_when_the_id_is_free(migrated, settings):
    migrated.users.delete("id:ada")
    assert names(migrated)["ada"] == "u1"
    assert {each.resource for each in checks.check(migrated, settings) if each.check.id == "shared-names"} == {"x"}
    with pytest.raises(Conflict):
        migrated.users.create(id="ada")


def test_names_come_back_with_a_backup(ada, home, tmp_path, clock):
    import os

    ada.users.create(id="eve", labels=["staff"])
    ada.users.delete("eve")
    file = str(tmp_path / "one.backup")
    backup.backup(ada, file)
    settings = load(home, options={"database_url": f"sqlite:///{tmp_path}/two.db"}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester@example.com"), clock=clock) as other:
        backup.restore(other, settings, file)
        assert names(other) == names(ada)
        for id in ("ada", "eve"):
            with pytest.raises(Conflict):
                other.users.create(id=id, self_service=True)
