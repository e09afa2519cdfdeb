"""Recovery codes: a keyed digest of each, and whether it is used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from authctl.storage import compiled
from authctl.storage.connection import Connection


def insert(
    db: Connection, user_seq: int, digests: Iterable[bytes], now: datetime, *, self_service: bool = False
) -> None:
    common = {"user_seq": user_seq, "self_service": self_service, "created_at": now}
    with db.ahead():
        for digest in digests:
            db.run(compiled.RECOVERY_CODES_INSERT, common | {"digest": digest})


def list_unused(db: Connection, user_seq: int) -> list[bytes]:
    """The digests of a user's codes that are not used."""
    return [row.digest for row in db.rows(compiled.RECOVERY_CODES_LIST_UNUSED, {"user_seq": user_seq})]


def has_any(db: Connection, user_seq: int) -> bool:
    """Whether a user was ever given codes, used or not."""
    return db.first(compiled.RECOVERY_CODES_FIND_ANY, {"user_seq": user_seq}) is not None


def use(db: Connection, user_seq: int, digest: bytes, now: datetime) -> bool:
    """Use a code up. False where it is used already, or there is none: of many at once, one is first."""
    return db.run(compiled.RECOVERY_CODES_USE, {"user_seq": user_seq, "digest": digest, "now": now}) == 1


def delete_of_user(db: Connection, user_seq: int) -> int:
    """Remove a user's codes; how many there were."""
    return db.run(compiled.RECOVERY_CODES_DELETE_OF_USER, {"user_seq": user_seq})
