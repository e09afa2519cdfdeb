"""Statements that are compiled ahead: the same values and rows as SQLAlchemy's own way, on both databases."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from authctl import storage
from authctl.model import Listing
from authctl.storage import compiled
from authctl.storage.column_types import Instant, JsonText
from authctl.storage.connection import Compiled, Statement
from authctl.storage.events import EventQuery
from authctl.storage.statements import generating
from authctl.storage.statements.building import bind, is_, of_set, values
from authctl.storage.tables import metadata, mock_phones, policies

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)


@pytest.fixture
def db(directory):
    """A connection in a transaction that is undone."""
    with directory.database._transaction(write=True, rollback=True) as connection:
        yield connection


def made(statement):
    """The statement as if it were in the file."""
    return eval(generating._statement(statement), {"Compiled": Compiled, "Statement": Statement})  # noqa: S307 - our own source


def test_the_file_is_what_the_statements_are():
    """Write it anew with: python -m authctl.storage.statements"""
    assert Path(compiled.__file__).read_text() == generating.text()


@pytest.mark.parametrize("is_sparse", [False, True])
def test_rows_of_every_table_are_written_and_read_as_sqlalchemy_does(db, is_sparse):
    for table in metadata.sorted_tables:
        row = {column.name: None if is_sparse and column.nullable else sample(column) for column in table.c}
        db.run(made(table.insert().values(values(table)).inline()), row)
        written, read = shown(raw(db, table)), db.rows(made(sa.select(table)), {})
        assert shown(read) == shown(db.sqlalchemy.execute(sa.select(table)))
        assert row in [each._asdict() for each in read]
        key = [column == row[column.name] for column in table.primary_key]
        db.sqlalchemy.execute(table.delete().where(*key))
        db.sqlalchemy.execute(table.insert().values(row))
        assert written == shown(raw(db, table))


def sample(column):
    """A value of its type; every number is the same, so that rows find those that they belong to."""
    match column.type:
        case Instant():
            return NOW
        case JsonText():
            return {"b": [1, None, "t\u00f6tp \U0001f511"], "a": True}
        case sa.Boolean():
            return True
        case sa.LargeBinary():
            return b"\x00\xff"
        case sa.Integer():
            return 77
    return f"{column.name} 100 %s ? :name \U0001f511"


def raw(db, table):
    """The rows of a table as the database has them."""
    return db.sqlalchemy.execute(sa.text(f"SELECT * FROM {table.name}"))


def shown(rows):
    """Rows, with what tells True from 1."""
    return sorted(repr(tuple(row)) for row in rows)


def test_values_that_a_statement_has_of_its_own_go_with_those_that_are_given(db):
    storage.policies.put(db, {f"p{number}": number for number in range(3)})
    least = policies.c.name >= bind("least", policies.c.name)
    asked = sa.select(policies.c.value).where(policies.c.name != "p1", policies.c.name.startswith("p"), least)
    found = made(asked.order_by(policies.c.name.desc()).limit(bind("limit", sa.column("limit", sa.Integer))))
    assert [tuple(row) for row in db.rows(found, {"least": "p0", "limit": 2})] == [(2,), (0,)]
    assert [tuple(row) for row in db.rows(found, {"limit": 1, "least": "p0"})] == [(2,)]
    assert db.rows(found, {"limit": 1, "least": "p3"}) == []


def test_a_set_of_numbers_is_given_as_a_list(db):
    for seq in (1, 2, 3):
        row = {"seq": seq, "phone": f"+{seq}", "sealed_code": b"", "created_at": NOW}
        db.sqlalchemy.execute(mock_phones.insert().values(row))
    found = made(of_set(sa.select(mock_phones.c.seq).where, mock_phones.c.seq, "seqs"))
    assert sorted(row.seq for row in db.rows(found, {"seqs": [3, 1, 2**40]})) == [1, 3]
    assert db.rows(found, {"seqs": []}) == []


def test_a_value_that_is_missing_is_a_bug_and_not_a_null(db):
    with pytest.raises(KeyError):
        db.rows(made(sa.select(policies).where(is_(policies.c.name))), {"other": "p1"})


def test_a_failure_is_one_of_the_drivers_without_the_values(db):
    insert = made(policies.insert().values(values(policies)).inline())
    db.run(insert, {"name": "twice", "value": 1})
    with pytest.raises(db.dialect.Violation) as refused, db.savepoint():
        db.run(insert, {"name": "twice", "value": "hidden-value"})
    assert "hidden-value" not in str(refused.value)


def test_a_statement_that_is_wrong_is_told(db):
    with pytest.raises(db.dialect.Failure), db.savepoint():
        db.rows(made(sa.text("SELECT nothing FROM nowhere").columns(sa.column("nothing"))), {})


# Pages that nobody filters, beside those that are built


def test_a_page_of_users_is_the_one_that_is_built(directory):
    for number in range(5):
        directory.users.create(id=f"u{number}")

    def pages(db, lists, **asked):
        listing = Listing(now=NOW, limit=2, **asked)
        position = lists.find_position(db, listing, asked["after"]) if asked else None
        return [user.id for user in lists.list_page(db, listing, position)]

    assert_same_pages(directory, (storage.users, storage.user_lists), pages, ["u4", "u3"], ["u2", "u1"])


@pytest.mark.parametrize("user_id", [None, "ada"])
def test_a_page_of_events_is_the_one_that_is_built(directory, user_id):
    directory.users.create(id="eve")
    directory.users.create(id="ada")
    for name in ("Ada", "Countess", "Ada Lovelace"):
        directory.users.update_name("ada", name)
    newest = [event.id for event in directory.security.list_logs(user=user_id)]

    def pages(db, lists, after=None):
        position = storage.events.find_position(db, after) if after else None
        return [event.id for event in lists.list_page(db, EventQuery(user_id=user_id), 2, position)]

    assert_same_pages(directory, (storage.events, storage.event_lists), pages, newest[:2], newest[2:4])


@pytest.mark.parametrize("is_of_user", [False, True])
def test_a_page_of_teams_is_the_one_that_is_built(directory, is_of_user):
    ada = directory.users.create(id="ada")
    for number in range(5):
        directory.teams.create(f"T{number}", id=f"t{number}", owner="ada" if number != 3 else None)

    def pages(db, lists, **asked):
        listing = Listing(now=NOW, limit=2, **asked)
        position = lists.find_position(db, listing, asked["after"]) if asked else None
        found = lists.list_page(db, listing, position, ada.seq if is_of_user else None)
        assert [team.members for team in found] == [int(team.id != "t3") for team in found]
        return [team.id for team in found]

    first, second = (["t4", "t2"], ["t1", "t0"]) if is_of_user else (["t4", "t3"], ["t2", "t1"])
    assert_same_pages(directory, (storage.teams, storage.team_lists), pages, first, second)


@pytest.mark.parametrize("of", ["team", "user"])
def test_a_page_of_memberships_is_the_one_that_is_built(directory, of):
    users = [directory.users.create(id=f"u{number}") for number in range(5)]
    teams = [directory.teams.create(f"T{number}") for number in range(5)]
    pairs = [(teams[0], user) if of == "team" else (team, users[0]) for team, user in zip(teams, users, strict=True)]
    ids = [directory.teams.create_membership(team.id, user=user.id).membership.id for team, user in pairs]
    scope = storage.memberships.of_team(teams[0].seq) if of == "team" else storage.memberships.of_user(users[0].seq)

    def pages(db, lists, **asked):
        listing = Listing(now=NOW, limit=2, sort="invited_at", **asked)
        position = lists.find_position(db, scope, listing, asked["after"]) if asked else None
        return [membership.id for membership in lists.list_page(db, scope, listing, position)]

    modules = (storage.memberships, storage.membership_lists)
    assert_same_pages(directory, modules, pages, ids[4:2:-1], ids[2:0:-1])


def assert_same_pages(directory, modules, pages, first, second):
    for lists in modules:
        assert directory.database.read(lambda db, lists=lists: pages(db, lists)) == first
        assert directory.database.read(lambda db, lists=lists: pages(db, lists, after=first[-1])) == second
