"""The audit log: rows are added, read, and never changed. What is filtered is in event_lists.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from authctl.model import Event, made_at, milliseconds
from authctl.storage import compiled, record_mapping
from authctl.storage.connection import Connection, encode_json


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
        own = {name: getattr(event, name) for name in cls._fields if name != "user_id"}
        stored = {"time": milliseconds(event.time), "details": encode_json(event.details)}
        return cls(**own | stored, user_id=user_id)


def insert(db: Connection, row: EventRow, digest: bytes | None) -> None:
    """Add an event to the log. digest: what tells later whether it was changed; none without the key at hand."""
    with db.ahead():
        db.run(compiled.EVENTS_INSERT, row._asdict() | {"digest": digest})


def record(row: Any) -> Event:
    return record_mapping.read(Event, "events", row)


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: all conditions hold. names: exact, or with `*` for any part; until: before that time.

    merged_ids: of accounts that became a part of the user's, with its own.
    """

    user_id: str | None = None
    merged_ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it asks for all events, or all of one user."""
        return self == EventQuery(user_id=self.user_id)


@dataclass(frozen=True, slots=True)
class EventPosition:
    """An event's place in the log."""

    time: datetime
    seq: int


def list_page(db: Connection, asked: EventQuery, limit: int, after: EventPosition | None) -> list[Event]:
    """All events, or all of one user, the newest first, from behind a position on."""
    assert asked.is_plain
    values: dict[str, Any] = {"limit": limit}
    if after is None:
        statement = compiled.EVENTS_PAGE if asked.user_id is None else compiled.EVENTS_PAGE_OF_USER
    else:
        statement = compiled.EVENTS_PAGE_BEHIND if asked.user_id is None else compiled.EVENTS_PAGE_OF_USER_BEHIND
        values |= {"seq": after.seq} if asked.user_id is not None else {"time": after.time, "seq": after.seq}
    values |= {"user_id": asked.user_id} if asked.user_id is not None else {}
    return list(record_mapping.each(db, db.rows(statement, values), record))


def find_position(db: Connection, id: str) -> EventPosition | None:
    row = db.first(compiled.EVENTS_FIND_POSITION, {"id": id, "time": made_at(id)})
    return EventPosition(row.time, row.seq) if row else None


def has_user(db: Connection, user_id: str) -> bool:
    """Whether the log knows a user, who may be deleted."""
    return db.first(compiled.EVENTS_FIND_OF_USER, {"user_id": user_id}) is not None


def last_seq(db: Connection) -> int:
    """The number of the newest event; 0 before the first."""
    return db.first(compiled.EVENTS_LAST, {}).seq or 0
