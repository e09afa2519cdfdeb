"""The memberships of teams, their roles, and the invitations that wait to be accepted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from authctl.errors import Conflict
from authctl.model import Invitation, Listing, Membership, MembershipStatus
from authctl.storage import compiled, record_mapping
from authctl.storage.connection import BEHIND_ALL, Connection


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose memberships a list is of: a team's or a user's, by the number of its row.

    is_persons: as the user sees them: invitations to an address only where the user has proved it.
    """

    column: str
    seq: int
    is_persons: bool = False


def of_team(seq: int) -> Scope:
    return Scope("team_seq", seq)


def of_user(seq: int, *, is_persons: bool = False) -> Scope:
    return Scope("user_seq", seq, is_persons=is_persons)


# Changing


def insert(db: Connection, membership: Membership, team_seq: int, user_seq: int | None) -> Membership:
    """Store a new membership, of nobody yet without a user; a Conflict where the user has one in the team."""
    db.on_violation(_conflict)
    values = _columns(membership) | {"id": membership.id, "team_seq": team_seq, "user_seq": user_seq}
    seq = db.first(compiled.MEMBERSHIPS_INSERT, values).seq
    _insert_roles(db, seq, team_seq, membership)
    return replace(membership, seq=seq)


def _conflict(constraint: str) -> Conflict | None:
    if constraint != "memberships_team_seq_key":
        return None
    return Conflict("membership_already_confirmed", "The user is already in the team.", field="user")


def update(db: Connection, after: Membership, team_seq: int, user_seq: int | None = None) -> None:
    """Store what a membership has become. user_seq: whose it is now, where that changes."""
    user = {"user_seq": user_seq} if user_seq is not None else {}
    db.update(compiled.MEMBERSHIPS_UPDATE, _columns(after) | user, after.seq)
    db.run(compiled.MEMBERSHIPS_DELETE_ROLES, {"membership_seq": after.seq})
    _insert_roles(db, after.seq, team_seq, after)


def _insert_roles(db: Connection, seq: int, team_seq: int, membership: Membership) -> None:
    common = {"membership_seq": seq, "team_seq": team_seq, "invited_at": membership.invited_at}
    with db.ahead():
        for role in membership.roles:
            db.run(compiled.MEMBERSHIPS_INSERT_ROLE, common | {"role": role})


def _columns(membership: Membership) -> dict[str, Any]:
    return {
        "roles": list(membership.roles),
        "status": str(membership.status),
        "invited_at": membership.invited_at,
        "joined_at": membership.joined_at,
        "invited_as": membership.invited_as,
        "invited_name": membership.invited_name,
    }


def delete(db: Connection, membership: Membership) -> None:
    db.run(compiled.MEMBERSHIPS_DELETE, {"seq": membership.seq})


# Finding


def find(db: Connection, team_seq: int, id: str, *, lock: bool = False) -> Membership | None:
    """The membership of that id, if it is one of the team. lock: keep it from going with its user meanwhile."""
    row = db.first(
        compiled.MEMBERSHIPS_FIND_LOCKED if lock else compiled.MEMBERSHIPS_FIND, {"team_seq": team_seq, "id": id}
    )
    return record(row) if row else None


def find_of_user(db: Connection, team_seq: int, user_seq: int, *, lock: bool = False) -> Membership | None:
    statement = compiled.MEMBERSHIPS_FIND_OF_USER_LOCKED if lock else compiled.MEMBERSHIPS_FIND_OF_USER
    row = db.first(statement, {"team_seq": team_seq, "user_seq": user_seq})
    return record(row) if row else None


def find_invited(db: Connection, team_seq: int, address: str) -> Membership | None:
    """The membership that waits for whoever has an address."""
    row = db.first(compiled.MEMBERSHIPS_FIND_INVITED, {"team_seq": team_seq, "invited_as": address})
    return record(row) if row else None


def share_team(db: Connection, user_seq: int, other_seq: int) -> bool:
    """Whether two users are confirmed members of one team."""
    return bool(db.rows(compiled.MEMBERSHIPS_FIND_SHARED_TEAM, {"user_seq": user_seq, "other_seq": other_seq}))


def has_another_owner(db: Connection, team_seq: int, seq: int) -> bool:
    """Whether a team has a confirmed owner beside that membership."""
    return db.first(compiled.MEMBERSHIPS_FIND_OTHER_OWNER, {"team_seq": team_seq, "but": seq}) is not None


