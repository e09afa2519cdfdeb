"""`authctl mfa`: second factors, and the challenges that complete a sign-in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from authctl.cli import prompts, qr
from authctl.cli.answer_fields import (
    AUTHENTICATOR,
    CHALLENGE,
    DELETED,
    FACTOR,
    MFA_STATUS,
    RECOVERY_CODES,
    SIGNED_IN,
    USER,
)
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, UNAVAILABLE, Commands, positional
from authctl.cli.context import Context
from authctl.cli.environment import is_utf8
from authctl.cli.sessions import SecretStdin, secret_given
from authctl.cli.tokens import PrintSecret
from authctl.cli.users.options import User
from authctl.errors import Denied, UsageError

if TYPE_CHECKING:
    from authctl.core.mfa.authenticators import NewAuthenticator
    from authctl.core.mfa.mfa import RecoveryCodes


COMMANDS = Commands(
    "mfa",
    {
        "Users": ("status", "list-factors", "enable", "disable", "reset"),
        "Authenticator apps": ("create-authenticator", "verify-authenticator", "delete-authenticator"),
        "Recovery codes": ("create-recovery-codes", "regenerate-recovery-codes"),
        "The second step of a sign-in": ("create-challenge", "complete-challenge"),
    },
)
GROUP = 4  # characters of a secret that is to be typed
TRIES = 5  # codes that are asked for before a new authenticator is left unverified
BELOW = 1  # lines of the window under a QR code: the question


class SecondFactor(StrEnum):
    """What a challenge can be of."""

    TOTP = "totp"
    EMAIL = "email"
    PHONE = "phone"
    RECOVERY_CODE = "recovery_code"
    PASSWORD = "password"  # noqa: S105 - the name of a factor


FACTORS = (
    "The factor that completes the sign-in, other than the first: totp, email, phone or recovery_code; password if "
    "the sign-in began with an unverified address."
)
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="Which authenticator, if a user has several.")]
Code = Annotated[
    str | None, positional("--otp", "The code from the app or message. Asked for if left out.", metavar="CODE")
]
CodeStdin = Annotated[
    bool,
    typer.Option(
        "--secret-stdin", help="Read the code from stdin: one line, after the session's secret if that comes first."
    ),
]


def code_given(ctx: Context, code: str | None, *, stdin: bool) -> str:
    """The code of a line, of stdin, or of whoever sits at the terminal."""
    if code is not None and stdin:
        raise UsageError("general_usage", "Use only one of CODE and --secret-stdin.", field="code")
    if code is not None:
        return code
    if stdin:
        return prompts.read_secret_line(ctx.environment, "--secret-stdin")
    return prompts.secret(ctx.environment, "Code", flag="--secret-stdin")


@COMMANDS.command(MFA_STATUS, exits=(NOT_FOUND,), example="authctl mfa status ada@example.com")
def status(ctx: Context, user: User) -> None:
    """Show which second factors a user signs in with."""
    ctx.show(ctx.directory.mfa.status(user).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Turned on two-factor sign-in for {user}.",
    steps_up=True,
    exits=(NOT_FOUND, DENIED),
    example="authctl mfa enable ada@example.com",
)
def enable(ctx: Context, user: User) -> None:
    """Ask a user for two factors at sign-in.

    A user without a second factor still signs in with one. Add one with `authctl mfa create-authenticator`; a
    verified email or phone also counts. The policy mfa-required covers everybody, or all users with a label.

    A user with no other factor than email cannot recover a forgotten password without an operator.
    """
    from authctl.core.accounts import lookup

    mfa = ctx.directory.mfa
    enabled = mfa.enable(user)
    ctx.show(enabled.public())
    status = mfa.status(f"id:{enabled.id}")
    if not any(status.factors.values()):
        ctx.output.tell(
            f"This has no effect yet: user {enabled.id} has no second factor. To add one: "
            + _command(ctx, "create-authenticator", lookup.reference(enabled.id))
        )
    elif status.recovery_needs_operator:
        ctx.output.warn(
            "Email is the only second factor, so recovering a password takes an operator. To avoid that: "
            + _command(ctx, "create-recovery-codes", user)
        )


@COMMANDS.command(
    USER,
    writes=True,
    says="Turned off two-factor sign-in for {user}.",
    steps_up=True,
    exits=(NOT_FOUND, DENIED),
    example="authctl mfa disable ada@example.com",
)
def disable(ctx: Context, user: User) -> None:
    """Ask a user for only one factor at sign-in. Existing factors stay.

    If the policy mfa-required asks for two, it still does.
    """
    ctx.show(ctx.directory.mfa.disable(user).public())


@COMMANDS.command(
    AUTHENTICATOR,
    writes=True,
    steps_up=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED, UNAVAILABLE),
    example=(
        "authctl mfa create-authenticator ada@example.com",
        "authctl mfa create-authenticator ada@example.com --name phone --qr-file ada.svg",
    ),
)
def create_authenticator(
    ctx: Context,
    user: User,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Name of the authenticator, if a user has several.")
    ] = None,
    qr_file: Annotated[
        Path | None,
        typer.Option(
            "--qr-file", metavar="FILE", help="Write the QR code to a new .svg or .png file instead of drawing it."
        ),
    ] = None,
) -> None:
    """Create the secret for an authenticator app. It is shown only once, and active once verified with a code.

    A terminal shows a QR code to scan and asks for the first code; elsewhere, run `authctl mfa verify-authenticator`.
    Creating it again before that replaces the first.
    """
    if qr_file is not None:
        qr.check_file(qr_file)
    created = ctx.directory.mfa.create_authenticator(user, name=name)
    if qr_file is not None and not ctx.is_dry_run:
        qr.write_file(qr_file, created.uri)  # where that fails, the same once more replaces what was made
    if ctx.is_dry_run or not ctx.output.is_for_a_person:
        _show_secret(ctx, created.public(), created.factor.user_id)
        return
    _show_to_scan(ctx, created, qr_file)
    is_verified = False
    try:
        is_verified = ctx.environment.is_interactive and _verify_now(ctx, user, name)
    finally:  # also where the question was interrupted, or answered wrongly too often
        if not is_verified:
            ctx.output.tell(f"Not active yet. To activate it: {_verifying(ctx, user, name)}")


def _show_to_scan(ctx: Context, created: NewAuthenticator, qr_file: Path | None) -> None:
    """Show what an app needs: words first, so that a window of 24 lines has the whole QR code and the question."""
    groups = (created.secret[start : start + GROUP] for start in range(0, len(created.secret), GROUP))
    ctx.show({"secret": " ".join(groups), "uri": created.uri})
    if qr_file is not None:
        ctx.output.tell(f"The QR code is in {qr_file}. Delete the file after scanning it.")
    elif ctx.environment.is_dumb:
        ctx.output.tell("This terminal cannot draw the QR code. To write it to a file: --qr-file FILE.svg")
    else:
        _draw(ctx, qr.matrix_of(created.uri))


def _draw(ctx: Context, matrix: qr.Matrix) -> None:
    """Draw a QR code as large as the window has it, the line below it included, or say what would be large enough.

    Also where NO_COLOR is set: the colours are no decoration, a reader needs them.
    """
    environment = ctx.environment
    half_blocks = is_utf8(environment.stdout)
    drawing = qr.drawn(matrix, columns=environment.columns, lines=environment.lines - BELOW, half_blocks=half_blocks)
    if drawing is None:
        columns, lines = qr.least_room(matrix, half_blocks=half_blocks)
        ctx.output.tell(
            f"The window is too small for the QR code. Make it at least {columns} columns by {lines + BELOW} lines and "
            "try again, or use --qr-file FILE.svg"
        )
        return
    environment.stdout.write(drawing)
    ctx.output.flush()


def _verify_now(ctx: Context, user: str, name: str | None) -> bool:
    """Ask for a code of the new authenticator, and again while it is wrong. Whether one was given."""
    question = "Code from the app (Enter: later): "
    for tries_left in reversed(range(TRIES)):
        code = prompts.answer(ctx.environment, question)
        if not code:
            return False
        try:
            ctx.directory.mfa.verify_authenticator(user, code, name=name)
        except Denied as refused:
            if refused.type != "user_invalid_token" or not tries_left:
                raise
            question = "Wrong code. The next code from the app (Enter: later): "
        else:
            ctx.output.note("Verified: it is now a second factor.")
            asked = ctx.directory.mfa.status(user)
            if not (asked.mfa or asked.required):
                ctx.output.note(f"Sign-ins do not ask for it yet. To turn that on: {_command(ctx, 'enable', user)}")
            return True
    raise AssertionError("the last refusal is raised")


def _verifying(ctx: Context, user: str, name: str | None) -> str:
    """The command that verifies a new authenticator."""
    return _command(ctx, "verify-authenticator", user, "CODE", *(["--name", name] if name is not None else []))


def _command(ctx: Context, verb: str, *words: str) -> str:
    """A command of this group as whoever acts now would type it."""
    line = [ctx.program, "mfa", verb, *map(quote, words), *(["--as-session"] if ctx.is_person else [])]
    return " ".join(line)


def _show_secret(ctx: Context, record: dict[str, Any], user_id: str) -> None:
    """Print what was made for a user; of many users, each with its id."""
    ctx.show(record | ({"user_id": user_id} if ctx.output.is_bulk else {}))


@COMMANDS.command(
    FACTOR,
    writes=True,
    says="Verified the authenticator as a second factor.",
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED),
    example=(
        "authctl mfa verify-authenticator ada@example.com CODE",
        "authctl mfa verify-authenticator ada@example.com --name phone --secret-stdin < app-code.txt",
    ),
)
def verify_authenticator(
    ctx: Context, user: User, code: Code = None, name: Name = None, secret_stdin: CodeStdin = False
) -> None:
    """Activate a new authenticator with a code from it.

    Wrong codes are counted. Too many lock the user's second factors for a while; even right ones are then refused.
    """
    mfa = ctx.directory.mfa
    ctx.show(mfa.verify_authenticator(user, code_given(ctx, code, stdin=secret_stdin), name=name).public())


@COMMANDS.command(
    DELETED,
    writes=True,
    says="Removed an authenticator of {user}.",
    steps_up=True,
    asks="Remove the authenticator of {user}?",
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED),
    example=(
        "authctl mfa delete-authenticator ada@example.com --yes",
        "authctl mfa delete-authenticator ada@example.com --name phone --force --yes",
    ),
)
def delete_authenticator(
    ctx: Context,
    user: User,
    name: Name = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help=(
                "Delete it even if it is the only second factor. One factor is then enough, unless the "
                "policy says otherwise."
            ),
        ),
    ] = False,
) -> None:
    """Delete an authenticator. Sessions of a user with two-factor sign-in must complete a challenge again.

    Deleting the only second factor of a user with two-factor sign-in needs --force.
    """
    ctx.show({"id": ctx.directory.mfa.delete_authenticator(user, name=name, force=force).id, "deleted": True})


@COMMANDS.command(FACTOR, exits=(NOT_FOUND, DENIED), example="authctl mfa list-factors ada@example.com")
def list_factors(ctx: Context, user: User) -> None:
    """List the second factors a user has: authenticators, email, phone, recovery codes."""
    ctx.output.stream(factor.public() for factor in ctx.directory.mfa.list_factors(user))


@COMMANDS.command(
    RECOVERY_CODES,
    writes=True,
    steps_up=True,
    exits=(NOT_FOUND, CONFLICT, DENIED),
    example="authctl mfa create-recovery-codes ada@example.com",
)
def create_recovery_codes(ctx: Context, user: User) -> None:
    """Create six recovery codes. Each completes one sign-in if another factor is lost. They are shown only once.

    If the user already has codes, replace them with `authctl mfa regenerate-recovery-codes`.
    """
    _show_codes(ctx, ctx.directory.mfa.create_recovery_codes(user))


@COMMANDS.command(
    RECOVERY_CODES,
    writes=True,
    steps_up=True,
    exits=(NOT_FOUND, DENIED),
    example="authctl mfa regenerate-recovery-codes ada@example.com",
)
def regenerate_recovery_codes(ctx: Context, user: User) -> None:
    """Replace the recovery codes by six new ones. They are shown only once."""
    _show_codes(ctx, ctx.directory.mfa.regenerate_recovery_codes(user))


def _show_codes(ctx: Context, made: RecoveryCodes) -> None:
    """Print recovery codes: to read and to cut out, one a line."""
    if ctx.output.speaks_json or ctx.output.is_bulk or ctx.is_dry_run:
        _show_secret(ctx, made.public(), made.user_id)
    else:
        ctx.output.stream({"recovery_codes": code} for code in made.codes)
    if not (ctx.output.speaks_json or ctx.is_dry_run):
        ctx.output.tell("Keep them in a safe place: they are not shown again, and each works once.")


@COMMANDS.command(
    CHALLENGE,
    writes=True,
    says="Started a challenge with {factor}.",
    exits=(INVALID, NOT_FOUND, DENIED, UNAVAILABLE),
    example=(
        "authctl mfa create-challenge --factor totp --secret-stdin < session.txt",
        "authctl mfa create-challenge --factor recovery_code --secret-stdin < session.txt",
    ),
)
def create_challenge(
    ctx: Context,
    factor: Annotated[SecondFactor, typer.Option("--factor", metavar="FACTOR", help=FACTORS)],
    secret_stdin: SecretStdin = False,
    print_secret: PrintSecret = False,
) -> None:
    """Begin the second step of a sign-in: choose a factor. Email and phone get a code.

    The session is the one that `authctl sessions create` answered with more_factors_required. Complete the challenge
    with its id and the code: `authctl mfa complete-challenge`.
    """
    secret = secret_given(ctx, stdin=secret_stdin)
    ctx.show(ctx.directory.mfa.create_challenge(secret, str(factor), print_secret=print_secret).public())


@COMMANDS.command(
    SIGNED_IN,
    writes=True,
    says="Completed the challenge.",
    exits=(DENIED, UNAVAILABLE),
    example="authctl mfa complete-challenge CHALLENGE --secret-stdin < session-and-code.txt",
)
def complete_challenge(
    ctx: Context,
    challenge: Annotated[
        str, positional("--challenge-id", "The id from `authctl mfa create-challenge`.", metavar="CHALLENGE")
    ],
    code: Code = None,
    secret_stdin: CodeStdin = False,
) -> None:
    """Complete a sign-in with a code. The session gets a new secret, shown only once; the old one no longer works.

    The session's secret comes from AUTHCTL_SESSION, or else the first line of stdin.
    """
    secret = secret_given(ctx, stdin=False)
    given = code_given(ctx, code, stdin=secret_stdin)
    ctx.show(ctx.directory.mfa.complete_challenge(secret, challenge, given).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Removed every second factor of {user}.",
    asks="Remove every second factor of {user}, and end all sessions?",
    exits=(NOT_FOUND,),
    example="authctl mfa reset ada@example.com --yes --reason 'lost the phone, came with a passport'",
)
def reset(ctx: Context, user: User) -> None:
    """Remove all second factors of a user. For one who has lost them all.

    Authenticators and recovery codes are removed, all sessions and tokens end, and one factor is enough to sign in,
    unless the policy mfa-required asks for two. Say in --reason how you verified who is asking.
    """
    ctx.show(ctx.directory.mfa.reset(user).public())
