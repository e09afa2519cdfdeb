"""`authctl users`: the teams of a user, and the roles that come of them."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import OWN_MEMBERSHIP, ROLE
from authctl.cli.commands import DENIED, INVALID, NOT_FOUND
from authctl.cli.context import Context
from authctl.cli.list_options import MEMBERSHIP_FILTER, ListOptions, show_list
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import User


@COMMANDS.command(
    OWN_MEMBERSHIP,
    lists=ListOptions(
        search="Search the beginnings of words in the team's id and name.", filter=MEMBERSHIP_FILTER, sort="-invited_at"
    ),
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl users list-memberships ada@example.com",
        "authctl users list-memberships ada@example.com --filter 'status = pending'",
    ),
)
def list_memberships(ctx: Context, user: User) -> None:
    """List a user's teams, newest first. Invitations are included."""
    users = ctx.directory.users
    show_list(ctx, users.list_memberships, users.iterate_memberships, users.count_memberships, user)


@COMMANDS.command(
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
        typer.Option(
            "--can", metavar="PERMISSION", help="Exit with status 6 if the user does not have this permission."
        ),
    ] = None,
) -> None:
    """List a user's roles, as permissions name them."""
    roles = ctx.directory.users.list_roles(user)
    if can is not None:
        from authctl.core.users.roles import check_can

        check_can(roles, can)
    ctx.output.stream({"role": role} for role in roles)
