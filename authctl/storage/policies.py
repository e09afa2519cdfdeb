"""The security policies that were set; those that are absent have their defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from authctl.storage.connection import Connection
from authctl.storage.fixed import Fixed
from authctl.storage.tables import directory, policies

_READ = Fixed(sa.select(policies.c.name, policies.c.value))


def read(db: Connection) -> dict[str, Any]:
    return dict(_READ.rows(db, {}))


def ask(db: Connection) -> Callable[[], dict[str, Any]]:
    """Ask for the same with the next statement, to read it later."""
    answer = _READ.ask(db, {})
    return lambda: dict(answer())


def read_locked(db: Connection) -> dict[str, Any]:
    """The same, and nobody else changes a policy until this unit of work is through."""
    # Rows that do not exist yet cannot be locked. These always exist, and who only reads does not wait for them.
    db.sqlalchemy.execute(sa.select(directory).order_by(directory.c.name).with_for_update())
    return read(db)


def put(db: Connection, values: Mapping[str, Any]) -> None:
    """Set policies, whether they were set before or not."""
    if not values:
        return
    rows = [{"name": name, "value": value} for name, value in values.items()]
    if db.dialect.name == "postgresql":
        insert = postgresql.insert(policies)
        db.sqlalchemy.execute(
            insert.on_conflict_do_update(index_elements=["name"], set_={"value": insert.excluded.value}), rows
        )
    else:
        other = sqlite.insert(policies)
        db.sqlalchemy.execute(
            other.on_conflict_do_update(index_elements=["name"], set_={"value": other.excluded.value}), rows
        )


def remove(db: Connection, names: Iterable[str]) -> None:
    db.sqlalchemy.execute(policies.delete().where(policies.c.name.in_(list(names))))
