"""`authctl users`: the accounts elsewhere that a user signs in with."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import DELETED, IDENTITY
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, positional
from authctl.cli.context import Context
from authctl.cli.list_options import PAGE, After, Limit, show_page
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import Force, User


@COMMANDS.command(
    IDENTITY,
    writes=True,
    says="Linked an account of {provider} to {user}.",
    steps_up=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED),
    example="authctl users create-identity ada@example.com google 1184 --email ada@gmail.com",
)
def create_identity(
    ctx: Context,
    user: User,
    provider: Annotated[str, positional("--provider", "The provider: google, github, ...", metavar="PROVIDER")],
    provider_uid: Annotated[str, positional("--provider-uid", "The user's id at the provider.", metavar="UID")],
    email: Annotated[
        str | None, typer.Option("--email", metavar="EMAIL", help="The user's email at the provider.")
    ] = None,
    email_verified: Annotated[
        bool,
        typer.Option("--email-verified", help="The provider has verified that email: it counts as verified here."),
    ] = False,
    force: Force = False,
) -> None:
    """Link an external account for signing in."""
    create = ctx.directory.users.create_identity
    made = create(user, provider, provider_uid, email=email, email_verified=email_verified, force=force)
    ctx.show(made.public())


@COMMANDS.command(
    IDENTITY,
    exits=(NOT_FOUND,),
    example=("authctl users list-identities ada@example.com", "authctl users list-identities --limit 100"),
)
def list_identities(
    ctx: Context,
    user: Annotated[str | None, positional("--user-id", "Only this user's.", metavar="USER")] = None,
    limit: Limit = PAGE,
    after: After = None,
) -> None:
    """List external accounts, oldest first. Those of one user, or all."""
    show_page(ctx, ctx.directory.users.list_identities(user, limit=limit, after=after), limit)


@COMMANDS.command(
    DELETED,
    writes=True,
    says="Unlinked an external account.",
    steps_up=True,
    asks="Unlink {identity}?",
    exits=(NOT_FOUND, CONFLICT, DENIED),
    example="authctl users delete-identity IDENTITY --yes",
)
def delete_identity(
    ctx: Context,
    identity: Annotated[
        str, positional("--identity-id", "As shown by `authctl users list-identities`.", metavar="IDENTITY")
    ],
) -> None:
    """Unlink an external account. Sessions signed in with it end, except your own."""
    ctx.show({"id": ctx.directory.users.delete_identity(identity).id, "deleted": True})
