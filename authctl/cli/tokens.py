"""`authctl tokens`: codes, links and tokens that sign in, verify an address, or change one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import DELETED, LISTED_TOKEN, SIGNED_IN, TOKEN, TOKENS_PURGED, USER
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, UNAVAILABLE, Commands, positional
from authctl.cli.context import Context
from authctl.cli.sessions import MORE_FACTORS
from authctl.cli.users.options import Force, User, current_password, new_password
from authctl.errors import UsageError
from authctl.model import TokenKind

COMMANDS = Commands(
    "tokens",
    {
        "Sign in": ("create", "create-email", "create-phone", "create-magic-url"),
        "Verify, recover, change": (
            "create-email-verification",
            "create-phone-verification",
            "create-recovery",
            "create-email-change",
            "create-phone-change",
        ),
        "Tokens that were made": ("redeem", "list", "delete", "purge"),
    },
)


class PhoneChannel(StrEnum):
    """How a code gets to a phone."""

    SMS = "sms"
    WHATSAPP = "whatsapp"


Email = Annotated[str, positional("--email", "Email to send it to.", metavar="EMAIL")]
Phone = Annotated[str, positional("--phone", "Phone to send it to, with + and the country code.", metavar="PHONE")]
NewId = Annotated[
    str | None,
    typer.Option("--id", "--user-id", metavar="ID", help="Id of the account, if one is created."),
]
Locale = Annotated[
    str | None,
    typer.Option("--locale", metavar="LOCALE", help="Language of the account, if one is created."),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help=(
            "Where the link leads. The setting allowed_redirects must contain its host. Without it, the "
            "mail has the secret."
        ),
    ),
]
Phrase = Annotated[
    bool, typer.Option("--phrase", help="Show two words here and in the message for the person to compare.")
]
NoCreate = Annotated[
    bool, typer.Option("--no-create", help="Do not create an account. Exit with status 4 if there is none.")
]
PrintSecret = Annotated[bool, typer.Option("--print-secret", help="Show the secret instead of sending it.")]
ByChannel = Annotated[PhoneChannel, typer.Option("--channel", metavar="|".join(PhoneChannel), help="How to send it.")]


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Created a token for {user}.",
    exits=(INVALID, NOT_FOUND, DENIED),
    example=("authctl tokens create ada@example.com", "authctl tokens create ada@example.com --length 8 --expire 5m"),
)
def create(
    ctx: Context,
    user: User,
    length: Annotated[
        int,
        typer.Option("--length", metavar="N", help="Number of hexadecimal digits, 5 to 128. Below 32 it is a code."),
    ] = 64,
    expire: Annotated[
        str | None, typer.Option("--expire", metavar="DURATION", help="How long it stays valid: 900, 15m, 1d.")
    ] = None,
    force: Force = False,
) -> None:
    """Create a sign-in token for you to deliver. It is shown only once and works once.

    Below 32 digits it is a code: wrong attempts are counted, and it expires within ten minutes.
    """
    ctx.show(ctx.directory.tokens.create(user, length=length, expire=expire, force=force).public())


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Sent a code to {email}.",
    exits=(INVALID, NOT_FOUND, DENIED, UNAVAILABLE),
    example=("authctl tokens create-email ada@example.com --phrase", "authctl tokens create-email ada@example.com -q"),
)
def create_email(
    ctx: Context,
    email: Email,
    phrase: Phrase = False,
    id: NewId = None,
    locale: Locale = None,
    no_create: NoCreate = False,
    print_secret: PrintSecret = False,
) -> None:
    """Send a sign-in code to an email. Creates the account if it is new.

    A blocked user gets nothing, and the answer does not say so.
    """
    created = ctx.directory.tokens.create_email(
        email, id=id, locale=locale, phrase=phrase, create=not no_create, print_secret=print_secret
    )
    ctx.show(created.public())


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Sent a code to {phone}.",
    exits=(INVALID, NOT_FOUND, DENIED, UNAVAILABLE),
    example=(
        "authctl tokens create-phone +14255550123",
        "authctl tokens create-phone +14255550123 --channel whatsapp --id hopper",
    ),
)
def create_phone(
    ctx: Context,
    phone: Phone,
    channel: ByChannel = PhoneChannel.SMS,
    id: NewId = None,
    locale: Locale = None,
    no_create: NoCreate = False,
    print_secret: PrintSecret = False,
) -> None:
    """Send a sign-in code to a phone. Creates the account if it is new.

    A blocked user gets nothing, and the answer does not say so.
    """
    created = ctx.directory.tokens.create_phone(
        phone, channel=str(channel), id=id, locale=locale, create=not no_create, print_secret=print_secret
    )
    ctx.show(created.public())


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Sent a link to {email}.",
    exits=(INVALID, NOT_FOUND, DENIED, UNAVAILABLE),
    example="authctl tokens create-magic-url ada@example.com --url https://app.example.com/sign-in",
)
def create_magic_url(
    ctx: Context,
    email: Email,
    url: Url = None,
    phrase: Phrase = False,
    id: NewId = None,
    locale: Locale = None,
    no_create: NoCreate = False,
    print_secret: PrintSecret = False,
) -> None:
    """Send a sign-in link to an email. Creates the account if it is new.

    The link carries userId and secret. The setting allowed_redirects must contain its host.
    """
    created = ctx.directory.tokens.create_magic_url(
        email, url=url, id=id, locale=locale, phrase=phrase, create=not no_create, print_secret=print_secret
    )
    ctx.show(created.public())


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Sent a verification to the email of {user}.",
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED, UNAVAILABLE),
    example="authctl tokens create-email-verification ada --url https://app.example.com/verify",
)
def create_email_verification(ctx: Context, user: User, url: Url = None, print_secret: PrintSecret = False) -> None:
    """Send a code or link that verifies a user's email."""
    created = ctx.directory.tokens.create_email_verification(user, url=url, print_secret=print_secret)
    ctx.show(created.public())


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Sent a code to the phone of {user}.",
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED, UNAVAILABLE),
    example="authctl tokens create-phone-verification ada",
)
def create_phone_verification(
    ctx: Context, user: User, channel: ByChannel = PhoneChannel.SMS, print_secret: PrintSecret = False
) -> None:
    """Send a code that verifies a user's phone."""
    created = ctx.directory.tokens.create_phone_verification(user, channel=str(channel), print_secret=print_secret)
    ctx.show(created.public())


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Sent a recovery to the email of {user}.",
    exits=(INVALID, NOT_FOUND, DENIED, UNAVAILABLE),
    example="authctl tokens create-recovery ada@example.com --url https://app.example.com/recover",
)
def create_recovery(
    ctx: Context,
    user: User,
    url: Url = None,
    print_secret: PrintSecret = False,
    quiet_unknown: Annotated[
        bool, typer.Option("--quiet-unknown", help="Give the same answer whether or not the user exists.")
    ] = False,
) -> None:
    """Send a code or link for setting a new password. It goes to the user's email."""
    tokens = ctx.directory.tokens
    created = tokens.create_recovery(user, url=url, print_secret=print_secret, quiet_unknown=quiet_unknown)
    ctx.show(created.public())


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Sent a verification to {email}.",
    steps_up=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED, UNAVAILABLE),
    example="authctl tokens create-email-change ada ada@example.org",
)
def create_email_change(
    ctx: Context,
    user: User,
    email: Annotated[str, positional("--email", "The new one.", metavar="EMAIL")],
    url: Url = None,
    print_secret: PrintSecret = False,
) -> None:
    """Send a code or link to a new email. Redeeming it makes that the account's email."""
    tokens = ctx.directory.tokens
    password = current_password(ctx)
    created = tokens.create_email_change(user, email, url=url, password=password, print_secret=print_secret)
    ctx.show(created.public())


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Sent a code to {phone}.",
    steps_up=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED, UNAVAILABLE),
    example="authctl tokens create-phone-change ada +14255550124",
)
def create_phone_change(
    ctx: Context,
    user: User,
    phone: Annotated[str, positional("--phone", "The new one.", metavar="PHONE")],
    channel: ByChannel = PhoneChannel.SMS,
    print_secret: PrintSecret = False,
) -> None:
    """Send a code to a new phone. Redeeming it makes that the account's phone."""
    tokens = ctx.directory.tokens
    password = current_password(ctx)
    created = tokens.create_phone_change(
        user, phone, channel=str(channel), password=password, print_secret=print_secret
    )
    ctx.show(created.public())


