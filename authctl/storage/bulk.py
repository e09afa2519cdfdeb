"""Many rows at once: what an import stores a batch with, by each database's fastest way.

SQLite gets `executemany`, Postgres COPY. The numbers of the users are taken beforehand, so that what belongs to them
goes in by the same way; a row that is taken fails the whole, and the caller's savepoint undoes it.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from authctl.errors import Conflict
from authctl.model import NewUser, User, name_keys
from authctl.storage import compiled, search_terms, user_counts
from authctl.storage.connection import Connection
from authctl.storage.users import columns_of, record

PENDING = "1MB"  # of words that wait to be sorted into the search index of Postgres; their pages stay in its file
CACHE_KIB = 32_768  # of SQLite's pages: rows of a batch go to all parts of an index


_STORED = compiled.USERS_INSERT.ready("sqlite")  # values are stored alike in both databases
_READ = compiled.USERS_FIND.ready("sqlite")


def _named() -> Any:
    """The columns of users by their names, in the order of the table; type checkers cannot know them."""
    names = compiled.USERS_INSERT.names
    return namedtuple("UserRow", names, defaults=_STORED.bind(dict.fromkeys(names) | columns_of(NewUser())))


class UserRow(_named()):  # type: ignore[misc]
    """A user as the drivers take one, without the number; what is not given is as of a new account.

    Times are milliseconds since the epoch, labels, prefs and metadata compact JSON text.
    """

    __slots__ = ()


def user_of(row: UserRow, seq: int = 0) -> User:
    """The user that a row is of, or is to be."""
    return record(_READ.read((seq, *row)))


def row_of(user: User) -> UserRow:
    """The same the other way round."""
    return UserRow(*_STORED.bind(columns_of(user)))


def whole(db: Connection, step: Callable[[], None]) -> bool:
    """Do all of a step; False, and nothing of it, where somebody has what it stores."""
    try:
        with db.savepoint():
            step()
    except Conflict:
        return False
    except Exception as error:
        if isinstance(getattr(error, "orig", error), db.dialect.Violation):  # also in SQLAlchemy's wrapping
            return False
        raise
    return True


def prepare(db: Connection) -> None:
    """Set this transaction up for many rows."""
    if db.dialect.name == "sqlite":
        db.sqlalchemy.exec_driver_sql(f"PRAGMA cache_size = -{CACHE_KIB}")
    else:
        db.sqlalchemy.exec_driver_sql(f"SET LOCAL gin_pending_list_limit = '{PENDING}'")


def finish(db: Connection) -> None:
    """Bring indexes and statistics up to what was stored, where the database does not do so at once."""
    if db.dialect.name == "postgresql":
        db.sqlalchemy.exec_driver_sql(_SORT_WORDS)
        db.sqlalchemy.exec_driver_sql("ANALYZE users, addresses, user_names, user_words")


# For who may: it is the owner's, and others leave it to the database's own housekeeping.
_SORT_WORDS = """
    SELECT gin_clean_pending_list(oid) FROM pg_class
    WHERE oid = to_regclass('user_words_words') AND pg_has_role(relowner, 'USAGE')
"""


def insert_users(db: Connection, rows: Sequence[UserRow], documents: Sequence[str | None]) -> list[int]:
    """Store users and what they are found by; their numbers. documents: theirs, or None where it is to be made."""
    user_counts.enter(db)
    seqs = _numbers(db, len(rows))
    insert(db, "users", ("seq", *UserRow._fields), ((seq, *row) for seq, row in zip(seqs, rows, strict=True)))
    names = ((name, seq) for seq, row in zip(seqs, rows, strict=True) for name in name_keys(row.id, row.username_key))
    insert(db, "user_names", ("name", "user_seq"), names)
    held = ((row.email, seq) for seq, row in zip(seqs, rows, strict=True) if row.email is not None)
    insert(db, "addresses", ("address", "user_seq"), held)
    number = "rowid" if db.dialect.name == "sqlite" else "user_seq"
    found = (document(row) if known is None else known for row, known in zip(rows, documents, strict=True))
    insert(db, "user_words", (number, "words"), zip(seqs, found, strict=True))
    return seqs


def document(row: UserRow) -> str:
    """What a user is found by, as `search_terms` has it."""
    labels = () if row.labels == "[]" else json.loads(row.labels)
    return search_terms.document(row.id, row.username, row.name, row.email, row.phone, labels)


def insert(db: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Store rows of any table; values are as the drivers take them."""
    if db.dialect.name == "sqlite":
        _insert_sqlite(db, table, columns, rows)
    else:
        _insert_postgres(db, table, columns, rows)


def _insert_sqlite(db: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    marks = ", ".join("?" * len(columns))
    db.driver.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - our own names


def _insert_postgres(db: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with (
        db.driver.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _numbers(db: Connection, count: int) -> list[int]:
    """Numbers for that many new users."""
    if db.dialect.name == "sqlite":  # where nobody else writes meanwhile
        last = db.sqlalchemy.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM users").scalar_one()
        return list(range(last + 1, last + 1 + count))
    if not count:
        return []
    first, last, others = db.sqlalchemy.exec_driver_sql(_DRAW, (count,)).one()
    return others or list(range(first, last + 1))


# The numbers follow each other, and two say all, unless another process draws some in between.
_DRAW = """
    SELECT min(number), max(number), CASE WHEN max(number) - min(number) >= count(*) THEN array_agg(number) END
    FROM (
        SELECT nextval(named.sequence) AS number
        FROM (SELECT pg_get_serial_sequence('users', 'seq')::regclass AS sequence OFFSET 0) AS named,
            generate_series(1, %s)
    ) AS drawn
"""
