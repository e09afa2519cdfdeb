"""Removing what is over: sessions. Some at a time, so that nobody waits long for a lock."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from authctl.storage.connection import Connection
from authctl.storage.tables import sessions

BATCH = 1_000  # rows that are removed in one transaction


def count_sessions(db: Connection, before: datetime) -> int:
    """How many sessions ended, or expired, before that moment."""
    over = sa.or_(sessions.c.expires_at <= before, sessions.c.ended_at <= before)
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(sessions).where(over)).scalar_one()


def delete_sessions(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    for moment in (sessions.c.expires_at, sessions.c.ended_at):  # each by its index
        batch = sa.select(sessions.c.seq).where(moment <= before).order_by(moment).limit(BATCH)
        if removed := db.sqlalchemy.execute(sessions.delete().where(sessions.c.seq.in_(batch))).rowcount:
            return removed
    return 0