@COMMANDS.command(
    writes=True,
    says="Redeemed the secret.",
    exits=(INVALID, CONFLICT, DENIED, UNAVAILABLE),
    example=(
        "authctl tokens redeem ada@example.com --kind email --secret-stdin < code.txt",
        "authctl tokens redeem --secret-stdin < long-secret.txt",
        "authctl tokens redeem ada --kind recovery --secret-stdin --new-password-stdin < secret-and-password.txt",
    ),
)
def redeem(
    ctx: Context,
    user: Annotated[
        str | None, positional("--user-id", "Whose. A secret too long to be a code needs none.", metavar="USER")
    ] = None,
    kind: Annotated[
        TokenKind | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help=f"Kind of the token, if the user has several: {', '.join(TokenKind)}.",
        ),
    ] = None,
    id: Annotated[str | None, typer.Option("--id", "--token-id", metavar="TOKEN", help="Id of the token.")] = None,
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the code or secret from stdin: one line.")
    ] = False,
    new_password_stdin: Annotated[
        bool, typer.Option("--new-password-stdin", help="Read a recovery's new password from stdin: the next line.")
    ] = False,
    new_account: Annotated[
        bool,
        typer.Option(
            "--new-account",
            help="If an unverified address is on somebody else's account: remove it there and create one.",
        ),
    ] = False,
    code: Annotated[
        str | None,
        typer.Option(
            "--code",
            metavar="CODE",
            help="For a recovery with two factors: a code from the authenticator, or a recovery code.",
        ),
    ] = None,
    challenge: Annotated[
        str | None,
        typer.Option(
            "--challenge",
            metavar="TOKEN",
            help="The token from `authctl tokens create-phone` that --code belongs to.",
        ),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="For a recovery: keep unconfirmed identities and authenticators."),
    ] = False,
) -> None:
    """Redeem a code or secret: sign in, verify an address, set a new password, change an address, or cancel that.

    Wrong, expired, used and unknown secrets all give the same answer, exit status 6. The answer is the session, with
    its secret shown only once, or the user if the kind does not sign in. If nobody has verified the address yet, it
    says what was removed from the account, or asks for another proof of ownership.
    """
    from authctl.core.tokens.kinds import DECLARATIONS, Effect

    if kind is not None and id is not None:
        raise UsageError("general_usage", "Use only one of --kind and --id.", field="kind")
    if user is None and id is not None:
        raise UsageError("general_usage", "--id needs the USER.", field="user")
    tokens = ctx.directory.tokens
    if secret_stdin:
        secret = prompts.read_secret_line(ctx.environment, "--secret-stdin")
    else:
        secret = prompts.secret(ctx.environment, "Secret", flag="--secret-stdin")
    meant = kind or (_kind_meant(ctx, user, id) if user is not None else _kind_of(ctx, secret))
    effect = DECLARATIONS[meant].effect
    ctx.output.prepare(SIGNED_IN if effect is Effect.SIGN_IN else USER)
    password = None
    if new_password_stdin:
        password = prompts.read_secret_line(ctx.environment, "--new-password-stdin")
    elif effect is Effect.RECOVER:
        password = new_password(ctx, flag="--new-password-stdin")
    which: dict[str, str] = {"id": id} if id is not None else {"kind": meant}
    second = {"code": code, "challenge": challenge}
    redeemed = tokens.redeem(user, secret, new_password=password, **second, keep=keep, new_account=new_account, **which)
    shown = redeemed.public()
    ctx.show(shown)
    if shown.get("more_factors_required"):
        ctx.output.note(MORE_FACTORS)


