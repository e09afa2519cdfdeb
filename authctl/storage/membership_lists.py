"""Lists of memberships that somebody filters, searches or sorts, and lists of all of them.

A list is of one team or of one user: its scope. With a role asked of a team it walks the rows of that role, else those
of the memberships; both are indexed in the order of lists. What a list knows of users and teams is looked up for the
rows of its page alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from authctl.model import Filter, Listing, Membership, MembershipStatus
from authctl.storage import pagination, record_mapping, search_index, search_terms
from authctl.storage.connection import Connection
from authctl.storage.memberships import Scope, record
from authctl.storage.tables import identities, membership_roles, memberships, teams, users


def _source(columns: Any) -> pagination.ListSource:
    """The fields of memberships as lists know them, over the table or a query that has its columns."""
    fields = {name: columns[name] for name in ("id", "roles", "status", "invited_at", "joined_at")}

    def of(table: sa.Table, value: sa.ColumnElement[Any], seq: Any) -> sa.ScalarSelect[Any]:
        return sa.select(value).where(table.c.seq == seq).correlate_except(table).scalar_subquery()

    return pagination.ListSource(
        columns.seq,
        columns.id,
        fields
        | {
            "team_id": of(teams, teams.c.id, columns.team_seq),
            "team_name": of(teams, teams.c.name, columns.team_seq),
            "user_id": of(users, users.c.id, columns.user_seq),
            "user_name": of(users, users.c.name, columns.user_seq),
            "user_email": of(users, users.c.email, columns.user_seq),
            "mfa": sa.func.coalesce(of(users, _MFA, columns.user_seq), sa.false()),
        },
    )


# Whether a user has a second factor and uses it.
_MFA = sa.and_(users.c.mfa, sa.or_(users.c.totp, users.c.email_verified, users.c.phone_verified))

SOURCE = _source(memberships.c)


def find_position(db: Connection, scope: Scope, listing: Listing, id: str) -> pagination.PagePosition | None:
    """The place in an order of a membership that the list is about."""
    row = db.sqlalchemy.execute(position_in(scope, listing, id)).one_or_none()
    return pagination.PagePosition(row[0], row[1], tuple(row[2:])) if row else None


def position_in(scope: Scope, listing: Listing, id: Any) -> sa.Select[Any]:
    """What finds that place."""
    return pagination.position(SOURCE, listing, id).where(_in(scope))


def list_page(
    db: Connection, scope: Scope, listing: Listing, position: pagination.PagePosition | None
) -> list[Membership]:
    """One page, in the order asked for."""
    listed = _listed(db, scope, listing)
    if listed is None:
        return []
    found = list(record_mapping.each(db, db.sqlalchemy.execute(page(*listed, listing, position)), record))
    return found[::-1] if listing.before is not None else found


def page(
    statement: sa.Select[Any],
    source: pagination.ListSource,
    listing: Listing,
    position: pagination.PagePosition | None,
) -> sa.Select[Any]:
    """What a list reads of its memberships, from behind a position on."""
    if position is not None:
        statement = statement.where(pagination.beyond(source, listing, position))
    rows = statement.order_by(*pagination.ordered(source, listing)).limit(listing.limit).subquery("page")
    return with_names(rows.c, rows).order_by(*pagination.ordered(_source(rows.c), listing))


def iterate(db: Connection, scope: Scope, listing: Listing) -> Iterator[Membership]:
    """All of a list, streamed."""
    listed = _listed(db, scope, listing)
    if listed is None:
        return
    statement, source = listed
    rows = db.stream(_naming(statement.order_by(*pagination.ordered(source, listing))))
    yield from record_mapping.each(db, rows, record)


def count(db: Connection, scope: Scope, listing: Listing) -> int:
    listed = _listed(db, scope, listing)
    if listed is None:
        return 0
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(listed[0].subquery())).scalar_one()


def of_scope(scope: Scope) -> sa.Select[Any]:
    """The memberships that a list is of."""
    return sa.select(memberships).where(_in(scope))


def _in(scope: Scope) -> sa.ColumnElement[bool]:
    is_of = memberships.c[scope.column] == scope.seq
    if not scope.is_persons:
        return is_of
    proved = sa.union_all(
        sa.select(users.c.email).where(users.c.seq == scope.seq, users.c.email_verified),
        sa.select(users.c.phone).where(users.c.seq == scope.seq, users.c.phone_verified),
        sa.select(identities.c.email).where(identities.c.user_seq == scope.seq, identities.c.email_verified),
    )
    is_open = sa.or_(memberships.c.invited_as.is_(None), memberships.c.status == str(MembershipStatus.CONFIRMED))
    is_invited = sa.and_(memberships.c.user_seq.is_(None), memberships.c.invited_as.in_(proved))
    return sa.or_(sa.and_(is_of, sa.or_(is_open, memberships.c.invited_as.in_(proved))), is_invited)


def _listed(db: Connection, scope: Scope, listing: Listing) -> tuple[sa.Select[Any], pagination.ListSource] | None:
    """The memberships of a list in no order, and its fields; None where a search without a word can find none."""
    filters, source = list(listing.filters), SOURCE
    role = _role_to_walk(filters, scope)
    if role is None:
        statement = of_scope(scope)
    else:
        filters.remove(role)
        statement, source = _with_role(scope, role.value)
    statement = statement.where(*(pagination.condition(source, filter) for filter in filters))
    if listing.search is not None:
        query = search_terms.Query.parse(listing.search)
        if query.is_empty:
            return None
        # A team is searched for its users, a user for the teams.
        of: search_index.Of = "user" if scope.column == "team_seq" else "team"
        statement = statement.where(memberships.c[f"{of}_seq"].in_(pagination.searched(db, query, of)))
    return statement, source


def _role_to_walk(filters: list[Filter], scope: Scope) -> Filter | None:
    """The filter on a role whose rows are walked. A user has few memberships: there they are looked at themselves."""
    if scope.column != "team_seq":
        return None
    return next((filter for filter in filters if filter.field == "roles"), None)


def _with_role(scope: Scope, role: str) -> tuple[sa.Select[Any], pagination.ListSource]:
    """The memberships that have a role in a team, walked by the index over roles."""
    held = membership_roles.c
    statement = (
        sa.select(memberships)
        .join(membership_roles, held.membership_seq == memberships.c.seq)
        .where(held.team_seq == scope.seq, held.role == role)
    )
    fields = SOURCE.fields | {"invited_at": held.invited_at}
    return statement, pagination.ListSource(held.membership_seq, SOURCE.id, fields)


def with_names(columns: Any, rows: sa.FromClause) -> sa.Select[Any]:
    """Memberships with what is shown of their teams and users."""
    return (
        sa.select(*(columns[name] for name in _SHOWN), *_NAMES)
        .select_from(rows)
        .join(teams, teams.c.seq == columns.team_seq)
        .outerjoin(users, users.c.seq == columns.user_seq)
    )


def _naming(statement: sa.Select[Any]) -> sa.Select[Any]:
    """The same for a statement over memberships that keeps its order."""
    return (
        statement.with_only_columns(*(memberships.c[name] for name in _SHOWN), *_NAMES, maintain_column_froms=True)
        .join(teams, teams.c.seq == memberships.c.team_seq)
        .outerjoin(users, users.c.seq == memberships.c.user_seq)
    )


_SHOWN = ("seq", "id", "roles", "status", "invited_at", "joined_at", "invited_as", "invited_name")
_NAMES = (
    teams.c.id.label("team_id"),
    teams.c.name.label("team_name"),
    users.c.id.label("user_id"),
    users.c.name.label("user_name"),
    users.c.email.label("user_email"),
    _MFA.label("mfa"),
)
