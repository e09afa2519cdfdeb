"""What a manifest's teams and their members lack: done by the verbs of `teams`."""

from __future__ import annotations

from functools import partial

from authctl.core.manifests.declarations import State
from authctl.core.manifests.plans import Action, Gift, Kind, Step, change
from authctl.core.manifests.reading import Entry
from authctl.core.manifests.user_steps import is_held
from authctl.core.teams import invitations, lookup, memberships, teams
from authctl.core.teams.invitations import Invitee
from authctl.core.values import checks
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Invalid
from authctl.model import Json, MembershipStatus, Team
from authctl.storage.manifests import Held

TEAM, MEMBERSHIP = "team", "membership"


def step_of(entry: Entry, team: Team | None) -> Step | None:
    """What has to be done for a team; None for nothing."""
    if team is None:
        return None if entry.state is State.ABSENT else _creation(entry)
    if entry.state is State.ABSENT:
        shown = {"id": team.id, "name": team.name}
        do = partial(teams.delete, team=entry.named)
        return Step(Action.REMOVE, TEAM, entry.name, shown, None, do, entry.place)
    differences: Json = {}
    name, prefs = entry.values.get("name", team.name), entry.values.get("prefs", {})
    if name != team.name:
        differences["name"] = (team.name, name)
    if not is_held(team.prefs, prefs):
        differences["prefs"] = (team.prefs, {**team.prefs, **prefs})
    if entry.state is State.CREATED or not differences:
        return None
    return change(TEAM, entry, differences, partial(_change, entry=entry, differences=differences))


def _creation(entry: Entry) -> Step:
    name, prefs = entry.values.get("name", entry.name), entry.values.get("prefs")

    def do(work: Work) -> None:
        teams.create(work, name, id=entry.values.get("id"))
        if prefs:
            teams.update_prefs(work, entry.named, prefs)

    after = {key: value for key, value in entry.values.items() if key != "state" and value}
    return Step(Action.CREATE, TEAM, entry.name, None, after, do, entry.place, (Gift(Kind.TEAM, entry),))


def _change(work: Work, *, entry: Entry, differences: Json) -> None:
    if "name" in differences:
        teams.update_name(work, entry.named, entry.values["name"])
    if "prefs" in differences:
        held = lookup.find_one(work, entry.named, lock=True).prefs
        teams.update_prefs(work, entry.named, {**held, **entry.values["prefs"]})


def step_of_member(directory: Engine, team: Entry, member: Entry, held: Held | None) -> Step | None:
    """What has to be done for a member of a team; None for nothing."""
    roles: tuple[str, ...] = member.values.get("roles", ())
    name, is_invited = _name(team, member), member.values.get("invite", False)
    if held is None:
        return None if member.state is State.ABSENT else _joining(directory, team, member, roles)
    if member.state is State.ABSENT:
        return removal(team.named, name, held, member)
    missing = [role for role in roles if role not in held.roles]
    differences: Json = {"roles": (held.roles, (*held.roles, *missing))} if missing else {}
    if not held.is_confirmed and not is_invited:
        differences["status"] = (MembershipStatus.PENDING, MembershipStatus.CONFIRMED)
    if member.state is State.CREATED or not differences:
        return None

    def do(work: Work) -> None:
        if "status" in differences:
            invitations.add(work, team.named, _invitee(member), (*held.roles, *missing), force=False)
        else:
            memberships.update(work, team.named, held.id, add=missing)

    gifts = tuple(Gift(Kind.ROLE, team, member, role) for role in missing)
    return change(MEMBERSHIP, member, differences, do, name=name, gifts=gifts)


def _joining(directory: Engine, team: Entry, member: Entry, roles: tuple[str, ...]) -> Step:
    """A new member, or an invitation, which is sent when all is done."""
    is_invited = member.values.get("invite", False)

    def do(work: Work) -> object:
        if is_invited:
            return invitations.claim(work, directory, team.named, _invitee(member), roles)
        return invitations.add(work, team.named, _invitee(member), roles, force=False)

    status = MembershipStatus.PENDING if is_invited else MembershipStatus.CONFIRMED
    gifts = (Gift(Kind.MEMBERSHIP, team, member), *(Gift(Kind.ROLE, team, member, role) for role in roles))
    after = {"roles": roles, "status": status}
    return Step(Action.CREATE, MEMBERSHIP, _name(team, member), None, after, do, member.place, gifts)


def removal(team: str, name: str, held: Held, member: Entry | None = None) -> Step:
    """A membership or an invitation that goes."""
    status = MembershipStatus.CONFIRMED if held.is_confirmed else MembershipStatus.PENDING
    before = {"roles": held.roles, "status": status}
    place = member.place if member is not None else None
    do = partial(memberships.delete, team=team, membership=held.id)
    return Step(Action.REMOVE, MEMBERSHIP, name, before, None, do, place)


def _name(team: Entry, member: Entry) -> str:
    return f"{member.name} in {team.name}"


def check_invited(member: Entry) -> None:
    """Refuse a member whom nobody knows, but for an invitation to an address. Raises Invalid."""
    if member.values.get("invite") and memberships.address_in(member.name) is not None:
        return
    message = f"There is no user {checks.shown(member.name)}. Add a [[users]] entry"
    raise Invalid("manifest_invalid", f"{message}, or invite an email or phone with invite = true", field="user")


def _invitee(member: Entry) -> Invitee:
    """The member as invitations take one: an address makes an account where nobody has it."""
    address = memberships.address_in(member.name) if member.values.get("invite") else None
    if address is None:
        return Invitee(member.name, None, None, "")
    return Invitee(None, address, None, "") if "@" in address else Invitee(None, None, address, "")
