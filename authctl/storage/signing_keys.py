"""The keys that JWTs are signed with. A retired key keeps its public half alone, until it is purged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from authctl.model import SigningKey
from authctl.storage import compiled, record_mapping
from authctl.storage.connection import Connection, Statement


def insert(db: Connection, key: SigningKey) -> None:
    db.run(compiled.SIGNING_KEYS_INSERT, record_mapping.stored(compiled.SIGNING_KEYS_INSERT.names, key))


def list_all(db: Connection) -> list[SigningKey]:
    """Every key, the newest first."""
    return ask_all(db)()


def ask_all(db: Connection) -> Callable[[], list[SigningKey]]:
    """Ask for the same with the next statement, to read it later."""
    return _ask(db, compiled.SIGNING_KEYS_LIST)


def list_live(db: Connection) -> list[SigningKey]:
    """Those that are not retired, the newest first: that one signs."""
    return ask_live(db)()


def ask_live(db: Connection) -> Callable[[], list[SigningKey]]:
    """Ask for the same with the next statement, to read them later."""
    return _ask(db, compiled.SIGNING_KEYS_LIST_LIVE)


def _ask(db: Connection, statement: Statement) -> Callable[[], list[SigningKey]]:
    answer = db.ask(statement, {})
    return lambda: [record(row) for row in answer()]


def find(db: Connection, id: str) -> SigningKey | None:
    row = db.first(compiled.SIGNING_KEYS_FIND, {"id": id})
    return record(row) if row else None


def retire_before(db: Connection, id: str, now: datetime) -> list[str]:
    """Let every live key but that one sign no more, for good: their private halves go. The ids of those retired."""
    return sorted(row.id for row in db.rows(compiled.SIGNING_KEYS_RETIRE_OTHERS, {"kept": id, "now": now}))


def purge(db: Connection, before: datetime) -> list[str]:
    """Remove the keys that were retired by then. The ids of those removed."""
    return sorted(row.id for row in db.rows(compiled.SIGNING_KEYS_PURGE, {"before": before}))


def record(row: Any) -> SigningKey:
    return record_mapping.read(SigningKey, "signing_keys", row)
