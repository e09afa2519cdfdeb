"""Challenges: codes that sessions are asked for. A row outlives its challenge, until it is purged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from authctl.model import CLOCKS_DIFFER, Challenge, ChallengeEnded, Factor
from authctl.storage import compiled, record_mapping
from authctl.storage.connection import Connection


def insert(db: Connection, challenge: Challenge, session_seq: int) -> Challenge:
    row = record_mapping.stored(compiled.CHALLENGES_INSERT.names, challenge) | {"session_seq": session_seq}
    return replace(challenge, seq=db.first(compiled.CHALLENGES_INSERT, row).seq)


def find(db: Connection, session_seq: int, id: str) -> Challenge | None:
    """One challenge of a session, kept from others until the end of the transaction."""
    row = db.first(compiled.CHALLENGES_FIND_LOCKED, {"session_seq": session_seq, "id": id})
    return record(row) if row else None


def last_sent(db: Connection, user_seq: int, factor: Factor, now: datetime) -> datetime | None:
    """When a code of that factor was last sent to a user, for whichever session."""
    values = {"user_seq": user_seq, "factor": str(factor), "ahead": now + CLOCKS_DIFFER}
    found: datetime | None = db.first(compiled.CHALLENGES_LAST_SENT, values).sent_at
    return found


def set_sent(db: Connection, seq: int, now: datetime) -> None:
    db.update(compiled.CHALLENGES_UPDATE, {"sent_at": now}, seq)


def count_attempt(db: Connection, seq: int) -> None:
    """Take one of its attempts, where it has one left."""
    db.run(compiled.CHALLENGES_COUNT_ATTEMPT, {"seq": seq})


def use_up_attempts(db: Connection, seq: int) -> None:
    """Take all of its attempts."""
    db.update(compiled.CHALLENGES_UPDATE, {"attempts_left": 0}, seq)


def end(db: Connection, seq: int, now: datetime, reason: ChallengeEnded) -> None:
    db.run(compiled.CHALLENGES_END, {"seq": seq, "now": now, "reason": str(reason)})


def end_of_user(db: Connection, user_seq: int, now: datetime, reason: ChallengeEnded) -> None:
    """End the live challenges of all of a user's sessions."""
    db.run(compiled.CHALLENGES_END_OF_USER, {"user_seq": user_seq, "now": now, "reason": str(reason)})


def end_of_session(db: Connection, session_seq: int, now: datetime) -> int:
    """End a session's live challenges; how many there were."""
    return db.run(compiled.CHALLENGES_END_OF_SESSION, {"session_seq": session_seq, "now": now, "reason": _REPLACED})


def end_older(db: Connection, session_seq: int, now: datetime, factor: Factor, before: int) -> int:
    """End a session's live challenges of a factor, those before a number; how many there were."""
    which = {"session_seq": session_seq, "factor": str(factor), "before": before}
    return db.run(compiled.CHALLENGES_END_OLDER, which | {"now": now, "reason": _REPLACED})


_REPLACED = str(ChallengeEnded.REPLACED)


def record(row: Any) -> Challenge:
    return record_mapping.read(Challenge, "challenges", row, {"factor": Factor})
