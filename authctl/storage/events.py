"""The audit log: rows are added, read, and never changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from authctl.model import Event
from authctl.storage.tables import events


def insert(db: sa.Connection, event: Event, user_id: str | None) -> None:
    db.execute(
        events.insert()
        .inline()
        .values(
            id=event.id,
            time=event.time,
            actor=event.actor,
            os_user=event.os_user,
            name=event.name,
            resource=event.resource,
            user_id=user_id,
            details=event.details,
            ip=event.ip,
            reason=event.reason,
        )
    )


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


def list_of_user(db: sa.Connection, user_id: str, limit: int, after: str | None) -> list[Event]:
    """What is about one user, the newest first, from behind the event `after` on."""
    statement = sa.select(events).where(events.c.user_id == user_id)
    if after is not None:
        statement = statement.where(
            events.c.seq < sa.select(events.c.seq).where(events.c.id == after).scalar_subquery()
        )
    return [record(row) for row in db.execute(statement.order_by(events.c.seq.desc()).limit(limit))]
