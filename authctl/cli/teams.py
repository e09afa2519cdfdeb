"""`authctl teams`: words in, one call into core, words out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BufferedReader, TextIOWrapper
from typing import Annotated, Any

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import DELETED, MEMBERSHIP, PREFS, TEAM
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, PARTIAL, UNAVAILABLE, Commands, positional
from authctl.cli.context import Context
from authctl.cli.environment import Environment
from authctl.cli.list_options import MEMBERSHIP_FILTER, OPERATORS, ListOptions, show_list
from authctl.cli.options import split
from authctl.cli.users.options import Force as ForceNaming, Merge
from authctl.errors import AuthctlError, Partial, Unavailable, UsageError

COMMANDS = Commands(
    "teams",
    {
        "Teams": ("create", "list", "get", "delete", "update-name", "get-prefs", "update-prefs"),
        "Members": (
            "create-membership",
            "list-memberships",
            "get-membership",
            "update-membership",
            "update-membership-status",
            "delete-membership",
        ),
    },
)

Team = Annotated[
    str,
    positional(
        "--team-id", "Id, or a name that only one team has. Prefix `id:` or `name:` to be explicit.", metavar="TEAM"
    ),
]
Membership = Annotated[
    str,
    positional(
        "--membership-id", "The membership's id, or the user's id, email, phone or username.", metavar="MEMBERSHIP"
    ),
]
Roles = Annotated[
    list[str] | None, typer.Option("--roles", metavar="ROLE,...", help="Repeatable, or separated by commas.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Allow this to leave the team without an owner. The audit log records it.")
]


@COMMANDS.command(
    TEAM,
    writes=True,
    makes=True,
    says="Created the team {team}.",
    exits=(INVALID, NOT_FOUND, CONFLICT),
    example=(
        "authctl teams create Teachers --id teachers",
        "authctl teams create Teachers --owner ada@example.com --roles maths,sciences",
    ),
)
def create(
    ctx: Context,
    name: Annotated[str, positional("--name", "1 to 128 characters; need not be unique.", metavar="NAME")],
    id: Annotated[
        str | None,
        typer.Option("--id", "--team-id", metavar="ID", help="Id of the team (default, or with unique(): a new one)."),
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option(
            "--roles", metavar="ROLE,...", help="The owner's roles besides owner. Repeatable, or separated by commas."
        ),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="USER", help="A user who becomes a confirmed member and owner.")
    ] = None,
    force: ForceNaming = False,
) -> None:
    """Create a team. With --owner it gets its first member; with --as-session, you are the owner."""
    ctx.show(ctx.directory.teams.create(name, id=id, roles=split(roles), owner=owner, force=force).public())


@COMMANDS.command(
    TEAM,
    name="list",
    lists=ListOptions(
        search="Search the beginnings of words in id and name. Indexed.",
        filter=f"'FIELD OP VALUE'. {OPERATORS}. Repeatable: all must match. Indexed fields: id, name (=), "
        "created_at. Filtering by members counts every team's members, and values such as prefs.color scan the list.",
    ),
    exits=(INVALID, NOT_FOUND),
    example=("authctl teams list --search teach", "authctl teams list --filter 'members = 0' --sort name"),
)
def list_(ctx: Context) -> None:
    """List teams, newest first, 25 a page. With --as-session, only those of the person."""
    teams = ctx.directory.teams
    show_list(ctx, teams.list, teams.iterate, teams.count)


@COMMANDS.command(TEAM, exits=(NOT_FOUND,), example="authctl teams get teachers -o json")
def get(ctx: Context, team: Team) -> None:
    """Show one team."""
    ctx.show(ctx.directory.teams.get(team).public())


@COMMANDS.command(
    DELETED,
    writes=True,
    says="Deleted the team {team}.",
    asks="Delete {team} and all of its memberships?",
    exits=(NOT_FOUND, DENIED, PARTIAL),
    example="authctl teams delete teachers --yes",
)
def delete(ctx: Context, team: Team) -> None:
    """Delete a team and its memberships. The users and the audit log stay."""
    ctx.show({"id": ctx.directory.teams.delete(team).id, "deleted": True})


@COMMANDS.command(
    TEAM,
    writes=True,
    says="Renamed the team {team}.",
    exits=(INVALID, NOT_FOUND, DENIED),
    example='authctl teams update-name teachers "All teachers"',
)
def update_name(
    ctx: Context,
    team: Team,
    name: Annotated[str, positional("--name", "1 to 128 characters.", metavar="NAME")],
) -> None:
    """Change the name of a team. Its id stays."""
    ctx.show(ctx.directory.teams.update_name(team, name).public())


@COMMANDS.command(PREFS, exits=(NOT_FOUND,), example="authctl teams get-prefs teachers")
def get_prefs(ctx: Context, team: Team) -> None:
    """Show the preferences of a team. Always JSON."""
    ctx.show_json("prefs", ctx.directory.teams.get_prefs(team))


@COMMANDS.command(
    PREFS,
    writes=True,
    says="Changed the preferences of the team {team}.",
    exits=(INVALID, NOT_FOUND, DENIED),
    example="""authctl teams update-prefs teachers '{"theme": "dark"}' --merge""",
)
def update_prefs(
    ctx: Context,
    team: Team,
    prefs: Annotated[str, positional("--prefs", "A JSON object of at most 65,535 bytes.", metavar="JSON")],
    merge: Merge = False,
) -> None:
    """Replace the preferences of a team. With --merge, change the given keys only."""
    ctx.show_json("prefs", ctx.directory.teams.update_prefs(team, prefs, merge=merge))


# Members


@COMMANDS.command(
    MEMBERSHIP,
    writes=True,
    says="Added {user} to {team}: {status}.",
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED, UNAVAILABLE, PARTIAL),
    example=(
        "authctl teams create-membership teachers --user-id ada --roles maths",
        "authctl teams create-membership teachers --email david@example.com --invite --url https://example.com/join",
        "authctl teams create-membership teachers --users-from members.txt --roles maths",
    ),
)
def create_membership(
    ctx: Context,
    team: Team,
    user_id: Annotated[
        str | None,
        typer.Option(
            "--user-id",
            metavar="USER",
            help="The user's id. If --email or --phone creates a user, the id of that one.",
        ),
    ] = None,
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="EMAIL", help="The user with this email. Created if new."),
    ] = None,
    phone: Annotated[
        str | None,
        typer.Option("--phone", metavar="PHONE", help="The user with this phone. Created if new."),
    ] = None,
    roles: Roles = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name of a user to create.")] = None,
    invite: Annotated[
        bool, typer.Option("--invite", help="Send an invitation for the user to accept. Repeat to renew it.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="Where the link in the message leads. The setting allowed_redirects must contain its host.",
        ),
    ] = None,
    print_secret: Annotated[
        bool,
        typer.Option("--print-secret", help="Invite, and show the secret instead of sending it: you deliver it."),
    ] = False,
    users_from: Annotated[
        str | None,
        typer.Option(
            "--users-from",
            metavar="FILE|-",
            help="Many at once: ids, emails or phones, one per line, from a file or stdin. Each is saved separately.",
        ),
    ] = None,
    force: ForceNaming = False,
) -> None:
    """Add a user to a team at once, or invite one.

    Name the user by id, email or phone; several must belong to the same user. If nobody has the email or phone, a user
    is created. With --as-session it is always an invitation, and no user is created until somebody accepts it.
    """
    if print_secret and ctx.output.fields and "secret" not in ctx.output.fields:
        message = "--fields leaves out secret, which is shown only once."
        raise UsageError("general_usage", message, field="fields", hint="Add secret to --fields.")
    options: dict[str, Any] = {
        "roles": split(roles) if roles is not None else None,
        "invite": invite,
        "url": url,
        "print_secret": print_secret,
        "force": force,
    }
    create = ctx.directory.teams.create_membership
    if users_from is None:
        ctx.show(create(team, user=user_id, email=email, phone=phone, name=name, **options).public())
        return
    given = {"--user-id": user_id, "--email": email, "--phone": phone, "--name": name}
    taken = [flag for flag, value in given.items() if value is not None]
    if taken:
        raise UsageError("general_usage", f"Use only one of --users-from and {taken[0]}.", field="users_from")
    id = f"id:{ctx.directory.teams.get(team).id}"
    _for_each(ctx, users_from, lambda word: ctx.show(create(id, **_named(word), **options).public()))


def _named(word: str) -> dict[str, Any]:
    """What a line of a file names a user by; of an email or phone that nobody has, one is made."""
    if "@" in word:
        return {"email": word}
    return {"phone": word} if word.startswith("+") else {"user": word}


def _for_each(ctx: Context, source: str, do: Callable[[str], None]) -> None:
    """Do it for each line, with progress on stderr; what is refused is told with its line, the rest is done."""
    from authctl.cli.progress import progress

    done = refused = 0
    with (
        _opened(ctx.environment, source) as (lines, total),
        ctx.output.bulk(works=True),
        progress(ctx.environment, "Memberships", total, quiet=ctx.output.quiet) as step,
    ):
        for number, word in lines:
            try:
                do(word)
                done += 1
            except Unavailable:
                raise
            except AuthctlError as error:
                ctx.output.error(_at_line(error, number))
                refused += 1
            step(1)
    if refused:
        raise Partial("general_partial", f"{done} done, {refused} refused.")


@contextmanager
def _opened(environment: Environment, source: str) -> Iterator[tuple[Iterable[tuple[int, str]], int | None]]:
    """The words of a file, or of stdin for `-`, each with its line's number; and how many there are, where known."""
    if source == "-":
        yield prompts.read_numbered_ids(environment), None
        return
    with _open(source) as file:
        total = sum(1 for line in file if line.strip())
        file.seek(0)
        stdin = TextIOWrapper(file)  # of which only the bytes are read
        yield prompts.read_numbered_ids(replace(environment, stdin=stdin, stdin_isatty=False)), total


