"""`authctl users`: words in, one call into core, words out."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import DELETED, EVENT, PREFS, USER, VERIFIED
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, PARTIAL, Commands, positional
from authctl.cli.context import Context
from authctl.cli.options import split
from authctl.errors import Denied, Invalid, UsageError
from authctl.model import WeakHash

PAGE = 25  # records of a list, where --limit does not say

COMMANDS = Commands("users")
command = COMMANDS.command

User = Annotated[
    str,
    positional(
        "--user-id",
        "Id, email, phone or username; `id:` or `email:` before it says which.",
        metavar="USER",
    ),
]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin: one line.")]
PasswordFd = Annotated[
    int | None, typer.Option("--password-fd", metavar="N", help="Read the password from this file descriptor.")
]
CurrentPasswordStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="With --as-session: read the person's current password from stdin."),
]
Password = Annotated[
    str | None,
    typer.Option(
        "--password",
        metavar="TEXT",
        help="The password itself. Others on this machine can see it: prefer --password-stdin.",
    ),
]
GeneratePassword = Annotated[
    bool,
    typer.Option("--generate-password", help="Make a password, show it once, have it changed at the next sign-in."),
]
MustChange = Annotated[bool, typer.Option("--must-change", help="The password must be changed at the next sign-in.")]
Labels = Annotated[list[str] | None, typer.Option("--labels", metavar="LABEL,...", help="Repeatable; takes commas.")]
Merge = Annotated[bool, typer.Option("--merge", help="Change the given keys only; null removes one.")]
Search = Annotated[
    str | None,
    typer.Option(
        "--search", metavar="TEXT", help="Beginnings of words in id, username, name, email and phone. Indexed."
    ),
]
Filter = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="FILTER",
        help="'FIELD OP VALUE'. OP is = != < <= > >=, or ~ for any part of a text or a member of labels. Times are"
        " written as in 'created_at > 2h' (two hours ago), today, 2026-01-31. Repeatable: all must hold. Indexed"
        " fields: id, username, email, phone, name (=), labels (~), status, email_verified, phone_verified, mfa,"
        " created_at. Others, and ~ on a text, read the list until enough is found.",
    ),
]


PasswordHash = Annotated[
    str | None,
    typer.Option(
        "--password-hash",
        metavar="HASH",
        help="Another system's hash instead of a password. Others can see it here: prefer --password-hash-stdin.",
    ),
]
PasswordHashStdin = Annotated[bool, typer.Option("--password-hash-stdin", help="Read the hash from stdin: one line.")]
HashName = Annotated[
    str | None,
    typer.Option(
        "--hash", metavar="NAME", help="What made the hash, where it does not say so itself: bcrypt, md5, django, ..."
    ),
]
HashOption = Annotated[
    list[str] | None,
    typer.Option(
        "--hash-option", metavar="KEY=VALUE", help="What the hash was made with: salt=..., rounds=... Repeatable."
    ),
]
WeakHashOption = Annotated[
    WeakHash,
    typer.Option(
        "--weak-hash",
        metavar="|".join(WeakHash),
        help="What becomes of a hash that is fast to guess at: it is kept, put inside argon2id, or left out.",
    ),
]


def _hash_options(given: list[str] | None) -> dict[str, str]:
    """`KEY=VALUE` words as a mapping."""
    options: dict[str, str] = {}
    for word in given or ():
        key, equals, value = word.partition("=")
        if not equals:
            # The word is not shown: it may be a key.
            raise UsageError("general_usage", "--hash-option takes KEY=VALUE.", field="hash_option")
        options[key.strip().replace("-", "_")] = value
    return options


def current_password(ctx: Context, *, stdin: bool) -> str | None:
    """The password that a person confirms a change with; None where an operator acts, who needs none."""
    if not ctx.is_person:
        if stdin:
            raise UsageError("general_usage", "--password-stdin goes with --as-session here.", field="password")
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
        raise UsageError("general_usage", f"{' and '.join(chosen)} exclude each other.", field="password")
    if generate and ctx.output.fields and "generated_password" not in ctx.output.fields:
        message = "--fields leaves out generated_password, which is shown this once only."
        raise UsageError("general_usage", message, field="fields", hint="Add generated_password to --fields.")
    if stdin:
        return prompts.read_secret_line(ctx.environment, "--password-stdin")
    if descriptor is not None:
        return prompts.read_secret_descriptor(ctx.environment, descriptor, "--password-fd")
    if generate:
        from authctl.core.crypto import generators

        return generators.new_password(ctx.environment.random_bytes)
    if given is None and ask:
        return new_password(ctx)
    return given


def new_password(ctx: Context, *, flag: str = "--password-stdin") -> str:
    """One that the person at the terminal chooses. What the policy has against it is told before it is typed again."""

    def check(password: str) -> None:
        if problems := ctx.directory.operating().security.check_password(password).problems:
            raise Invalid.of(problems)

    return prompts.secret(ctx.environment, "New password", twice=True, check=check, flag=flag)


@command(
    USER,
    writes=True,
    exits=(INVALID, CONFLICT),
    example=(
        'authctl users create --email ada@example.com --name "Ada Lovelace"',
        "authctl users create --username ada --labels staff,admin --generate-password -o json",
    ),
)
def create(
    ctx: Context,
    id: Annotated[
        str | None,
        typer.Option("--id", "--user-id", metavar="ID", help="The id; without it, or as unique(), one is made."),
    ] = None,
    username: Annotated[
        str | None, typer.Option(metavar="NAME", help="A name to sign in with, unique ignoring case.")
    ] = None,
    email: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Kept in lower case; only one account can have it.")
    ] = None,
    phone: Annotated[str | None, typer.Option(metavar="PHONE", help="With + and the country's calling code.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="At most 128 characters.")] = None,
    labels: Labels = None,
    prefs: Annotated[str | None, typer.Option(metavar="JSON", help="The user's own preferences: an object.")] = None,
    metadata: Annotated[
        str | None, typer.Option(metavar="JSON", help="What operators keep about the user: an object.")
    ] = None,
    email_verified: Annotated[bool, typer.Option("--email-verified", help="The email is known to be theirs.")] = False,
    phone_verified: Annotated[bool, typer.Option("--phone-verified", help="The phone is known to be theirs.")] = False,
    blocked: Annotated[bool, typer.Option("--blocked", help="Nobody can sign in to it yet.")] = False,
    if_absent: Annotated[
        bool,
        typer.Option(
            "--if-absent", help="Where one with this id, username, email or phone exists, answer with it as it is."
        ),
    ] = False,
    password_stdin: PasswordStdin = False,
    password_fd: PasswordFd = None,
    password: Password = None,
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for the password, twice, without showing it.")
    ] = False,
    generate_password: GeneratePassword = False,
    must_change: MustChange = False,
    password_hash: PasswordHash = None,
    password_hash_stdin: PasswordHashStdin = False,
    hash: HashName = None,
    hash_option: HashOption = None,
    weak_hash: WeakHashOption = WeakHash.KEEP,
    self_service: Annotated[
        bool, typer.Option("--self-service", help="A sign-up by the person: the user limit and its rules apply.")
    ] = False,
) -> None:
    """Make an account. No option is required; to be signed in to, it needs an email, a phone or a password."""
    if if_absent and generate_password:
        # The answer does not tell whether the account was there, and so whether the password is its.
        raise UsageError("general_usage", "--if-absent and --generate-password exclude each other.", field="if_absent")
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
        email_verified=email_verified,
        phone_verified=phone_verified,
        blocked=blocked,
        password=secret,
        must_change=must_change or generate_password,
        password_hash=prompts.read_secret_line(ctx.environment, "--password-hash-stdin")
        if password_hash_stdin
        else password_hash,
        hash=hash,
        hash_options=_hash_options(hash_option),
        weak_hash=weak_hash,
        self_service=self_service,
        if_absent=if_absent,
    )
    ctx.show(user.public() | ({"generated_password": secret} if generate_password else {}))
    if not (user.email or user.phone or user.password or if_absent):
        ctx.output.note("Nobody can sign in to it yet. Give it an email or a password:")
        ctx.output.note(f"  {ctx.program} users update-email {user.id} EMAIL")
        ctx.output.note(f"  {ctx.program} users update-password {user.id}")


@command(
    USER,
    name="list",
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl users list --search ada",
        "authctl users list --filter 'status = blocked' --sort name --limit 50",
        "authctl users list --all -o jsonl",
    ),
)
def list_(
    ctx: Context,
    search: Search = None,
    filter: Filter = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="FIELD|-FIELD", help="- is descending. Only created_at is indexed.")
    ] = "-created_at",
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help=f"At most so many; {PAGE} unless given.")
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="All of them, streamed.")] = False,
    after: Annotated[str | None, typer.Option("--after", metavar="ID", help="The page after this user.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="ID", help="The page before this user.")] = None,
    count: Annotated[bool, typer.Option("--count", help="Only say how many there are.")] = False,
) -> None:
    """List accounts: the newest first, 25 a page, unless told otherwise."""
    users = ctx.directory.users
    paging = {"--limit": limit, "--after": after, "--before": before}
    given = [flag for flag, value in paging.items() if value is not None]
    if given and (all or count):
        flag = "--count" if count else "--all"
        raise UsageError("general_usage", f"{flag} and {given[0]} exclude each other.", field=flag.strip("-"))
    if after is not None and before is not None:
        raise UsageError("general_usage", "--after and --before exclude each other.", field="before")
    if count:
        ctx.show_count(users.count(search=search, filters=filter or ()))
    elif all:
        ctx.output.stream(user.public() for user in users.iterate(search=search, filters=filter or (), sort=sort))
    else:
        most = PAGE if limit is None else limit
        page = users.list(search=search, filters=filter or (), sort=sort, limit=most, after=after, before=before)
        ctx.output.stream(user.public() for user in page)
        if len(page) == most:
            ctx.output.note(f"There may be more: --after {page[-1].id} shows the next page, --all shows all.")


@command(USER, exits=(NOT_FOUND,), example="authctl users get ada@example.com -o json")
def get(ctx: Context, user: User) -> None:
    """Show one account."""
    ctx.show(ctx.directory.users.get(user).public())


@command(
    DELETED,
    writes=True,
    asks="Delete {user} and everything of it?",
    exits=(NOT_FOUND, PARTIAL),
    example=(
        "authctl users delete ada@example.com --yes",
        "authctl users list --filter 'labels ~ trial' --all --fields id | authctl users delete - --yes",
    ),
)
def delete(ctx: Context, user: User) -> None:
    """Remove an account and everything of it. Its address is free at once; the audit log stays."""
    ctx.show({"id": ctx.directory.users.delete(user).id, "deleted": True})


@command(USER, writes=True, exits=(INVALID, NOT_FOUND), example='authctl users update-name ada@example.com "Ada King"')
def update_name(
    ctx: Context,
    user: User,
    name: Annotated[str, positional("--name", "At most 128 characters; '' clears it.", metavar="NAME")],
) -> None:
    """Change the name of a user."""
    ctx.show(ctx.directory.users.update_name(user, name).public())


@command(
    USER, writes=True, exits=(INVALID, NOT_FOUND, CONFLICT), example="authctl users update-username ada@example.com ada"
)
def update_username(
    ctx: Context,
    user: User,
    username: Annotated[
        str, positional("--username", "Without spaces and @; unique ignoring case; '' clears it.", metavar="USERNAME")
    ],
) -> None:
    """Change the username of a user."""
    ctx.show(ctx.directory.users.update_username(user, username).public())


@command(
    USER,
    writes=True,
    exits=(INVALID, NOT_FOUND, CONFLICT),
    example="authctl users update-email ada@example.com ada@example.org",
)
def update_email(
    ctx: Context,
    user: User,
    email: Annotated[str, positional("--email", "The new address; '' clears it.", metavar="EMAIL")],
    password_stdin: CurrentPasswordStdin = False,
) -> None:
    """Change the email of a user. The new one counts as unverified."""
    users = ctx.directory.users
    ctx.show(users.update_email(user, email, password=current_password(ctx, stdin=password_stdin)).public())


@command(
    USER,
    writes=True,
    exits=(INVALID, NOT_FOUND, CONFLICT),
    example='authctl users update-phone ada@example.com "+442079460123"',
)
def update_phone(
    ctx: Context,
    user: User,
    phone: Annotated[str, positional("--number", "With + and the calling code; '' clears it.", metavar="PHONE")],
    password_stdin: CurrentPasswordStdin = False,
) -> None:
    """Change the phone of a user. The new one counts as unverified."""
    users = ctx.directory.users
    ctx.show(users.update_phone(user, phone, password=current_password(ctx, stdin=password_stdin)).public())


@command(
    USER,
    writes=True,
    exits=(INVALID, NOT_FOUND),
    example="authctl users update-password ada@example.com --password-stdin < new-password.txt",
)
def update_password(
    ctx: Context,
    user: User,
    password_stdin: PasswordStdin = False,
    password_fd: PasswordFd = None,
    password: Password = None,
    generate_password: GeneratePassword = False,
    must_change: MustChange = False,
) -> None:
    """Set a new password: asked for twice on a terminal, or from stdin.

    With --as-session the current password comes first: asked for, or the line of stdin before the new one.
    """
    users = ctx.directory.users
    current = current_password(ctx, stdin=password_stdin) if ctx.is_person else None
    secret = password_given(
        ctx, stdin=password_stdin, descriptor=password_fd, given=password, generate=generate_password, ask=True
    )
    assert secret is not None
    updated = users.update_password(user, secret, current=current, must_change=must_change or generate_password)
    ctx.show(updated.public() | ({"generated_password": secret} if generate_password else {}))


@command(
    USER,
    writes=True,
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
        list[str] | None, positional("--labels", "The labels it shall have; none clears them.", metavar="LABEL...")
    ] = None,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="LABEL,...", help="Add these.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="LABEL,...", help="Take these away.")] = None,
) -> None:
    """Replace the labels; or add some, and take others away."""
    if labels and (add or remove):
        raise UsageError("general_usage", "Labels to replace with, and --add or --remove, exclude each other.")
    replacing = split(labels) if not (add or remove) else None
    updated = ctx.directory.users.update_labels(user, replacing, add=split(add), remove=split(remove))
    ctx.show(updated.public())


@command(PREFS, exits=(NOT_FOUND,), example="authctl users get-prefs ada@example.com")
def get_prefs(ctx: Context, user: User) -> None:
    """Show the preferences of a user: JSON, whichever the format."""
    ctx.show_json("prefs", ctx.directory.users.get_prefs(user))


@command(
    PREFS,
    writes=True,
    exits=(INVALID, NOT_FOUND),
    example="""authctl users update-prefs ada@example.com '{"theme": "dark"}' --merge""",
)
def update_prefs(
    ctx: Context,
    user: User,
    prefs: Annotated[str, positional("--prefs", "An object, at most 65,535 bytes.", metavar="JSON")],
    merge: Merge = False,
) -> None:
    """Replace the preferences of a user. With --merge, change the given keys only."""
    ctx.show_json("prefs", ctx.directory.users.update_prefs(user, prefs, merge=merge))


@command(
    USER,
    writes=True,
    exits=(INVALID, NOT_FOUND),
    example="""authctl users update-metadata ada@example.com '{"crm": 4711}'""",
)
def update_metadata(
    ctx: Context,
    user: User,
    metadata: Annotated[str, positional("--metadata", "An object, at most 65,535 bytes.", metavar="JSON")],
    merge: Merge = False,
) -> None:
    """Replace what operators keep about a user. With --merge, change the given keys only."""
    ctx.show(ctx.directory.users.update_metadata(user, metadata, merge=merge).public())


@command(
    USER,
    writes=True,
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl users update-status ada@example.com blocked --until 2h",
        "authctl users update-status ada@example.com active",
    ),
)
def update_status(
    ctx: Context,
    user: User,
    status: Annotated[str, positional("--status", "What it shall be from now on.", metavar="active|blocked")],
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="When the block ends: 2h, 7d, 2027-01-31T09:00Z.")
    ] = None,
) -> None:
    """Block an account, at once or until a time; or let it in again."""
    ctx.show(ctx.directory.users.update_status(user, status, until=until).public())


Verified = Annotated[str, positional("--verified", "Whether it is known.", metavar="true|false")]


@command(
    USER,
    writes=True,
    exits=(INVALID, NOT_FOUND),
    example="authctl users update-email-verification ada@example.com true",
)
def update_email_verification(ctx: Context, user: User, verified: Verified) -> None:
    """Say whether the email is known to be theirs."""
    ctx.show(ctx.directory.users.update_email_verification(user, verified).public())


@command(
    USER,
    writes=True,
    exits=(INVALID, NOT_FOUND),
    example="authctl users update-phone-verification ada@example.com true",
)
def update_phone_verification(ctx: Context, user: User, verified: Verified) -> None:
    """Say whether the phone is known to be theirs."""
    ctx.show(ctx.directory.users.update_phone_verification(user, verified).public())


@command(
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
    """Check a password: exit status 0 if it is the user's, 6 if it is wrong, or there is no such user or password."""
    secret = password_given(ctx, stdin=password_stdin, descriptor=password_fd, given=password)
    if secret is None:
        secret = prompts.secret(ctx.environment, "Password")
    if not ctx.directory.users.verify_password(user, secret):
        raise Denied("user_invalid_credentials", "The user or the password is wrong.")
    ctx.show({"id": ctx.directory.users.get(user).id, "valid": True})


@command(
    EVENT,
    exits=(NOT_FOUND,),
    example="authctl users list-logs ada@example.com --limit 100",
)
def list_logs(
    ctx: Context,
    user: User,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.")] = PAGE,
    after: Annotated[str | None, typer.Option("--after", metavar="ID", help="The page after this event.")] = None,
) -> None:
    """Show what was done to an account, the newest first. By its id, of a deleted one too."""
    events = ctx.directory.users.list_logs(user, limit=limit, after=after)
    ctx.output.stream(event.public() for event in events)
