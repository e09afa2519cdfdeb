"""`authctl users`: passwords, and the attempts at them."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import USER, VERIFIED
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, PARTIAL
from authctl.cli.context import Context
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import (
    GeneratePassword,
    Keep,
    MustChange,
    Password,
    PasswordFd,
    PasswordStdin,
    User,
    current_password,
    is_temporary,
    password_given,
    show_with_password,
)
from authctl.errors import Denied, UsageError


@COMMANDS.command(
    USER,
    writes=True,
    says="Changed the password of {user}.",
    steps_up=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED),
    example=(
        "authctl users update-password ada@example.com --password-stdin < new-password.txt",
        "authctl users update-password ada@example.com --remove --force",
    ),
)
def update_password(
    ctx: Context,
    user: User,
    password_stdin: PasswordStdin = False,
    password_fd: PasswordFd = None,
    password: Password = None,
    generate_password: GeneratePassword = False,
    keep: Keep = False,
    must_change: MustChange = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Also if a person typed in the address or username, and nobody has proved to own it. With --remove, "
            "also if nobody can sign in any more.",
        ),
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Leave the user without a password.")] = False,
) -> None:
    """Set a new password: asked for twice on a terminal, or from stdin.

    With --as-session the current password comes first: asked for, or as the line of stdin before the new one, empty
    if there is none.
    """
    users = ctx.directory.users
    if remove:
        if (
            password_stdin
            or password_fd is not None
            or password is not None
            or generate_password
            or keep
            or must_change
        ):
            raise UsageError("general_usage", "Use only one of --remove and a new password.", field="remove")
        ctx.show(users.remove_password(user, force=force).public())
        return
    temporary = is_temporary(generate=generate_password, keep=keep, must_change=must_change)
    current = current_password(ctx, stdin=password_stdin) if ctx.is_person else None
    secret = password_given(
        ctx, stdin=password_stdin, descriptor=password_fd, given=password, generate=generate_password, ask=True
    )
    assert secret is not None
    options = {"must_change": must_change or temporary, "generated": temporary, "force": force}
    updated = users.update_password(user, secret, current=current, **options)
    show_with_password(ctx, updated, secret if generate_password else None)


@COMMANDS.command(
    VERIFIED,
    exits=(DENIED,),
    example="authctl users verify-password ada@example.com --password-stdin < password.txt",
)
def verify_password(
    ctx: Context,
    user: User,
    password_stdin: PasswordStdin = False,
    password_fd: PasswordFd = None,
    password: Password = None,
) -> None:
    """Check a password: exit status 0 if it is right, 6 if it is wrong or there is no such user or password."""
    secret = password_given(ctx, stdin=password_stdin, descriptor=password_fd, given=password)
    if secret is None:
        secret = prompts.secret(ctx.environment, "Password")
    if not ctx.directory.users.verify_password(user, secret):
        raise Denied("user_invalid_credentials", "Wrong user or password.")
    ctx.show({"id": ctx.directory.users.get(user).id, "valid": True})


@COMMANDS.command(
    USER, writes=True, says="Unlocked {user}.", exits=(NOT_FOUND,), example="authctl users unlock ada@example.com"
)
def unlock(ctx: Context, user: User) -> None:
    """Let a locked-out user sign in at once. It clears the wrong attempts."""
    ctx.show(ctx.directory.users.unlock(user).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Asked {user} to choose a new password at the next sign-in.",
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
    """Ask for a new password at the next sign-in."""
    ctx.show(ctx.directory.users.require_password_change(user).public())


@COMMANDS.command(
    USER,
    writes=True,
    says="Wrapped the hash of {user} in argon2id.",
    exits=(NOT_FOUND, PARTIAL),
    example=(
        "authctl users wrap-password ada@example.com",
        "authctl users list --all --filter 'password.algorithm = md5' --fields id | authctl users wrap-password -",
    ),
)
def wrap_password(ctx: Context, user: User) -> None:
    """Wrap an easily guessed imported hash in argon2id. The password stays the same.

    The next sign-in makes it a plain argon2id hash. A hash that is slow to guess is left alone.
    """
    ctx.show(ctx.directory.users.wrap_password(user).public())
