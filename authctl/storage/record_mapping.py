"""Rows and records whose columns and fields have the same names: what is stored of the one, and read as the other."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

from authctl.errors import Unavailable
from authctl.storage.connection import Connection, Unreadable

T = TypeVar("T")
if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    R = TypeVar("R", bound=DataclassInstance)


def stored(columns: Container[str], record: DataclassInstance) -> dict[str, Any]:
    """Those of a table's columns that a record has, but for its number, `seq`, which the database gives."""
    found = {name: getattr(record, name) for name in record.__dataclass_fields__ if name != "seq" and name in columns}
    return {name: str(value) if isinstance(value, StrEnum) else value for name, value in found.items()}


Typed = Mapping[str, Callable[[Any], Any]]


def read(record: type[R], table: str, row: Any, typed: Typed | None = None, **given: Any) -> R:
    """The record of a row of a table.

    typed: what makes of a value that of the field, such as an enum. given: the fields that are not in the row.
    Raises Unavailable (database_damaged) with the names of the row and the column.
    """
    fields = {name: getattr(row, name) for name in record.__dataclass_fields__ if name not in given}
    return make(record, table, fields, typed, **given)


def make(record: type[R], table: str, fields: dict[str, Any], typed: Typed | None = None, **given: Any) -> R:
    """The record of what a row has of each field."""
    for name, convert in (typed or {}).items():
        try:
            fields[name] = convert(fields[name])
        except (ValueError, TypeError, Unavailable):
            raise damaged(table, fields, name) from None
    check(record, table, fields, given)
    return record(**fields, **{name: value for name, value in given.items() if name in record.__dataclass_fields__})


def texts(stored: Any) -> tuple[str, ...]:
    """Of a column with a list of texts."""
    if type(stored) is not list or any(type(text) is not str for text in stored):
        raise TypeError
    return tuple(stored)


def of_json(stored: Any) -> Any:
    """Of a column with a JSON object."""
    if type(stored) is not dict:
        raise TypeError
    return stored


# What the fields of a record may be, by the words of their annotations.
_TYPES = {"str": str, "int": int, "bool": bool, "bytes": bytes, "datetime": datetime, "None": NoneType}
_sound: set[tuple[type, ...]] = set()  # what rows were like that were found to be whole: the record, and its values


def check(record: type[Any], table: str, fields: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse a row with a value that no field of the record takes."""
    found: tuple[Any, ...] = (record, *map(type, fields.values()))
    if found in _sound:
        return
    fit = _allowed(found[0])
    for name, kind in zip(fields, found[1:], strict=True):
        if kind is Unreadable or kind not in fit.get(name, (kind,)):
            raise damaged(table, {**given, **fields}, name)
    _sound.add(found)


@cache
def _allowed(record: Any) -> dict[str, set[type]]:
    """The types of each field that has plain ones."""
    words = {name: str(field.type).split(" | ") for name, field in record.__dataclass_fields__.items()}
    return {name: {_TYPES[each] for each in kinds} for name, kinds in words.items() if _TYPES.keys() >= set(kinds)}


class DamagedRow(Unavailable):
    """A row with a value that it cannot have. Others can be read. resource: the table, and the row's key."""

    resource = column = ""


def damaged(table: str, fields: Mapping[str, Any], column: str) -> DamagedRow:
    """That a row cannot be read, for one column."""
    key = next((name for name in ("id", "seq", "first_user") if isinstance(fields.get(name), str | int)), None)
    row = f"row with the {key} {fields[key]}" if key else "row"
    found = DamagedRow(
        "database_damaged",
        f"A {row} in the table {table} is damaged: its {column} has an impossible value.",
        hint="Somebody or a failing disk changed it. Set it in the database to what a backup has, or restore the "
        "backup: authctl restore FILE",
    )
    found.column = column
    found.resource = f"{table}/{fields[key]}" if key else table
    return found


def each(db: Connection, rows: Iterable[Any], read: Callable[[Any], T]) -> Iterator[T]:
    """The records of a list of rows. Damaged ones are left out, and told."""
    for row in rows:
        try:
            yield read(row)
        except DamagedRow as damage:
            db.damages.setdefault(damage.message, damage)
