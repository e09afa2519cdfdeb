"""Whom and what a line names, as a question shows them before anything is done that cannot be undone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from authctl.core.directory.directory import Directory

SHOWN_TEAMS = 3  # names of a user's teams


def described(directory: Directory, params: Mapping[str, Any]) -> list[str]:
    """A line for each user and team that a line names, and the directory. Raises NotFound for one that is missing."""
    user, team, membership, into = (params.get(name) for name in ("user", "team", "membership", "into"))
    lines = []
    if user:
        lines.append("User: " + ", ".join(_of_user(directory, user)))
    if user and into:
        lines.append("Into: " + ", ".join(_of_user(directory, into)))
        lines += _conflicts(directory, params)
    if team:
        found = directory.teams.get(team)
        lines.append(f"Team: {found.id}, {found.name}, {_counted(found.members, 'member')}")
    if team and membership:
        member = directory.teams.get_membership(team, membership)
        lines.append("Member: " + ", ".join(filter(None, (member.user_id, member.user_name, member.user_email))))
    return [*lines, f"Directory: {directory.database.describe()}"]


def _of_user(directory: Directory, user: str) -> Iterator[str]:
    users = directory.users
    found = users.get(user)
    yield from filter(None, (found.id, found.name, found.email or found.phone))
    teams = [each.team_name for each in users.list_memberships(user, limit=SHOWN_TEAMS + 1)]
    if teams:
        more = ["…"] if len(teams) > SHOWN_TEAMS else []
        yield f"{'team' if len(teams) == 1 else 'teams'} {', '.join([*teams[:SHOWN_TEAMS], *more])}"
    yield _counted(len(users.list_sessions(user)), "session")


def _conflicts(directory: Directory, params: Mapping[str, Any]) -> Iterator[str]:
    """What both of two accounts have that are to be merged, and which stays; what would be free."""
    dry = directory.acting(directory.actor, dry_run=True)
    merged = dry.users.merge(params["user"], params["into"], prefer=params["prefer"], force=params["force"])
    for each in merged.conflicts:
        stays, goes = (each.from_, each.into) if each.kept == "FROM" else (each.into, each.from_)
        yield f"Both have {each.field}: {shown(stays)} of {each.kept} stays, {shown(goes)} goes"
    if merged.released:
        yield f"No account's any more: {', '.join(merged.released)}"


def shown(value: object) -> str:
    """A value as JSON, or as it is where it is a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
