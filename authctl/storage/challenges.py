"""Challenges: codes that sessions are asked for. A row outlives its challenge, until it is purged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from authctl.model import Challenge, ChallengeEnded, Factor
from authctl.storage import record_mapping
from authctl.storage.connection import Connection
from authctl.storage.tables import challenges, sessions, users

BATCH = 1_000  # rows that are removed in one transaction


def insert(db: Connection, challenge: Challenge, session_seq: int) -> Challenge:
    statement = challenges.insert().values(
        record_mapping.stored(challenges.c.keys(), challenge) | {"session_seq": session_seq}
    )
    return replace(challenge, seq=db.sqlalchemy.execute(statement.returning(challenges.c.seq)).scalar_one())


def find(db: Connection, session_seq: int, id: str) -> Challenge | None:
    """One challenge of a session, kept from others until the end of the transaction."""
    statement = (
        sa.select(challenges, sessions.c.id.label("session_id"), users.c.id.label("user_id"))
        .join(sessions, sessions.c.seq == challenges.c.session_seq)
        .join(users, users.c.seq == sessions.c.user_seq)
        .where(challenges.c.session_seq == session_seq, challenges.c.id == id)
        .with_for_update(of=challenges)
    )
    row = db.sqlalchemy.execute(statement).one_or_none()
    return _record(row) if row else None


def last_sent(db: Connection, user_seq: int, factor: Factor) -> datetime | None:
    """When a code of that factor was last sent to a user, for whichever session."""
    theirs = sa.select(sessions.c.seq).where(sessions.c.user_seq == user_seq)
    sent_at = challenges.c.sent_at
    found: datetime | None = db.sqlalchemy.execute(
        sa.select(sa.func.max(sent_at, type_=sent_at.type)).where(
            challenges.c.session_seq.in_(theirs), challenges.c.factor == str(factor)
        )
    ).scalar()
    return found


def set_sent(db: Connection, seq: int, now: datetime) -> None:
    db.sqlalchemy.execute(challenges.update().where(challenges.c.seq == seq).values(sent_at=now))


def count_attempt(db: Connection, seq: int) -> None:
    """Take one of its attempts, where it has one left."""
    left = challenges.c.attempts_left
    db.sqlalchemy.execute(challenges.update().where(challenges.c.seq == seq, left > 0).values(attempts_left=left - 1))


def end(db: Connection, seq: int, now: datetime, reason: ChallengeEnded) -> None:
    _end(db, now, reason, challenges.c.seq == seq)


def end_of_session(
    db: Connection, session_seq: int, now: datetime, *, factor: Factor | None = None, before: int | None = None
) -> int:
    """End a session's live challenges: all, those of a factor, those before one; how many there were."""
    conditions = [challenges.c.session_seq == session_seq, challenges.c.expires_at > now]
    if factor is not None:
        conditions.append(challenges.c.factor == str(factor))
    if before is not None:
        conditions.append(challenges.c.seq < before)
    return _end(db, now, ChallengeEnded.REPLACED, *conditions)


def _end(db: Connection, now: datetime, reason: ChallengeEnded, *conditions: sa.ColumnElement[bool]) -> int:
    statement = challenges.update().where(challenges.c.ended_at.is_(None), *conditions)
    return db.sqlalchemy.execute(statement.values(ended_at=now, ended_reason=str(reason))).rowcount


def count_dead(db: Connection, before: datetime) -> int:
    """How many challenges expired before that moment."""
    return db.sqlalchemy.execute(sa.select(sa.func.count()).where(challenges.c.expires_at <= before)).scalar_one()


def purge(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    dead = sa.select(challenges.c.seq).where(challenges.c.expires_at <= before)
    batch = dead.order_by(challenges.c.expires_at).limit(BATCH)
    return db.sqlalchemy.execute(challenges.delete().where(challenges.c.seq.in_(batch))).rowcount


def _record(row: sa.Row[Any]) -> Challenge:
    return record_mapping.read(Challenge, row, factor=Factor(row.factor))
