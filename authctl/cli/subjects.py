"""Whom and what a line names, as a question shows them before anything is done that cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from authctl.cli.tables import Look
    from authctl.core.directory.directory import Directory

SHOWN_TEAMS = 3  # names of a user's teams


def described(directory: Directory, params: Mapping[str, Any], look: Look) -> list[str]:
    """A line for each user and team that a line names, and the directory. Raises NotFound for one that is missing.

    look: the terminal's, for what is drawn as a table.
    """
    user, team, membership, into = (params.get(name) for name in ("user", "team", "membership", "into"))
    lines = []
    if user:
        lines.append("User: " + ", ".join(_of_user(directory, user)))
    if user and into:
        lines.append("Into: " + ", ".join(_of_user(directory, into)))
        lines += _conflicts(directory, params, look)
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


def _conflicts(directory: Directory, params: Mapping[str, Any], look: Look) -> Iterator[str]:
    """What both of two accounts have that are to be merged, and which stays; what would be free."""
    from authctl.cli import conflicts

    dry = directory.acting(directory.actor, dry_run=True)
    merged = dry.users.merge(params["user"], params["into"], prefer=params["prefer"], force=params["force"])
    if merged.conflicts:
        yield "Both have:"
        yield from conflicts.drawn(conflicts.rows(merged.conflicts), look)
    if merged.released:
        yield f"Released: {', '.join(merged.released)}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
