"""The stored hashes of passwords: those of the past, and the exchange of one for a better hash of the same password."""

from __future__ import annotations

from datetime import datetime

from authctl.storage import compiled
from authctl.storage.connection import Connection


def list_past(db: Connection, user_seq: int, limit: int) -> list[str]:
    """The newest of the hashes that are remembered."""
    return [row.hash for row in db.rows(compiled.PASSWORDS_LIST_PAST, {"user_seq": user_seq, "limit": limit})]


def remember(db: Connection, user_seq: int, hash: str, now: datetime, keep: int) -> None:
    """Add a hash to the past, and forget all but the newest `keep`."""
    if keep:
        db.run(compiled.PASSWORDS_REMEMBER, {"user_seq": user_seq, "hash": hash, "created_at": now})
    forget(db, user_seq, keep)


def forget(db: Connection, user_seq: int, keep: int) -> None:
    """Forget all but the newest `keep`."""
    db.run(compiled.PASSWORDS_FORGET, {"user_seq": user_seq, "limit": keep})


def exchange(db: Connection, user_seq: int, old: str, new: str, algorithm: str) -> bool:
    """Put a better hash in the place of `old`; False where the password was changed meanwhile, which then stays.

    In the past too: a weak hash left there would give the password away that the better one protects.
    """
    hashes = {"old": old, "new": new}
    if not db.run(compiled.PASSWORDS_EXCHANGE, hashes | {"seq": user_seq, "algorithm": algorithm}):
        return False
    db.run(compiled.PASSWORDS_EXCHANGE_PAST, hashes | {"user_seq": user_seq})
    return True
