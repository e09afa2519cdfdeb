"""Mock phone numbers, each with its sealed code."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from authctl.errors import Conflict
from authctl.storage import compiled
from authctl.storage.connection import Connection


class SealedMockPhone(NamedTuple):
    """A number, and its code as it is stored."""

    phone: str
    sealed_code: bytes
    created_at: datetime


def insert(db: Connection, row: SealedMockPhone) -> None:
    """Store a new number; a Conflict where it is one already."""
    db.on_violation(_conflict)
    db.run(compiled.MOCK_PHONES_INSERT, row._asdict())


def _conflict(constraint: str) -> Conflict | None:
    if constraint != "mock_phones_phone_key":
        return None
    return Conflict(
        "mock_phone_already_exists",
        "This is already a mock phone number.",
        field="phone",
        hint="To change its code, delete it first: authctl security delete-mock-phone PHONE",
    )


def find(db: Connection, phone: str) -> SealedMockPhone | None:
    row = db.first(compiled.MOCK_PHONES_FIND, {"phone": phone})
    return SealedMockPhone(*row) if row else None


def list_all(db: Connection) -> list[SealedMockPhone]:
    return [SealedMockPhone(*row) for row in db.rows(compiled.MOCK_PHONES_LIST, {})]


def delete(db: Connection, phone: str) -> bool:
    """Whether there was such a number."""
    return db.run(compiled.MOCK_PHONES_DELETE, {"phone": phone}) == 1
