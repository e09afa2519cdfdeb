"""The seals of the audit log: rows are added, read, and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.storage.connection import Connection


class SealRow(NamedTuple):
    """A seal's columns as they are stored, but for its digest. created_at: milliseconds since the epoch."""

    number: int
    behind: int | None
    up_to: int
    events: int
    events_digest: bytes
    previous: bytes | None
    created_at: int


# Without types: values come out as they are, whatever somebody has put there.
_plain = sa.table("log_seals", *map(sa.column, (*SealRow._fields, "digest")))


def insert(db: Connection, seals: Iterable[tuple[SealRow, bytes]]) -> None:
    """Add seals, each with its digest."""
    db.sqlalchemy.execute(_plain.insert(), [row._asdict() | {"digest": digest} for row, digest in seals])


def list_(db: Connection, start: int = 0) -> Iterator[tuple[SealRow, bytes]]:
    """The seals from that number on with their digests, the oldest first."""
    return _stream(db, sa.select(_plain).where(_plain.c.number >= start).order_by(_plain.c.number))


def list_newest(db: Connection) -> Iterator[tuple[SealRow, bytes]]:
    """The seals with their digests, the newest first."""
    return _stream(db, sa.select(_plain).order_by(_plain.c.number.desc()))


def list_by_end(db: Connection, start: int, behind: int | None) -> Iterator[tuple[SealRow, bytes]]:
    """The seals from a number on that are over any event behind another, by their ends; of one end the newest first."""
    column = _plain.c
    statement = sa.select(_plain).where(column.number >= start)
    statement = statement.where(sa.or_(column.behind.is_(None), column.behind < column.up_to))
    if behind is not None:
        statement = statement.where(column.up_to > behind)
    return _stream(db, statement.order_by(column.up_to, column.number.desc()))


def _stream(db: Connection, statement: sa.Select[Any]) -> Iterator[tuple[SealRow, bytes]]:
    for *row, digest in db.stream(statement):
        yield SealRow(*row), digest


def find_last(db: Connection) -> tuple[SealRow, bytes] | None:
    """The newest seal and its digest; None before the first."""
    return next(_found(db, sa.select(_plain).order_by(_plain.c.number.desc()).limit(1)), None)


def find_by_digest(db: Connection, beginning: bytes) -> tuple[SealRow, bytes] | None:
    """The seal whose digest begins like that."""
    start = sa.func.substr(_plain.c.digest, 1, len(beginning))
    return next(_found(db, sa.select(_plain).where(start == beginning).limit(1)), None)


def last_beginning(db: Connection) -> int:
    """The number of the newest seal that begins with the log; 0 where none does."""
    number = sa.select(sa.func.max(_plain.c.number)).where(_plain.c.behind.is_(None))
    return db.sqlalchemy.execute(number).scalar() or 0


def _found(db: Connection, statement: sa.Select[Any]) -> Iterator[tuple[SealRow, bytes]]:
    return ((SealRow(*row), digest) for *row, digest in db.sqlalchemy.execute(statement).all())


def lock(db: Connection) -> None:
    """Let nobody else add a seal until the end of this transaction. No other writer waits for this table."""
    if db.dialect.name == "postgresql":
        db.sqlalchemy.exec_driver_sql("LOCK TABLE log_seals IN SHARE ROW EXCLUSIVE MODE")
