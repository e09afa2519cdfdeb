"""`authctl users`, the rest of it: what belongs to an account, its sessions, identities, memberships, roles and locks.

The group's commands are those of `users.py`, and these behind them.
"""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import (
    DELETED,
    IDENTITY,
    OWN_MEMBERSHIP,
    ROLE,
    SESSION,
    SESSIONS_DELETED,
    SIGNED_IN,
    USER,
)
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, PARTIAL, positional
from authctl.cli.context import Context
from authctl.cli.list_options import After, All, Before, Count, Limit, MembershipFilter, MembershipSort, show_list
from authctl.cli.users import COMMANDS, User
from authctl.errors import UsageError

command = COMMANDS.command


@command(
    SESSION,
    exits=(NOT_FOUND,),
    example=("authctl users list-sessions ada@example.com", "authctl users list-sessions ada@example.com --all"),
)
def list_sessions(
    ctx: Context,
    user: User,
    all: Annotated[bool, typer.Option("--all", help="Ended ones too, until they are purged.")] = False,
) -> None:
    """List where a user is signed in, the newest first."""
    sessions = ctx.directory.users.list_sessions(user, ended=all)
    ctx.output.stream(session.public() for session in sessions)


@command(
    SIGNED_IN,
    writes=True,
    exits=(NOT_FOUND, DENIED),
    example="authctl users create-session ada@example.com -o json",
)
def create_session(ctx: Context, user: User) -> None:
    """Make a session for a user without a password, as the server. The secret is shown this once."""
    ctx.show(ctx.directory.users.create_session(user).public())


@command(
    DELETED,
    writes=True,
    asks="End {session} of {user}?",
    exits=(NOT_FOUND,),
    example="authctl users delete-session ada@example.com SESSION --yes",
)
def delete_session(
    ctx: Context,
    user: User,
    session: Annotated[
        str, positional("--session-id", "As `authctl users list-sessions` shows it.", metavar="SESSION")
    ],
) -> None:
    """End one session of a user."""
    ctx.show({"id": ctx.directory.users.delete_session(user, session).id, "deleted": True})


@command(
    SESSIONS_DELETED,
    writes=True,
    asks="End all sessions of {user}?",
    exits=(NOT_FOUND,),
    example=(
        "authctl users delete-sessions ada@example.com --yes",
        "authctl users delete-sessions --all --yes --reason 'key leaked'",
    ),
)
def delete_sessions(
    ctx: Context,
    user: Annotated[str | None, positional("--user-id", "Whose sessions.", metavar="USER")] = None,
    all: Annotated[bool, typer.Option("--all", help="Everybody's.")] = False,
) -> None:
    """End all sessions of a user, or with --all everybody's."""
    if (user is None) != all:
        raise UsageError("general_usage", "Give a USER, or --all for everybody's sessions.", field="user")
    users = ctx.directory.users
    if user is None:
        id, ended = None, users.delete_everybodys_sessions()
    else:
        id = users.get(user).id  # before: a person's own session ends with the others
        ended = users.delete_sessions(user)
    ctx.show({"id": id, "deleted": True, "sessions": ended})


@command(
    IDENTITY,
    writes=True,
    exits=(INVALID, NOT_FOUND, CONFLICT),
    example="authctl users create-identity ada@example.com google 1184 --email ada@gmail.com",
)
def create_identity(
    ctx: Context,
    user: User,
    provider: Annotated[str, positional("--provider", "Where the account is: google, github, ...", metavar="PROVIDER")],
    provider_uid: Annotated[str, positional("--provider-uid", "Its id there.", metavar="UID")],
    email: Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="The email it has there.")] = None,
) -> None:
    """Link an account elsewhere to a user, who can then sign in with it."""
    ctx.show(ctx.directory.users.create_identity(user, provider, provider_uid, email=email).public())


