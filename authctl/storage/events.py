"""The audit log: rows are added, read, and never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from authctl.model import Event
from authctl.storage.tables import events

_INSERT = events.insert().inline()


def insert(db: sa.Connection, event: Event, user_id: str | None) -> None:
    row = {
        "id": event.id,
        "time": event.time,
        "actor": event.actor,
        "os_user": event.os_user,
        "name": event.name,
        "resource": event.resource,
        "user_id": user_id,
        "details": event.details,
        "ip": event.ip,
        "reason": event.reason,
    }
    db.execute(_INSERT, row)


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
class Asked:
    """Which events: all conditions hold. names: exact, or with `*` for any part; until: before that time."""

    user_id: str | None = None
    names: tuple[str, ...] = ()
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """An event's place in the log."""

    time: datetime
    seq: int


def _matching(asked: Asked) -> sa.Select[Any]:
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


def _newest_first(asked: Asked) -> tuple[sa.ColumnElement[Any], ...]:
    """The order of the index that the question walks: one user's events by number, all events by time."""
    return (events.c.seq.desc(),) if asked.user_id is not None else (events.c.time.desc(), events.c.seq.desc())


def list_page(db: sa.Connection, asked: Asked, limit: int | None, after: Position | None) -> Iterator[Event]:
    """The newest first, from behind a position on; as many as `limit`, or all of them streamed."""
    statement = _matching(asked)
    if after is not None and asked.user_id is not None:
        statement = statement.where(events.c.seq < after.seq)
    elif after is not None:
        place = sa.tuple_(sa.literal(after.time, events.c.time.type), sa.literal(after.seq))
        statement = statement.where(sa.tuple_(events.c.time, events.c.seq) < place)
    statement = statement.order_by(*_newest_first(asked)).limit(limit)
    for row in db.execute(statement.execution_options(yield_per=500)):
        yield record(row)


def find_position(db: sa.Connection, id: str) -> Position | None:
    row = db.execute(sa.select(events.c.time, events.c.seq).where(events.c.id == id)).one_or_none()
    return Position(row.time, row.seq) if row else None


def has_user(db: sa.Connection, user_id: str) -> bool:
    """Whether the log knows a user, who may be deleted."""
    return db.execute(sa.select(events.c.seq).where(events.c.user_id == user_id).limit(1)).first() is not None


def last_seq(db: sa.Connection) -> int:
    """The number of the newest event; 0 before the first."""
    return db.execute(sa.select(sa.func.max(events.c.seq))).scalar() or 0


def first_seq(db: sa.Connection, asked: Asked, limit: int) -> int | None:
    """The number of the oldest of the newest events; None where there are none."""
    newest = _matching(asked).order_by(*_newest_first(asked)).limit(limit).subquery()
    return db.execute(sa.select(sa.func.min(newest.c.seq))).scalar()


def list_behind(db: sa.Connection, asked: Asked, seq: int) -> Iterator[tuple[int, Event]]:
    """All events behind a number, each with its own, the oldest first."""
    statement = _matching(asked).where(events.c.seq > seq).order_by(events.c.seq)
    for row in db.execute(statement.execution_options(yield_per=500)):
        yield row.seq, record(row)
