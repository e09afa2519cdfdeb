"""The audit log: rows are added, read, and never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.errors import Unavailable
from authctl.model import Event, milliseconds
from authctl.storage.connection import Connection
from authctl.storage.database import Database
from authctl.storage.fixed import Fixed
from authctl.storage.tables import encode_json, events


class EventRow(NamedTuple):
    """An event's columns as they are stored, but for its number and its digest.

    time: milliseconds since the epoch; details: JSON text. What somebody else has put there may be of other types.
    """

    id: str
    time: int
    actor: str
    os_user: str | None
    name: str
    resource: str
    user_id: str | None
    details: str
    ip: str | None
    reason: str | None

    @classmethod
    def of(cls, event: Event, user_id: str | None) -> EventRow:
        return cls(
            event.id,
            milliseconds(event.time),
            event.actor,
            event.os_user,
            event.name,
            event.resource,
            user_id,
            encode_json(event.details),
            event.ip,
            event.reason,
        )


# Without types: values go in as they are, and come out as they are, whatever somebody has put there.
_plain = sa.table("events", *map(sa.column, ("seq", *EventRow._fields, "digest")))
_INSERT = Fixed(_plain.insert().values({name: sa.bindparam(name) for name in (*EventRow._fields, "digest")}).inline())


def insert(db: Connection, row: EventRow, digest: bytes | None) -> None:
    """Add an event to the log. digest: what tells later whether it was changed; none without the key at hand."""
    _INSERT.run(db, row._asdict() | {"digest": digest})


def record(row: sa.Row[Any]) -> Event:
    return Event(
        id=row.id,
        time=row.time,
        actor=row.actor,
        os_user=row.os_user,
        name=row.name,
        resource=row.resource,
        details=row.details,
        ip=row.ip,
        reason=row.reason,
    )


# The whole log


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: all conditions hold. names: exact, or with `*` for any part; until: before that time."""

    user_id: str | None = None
    names: tuple[str, ...] = ()
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventPosition:
    """An event's place in the log."""

    time: datetime
    seq: int


def _matching(asked: EventQuery) -> sa.Select[Any]:
    statement = sa.select(events)
    if asked.user_id is not None:
        statement = statement.where(events.c.user_id == asked.user_id)
    if asked.names:
        statement = statement.where(sa.or_(*(_is_named(name) for name in asked.names)))
    if asked.actor is not None:
        statement = statement.where(events.c.actor == asked.actor)
    if asked.since is not None:
        statement = statement.where(events.c.time >= asked.since)
    if asked.until is not None:
        statement = statement.where(events.c.time < asked.until)
    return statement


def _is_named(name: str) -> sa.ColumnElement[bool]:
    if "*" not in name:
        return events.c.name == name
    pattern = name.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_").replace("*", "%")
    return events.c.name.like(pattern, escape="\\")


def _newest_first(asked: EventQuery) -> tuple[sa.ColumnElement[Any], ...]:
    """The order of the index that the question walks: one user's events by number, all events by time."""
    return (events.c.seq.desc(),) if asked.user_id is not None else (events.c.time.desc(), events.c.seq.desc())


def list_page(db: Connection, asked: EventQuery, limit: int | None, after: EventPosition | None) -> Iterator[Event]:
    """The newest first, from behind a position on; as many as `limit`, or all of them streamed."""
    statement = _matching(asked)
    if after is not None and asked.user_id is not None:
        statement = statement.where(events.c.seq < after.seq)
    elif after is not None:
        place = sa.tuple_(sa.literal(after.time, events.c.time.type), sa.literal(after.seq))
        statement = statement.where(sa.tuple_(events.c.time, events.c.seq) < place)
    statement = statement.order_by(*_newest_first(asked)).limit(limit)
    with db.sqlalchemy.execute(statement.execution_options(yield_per=500)) as rows:
        for row in rows:
            yield record(row)


def find_position(db: Connection, id: str) -> EventPosition | None:
    row = db.sqlalchemy.execute(sa.select(events.c.time, events.c.seq).where(events.c.id == id)).one_or_none()
    return EventPosition(row.time, row.seq) if row else None


def has_user(db: Connection, user_id: str) -> bool:
    """Whether the log knows a user, who may be deleted."""
    return (
        db.sqlalchemy.execute(sa.select(events.c.seq).where(events.c.user_id == user_id).limit(1)).first() is not None
    )


def last_seq(db: Connection) -> int:
    """The number of the newest event; 0 before the first."""
    return db.sqlalchemy.execute(sa.select(sa.func.max(events.c.seq))).scalar() or 0


def first_seq(db: Connection, asked: EventQuery, limit: int) -> int | None:
    """The number of the oldest of the newest events; None where there are none."""
    newest = _matching(asked).order_by(*_newest_first(asked)).limit(limit).subquery()
    return db.sqlalchemy.execute(sa.select(sa.func.min(newest.c.seq))).scalar()


