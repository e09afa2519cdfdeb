"""What several commands about users take: the user, and a password by one of its ways in."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli import prompts
from authctl.cli.commands import positional
from authctl.cli.context import Context
from authctl.cli.list_options import OPERATORS
from authctl.errors import Invalid, UsageError
from authctl.model import User as Account

User = Annotated[
    str,
    positional(
        "--user-id",
        "Id, email, phone or username. Prefix `id:` or `email:` to be explicit.",
        metavar="USER",
    ),
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin: one line.")]
PasswordFd = Annotated[
    int | None, typer.Option("--password-fd", metavar="N", help="Read the password from this file descriptor.")
]
Password = Annotated[
    str | None,
    typer.Option(
        "--password",
        metavar="TEXT",
        help="The password. Others on this machine can see it: prefer --password-stdin.",
    ),
]
GeneratePassword = Annotated[
    bool,
    typer.Option(
        "--generate-password", help="Generate a password, show it once, and require a change at the next sign-in."
    ),
]
Keep = Annotated[
    bool,
    typer.Option(
        "--keep",
        help="With --generate-password, for service accounts: the password never expires and need not be changed.",
    ),
]
MustChange = Annotated[bool, typer.Option("--must-change", help="Require a password change at the next sign-in.")]
Force = Annotated[
    bool,
    typer.Option("--force", help="Even if a person typed in the address or username and nobody has verified it."),
]
SEARCH = "Search the beginnings of words in id, username, name, email and phone. Indexed."
FILTER = (
    f"'FIELD OP VALUE'. {OPERATORS} or a member of labels. Times as in 'created_at > 2h' (two hours ago), today, "
    "2026-01-31. Repeatable: all must match. Indexed fields: id, username, email, phone, name (=), labels (~), "
    "status, email_verified, phone_verified, mfa, created_at. Other fields, values such as metadata.plan and "
    "prefs.theme, and ~ on text, scan the list. Quotes make a text of a number: 'metadata.code = \"007\"'."
)
Merge = Annotated[bool, typer.Option("--merge", help="Change the given keys only; null removes one.")]


def current_password(ctx: Context, *, stdin: bool = False) -> str | None:
    """The password that a person confirms a change with; None where the directory has it, or an operator acts."""
    if not ctx.is_person or "password_stdin" in ctx.given:
        return None
    if stdin:
        return prompts.read_secret_line(ctx.environment, "--password-stdin")
    return prompts.secret(ctx.environment, "Current password") if ctx.environment.is_interactive else None


def password_given(
    ctx: Context, *, stdin: bool, descriptor: int | None, given: str | None, generate: bool = False, ask: bool = False
) -> str | None:
    """The one password that the options give; None where none of them does."""
    ways = {
        "--password-stdin": stdin,
        "--password-fd": descriptor is not None,
        "--password": given is not None,
        "--generate-password": generate,
    }
    chosen = [flag for flag, taken in ways.items() if taken]
    if len(chosen) > 1:
        raise UsageError("general_usage", f"Use only one of {' and '.join(chosen)}.", field="password")
    if generate and ctx.output.fields and "generated_password" not in ctx.output.fields:
        message = "--fields leaves out generated_password, which is shown only once."
        raise UsageError("general_usage", message, field="fields", hint="Add generated_password to --fields.")
    if stdin:
        return prompts.read_secret_line(ctx.environment, "--password-stdin")
    if descriptor is not None:
        return prompts.read_secret_descriptor(ctx.environment, descriptor, "--password-fd")
    if generate:
        from authctl.core.crypto import generators

        [least] = ctx.operators.security.show(["password-min-length"]).values()
        assert isinstance(least, int)
        return generators.new_password(ctx.environment.random_bytes, least)
    if given is None and ask:
        return new_password(ctx)
    return given


def is_temporary(*, generate: bool, keep: bool, must_change: bool) -> bool:
    """Whether a password is made that must be changed, and expires."""
    if keep and (must_change or not generate):
        message = "--keep only goes with --generate-password, without --must-change."
        raise UsageError("general_usage", message, field="keep")
    return generate and not keep


def show_with_password(ctx: Context, user: Account, generated: str | None) -> None:
    """Print an account, and the password that was made for it, with when that expires."""
    ctx.show(user.public() | ({"generated_password": generated} if generated is not None else {}))
    expires_at = user.password.expires_at if user.password is not None else None
    if generated is not None and expires_at is not None:
        ctx.output.note(f"The password expires on {expires_at:%Y-%m-%d at %H:%M} UTC unless the user changes it.")


def new_password(ctx: Context, *, flag: str = "--password-stdin") -> str:
    """One that the person at the terminal chooses. What the policy has against it is told before it is typed again."""

    def check(password: str) -> None:
        if problems := ctx.operators.security.check_password(password).problems:
            raise Invalid.of(problems)

    return prompts.secret(ctx.environment, "New password", twice=True, check=check, flag=flag)
