"""What an import tells and asks whoever sits at the terminal: its source, a proof of its settings, how far it is."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from authctl.cli import prompts
from authctl.cli.commands import STDIN
from authctl.cli.context import Context
from authctl.cli.progress import progress
from authctl.core.values import checks
from authctl.errors import AuthctlError, Denied, Invalid, UsageError, did_you_mean
from authctl.model import Status
from authctl.transfer import sources
from authctl.transfer.records import AGAINST_POLICY, LOSSES, LOST_PASSWORD, MEMBERSHIPS, NO_WAY_IN, UNREAD

if TYPE_CHECKING:
    from authctl.cli.progress import Step
    from authctl.model import Import, Json
    from authctl.transfer.files import Input
    from authctl.transfer.importing import ImportProgress, Options
    from authctl.transfer.validation import Outcome


SHOWN = 3  # users, before anything is asked
FIELDS = 10  # that were not read; each has a line of its own
MORE_FIELDS = 40  # that are named in one line behind those
# Of a summary, what whoever has just typed the command knows.
UNTOLD = ("files", "lost", "refusals", "options", "actor", "created_at", "updated_at", "ended_at")


def choose_source(ctx: Context, given: str | None, first: Input, *, is_mapped: bool) -> str:
    """Where the file comes from: as was said, else as it looks, which `confirm` asks about.

    A file that looks otherwise than was said is warned of, unless the operator mapped its fields.
    """
    from authctl.transfer import files

    found = sources.recognise(files.head_of(first), first.name)
    file = "Standard input" if first.path == STDIN else first.name
    if given is not None:
        name = _named(given)
        if len(found) == 1 and found[0] not in (name, *sources.GENERAL) and not is_mapped:
            ctx.output.warn(f"{file} looks like {found[0]}, not {name}. If it is: --from {found[0]}")
        return name
    is_asked = ctx.environment.is_interactive and first.path != STDIN
    if len(found) > 1 and is_asked:
        return _chosen(ctx, file, found)
    if len(found) != 1:
        raise UsageError(
            "general_usage",
            f"{file} could be from {' or '.join(found)}." if found else f"Unknown format: {file}.",
            field="source",
            hint=f"Name it with --from: {', '.join(found or sources.NAMES)}.",
        )
    ctx.output.tell(f"{file} looks like {found[0]}: {sources.NAMES[found[0]].help}.")
    return found[0]


def _named(given: str) -> str:
    if given.lower() not in sources.NAMES:
        raise UsageError(
            "general_usage",
            f"Unknown source {given!r}.{did_you_mean(given, sources.NAMES)}",
            field="source",
            hint=f"Sources: {', '.join(sources.NAMES)}.",
        )
    return given.lower()


def _chosen(ctx: Context, file: str, found: Sequence[str]) -> str:
    """Which of several sources whoever sits there says it is."""
    ctx.output.tell(f"{file} could be from several sources:")
    for name in found:
        ctx.output.tell(f"  {name}: {sources.NAMES[name].help}")
    while answer := prompts.answer(ctx.environment, f"Which one ({', '.join(found)})? ").lower():
        if answer in found:
            return answer
    raise UsageError(
        "general_usage", f"{file} does not match any source.", field="source", hint="Name the source with --from."
    )


def unfolded(ctx: Context, paths: Sequence[str], source: str | None) -> list[str]:
    """The files to import, where a path may be a folder that a source's export is."""
    from authctl.transfer import files

    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        if source is None:
            message = f"{path} is a folder, so its source must be named."
            raise UsageError(
                "general_usage", message, field="source", hint="Name it with --from, as in --from keycloak."
            )
        name = _named(source)
        users, others = files.in_folder(path, sources.load(name).in_folder, name)
        found += users
        if others:
            ctx.output.tell(f"Skipped in {path}: {', '.join(checks.shown(other) for other in others[:10])}.")
    return found


def tell_mapping(ctx: Context, first: Input, source: str, options: Mapping[str, str]) -> None:
    """Show what the fields of JSON are taken for, where nobody said it, and what more to map."""
    if source != "json" or "map" in options or first.path == STDIN:
        return
    from authctl.transfer import files
    from authctl.transfer.sources import any_json

    reading = files.Reading(first, None)
    try:
        taken, likely = any_json.SOURCE.found(reading.file, options)
    finally:
        reading.close()
    if taken:
        ctx.output.tell(f"Fields recognised by name: {_mapping(taken)}")
    if likely:
        ctx.output.tell(f"To import more fields: --map {shlex.quote(_mapping(likely))}")


def _mapping(fields: Mapping[str, str]) -> str:
    return ",".join(f"{target}={path}" for target, path in fields.items())


def tell_encodings(ctx: Context, inputs: Sequence[Input], options: Mapping[str, str]) -> None:
    """Say how files are read that are not UTF-8, unless that was given."""
    if "encoding" in options:
        return
    for each in inputs:
        if each.is_guessed:
            ctx.output.tell(
                f"{each.name} is not UTF-8; read as Western text ({each.encoding})."
                " If names look wrong: --encoding NAME"
            )
        elif each.encoding not in ("utf-8", "utf-8-sig"):
            ctx.output.tell(f"{each.name} is read as {each.encoding}.")


