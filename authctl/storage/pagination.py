"""Lists as SQL: filters, order, and keyset pages, once for every table that is listed.

A page begins behind a row, not after a number of rows, so that the last page costs what the first does. The row's
number breaks ties, so that every order is total.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from authctl.model import Filter, Listing
from authctl.storage import json_filters, search_index, search_terms
from authctl.storage.column_types import Instant, JsonText, Sequence
from authctl.storage.connection import Connection

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class ListSource:
    """A listed table: its row number, its id, and the columns behind the public fields."""

    seq: sa.ColumnElement[int]
    id: sa.ColumnElement[str]
    fields: dict[str, sa.ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class PagePosition:
    """A row's place in an order: what it is sorted by, and its number. further: what sorts it after the first."""

    key: Any
    seq: int
    further: tuple[Any, ...] = ()


def _sort_key(source: ListSource, field: str) -> sa.ColumnElement[Any]:
    """What a list is sorted by; absent values count as the least."""
    column = source.fields[field]
    # What is looked up in another table may be absent there.
    if not getattr(column, "nullable", isinstance(column, sa.ScalarSelect)):
        return column
    # The type stays with the column, so that a position is bound the way the column is.
    return sa.type_coerce(
        sa.func.coalesce(column, sa.literal(-1 if isinstance(column.type, Instant) else "")), column.type
    )


def ordered(source: ListSource, listing: Listing) -> tuple[sa.ColumnElement[Any], ...]:
    """The order of the list, in the direction that it is read. The row's number goes with the first field."""
    keys = [(_sort_key(source, field), descending) for field, descending in listing.order]
    is_backwards = listing.before is not None
    return tuple(
        key.desc() if descending != is_backwards else key.asc()
        for key, descending in (*keys, (source.seq, listing.descending))
    )


def beyond(source: ListSource, listing: Listing, position: PagePosition) -> Condition:
    """The rows on the far side of a position, in the direction that the list is read."""
    if any(descending != listing.descending for _, descending in listing.further):
        return _beyond_in_turn(source, listing, position)
    keys = [_sort_key(source, field) for field, _ in listing.order]
    values = [_given(value, key.type) for key, value in zip(keys, (position.key, *position.further), strict=True)]
    here, there = sa.tuple_(*keys, source.seq), sa.tuple_(*values, _given(position.seq))
    return here < there if listing.descending != (listing.before is not None) else here > there


def _beyond_in_turn(source: ListSource, listing: Listing, position: PagePosition) -> Condition:
    """The same where fields are read in both directions: each decides where those before it are alike."""
    keys = [(_sort_key(source, field), descending) for field, descending in listing.order]
    pairs = [
        *zip(keys, (position.key, *position.further), strict=True),
        ((source.seq, listing.descending), position.seq),
    ]
    condition: Condition = sa.false()
    for (key, descending), value in reversed(pairs):
        there = _given(value, key.type)
        is_beyond = key < there if descending != (listing.before is not None) else key > there
        condition = sa.or_(is_beyond, sa.and_(key == there, condition))
    return condition


def _given(value: Any, type_: Any = None) -> sa.ColumnElement[Any]:
    """A value, or the parameter that stands for it in what is compiled ahead."""
    return value if isinstance(value, sa.ColumnElement) else sa.literal(value, type_)


def position(source: ListSource, listing: Listing, id: Any) -> sa.Select[Any]:
    """What finds the place of the row with an id."""
    first, *further = (_sort_key(source, field) for field, _ in listing.order)
    return sa.select(first.label("key"), source.seq, *further).where(source.id == id)


def find_position(db: Connection, source: ListSource, listing: Listing, id: str) -> PagePosition | None:
    row = db.sqlalchemy.execute(position(source, listing, id)).one_or_none()
    return PagePosition(row[0], row[1], tuple(row[2:])) if row else None


def condition(source: ListSource, filter: Filter) -> Condition:
    """What a filter asks of a row. Absent values are unlike any other."""
    column = source.fields[filter.field]
    if filter.path:
        return json_filters.condition(column, filter)
    made: Condition
    match filter.op:
        case "=":
            made = column.is_(None) if filter.value is None else column == filter.value
        case "!=" if isinstance(column.type, sa.Boolean) and not getattr(column, "nullable", True):
            made = column == (not filter.value)  # which an index answers
        case "!=":
            made = column.is_not(None) if filter.value is None else column.is_distinct_from(filter.value)
        case "<":
            made = column < filter.value
        case "<=":
            made = column <= filter.value
        case ">":
            made = column > filter.value
        case ">=":
            made = column >= filter.value
        case "~" if isinstance(column.type, JsonText):
            made = _contains(sa.type_coerce(column, sa.Text), f'"{filter.value}"')
        case "~":
            # Both databases lower ASCII letters alone here; bytes do the same.
            made = _contains(sa.func.lower(column), filter.value.encode().lower().decode())
        case _:
            raise AssertionError(filter.op)
    return made


def _contains(text: sa.ColumnElement[Any], part: str) -> Condition:
    """Any part of a text, taken literally; no pattern characters, and the same on both databases."""
    return sa.func.length(sa.func.replace(text, part, "")) != sa.func.length(text)


def searched(db: Connection, query: search_terms.Query, of: search_index.Of) -> sa.Select[Any]:
    """The numbers of the users or teams that a search finds."""
    if db.dialect.name == "sqlite":
        found = sa.select(sa.literal_column("rowid", Sequence)).select_from(sa.table(f"{of}_words"))
        return found.where(sa.literal_column(f"{of}_words").op("MATCH")(query.fts5()))
    table = words_of(of)
    return sa.select(table.c[f"{of}_seq"]).where(*matching(table, query))


def words_of(of: search_index.Of) -> sa.TableClause:
    """The table of words on Postgres."""
    return sa.table(f"{of}_words", sa.column(f"{of}_seq", sa.BigInteger), sa.column("words", sa.Text))


def matching(table: sa.TableClause, query: search_terms.Query) -> Iterator[Condition]:
    """What the words on Postgres must meet, so that the index over them leads."""
    split = f"array_to_tsvector(array_remove(string_to_array({table.name}.words, ' '), '{search_terms.SEPARATOR}'))"
    yield sa.literal_column(split).op("@@", return_type=sa.Boolean())(sa.cast(query.tsquery(), _TSQUERY))
    yield from (holding(table, phrase) for phrase in query.phrases)


def holding(table: sa.TableClause, condition: str) -> Condition:
    """That they meet one condition, without the index."""
    return sa.func.strpos(sa.literal(" ").concat(table.c.words).concat(" "), condition) > 0


class _TSQUERY(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        return "TSQUERY"