def _kind_of(ctx: Context, secret: str) -> TokenKind:
    """The kind of the token that has a long secret; where there is none, one that will be refused."""
    kind: TokenKind | None = ctx.operators.tokens.find_kind(secret)
    return kind or TokenKind.MAGIC_URL


def _kind_meant(ctx: Context, user: str, id: str | None) -> TokenKind:
    """The kind of the live token of that id, else of all the user's; where there is none, one that will be refused."""
    from authctl.core.tokens.kinds import DECLARATIONS, OF_OLD_ADDRESSES

    live = ctx.operators.tokens.list_live(user)
    kinds = list(dict.fromkeys(token.kind for token in live if id in (None, token.id)))
    # What went to an old address beside these is meant by whoever says so.
    kinds = [kind for kind in kinds if DECLARATIONS[kind].effect not in OF_OLD_ADDRESSES] or kinds
    if len(kinds) > 1:
        named = " and ".join(kinds)
        raise UsageError(
            "general_usage",
            (f"The user has active tokens of several kinds: {named}. Name one with --kind."),
            field="kind",
        )
    return kinds[0] if kinds else TokenKind.EMAIL


@COMMANDS.command(
    LISTED_TOKEN,
    name="list",
    exits=(NOT_FOUND,),
    example=("authctl tokens list ada@example.com", "authctl tokens list ada@example.com --all"),
)
def list_(
    ctx: Context,
    user: User,
    all: Annotated[
        bool, typer.Option("--all", help="Include expired and used tokens, and why they ended, until they are purged.")
    ] = False,
) -> None:
    """List a user's active tokens, newest first. Each has the attempts left."""
    ctx.output.stream(token.listed() for token in ctx.directory.tokens.list(user, ended=all))


@COMMANDS.command(
    DELETED,
    writes=True,
    says="Ended a token of {user}.",
    asks="End {token} of {user}?",
    exits=(NOT_FOUND,),
    example="authctl tokens delete ada@example.com TOKEN --yes",
)
def delete(
    ctx: Context,
    user: User,
    token: Annotated[str, positional("--token-id", "As shown by `authctl tokens list`.", metavar="TOKEN")],
) -> None:
    """End a token early."""
    ctx.show({"id": ctx.directory.tokens.delete(user, token).id, "deleted": True})


@COMMANDS.command(
    TOKENS_PURGED,
    writes=True,
    says="Deleted expired tokens.",
    exits=(),
    example=("authctl tokens purge", "authctl tokens purge --dry-run"),
)
def purge(ctx: Context) -> None:
    """Delete tokens that expired more than a day ago. Safe to run from cron at any time."""
    ctx.report({"tokens": ctx.directory.tokens.purge()})