def confirm(
    ctx: Context, inputs: list[Input], source: str, options: dict[str, str], asked: Options, *, is_guessed: bool
) -> None:
    """Show at a terminal how the first users will look; ask, where the source was not named."""
    if not ctx.environment.is_interactive or inputs[0].path == STDIN:
        return
    from authctl.transfer import journal

    now = ctx.environment.clock()
    for each in journal.first_outcomes(
        inputs, source=source, source_options=options, options=asked, now=now, count=SHOWN
    ):
        ctx.output.tell(f"{inputs[0].name}:{each.at}  {_as_stored(each)}")
    if is_guessed and not ctx.is_dry_run:
        ctx.confirm(f"Import it from {source}?")


def _as_stored(outcome: Outcome) -> str:
    """What a user comes in as, as far as a line holds it; without what, or why not at all."""
    from authctl.transfer.validation import Checked

    if not isinstance(outcome, Checked):
        return f"Refused: {outcome.notes[0].message}"
    row = outcome.row
    said = {
        "id": row.id if outcome.has_id else None,
        "username": row.username,
        "email": row.email and row.email + (" (verified)" if row.email_verified else ""),
        "phone": row.phone and row.phone + (" (verified)" if row.phone_verified else ""),
        "name": row.name,
        "password": "plain" if outcome.extra.plain else row.password_algorithm,
        "blocked": "yes" if row.status == Status.BLOCKED else None,
        "labels": ", ".join(json.loads(row.labels)),
        "identities": ", ".join(each.provider for each in outcome.extra.identities),
        "left out": ", ".join(
            dict.fromkeys(note.field for note in outcome.notes if note.type in LOSSES and note.field)
        ),
    }
    return ", ".join(f"{name}: {checks.shown(value)[1:-1]}" for name, value in said.items() if value)


def tell_counts(ctx: Context, journal: Import) -> None:
    """Say on stderr what did not come along, which records were refused first, and how to undo the import."""
    _tell_lost(ctx, journal.source, journal.counts)
    if others := journal.counts["reasons"].get("import_not_a_user"):
        ctx.output.tell(
            f"Skipped: {others:,} {'record that is not a user' if others == 1 else 'records that are not users'}."
        )
    _tell_refusals(ctx, journal)
    if not ctx.is_dry_run and (journal.counts["created"] or journal.counts["updated"]):
        ctx.output.tell(f"To undo this import: authctl users undo-import {journal.id}")


def _tell_lost(ctx: Context, source: str, counts: Json) -> None:
    """Say what did not come along: of each field how many values, where the first of them are, what takes them."""
    takes = {MEMBERSHIPS: "--teams", **sources.load(source).takes}
    unread = []
    for each in counts["lost"]:
        field, count, first = each["field"] or "", each["count"], each["first"]
        if each["type"] != UNREAD:
            is_all = each["type"] == LOST_PASSWORD and count >= counts["created"] + counts["updated"]
            say = ctx.output.warn if is_all else ctx.output.tell  # a warning is for whoever asked for quiet, too
            say(f"Left out: {_LOST.get(each['type'], field)}, {_of(count, 'value', first)}.{_why(each)}")
        elif field in takes:
            users = _of(count, "user", first)
            ctx.output.tell(f"Not imported: {checks.shown(field)}, {users}. To import it: {takes[field]}")
        else:
            unread.append((checks.shown(field) if field else "other fields", each))
    _tell_unread(ctx, unread)
    brought = counts["created"] + counts["updated"]
    if counts["without_password"] and ctx.output.is_for_a_person:
        ctx.output.tell("To find users without a password: authctl users list --filter 'password.set = false'")
    if stranded := counts["reasons"].get(NO_WAY_IN):
        ctx.output.tell(
            f"{_count(stranded, 'user')} cannot sign in: they have no name or no way to prove who they are."
        )
    for type, what in AGAINST_POLICY.items():
        if found := counts["reasons"].get(type):
            ctx.output.tell(f"{_count(found, 'user')} {'has' if found == 1 else 'have'} {what}.")
    if brought and counts["without_password"] == brought:
        ctx.output.tell(
            f"None of the {brought:,} users has a password." if brought > 1 else "The user has no password."
        )


def _tell_unread(ctx: Context, unread: Sequence[tuple[str, Json]]) -> None:
    """Name the fields that nothing reads: the most frequent each with its places, the others together."""
    for name, each in unread[:FIELDS]:
        ctx.output.tell(f"Not imported: {name}, {_of(each['count'], 'user', each['first'])}.")
    if more := unread[FIELDS:]:
        named = ", ".join(f"{name} ({each['count']:,})" for name, each in more[:MORE_FIELDS])
        rest = "" if len(more) <= MORE_FIELDS else ", …; -o json names all of them"
        ctx.output.tell(f"Not imported: {_count(len(more), 'more field')}: {named}{rest}.")
    if unread:
        ctx.output.tell("To keep these fields in the users' metadata: --source-option unmapped=metadata")


