"""Keys of digests, sealed: they outlive the secret key, with which each is sealed anew."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from authctl.storage.connection import Connection
from authctl.storage.tables import Instant, directory, peppers

LOG_KEY = "audit_log"  # the id of the key that every directory has from its beginning
LOG_KEY_CONTEXT = f"peppers/{LOG_KEY}"  # what it is sealed for

_ADD = sa.text(
    """
    INSERT INTO peppers (id, sealed_key, created_at) VALUES (:id, :sealed_key, :now) ON CONFLICT (id) DO NOTHING
    """
).bindparams(sa.bindparam("now", type_=Instant))

_FIND_LOG_KEY = sa.select(
    sa.select(peppers.c.sealed_key).where(peppers.c.id == LOG_KEY).scalar_subquery(),
    sa.select(directory.c.value).where(directory.c.name == "key_fingerprint").scalar_subquery(),
)


def find(db: Connection, id: str) -> bytes | None:
    """The sealed key of that id."""
    found: bytes | None = db.sqlalchemy.execute(
        sa.select(peppers.c.sealed_key).where(peppers.c.id == id)
    ).scalar_one_or_none()
    return found


def find_log_key(db: Connection) -> tuple[bytes | None, str | None]:
    """The sealed key of the audit log, and the fingerprint of the secret key in the same moment."""
    sealed, fingerprint = db.sqlalchemy.execute(_FIND_LOG_KEY).one()
    return sealed, fingerprint


def add(db: Connection, id: str, sealed_key: bytes, now: datetime) -> None:
    """Keep a new key, where another process was not first; it waits for one that is about to."""
    db.sqlalchemy.execute(_ADD, {"id": id, "sealed_key": sealed_key, "now": now})