@command(
    IDENTITY,
    exits=(NOT_FOUND,),
    example=("authctl users list-identities ada@example.com", "authctl users list-identities --limit 100"),
)
def list_identities(
    ctx: Context,
    user: Annotated[str | None, positional("--user-id", "Whose; without it, everybody's.", metavar="USER")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.")] = 25,
    after: Annotated[str | None, typer.Option("--after", metavar="ID", help="The page behind this identity.")] = None,
) -> None:
    """List the accounts elsewhere of a user, or of all, the oldest first."""
    identities = ctx.directory.users.list_identities(user, limit=limit, after=after)
    ctx.output.stream(identity.public() for identity in identities)
    if len(identities) == limit:
        ctx.output.note(f"There may be more: --after {identities[-1].id}")


@command(
    DELETED,
    writes=True,
    asks="Unlink {identity}?",
    exits=(NOT_FOUND,),
    example="authctl users delete-identity IDENTITY --yes",
)
def delete_identity(
    ctx: Context,
    identity: Annotated[
        str, positional("--identity-id", "As `authctl users list-identities` shows it.", metavar="IDENTITY")
    ],
) -> None:
    """Unlink an account elsewhere. Sessions that it began go on."""
    ctx.show({"id": ctx.directory.users.delete_identity(identity).id, "deleted": True})


@command(
    OWN_MEMBERSHIP,
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl users list-memberships ada@example.com",
        "authctl users list-memberships ada@example.com --filter 'status = pending'",
    ),
)
def list_memberships(
    ctx: Context,
    user: User,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="Beginnings of words in the team's id and name.")
    ] = None,
    filter: MembershipFilter = None,
    sort: MembershipSort = "-invited_at",
    limit: Limit = None,
    all: All = False,
    after: After = None,
    before: Before = None,
    count: Count = False,
) -> None:
    """List the teams that a user belongs to or is invited to, the newest first."""
    users = ctx.directory.users
    show_list(
        ctx,
        users.list_memberships,
        users.iterate_memberships,
        users.count_memberships,
        asked={"user": user, "search": search, "filters": filter or ()},
        sort=sort,
        limit=limit,
        all=all,
        after=after,
        before=before,
        count=count,
    )


@command(USER, writes=True, exits=(NOT_FOUND,), example="authctl users unlock ada@example.com")
def unlock(ctx: Context, user: User) -> None:
    """Forget the wrong attempts at an account, so that it can be signed in to at once."""
    ctx.show(ctx.directory.users.unlock(user).public())


@command(
    ROLE,
    exits=(INVALID, NOT_FOUND, DENIED),
    example=(
        "authctl users list-roles ada@example.com",
        """authctl users list-roles ada@example.com --can 'read("label:staff")'""",
    ),
)
def list_roles(
    ctx: Context,
    user: User,
    can: Annotated[
        str | None,
        typer.Option("--can", metavar="PERMISSION", help="Exit with 6 where the user does not hold this permission."),
    ] = None,
) -> None:
    """List the role strings of a user, as permissions name them."""
    roles = ctx.directory.users.list_roles(user)
    if can is not None:
        from authctl.core.users.roles import check_can

        check_can(roles, can)
    ctx.output.stream({"role": role} for role in roles)


@command(
    USER,
    writes=True,
    exits=(INVALID, NOT_FOUND, PARTIAL),
    example=(
        "authctl users require-password-change ada@example.com",
        (
            "authctl users list --all --filter 'password.algorithm = bcrypt' --fields id"
            " | authctl users require-password-change -"
        ),
    ),
)
def require_password_change(ctx: Context, user: User) -> None:
    """Have a user choose a new password: until then, the one that is set is good for nothing else."""
    ctx.show(ctx.directory.users.require_password_change(user).public())


@command(
    USER,
    writes=True,
    exits=(NOT_FOUND, PARTIAL),
    example=(
        "authctl users wrap-password ada@example.com",
        "authctl users list --all --filter 'password.algorithm = md5' --fields id | authctl users wrap-password -",
    ),
)
def wrap_password(ctx: Context, user: User) -> None:
    """Put an imported hash that is fast to guess at inside argon2id. The password stays the same.

    At the next sign-in it becomes a plain argon2id hash. A hash that is slow already is left as it is.
    """
    ctx.show(ctx.directory.users.wrap_password(user).public())
