"""Teams: the verbs of `authctl teams`. Those about their members are in `memberships` and `invitations`.

An operator may everything. A person (`work.person`) sees the teams that the person is a member of, and owners change
them; to all others a team is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from authctl import core, storage
from authctl.core import invitations, listing, memberships, values
from authctl.core.directory import Directory, Group, flow, reads, writes
from authctl.core.listing import Field, Kind
from authctl.errors import Denied, Invalid, NotFound
from authctl.model import OWNER, EventName, Json, Listing, Team, User

if TYPE_CHECKING:
    from authctl.core.work import Work

# What lists are filtered and sorted by.
FIELDS = {
    "id": Field(Kind.TEXT, indexed=True, nullable=False),
    "name": Field(Kind.TEXT, indexed=True, nullable=False),
    "members": Field(Kind.NUMBER, nullable=False),
    "created_at": Field(Kind.TIME, indexed=True, nullable=False),
    "updated_at": Field(Kind.TIME, nullable=False),
}

NAMESAKES = 5  # ids of teams of one name that an error tells


# Making and finding


def create(
    work: Work, name: str, *, id: str | None = None, roles: Iterable[str] = (), owner: str | None = None
) -> Team:
    """Make a team. Names may repeat.

    id: None or `unique()` for a new one. owner: a user who becomes a confirmed member with `roles` and `owner`; where
    a person acts, that is the person.

    Raises Invalid with every wrong field, NotFound (user_not_found), Conflict (team_already_exists).
    """
    check = values.Check()
    team = Team(
        seq=0,
        id=check(values.identifier, None if id == "unique()" else id) or work.new_id(),
        name=check(_name, name) or "",
        created_at=work.now,
        updated_at=work.now,
    )
    held = check(values.roles, [*roles, OWNER])
    check.done()
    assert held is not None
    creator = _creator(work, owner, has_roles=len(held) > 1)
    team = storage.teams.insert(work.db, team)
    details = {"name": team.name} | ({"owner": creator.id} if creator else {})
    work.record(EventName.TEAMS_CREATE, f"teams/{team.id}", details)
    if creator is not None:
        memberships.join(work, team, creator, held)
        team = _counted(work, team)
    work.changed(f"teams/{team.id}", None, team.public())
    return team


def _name(value: str) -> str:
    if values.name(value).strip():
        return value
    raise Invalid("general_argument_invalid", f"name is empty; give 1 to {values.MAX_NAME} characters", field="name")


def _creator(work: Work, owner: str | None, *, has_roles: bool) -> User | None:
    """Who becomes the owner of a new team."""
    if work.person is not None:
        if owner is not None:
            message = "owner is for operators; whoever makes a team is its owner"
            raise Invalid("general_argument_invalid", message, field="owner")
        return core.users.get_locked(work, f"id:{work.person.user.id}")
    if owner is not None:
        return core.users.get_locked(work, owner)
    if has_roles:
        raise Invalid(
            "general_argument_invalid",
            "roles are those of the owner, and there is none: a role belongs to a member, not to a team",
            field="roles",
            hint="Name the owner with --owner, or give the roles to members with: authctl teams create-membership",
        )
    return None


def get(work: Work, team: str) -> Team:
    """One team, by id or by name where only one has it; `id:` and `name:` say which.

    Raises NotFound (team_not_found), Invalid where several teams have the name, with their ids.
    """
    return _counted(work, find_one(work, team))


def find_one(work: Work, team: str, *, lock: bool = False, for_invited: bool = False) -> Team:
    """The same, its members not counted.

    lock: for a change of it or of its memberships, each of which begins with this. for_invited: a person who is not
    a member yet may see it, too.
    """
    found = find(work, team, lock=lock)
    if found is None or not _may_see(work, found, for_invited=for_invited):
        raise not_found(team)
    return found


def not_found(team: str) -> NotFound:
    return NotFound(
        "team_not_found",
        f"There is no team {values.shown(team)}.",
        field="team",
        hint="Look with: authctl teams list --search TEXT",
    )


def find(work: Work, team: str, *, lock: bool = False) -> Team | None:
    """The same whoever asks, or None."""
    values.text(team, "team")
    kind, colon, rest = team.partition(":")
    is_told = colon and kind in ("id", "name")
    if not (is_told and kind == "name"):
        found = storage.teams.find(work.db, rest if is_told else team, lock=lock)
        if found is not None or is_told:
            return found
    id = _id_of(work, rest if is_told else team)
    return storage.teams.find(work.db, id, lock=lock) if id is not None else None


def _id_of(work: Work, name: str) -> str | None:
    """The id of the one team of that name."""
    ids = storage.teams.find_ids(work.db, name, _member(work), NAMESAKES + 1)
    if len(ids) < 2:
        return ids[0] if ids else None
    more = ", ..." if len(ids) > NAMESAKES else ""
    raise Invalid(
        "general_argument_invalid",
        f"Several teams are called {values.shown(name)}: {', '.join(ids[:NAMESAKES])}{more}",
        field="team",
        hint="Name the one that you mean by its id.",
    )


def _member(work: Work) -> int | None:
    """Whose teams are seen; None for all."""
    return work.person.user.seq if work.person is not None else None


def _may_see(work: Work, team: Team, *, for_invited: bool = False) -> bool:
    if work.person is None:
        return True
    membership = storage.memberships.find_of_user(work.db, team.seq, work.person.user.seq)
    return membership is not None and (for_invited or membership.is_confirmed)


def check_owner(work: Work, team: Team) -> None:
    """Refuse a person who is not an owner of the team. Raises Denied (user_unauthorized)."""
    if work.person is None:
        return
    membership = storage.memberships.find_of_user(work.db, team.seq, work.person.user.seq)
    if membership is None or not membership.is_owner:
        raise Denied("user_unauthorized", "Only owners of the team may do this.", field="team")


def _counted(work: Work, team: Team) -> Team:
    return replace(team, members=storage.teams.count_members(work.db, team.seq))


def list_(
    work: Work,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-created_at",
    limit: int = 25,
    after: str | None = None,
    before: str | None = None,
) -> list[Team]:
    """One page of teams, the newest first unless `sort` says otherwise; a person's own where one acts.

    search: beginnings of words in id and name. filters: `FIELD OP VALUE`, all of which must hold. sort: a field, with
    `-` for descending. after, before: the id that the page follows or precedes.
    """
    asked = listing.parse(
        FIELDS, work.now, search=search, filters=filters, sort=sort, limit=limit, after=after, before=before
    )
    return storage.teams.list_page(work.db, asked, _position(work, asked), _member(work))


def _position(work: Work, asked: Listing) -> Any:
    def find(id: str, option: str) -> Any:
        team = storage.teams.find(work.db, values.identifier(id, field=option))
        if team is None or not _may_see(work, team):
            return None
        return storage.teams.find_position(work.db, asked, id)

    return listing.position(asked, "team_not_found", "team", find)


def iterate(
    directory: Directory,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-created_at",
) -> Iterator[Team]:
    """All teams of a list, streamed in constant memory from one moment of the directory."""
    asked = listing.parse(FIELDS, directory.clock(), search=search, filters=filters, sort=sort, limit=None)
    return directory.stream(lambda work: storage.teams.iterate(work.db, asked, _member(work)))


def count(work: Work, *, search: str | None = None, filters: Iterable[str] = ()) -> int:
    """How many teams a list has."""
    asked = listing.parse(FIELDS, work.now, search=search, filters=filters)
    return storage.teams.count(work.db, asked, _member(work))


def delete(work: Work, team: str) -> Team:
    """Remove a team, its memberships and invitations, in this transaction. Audit rows stay."""
    found = find_one(work, team, lock=True)
    check_owner(work, found)
    found = _counted(work, found)
    storage.teams.delete(work.db, found)
    work.record(EventName.TEAMS_DELETE, f"teams/{found.id}", {"name": found.name, "members": found.members})
    work.changed(f"teams/{found.id}", found.public(), None)
    return found


# Changing


def _save(work: Work, before: Team, event: EventName, details: Json, **fields: Any) -> Team:
    """Store a change, its time and its event; nothing at all where nothing changes."""
    before = _counted(work, before)
    after = replace(before, **fields)
    if after == before:
        return before
    after = replace(after, updated_at=work.now)
    storage.teams.update(work.db, before, after)
    work.record(event, f"teams/{after.id}", details)
    work.changed(f"teams/{after.id}", before.public(), after.public())
    return after


def update_name(work: Work, team: str, name: str) -> Team:
    """Change the name of a team; its id stays."""
    new = _name(name)
    before = find_one(work, team, lock=True)
    check_owner(work, before)
    details = {"name": {"before": before.name, "after": new}}
    return _save(work, before, EventName.TEAMS_UPDATE_NAME, details, name=new)


def get_prefs(work: Work, team: str) -> Json:
    """The team's preferences alone."""
    return find_one(work, team).prefs


