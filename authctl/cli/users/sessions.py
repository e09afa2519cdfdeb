"""`authctl users`: where a user is signed in."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import DELETED, SESSION, SESSIONS_DELETED, SIGNED_IN
from authctl.cli.commands import DENIED, INVALID, NOT_FOUND, positional
from authctl.cli.context import Context
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import Force, User
from authctl.errors import UsageError


@COMMANDS.command(
    SESSION,
    exits=(NOT_FOUND,),
    example=("authctl users list-sessions ada@example.com", "authctl users list-sessions ada@example.com --all"),
)
def list_sessions(
    ctx: Context,
    user: User,
    all: Annotated[bool, typer.Option("--all", help="Include ended sessions, until they are purged.")] = False,
) -> None:
    """List a user's sessions, newest first."""
    sessions = ctx.directory.users.list_sessions(user, ended=all)
    ctx.output.stream(session.public() for session in sessions)


@COMMANDS.command(
    SIGNED_IN,
    writes=True,
    says="Created a session for {user}.",
    exits=(INVALID, NOT_FOUND, DENIED),
    example="authctl users create-session ada@example.com -o json",
)
def create_session(ctx: Context, user: User, force: Force = False) -> None:
    """Sign a user in without a password, as the server. The secret is shown only once."""
    ctx.show(ctx.directory.users.create_session(user, force=force).public())


@COMMANDS.command(
    DELETED,
    writes=True,
    says="Ended a session of {user}.",
    asks="End {session} of {user}?",
    exits=(NOT_FOUND,),
    example="authctl users delete-session ada@example.com SESSION --yes",
)
def delete_session(
    ctx: Context,
    user: User,
    session: Annotated[
        str, positional("--session-id", "As shown by `authctl users list-sessions`.", metavar="SESSION")
    ],
) -> None:
    """End one session of a user."""
    ctx.show({"id": ctx.directory.users.delete_session(user, session).id, "deleted": True})


@COMMANDS.command(
    SESSIONS_DELETED,
    writes=True,
    says="Ended all sessions.",
    asks="End all sessions of {user}?",
    exits=(NOT_FOUND,),
    example=(
        "authctl users delete-sessions ada@example.com --yes",
        "authctl users delete-sessions --all --yes --reason 'key leaked'",
    ),
)
def delete_sessions(
    ctx: Context,
    user: Annotated[str | None, positional("--user-id", "The user whose sessions to end.", metavar="USER")] = None,
    all: Annotated[bool, typer.Option("--all", help="Everybody's.")] = False,
) -> None:
    """End all sessions of a user, or of everybody."""
    if (user is None) != all:
        raise UsageError("general_usage", "Name a USER, or use --all for everybody's sessions.", field="user")
    users = ctx.directory.users
    if user is None:
        id, ended = None, users.delete_everybodys_sessions()
    else:
        id = users.get(user).id  # before: a person's own session ends with the others
        ended = users.delete_sessions(user)
    ctx.show({"id": id, "deleted": True, "sessions": ended})
