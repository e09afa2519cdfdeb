"""The rows of the audit log as they are stored, all of them: to be verified, and to be removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from authctl.errors import Unavailable
from authctl.storage.connection import Connection
from authctl.storage.database import Database
from authctl.storage.events import EventRow, last_seq
from authctl.storage.tables import events

BATCH = 1_000  # rows that are read at a time
SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.2  # seconds between two looks at who writes

# Without types: values go in as they are, and come out as they are, whatever somebody has put there.
PLAIN = sa.table("events", *map(sa.column, ("seq", *EventRow._fields, "digest")))

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
    settled, writing = database.read(standing)
    waited, pause = 0.0, SHORTEST_PAUSE
    while writing:
        if waited >= database.lock_timeout:
            raise Unavailable(
                "database_locked",
                f"A transaction has held the audit log of {database.describe()} for too long.",
                hint="Try again when it is done. Who has it open: SELECT * FROM pg_stat_activity",
            )
        sleep(pause)
        waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE)
        writing &= database.read(_writers)
    return settled


def standing(db: Connection) -> tuple[int, set[str]]:
    """The number of the newest event, and who may still add one with a lower number, as names of transactions."""
    return last_seq(db), _writers(db)


def is_standby(db: Connection) -> bool:
    """Whether the server only has what another sends: it does not know who writes there."""
    return db.dialect.name == "postgresql" and db.sqlalchemy.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one()


def _writers(db: Connection) -> set[str]:
    """The transactions that write to the log, each by a name that no other has; on SQLite a reader knows of none."""
    if db.dialect.name == "sqlite":
        return set()
    return set(db.sqlalchemy.exec_driver_sql(_WRITERS).scalars())


def lock(db: Connection) -> None:
    """Let nobody add an event until the end of this transaction, once those who have are done."""
    if db.dialect.name == "postgresql":
        db.wait_forever()
        db.sqlalchemy.exec_driver_sql("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")


def count(db: Connection, behind: int | None, up_to: int) -> int:
    """How many events there are behind a number and up to another."""
    return db.sqlalchemy.execute(
        sa.select(sa.func.count()).select_from(PLAIN).where(*_between(behind, up_to))
    ).scalar_one()


def delete(db: Connection, behind: int | None, up_to: int) -> int:
    """Remove every event behind a number and up to another; how many there were."""
    return db.sqlalchemy.execute(PLAIN.delete().where(*_between(behind, up_to))).rowcount


def _between(behind: int | None, up_to: int | None) -> Iterator[sa.ColumnElement[bool]]:
    if behind is not None:
        yield PLAIN.c.seq > behind
    if up_to is not None:
        yield PLAIN.c.seq <= up_to


def list_rows(
    db: Connection,
    up_to: int | None = None,
    behind: int | None = None,
    limit: int | None = None,
    names: Sequence[str] = (),
) -> Iterator[tuple[int, EventRow, Any]]:
    """Every event behind a number, and up to another, as it is stored, with its own and its digest, in their order.

    names: of the events that are asked for; none for all.
    """
    statement = sa.select(PLAIN).where(*_between(behind, up_to)).order_by(PLAIN.c.seq).limit(limit)
    if names:
        statement = statement.where(PLAIN.c.name.in_([str(name) for name in names]))
    with _as_it_is(db), db.sqlalchemy.execute(statement.execution_options(yield_per=BATCH)) as rows:
        for seq, *row, digest in rows:
            yield seq, EventRow(*row), digest


def list_doubles(db: Connection, behind: int, up_to: int) -> Iterator[tuple[int, str]]:
    """Events behind a number, and up to another, that an earlier one equals: put in again, with a digest that is right.

    Whatever the planner knows of times, no more of the log is read than what is as old as those.
    """
    columns = events.c.seq, events.c.id, events.c.time
    new = sa.select(*columns).where(events.c.seq > behind, events.c.seq <= up_to).cte("new")
    first, last = (sa.select(end(new.c.time)).scalar_subquery() for end in (sa.func.min, sa.func.max))
    is_same = sa.and_(events.c.id == new.c.id, events.c.time == new.c.time)
    statement = sa.select(new.c.seq, new.c.id).join(events, sa.and_(is_same, events.c.seq < new.c.seq))
    for row in db.stream(statement.where(events.c.time.between(first, last)).order_by(new.c.seq)):
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
