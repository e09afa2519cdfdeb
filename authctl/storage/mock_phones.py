"""Mock phone numbers, each with its sealed code."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from authctl.errors import Conflict
from authctl.storage.connection import Connection
from authctl.storage.tables import mock_phones


class SealedMockPhone(NamedTuple):
    """A number, and its code as it is stored."""

    phone: str
    sealed_code: bytes
    created_at: datetime


_SELECT = sa.select(mock_phones.c.phone, mock_phones.c.sealed_code, mock_phones.c.created_at)


def insert(db: Connection, row: SealedMockPhone) -> None:
    try:
        db.sqlalchemy.execute(mock_phones.insert().values(row._asdict()))
    except IntegrityError as error:
        raise Conflict(
            "mock_phone_already_exists",
            "This is a mock phone number already.",
            field="phone",
            hint="For another code, delete it first: authctl security delete-mock-phone",
        ) from error


def find(db: Connection, phone: str) -> SealedMockPhone | None:
    row = db.sqlalchemy.execute(_SELECT.where(mock_phones.c.phone == phone)).one_or_none()
    return SealedMockPhone(*row) if row else None


def list_all(db: Connection) -> list[SealedMockPhone]:
    return [SealedMockPhone(*row) for row in db.sqlalchemy.execute(_SELECT.order_by(mock_phones.c.seq))]


def delete(db: Connection, phone: str) -> bool:
    """Whether there was such a number."""
    return db.sqlalchemy.execute(mock_phones.delete().where(mock_phones.c.phone == phone)).rowcount == 1
