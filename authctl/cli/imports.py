"""`authctl users import` and what belongs to it: users from other systems, with their passwords."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from shlex import quote
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import IMPORT, IMPORTED, REMAINING, UNDONE
from authctl.cli.commands import CONFLICT, INVALID, NOT_FOUND, PARTIAL, UNAVAILABLE, positional
from authctl.cli.context import Context
from authctl.cli.exports import COMMANDS
from authctl.cli.progress import progress
from authctl.errors import AuthctlError, Denied, Invalid, Partial, UsageError, did_you_mean
from authctl.model import WeakHash
from authctl.transfer.sources import NAMES

if TYPE_CHECKING:
    from authctl.cli.environment import Environment
    from authctl.cli.progress import Step
    from authctl.model import Import, Json
    from authctl.transfer.files import Input
    from authctl.transfer.importing import Progress


STDIN = "-"
SETTINGS_LENGTH = 65_536  # characters
# Options of their own → what the source knows them by.
OWN_OPTIONS = ("map", "hash_format", "delimiter", "encoding")
ON_CONFLICT = ("fail", "skip", "update")
MATCH = ("id", "email", "phone")
# Of a summary, what whoever has just typed the command knows.
UNTOLD = ("files", "options", "actor", "created_at", "updated_at", "ended_at")

command = COMMANDS.command


def _choice(*words: str) -> typer.models.OptionInfo:
    """A check of an option that takes one of these words."""

    def check(value: str | None) -> str | None:
        if value is not None and value.lower() not in words:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(words)}.")
        return value and value.lower()

    return check  # type: ignore[return-value]


def _count(value: int | None) -> int | None:
    if value is not None and value < 0:
        raise typer.BadParameter(f"{value} is below 0.")
    return value


@command(
    IMPORTED,
    name="import",
    writes=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, UNAVAILABLE, PARTIAL),
    example=(
        "authctl users import users.json --from firebase --hash-config parameters.txt --dry-run",
        "authctl users import users.csv --from csv --map 'email=E-Mail,name=Full Name,password_hash=Hash'",
        "authctl users import auth0-users.json auth0-passwords.json --from auth0 --dry-run",
        "authctl users import auth-users.csv auth-identities.csv --from supabase --report report.jsonl",
        "authctl users import realm.json --from keycloak --on-conflict update --match email --teams",
    ),
)
def import_(
    ctx: Context,
    file: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="The users, in one file or several. Auth0's passwords, Supabase's identities and factors, Appwrite's"
            " identities, teams and memberships, and Django's groups are in files of their own: name those behind the"
            " users'. Firebase's hash parameters go with --hash-config. - is standard input; gzip is read as it"
            " comes.",
            show_default=False,
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help=f"Where the file comes from: {', '.join(NAMES)}. Without it, the file is recognised.",
        ),
    ] = None,
    map: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=COLUMN,...", help="Which column of a CSV is what: email=E-Mail,name='Full Name'."
        ),
    ] = None,
    hash_format: Annotated[
        str | None,
        typer.Option(
            "--hash-format", metavar="NAME", help="What the password column of a CSV holds: a hash's name, or plain."
        ),
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="CHARACTER", help="What stands between the cells of a CSV.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="How the text of a CSV is encoded: latin-1, ...")
    ] = None,
    hash_config: Annotated[
        str | None,
        typer.Option(
            "--hash-config", metavar="FILE", help="Firebase's password hash parameters, as its console shows them."
        ),
    ] = None,
    source_option: Annotated[
        list[str] | None,
        typer.Option(
            "--source-option",
            metavar="KEY=VALUE",
            help="What else the source can be told: `authctl help formats` lists it. Repeatable.",
        ),
    ] = None,
    on_conflict: Annotated[
        str,
        typer.Option(
            "--on-conflict",
            metavar="|".join(ON_CONFLICT),
            callback=_choice(*ON_CONFLICT),
            help="Where a user is there already, and not as the record says: refuse the record (the default), leave it"
            " out, or update the user. Nobody's verification is lowered, no blocked user let in, no password replaced"
            " that was set here.",
        ),
    ] = "fail",
    match: Annotated[
        str | None,
        typer.Option(
            "--match",
            metavar="|".join(MATCH),
            callback=_choice(*MATCH),
            help="What a record's user is found by; without it, the first that the record has, its username last.",
        ),
    ] = None,
    weak_hashes: Annotated[
        WeakHash,
        typer.Option(
            "--weak-hashes",
            metavar="|".join(WeakHash),
            help="What becomes of hashes that are fast to guess at: they are kept, put inside argon2id, or left out."
            " `authctl help formats` explains it.",
        ),
    ] = WeakHash.KEEP,
    mark_unverified: Annotated[
        bool, typer.Option("--mark-unverified", help="Count nobody's address as verified, whatever the file says.")
    ] = False,
    teams: Annotated[
        bool, typer.Option("--teams", help="Take memberships in too, and make the teams that are not there.")
    ] = False,
    check_password: Annotated[
        str | None,
        typer.Option(
            "--check-password",
            metavar="USER",
            help="First prove the settings of the hashes on this user of the file, whose password is asked for.",
        ),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password of --check-password from stdin: one line.")
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="ID",
            help="Go on with this import; without it, one of the same files goes on by itself.",
        ),
    ] = None,
    max_errors: Annotated[
        int | None,
        typer.Option(
            "--max-errors", metavar="N", callback=_count, help="Stop when more than N records are refused; 0 or more."
        ),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(
            "--report", metavar="FILE", help="A new file, for you alone: a JSON line on each record that is not clean."
        ),
    ] = None,
    rejects: Annotated[
        str | None,
        typer.Option(
            "--rejects",
            metavar="FILE",
            help="A new file, for you alone: the refused records as they were, to be mended and imported again.",
        ),
    ] = None,
) -> None:
    """Take users in from another system, with their passwords: in batches that are whole or absent.

    Stopped at any moment, the same command goes on where it was. The same files once more change nothing. A dry run
    does all of it and undoes it; on SQLite other writers wait meanwhile.
    """
    from authctl.transfer import files, importing
    from authctl.transfer.conflicts import Match, OnConflict
    from authctl.transfer.journal import Imports

    stdin = _stdin(ctx.environment, file, taken=password_stdin)
    inputs = [files.look_at(path, stdin) for path in file]
    name = _source(ctx, source, inputs[0])
    options = _source_options(source_option, hash_config, map, hash_format, delimiter, encoding)
    for each in inputs:
        if files.is_open_to_all(each):
            ctx.output.warn(f"Everybody on this machine can read {each.path}. Run: chmod 600 {quote(each.path)}")
    _tell_left_out(ctx, inputs[0], name, options)
    _prove(ctx, inputs, name, options, check_password, stdin=password_stdin)
    asked = importing.Options(
        OnConflict(on_conflict),
        Match(match) if match else None,
        weak_hashes,
        mark_unverified,
        teams,
        max_errors,
    )
    with _watched(ctx, inputs) as watched:
        journal = Imports(ctx.directory).run(
            file,
            source=name,
            source_options=options,
            options=asked,
            resume=resume,
            report=report,
            rejects=rejects,
            stdin=stdin,
            inputs=inputs,
            begun=watched.begun,
            watch=watched.step,
        )
    _show(ctx, journal.public())
    if not any(journal.counts[name] for name in ("created", "updated", "skipped", "refused")):
        ctx.output.tell("There are no users in the file." if len(inputs) == 1 else "There are no users in the files.")
    _tell_end(journal, is_stopped=importing.is_stopped(journal, asked), report=report)


def _show(ctx: Context, record: Json) -> None:
    """Print the answer; to people what became of the records alone, each reason and each kind of hash on a line."""
    if not ctx.output.is_for_a_person:
        ctx.show(record)
        return
    ctx.tell_dry_run()
    told = {name: value for name, value in record.items() if name not in UNTOLD}
    ctx.output.show({name: _lines(value) if isinstance(value, dict) else value for name, value in told.items()})


def _lines(counts: Json) -> list[str]:
    """Counts, the greatest first: `4  import_no_password`, `5  firebase-scrypt, legacy`."""
    flat = [
        (count, f"{name}, {kind}" if kind else name)
        for name, inner in counts.items()
        for kind, count in (inner.items() if isinstance(inner, dict) else ((None, inner),))
    ]
    width = len(str(max((count for count, _ in flat), default=0)))
    return [f"{count:>{width}}  {name}" for count, name in sorted(flat, key=lambda each: (-each[0], each[1]))]


def _tell_end(journal: Import, *, is_stopped: bool, report: str | None) -> None:
    """Raises Partial where some were refused."""
    counts = journal.counts
    if not counts["refused"]:
        return
    message = f"{counts['created']:,} created, {counts['updated']:,} updated, {counts['refused']:,} refused."
    if is_stopped:
        message += " It was stopped there, since that is more than --max-errors allows."
    hint = f"{report} names each." if report else "A file that --report names says which and why."
    raise Partial("general_partial", message, hint=hint)


# Files


def _stdin(environment: Environment, paths: Sequence[str], *, taken: bool) -> BinaryIO | None:
    """Standard input, where it is one of the files; without a buffer, since a child reads on behind its head."""
    if paths.count(STDIN) > 1:
        raise UsageError("general_usage", "Standard input can be one of the files only.", field="file")
    if STDIN not in paths:
        return None
    if taken:
        raise UsageError("general_usage", "Standard input cannot hold the file and a password.", field="password")
    buffered = getattr(environment.stdin, "buffer", None)
    binary = getattr(buffered, "raw", buffered)
    return cast("BinaryIO", binary or BytesIO(environment.stdin.read().encode("utf-8", "surrogateescape")))


def _source(ctx: Context, given: str | None, first: Input) -> str:
    """Where the file comes from: as was said, else as it looks."""
    from authctl.transfer import files, sources

    if given is not None:
        if given.lower() in NAMES:
            return given.lower()
        raise UsageError(
            "general_usage",
            f"There is no source {given!r}.{did_you_mean(given, NAMES)}",
            field="source",
            hint=f"Sources are: {', '.join(NAMES)}.",
        )
    found = sources.recognise(files.head_of(first), first.name)
    file = "Standard input" if first.path == STDIN else first.name
    if len(found) != 1:
        looks = f"could be of {' or '.join(found)}" if found else "is of no source that is known"
        raise UsageError(
            "general_usage",
            f"{file} {looks}.",
            field="source",
            hint=f"Name it with --from: {', '.join(found or NAMES)}.",
        )
    ctx.output.tell(f"{file} looks like {found[0]}: {NAMES[found[0]].help}.")
    if ctx.environment.is_interactive and first.path != STDIN:
        ctx.confirm(f"Import it from {found[0]}?")
    return found[0]


def _tell_left_out(ctx: Context, first: Input, source: str, options: dict[str, str]) -> None:
    """Name a CSV's columns that nothing is read from, which a typing error may be the reason of."""
    if source != "csv":
        return
    from authctl.transfer import files
    from authctl.transfer.sources import any_csv

    columns = any_csv.SOURCE.left_out(files.head_of(first), options)
    if columns:
        named = ", ".join(repr(column[:40]) for column in columns[:20])
        ctx.output.tell(
            f"Not read of the file: {named}. --map FIELD=COLUMN says what a column is, and"
            " --source-option unmapped=metadata keeps the rest."
        )


