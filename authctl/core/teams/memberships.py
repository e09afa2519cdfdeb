"""Memberships: who belongs to a team, with which roles. How people become members is in `invitations` and `accepting`.

Each change locks the row of its team first, then the user's: changes of one team come one after another. What the
policy hides from members of each other, a person is neither shown nor can find out by asking.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from authctl import storage
from authctl.core.accounts import identities, lookup as accounts_lookup, naming
from authctl.core.policy.policies import MEMBER_FIELDS
from authctl.core.teams import lookup
from authctl.core.values import checks, contacts, identifiers, listings
from authctl.core.values.listings import Field, FieldType
from authctl.errors import Conflict, Denied, Invalid, NotFound
from authctl.model import OWNER, EventName, Json, Listing, Membership, MembershipStatus, Team, User

if TYPE_CHECKING:
    from authctl.core.work.engine import Engine
    from authctl.core.work.unit import Work
    from authctl.storage.memberships import Scope


CONFIRMED, PENDING = MembershipStatus.CONFIRMED, MembershipStatus.PENDING

# What lists are filtered and sorted by.
FIELDS = {
    "id": Field(FieldType.TEXT, nullable=False),
    "team_id": Field(FieldType.TEXT, nullable=False),
    "team_name": Field(FieldType.TEXT, nullable=False),
    "user_id": Field(FieldType.TEXT),
    "user_name": Field(FieldType.TEXT),
    "user_email": Field(FieldType.TEXT, normalize=contacts.email_lookup),
    "roles": Field(FieldType.MEMBERS, nullable=False),
    "status": Field(FieldType.CHOICE, nullable=False, choices=tuple(MembershipStatus)),
    "invited_at": Field(FieldType.TIME, nullable=False),
    "joined_at": Field(FieldType.TIME),
    "mfa": Field(FieldType.FLAG, nullable=False),
}


# Finding


def get(work: Work, team: str, membership: str) -> Membership:
    """One membership of a team, by its id or by whatever names its user.

    Raises NotFound (team_not_found, membership_not_found).
    """
    return shown(work, find(work, lookup.find_one(work, team), membership))


def find(work: Work, team: Team, membership: str, *, lock: bool = False) -> Membership:
    """The same with all its fields. lock: for a change in this unit of work, where the user is not locked already."""
    found = find_any(work, team, membership, lock=lock)
    if found is None:
        raise NotFound(
            "membership_not_found",
            f"There is no membership {checks.shown(membership)} in the team {team.id}.",
            field="membership",
            hint=f"List them with: authctl teams list-memberships {team.id}",
        )
    return found


def find_any(work: Work, team: Team, membership: str, *, lock: bool = False) -> Membership | None:
    """The same, or None."""
    checks.text(membership, "membership")
    found = storage.memberships.find(work.db, team.seq, membership, lock=lock)
    if found is not None:
        return found
    if (user := accounts_lookup.find(work, membership)) is not None:
        found = storage.memberships.find_of_user(work.db, team.seq, user.seq, lock=lock)
    if user is not None and found is not None:
        return found if _may_name(work, user, found, membership) else None
    address = address_in(membership) if work.person is None else None
    return storage.memberships.find_invited(work.db, team.seq, address) if address is not None else None


def address_in(text: str) -> str | None:
    """The email or phone that a text is, as invitations have it."""
    return contacts.email_lookup(text.removeprefix("email:")) or contacts.phone_lookup(text.removeprefix("phone:"))


def _may_name(work: Work, user: User, found: Membership, text: str) -> bool:
    """Whether a person may name a user's membership that way. Others would reveal names, emails or who is invited."""
    if work.person is None or user.seq == work.person.user.seq:
        return True
    return text == user.id and found.is_confirmed and "user_id" not in _hidden(work)


def may_find(work: Work, text: str) -> bool:
    """Whether a person may name a user by that text: themselves by any, teammates by id."""
    assert work.person is not None
    user = accounts_lookup.find(work, text)
    if user is None or user.seq == work.person.user.seq:
        return user is not None
    is_id = text.removeprefix("id:") == user.id and "user_id" not in _hidden(work)
    return is_id and storage.memberships.share_team(work.db, user.seq, work.person.user.seq)