def list_behind(db: Connection, asked: EventQuery, seq: int) -> Iterator[tuple[int, Event]]:
    """All events behind a number, each with its own, the oldest first."""
    statement = _matching(asked).where(events.c.seq > seq).order_by(events.c.seq)
    with db.sqlalchemy.execute(statement.execution_options(yield_per=500)) as rows:
        for row in rows:
            yield row.seq, record(row)


# All of it, to be verified

BATCH = 1_000  # rows that are read at a time
SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.2  # seconds between two looks at who writes


# Who has inserted holds this lock until the end of the transaction, and got it before the number of the event.
_WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE relation = 'events'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND mode = 'RowExclusiveLock' AND granted
"""


def settled_seq(database: Database, sleep: Callable[[float], None]) -> int:
    """The number of the newest event such that none with a lower number can appear any more; 0 before the first.

    Postgres gives numbers before transactions are through, and these end in any order: the newest number says nothing
    of those below it. So whoever may have taken one is waited for, without a lock: behind a vacuum it would be waited
    for itself, and stop every writer. Writers on SQLite wait for each other anyway.

    sleep: waits for so many seconds. Raises Unavailable (database_locked) after as long as writers wait for each other.
    """
    if database.dialect == "sqlite":
        return database.read(last_seq)
    settled, writing = database.read(lambda db: (last_seq(db), _writers(db)))
    waited, pause = 0.0, SHORTEST_PAUSE
    while writing:
        if waited >= database.lock_timeout:
            raise Unavailable(
                "database_locked",
                f"A transaction that writes to the audit log of {database.describe()} takes too long.",
                hint="Try again when it is done. Who has it open: SELECT * FROM pg_stat_activity",
            )
        sleep(pause)
        waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE)
        writing &= database.read(_writers)
    return settled


def _writers(db: Connection) -> set[str]:
    """The transactions on Postgres that write to the log, each by a name that no other has."""
    return set(db.sqlalchemy.exec_driver_sql(_WRITERS).scalars())


def lock(db: Connection) -> None:
    """Let nobody add an event until the end of this transaction, once those who have are done."""
    if db.dialect.name == "postgresql":
        db.sqlalchemy.exec_driver_sql("SET LOCAL statement_timeout = 0")  # large tables take their time
        db.sqlalchemy.exec_driver_sql("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")


def freeze(db: Connection) -> None:
    """Let this transaction, which only reads and has not begun to, see one moment of the database."""
    if db.dialect.name == "postgresql":
        db.sqlalchemy.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        db.sqlalchemy.exec_driver_sql("SET LOCAL statement_timeout = 0")


def count(db: Connection, behind: int | None, up_to: int) -> int:
    """How many events there are behind a number and up to another."""
    return db.sqlalchemy.execute(
        sa.select(sa.func.count()).select_from(_plain).where(*_between(behind, up_to))
    ).scalar_one()


def delete(db: Connection, behind: int | None, up_to: int) -> int:
    """Remove every event behind a number and up to another; how many there were."""
    return db.sqlalchemy.execute(_plain.delete().where(*_between(behind, up_to))).rowcount


def _between(behind: int | None, up_to: int | None) -> Iterator[sa.ColumnElement[bool]]:
    if behind is not None:
        yield _plain.c.seq > behind
    if up_to is not None:
        yield _plain.c.seq <= up_to


def list_rows(
    db: Connection, up_to: int | None = None, behind: int | None = None, limit: int | None = None
) -> Iterator[tuple[int, EventRow, Any]]:
    """Every event behind a number, and up to another, as it is stored, with its own and its digest, in their order."""
    statement = sa.select(_plain).where(*_between(behind, up_to)).order_by(_plain.c.seq).limit(limit)
    with _as_it_is(db), db.sqlalchemy.execute(statement.execution_options(yield_per=BATCH)) as rows:
        for seq, *row, digest in rows:
            yield seq, EventRow(*row), digest


def list_doubles(db: Connection, behind: int, up_to: int) -> Iterator[tuple[int, str]]:
    """Events behind a number, and up to another, whose id an earlier one has, for which somebody took a key away."""
    earlier = events.alias()
    statement = sa.select(events.c.seq, events.c.id).join(earlier, earlier.c.id == events.c.id)
    statement = statement.where(events.c.seq > behind, events.c.seq <= up_to, earlier.c.seq < events.c.seq)
    for row in db.sqlalchemy.execute(statement.order_by(events.c.seq).execution_options(yield_per=500)):
        yield row.seq, row.id


@contextmanager
def _as_it_is(db: Connection) -> Iterator[None]:
    """Read text that is no text as well: SQLite keeps any bytes, and verifying must not end with them."""
    if db.dialect.name != "sqlite":
        yield
        return
    connection: Any = db.driver
    connection.text_factory = lambda octets: octets.decode(errors="surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = str
