"""The memberships of teams, their roles, and the invitations that wait to be accepted.

A list is of one team or of one user: its scope. With a role asked of a team it walks the rows of that role, else those
of the memberships; both are indexed in the order of lists. What a list knows of users and teams is looked up for the
rows of its page alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from authctl.errors import Conflict
from authctl.model import OWNER, Filter, Invitation, Listing, Membership, MembershipStatus
from authctl.storage import pagination, search_index, search_terms
from authctl.storage.connection import Connection
from authctl.storage.driver_errors import violation
from authctl.storage.tables import invitations, membership_roles, memberships, teams, users

CONFIRMED = str(MembershipStatus.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose memberships a list is of: a team's or a user's, by the number of its row."""

    column: str
    seq: int


def of_team(seq: int) -> Scope:
    return Scope("team_seq", seq)


def of_user(seq: int) -> Scope:
    return Scope("user_seq", seq)


# Changing


def insert(db: Connection, membership: Membership, team_seq: int, user_seq: int) -> Membership:
    """Store a new membership; a Conflict where the user has one in the team."""
    values = _columns(membership) | {"id": membership.id, "team_seq": team_seq, "user_seq": user_seq}
    try:
        seq = db.sqlalchemy.execute(memberships.insert().values(values).returning(memberships.c.seq)).scalar_one()
    except IntegrityError as error:
        if violation(error.orig) != "memberships_team_seq_key":
            raise
        message = f"The user {membership.user_id} is in the team already."
        raise Conflict("membership_already_confirmed", message, field="user") from None
    _insert_roles(db, seq, team_seq, membership)
    return replace(membership, seq=seq)


def update(db: Connection, after: Membership, team_seq: int) -> None:
    """Store what a membership has become."""
    db.sqlalchemy.execute(memberships.update().where(memberships.c.seq == after.seq).values(_columns(after)))
    db.sqlalchemy.execute(membership_roles.delete().where(membership_roles.c.membership_seq == after.seq))
    _insert_roles(db, after.seq, team_seq, after)


def _insert_roles(db: Connection, seq: int, team_seq: int, membership: Membership) -> None:
    if membership.roles:
        common = {"membership_seq": seq, "team_seq": team_seq, "invited_at": membership.invited_at}
        db.sqlalchemy.execute(membership_roles.insert(), [common | {"role": role} for role in membership.roles])


def _columns(membership: Membership) -> dict[str, Any]:
    return {
        "roles": list(membership.roles),
        "status": str(membership.status),
        "invited_at": membership.invited_at,
        "joined_at": membership.joined_at,
    }


def delete(db: Connection, membership: Membership) -> None:
    db.sqlalchemy.execute(memberships.delete().where(memberships.c.seq == membership.seq))


# Finding


def find(db: Connection, team_seq: int, id: str, *, lock: bool = False) -> Membership | None:
    """The membership of that id, if it is one of the team. lock: keep it from going with its user meanwhile."""
    return _one(db, memberships.c.id == id, memberships.c.team_seq == team_seq, lock=lock)


def find_of_user(db: Connection, team_seq: int, user_seq: int, *, lock: bool = False) -> Membership | None:
    return _one(db, memberships.c.team_seq == team_seq, memberships.c.user_seq == user_seq, lock=lock)


def _one(db: Connection, *conditions: sa.ColumnElement[bool], lock: bool) -> Membership | None:
    statement = _with_names(memberships.c, memberships).where(*conditions)
    row = db.sqlalchemy.execute(statement.with_for_update(of=memberships) if lock else statement).one_or_none()
    return record(row) if row else None


def has_another_owner(db: Connection, team_seq: int, seq: int) -> bool:
    """Whether a team has a confirmed owner beside that membership."""
    owners = (
        sa.select(memberships.c.seq)
        .join(membership_roles, membership_roles.c.membership_seq == memberships.c.seq)
        .where(
            membership_roles.c.team_seq == team_seq,
            membership_roles.c.role == OWNER,
            memberships.c.status == CONFIRMED,
            memberships.c.seq != seq,
        )
    )
    return db.sqlalchemy.execute(owners.limit(1)).one_or_none() is not None


def confirmed_of_user(db: Connection, user_seq: int) -> list[tuple[str, str, tuple[str, ...]]]:
    """What makes the role strings of a user: of each confirmed membership the team's id, its own id, and its roles."""
    statement = (
        sa.select(teams.c.id, memberships.c.id, memberships.c.roles)
        .join(teams, teams.c.seq == memberships.c.team_seq)
        .where(memberships.c.user_seq == user_seq, memberships.c.status == CONFIRMED)
        .order_by(memberships.c.seq)
    )
    return [(team, id, tuple(roles)) for team, id, roles in db.sqlalchemy.execute(statement)]


# Lists


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
    statement = sa.select(pagination.sort_key(SOURCE, listing), SOURCE.seq).where(SOURCE.id == id, _in(scope))
    row = db.sqlalchemy.execute(statement).one_or_none()
    return pagination.PagePosition(row[0], row[1]) if row else None


