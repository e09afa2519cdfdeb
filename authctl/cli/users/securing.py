"""`authctl users secure`: the remedy for an account that somebody has taken."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import SECURED
from authctl.cli.commands import CONFLICT, INVALID, NOT_FOUND, PARTIAL
from authctl.cli.context import Context
from authctl.cli.options import split
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import User, current_password


@COMMANDS.command(
    SECURED,
    writes=True,
    says="Secured the account of {user}.",
    steps_up=True,
    asks=(
        "End all sessions and tokens of {user}, and remove the password, identities, factors and "
        "self-entered addresses?"
    ),
    exits=(INVALID, NOT_FOUND, CONFLICT, PARTIAL),
    example=(
        "authctl users secure ada@example.com --keep ada@example.com --yes",
        "authctl users secure ada --email ada@example.org --reason 'called us; mailbox lost' --yes",
    ),
)
def secure(
    ctx: Context,
    user: User,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="ADDRESS", help="An email or phone to keep, of those the user entered. Repeatable."
        ),
    ] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="A new email for the account.")] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Where the link in the recovery mail leads."),
    ] = None,
) -> None:
    """Recover a stolen account: end and remove everything somebody else could get in with.

    Addresses from an operator stay; those the user entered are removed unless --keep names them. The remaining email
    gets a recovery for setting a new password.
    """
    secured = ctx.directory.users.secure(user, keep=split(keep), email=email, url=url, password=current_password(ctx))
    ctx.show(secured.public())