def _source_options(
    given: list[str] | None, hash_config: str | None, map: list[str] | None, *own: str | None
) -> dict[str, str]:
    options = {}
    for word in given or ():
        key, equals, value = word.partition("=")
        if not equals:
            # The word is not shown: it may be a key.
            raise UsageError("general_usage", "--source-option takes KEY=VALUE.", field="source_option")
        options[key.strip().replace("-", "_")] = value
    if hash_config is not None:
        options["hash_config"] = _text_of(hash_config)
    named = zip(OWN_OPTIONS, (",".join(map) if map else None, *own), strict=True)
    return options | {name: value for name, value in named if value is not None}


def _text_of(path: str) -> str:
    from authctl.transfer.files import unavailable

    if path == "none":  # passwords stay behind
        return path
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(SETTINGS_LENGTH)
    except OSError as error:
        raise unavailable(path, error) from None


# Proving the settings


def _prove(
    ctx: Context, inputs: list[Input], source: str, options: dict[str, str], user: str | None, *, stdin: bool
) -> None:
    """Verify a password that somebody knows before anything is written; where settings matter, ask for one."""
    from authctl.transfer import journal as transfer_journal, sources

    from_stdin = any(each.path == STDIN for each in inputs)
    if user is None:
        if stdin:
            raise UsageError("general_usage", "--password-stdin goes with --check-password.", field="password")
        if from_stdin or not sources.load(source).asks_password or not ctx.environment.is_interactive:
            return
        ctx.output.tell("Whether the hashes' settings are right shows on one password that you know.")
        user = prompts.answer(ctx.environment, "A user of the file, or nothing to go without: ")
        if not user:
            return
    if from_stdin:
        message = "--check-password reads the file twice, which standard input cannot be."
        raise UsageError("general_usage", message, field="check_password")
    found = transfer_journal.find_hash(inputs, source=source, source_options=options, user=user)
    if stdin:
        password = prompts.read_secret_line(ctx.environment, "--password-stdin")
    else:
        password = prompts.secret(ctx.environment, f"Password of {user}")
    if not transfer_journal.proves(found, password):
        raise Denied(
            "user_invalid_credentials",
            "The password does not match that user's hash. Nothing was imported.",
            field="check_password",
            hint="Check the settings of the hashes, such as --hash-config, and the password.",
        )
    ctx.output.tell("The password matches: the hashes' settings are right.")


