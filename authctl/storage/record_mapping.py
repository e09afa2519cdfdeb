"""Rows and records whose columns and fields have the same names: what is stored of the one, and read as the other."""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    R = TypeVar("R", bound=DataclassInstance)


def stored(columns: Container[str], record: DataclassInstance) -> dict[str, Any]:
    """Those of a table's columns that a record has, but for its number, `seq`, which the database gives."""
    found = {name: getattr(record, name) for name in record.__dataclass_fields__ if name != "seq" and name in columns}
    return {name: str(value) if isinstance(value, StrEnum) else value for name, value in found.items()}


def read(record: type[R], row: Any, **typed: Any) -> R:
    """The record of a row. typed: the fields that are not as they are stored, such as those of an enum."""
    own = {name: getattr(row, name) for name in record.__dataclass_fields__ if name not in typed}
    return record(**own, **typed)
