"""`authctl users export`: users with all that goes along, into a file of their owner's or down a pipe."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from authctl.cli.answer_fields import EXPORT
from authctl.cli.commands import INVALID, UNAVAILABLE
from authctl.cli.context import Context
from authctl.cli.escaping import visible
from authctl.cli.list_options import ListOptions, asked
from authctl.cli.options import pairs
from authctl.cli.progress import progress
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import FILTER, SEARCH
from authctl.errors import UsageError

if TYPE_CHECKING:
    from authctl.cli.environment import Environment
    from authctl.transfer.exporting import Export


STDOUT = "-"
OTHERS = 0o077  # the modes by which anybody but the owner reads or writes


class ExportFormat(StrEnum):
    """The names of `transfer.targets`, which are loaded when one is asked for."""

    AUTHCTL = "authctl"
    CSV = "csv"
    APPWRITE = "appwrite"
    SUPABASE = "supabase"
    FIREBASE = "firebase"
    AUTH0 = "auth0"
    KEYCLOAK = "keycloak"
    DJANGO = "django"
    HTPASSWD = "htpasswd"
    LDIF = "ldif"


@COMMANDS.command(
    EXPORT,
    writes=True,
    lists=ListOptions(SEARCH, FILTER, sort="created_at", paged=False),
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl users export > users.jsonl",
        "authctl users export --with-hashes --with-secrets users.jsonl.gz",
        "authctl users export --format htpasswd --with-hashes --filter 'labels ~ staff' > staff.htpasswd",
    ),
)
def export(
    ctx: Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A new file that only you can read, compressed if it ends in .gz (default: standard output).",
            show_default=False,
        ),
    ] = STDOUT,
    format: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            metavar="FORMAT",
            case_sensitive=False,
            help=f"{', '.join(ExportFormat)}. authctl and csv can be imported unchanged.",
        ),
    ] = ExportFormat.AUTHCTL,
    with_hashes: Annotated[
        bool, typer.Option("--with-hashes", help="Include password hashes, and the keys some of them need.")
    ] = False,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Include the secrets of authenticator apps, unencrypted.")
    ] = False,
    target_option: Annotated[
        list[str] | None,
        typer.Option(
            "--target-option",
            metavar="KEY=VALUE",
            help="Option of the format; `authctl help formats` lists them. Repeatable.",
        ),
    ] = None,
    file_: Annotated[str | None, typer.Option("--file", metavar="FILE", hidden=True)] = None,
) -> None:
    """Export users in the format of another system. All users, or those that match, oldest first.

    Data the other system has no place for is listed on stderr, and counted in the answer if there is a FILE.
    """
    if file_ is not None and file != STDOUT:
        raise UsageError("general_usage", "Use only one of FILE and --file.", field="file")
    file = file_ or file
    is_secret = with_hashes or with_secrets
    chosen = asked(ctx)
    with _place(ctx, file, is_secret=is_secret) as write:
        from authctl.transfer.exporting import Exports

        made = Exports(ctx.directory).users(
            str(format),
            with_hashes=with_hashes,
            with_secrets=with_secrets,
            **chosen.which,
            sort=chosen.sort,
            options=pairs(target_option, "--target-option"),
        )
        label, quiet = "Exporting users", ctx.output.quiet or (file == STDOUT and ctx.environment.stdout_isatty)
        with progress(ctx.environment, label, made.total, quiet=quiet) as step:
            told = 0
            for text in made.text():
                write(text)
                step(made.read - told)
                told = made.read
    _tell(ctx, made)
    if file == STDOUT:
        ctx.output.note(f"{made.users:,} {'user was' if made.users == 1 else 'users were'} exported.")
    if file != STDOUT or ctx.is_dry_run:
        ctx.report(_summary(made, None if file == STDOUT else file, with_hashes=with_hashes, with_secrets=with_secrets))


def _tell(ctx: Context, made: Export) -> None:
    for sentence in made.stays():
        ctx.output.tell(sentence)
    for sentence in made.losses():
        ctx.output.warn(sentence)
    if step := made.target.next_step():
        ctx.output.tell(step)


def _summary(made: Export, file: str | None, **leaving: bool) -> dict[str, object]:
    left_out = dict(sorted(made.left_out.items()))
    return {"format": made.format, "file": file, "users": made.users, **leaving, "left_out": left_out}


# Where it goes


@contextmanager
def _place(ctx: Context, file: str, *, is_secret: bool) -> Iterator[Callable[[str], object]]:
    """What writes the text of the export; what cannot be written to is refused before anything leaves."""
    if ctx.is_dry_run:
        yield lambda text: None
    elif file == STDOUT:
        _check_stdout(ctx, is_secret=is_secret)
        yield _stdout_writer(ctx.environment)
    else:
        from authctl.core.maintenance.private_files import new_file

        with new_file(file) as opened:
            yield lambda text: opened.write(text.encode())


def _check_stdout(ctx: Context, *, is_secret: bool) -> None:
    """Secrets are not shown unasked, nor put into a file that others can read."""
    if not is_secret:
        return
    if ctx.environment.stdout_isatty:
        ctx.confirm("Show hashes and secrets on this terminal?")
    elif _is_open_to_others(ctx.environment):
        raise UsageError(
            "general_usage",
            "Refusing to write hashes and secrets to standard output: it is a file that others can read.",
            field="file",
            hint="Name a file, which only you can read: authctl users export --with-hashes FILE",
        )


def _is_open_to_others(environment: Environment) -> bool:
    try:
        mode = os.fstat(environment.stdout.fileno()).st_mode
    except OSError:  # a test's stream has no descriptor
        return False
    return stat.S_ISREG(mode) and bool(mode & OTHERS)


def _stdout_writer(environment: Environment) -> Callable[[str], object]:
    """UTF-8 whatever the terminal's encoding, since it is a file's content; on a terminal, only what it may show."""
    stdout = environment.stdout
    if environment.stdout_isatty:
        return lambda text: stdout.write("\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n")))
    binary = getattr(stdout, "buffer", None)
    if binary is None:
        return stdout.write
    return lambda text: binary.write(text.encode())