# Progress


class _Watched:
    """What is told while it goes on."""

    def __init__(self, ctx: Context, step: Step) -> None:
        self._ctx, self._step = ctx, step
        self._records = 0
        self.id: str | None = None
        self.is_under_way = False

    def begun(self, journal: Import) -> None:
        self.id = None if self._ctx.is_dry_run else journal.id
        if through := journal.position["records"]:
            self.is_under_way = True
            self._ctx.output.tell(f"Going on with the import {journal.id}, of which {through:,} records are through.")
        self._step(0)

    def step(self, progress: Progress) -> None:
        self.is_under_way = True
        share = min(progress.done / progress.total, 1.0) if progress.total else None
        self._step(progress.records - self._records, share)
        self._records = progress.records


@contextmanager
def _watched(ctx: Context, inputs: Sequence[Input]) -> Iterator[_Watched]:
    """Progress; where it breaks off, how to go on."""
    watched = None
    try:
        with progress(ctx.environment, "Importing users", quiet=ctx.output.quiet) as step:
            watched = _Watched(ctx, step)
            yield watched
    except (AuthctlError, KeyboardInterrupt) as error:
        is_left = watched is not None and (watched.is_under_way or not isinstance(error, Invalid))
        if watched is not None and watched.id is not None and is_left:
            again = f" --resume {watched.id}" if any(each.path == STDIN for each in inputs) else ""
            ctx.output.tell(f"The import {watched.id} is not finished. The same command{again} goes on with it.")
        raise


