"""Rows and records whose columns and fields have the same names: what is stored of the one, and read as the other."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    R = TypeVar("R", bound=DataclassInstance)


def stored(table: sa.Table, record: DataclassInstance) -> dict[str, Any]:
    """The columns of a new record that its table has. Its number, `seq`, is the database's to give."""
    found = {field.name: getattr(record, field.name) for field in fields(record) if field.name in table.c}
    del found["seq"]
    return {name: str(value) if isinstance(value, StrEnum) else value for name, value in found.items()}


def read(record: type[R], row: sa.Row[Any], **typed: Any) -> R:
    """The record of a row. typed: the fields that are not as they are stored, such as those of an enum."""
    return record(**{field.name: getattr(row, field.name) for field in fields(record)} | typed)