def _hidden(work: Work) -> frozenset[str]:
    """The fields that members do not see of each other."""
    hidden: frozenset[str] = frozenset() if work.is_operator else work.policy["memberships-privacy"]
    return hidden


def shown(work: Work, membership: Membership) -> Membership:
    """The membership as the actor may see it. Invitees are hidden from everybody but themselves and operators."""
    if work.person is None or membership.user_id == work.person.user.id:
        return membership
    hidden = _hidden(work) if membership.is_confirmed else frozenset(MEMBER_FIELDS)
    nothing: dict[str, Any] = dict.fromkeys(hidden | ({"invited_as"} if "user_email" in hidden else set()))
    return replace(membership, **nothing)


# Lists: of a team, and of a user


def list_of_team(
    work: Work,
    team: str,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-invited_at",
    limit: int = 25,
    after: str | None = None,
    before: str | None = None,
) -> list[Membership]:
    """One page of a team's memberships, pending ones too, the newest first unless `sort` says otherwise.

    search: beginnings of words in the user's id, username, name, email and phone; for operators. filters: `FIELD OP
    VALUE`, all of which must hold. sort: a field, or several with commas, with `-` for descending. after, before: the
    id of the membership that the page follows or precedes.
    """
    scope = storage.memberships.of_team(lookup.find_one(work, team).seq)
    return _page(work, scope, search=search, filters=filters, sort=sort, limit=limit, after=after, before=before)


def iterate_of_team(
    directory: Engine,
    team: str,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-invited_at",
) -> Iterator[Membership]:
    """All memberships of such a list, streamed in constant memory."""

    def stream(work: Work) -> Iterator[Membership]:
        scope = storage.memberships.of_team(lookup.find_one(work, team).seq)
        return _iterate(work, scope, search=search, filters=filters, sort=sort)

    return directory.stream(stream)


def count_of_team(work: Work, team: str, *, search: str | None = None, filters: Iterable[str] = ()) -> int:
    """How many memberships such a list has."""
    scope = storage.memberships.of_team(lookup.find_one(work, team).seq)
    return storage.membership_lists.count(work.db, scope, _asked(work, search=search, filters=filters))


def list_of_user(
    work: Work,
    user: str,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-invited_at",
    limit: int = 25,
    after: str | None = None,
    before: str | None = None,
) -> list[Membership]:
    """One page of a user's memberships, invitations too. search: beginnings of words in the team's id and name."""
    scope = _of_user(work, user)
    return _page(work, scope, search=search, filters=filters, sort=sort, limit=limit, after=after, before=before)


def _of_user(work: Work, user: str) -> Scope:
    """A user's memberships; a person sees invitations to an address only if it is proved to be theirs."""
    return storage.memberships.of_user(accounts_lookup.get(work, user).seq, is_persons=work.person is not None)


def iterate_of_user(
    directory: Engine,
    user: str,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-invited_at",
) -> Iterator[Membership]:
    """All memberships of such a list, streamed in constant memory."""

    def stream(work: Work) -> Iterator[Membership]:
        scope = _of_user(work, user)
        return _iterate(work, scope, search=search, filters=filters, sort=sort)

    return directory.stream(stream)


def count_of_user(work: Work, user: str, *, search: str | None = None, filters: Iterable[str] = ()) -> int:
    """How many memberships such a list has."""
    scope = _of_user(work, user)
    return storage.membership_lists.count(work.db, scope, _asked(work, search=search, filters=filters))


def _page(work: Work, scope: Scope, **asked: Any) -> list[Membership]:
    listed = _asked(work, **asked)
    position = _position(work, scope, listed)
    return [shown(work, each) for each in _lists(listed).list_page(work.db, scope, listed, position)]


def _iterate(work: Work, scope: Scope, **asked: Any) -> Iterator[Membership]:
    listed = _asked(work, limit=None, **asked)
    return (shown(work, each) for each in storage.membership_lists.iterate(work.db, scope, listed))


