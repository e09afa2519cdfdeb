"""Statements that are compiled once: the same values and rows as SQLAlchemy's own way, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from authctl.storage.fixed import Fixed
from authctl.storage.tables import policies, sessions, users

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
ROW = {
    "user_seq": 1,
    "secret_digest": b"\x00\xff" * 16,
    "provider": "email",
    "factors": ["password", "t\u00f6tp \U0001f511"],
    "ip": None,
    "user_agent": "100 %s ? :name",
    "created_at": NOW,
    "used_at": NOW,
    "expires_at": NOW + timedelta(days=1),
    "mfa_at": None,
}


@pytest.fixture
def db(directory):
    """A connection in a transaction, of a directory with one user, whose number is 1."""
    directory.users.create(id="ada", name="Ada", labels=["a", "b"], prefs={"k": [1, None]})
    with directory.database._transaction(write=True, rollback=True) as connection:
        assert connection.sqlalchemy.execute(sa.select(users.c.seq)).scalars().all() == [1]
        yield connection


def test_what_is_written_is_what_sqlalchemy_writes(db):
    insert = sessions.insert().inline()
    Fixed(insert).run(db, ROW | {"id": "one"})
    ours = stored(db)
    db.sqlalchemy.execute(sessions.delete())
    db.sqlalchemy.execute(insert, ROW | {"id": "one"})
    assert ours == stored(db)


def stored(db):
    """The only session, as the database has it, but for its number."""
    (row,) = db.sqlalchemy.execute(sa.text("SELECT * FROM sessions")).mappings()
    return {name: value for name, value in row.items() if name != "seq"}


@pytest.mark.parametrize("table", [users, sessions, policies], ids=str)
def test_what_is_read_is_what_sqlalchemy_reads(db, table):
    Fixed(sessions.insert().inline()).run(db, ROW | {"id": "one"})
    Fixed(policies.insert().inline()).run(db, {"name": "session-limit", "value": 3})
    statement = sa.select(table)
    (ours,) = Fixed(statement).rows(db, {})
    (theirs,) = db.sqlalchemy.execute(statement)
    assert ours._asdict() == theirs._asdict()
    assert [type(value) for value in ours] == [type(value) for value in theirs]


def test_values_that_a_statement_has_of_its_own_go_with_those_that_are_given(db):
    for number in range(3):
        Fixed(policies.insert().inline()).run(db, {"name": f"p{number}", "value": number})
    asked = sa.select(policies.c.value).where(policies.c.name != "p1", policies.c.name >= sa.bindparam("least"))
    found = Fixed(asked.order_by(policies.c.name.desc()).limit(sa.bindparam("limit", type_=sa.Integer)))
    assert [tuple(row) for row in found.rows(db, {"least": "p0", "limit": 2})] == [(2,), (0,)]
    assert [tuple(row) for row in found.rows(db, {"limit": 1, "least": "p0"})] == [(2,)]
    assert found.rows(db, {"limit": 1, "least": "p3"}) == []


def test_a_value_that_is_missing_is_a_bug_and_not_a_null(db):
    found = Fixed(sa.select(policies).where(policies.c.name == sa.bindparam("name")))
    with pytest.raises(KeyError):
        found.rows(db, {"other": "p1"})


def test_a_failure_is_one_of_the_drivers_without_the_values(db):
    insert = Fixed(policies.insert().inline())
    insert.run(db, {"name": "twice", "value": 1})
    with pytest.raises(db.dialect.Failure) as refused, db.sqlalchemy.begin_nested():
        insert.run(db, {"name": "twice", "value": "hidden-value"})
    assert "hidden-value" not in str(refused.value)


def test_a_statement_that_is_wrong_is_told(db):
    with pytest.raises(db.dialect.Failure), db.sqlalchemy.begin_nested():
        Fixed(sa.text("SELECT nothing FROM nowhere").columns(sa.column("nothing"))).rows(db, {})