def owned_alone(db: Connection, user_seq: int) -> list[str]:
    """The ids of the teams that a user is the only confirmed owner of."""
    return [row.id for row in db.rows(compiled.MEMBERSHIPS_OWNED_ALONE, {"user_seq": user_seq})]


def confirmed_of_user(db: Connection, user_seq: int) -> list[tuple[str, str, tuple[str, ...]]]:
    """What makes the role strings of a user: of each confirmed membership the team's id, its own id, and its roles."""
    rows = db.rows(compiled.MEMBERSHIPS_CONFIRMED_OF_USER, {"user_seq": user_seq})
    return [(row.team_id, row.id, tuple(row.roles)) for row in rows]


# A list that nobody filters, searches or sorts; all others are in membership_lists.py

# By whose it is: the first page, the page behind a position, and what finds that position.
_LISTS = {
    ("team_seq", False): (
        compiled.MEMBERSHIPS_PAGE_OF_TEAM,
        compiled.MEMBERSHIPS_PAGE_OF_TEAM_BEHIND,
        compiled.MEMBERSHIPS_FIND_POSITION_OF_TEAM,
    ),
    ("user_seq", False): (
        compiled.MEMBERSHIPS_PAGE_OF_USER,
        compiled.MEMBERSHIPS_PAGE_OF_USER_BEHIND,
        compiled.MEMBERSHIPS_FIND_POSITION_OF_USER,
    ),
    ("user_seq", True): (
        compiled.MEMBERSHIPS_PAGE_OF_PERSON,
        compiled.MEMBERSHIPS_PAGE_OF_PERSON_BEHIND,
        compiled.MEMBERSHIPS_FIND_POSITION_OF_PERSON,
    ),
}


def find_position(db: Connection, scope: Scope, listing: Listing, id: str) -> Any:
    """The place in the order of a membership that the list is about."""
    return db.first(_LISTS[scope.column, scope.is_persons][2], {"scope": scope.seq, "id": id})


def list_page(db: Connection, scope: Scope, listing: Listing, position: Any) -> list[Membership]:
    """One page, the newest first."""
    first, behind, _ = _LISTS[scope.column, scope.is_persons]
    values = {"scope": scope.seq, "limit": listing.limit}
    if position is None:
        rows = db.rows(first, values)
    else:
        rows = db.rows(behind, values | {"key": position.key, "behind": position.seq})
    return list(record_mapping.each(db, rows, record))


def record(row: Any) -> Membership:
    typed: record_mapping.Typed = {"roles": record_mapping.texts, "status": MembershipStatus, "mfa": bool}
    return record_mapping.read(Membership, "memberships", row, typed)


# Invitations


def invite(db: Connection, membership_seq: int, invitation: Invitation, *, inviter_seq: int | None) -> Invitation:
    """Store another invitation to a membership; earlier ones go on being good. inviter_seq: the person who sends it."""
    values = {
        "membership_seq": membership_seq,
        "secret_digest": invitation.digest,
        "address": invitation.address,
        "expires_at": invitation.expires_at,
        "inviter_seq": inviter_seq,
    }
    return replace(invitation, seq=db.first(compiled.MEMBERSHIPS_INVITE, values).seq)


def list_invitations(db: Connection, membership_seq: int) -> list[Invitation]:
    """All invitations to a membership, expired ones too, the oldest first."""
    rows = db.rows(compiled.MEMBERSHIPS_LIST_INVITATIONS, {"membership_seq": membership_seq})
    return [Invitation(row.seq, row.secret_digest, row.address, row.expires_at) for row in rows]


def delete_invited_by(db: Connection, inviter_seq: int) -> int:
    """Remove the pending memberships that a person has invited to; how many there were."""
    return db.run(compiled.MEMBERSHIPS_DELETE_INVITED_BY, {"inviter_seq": inviter_seq})


def withdraw(db: Connection, invitation: Invitation) -> None:
    db.run(compiled.MEMBERSHIPS_WITHDRAW, {"seq": invitation.seq})


def withdraw_all(db: Connection, membership_seq: int, *, before: int = BEHIND_ALL) -> None:
    """End the invitations to a membership; before: only those that are older than the one of that number."""
    db.run(compiled.MEMBERSHIPS_WITHDRAW_ALL, {"membership_seq": membership_seq, "before": before})