def _open(path: str) -> BufferedReader:
    try:
        return open(path, "rb")
    except OSError as error:
        raise Unavailable(
            "file_unavailable",
            f"Cannot read {path}: {error.strerror}.",
            field="users_from",
            hint="Check its name and permissions.",
        ) from None


def _at_line(error: AuthctlError, number: int) -> AuthctlError:
    """The same error, saying which line it is about."""
    return type(error)(error.type, f"Line {number}: {error.message}", field=error.field, hint=error.hint)


@COMMANDS.command(
    MEMBERSHIP,
    lists=ListOptions(
        search="Search the beginnings of words in the user's id, name, email and phone.",
        filter=MEMBERSHIP_FILTER,
        sort="-invited_at",
    ),
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl teams list-memberships teachers",
        "authctl teams list-memberships teachers --filter 'roles ~ maths' --filter 'status = pending'",
    ),
)
def list_memberships(ctx: Context, team: Team) -> None:
    """List members and invitations, newest first. 25 a page."""
    teams = ctx.directory.teams
    show_list(ctx, teams.list_memberships, teams.iterate_memberships, teams.count_memberships, team)


@COMMANDS.command(MEMBERSHIP, exits=(NOT_FOUND,), example="authctl teams get-membership teachers ada@example.com")
def get_membership(ctx: Context, team: Team, membership: Membership) -> None:
    """Show one membership of a team."""
    ctx.show(ctx.directory.teams.get_membership(team, membership).public())


