"""What statements are built of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from authctl.storage.column_types import JsonText

KEY = "key_"  # begins the names of the parameters that say which row an update is of


def bind(name: str, column: sa.ColumnElement[Any] | None = None) -> sa.BindParameter[Any]:
    """A parameter; with a column, of its type."""
    return sa.bindparam(name, type_=column.type if column is not None else None)


def is_(column: sa.ColumnElement[Any], name: str = "") -> sa.ColumnElement[bool]:
    """The column is what is given by that name, else by its own; nothing is, where that is None."""
    return column == bind(name or str(column.key), column)


def values(table: sa.Table, *without: str) -> dict[str, sa.BindParameter[Any]]:
    """A parameter for each column of a table but some, as a new row has them."""
    return {column.name: bind(column.name, column) for column in table.c if column.name not in without}


@dataclass(frozen=True, slots=True)
class Changes:
    """Updates of any columns of one row, which is found by another."""

    table: sa.Table
    key: str = "seq"

    def statement(self, *names: str) -> sa.Update:
        key = self.table.c[self.key]
        given: dict[str, Any] = {name: bind(name, self.table.c[name]) for name in names}
        return self.table.update().where(is_(key, f"{KEY}{self.key}")).values(given)


@dataclass(frozen=True, slots=True)
class Twins:
    """A statement that the databases word differently; None where one of them does without."""

    sqlite: sa.Executable | None
    postgresql: sa.Executable | None


def upsert(table: sa.Table, key: tuple[str, ...], *updated: str) -> Twins:
    """Add a row, or change these columns of the one that has its key; with no columns, leave that as it is."""

    def worded(insert: Any) -> Any:
        statement = insert(table).inline().values(values(table, "seq"))
        if not updated:
            return statement.on_conflict_do_nothing(index_elements=key)
        changes = {name: statement.excluded[name] for name in updated}
        return statement.on_conflict_do_update(index_elements=key, set_=changes)

    return Twins(worded(sqlite.insert), worded(postgresql.insert))


def of_set(
    build: Callable[[sa.ColumnElement[bool]], sa.Executable],
    column: sa.Column[Any],
    name: str,
    type_: type[sa.types.TypeEngine[Any]] = sa.BigInteger,
) -> Twins:
    """What `build` makes of the condition that the column is one of a list, which is given by that name."""
    listed = sa.func.json_each(sa.bindparam(name, type_=JsonText))
    array = sa.bindparam(name, type_=sa.ARRAY(type_))
    return Twins(
        build(column.in_(sa.select(sa.literal_column("value", column.type)).select_from(listed))),
        build(column == sa.any_(array)),
    )
