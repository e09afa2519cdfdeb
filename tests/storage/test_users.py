"""Rows, addresses and search words of users: changed together, whatever text people give."""

import random
import time
from collections import Counter
from dataclasses import replace
from threading import Thread

import psycopg
import pytest

from authctl import storage
from authctl.core.accounts import lookup, records
from authctl.errors import Conflict, NotFound
from authctl.model import EventName
from authctl.storage import search_terms

HOSTILE = [
    "'; DROP TABLE users; --",
    '" OR "1" = "1',
    "%_\\",
    "{0} %s :name ? $1",
    "AND OR NOT NEAR(",
    'a* "b" (c) ^d col:e -f',
    "e' \\' \\\\ ' : 1A,2B",
    "Ⅷ ﬁ ẞ İ",
    "\u0627\u202e\u0628\u062c",
    "👩‍👩‍👧‍👦 é é",
    "\x1b[31mred\x07",
    "\t\n tabs \r\n",
    "x" * 128,
    "a" + "\u0301" * 100,
]


@pytest.fixture
def rows(directory):
    """Counts what is in a table."""

    def count(table):
        statement = f"SELECT count(*) FROM {table}"
        return directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(statement).scalar_one())

    return count


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_is_kept_and_found(directory, name):
    made = directory.users.create(id="u1", name=name, prefs={name: name}, metadata={"note": [name]})
    directory.users.create(id="u2", name="Somebody Else")
    found = directory.users.get("u1")
    assert (found.name, found.prefs, found.metadata) == (made.name, {name: name}, {"note": [name]})
    if search_terms.of(made.name):
        assert [user.id for user in directory.users.list(search=" ".join(search_terms.of(made.name)[:3]))] == ["u1"]
    directory.users.update_name("u1", "Plain")
    assert [user.id for user in directory.users.list(search="plain")] == ["u1"]
    directory.users.delete("u1")
    assert [user.id for user in directory.users.list()] == ["u2"]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_may_be_searched_and_filtered_for(directory, text):
    directory.users.create(id="u1", name="Ada")
    directory.users.create(id="u2", name=text)
    query = search_terms.Query.parse(text)
    for user in directory.users.list(search=text):
        assert query.matches(storage.users.document(user))
    assert directory.users.count(search=text) == len(directory.users.list(search=text))
    assert "u2" in [user.id for user in directory.users.list(filters=[f"name ~ {text.strip()[:20]}"])]
    with pytest.raises(NotFound):
        directory.users.get(text)


def test_hundreds_of_changes_leave_rows_addresses_and_words_in_step(directory, rows):
    dice = random.Random(7)
    names = ["Ada", "Grace", "Alan", "Ada Lovelace", "grace hopper", "Édith", ""]
    emails = [f"{name}@{host}" for name in ("ada", "grace", "alan") for host in ("example.com", "example.org")]
    outcomes = Counter()
    for _ in range(300):
        users = directory.users.list(limit=100)
        who = dice.choice(users).id if users else None
        step = dice.choice(["create", "create", "name", "email", "labels", "delete"])
        try:
            if step == "create":
                directory.users.create(name=dice.choice(names), email=dice.choice([*emails, None, None]))
            elif who and step == "name":
                directory.users.update_name(who, dice.choice(names))
            elif who and step == "email":
                directory.users.update_email(who, dice.choice([*emails, ""]))
            elif who and step == "labels":
                directory.users.update_labels(who, dice.sample(["staff", "navy", "admin"], 2))
            elif who:
                directory.users.delete(who)
            outcomes["done"] += 1
        except Conflict:
            outcomes["refused"] += 1
    assert min(outcomes["done"], outcomes["refused"]) > 10
    users = list(directory.users.iterate())
    assert rows("addresses") == len([user for user in users if user.email])
    for search in ("ada", "grace", "lovelace", "example.com", "example.org", "édith", "hop"):
        query = search_terms.Query.parse(search)
        wanted = {user.id for user in users if query.matches(storage.users.document(user))}
        assert {user.id for user in directory.users.iterate(search=search)} == wanted
        assert directory.users.count(search=search) == len(wanted)
    for label in ("staff", "navy", "admin"):
        wanted = {user.id for user in users if label in user.labels}
        assert {user.id for user in directory.users.iterate(filters=[f"labels ~ {label}"])} == wanted
    for user in users:
        directory.users.delete(user.id)
    assert (rows("addresses"), rows("users")) == (0, 0)
    if directory.database.dialect == "sqlite":
        assert rows("user_words WHERE user_words MATCH 'ada OR grace OR alan OR staff'") == 0
    else:
        assert rows("user_words") == 0


def test_a_number_is_not_given_twice(directory):
    """Words and events are kept by number: a new user must not get those of a deleted one."""
    directory.users.create(id="ada", name="Ada")
    directory.users.create(id="bob", name="Bob")
    directory.users.delete("bob")
    directory.users.create(id="eve", name="Eve")
    assert [user.id for user in directory.users.list(search="bob")] == []
    assert [user.id for user in directory.users.list(search="eve")] == ["eve"]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # SQLite has one writer
def test_nobody_is_deleted_who_is_given_a_name(directory, database_url):
    """Who has been called as another one's id is since before the two had one key."""
    directory.users.create(id="ada")
    directory.users.create(id="bob")
    older = "UPDATE users SET username = 'ada', username_key = 'ada' WHERE id = 'bob'"
    directory.write(lambda work: work.db.sqlalchemy.exec_driver_sql(older))
    with psycopg.connect(database_url) as another:

        def delete(work):
            records.delete(work, "id:ada")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                another.execute("SELECT 1 FROM users WHERE id = 'bob' FOR UPDATE NOWAIT")

        directory.write(delete)
    with pytest.raises(Conflict):
        directory.users.create(id="ada")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)  # SQLite has one writer
def test_who_gives_an_email_away_meanwhile_is_not_changed_by_it(directory, database_url):
    directory.users.create(id="ada", email="ada@example.com")
    refused = []

    def name():
        with pytest.raises(NotFound) as error:
            directory.users.update_name("ada@example.com", "Named")
        refused.append(error.value.type)

    naming = Thread(target=name)
    with psycopg.connect(database_url, autocommit=True) as watching:

        def give_away(work):
            records.save(
                work, ada := lookup.get_locked(work, "ada"), replace(ada, email=None), EventName.USERS_UPDATE_EMAIL
            )
            naming.start()
            deadline = time.monotonic() + 20
            while not watching.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
                assert time.monotonic() < deadline

        directory.write(give_away)
    naming.join()
    assert (refused, directory.users.get("ada").name) == (["user_not_found"], "")


def test_a_constraint_says_which_field_is_taken(directory):
    directory.users.create(id="ada", username="Ada", email="ada@example.com", phone="+447911123456")
    directory.users.create(id="bob")
    for step, field in (
        (lambda: directory.users.update_username("bob", "ADA"), "username"),
        (lambda: directory.users.update_email("bob", "ada@example.com"), "email"),
        (lambda: directory.users.update_phone("bob", "+447911123456"), "phone"),
    ):
        with pytest.raises(Conflict) as refused:
            step()
        assert refused.value.field == field
    assert directory.users.get("bob").email is None
