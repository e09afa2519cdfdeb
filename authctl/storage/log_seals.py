"""The seals of the audit log: rows are added, read, and never changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa


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


def insert(db: sa.Connection, row: SealRow, digest: bytes) -> None:
    db.execute(_plain.insert().values(row._asdict() | {"digest": digest}))


def list_(db: sa.Connection, start: int = 0) -> Iterator[tuple[SealRow, bytes]]:
    """The seals from that number on with their digests, the oldest first."""
    statement = sa.select(_plain).where(_plain.c.number >= start).order_by(_plain.c.number)
    for *row, digest in db.execute(statement.execution_options(yield_per=500)):
        yield SealRow(*row), digest


def find_last(db: sa.Connection) -> tuple[SealRow, bytes] | None:
    """The newest seal and its digest; None before the first."""
    found = db.execute(sa.select(_plain).order_by(_plain.c.number.desc()).limit(1)).one_or_none()
    return None if found is None else (SealRow(*found[:-1]), found[-1])


def lock(db: sa.Connection) -> None:
    """Let nobody else add a seal until the end of this transaction."""
    if db.dialect.name == "postgresql":
        db.exec_driver_sql("LOCK TABLE log_seals IN SHARE ROW EXCLUSIVE MODE")
