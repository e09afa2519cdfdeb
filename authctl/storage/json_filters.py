"""What filters ask of a value in a JSON object, such as `metadata.plan`. Both databases answer alike: values are of the
same only if they are of one type, numbers compare as doubles, texts by code point, and what is null is absent."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from authctl.model import Filter
from authctl.storage.wordings import Worded

Condition = sa.ColumnElement[bool]


class _Jsonb(sa.types.UserDefinedType[Any]):
    """Postgres' own, by its name alone: its module would be loaded for SQLite, too."""

    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        return "JSONB"


def condition(column: sa.ColumnElement[Any], filter: Filter) -> Condition:
    """What a filter asks of the value at its path."""
    value = filter.value
    if value is None:
        is_absent = sa.func.coalesce(_kind(column, filter.path), "null") == "null"
        return is_absent if filter.op == "=" else sa.not_(is_absent)
    if filter.op == "~":
        return sa.or_(_contains(_text(column, filter.path), value), _has_member(column, filter.path, value))
    if isinstance(value, bool):
        return _compared(_flag(column, filter.path), filter.op, json.dumps(value))
    return _compared((_text if isinstance(value, str) else _number)(column, filter.path), filter.op, value)


def _compared(found: sa.ColumnElement[Any], op: str, value: Any) -> Condition:
    given = sa.literal(value, found.type)
    ways = {"=": found == given, "!=": found.is_distinct_from(given)}
    ways |= {"<": found < given, "<=": found <= given, ">": found > given, ">=": found >= given}
    return ways[op]


def _contains(found: sa.ColumnElement[Any], part: str) -> Condition:
    """Any part of a text, whatever the case of its ASCII letters."""
    lowered = part.encode().lower().decode()
    without = sa.func.replace(sa.func.lower(found), lowered, "")
    return sa.func.coalesce(sa.func.length(without) != sa.func.length(found), sa.false())


def _path(path: tuple[str, ...]) -> str:
    return "$" + "".join(f'."{key}"' for key in path)


def _extracted(column: sa.ColumnElement[Any], path: tuple[str, ...]) -> sa.ColumnElement[Any]:
    return sa.func.json_extract(_raw(column), _path(path))


def _node(column: sa.ColumnElement[Any], path: tuple[str, ...]) -> sa.ColumnElement[Any]:
    """The value in Postgres. A key finds nothing in a list."""
    node: sa.ColumnElement[Any] = sa.cast(_raw(column), _Jsonb)
    for key in path:
        node = node.op("->")(sa.literal(key, sa.Text))
    return node


def _scalar(column: sa.ColumnElement[Any], path: tuple[str, ...]) -> sa.ColumnElement[Any]:
    """The same as a text, without quotes."""
    return _node(column, path).op("#>>", return_type=sa.Text())(sa.text("'{}'"))


def _raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.type_coerce(column, sa.Text)


def _kind(column: sa.ColumnElement[Any], path: tuple[str, ...]) -> sa.ColumnElement[Any]:
    """What the value is, in the words of the database: `null` is the same in both; NULL where it is absent."""
    return Worded(sa.func.json_type(_raw(column), _path(path)), sa.func.jsonb_typeof(_node(column, path)), sa.Text())


def _of_kind(
    column: sa.ColumnElement[Any],
    path: tuple[str, ...],
    kinds: tuple[str, ...],
    sqlite: sa.ColumnElement[Any],
    postgresql: sa.ColumnElement[Any],
    type_: Any,
) -> sa.ColumnElement[Any]:
    """The value where it is of one of these kinds. No other is even looked at, since it may not be convertible."""
    kind = _kind(column, path)
    return Worded(sa.case((kind.in_(kinds), sqlite)), sa.case((kind.in_(kinds), postgresql)), type_)


def _number(column: sa.ColumnElement[Any], path: tuple[str, ...]) -> sa.ColumnElement[Any]:
    sqlite = sa.cast(_extracted(column, path), sa.REAL)
    postgresql = sa.cast(_scalar(column, path), sa.Double)
    return _of_kind(column, path, ("integer", "real", "number"), sqlite, postgresql, sa.Double())


def _text(column: sa.ColumnElement[Any], path: tuple[str, ...]) -> sa.ColumnElement[Any]:
    postgresql = sa.collate(_scalar(column, path), "C")
    return _of_kind(column, path, ("text", "string"), _extracted(column, path), postgresql, sa.Text())


def _flag(column: sa.ColumnElement[Any], path: tuple[str, ...]) -> sa.ColumnElement[Any]:
    """As the text `true` or `false`."""
    kinds = ("true", "false", "boolean")
    return _of_kind(column, path, kinds, _kind(column, path), _scalar(column, path), sa.Text())


def _has_member(column: sa.ColumnElement[Any], path: tuple[str, ...], value: str) -> Condition:
    """Whether the value is a list that has that text."""
    each = sa.func.json_each(_raw(column), _path(path)).table_valued("value", "type")
    sqlite = sa.exists().where(each.c.type == "text", each.c.value == value)
    postgresql = _node(column, path).op("@>", is_comparison=True)(sa.func.to_jsonb(sa.cast(value, sa.Text)))
    return sa.and_(
        sa.func.coalesce(_kind(column, path), "") == "array", Worded(sqlite, postgresql, sa.Boolean()).is_(sa.true())
    )
