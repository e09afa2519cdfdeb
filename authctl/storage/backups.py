"""All rows of a directory, out of a database and into one: what backups are made of.

Rows leave in one form whichever the database, so that a backup of the one goes into the other, and the same rows have
the same checksums. Search indexes do not travel: they are built anew of what they were made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.storage import bulk, driver_errors, schema, sequences, state, teams, users
from authctl.storage.connection import Connection
from authctl.storage.database import Database
from authctl.storage.sealed_keys import LOG_KEY
from authctl.storage.tables import directory, events, log_seals, metadata, peppers

BATCH = 2_000  # rows that are read at a time
MANIFEST = "backup"  # the row of `directory` that only a copy has: what the copy holds
BACKUP_AT = "backup_at"
BEGINNINGS = "directory.%"  # events of the database itself, which every new directory has

_SEARCH_INDEXES = {"user_words": users, "team_words": teams}
_SEARCHED = ("id", "username", "name", "email", "phone", "labels")  # what users and teams are found by


class Part(NamedTuple):
    """The rows of one table, by its key, as plain values: text, whole numbers, booleans, bytes, None."""

    table: str
    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


# Out


def copy(database: Database, path: str) -> None:
    """Copy an SQLite database in use, as it is at one moment, into an empty file, which needs no other beside it.

    Raises OSError for that file.
    """
    import sqlite3

    schema.copy(database, path)
    with closing(sqlite3.connect(path)) as copied:
        try:
            copied.execute("PRAGMA locking_mode = EXCLUSIVE")  # it needs no index of its log beside it
            copied.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise driver_errors.of_full_disk(error, path) or driver_errors.translate("sqlite", error, path) from None


def is_intact(db: Connection) -> bool:
    """Whether the pages of an SQLite file fit together."""
    return bool(db.sqlalchemy.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one() == "ok")


def parts(db: Connection) -> Iterator[Part]:
    """Every table with its rows, from this one moment of the database; each is read before the next is asked for."""
    db.freeze()
    db.wait_forever()
    inspected = sa.inspect(db.sqlalchemy)
    present = set(inspected.get_table_names())
    for table in metadata.sorted_tables:  # what others belong to comes before them
        if table.name in present:
            described = inspected.get_columns(table.name)
            key = inspected.get_pk_constraint(table.name)["constrained_columns"]
            columns = tuple(column["name"] for column in described)
            flags = [place for place, column in enumerate(described) if isinstance(column["type"], sa.Boolean)]
            yield Part(table.name, columns, _rows(db, table.name, columns, key, flags))


def _rows(
    db: Connection, name: str, columns: Sequence[str], key: Sequence[str], flags: Sequence[int]
) -> Iterator[Sequence[Any]]:
    """flags: the places of booleans, which SQLite has as numbers."""
    table = sa.table(name, *map(sa.column, columns))
    statement = sa.select(table).order_by(*(table.c[column] for column in key))
    if name == directory.name:
        statement = statement.where(table.c.name != MANIFEST)
    if db.dialect.name == "postgresql":
        flags = ()
    for row in db.stream(statement, BATCH):
        values = list(row)
        for place in flags:
            values[place] = bool(values[place])
        yield values


def counts(db: Connection) -> dict[str, int]:
    """How many rows each table has."""
    present = set(sa.inspect(db.sqlalchemy).get_table_names())
    tables = [table for table in metadata.sorted_tables if table.name in present]
    return {
        table.name: db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in tables
    }


def put_manifest(db: Connection, text: str) -> None:
    schema.put_fact(db, MANIFEST, text)


def find_manifest(db: Connection) -> str | None:
    return state.find_fact(db, MANIFEST)


# In


def is_fresh(db: Connection) -> bool:
    """Whether a directory has nothing in it but how it was made: nobody, no policy that was set, no other event."""
    present = set(sa.inspect(db.sqlalchemy).get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in present or table in (directory, log_seals):
            continue
        some = sa.select(sa.literal(1)).select_from(table).limit(1)
        if table is events:
            some = some.where(events.c.name.not_like(BEGINNINGS))
        elif table is peppers:
            some = some.where(peppers.c.id != LOG_KEY)
        if db.sqlalchemy.execute(some).first() is not None:
            return False
    return True


def clear(db: Connection) -> None:
    """Take a fresh directory away, so that another version of the schema can stand there."""
    present = set(sa.inspect(db.sqlalchemy).get_table_names())
    for name in (*_SEARCH_INDEXES, *(table.name for table in reversed(metadata.sorted_tables)), "alembic_version"):
        if name in present:
            db.sqlalchemy.exec_driver_sql(f'DROP TABLE "{name}"')


def is_table(table: Any, columns: Any) -> bool:
    """Whether a directory has a table of that name, and these can be columns; others share the database with it."""
    is_ours = isinstance(table, str) and table in metadata.tables
    return is_ours and isinstance(columns, list) and all(isinstance(column, str) for column in columns)


def columns_of(db: Connection, table: str) -> set[str]:
    """The columns of a table; none where it is not there."""
    inspected = sa.inspect(db.sqlalchemy)
    return {column["name"] for column in inspected.get_columns(table)} if inspected.has_table(table) else set()


def insert(db: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bool:
    """Store rows as `parts` gave them, with the numbers that they have; False where the table takes one of them not."""
    try:
        bulk.insert(db, table, columns, rows)
    except (db.dialect.Violation, db.dialect.Unfit):
        return False
    return True


def finish(db: Connection) -> None:
    """After the last row: new rows go on behind the highest numbers, and everybody is found by words again."""
    if db.dialect.name == "postgresql":
        for table in sequences.TABLES:
            db.sqlalchemy.exec_driver_sql(sequences.mending(db, table))
    index(db)
    bulk.finish(db)


def index(db: Connection) -> None:
    """Build the search indexes anew."""
    for name, of in _SEARCH_INDEXES.items():
        _fill(db, name, of)


def _fill(db: Connection, index: str, of: Any) -> None:
    """Build a search index anew."""
    is_sqlite = db.dialect.name == "sqlite"
    empty = f"INSERT INTO {index} ({index}) VALUES ('delete-all')" if is_sqlite else f"DELETE FROM {index}"  # noqa: S608 - our own names
    db.sqlalchemy.exec_driver_sql(empty)
    number = "rowid" if is_sqlite else f"{index.removesuffix('_words')}_seq"
    for found in _batches(db, of):
        bulk.insert(db, index, (number, "words"), ((row.seq, of.document(row)) for row in found))


def _batches(db: Connection, of: Any) -> Iterator[Sequence[Any]]:
    """All users or teams, some at a time: rows cannot be stored while others are still being read.

    Of each as much as `document` asks for, since whole records take longer to make than to find.
    """
    table, last = metadata.tables[of.__name__.rpartition(".")[2]], 0
    columns = [column for column in table.c if column.name in ("seq", *_SEARCHED)]
    while rows := db.sqlalchemy.execute(
        sa.select(*columns).where(table.c.seq > last).order_by(table.c.seq).limit(BATCH)
    ).all():
        yield rows
        last = rows[-1].seq


# When


def note(db: Connection, time: datetime) -> None:
    """Remember when the last backup was made."""
    schema.put_fact(db, BACKUP_AT, time.isoformat())


def find_time(db: Connection) -> datetime | None:
    """When the last backup was made that the database knows of."""
    return state.find_time(db, BACKUP_AT)
