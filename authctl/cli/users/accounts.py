"""`authctl users`: making accounts, finding them, and what happened to them."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import DELETED, EVENT, FOUND_USER, USER
from authctl.cli.commands import CONFLICT, INVALID, NOT_FOUND, PARTIAL
from authctl.cli.context import Context
from authctl.cli.list_options import PAGE, After, Limit, ListOptions, show_list, show_page
from authctl.cli.options import pairs, split
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import (
    FILTER,
    SEARCH,
    GeneratePassword,
    Keep,
    MustChange,
    Password,
    PasswordFd,
    PasswordStdin,
    User,
    is_temporary,
    password_given,
    show_with_password,
)
from authctl.core import hashing
from authctl.errors import UsageError
from authctl.model import WeakHash

Labels = Annotated[
    list[str] | None, typer.Option("--labels", metavar="LABEL,...", help="Repeatable, or separated by commas.")
]
PasswordHash = Annotated[
    str | None,
    typer.Option(
        "--password-hash",
        metavar="HASH",
        help="Hash from another system instead of a password. Others can see it here: prefer --password-hash-stdin.",
    ),
]
PasswordHashStdin = Annotated[bool, typer.Option("--password-hash-stdin", help="Read the hash from stdin: one line.")]
HashName = Annotated[
    str | None,
    typer.Option(
        "--hash", metavar="NAME", help="Algorithm of the hash, if it does not name it: bcrypt, md5, django, ..."
    ),
]
HashOption = Annotated[
    list[str] | None,
    typer.Option("--hash-option", metavar="KEY=VALUE", help="Parameters of the hash: salt=..., rounds=... Repeatable."),
]
WeakHashOption = Annotated[
    WeakHash,
    typer.Option(
        "--weak-hash",
        metavar="|".join(WeakHash),
        help="Easily guessed hashes: keep them, wrap them in argon2id, or leave them out.",
    ),
]


@COMMANDS.command(
    USER,
    writes=True,
    makes=True,
    says="Created the user {user}.",
    exits=(INVALID, CONFLICT),
    example=(
        'authctl users create --email ada@example.com --name "Ada Lovelace"',
        "authctl users create --username lovelace --labels staff,admin --generate-password -o json",
    ),
)
def create(
    ctx: Context,
    id: Annotated[
        str | None,
        typer.Option("--id", "--user-id", metavar="ID", help="Id of the user (default, or with unique(): a new one)."),
    ] = None,
    username: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name to sign in with; case does not matter.")
    ] = None,
    email: Annotated[str | None, typer.Option(metavar="EMAIL", help="Unique; kept in lower case.")] = None,
    phone: Annotated[str | None, typer.Option(metavar="PHONE", help="With + and the country code.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="At most 128 characters.")] = None,
    labels: Labels = None,
    prefs: Annotated[
        str | None, typer.Option(metavar="JSON", help="The user's own preferences, a JSON object.")
    ] = None,
    metadata: Annotated[
        str | None, typer.Option(metavar="JSON", help="Your notes about the user, a JSON object.")
    ] = None,
    locale: Annotated[
        str | None, typer.Option(metavar="LOCALE", help="Language of messages to them: de, pt-BR, zh-Hant.")
    ] = None,
    email_verified: Annotated[bool, typer.Option("--email-verified", help="Mark the email as verified.")] = False,
    phone_verified: Annotated[bool, typer.Option("--phone-verified", help="Mark the phone as verified.")] = False,
    blocked: Annotated[bool, typer.Option("--blocked", help="Create the account blocked.")] = False,
    if_absent: Annotated[
        bool,
        typer.Option("--if-absent", help="If the id, username, email or phone exists, return that user unchanged."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="With --if-absent: even if a person typed in the address or username and nobody has verified it.",
        ),
    ] = False,
    password_stdin: PasswordStdin = False,
    password_fd: PasswordFd = None,
    password: Password = None,
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for the password, twice and hidden.")
    ] = False,
    generate_password: GeneratePassword = False,
    keep: Keep = False,
    must_change: MustChange = False,
    password_hash: PasswordHash = None,
    password_hash_stdin: PasswordHashStdin = False,
    hash: HashName = None,
    hash_option: HashOption = None,
    weak_hash: WeakHashOption = WeakHash.KEEP,
    self_service: Annotated[
        bool, typer.Option("--self-service", help="Treat this as a sign-up: the user limit and sign-up rules apply.")
    ] = False,
) -> None:
    """Create a user. No option is required, but signing in takes an email, a phone or a password."""
    if if_absent and generate_password:
        # The answer does not tell whether the account was there, and so whether the password is its.
        raise UsageError("general_usage", "Use only one of --if-absent and --generate-password.", field="if_absent")
    temporary = is_temporary(generate=generate_password, keep=keep, must_change=must_change)
    secret = password_given(
        ctx,
        stdin=password_stdin,
        descriptor=password_fd,
        given=password,
        generate=generate_password,
        ask=ask_password,
    )
    user = ctx.directory.users.create(
        id=id,
        username=username,
        email=email,
        phone=phone,
        name=name,
        labels=split(labels),
        prefs=prefs,
        metadata=metadata,
        locale=locale,
        email_verified=email_verified,
        phone_verified=phone_verified,
        blocked=blocked,
        password=secret,
        must_change=must_change or temporary,
        generated=temporary,
        password_hash=prompts.read_secret_line(ctx.environment, "--password-hash-stdin")
        if password_hash_stdin
        else password_hash,
        hash=hash,
        hash_options=hashing.options_said(pairs(hash_option, "--hash-option")),
        weak_hash=weak_hash,
        self_service=self_service,
        if_absent=if_absent,
        force=force,
    )
    show_with_password(ctx, user, secret if generate_password else None)
    if not (user.email or user.phone or user.password or if_absent):
        ctx.output.note("Nobody can sign in to this account yet. Add an email or a password:")
        ctx.output.note(f"  {ctx.program} users update-email {user.id} EMAIL")
        ctx.output.note(f"  {ctx.program} users update-password {user.id}")


@COMMANDS.command(
    USER,
    name="list",
    lists=ListOptions(SEARCH, FILTER),
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl users list --search ada",
        "authctl users list --filter 'status = blocked' --sort name,-created_at --limit 50",
        "authctl users list --filter 'metadata.plan = pro' --filter 'metadata.seats >= 5'",
        "authctl users list --all -o jsonl",
    ),
)
def list_(ctx: Context) -> None:
    """List users, newest first, 25 a page."""
    users = ctx.directory.users
    show_list(ctx, users.list, users.iterate, users.count, counted_up_to=users.count_up_to)


@COMMANDS.command(FOUND_USER, exits=(NOT_FOUND,), example="authctl users get ada@example.com -o json")
def get(ctx: Context, user: User) -> None:
    """Show one user. In `former_ids` are the ids of the accounts that were merged into it."""
    ctx.show(ctx.directory.users.get(user, former_ids=True).public())


@COMMANDS.command(
    DELETED,
    writes=True,
    says="Deleted the user {user}.",
    asks="Delete {user} and all their data?",
    exits=(NOT_FOUND, CONFLICT, PARTIAL),
    example=(
        "authctl users delete ada@example.com --yes",
        "authctl users list --filter 'labels ~ trial' --all --fields id | authctl users delete - --yes",
    ),
)
def delete(
    ctx: Context,
    user: User,
    force: Annotated[bool, typer.Option("--force", help="Allow deleting the last owner of a team.")] = False,
) -> None:
    """Delete a user and all their data. The email is free again at once; the audit log stays."""
    ctx.show({"id": ctx.directory.users.delete(user, force=force).id, "deleted": True})


@COMMANDS.command(
    EVENT,
    exits=(NOT_FOUND,),
    example="authctl users list-logs ada@example.com --limit 100",
)
def list_logs(
    ctx: Context,
    user: User,
    limit: Limit = PAGE,
    after: After = None,
) -> None:
    """Show what was done to a user, newest first. Deleted users by id."""
    show_page(ctx, ctx.directory.users.list_logs(user, limit=limit, after=after), limit)
