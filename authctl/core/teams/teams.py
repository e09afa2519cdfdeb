"""Teams: the verbs of `authctl teams`. Those about members are in `memberships`, `invitations` and `accepting`.

An operator may do everything. A person (`work.person`) sees the teams that the person is a member of, and owners change
them; to all others a team is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from authctl import storage
from authctl.core.accounts import lookup as accounts_lookup, naming, quotas
from authctl.core.teams import lookup, memberships
from authctl.core.values import checks, identifiers, json_objects, listings
from authctl.core.values.listings import Field, FieldType
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Conflict, Invalid
from authctl.model import OWNER, EventName, Json, JsonObject, Listing, Team, User

# What lists are filtered and sorted by.
FIELDS = {
    "id": Field(FieldType.TEXT, nullable=False),
    "name": Field(FieldType.TEXT, nullable=False),
    "members": Field(FieldType.NUMBER, nullable=False),
    "prefs": Field(FieldType.JSON),
    "created_at": Field(FieldType.TIME, nullable=False),
    "updated_at": Field(FieldType.TIME, nullable=False),
}


# Making and finding


def create(
    work: Work,
    name: str,
    *,
    id: str | None = None,
    roles: Iterable[str] = (),
    owner: str | None = None,
    force: bool = False,
) -> Team:
    """Make a team. Names may repeat.

    id: None or `unique()` for a new one. owner: a user who becomes a confirmed member with `roles` and `owner`; where
    a person acts, that is the person. force: also where somebody typed in the address or username that names the owner.

    Raises Invalid with every wrong field, NotFound (user_not_found), Conflict (team_already_exists).
    """
    check = checks.Collector()
    team = Team(
        seq=0,
        id=check(identifiers.identifier, None if id == "unique()" else id) or work.new_id(),
        name=check(_name, name) or "",
        created_at=work.now,
        updated_at=work.now,
    )
    held = check(identifiers.roles, [*roles, OWNER])
    check.done()
    assert held is not None
    creator = _creator(work, owner, has_roles=len(held) > 1, force=force)
    if work.person is not None:
        quotas.count_creation(work, "teams")
        _check_own_id(work, team.id)
        _check_own_name(work, team)
    team = storage.teams.insert(work.db, team)
    if work.person is not None and storage.teams.is_former(work.db, team.id):  # once whoever deletes it is through
        raise storage.teams.taken(team.id)
    details = {"name": team.name} | ({"owner": creator.id} if creator else {})
    work.record(EventName.TEAMS_CREATE, f"teams/{team.id}", details)
    if creator is not None:
        memberships.join(work, team, creator, held)
        team = _counted(work, team)
    work.changed(f"teams/{team.id}", None, team.public())
    return team


def _name(value: str) -> str:
    if identifiers.name(value).strip():
        return value
    raise Invalid(
        "general_argument_invalid", f"The name is empty. Use 1 to {identifiers.MAX_NAME} characters.", field="name"
    )


def _check_own_id(work: Work, id: str) -> None:
    """Refuse a person an id by which others may mean another team, whose grants would land in this one."""
    if lookup.is_prefixed(id):
        message = f"The id {id} could be mistaken for another team."
        raise Invalid("general_argument_invalid", message, field="id", hint="Leave out the colon.")
    if storage.teams.find_ids(work.db, id, None, 1):
        raise storage.teams.taken(id)


def _check_own_name(work: Work, team: Team) -> None:
    """Refuse a person a name that is another team's id, which operators would have to say otherwise from then on."""
    if team.name != team.id and storage.teams.find(work.db, team.name) is not None:
        raise Conflict("team_already_exists", "The name is taken.", field="name", hint="Choose another one.")


def _creator(work: Work, owner: str | None, *, has_roles: bool, force: bool) -> User | None:
    """Who becomes the owner of a new team."""
    if work.person is not None:
        if owner is not None:
            message = "Only operators can name an owner. You own the teams you create."
            raise Invalid("general_argument_invalid", message, field="owner")
        return accounts_lookup.get_locked(work, f"id:{work.person.user.id}")
    if owner is not None:
        return naming.get(work, owner, force=force)
    if has_roles:
        raise Invalid(
            "general_argument_invalid",
            "Roles belong to a member, and this team has no owner to give them to.",
            field="roles",
            hint="Name the owner with --owner, or give the roles to members: authctl teams create-membership",
        )
    return None


def get(work: Work, team: str) -> Team:
    """One team, by id or by name where only one has it; `id:` and `name:` say which.

    Raises NotFound (team_not_found), Invalid where several teams have the name, with their ids.
    """
    return _counted(work, lookup.find_one(work, team))


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

    search: beginnings of words in id and name. filters: `FIELD OP VALUE`, all of which must hold. sort: a field, or
    several with commas, with `-` for descending. after, before: the id that the page follows or precedes.
    """
    asked = listings.parse(
        FIELDS, work.now, search=search, filters=filters, sort=sort, limit=limit, after=after, before=before
    )
    found: list[Team] = _lists(asked).list_page(work.db, asked, _position(work, asked), lookup.member(work))
    return found


def _lists(asked: Listing) -> Any:
    """What answers a list; one that nobody filters, searches or sorts was compiled ahead."""
    return storage.teams if asked.is_plain else storage.team_lists


def _position(work: Work, asked: Listing) -> Any:
    def find(id: str, option: str) -> Any:
        team = storage.teams.find(work.db, identifiers.identifier(id, field=option))
        if team is None or not lookup.may_see(work, team):
            return None
        return _lists(asked).find_position(work.db, asked, id)

    return listings.position(asked, "team_not_found", "team", find)


def iterate(
    directory: Engine,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-created_at",
) -> Iterator[Team]:
    """All teams of a list, streamed in constant memory from one moment of the directory."""
    asked = listings.parse(FIELDS, directory.clock(), search=search, filters=filters, sort=sort, limit=None)
    return directory.stream(lambda work: storage.team_lists.iterate(work.db, asked, lookup.member(work)))


def count(work: Work, *, search: str | None = None, filters: Iterable[str] = ()) -> int:
    """How many teams a list has."""
    asked = listings.parse(FIELDS, work.now, search=search, filters=filters)
    return storage.team_lists.count(work.db, asked, lookup.member(work))


def delete(work: Work, team: str) -> Team:
    """Remove a team, its memberships and invitations, in this transaction. Audit rows stay."""
    found = lookup.find_owned(work, team)
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
    before = lookup.find_owned(work, team)
    if work.person is not None:
        _check_own_name(work, replace(before, name=new))
    details = {"name": {"before": before.name, "after": new}}
    return _save(work, before, EventName.TEAMS_UPDATE_NAME, details, name=new)


def get_prefs(work: Work, team: str) -> JsonObject:
    """The team's preferences alone."""
    return lookup.find_one(work, team).prefs


def update_prefs(work: Work, team: str, prefs: Mapping[str, object] | str, *, merge: bool = False) -> JsonObject:
    """Replace the preferences, at most 65,535 bytes; merge: change those keys only, null removes one."""
    given = json_objects.prefs(prefs)
    before = lookup.find_owned(work, team)
    new = json_objects.prefs(json_objects.merge(before.prefs, given)) if merge else given
    # Values may be private or long: the log names the keys that changed.
    keys = sorted(key for key in {*before.prefs, *new} if before.prefs.get(key, ...) != new.get(key, ...))
    return _save(work, before, EventName.TEAMS_UPDATE_PREFS, {"keys": keys}, prefs=new).prefs