def update_prefs(work: Work, team: str, prefs: Json | str, *, merge: bool = False) -> Json:
    """Replace the preferences, at most 65,535 bytes; merge: change those keys only, null removes one."""
    given = values.prefs(prefs)
    before = find_one(work, team, lock=True)
    check_owner(work, before)
    new = values.prefs(values.merge(before.prefs, given)) if merge else given
    # Values may be private or long: the log names the keys that changed.
    keys = sorted(key for key in {*before.prefs, *new} if before.prefs.get(key, ...) != new.get(key, ...))
    return _save(work, before, EventName.TEAMS_UPDATE_PREFS, {"keys": keys}, prefs=new).prefs


class Teams(Group):
    """Teams and their members: the same verbs as the commands of `authctl teams`."""

    create = writes(create, person=True)
    get = reads(get, person=True)
    list = reads(list_, person=True)
    iterate = flow(iterate, person=True)
    count = reads(count, person=True)
    update_name = writes(update_name, person=True)
    delete = writes(delete, person=True)
    get_prefs = reads(get_prefs, person=True)
    update_prefs = writes(update_prefs, person=True)

    create_membership = flow(invitations.create, person=True)
    list_memberships = reads(memberships.list_of_team, person=True)
    iterate_memberships = flow(memberships.iterate_of_team, person=True)
    count_memberships = reads(memberships.count_of_team, person=True)
    get_membership = reads(memberships.get, person=True)
    update_membership = writes(memberships.update, person=True)
    update_membership_status = flow(invitations.update_status, person=True)
    delete_membership = writes(memberships.delete, person=True)