def list_page(
    db: Connection, scope: Scope, listing: Listing, position: pagination.PagePosition | None
) -> list[Membership]:
    """One page, in the order asked for."""
    listed = _listed(db, scope, listing)
    if listed is None:
        return []
    statement, source = listed
    if position is not None:
        statement = statement.where(pagination.beyond(source, listing, position))
    page = statement.order_by(*pagination.ordered(source, listing)).limit(listing.limit).subquery("page")
    named = _with_names(page.c, page).order_by(*pagination.ordered(_source(page.c), listing))
    found = list(_records(db, named))
    return found[::-1] if listing.before is not None else found


def iterate(db: Connection, scope: Scope, listing: Listing) -> Iterator[Membership]:
    """All of a list, streamed."""
    listed = _listed(db, scope, listing)
    if listed is not None:
        statement, source = listed
        ordered = statement.order_by(*pagination.ordered(source, listing))
        yield from _records(db, _naming(ordered), stream=True)


def count(db: Connection, scope: Scope, listing: Listing) -> int:
    listed = _listed(db, scope, listing)
    if listed is None:
        return 0
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(listed[0].subquery())).scalar_one()


def _in(scope: Scope) -> sa.ColumnElement[bool]:
    return memberships.c[scope.column] == scope.seq


def _listed(db: Connection, scope: Scope, listing: Listing) -> tuple[sa.Select[Any], pagination.ListSource] | None:
    """The memberships of a list in no order, and its fields; None where a search without a word can find none."""
    filters, statement, source = list(listing.filters), sa.select(memberships), SOURCE
    role = _role_to_walk(filters, scope)
    if role is None:
        statement = statement.where(_in(scope))
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


def _with_names(columns: Any, rows: sa.FromClause) -> sa.Select[Any]:
    """Memberships with what is shown of their teams and users."""
    return (
        sa.select(*(columns[name] for name in _SHOWN), *_NAMES)
        .select_from(rows)
        .join(teams, teams.c.seq == columns.team_seq)
        .join(users, users.c.seq == columns.user_seq)
    )


def _naming(statement: sa.Select[Any]) -> sa.Select[Any]:
    """The same for a statement over memberships that keeps its order."""
    return (
        statement.with_only_columns(*(memberships.c[name] for name in _SHOWN), *_NAMES, maintain_column_froms=True)
        .join(teams, teams.c.seq == memberships.c.team_seq)
        .join(users, users.c.seq == memberships.c.user_seq)
    )


_SHOWN = ("seq", "id", "roles", "status", "invited_at", "joined_at")
_NAMES = (
    teams.c.id.label("team_id"),
    teams.c.name.label("team_name"),
    users.c.id.label("user_id"),
    users.c.name.label("user_name"),
    users.c.email.label("user_email"),
    _MFA.label("mfa"),
)


def _records(db: Connection, statement: sa.Select[Any], *, stream: bool = False) -> Iterator[Membership]:
    if stream:
        statement = statement.execution_options(yield_per=500)
    with db.sqlalchemy.execute(statement) as rows:
        for row in rows:
            yield record(row)


def record(row: sa.Row[Any]) -> Membership:
    return Membership(
        seq=row.seq,
        id=row.id,
        team_id=row.team_id,
        team_name=row.team_name,
        user_id=row.user_id,
        user_name=row.user_name,
        user_email=row.user_email,
        roles=tuple(row.roles),
        status=MembershipStatus(row.status),
        invited_at=row.invited_at,
        joined_at=row.joined_at,
        mfa=bool(row.mfa),
    )


# Invitations


def invite(db: Connection, membership_seq: int, invitation: Invitation) -> Invitation:
    """Store another invitation to a membership; earlier ones go on being good."""
    values = {
        "membership_seq": membership_seq,
        "secret_digest": invitation.digest,
        "address": invitation.address,
        "expires_at": invitation.expires_at,
    }
    seq = db.sqlalchemy.execute(invitations.insert().values(values).returning(invitations.c.seq)).scalar_one()
    return replace(invitation, seq=seq)


def list_invitations(db: Connection, membership_seq: int) -> list[Invitation]:
    """All invitations to a membership, expired ones too, the oldest first."""
    statement = sa.select(invitations).where(invitations.c.membership_seq == membership_seq)
    rows = db.sqlalchemy.execute(statement.order_by(invitations.c.seq))
    return [Invitation(row.seq, row.secret_digest, row.address, row.expires_at) for row in rows]


def withdraw(db: Connection, invitation: Invitation) -> None:
    db.sqlalchemy.execute(invitations.delete().where(invitations.c.seq == invitation.seq))


def withdraw_all(db: Connection, membership_seq: int, *, before: int | None = None) -> None:
    """End the invitations to a membership; before: only those that are older than the one of that number."""
    older = () if before is None else (invitations.c.seq < before,)
    db.sqlalchemy.execute(invitations.delete().where(invitations.c.membership_seq == membership_seq, *older))