# What imports leave behind


@command(
    IMPORT,
    name="list-imports",
    exits=(NOT_FOUND,),
    example=("authctl users list-imports", "authctl users list-imports --limit 100 -o jsonl"),
)
def list_imports(
    ctx: Context,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.")] = 25,
    after: Annotated[str | None, typer.Option("--after", metavar="ID", help="The page behind this import.")] = None,
) -> None:
    """List imports, the newest first: what became of their records, and whether they were finished."""
    from authctl.transfer.journal import Imports

    found = Imports(ctx.directory).list(limit=limit, after=after)
    ctx.output.stream(journal.public() for journal in found)
    if len(found) == limit:
        ctx.output.note(f"There may be more: --after {found[-1].id}")


@command(
    UNDONE,
    name="undo-import",
    writes=True,
    asks="Remove the users that {id} made, but for those changed or signed in since?",
    exits=(NOT_FOUND,),
    example=("authctl users undo-import IMPORT --dry-run", "authctl users undo-import IMPORT --yes"),
)
def undo_import(
    ctx: Context,
    id: Annotated[str, positional("--import-id", "As `authctl users list-imports` shows it.", metavar="IMPORT")],
) -> None:
    """Remove the users that an import made. Those that were changed since or have signed in stay, and are counted."""
    from authctl.transfer.journal import Imports

    _show(ctx, Imports(ctx.directory).undo(id).public())


@command(REMAINING, name="import-status", example=("authctl users import-status", "authctl users import-status --json"))
def import_status(ctx: Context) -> None:
    """Show how many users still have an imported hash, by algorithm and age. A sign-in replaces it."""
    from authctl.transfer.journal import Imports, as_public

    ctx.output.stream(as_public(each) for each in Imports(ctx.directory).status())
