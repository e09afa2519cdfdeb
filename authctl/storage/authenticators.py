"""Authenticator apps, each with its sealed secret and the time step of the last code that was taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from authctl.model import Authenticator
from authctl.storage import compiled, record_mapping
from authctl.storage.connection import Connection


def insert(db: Connection, authenticator: Authenticator, user_seq: int) -> Authenticator:
    row = record_mapping.stored(compiled.AUTHENTICATORS_INSERT.names, authenticator) | {"user_seq": user_seq}
    return replace(authenticator, seq=db.first(compiled.AUTHENTICATORS_INSERT, row).seq)


def list_of_user(db: Connection, user_seq: int) -> list[Authenticator]:
    """A user's authenticators, the oldest first; those that are not verified too."""
    return [record(row) for row in db.rows(compiled.AUTHENTICATORS_LIST, {"user_seq": user_seq})]


def use_step(db: Connection, seq: int, step: int, latest: int, now: datetime) -> bool:
    """Take the code of a step. False where it, or a later one up to `latest`, was taken already: of many at once, one
    is first."""
    return db.run(compiled.AUTHENTICATORS_USE_STEP, {"seq": seq, "step": step, "latest": latest, "now": now}) == 1


def set_verified(db: Connection, seq: int, now: datetime) -> None:
    db.update(compiled.AUTHENTICATORS_UPDATE, {"verified_at": now}, seq)


def delete(db: Connection, seq: int) -> None:
    db.run(compiled.AUTHENTICATORS_DELETE, {"seq": seq})


def delete_of_user(db: Connection, user_seq: int) -> int:
    """Remove a user's authenticators; how many there were."""
    return db.run(compiled.AUTHENTICATORS_DELETE_OF_USER, {"user_seq": user_seq})


def record(row: Any) -> Authenticator:
    return record_mapping.read(Authenticator, "authenticators", row)
