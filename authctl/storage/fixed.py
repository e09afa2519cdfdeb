"""Statements of every sign-in, sent to the driver as they were compiled the first time.

SQLAlchemy runs a statement that it has compiled before through layers that take longer than the database does, above
all where argon2 has just emptied the processor's caches. What those layers do for one of these, the types of its values
and of its columns, is found once for each dialect and done here.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.storage.connection import Connection

_Convert = Callable[[Any], Any]


class Fixed:
    """A statement whose text is always the same. It is not run by an event of SQLAlchemy's, nor with its options."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, db: Connection, values: Mapping[str, Any]) -> None:
        """Run it for what it does."""
        send(db.driver, self._for(db, values), values)

    def rows(self, db: Connection, values: Mapping[str, Any]) -> list[Any]:
        """The rows that it finds, as named tuples."""
        compiled = self._for(db, values)
        return [compiled.read(row) for row in send(db.driver, compiled, values).fetchall()]

    def ask(self, db: Connection, values: Mapping[str, Any]) -> Callable[[], list[Any]]:
        """What tells the rows that it finds now; on Postgres the question goes with the next statement, for nothing."""
        if db.dialect.name != "postgresql":
            found = self.rows(db, values)
            return lambda: found
        compiled = self._for(db, values)
        with db.ahead():
            asked = send(db.driver, compiled, values)
        return lambda: [compiled.read(row) for row in asked.fetchall()]

    def _for(self, db: Connection, values: Mapping[str, Any]) -> _Compiled:
        found = self._compiled.get(db.dialect.name)
        if found is None:
            dialect = db.sqlalchemy.dialect
            found = self._compiled[db.dialect.name] = _compile(self._statement, dialect, list(values))
        return found


class _Compiled(NamedTuple):
    """A statement as the driver takes it.

    names: of its parameters, in the order they are sent. stored: what makes of each what is stored. columns: what makes
    of each column what it stands for. None is for values that stay as they are.
    """

    text: str
    names: tuple[str, ...]
    stored: tuple[_Convert | None, ...]
    constants: dict[str, Any]
    is_positional: bool
    options: dict[str, Any]
    row: Callable[..., Any]
    columns: tuple[_Convert | None, ...]

    def bind(self, values: Mapping[str, Any]) -> Any:
        given = self.constants | dict(values)
        pairs = zip(self.names, self.stored, strict=True)
        bound = [given[name] if convert is None else convert(given[name]) for name, convert in pairs]
        return bound if self.is_positional else dict(zip(self.names, bound, strict=True))

    def read(self, row: tuple[Any, ...]) -> Any:
        values = zip(row, self.columns, strict=True)
        return self.row(*[value if convert is None else convert(value) for value, convert in values])


def send(driver: Any, compiled: _Compiled, values: Mapping[str, Any]) -> Any:
    """The driver's cursor, with a statement run."""
    return driver.execute(compiled.text, compiled.bind(values), **compiled.options)


def _compile(statement: Any, dialect: sa.Dialect, names: list[str]) -> _Compiled:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    bound = {name: parameter for parameter, name in compiled.bind_names.items()}
    order = tuple(compiled.positiontup or bound)
    columns = list(getattr(statement, "selected_columns", ()))
    return _Compiled(
        text=str(compiled),
        names=order,
        stored=tuple(_type_of(bound[name], dialect).bind_processor(dialect) for name in order),
        constants={name: compiled.params[name] for name, parameter in bound.items() if not parameter.required},
        is_positional=compiled.positiontup is not None,
        options={"prepare": True} if dialect.name == "postgresql" else {},  # obeyed where plans are kept
        row=namedtuple("Row", [column.name for column in columns]),
        columns=tuple(_type_of(column, dialect).result_processor(dialect, None) for column in columns),
    )


def _type_of(element: Any, dialect: sa.Dialect) -> Any:
    return element.type.dialect_impl(dialect)