@COMMANDS.command(
    MEMBERSHIP,
    writes=True,
    says="Changed the roles of {user} in {team}.",
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED),
    example=(
        "authctl teams update-membership teachers ada@example.com maths sciences",
        "authctl teams update-membership teachers ada@example.com --add owner --remove maths",
    ),
)
def update_membership(
    ctx: Context,
    team: Team,
    membership: Membership,
    roles: Annotated[
        list[str] | None,
        positional("--roles", "The new roles; --roles '' removes all.", metavar="ROLE..."),
    ] = None,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="ROLE,...", help="Add these.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="ROLE,...", help="Remove these.")] = None,
    force: Force = False,
) -> None:
    """Replace a member's roles, or add and remove some."""
    if roles and (add or remove):
        raise UsageError("general_usage", "Use either ROLE… or --add/--remove, not both.")
    replacing = split(roles) if roles else None
    updated = ctx.directory.teams.update_membership(
        team, membership, replacing, add=split(add), remove=split(remove), force=force
    )
    ctx.show(updated.public())


@COMMANDS.command(
    MEMBERSHIP,
    writes=True,
    says="Accepted the invitation to {team}.",
    exits=(NOT_FOUND, DENIED),
    example="authctl teams update-membership-status teachers MEMBERSHIP david@example.com --secret-stdin < secret.txt",
)
def update_membership_status(
    ctx: Context,
    team: Team,
    membership: Membership,
    user: Annotated[str, positional("--user-id", "Who accepts: id, email, phone or username.", metavar="USER")],
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read the invitation's secret from stdin: one line.")
    ] = False,
) -> None:
    """Accept an invitation with its secret. This also verifies the address it was sent to.

    With --as-session the signed-in person becomes the member, and no address is verified.
    """
    if secret_stdin:
        secret = prompts.read_secret_line(ctx.environment, "--secret-stdin")
    else:
        secret = prompts.secret(ctx.environment, "Secret", flag="--secret-stdin")
    ctx.show(ctx.directory.teams.update_membership_status(team, membership, user, secret).public())


@COMMANDS.command(
    DELETED,
    writes=True,
    says="Removed a member from {team}.",
    asks="Remove {membership} from {team}?",
    exits=(NOT_FOUND, CONFLICT, DENIED, PARTIAL),
    example="authctl teams delete-membership teachers ada@example.com --yes",
)
def delete_membership(ctx: Context, team: Team, membership: Membership, force: Force = False) -> None:
    """Remove a member, or withdraw an invitation. With --as-session, leave the team yourself."""
    removed = ctx.directory.teams.delete_membership(team, membership, force=force)
    ctx.show({"id": removed.id, "deleted": True})
