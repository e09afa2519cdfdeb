"""`authctl users update-*`: what is known of an account, its labels, preferences and status."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import PREFS, USER
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, positional
from authctl.cli.context import Context
from authctl.cli.options import split
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import Force, Merge, User, current_password
from authctl.errors import UsageError

Verified = Annotated[str, positional("--verified", "Whether it is verified.", metavar="true|false")]


@COMMANDS.command(
    USER,
    writes=True,
    says="Renamed the user {user}.",
    exits=(INVALID, NOT_FOUND),
    example='authctl users update-name ada@example.com "Ada King"',
)
def update_name(
    ctx: Context,
    user: User,
    name: Annotated[str, positional("--name", "At most 128 characters; '' clears it.", metavar="NAME")],
) -> None:
    """Change the name of a user."""
    ctx.show(ctx.directory.users.update_name(user, name).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed the username of {user}.",
    exits=(INVALID, NOT_FOUND, CONFLICT),
    example="authctl users update-username ada@example.com ada",
)
def update_username(
    ctx: Context,
    user: User,
    username: Annotated[
        str,
        positional("--username", "No spaces, no @; unique, case does not matter; '' clears it.", metavar="USERNAME"),
    ],
) -> None:
    """Change the username of a user."""
    ctx.show(ctx.directory.users.update_username(user, username).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed the language of {user}.",
    exits=(INVALID, NOT_FOUND),
    example="authctl users update-locale ada@example.com de",
)
def update_locale(
    ctx: Context,
    user: User,
    locale: Annotated[
        str, positional("--locale", "A language tag such as de or pt-BR; '' clears it.", metavar="LOCALE")
    ],
) -> None:
    """Change the language of messages to a user."""
    ctx.show(ctx.directory.users.update_locale(user, locale).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed the email of {user}.",
    steps_up=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED),
    example="authctl users update-email ada@example.com ada@example.org",
)
def update_email(
    ctx: Context,
    user: User,
    email: Annotated[str, positional("--email", "The new address; '' clears it.", metavar="EMAIL")],
) -> None:
    """Change the email of a user. The new one is unverified.

    With --as-session the change waits for verification if the account has anything verified or set by an operator.
    """
    users = ctx.directory.users
    ctx.show(users.update_email(user, email, password=current_password(ctx)).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed the phone of {user}.",
    steps_up=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED),
    example='authctl users update-phone ada@example.com "+442079460123"',
)
def update_phone(
    ctx: Context,
    user: User,
    phone: Annotated[str, positional("--number", "With + and the country code; '' clears it.", metavar="PHONE")],
) -> None:
    """Change the phone of a user. The new one is unverified.

    With --as-session the change waits for verification if the account has anything verified or set by an operator.
    """
    users = ctx.directory.users
    ctx.show(users.update_phone(user, phone, password=current_password(ctx)).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed the labels of {user}.",
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl users update-labels ada@example.com staff admin",
        "authctl users update-labels ada@example.com --add beta --remove trial",
    ),
)
def update_labels(
    ctx: Context,
    user: User,
    labels: Annotated[
        list[str] | None, positional("--labels", "The new labels; none clears them.", metavar="LABEL...")
    ] = None,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="LABEL,...", help="Add these.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="LABEL,...", help="Remove these.")] = None,
    force: Force = False,
) -> None:
    """Replace the labels, or add and remove some."""
    if labels and (add or remove):
        raise UsageError("general_usage", "Use either LABEL… or --add/--remove, not both.")
    replacing = split(labels) if not (add or remove) else None
    updated = ctx.directory.users.update_labels(user, replacing, add=split(add), remove=split(remove), force=force)
    ctx.show(updated.public())


@COMMANDS.command(PREFS, exits=(NOT_FOUND,), example="authctl users get-prefs ada@example.com")
def get_prefs(ctx: Context, user: User) -> None:
    """Show the preferences of a user. Always JSON."""
    ctx.show_json("prefs", ctx.directory.users.get_prefs(user))


@COMMANDS.command(
    PREFS,
    writes=True,
    says="Changed the preferences of {user}.",
    exits=(INVALID, NOT_FOUND),
    example="""authctl users update-prefs ada@example.com '{"theme": "dark"}' --merge""",
)
def update_prefs(
    ctx: Context,
    user: User,
    prefs: Annotated[str, positional("--prefs", "A JSON object of at most 65,535 bytes.", metavar="JSON")],
    merge: Merge = False,
) -> None:
    """Replace the preferences of a user. With --merge, change the given keys only."""
    ctx.show_json("prefs", ctx.directory.users.update_prefs(user, prefs, merge=merge))


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed the metadata of {user}.",
    exits=(INVALID, NOT_FOUND),
    example="""authctl users update-metadata ada@example.com '{"crm": 4711}'""",
)
def update_metadata(
    ctx: Context,
    user: User,
    metadata: Annotated[str, positional("--metadata", "A JSON object of at most 65,535 bytes.", metavar="JSON")],
    merge: Merge = False,
) -> None:
    """Replace your notes about a user. With --merge, change the given keys only."""
    ctx.show(ctx.directory.users.update_metadata(user, metadata, merge=merge).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed the status of {user}.",
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl users update-status ada@example.com blocked --until 2h",
        "authctl users update-status ada@example.com active",
    ),
)
def update_status(
    ctx: Context,
    user: User,
    status: Annotated[str, positional("--status", "The new status.", metavar="active|blocked")],
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="When the block ends: 2h, 7d, 2027-01-31T09:00Z.")
    ] = None,
) -> None:
    """Block a user, for good or for a time, or unblock."""
    if status == "blocked":
        ctx.confirm_subjects(f"Block the user {user}?", only_at_terminal=True)
    ctx.show(ctx.directory.users.update_status(user, status, until=until).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed whether the email of {user} is verified.",
    exits=(INVALID, NOT_FOUND),
    example="authctl users update-email-verification ada@example.com true",
)
def update_email_verification(ctx: Context, user: User, verified: Verified) -> None:
    """Mark the email as verified or unverified."""
    ctx.show(ctx.directory.users.update_email_verification(user, verified).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed whether the phone of {user} is verified.",
    exits=(INVALID, NOT_FOUND),
    example="authctl users update-phone-verification ada@example.com true",
)
def update_phone_verification(ctx: Context, user: User, verified: Verified) -> None:
    """Mark the phone as verified or unverified."""
    ctx.show(ctx.directory.users.update_phone_verification(user, verified).public())
