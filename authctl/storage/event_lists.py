"""Lists of events that somebody filters, all of a list, and what comes behind a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from authctl.model import Event
from authctl.storage import record_mapping
from authctl.storage.connection import Connection
from authctl.storage.events import EventPosition, EventQuery, record
from authctl.storage.tables import events, stretch, user_hash
from authctl.storage.wordings import Worded, condition


def _matching(asked: EventQuery) -> sa.Select[Any]:
    statement = sa.select(events)
    if asked.user_id is not None:
        statement = statement.where(sa.or_(*map(is_about, (asked.user_id, *asked.merged_ids))))
    if asked.names:
        statement = statement.where(sa.or_(*(_is_named(name) for name in asked.names)))
    if asked.actor is not None:
        statement = statement.where(events.c.actor == asked.actor)
    if asked.since is not None:
        statement = statement.where(events.c.time >= asked.since)
    if asked.until is not None:
        statement = statement.where(events.c.time < asked.until)
    return statement


def is_about(user_id: Any) -> sa.ColumnElement[bool]:
    """Whether an event is about a user, by the id or by what holds it."""
    id = sa.type_coerce(user_id, events.c.user_id.type)
    is_theirs = events.c.user_id == id
    # Coalesced, since Postgres' planner would take hash and id to be two reasons for there being next to none.
    is_found = sa.and_(user_hash(events.c.user_id) == user_hash(id), sa.func.coalesce(is_theirs, sa.false()))
    return condition(is_theirs, is_found)


def _is_before(seq: Any) -> sa.ColumnElement[bool]:
    """Whether an event of one user has a lower number."""
    number = sa.type_coerce(seq, events.c.seq.type)
    is_lower = events.c.seq < number
    return condition(is_lower, sa.and_(stretch(events.c.seq) <= stretch(number), is_lower))


def _is_named(name: str) -> sa.ColumnElement[bool]:
    if "*" not in name:
        return events.c.name == name
    pattern = name.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_").replace("*", "%")
    return events.c.name.like(pattern, escape="\\")


def _newest_first(asked: EventQuery) -> tuple[sa.ColumnElement[Any], ...]:
    """The order of the index that the question walks: one user's events by number, all events by time."""
    index = events.c.time if asked.user_id is None else Worded(events.c.seq, stretch(events.c.seq), events.c.seq.type)
    return (index.desc(), events.c.seq.desc())


def page(asked: EventQuery, limit: int | None, after: EventPosition | None) -> sa.Select[Any]:
    """What a list reads: the newest first, from behind a position on."""
    statement = _matching(asked)
    if after is not None and asked.user_id is not None:
        statement = statement.where(_is_before(after.seq))
    elif after is not None:
        place = sa.tuple_(after.time, after.seq, types=[events.c.time.type, events.c.seq.type])
        statement = statement.where(sa.tuple_(events.c.time, events.c.seq) < place)
    return statement.order_by(*_newest_first(asked)).limit(limit)


def list_page(db: Connection, asked: EventQuery, limit: int, after: EventPosition | None) -> list[Event]:
    return list(record_mapping.each(db, db.sqlalchemy.execute(page(asked, limit, after)), record))


def iterate(db: Connection, asked: EventQuery, after: EventPosition | None) -> Iterator[Event]:
    """All of a list, streamed."""
    yield from record_mapping.each(db, db.stream(page(asked, None, after)), record)


def first_seq(db: Connection, asked: EventQuery, limit: int) -> int | None:
    """The number of the oldest of the newest events; None where there are none."""
    newest = _matching(asked).order_by(*_newest_first(asked)).limit(limit).subquery()
    return db.sqlalchemy.execute(sa.select(sa.func.min(newest.c.seq))).scalar()


def list_seqs(db: Connection, behind: int, before: int) -> list[int]:
    """The numbers of all events behind a number and before another."""
    statement = sa.select(events.c.seq).where(events.c.seq > behind, events.c.seq < before)
    return [*db.sqlalchemy.execute(statement).scalars()]


def list_behind(db: Connection, asked: EventQuery, seq: int) -> Iterator[tuple[int, Event]]:
    """All events behind a number, each with its own, the oldest first."""
    rows = db.stream(_matching(asked).where(events.c.seq > seq).order_by(events.c.seq))
    yield from record_mapping.each(db, rows, lambda row: (row.seq, record(row)))
