"""`authctl sessions`: what a signed-in application does. The secret comes by stdin or from AUTHCTL_SESSION."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import DELETED, JWT, JWT_CLAIMS, PERSON, SESSION, SIGNED_IN
from authctl.cli.commands import CONFLICT, DENIED, INVALID, Commands
from authctl.cli.context import Context
from authctl.cli.users.options import Password, PasswordFd, PasswordStdin, password_given
from authctl.errors import UsageError

COMMANDS = Commands("sessions")

MORE_FACTORS = (
    "The session needs another factor. Put its secret in AUTHCTL_SESSION, then run authctl mfa create-challenge "
    "--factor FACTOR, and authctl mfa complete-challenge."
)

SecretStdin = Annotated[
    bool, typer.Option("--secret-stdin", help="Read the session's secret from stdin (default: AUTHCTL_SESSION).")
]


def secret_given(ctx: Context, *, stdin: bool) -> str:
    """The secret of the session that a command is about."""
    if ctx.is_person:
        message = "This command is about the session itself. Leave out --as-session."
        raise UsageError("general_usage", message, field="as_session")
    return ctx.session_secret(stdin=stdin)


@COMMANDS.command(
    SIGNED_IN,
    writes=True,
    says="Signed in.",
    exits=(INVALID, CONFLICT, DENIED),
    example=(
        "authctl sessions create ada@example.com --password-stdin < password.txt",
        "authctl sessions create --identity google 1184 --email ada@example.com --email-verified",
        "authctl sessions create --anonymous",
    ),
)
def create(
    ctx: Context,
    user: Annotated[
        str | None, typer.Argument(metavar="USER", help="Id, email, phone or username.", show_default=False)
    ] = None,
    password_stdin: PasswordStdin = False,
    password_fd: PasswordFd = None,
    password: Password = None,
    identity: Annotated[
        tuple[str, str] | None,
        typer.Option("--identity", metavar="PROVIDER UID", help="An identity that your application has verified."),
    ] = None,
    email: Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="With --identity: its email.")] = None,
    email_verified: Annotated[
        bool, typer.Option("--email-verified", help="With --identity: the provider has verified that email.")
    ] = False,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Create an account without credentials.")] = False,
) -> None:
    """Sign in with a password, an external identity, or anonymously. The secret is shown only once.

    A wrong user, a wrong password and a locked account all give the same answer, exit status 6. Wrong attempts are
    counted per account, and per source if --ip names it.
    """
    ways = [user is not None, identity is not None, anonymous]
    if sum(ways) != 1:
        raise UsageError("general_usage", "Use one of USER, --identity and --anonymous.", field="user")
    if (email or email_verified) and identity is None:
        raise UsageError("general_usage", "--email and --email-verified only go with --identity.", field="email")
    sessions = ctx.directory.sessions
    if anonymous:
        signed_in = sessions.create_anonymous()
    elif identity is not None:
        signed_in = sessions.create_with_identity(*identity, email=email, email_verified=email_verified)
    else:
        assert user is not None
        secret = password_given(ctx, stdin=password_stdin, descriptor=password_fd, given=password)
        if secret is None:
            secret = prompts.secret(ctx.environment, "Password")
        signed_in = sessions.create(user, secret)
    ctx.show(signed_in.public())
    if signed_in.more_factors_required:
        ctx.output.note(MORE_FACTORS)


@COMMANDS.command(PERSON, exits=(DENIED,), example="authctl sessions get --secret-stdin < session.txt")
def get(ctx: Context, secret_stdin: SecretStdin = False) -> None:
    """Show who is signed in: the account and the session. Exit status 6 if nobody is, with the reason.

    The reasons: user_unauthorized for an unknown or ended session, user_blocked, user_more_factors_required, and
    user_password_reset_required.
    """
    secret = secret_given(ctx, stdin=secret_stdin)
    ctx.show(ctx.directory.sessions.get(secret).public())


@COMMANDS.command(
    SESSION,
    writes=True,
    says="Extended the session.",
    exits=(DENIED,),
    example="authctl sessions update --secret-stdin < session.txt",
)
def update(ctx: Context, secret_stdin: SecretStdin = False) -> None:
    """Extend the session by the policy's duration, from now."""
    secret = secret_given(ctx, stdin=secret_stdin)
    ctx.show(ctx.directory.sessions.update(secret).public(current=True))


@COMMANDS.command(
    DELETED,
    writes=True,
    says="Signed out.",
    exits=(DENIED,),
    example="authctl sessions delete --secret-stdin < session.txt",
)
def delete(ctx: Context, secret_stdin: SecretStdin = False) -> None:
    """Sign out. The session and its JWTs end at once."""
    secret = secret_given(ctx, stdin=secret_stdin)
    session = ctx.directory.sessions.delete(secret)
    ctx.show({"id": session.id, "deleted": True})


@COMMANDS.command(
    JWT,
    writes=True,
    says="Created a JWT.",
    exits=(INVALID, DENIED),
    example="authctl sessions create-jwt --duration 5m --secret-stdin < session.txt",
)
def create_jwt(
    ctx: Context,
    secret_stdin: SecretStdin = False,
    duration: Annotated[
        str, typer.Option("--duration", metavar="DURATION", help="At most an hour: 900, 15m, 1h.")
    ] = "15m",
) -> None:
    """Create a JWT for the session. For programs that check signatures; it ends with the session."""
    secret = secret_given(ctx, stdin=secret_stdin)
    ctx.show(ctx.directory.sessions.create_jwt(secret, duration=duration).public())


@COMMANDS.command(
    JWT_CLAIMS,
    exits=(DENIED,),
    example="authctl sessions verify-jwt --secret-stdin < jwt.txt",
)
def verify_jwt(
    ctx: Context,
    secret_stdin: Annotated[bool, typer.Option("--secret-stdin", help="Read the JWT from stdin.")] = False,
    audience: Annotated[
        str | None, typer.Option("--audience", metavar="TEXT", help="The expected audience (default: the policy's).")
    ] = None,
) -> None:
    "Check a JWT: signature, issuer, audience, time, and that its session is active. Exit status 6 if it is not valid."
    if secret_stdin:
        token = prompts.read_secret_line(ctx.environment, "--secret-stdin")
    else:
        token = prompts.secret(ctx.environment, "JWT", flag="--secret-stdin")
    ctx.show(ctx.directory.sessions.verify_jwt(token, audience=audience).public())
