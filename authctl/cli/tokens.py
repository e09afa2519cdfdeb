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


Email = Annotated[str, positional("--email", "Where it goes.", metavar="EMAIL")]
Phone = Annotated[str, positional("--phone", "Where it goes, with + and the calling code.", metavar="PHONE")]
NewId = Annotated[
    str | None,
    typer.Option("--id", "--user-id", metavar="ID", help="The id of an account that is made; else it is ignored."),
]
Locale = Annotated[
    str | None,
    typer.Option("--locale", metavar="LOCALE", help="The language of an account that is made; else it is ignored."),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Where the link leads; the setting allowed_redirects names its host. Without it, the mail has the secret.",
    ),
]
Phrase = Annotated[
    bool, typer.Option("--phrase", help="Show two words here and in the message, for the person to compare.")
]
NoCreate = Annotated[bool, typer.Option("--no-create", help="Make no account; exit with 4 where there is none.")]
PrintSecret = Annotated[bool, typer.Option("--print-secret", help="Show the secret here, and send nothing.")]
ByChannel = Annotated[PhoneChannel, typer.Option("--channel", metavar="|".join(PhoneChannel), help="How it is sent.")]


@COMMANDS.command(
    TOKEN,
    writes=True,
    says="Made a token for {user}.",
    exits=(INVALID, NOT_FOUND, DENIED),
    example=("authctl tokens create ada@example.com", "authctl tokens create ada@example.com --length 8 --expire 5m"),
)
def create(
    ctx: Context,
    user: User,
    length: Annotated[
        int, typer.Option("--length", metavar="N", help="Hexadecimal digits, 5 to 128. Below 32 it is a code.")
    ] = 64,
    expire: Annotated[
        str | None, typer.Option("--expire", metavar="DURATION", help="How long it lives: 900, 15m, 1d.")
    ] = None,
    force: Force = False,
) -> None:
    """Make a token that signs a user in, to be handed over. It is shown this once, and works once.

    Below 32 digits the rules for codes apply: wrong attempts are counted, and it lives ten minutes at most.
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
    """Send a code to an email that signs in with it; make the account where there is none.

    A blocked user is sent nothing, and the answer does not say so.
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
    """Send a code to a phone that signs in with it; make the account where there is none.

    A blocked user is sent nothing, and the answer does not say so.
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
    """Send a link to an email that signs in with it; make the account where there is none.

    The link carries userId and secret, and leads to a host that allowed_redirects names.
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
    """Send a code or link to a user's email that verifies it."""
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
    """Send a code to a user's phone that verifies it."""
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
    """Send a code or link to a user's email that sets a new password."""
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
    """Send a code or link to a new email; redeemed, it makes that the account's."""
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
    """Send a code to a new phone; redeemed, it makes that the account's."""
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
        "authctl tokens redeem ada --kind recovery --secret-stdin --new-password-stdin < secret-and-password.txt",
    ),
)
def redeem(
    ctx: Context,
    user: User,
    kind: Annotated[
        TokenKind | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help=f"Which token is meant; needed where more than one kind is live: {', '.join(TokenKind)}.",
        ),
    ] = None,
    id: Annotated[
        str | None, typer.Option("--id", "--token-id", metavar="TOKEN", help="Which token is meant, by its id.")
    ] = None,
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the code or secret from stdin: one line.")
    ] = False,
    new_password_stdin: Annotated[
        bool, typer.Option("--new-password-stdin", help="Read a recovery's new password from stdin: the next line.")
    ] = False,
    new_account: Annotated[
        bool,
        typer.Option(
            "--new-account", help="If an unverified address is on somebody else's account: take it off, and make one."
        ),
    ] = False,
    code: Annotated[
        str | None,
        typer.Option(
            "--code",
            metavar="CODE",
            help="Of a recovery, where two factors are asked for: of the authenticator, or a recovery code.",
        ),
    ] = None,
    challenge: Annotated[
        str | None,
        typer.Option(
            "--challenge", metavar="TOKEN", help="The token of `authctl tokens create-phone` that --code is of instead."
        ),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Of a recovery: leave identities and authenticators that nothing has confirmed."),
    ] = False,
) -> None:
    """Redeem a code or secret: sign in, verify an address, set a new password, change an address, or cancel that.

    A wrong, an expired, a used and an unknown one are one answer, exit status 6. The answer is the session, with its
    secret shown this once; of kinds that sign nobody in it is the user. Where nobody has verified the address yet, it
    says what of the account ended, or asks for another proof of whose the account is.
    """
    from authctl.core.tokens.kinds import DECLARATIONS, Effect

    if kind is not None and id is not None:
        raise UsageError("general_usage", "--kind and --id exclude each other.", field="kind")
    tokens = ctx.directory.tokens
    if secret_stdin:
        secret = prompts.read_secret_line(ctx.environment, "--secret-stdin")
    else:
        secret = prompts.secret(ctx.environment, "Secret", flag="--secret-stdin")
    meant = kind or _kind_meant(ctx, user, id)
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


def _kind_meant(ctx: Context, user: str, id: str | None) -> TokenKind:
    """The kind of the live token of that id, else of all the user's; where there is none, one that will be refused."""
    from authctl.core.tokens.kinds import DECLARATIONS, OF_OLD_ADDRESSES

    live = ctx.operators.tokens.list_live(user)
    kinds = list(dict.fromkeys(token.kind for token in live if id in (None, token.id)))
    # What went to an old address beside these is meant by whoever says so.
    kinds = [kind for kind in kinds if DECLARATIONS[kind].effect not in OF_OLD_ADDRESSES] or kinds
    if len(kinds) > 1:
        named = " and ".join(kinds)
        raise UsageError("general_usage", f"The user has live tokens of the kinds {named}: say --kind.", field="kind")
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
        bool, typer.Option("--all", help="Those that are over too, and why, until they are purged.")
    ] = False,
) -> None:
    """List a user's live tokens, the newest first, with the attempts that are left."""
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
    token: Annotated[str, positional("--token-id", "As `authctl tokens list` shows it.", metavar="TOKEN")],
) -> None:
    """End a token before its time."""
    ctx.show({"id": ctx.directory.tokens.delete(user, token).id, "deleted": True})


@COMMANDS.command(
    TOKENS_PURGED,
    writes=True,
    says="Deleted expired tokens.",
    exits=(),
    example=("authctl tokens purge", "authctl tokens purge --dry-run"),
)
def purge(ctx: Context) -> None:
    """Remove tokens that have been dead for a day, some at a time. Safe to run from cron, at any time."""
    ctx.report({"tokens": ctx.directory.tokens.purge()})