def _tell_refusals(ctx: Context, journal: Import) -> None:
    """Say which records were refused first, and why; of users who already exist, how to take them."""
    for each in journal.counts["refusals"]:
        name = f" ({checks.shown(each['ref'])})" if each["ref"] else ""
        ctx.output.tell(f"Refused: {each['file']}:{each['at']}{name}: {each['message']}")
    if journal.options["on_conflict"] == "fail" and "user_already_exists" in journal.counts["reasons"]:
        ctx.output.tell("To update users who already exist: --on-conflict update. To leave them: --on-conflict skip.")
    if journal.options["on_conflict"] == "fail" and "user_email_already_exists" in journal.counts["reasons"]:
        ctx.output.tell("To make one user of records with the same verified email: --on-conflict merge.")


def _why(lost: Json) -> str:
    """Why the first of these values was left out."""
    message = (lost.get("message") or "").replace(" It was left out.", "").removeprefix("Left out ")
    return f"{' The first:' if lost['count'] > 1 else ''} {message}" if message else ""


_LOST = {"import_password_lost": "password", "import_factor_lost": "second factor"}


def _of(count: int, noun: str, first: list[str]) -> str:
    """How many there are, and where: 12 values (users.csv:3, users.csv:7, users.csv:9, …)."""
    more = ", …" if count > len(first) else ""
    return f"{_count(count, noun)} ({', '.join(first)}{more})"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def prove(
    ctx: Context, inputs: list[Input], source: str, options: dict[str, str], user: str | None, *, stdin: bool
) -> None:
    """Verify a password that somebody knows before anything is written; where settings matter, ask for one."""
    from authctl.transfer import journal as transfer_journal

    from_stdin = any(each.path == STDIN for each in inputs)
    if user is None:
        if stdin:
            raise UsageError("general_usage", "--password-stdin only goes with --check-password.", field="password")
        if from_stdin or not sources.load(source).asks_password or not ctx.environment.is_interactive:
            return
        ctx.output.tell("To check the hash settings, try a password you know.")
        user = prompts.answer(ctx.environment, "A user from the file (Enter: skip): ")
        if not user:
            return
    if from_stdin:
        message = "--check-password reads the file twice, so it cannot be standard input."
        raise UsageError("general_usage", message, field="check_password")
    found = transfer_journal.find_hash(inputs, source=source, source_options=options, user=user)
    if stdin:
        password = prompts.read_secret_line(ctx.environment, "--password-stdin")
    else:
        password = prompts.secret(ctx.environment, f"Password of {user}")
    if not transfer_journal.proves(found, password):
        raise Denied(
            "user_invalid_credentials",
            "The password does not match the user's hash. Nothing was imported.",
            field="check_password",
            hint="Check the hash settings, such as --hash-config, and the password.",
        )
    ctx.output.tell("The password matches, so the hash settings are right.")


class _Watched:
    """What is told while it goes on."""

    def __init__(self, ctx: Context, step: Step) -> None:
        self._ctx, self._step = ctx, step
        self._records = self._through = 0
        self.id: str | None = None
        self.is_under_way = False

    def begun(self, journal: Import) -> None:
        self.id = None if self._ctx.is_dry_run else journal.id
        if through := journal.position["records"]:
            self.is_under_way = True
            self._through = through
            self._ctx.output.tell(
                f"Resuming the import {journal.id} after {through:,} records. The progress counts those that are left."
            )
        self._step(0)

    def step(self, progress: ImportProgress) -> None:
        self.is_under_way = True
        share = min(progress.done / progress.total, 1.0) if progress.total else None
        records = progress.records + progress.hashed
        if share and self._through:  # the share of what was left
            total = (self._through + records) / share
            share = min(records / max(total - self._through, 1), 1.0)
        self._step(records - self._records, share)
        self._records = records


@contextmanager
def watched(ctx: Context, inputs: Sequence[Input]) -> Iterator[_Watched]:
    """Progress; where it breaks off, how to go on."""
    watched = None
    try:
        with progress(ctx.environment, "Importing users", quiet=ctx.output.quiet) as step:
            watched = _Watched(ctx, step)
            yield watched
    except (AuthctlError, KeyboardInterrupt) as error:
        is_left = watched is not None and (watched.is_under_way or not isinstance(error, Invalid))
        if watched is not None and watched.id is not None and is_left:
            again = f" with --resume {watched.id}" if any(each.path == STDIN for each in inputs) else ""
            ctx.output.tell(
                f"The import {watched.id} was interrupted. To resume it, run the same command again{again}."
            )
        raise


def show(ctx: Context, record: Json) -> None:
    """Print the answer; to people what became of the records alone, each reason and each kind of hash on a line."""
    if not ctx.output.is_for_a_person or ctx.output.quiet:
        ctx.report(record)
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
