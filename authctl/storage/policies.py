"""The security policies that were set; those that are absent have their defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from authctl.storage import compiled, record_mapping
from authctl.storage.connection import Connection, Unreadable


def read(db: Connection) -> dict[str, Any]:
    return _sound(db.rows(compiled.POLICIES_READ, {}))


def ask(db: Connection) -> Callable[[], dict[str, Any]]:
    """Ask for the same with the next statement, to read it later."""
    answer = db.ask(compiled.POLICIES_READ, {})
    return lambda: _sound(answer())


def _sound(rows: list[Any]) -> dict[str, Any]:
    """The policies by name. One that cannot be read refuses all, since any may decide."""
    for row in rows:
        if type(row.value) is Unreadable:
            raise record_mapping.damaged("policies", {"id": row.name}, "value")
    return {row.name: row.value for row in rows}


def read_locked(db: Connection) -> dict[str, Any]:
    """The same, and nobody else changes a policy until this unit of work is through."""
    db.rows(compiled.POLICIES_LOCK, {})
    return read(db)


def put(db: Connection, values: Mapping[str, Any]) -> None:
    """Set policies, whether they were set before or not."""
    with db.ahead():
        for name, value in values.items():
            db.run(compiled.POLICIES_PUT, {"name": name, "value": value})


def remove(db: Connection, names: Iterable[str]) -> None:
    with db.ahead():
        for name in names:
            db.run(compiled.POLICIES_REMOVE, {"name": name})
