"""Sessions. A row outlives its session as a tombstone, until it is purged.

Rows are numbered from 1: `kept=0` keeps none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from authctl.model import Ended, Factor, Session, User, made_at
from authctl.storage import compiled, record_mapping, users
from authctl.storage.connection import Connection


def insert(db: Connection, session: Session, user_seq: int, digest: bytes) -> None:
    row = record_mapping.stored(compiled.SESSIONS_INSERT.names, session)
    db.run(compiled.SESSIONS_INSERT, row | {"user_seq": user_seq, "secret_digest": digest})


def find_by_digest(db: Connection, digest: bytes) -> Session | None:
    row = db.first(compiled.SESSIONS_FIND_BY_DIGEST, {"secret_digest": digest})
    return record(row) if row else None


class Admitting(NamedTuple):
    """What it takes to admit somebody: the session, whose it is, and the policies that were set."""

    session: Session
    user: User
    policies: dict[str, Any]


def find_admitting(db: Connection, digest: bytes, *, lock: bool = False) -> Admitting | None:
    """By the digest of the session's secret. lock: keep others from changing the user until the transaction ends."""
    row = db.first(compiled.SESSIONS_ADMIT_LOCKED if lock else compiled.SESSIONS_ADMIT, {"secret_digest": digest})
    return _admitting(row) if row else None


def find_admitting_by_id(db: Connection, id: str) -> Admitting | None:
    row = db.first(compiled.SESSIONS_ADMIT_BY_ID, {"id": id, "created_at": made_at(id)})
    return _admitting(row) if row else None


def find(db: Connection, user_seq: int, id: str) -> Session | None:
    row = db.first(compiled.SESSIONS_FIND, {"user_seq": user_seq, "id": id, "created_at": made_at(id)})
    return record(row) if row else None


def has_ended(db: Connection, seq: int) -> bool:
    """Whether the session of that number was ended, or is purged; one whose time has passed was not."""
    return db.first(compiled.SESSIONS_FIND_NOT_ENDED, {"seq": seq}) is None


class Live(NamedTuple):
    """What a session must be to be alive: not ended, not past its time at `now`, used since `idle_since`, and not
    behind `ahead`, where only a wrong clock can have put it."""

    now: datetime
    idle_since: datetime
    ahead: datetime


def list_of_user(db: Connection, user_seq: int, live: Live | None = None) -> list[Session]:
    """A user's sessions, the newest first; with `live`, those that are."""
    statement = compiled.SESSIONS_LIST if live is None else compiled.SESSIONS_LIST_LIVE
    values = {"user_seq": user_seq} | (live._asdict() if live is not None else {})
    return [record(row) for row in db.rows(statement, values)]


def end(db: Connection, seq: int, now: datetime, reason: Ended) -> None:
    db.run(compiled.SESSIONS_END, {"seq": seq, "now": now, "reason": str(reason)})


def end_surplus(
    db: Connection,
    user_seq: int,
    live: Live,
    limit: int,
    reason: Ended,
    *,
    is_complete: bool | None = None,
    kept: int = 0,
) -> None:
    """End all of a user's live sessions but the newest `limit`.

    is_complete: only of those that have proved a second factor, or that have not. kept: the number of one that stays.
    """
    least, most = (0, 1) if is_complete is None else (int(is_complete), int(is_complete))
    counted = {"user_seq": user_seq, "kept": kept, "least": least, "most": most, "limit": limit - 1 if kept else limit}
    db.run(compiled.SESSIONS_END_SURPLUS, live._asdict() | counted | {"reason": str(reason)})


def end_of_user(db: Connection, user_seq: int, now: datetime, reason: str, *, kept: int = 0) -> int:
    """End all of a user's sessions; how many there were. kept: the number of one that stays."""
    return db.run(
        compiled.SESSIONS_END_OF_USER, {"user_seq": user_seq, "kept": kept, "now": now, "reason": str(reason)}
    )


def end_signed_in_by(db: Connection, user_seq: int, now: datetime, reason: str, factor: str, *, kept: int = 0) -> int:
    """End those that were signed in to with that factor; how many there were. kept: the number of one that stays."""
    values = {"user_seq": user_seq, "kept": kept, "now": now, "reason": reason, "first": f'["{factor}"%'}
    return db.run(compiled.SESSIONS_END_SIGNED_IN_BY, values)


def end_of_provider(db: Connection, user_seq: int, now: datetime, reason: str, provider: str, *, kept: int = 0) -> int:
    """End those that an identity of that provider signed in to; how many there were. kept: one that stays.

    Passwords sign in with the provider `email`, which an identity may have, too.
    """
    values = {"user_seq": user_seq, "kept": kept, "now": now, "reason": reason, "first": f'["{Factor.PASSWORD}"%'}
    return db.run(compiled.SESSIONS_END_OF_PROVIDER, values | {"provider": provider})


def end_all(db: Connection, now: datetime, reason: Ended) -> int:
    """End everybody's sessions; how many there were."""
    return db.run(compiled.SESSIONS_END_ALL, {"now": now, "reason": str(reason)})


def update(db: Connection, seq: int, **values: Any) -> None:
    db.update(compiled.SESSIONS_UPDATE, values, seq)


def forget_factors(db: Connection, user_seq: int, *, kept: int = 0) -> None:
    """Have all of a user's sessions proved no second factor. kept: the number of one that stays as it is."""
    db.run(compiled.SESSIONS_FORGET_FACTORS, {"user_seq": user_seq, "kept": kept})


_OF_SESSION = tuple(name.removeprefix("session_") for name in compiled.SESSIONS_ADMIT.columns[len(users.COLUMNS) : -1])


def _admitting(row: Any) -> Admitting:
    user = users.record(row)
    fields = dict(zip(_OF_SESSION, row[len(users.COLUMNS) : -1], strict=True))
    session = record_mapping.make(Session, "sessions", fields, {"factors": record_mapping.texts}, user_id=user.id)
    return Admitting(session, user, row.policies)


def record(row: Any) -> Session:
    return record_mapping.read(Session, "sessions", row, {"factors": record_mapping.texts}, current=False)
