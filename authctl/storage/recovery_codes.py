"""Recovery codes: a keyed digest of each, and whether it is used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from authctl.storage.connection import Connection
from authctl.storage.tables import recovery_codes


def insert(
    db: Connection, user_seq: int, digests: Iterable[bytes], now: datetime, *, self_service: bool = False
) -> None:
    rows = [
        {"user_seq": user_seq, "digest": digest, "self_service": self_service, "created_at": now} for digest in digests
    ]
    db.sqlalchemy.execute(recovery_codes.insert(), rows)


def list_unused(db: Connection, user_seq: int) -> list[bytes]:
    """The digests of a user's codes that are not used."""
    statement = sa.select(recovery_codes.c.digest).where(_unused(user_seq)).order_by(recovery_codes.c.seq)
    return list(db.sqlalchemy.execute(statement).scalars())


def has_any(db: Connection, user_seq: int) -> bool:
    """Whether a user was ever given codes, used or not."""
    statement = sa.select(recovery_codes.c.seq).where(recovery_codes.c.user_seq == user_seq).limit(1)
    return db.sqlalchemy.execute(statement).one_or_none() is not None


def use(db: Connection, user_seq: int, digest: bytes, now: datetime) -> bool:
    """Use a code up. False where it is used already, or there is none: of many at once, one is first."""
    statement = recovery_codes.update().where(_unused(user_seq), recovery_codes.c.digest == digest)
    return db.sqlalchemy.execute(statement.values(used_at=now)).rowcount == 1


def delete_of_user(db: Connection, user_seq: int, *, self_service: bool = False) -> int:
    """Remove a user's codes, or only those of self-service; how many there were."""
    statement = recovery_codes.delete().where(recovery_codes.c.user_seq == user_seq)
    if self_service:
        statement = statement.where(recovery_codes.c.self_service)
    return db.sqlalchemy.execute(statement).rowcount


def _unused(user_seq: int) -> sa.ColumnElement[bool]:
    return sa.and_(recovery_codes.c.user_seq == user_seq, recovery_codes.c.used_at.is_(None))
