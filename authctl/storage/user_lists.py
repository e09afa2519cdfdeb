"""Lists of users that somebody filters, searches or sorts, and lists of all of them.

How a search finds its page (measured at 1,000,000 users): first the order is walked for `WALK` rows, which answers at
once for words that many have; only then the index is asked and its matches sorted, which answers at once for words that
few have. Neither sorts everybody. Filters that have an index in that order narrow the walk itself: what few have is
walked to its end, and the search index is not asked at all. The index of flags has an order for each set of them: those
that a filter asks for are walked beside each other.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from authctl.model import Filter, Listing, Status, User
from authctl.storage import pagination, record_mapping, search_terms
from authctl.storage.column_types import Sequence
from authctl.storage.connection import Connection
from authctl.storage.driver_errors import is_of_function
from authctl.storage.tables import FLAGS, addresses, users
from authctl.storage.users import record

WALK = 2500  # rows of the order that are looked at before the search index is asked


def _source(columns: Any) -> pagination.ListSource:
    """The fields of users as lists know them, over the table or a query that has its columns."""
    fields = dict(columns.items()) | {
        "password.set": columns.password_hash.is_not(None),
        "password.algorithm": columns.password_algorithm,
        "password.updated_at": columns.password_updated_at,
        "password.must_change": columns.password_must_change,
        "password.expires_at": columns.password_expires_at,
        "factors.totp": columns.totp,
        "factors.recovery_code": columns.recovery_code,
    }
    return pagination.ListSource(columns.seq, columns.id, fields)


SOURCE = _source(users.c)


def find_position(db: Connection, listing: Listing, id: str) -> pagination.PagePosition | None:
    return pagination.find_position(db, SOURCE, listing, id)


def list_page(db: Connection, listing: Listing, position: pagination.PagePosition | None) -> list[User]:
    """One page, in the order asked for."""
    assert listing.limit is not None
    query = query_of(listing)
    if query is None:
        found = _records(db, page(listing, position))
    elif query.is_empty:
        found = []
    else:
        found = _search_page(db, listing, query, position)
    return found[::-1] if listing.before is not None else found


def iterate(db: Connection, listing: Listing) -> Iterator[User]:
    """All of a list, streamed."""
    query = query_of(listing)
    if query is None:
        statement = _statement(listing, None).order_by(*pagination.ordered(SOURCE, listing))
    elif query.is_empty:
        return
    else:
        statement = _indexed(db, listing, query, None, None)
    yield from record_mapping.each(db, db.stream(statement), record)


def count(db: Connection, listing: Listing) -> int:
    query = query_of(listing)
    flags = _flags(listing)
    statement = sa.select(sa.func.count()).select_from(users).where(*_conditions(SOURCE, listing))
    if flags:
        statement = statement.where(*either(*flags))
    if query is not None:
        if query.is_empty:
            return 0
        matches = _matches(db, query)
        if not listing.filters:
            return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(matches)).scalar_one()
        statement = statement.join(matches, matches.c.user_seq == users.c.seq)
    return db.sqlalchemy.execute(statement).scalar_one()


def query_of(listing: Listing) -> search_terms.Query | None:
    """What of a list the search index can answer, its words, labels and whole names; None where it has none."""
    query = search_terms.Query.parse(listing.search) if listing.search is not None else None
    for filter in listing.filters:
        if filter.field == "labels" and filter.op == "~":
            query = (query or search_terms.Query()).with_label(filter.value)
        elif filter.field == "name" and filter.op == "=" and search_terms.of(filter.value or ""):
            query = (query or search_terms.Query()).with_phrase(filter.value)
    return query


def _conditions(source: pagination.ListSource, listing: Listing) -> Iterator[sa.ColumnElement[bool]]:
    """The filters; a block whose end has come counts as none."""
    for filter in listing.filters:
        if filter.field == "email" and filter.op == "=" and filter.value is not None:  # by the index that there is
            held = sa.select(addresses.c.user_seq).where(addresses.c.address == filter.value)
            yield source.seq == held.scalar_subquery()
        if filter.field != "status":
            yield pagination.condition(source, filter)
            continue
        status, until = source.fields["status"], source.fields["blocked_until"]
        lasting = sa.or_(until.is_(None), until > listing.now)
        blocked = sa.and_(status == sa.literal_column(f"'{Status.BLOCKED}'"), lasting)  # as its index has it
        # `active` is the absence of a block: the order is walked, and what is blocked passed over.
        yield blocked if _is_blocked(filter) else sa.not_(blocked)


def _is_blocked(filter: Filter) -> bool:
    """Whether a filter on the status asks for those who are blocked."""
    is_equal: bool = filter.value == Status.BLOCKED
    return is_equal == (filter.op == "=")


def _statement(listing: Listing, position: pagination.PagePosition | None) -> sa.Select[Any]:
    statement = sa.select(users).where(*_conditions(SOURCE, listing))
    if position is not None:
        statement = statement.where(pagination.beyond(SOURCE, listing, position))
    return statement


def page(listing: Listing, position: pagination.PagePosition | None) -> _Rows:
    """What a list without a search reads, from behind a position on."""
    statement = _statement(listing, position)
    sets = _sets(statement, listing) if listing.limit is not None else []
    if not sets:
        return statement.order_by(*pagination.ordered(SOURCE, listing)).limit(listing.limit)
    return _union(_firsts(sets, listing, listing.limit), listing).limit(listing.limit)


_Rows = sa.Select[Any] | sa.CompoundSelect[Any]


def _in_order(
    db: Connection, listing: Listing, position: pagination.PagePosition | None, *columns: sa.Column[Any]
) -> _Rows:
    """What a list reads in its order, to be walked; of users all columns, or those."""
    statement = _statement(listing, position)
    statement = statement.with_only_columns(*columns) if columns else statement
    sets = _sets(statement, listing)
    if db.dialect.name == "postgresql":  # which walks no more than a part in its order
        sets = _firsts(sets, listing, WALK)
    return _union(sets, listing) if sets else statement.order_by(*pagination.ordered(SOURCE, listing))


def _sets(statement: sa.Select[Any], listing: Listing) -> list[sa.Select[Any]]:
    """Its rows by what the flags are that nothing is asked of: each in one place of the index, in the order of lists.

    None where no flag is asked for, or another index has less or another order.
    """
    flags = _flags(listing)
    if not flags or any(map(_is_blocked_only, listing.filters)) or listing.sort != "created_at" or listing.further:
        return []
    others = [users.c[name] for name in FLAGS if name not in flags]
    sets = product((sa.true(), sa.false()), repeat=len(others))
    return [statement.where(*map(operator.eq, others, values)) for values in sets]


def _firsts(sets: list[sa.Select[Any]], listing: Listing, limit: int | None) -> list[sa.Select[Any]]:
    """The first of each set."""
    order = pagination.ordered(SOURCE, listing)
    return [sa.select(each.order_by(*order).limit(limit).subquery()) for each in sets]


def _union(sets: list[sa.Select[Any]], listing: Listing) -> sa.CompoundSelect[Any]:
    names: dict[str, Any] = {name: sa.literal_column(name) for name in ("seq", "created_at")}
    source = pagination.ListSource(names["seq"], names["seq"], names)
    return sa.union_all(*sets).order_by(*pagination.ordered(source, listing))


def _flags(listing: Listing) -> set[str]:
    """The flags that are filtered by."""
    return {filter.field for filter in listing.filters if filter.field in FLAGS}


def either(*flags: str) -> list[sa.ColumnElement[bool]]:
    """Conditions that all meet, so that the index of flags is read by those alone."""
    return [users.c[name].in_([True, False]) for name in FLAGS if name not in flags]


def _search_page(
    db: Connection, listing: Listing, query: search_terms.Query, position: pagination.PagePosition | None
) -> list[User]:
    assert listing.limit is not None
    if listing.sort == "created_at" and not listing.further:
        narrow = _narrowed(listing)
        try:
            found = _walk(db, listing, query, _in_order(db, narrow, position), listing.limit)
        except sa.exc.OperationalError as failure:
            if not is_of_function(failure):
                raise
            found = None  # a row is damaged: the index has its words
        if found is not None and (len(found) == listing.limit or _ends_early(db, narrow, position)):
            return found
    return _records(db, _indexed(db, listing, query, position, listing.limit))


def _narrowed(listing: Listing) -> Listing:
    """The list of those that one index in this order narrows it to."""
    times = tuple(filter for filter in listing.filters if filter.field == "created_at")
    choices = [filter for filter in listing.filters if _narrows(filter)]
    rarest = sorted(choices, key=lambda filter: _NARROWING.index(filter.field))[:1]
    return replace(listing, filters=(*rarest, *times))


# What has an index in the order of lists; first what usually fewest have.
_NARROWING = ("status", "mfa", "phone_verified", "email_verified")


def _narrows(filter: Filter) -> bool:
    """Whether the rows that a filter asks for stand together in an index, in the order of lists."""
    return _is_blocked_only(filter) or filter.field in FLAGS


def _is_blocked_only(filter: Filter) -> bool:
    return filter.field == "status" and _is_blocked(filter)


def _ends_early(db: Connection, narrow: Listing, position: pagination.PagePosition | None) -> bool:
    """Whether the walk came to the end of the order, so that nothing is left to be found."""
    last = _in_order(db, narrow, position, users.c.created_at, users.c.seq).limit(1).offset(WALK - 1)
    return db.sqlalchemy.execute(last).one_or_none() is None


def _walk(db: Connection, listing: Listing, query: search_terms.Query, order: _Rows, limit: int) -> list[User]:
    """Those of the next WALK rows of the order that match, read only as far as the limit asks."""
    walked = order.limit(WALK).subquery()
    source = _source(walked.c)
    statement = sa.select(walked).where(*_conditions(source, listing)).limit(limit)
    if db.dialect.name == "sqlite":
        # The inner query is a coroutine here, which keeps its order; asking for it again would sort all of it.
        connection: Any = db.driver
        connection.create_function("authctl_matches", len(_WORDED), partial(_matches_row, query))
        statement = statement.where(sa.func.authctl_matches(*(walked.c[name] for name in _WORDED), type_=sa.Boolean))
    else:
        # A subquery of its own, since a join would let the planner begin with the words.
        db.sqlalchemy.exec_driver_sql("SET LOCAL enable_sort = off")
        met = sa.and_(*(pagination.holding(_USER_WORDS, condition) for condition in query.conditions))
        matching = sa.select(met).where(_USER_WORDS.c.user_seq == walked.c.seq).scalar_subquery()
        statement = statement.where(matching).order_by(*pagination.ordered(source, listing))
    return _records(db, statement)


_WORDED = ("id", "username", "name", "email", "phone", "labels")


def _matches_row(query: search_terms.Query, *worded: Any) -> bool:
    *texts, labels = worded
    given = (*texts, json.loads(labels))
    return query.matches(search_terms.document(*given))


def _indexed(
    db: Connection,
    listing: Listing,
    query: search_terms.Query,
    position: pagination.PagePosition | None,
    limit: int | None,
) -> sa.Select[Any]:
    """The users that the index names, sorted. The index leads, whatever the planner thinks of the words."""
    matches = _matches(db, query)
    return (
        _statement(listing, position)
        .select_from(_LeadingJoin(matches, users, matches.c.user_seq == users.c.seq))
        .order_by(*pagination.ordered(SOURCE, listing))
        .limit(limit)
    )


def _matches(db: Connection, query: search_terms.Query) -> sa.FromClause:
    """The numbers of the users that match."""
    if db.dialect.name == "sqlite":
        condition = sa.literal_column("user_words").op("MATCH")(query.fts5())
        return (
            sa.select(sa.literal_column("rowid", Sequence).label("user_seq"))
            .select_from(sa.table("user_words"))
            .where(condition)
            .cte("matches")
        )
    db.sqlalchemy.exec_driver_sql(_LED_BY_WORDS)
    return pagination.searched(db, query, "user").cte("matches").prefix_with("MATERIALIZED")


# Without statistics Postgres may think little of the index, and read all words, or many users. What the index names is
# looked up one by one, and then sorted, which the walk before it must not be.
_LED_BY_WORDS = """
    SELECT set_config(name, value, true) FROM (VALUES
        ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('enable_sort', 'on')
    ) AS planner (name, value)
"""


_USER_WORDS = pagination.words_of("user")


class _LeadingJoin(sa.sql.selectable.Join):
    """A join whose left side is read first. SQLite takes the word CROSS for that; Postgres joins as it sees fit."""

    inherit_cache = True


@compiles(_LeadingJoin, "sqlite")
def _compile_leading_join(join: _LeadingJoin, compiler: Any, **options: Any) -> str:
    options["asfrom"] = True
    left, right = compiler.process(join.left, **options), compiler.process(join.right, **options)
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **options)}"


def _records(db: Connection, statement: _Rows) -> list[User]:
    return list(record_mapping.each(db, db.sqlalchemy.execute(statement), record))
