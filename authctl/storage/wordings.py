"""Expressions that the two databases word differently."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Worded(FunctionElement[Any]):
    """An expression as each of the databases words it."""

    inherit_cache = True

    def __init__(self, sqlite: sa.ColumnElement[Any], postgresql: sa.ColumnElement[Any], type_: Any) -> None:
        self.type = type_
        super().__init__(sqlite, postgresql)


@compiles(Worded, "sqlite")
def _compile_for_sqlite(worded: Worded, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(next(iter(worded.clauses)), **options)})"


@compiles(Worded, "postgresql")
def _compile_for_postgres(worded: Worded, compiler: Any, **options: Any) -> str:
    return f"({compiler.process([*worded.clauses][1], **options)})"


def condition(sqlite: sa.ColumnElement[bool], postgresql: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """A condition; not of the type of one, since SQLAlchemy would ask SQLite whether it is 1, past any index."""
    return Worded(sqlite, postgresql, sa.types.NULLTYPE)
