"""The security policies that were set; those that are absent have their defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from authctl.storage.compiled import Fixed
from authctl.storage.tables import directory, policies

_READ = Fixed(sa.select(policies.c.name, policies.c.value))


def read(db: sa.Connection) -> dict[str, Any]:
    return dict(_READ.rows(db, {}))


def ask(db: sa.Connection) -> Callable[[], dict[str, Any]]:
    """Ask for the same with the next statement, to read it later."""
    answer = _READ.ask(db, {})
    return lambda: dict(answer())


def read_locked(db: sa.Connection) -> dict[str, Any]:
    """The same, and nobody else changes a policy until this unit of work is through."""
    # Rows that do not exist yet cannot be locked. These always exist, and who only reads does not wait for them.
    db.execute(sa.select(directory).order_by(directory.c.name).with_for_update())
    return read(db)


def put(db: sa.Connection, values: Mapping[str, Any]) -> None:
    """Set policies, whether they were set before or not."""
    if not values:
        return
    rows = [{"name": name, "value": value} for name, value in values.items()]
    if db.dialect.name == "postgresql":
        insert = postgresql.insert(policies)
        db.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": insert.excluded.value}), rows)
    else:
        other = sqlite.insert(policies)
        db.execute(other.on_conflict_do_update(index_elements=["name"], set_={"value": other.excluded.value}), rows)


def remove(db: sa.Connection, names: Iterable[str]) -> None:
    db.execute(policies.delete().where(policies.c.name.in_(list(names))))
