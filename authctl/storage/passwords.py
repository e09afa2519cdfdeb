"""The stored hashes of passwords: those of the past, and the exchange of one for a better hash of the same password."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from authctl.storage.connection import Connection
from authctl.storage.tables import password_history, users


def list_past(db: Connection, user_seq: int, limit: int) -> list[str]:
    """The newest of the hashes that are remembered."""
    statement = sa.select(password_history.c.hash).where(password_history.c.user_seq == user_seq)
    return list(db.sqlalchemy.execute(statement.order_by(password_history.c.seq.desc()).limit(limit)).scalars())


def remember(db: Connection, user_seq: int, hash: str, now: datetime, keep: int) -> None:
    """Add a hash to the past, and forget all but the newest `keep`."""
    if keep:
        db.sqlalchemy.execute(password_history.insert().inline().values(user_seq=user_seq, hash=hash, created_at=now))
    kept = (
        sa.select(password_history.c.seq)
        .where(password_history.c.user_seq == user_seq)
        .order_by(password_history.c.seq.desc())
        .limit(keep)
    )
    db.sqlalchemy.execute(
        password_history.delete().where(
            password_history.c.user_seq == user_seq, password_history.c.seq.not_in(kept.scalar_subquery())
        )
    )


def exchange(db: Connection, user_seq: int, old: str, new: str, algorithm: str) -> bool:
    """Put a better hash in the place of `old`; False where the password was changed meanwhile, which then stays.

    In the past too: a weak hash left there would give the password away that the better one protects.
    """
    statement = users.update().where(users.c.seq == user_seq, users.c.password_hash == old)
    if (
        db.sqlalchemy.execute(
            statement.values(password_hash=new, password_algorithm=algorithm, password_import=None)
        ).rowcount
        != 1
    ):
        return False
    past = password_history.update().where(password_history.c.user_seq == user_seq, password_history.c.hash == old)
    db.sqlalchemy.execute(past.values(hash=new))
    return True
