"""A record's fields as text: for the cells of TSV and CSV, and as people read them in tables.

Absent is empty in TSV and CSV. For people, counts have thousands separators, sizes have units, and times are short.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from authctl.cli.escaping import visible, visible_in_csv, without_formula

Record = dict[str, Any]

_TIME = r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\.\d{3}Z"
_WORD = r"[A-Za-z0-9._:/@+-]+"


def value_of(record: Record, field: str) -> Any:
    """What a field such as `name` or `password.algorithm` holds; None where the record lacks it."""
    value: Any = record
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def text(value: Any) -> str:
    """A value as the text of a cell, not yet made safe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) and re.fullmatch(_WORD, item) for item in value):
        return ",".join(value)
    return _encoder()(value)


@cache
def _encoder() -> Callable[[Any], str]:
    """What makes JSON of a value; few cells need it."""
    import json

    return json.JSONEncoder(ensure_ascii=False).encode


def cells(record: Record, columns: tuple[str, ...]) -> list[str]:
    """A record as a row of text that is safe to show."""
    return [visible(text(value_of(record, column))) for column in columns]


def present(extras: tuple[str, ...], record: Record) -> tuple[str, ...]:
    """Those fields that only some answers have and this one has."""
    return tuple(extra for extra in extras if extra in record) if extras else ()


def guarded(value: Any) -> str:
    """A value as the text of a CSV cell that neither a spreadsheet runs nor a terminal obeys."""
    cell = text(value)
    return visible_in_csv(cell if isinstance(value, (int, float)) else without_formula(cell))


def for_people(column: str, value: Any, *, zone: str | None = None) -> str:
    """A value as people read it, safe to show. zone: what follows a time cut to minutes; None leaves times whole."""
    if is_number(value):
        return size(value) if column == "size" or column.endswith("_size") else f"{value:,}"
    cell = visible(text(value))
    if zone is not None and is_time(column) and (time := re.fullmatch(_TIME, cell)):
        return f"{time[1]} {time[2]}{zone}"
    return cell


def size(count: int) -> str:
    """A number of bytes in the unit that makes it short."""
    amount, units = float(count), ["KB", "MB", "GB", "TB"]
    if count < 1000:
        return f"{count} bytes"
    for unit in units:
        amount /= 1000
        if amount < 999.95 or unit == units[-1]:
            break
    return f"{amount:,.1f} {unit}"


def is_number(value: Any) -> bool:
    """Whether a value is a count."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_id(column: str) -> bool:
    return column == "id" or column.endswith("_id")


def is_time(column: str) -> bool:
    return column == "time" or column.endswith(("_at", "_until"))


def lines_in(field: str, value: Any, *, zone: str | None = None) -> list[str]:
    """A value as the lines of text that it takes below one another: the changes of a dry run, or sentences."""
    if field == "changes" and value:
        return _changed(value)
    if isinstance(value, list) and any(isinstance(item, str) and " " in item for item in value):
        return [visible(text(item)) for item in value]
    return [for_people(field, value, zone=zone)]


def _changed(changes: list[Record]) -> list[str]:
    """The changes of a dry run for people, a line each: `email: ada@example.com -> ada@example.org`."""
    lines = []
    for change in changes:
        before, after = change["before"], change["after"]
        if before is None or after is None:
            lines.append(f"{change['resource']} {'made' if before is None else 'removed'}")
            continue
        fields = [name for name in after if before.get(name) != after[name] and name != "updated_at"]
        lines += [f"{name}: {text(before.get(name)) or '-'} -> {text(after[name]) or '-'}" for name in fields]
    return [visible(line) for line in lines] or [""]
