"""Keys of digests, sealed: they outlive the secret key, with which each is sealed anew."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from authctl.storage.tables import Instant, peppers

_ADD = sa.text(
    """
    INSERT INTO peppers (id, sealed_key, created_at) VALUES (:id, :sealed_key, :now) ON CONFLICT (id) DO NOTHING
    """
).bindparams(sa.bindparam("now", type_=Instant))


def find(db: sa.Connection, id: str) -> bytes | None:
    """The sealed key of that id."""
    found: bytes | None = db.execute(sa.select(peppers.c.sealed_key).where(peppers.c.id == id)).scalar_one_or_none()
    return found


def add(db: sa.Connection, id: str, sealed_key: bytes, now: datetime) -> None:
    """Keep a new key, where another process was not first; it waits for one that is about to."""
    db.execute(_ADD, {"id": id, "sealed_key": sealed_key, "now": now})