def _asked(work: Work, *, search: str | None = None, sort: str = "-invited_at", **asked: Any) -> Listing:
    """A list as it was asked for. What is hidden from a person is no way to sort, filter or search either."""
    if search is not None and not work.is_operator:
        message = "Only operators can search memberships. Use a filter instead."
        raise Denied("user_unauthorized", message, field="search")
    hidden = _hidden(work)
    fields = {name: field for name, field in FIELDS.items() if name not in hidden}
    filters = asked.get("filters", ())
    if work.person is not None and _asks_who(sort, filters):
        asked["filters"] = [*filters, f"status = {CONFIRMED}"]
    return listings.parse(fields, work.now, search=search, sort=sort, **asked)


def _asks_who(sort: str, filters: Iterable[str]) -> bool:
    """Whether a list filters or sorts by who the members are, which would reveal who is invited."""
    return any(text.strip().lstrip("-").startswith(MEMBER_FIELDS) for text in (*sort.split(","), *filters))


def _lists(asked: Listing) -> Any:
    """What answers a list; one that nobody filters, searches or sorts was compiled ahead."""
    return storage.memberships if asked.is_plain else storage.membership_lists


def _position(work: Work, scope: Scope, asked: Listing) -> Any:
    def find(id: str, option: str) -> Any:
        return _lists(asked).find_position(work.db, scope, asked, identifiers.identifier(id, field=option))

    return listings.position(asked, "membership_not_found", "membership", find)


# Changing


def join(work: Work, team: Team, user: User, roles: tuple[str, ...]) -> Membership:
    """Make a user a confirmed member of a team that is locked."""
    before = storage.memberships.find_of_user(work.db, team.seq, user.seq)
    check_pending(work, before)
    after = confirm(work, team, user, before, roles)
    record(work, EventName.TEAMS_MEMBERSHIPS_CREATE, before, after, {"roles": list(roles), "status": CONFIRMED}, user)
    return after


def confirm(
    work: Work,
    team: Team,
    user: User,
    before: Membership | None,
    roles: tuple[str, ...],
    *,
    joined_at: datetime | None = None,
) -> Membership:
    """Do all that joining a team entails, except for the event: the membership is confirmed, its invitations end.

    before: the pending membership, if there is one; it is the user's from now on, whosever it was.
    """
    at = joined_at or work.now
    if before is None:
        confirmed = replace(new(work, team, user, roles), status=CONFIRMED, invited_at=at, joined_at=at)
        return storage.memberships.insert(work.db, confirmed, team.seq, user.seq)
    after = replace(
        before,
        **_of(user),
        status=CONFIRMED,
        roles=roles,
        invited_at=min(before.invited_at, at),
        joined_at=at,
        invited_as=before.invited_as if before.invited_as not in (user.email, user.phone) else None,
        invited_name=None,
    )
    storage.memberships.update(work.db, after, team.seq, user.seq)
    storage.memberships.withdraw_all(work.db, after.seq)
    return after


def new(
    work: Work,
    team: Team,
    user: User | None,
    roles: tuple[str, ...],
    *,
    invited_as: str | None = None,
    invited_name: str | None = None,
) -> Membership:
    """A membership that is yet to be stored, and confirmed. user: None for whoever proves to have the address."""
    return Membership(
        seq=0,
        id=work.new_id(),
        team_id=team.id,
        team_name=team.name,
        **_of(user),
        roles=roles,
        status=PENDING,
        invited_at=work.now,
        invited_as=invited_as,
        invited_name=invited_name,
    )


def _of(user: User | None) -> dict[str, Any]:
    """What a membership shows of its user."""
    if user is None:
        return {"user_id": None, "user_name": None, "user_email": None, "mfa": False}
    mfa = user.mfa and (user.totp or user.email_verified or user.phone_verified)
    return {"user_id": user.id, "user_name": user.name, "user_email": user.email, "mfa": mfa}


def check_pending(work: Work, membership: Membership | None) -> None:
    if membership is None or not membership.is_confirmed:
        return
    who = f"User {membership.user_id}" if work.is_operator else "That user"
    raise Conflict(
        "membership_already_confirmed",
        f"{who} is already a member of the team.",
        field="user",
        hint="Change the roles with: authctl teams update-membership",
    )


