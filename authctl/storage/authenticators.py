"""Authenticator apps, each with its sealed secret and the time step of the last code that was taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from authctl.model import Authenticator
from authctl.storage.connection import Connection
from authctl.storage.tables import authenticators, users


def insert(db: Connection, authenticator: Authenticator, user_seq: int) -> Authenticator:
    statement = authenticators.insert().values(
        id=authenticator.id,
        user_seq=user_seq,
        name=authenticator.name,
        sealed_secret=authenticator.sealed_secret,
        algorithm=authenticator.algorithm,
        digits=authenticator.digits,
        period=authenticator.period,
        last_step=authenticator.last_step,
        self_service=authenticator.self_service,
        created_at=authenticator.created_at,
        verified_at=authenticator.verified_at,
        last_used_at=authenticator.last_used_at,
    )
    return replace(authenticator, seq=db.sqlalchemy.execute(statement.returning(authenticators.c.seq)).scalar_one())


def list_of_user(db: Connection, user_seq: int) -> list[Authenticator]:
    """A user's authenticators, the oldest first; those that are not verified too."""
    statement = (
        sa.select(authenticators, users.c.id.label("user_id"))
        .join(users, users.c.seq == authenticators.c.user_seq)
        .where(authenticators.c.user_seq == user_seq)
        .order_by(authenticators.c.seq)
    )
    return [record(row) for row in db.sqlalchemy.execute(statement)]


def use_step(db: Connection, seq: int, step: int, now: datetime) -> bool:
    """Take the code of a step. False where it, or a later one, was taken already: of many at once, one is first."""
    statement = authenticators.update().where(authenticators.c.seq == seq, authenticators.c.last_step < step)
    return db.sqlalchemy.execute(statement.values(last_step=step, last_used_at=now)).rowcount == 1


def set_verified(db: Connection, seq: int, now: datetime) -> None:
    db.sqlalchemy.execute(authenticators.update().where(authenticators.c.seq == seq).values(verified_at=now))


def delete(db: Connection, seq: int) -> None:
    db.sqlalchemy.execute(authenticators.delete().where(authenticators.c.seq == seq))


def delete_of_user(db: Connection, user_seq: int, *, self_service: bool = False) -> int:
    """Remove a user's authenticators, or only those of self-service; how many there were."""
    statement = authenticators.delete().where(authenticators.c.user_seq == user_seq)
    if self_service:
        statement = statement.where(authenticators.c.self_service)
    return db.sqlalchemy.execute(statement).rowcount


def record(row: sa.Row[Any]) -> Authenticator:
    return Authenticator(
        seq=row.seq,
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        sealed_secret=row.sealed_secret,
        algorithm=row.algorithm,
        digits=row.digits,
        period=row.period,
        created_at=row.created_at,
        last_step=row.last_step,
        self_service=row.self_service,
        verified_at=row.verified_at,
        last_used_at=row.last_used_at,
    )
