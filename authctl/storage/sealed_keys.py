"""Keys of digests, sealed: they outlive the secret key, with which each is sealed anew."""

from __future__ import annotations

from datetime import datetime

from authctl.storage import compiled
from authctl.storage.connection import Connection

LOG_KEY = "audit_log"  # the id of the key that every directory has from its beginning
LOG_KEY_CONTEXT = f"peppers/{LOG_KEY}"  # what it is sealed for


def find(db: Connection, id: str) -> bytes | None:
    """The sealed key of that id."""
    found = db.first(compiled.SEALED_KEYS_FIND, {"id": id})
    return found.sealed_key if found else None


def find_log_key(db: Connection) -> tuple[bytes | None, str | None]:
    """The sealed key of the audit log, and the fingerprint of the secret key in the same moment."""
    found = db.first(compiled.SEALED_KEYS_FIND_LOG_KEY, {})
    return found.sealed_key, found.key_fingerprint


def add(db: Connection, id: str, sealed_key: bytes, now: datetime) -> None:
    """Keep a new key, where another process was not first; it waits for one that is about to."""
    db.run(compiled.SEALED_KEYS_ADD, {"id": id, "sealed_key": sealed_key, "created_at": now})
