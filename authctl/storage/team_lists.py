"""Lists of teams that somebody filters, searches or sorts, and lists of all of them.

user_seq: only the teams that this user is a member of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from authctl.model import Listing, MembershipStatus, Team
from authctl.storage import pagination, record_mapping, search_terms
from authctl.storage.connection import Connection
from authctl.storage.tables import memberships, teams
from authctl.storage.teams import record


def _source(columns: Any) -> pagination.ListSource:
    """The fields of teams as lists know them, over the table or a query that has its columns."""
    fields = {name: columns[name] for name in ("id", "name", "prefs", "created_at", "updated_at")}
    return pagination.ListSource(columns.seq, columns.id, fields | {"members": members(columns.seq)})


def members(team_seq: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """How many members the team of a row has, which an index alone answers."""
    confirmed = memberships.c.status == str(MembershipStatus.CONFIRMED)
    counted = sa.select(sa.func.count()).select_from(memberships).where(memberships.c.team_seq == team_seq, confirmed)
    return sa.func.coalesce(counted.correlate_except(memberships).scalar_subquery(), 0)


SOURCE = _source(teams.c)


def find_position(db: Connection, listing: Listing, id: str) -> pagination.PagePosition | None:
    return pagination.find_position(db, SOURCE, listing, id)


def list_page(
    db: Connection, listing: Listing, position: pagination.PagePosition | None, user_seq: int | None = None
) -> list[Team]:
    """One page, in the order asked for."""
    statement = _statement(db, listing, user_seq)
    if statement is None:
        return []
    found = list(record_mapping.each(db, db.sqlalchemy.execute(page(statement, listing, position)), _record))
    return found[::-1] if listing.before is not None else found


def iterate(db: Connection, listing: Listing, user_seq: int | None = None) -> Iterator[Team]:
    """All of a list, streamed."""
    statement = _statement(db, listing, user_seq)
    if statement is None:
        return
    counted = statement.add_columns(SOURCE.fields["members"].label("members"))
    rows = db.stream(counted.order_by(*pagination.ordered(SOURCE, listing)))
    yield from record_mapping.each(db, rows, _record)


def _record(row: Any) -> Team:
    return record(row, row.members)


def count(db: Connection, listing: Listing, user_seq: int | None = None) -> int:
    statement = _statement(db, listing, user_seq)
    if statement is None:
        return 0
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(statement.subquery())).scalar_one()


def _statement(db: Connection, listing: Listing, user_seq: int | None) -> sa.Select[Any] | None:
    """The teams of a list in no order; None where a search without a word can find none."""
    conditions = [pagination.condition(SOURCE, filter) for filter in listing.filters]
    if listing.search is not None:
        query = search_terms.Query.parse(listing.search)
        if query.is_empty:
            return None
        conditions.append(teams.c.seq.in_(pagination.searched(db, query, "team")))
    if user_seq is not None:
        conditions.append(is_of_user(user_seq))
    return sa.select(teams).where(*conditions)


def is_of_user(user_seq: Any) -> sa.ColumnElement[bool]:
    """Whether a user is a member of a team."""
    confirmed = memberships.c.status == str(MembershipStatus.CONFIRMED)
    return teams.c.seq.in_(sa.select(memberships.c.team_seq).where(memberships.c.user_seq == user_seq, confirmed))


def page(statement: sa.Select[Any], listing: Listing, position: pagination.PagePosition | None) -> sa.Select[Any]:
    """What a list reads of its teams, from behind a position on, with their members, who are counted for no other."""
    if position is not None:
        statement = statement.where(pagination.beyond(SOURCE, listing, position))
    rows = statement.order_by(*pagination.ordered(SOURCE, listing)).limit(listing.limit).subquery("page").c
    source = _source(rows)
    counted = sa.select(*rows, source.fields["members"].label("members"))
    return counted.order_by(*pagination.ordered(source, listing))