def update(
    work: Work,
    team: str,
    membership: str,
    roles: Iterable[str] | None = None,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    force: bool = False,
) -> Membership:
    """Replace the roles of a membership, or `add` some and `remove` others.

    force: also where that leaves the team without an owner, which is otherwise a Conflict (membership_last_owner), and
    where somebody typed in the address or username that names the account.
    """
    added, gone = identifiers.roles(add, field="add"), set(identifiers.roles(remove, field="remove"))
    replacing = identifiers.roles(roles) if roles is not None else None
    if replacing is None and not (added or gone):
        message = "Name the roles, or those to add and to remove."
        raise Invalid("general_argument_invalid", message, field="roles")
    found = lookup.find_owned(work, team)
    before = find(work, found, membership, lock=True)
    kept = before.roles if replacing is None else replacing
    after = replace(before, roles=identifiers.roles([role for role in (*kept, *added) if role not in gone]))
    if after == before:
        return shown(work, before)
    if before.user_id is not None and before.id != membership and not set(after.roles) <= set(before.roles):
        naming.check(work, accounts_lookup.get(work, f"id:{before.user_id}"), membership, force=force)
    details: Json = {"roles": {"before": list(before.roles), "after": list(after.roles)}}
    if _is_last_owner(work, found, before) and not after.is_owner:
        details["forced"] = _check_force(work, found, force)
    storage.memberships.update(work.db, after, found.seq)
    record(work, EventName.TEAMS_MEMBERSHIPS_UPDATE, before, after, details)
    return shown(work, after)


def delete(work: Work, team: str, membership: str, *, force: bool = False) -> Membership:
    """Remove a member, or withdraw an invitation. A person may leave, and owners remove others.

    force: also the last owner of the team, which is otherwise a Conflict (membership_last_owner).
    """
    own = lookup.find_any(work, team) if work.person is not None else None
    found = own if own is not None and _is_own(work, own, membership) else lookup.find_owned(work, team)
    before = find(work, found, membership, lock=True)
    details: Json = {"roles": list(before.roles), "status": before.status}
    if _is_last_owner(work, found, before):
        details["forced"] = _check_force(work, found, force)
    storage.memberships.delete(work.db, before)
    record(work, EventName.TEAMS_MEMBERSHIPS_DELETE, before, None, details)
    return shown(work, before)


def _is_own(work: Work, team: Team, membership: str) -> bool:
    """Whether a person means the own membership."""
    if work.person is None:
        return False
    if is_invited(work, storage.memberships.find(work.db, team.seq, membership)):
        return True
    own = storage.memberships.find_of_user(work.db, team.seq, work.person.user.seq)
    named = accounts_lookup.find(work, membership)
    return own is not None and (own.id == membership or (named is not None and named.seq == work.person.user.seq))


def is_invited(work: Work, membership: Membership | None) -> bool:
    """Whether an invitation waits for the person who acts: it went to an address that is proved to be theirs."""
    if work.person is None or membership is None or membership.user_id is not None or membership.invited_as is None:
        return False
    user, address = work.person.user, membership.invited_as
    return (user.phone_verified and user.phone == address) or identities.has_proved(work, user, address)


def _is_last_owner(work: Work, team: Team, membership: Membership) -> bool:
    return membership.is_owner and not storage.memberships.has_another_owner(work.db, team.seq, membership.seq)


def _check_force(work: Work, team: Team, force: bool) -> bool:
    """True where an operator insists; it is written in the log."""
    if force and work.is_operator:
        return True
    raise Conflict(
        "membership_last_owner",
        f"This is the last {OWNER} of the team {team.id}.",
        field="membership",
        hint="Make another member an owner first." + (" To do it anyway, add --force." if work.is_operator else ""),
    )


# The log


def record(
    work: Work,
    event: EventName,
    before: Membership | None,
    after: Membership | None,
    details: Json,
    user: User | None = None,
) -> None:
    """Write what happened to a membership into the log of its user, and note it for the answer of a dry run."""
    membership = after or before
    assert membership is not None
    user_id = user.id if user is not None else membership.user_id
    work.record(event, resource(membership), {"user": user_id} | details, user_id=user_id)
    public = [shown(work, each).public() if each is not None else None for each in (before, after)]
    work.changed(resource(membership), *public)


def resource(membership: Membership) -> str:
    return f"teams/{membership.team_id}/memberships/{membership.id}"
