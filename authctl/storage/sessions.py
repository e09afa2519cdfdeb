"""Sessions. A row outlives its session as a tombstone, until it is purged."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.model import EPOCH, Ended, Session
from authctl.storage.connection import Connection
from authctl.storage.fixed import Fixed
from authctl.storage.tables import sessions, users

Condition = sa.ColumnElement[bool]

BATCH = 1_000  # rows that are removed in one transaction


_INSERT = Fixed(sessions.insert().inline())


def insert(db: Connection, session: Session, user_seq: int, digest: bytes) -> None:
    row = {
        "id": session.id,
        "user_seq": user_seq,
        "secret_digest": digest,
        "provider": session.provider,
        "factors": list(session.factors),
        "ip": session.ip,
        "user_agent": session.user_agent,
        "created_at": session.created_at,
        "used_at": session.used_at,
        "expires_at": session.expires_at,
        "mfa_at": session.mfa_at,
    }
    _INSERT.run(db, row)


def find_by_digest(db: Connection, digest: bytes) -> Session | None:
    return _find(db, sessions.c.secret_digest == digest)


def find_by_id(db: Connection, id: str) -> Session | None:
    return _find(db, sessions.c.id == id)


def find(db: Connection, user_seq: int, id: str) -> Session | None:
    return _find(db, sessions.c.user_seq == user_seq, sessions.c.id == id)


def _find(db: Connection, *conditions: Condition) -> Session | None:
    row = db.sqlalchemy.execute(_select().where(*conditions)).one_or_none()
    return record(row) if row else None


class Live(NamedTuple):
    """What a session must be to be alive: not ended, not past its time at `now`, and used since `idle_since`."""

    now: datetime
    idle_since: datetime = EPOCH


_LIVE = (
    sessions.c.ended_at.is_(None),
    sessions.c.expires_at > sa.bindparam("now"),
    sessions.c.used_at > sa.bindparam("idle_since"),
)


def list_of_user(db: Connection, user_seq: int, live: Live | None = None) -> list[Session]:
    """A user's sessions, the newest first; with `live`, those that are."""
    statement = _select().where(sessions.c.user_seq == user_seq).order_by(sessions.c.seq.desc())
    found = (
        db.sqlalchemy.execute(statement.where(*_LIVE), live._asdict())
        if live is not None
        else db.sqlalchemy.execute(statement)
    )
    return [record(row) for row in found]


def end(db: Connection, seqs: list[int], now: datetime, reason: Ended) -> None:
    _end(db, now, reason, sessions.c.seq.in_(seqs))


_PROVED = sa.case((sessions.c.mfa_at.is_(None), 0), else_=1)  # second factors
_THEIR_LIVE = (
    sessions.c.user_seq == sa.bindparam("owner"),
    sessions.c.seq != sa.bindparam("kept", type_=sa.Integer),
    _PROVED.between(sa.bindparam("least", type_=sa.Integer), sa.bindparam("most", type_=sa.Integer)),
    *_LIVE,
)
_FIRST_OF_SURPLUS = (
    sa.select(sessions.c.seq)
    .where(*_THEIR_LIVE)
    .order_by(sessions.c.seq.desc())
    .offset(sa.bindparam("limit", type_=sa.Integer))
    .limit(1)
    .scalar_subquery()
)
_END_SURPLUS = Fixed(
    sessions.update()
    .where(*_THEIR_LIVE, sessions.c.seq <= _FIRST_OF_SURPLUS)
    .values(ended_at=sa.bindparam("now"), ended_reason=sa.bindparam("reason"))
)


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
    counted = {"owner": user_seq, "kept": kept, "least": least, "most": most, "limit": limit - 1 if kept else limit}
    _END_SURPLUS.run(db, live._asdict() | counted | {"reason": str(reason)})


def end_of_user(db: Connection, user_seq: int, now: datetime, reason: Ended, *, but: int | None = None) -> int:
    """End all of a user's sessions, but one of that number; how many there were."""
    kept = () if but is None else (sessions.c.seq != but,)
    return _end(db, now, reason, sessions.c.user_seq == user_seq, *kept)


def end_all(db: Connection, now: datetime, reason: Ended) -> int:
    """End everybody's sessions; how many there were."""
    return _end(db, now, reason)


def _end(db: Connection, now: datetime, reason: Ended, *conditions: Condition) -> int:
    statement = sessions.update().where(sessions.c.ended_at.is_(None), sessions.c.expires_at > now, *conditions)
    return db.sqlalchemy.execute(statement.values(ended_at=now, ended_reason=str(reason))).rowcount


def update(db: Connection, seq: int, **values: Any) -> None:
    db.sqlalchemy.execute(sessions.update().where(sessions.c.seq == seq).values(values))


def forget_factors(db: Connection, user_seq: int, *, but: int | None = None) -> None:
    """Have all of a user's sessions, but one of that number, proved no second factor."""
    kept = () if but is None else (sessions.c.seq != but,)
    theirs = sessions.update().where(sessions.c.user_seq == user_seq, sessions.c.mfa_at.is_not(None), *kept)
    db.sqlalchemy.execute(theirs.values(mfa_at=None))


def count_over(db: Connection, before: datetime) -> int:
    """How many sessions ended, or expired, before that moment."""
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(sessions).where(_over(before))).scalar_one()


def purge(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    for moment in (sessions.c.expires_at, sessions.c.ended_at):  # each by its index
        batch = sa.select(sessions.c.seq).where(moment <= before).order_by(moment).limit(BATCH)
        if removed := db.sqlalchemy.execute(sessions.delete().where(sessions.c.seq.in_(batch))).rowcount:
            return removed
    return 0


def _over(before: datetime) -> Condition:
    return sa.or_(sessions.c.expires_at <= before, sessions.c.ended_at <= before)


def _select() -> sa.Select[Any]:
    return sa.select(sessions, users.c.id.label("user_id")).join(users, users.c.seq == sessions.c.user_seq)


def record(row: sa.Row[Any]) -> Session:
    return Session(
        seq=row.seq,
        id=row.id,
        user_id=row.user_id,
        provider=row.provider,
        factors=tuple(row.factors),
        ip=row.ip,
        user_agent=row.user_agent,
        created_at=row.created_at,
        used_at=row.used_at,
        expires_at=row.expires_at,
        mfa_at=row.mfa_at,
        ended_at=row.ended_at,
        ended_reason=row.ended_reason,
    )
