"""The teams: their rows, their words in the search index, and how many members they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from authctl.errors import Conflict
from authctl.model import Listing, MembershipStatus, Team
from authctl.storage import pagination, search_index, search_terms
from authctl.storage.connection import Connection
from authctl.storage.driver_errors import violation
from authctl.storage.tables import memberships, teams


def _source(columns: Any) -> pagination.ListSource:
    """The fields of teams as lists know them, over the table or a query that has its columns."""
    fields = {name: columns[name] for name in ("id", "name", "created_at", "updated_at")}
    return pagination.ListSource(columns.seq, columns.id, fields | {"members": _members(columns.seq)})


def _members(team_seq: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """How many members the team of a row has, which an index alone answers."""
    confirmed = memberships.c.status == str(MembershipStatus.CONFIRMED)
    counted = sa.select(sa.func.count()).select_from(memberships).where(memberships.c.team_seq == team_seq, confirmed)
    return sa.func.coalesce(counted.correlate_except(memberships).scalar_subquery(), 0)


SOURCE = _source(teams.c)


def insert(db: Connection, team: Team) -> Team:
    """Store a new team; a Conflict where the id is taken."""
    values = {name: getattr(team, name) for name in ("id", "name", "prefs", "created_at", "updated_at")}
    try:
        seq = db.sqlalchemy.execute(teams.insert().values(values).returning(teams.c.seq)).scalar_one()
    except IntegrityError as error:
        if violation(error.orig) != "teams_id_key":
            raise
        raise Conflict(
            "team_already_exists", f"The id {team.id} is taken.", field="id", hint="Choose another, or leave it out."
        ) from None
    search_index.insert(db, seq, document(team), of="team")
    return replace(team, seq=seq)


def update(db: Connection, before: Team, after: Team) -> None:
    """Store what changed between two states of one team."""
    names = ("name", "prefs", "updated_at")
    changed = {name: getattr(after, name) for name in names if getattr(before, name) != getattr(after, name)}
    if changed:
        db.sqlalchemy.execute(teams.update().where(teams.c.seq == before.seq).values(changed))
        search_index.replace(db, before.seq, document(before), document(after), of="team")


def delete(db: Connection, team: Team) -> None:
    """Remove a team; the foreign keys see to its memberships."""
    search_index.delete(db, team.seq, document(team), of="team")
    db.sqlalchemy.execute(teams.delete().where(teams.c.seq == team.seq))


def find(db: Connection, id: str, *, lock: bool = False) -> Team | None:
    """The team of that id, its members not counted. lock: keep others from changing it or its memberships."""
    statement = sa.select(teams).where(teams.c.id == id)
    row = db.sqlalchemy.execute(statement.with_for_update() if lock else statement).one_or_none()
    return record(row) if row else None


def find_ids(db: Connection, name: str, user_seq: int | None, limit: int) -> list[str]:
    """The ids of the teams of that name, at most so many; user_seq: of those that this user is a member of."""
    statement = sa.select(teams.c.id).where(teams.c.name == name, *_of_user(user_seq))
    return list(db.sqlalchemy.execute(statement.order_by(teams.c.created_at, teams.c.seq).limit(limit)).scalars())


def count_members(db: Connection, seq: int) -> int:
    return db.sqlalchemy.execute(sa.select(_members(sa.literal(seq)))).scalar_one()


# Lists; user_seq: only the teams that this user is a member of


def find_position(db: Connection, listing: Listing, id: str) -> pagination.PagePosition | None:
    return pagination.find_position(db, SOURCE, listing, id)


def list_page(
    db: Connection, listing: Listing, position: pagination.PagePosition | None, user_seq: int | None = None
) -> list[Team]:
    """One page, in the order asked for."""
    statement = _statement(db, listing, user_seq)
    if statement is None:
        return []
    if position is not None:
        statement = statement.where(pagination.beyond(SOURCE, listing, position))
    page = statement.order_by(*pagination.ordered(SOURCE, listing)).limit(listing.limit).subquery("page")
    found = list(_records(db, _counted(page.c, listing)))
    return found[::-1] if listing.before is not None else found


def iterate(db: Connection, listing: Listing, user_seq: int | None = None) -> Iterator[Team]:
    """All of a list, streamed."""
    statement = _statement(db, listing, user_seq)
    if statement is not None:
        counted = statement.add_columns(SOURCE.fields["members"].label("members"))
        yield from _records(db, counted.order_by(*pagination.ordered(SOURCE, listing)), stream=True)


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
    return sa.select(teams).where(*conditions, *_of_user(user_seq))


def _of_user(user_seq: int | None) -> list[sa.ColumnElement[bool]]:
    if user_seq is None:
        return []
    confirmed = memberships.c.status == str(MembershipStatus.CONFIRMED)
    theirs = sa.select(memberships.c.team_seq).where(memberships.c.user_seq == user_seq, confirmed)
    return [teams.c.seq.in_(theirs)]


def _counted(page: Any, listing: Listing) -> sa.Select[Any]:
    """The teams of a page with their members, who are counted for no other."""
    source = _source(page)
    statement = sa.select(*page, source.fields["members"].label("members"))
    return statement.order_by(*pagination.ordered(source, listing))


def _records(db: Connection, statement: sa.Select[Any], *, stream: bool = False) -> Iterator[Team]:
    if stream:
        statement = statement.execution_options(yield_per=500)
    with db.sqlalchemy.execute(statement) as rows:
        for row in rows:
            yield record(row, row.members)


def document(team: Team) -> search_index.Document:
    return search_terms.document(team.id, None, team.name, None, None)


def record(row: sa.Row[Any], members: int = 0) -> Team:
    return Team(
        seq=row.seq,
        id=row.id,
        name=row.name,
        prefs=row.prefs,
        created_at=row.created_at,
        updated_at=row.updated_at,
        members=members,
    )
