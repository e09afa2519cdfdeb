"""Whom and what a line names, as a question shows them before anything is done that cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator

from authctl.cli.context import Context

SHOWN_TEAMS = 3  # names of a user's teams


def described(ctx: Context) -> list[str]:
    """A line for each user and team that the line names, and the directory. Raises NotFound for one that is missing."""
    params, lines = ctx.params, []
    if params.get("user"):
        lines.append("User: " + ", ".join(_of_user(ctx, params["user"])))
    if params.get("team"):
        team = ctx.directory.teams.get(params["team"])
        lines.append(f"Team: {team.id}, {team.name}, {_counted(team.members, 'member')}")
    if params.get("team") and params.get("membership"):
        member = ctx.directory.teams.get_membership(params["team"], params["membership"])
        lines.append("Member: " + ", ".join(filter(None, (member.user_id, member.user_name, member.user_email))))
    return [*lines, f"Directory: {ctx.operators.database.describe()}"]


def _of_user(ctx: Context, user: str) -> Iterator[str]:
    users = ctx.directory.users
    found = users.get(user)
    yield from filter(None, (found.id, found.name, found.email or found.phone))
    teams = [each.team_name for each in users.list_memberships(user, limit=SHOWN_TEAMS + 1)]
    if teams:
        more = ["…"] if len(teams) > SHOWN_TEAMS else []
        yield f"{'team' if len(teams) == 1 else 'teams'} {', '.join([*teams[:SHOWN_TEAMS], *more])}"
    yield _counted(len(users.list_sessions(user)), "session")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
