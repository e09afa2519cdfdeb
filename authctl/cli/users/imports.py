"""`authctl users import`: users from other systems, with their passwords."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer

from authctl.cli.answer_fields import IMPORTED
from authctl.cli.commands import CONFLICT, INVALID, NOT_FOUND, PARTIAL, STDIN, UNAVAILABLE
from authctl.cli.context import Context
from authctl.cli.options import pairs
from authctl.cli.users import COMMANDS, import_dialogue
from authctl.errors import Partial, UsageError
from authctl.model import WeakHash
from authctl.settings import how_to_close
from authctl.transfer.sources import NAMES

if TYPE_CHECKING:
    from authctl.cli.environment import Environment
    from authctl.model import Import
    from authctl.transfer.importing import Options


SETTINGS_LENGTH = 65_536  # characters
# Options of their own → what the source knows them by.
OWN_OPTIONS = ("map", "hash_format", "delimiter", "encoding")
ON_CONFLICT = ("fail", "skip", "update", "merge")
MATCH = ("id", "email", "phone")
ADDRESSES = ("given", "claimed")
WEAK_PASSWORDS = ("keep", "change", "refuse")


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


@COMMANDS.command(
    IMPORTED,
    name="import",
    writes=True,
    makes=True,
    exits=(INVALID, NOT_FOUND, CONFLICT, UNAVAILABLE, PARTIAL),
    example=(
        "authctl users import users.json --from firebase --hash-config parameters.txt --dry-run",
        "authctl users import users.csv --from csv --map 'email=E-Mail,name=Full Name,password_hash=Hash'",
        "authctl users import people.json --from json --map 'id=_id,password=passwordHash' --hash-format bcrypt",
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
            help="The file of the users, then files that belong to it: Auth0's passwords; Supabase's identities "
            "and factors; Appwrite's identities, teams and memberships; Django's groups. Firebase's hash "
            "parameters go with --hash-config. - is standard input; gzip is decompressed. FILE can be a "
            "folder from kc.sh export --dir.",
            show_default=False,
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help=f"Source of the file: {', '.join(NAMES)} (default: detected).",
        ),
    ] = None,
    map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN,...",
            help="CSV columns or JSON paths of fields: email=E-Mail,name='Full Name',id=_id.$oid. `authctl help "
            "formats` lists the fields.",
        ),
    ] = None,
    hash_format: Annotated[
        str | None,
        typer.Option(
            "--hash-format",
            metavar="NAME",
            help="Content of the password column: the name of a hash, or plain; none ignores it.",
        ),
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="CHARACTER", help="The character between the cells of a CSV.")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", metavar="NAME", help="The encoding of the files: latin-1, ... (default: detected)."),
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
            help="An option of the source; `authctl help formats` lists them. Repeatable.",
        ),
    ] = None,
    on_conflict: Annotated[
        str,
        typer.Option(
            "--on-conflict",
            metavar="|".join(ON_CONFLICT),
            callback=_choice(*ON_CONFLICT),
            help="If the user already exists with different data: refuse the record (the default), skip it, or update"
            " the user. An update lowers no verification, lets no blocked user in and replaces no password that was set"
            " here. merge makes one user of all who have verified the same email; the first keeps what they have.",
        ),
    ] = "fail",
    match: Annotated[
        str | None,
        typer.Option(
            "--match",
            metavar="|".join(MATCH),
            callback=_choice(*MATCH),
            help="Find existing users by this field (default: the first in the record, then its username).",
        ),
    ] = None,
    weak_hashes: Annotated[
        WeakHash,
        typer.Option(
            "--weak-hashes",
            metavar="|".join(WeakHash),
            help="Easily guessed hashes: keep them, wrap them in argon2id, or leave them out (reset). `authctl "
            "help formats` explains each.",
        ),
    ] = WeakHash.KEEP,
    weak_passwords: Annotated[
        str,
        typer.Option(
            "--weak-passwords",
            metavar="|".join(WEAK_PASSWORDS),
            callback=_choice(*WEAK_PASSWORDS),
            help="Plain passwords your policy does not accept: keep them, have users change them at the next "
            "sign-in, or leave them out (refuse).",
        ),
    ] = "keep",
    check_policy: Annotated[bool, typer.Option("--check-policy", help="Short for --weak-passwords refuse.")] = False,
    mark_unverified: Annotated[
        bool, typer.Option("--mark-unverified", help="Import every address as unverified, whatever the file says.")
    ] = False,
    addresses: Annotated[
        str | None,
        typer.Option(
            "--addresses",
            metavar="|".join(ADDRESSES),
            callback=_choice(*ADDRESSES),
            help="Who entered the unverified emails, phones and usernames: you (given) or each user (claimed). "
            "Default: given for csv, django, htpasswd and ldif, claimed for all others.",
        ),
    ] = None,
    phone_region: Annotated[
        str | None,
        typer.Option(
            "--phone-region",
            metavar="COUNTRY",
            help="Read phones without + as numbers of this country: DE, US, ...",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Also skip or update users who typed in the matching address themselves and never verified it.",
        ),
    ] = False,
    teams: Annotated[bool, typer.Option("--teams", help="Import memberships too, and create missing teams.")] = False,
    check_password: Annotated[
        str | None,
        typer.Option(
            "--check-password",
            metavar="USER",
            help="First test the hash settings with this user's password, which is asked for.",
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
            help="Resume this import (default: an interrupted import of the same files).",
        ),
    ] = None,
    max_errors: Annotated[
        int | None,
        typer.Option(
            "--max-errors", metavar="N", callback=_count, help="Stop when more than N records are refused; 0 or more."
        ),
    ] = None,
    max_lost: Annotated[
        int | None,
        typer.Option(
            "--max-lost", metavar="N", callback=_count, help="Stop when more than N values are left out; 0 or more."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a record rather than leave out an invalid value.")
    ] = False,
    report: Annotated[
        str | None,
        typer.Option(
            "--report", metavar="FILE", help="Write a JSON line about each record with a problem to this new file."
        ),
    ] = None,
    rejects: Annotated[
        str | None,
        typer.Option(
            "--rejects",
            metavar="FILE",
            help="Write refused records unchanged to this new file, to correct and import again.",
        ),
    ] = None,
) -> None:
    """Import users, passwords included. Each batch is saved completely or not at all.

    To resume an interrupted import, run the same command again. Importing the same files twice changes nothing. A dry
    run does everything and takes it back; on SQLite, other writers wait meanwhile.
    """
    from authctl.transfer import files, reader_process

    stdin = _stdin(ctx.environment, file, taken=password_stdin)
    options = _source_options(source_option, hash_config, map, hash_format, delimiter, encoding)
    file = import_dialogue.unfolded(ctx, file, source)
    child = ctx.with_resource(reader_process.early_child(file, stdin))
    from authctl.transfer import importing
    from authctl.transfer.conflicts import Match, OnConflict
    from authctl.transfer.journal import Imports
    from authctl.transfer.records import Addresses, WeakPasswords

    inputs = [files.look_at(path, stdin, options.get("encoding")) for path in file]
    name = import_dialogue.choose_source(ctx, source, inputs[0], is_mapped="map" in options)
    for each in inputs:
        if files.is_open_to_all(each):
            advice = how_to_close(each.path, ctx.environment.environ)
            ctx.output.warn(f"Everybody on this machine can read {each.path}. {advice}")
    import_dialogue.tell_encodings(ctx, inputs, options)
    import_dialogue.tell_mapping(ctx, inputs[0], name, options)
    asked = importing.Options(
        OnConflict(on_conflict),
        Match(match) if match else None,
        weak_hashes,
        mark_unverified,
        teams,
        max_errors,
        Addresses(addresses) if addresses else None,
        force,
        max_lost,
        strict,
        phone_region,
        WeakPasswords.REFUSE if check_policy else WeakPasswords(weak_passwords),
    )
    import_dialogue.confirm(ctx, inputs, name, options, asked, is_guessed=source is None)
    import_dialogue.prove(ctx, inputs, name, options, check_password, stdin=password_stdin)
    shown: list[Import] = []

    def answer(journal: Import) -> None:
        watching.close()
        import_dialogue.show(ctx, journal.public())
        shown.append(journal)

    with ExitStack() as watching:
        watched = watching.enter_context(import_dialogue.watched(ctx, inputs))
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
            child=child,
            begun=watched.begun,
            watch=watched.step,
            answer=answer,
        )
    if not shown:
        import_dialogue.show(ctx, journal.public())
    if not ctx.output.speaks_json:  # which has all of it in the answer
        import_dialogue.tell_counts(ctx, journal)
    if not any(journal.counts[name] for name in ("created", "updated", "skipped", "refused")):
        ctx.output.tell("The file contains no users." if len(inputs) == 1 else "The files contain no users.")
    _tell_end(journal, asked, report=report)


def _tell_end(journal: Import, asked: Options, *, report: str | None) -> None:
    """Raises Partial where some were refused, or more was lost than --max-lost allows."""
    from authctl.transfer import importing

    counts = journal.counts
    if not counts["refused"] and not importing.has_lost(journal, asked.max_lost):
        return
    unchanged = counts["reasons"].get("import_unchanged", 0)
    idle = {"unchanged": unchanged, "skipped": counts["skipped"] - unchanged}
    outcomes = {name: counts[name] for name in ("created", "updated")} | {name: n for name, n in idle.items() if n}
    message = (
        ", ".join(f"{count:,} {name}" for name, count in (*outcomes.items(), ("refused", counts["refused"]))) + "."
    )
    if importing.has_lost(journal, asked.max_lost):
        message += " The import stopped: more values were left out than --max-lost allows."
    elif importing.is_stopped(journal, asked):
        message += " The import stopped: more records were refused than --max-errors allows."
    hint = (
        f"{report} lists each one and the reason." if report else "Add --report FILE to list each one and the reason."
    )
    raise Partial("general_partial", message, hint=hint)


def _stdin(environment: Environment, paths: Sequence[str], *, taken: bool) -> BinaryIO | None:
    """Standard input, where it is one of the files; without a buffer, since a child reads on behind its head."""
    if paths.count(STDIN) > 1:
        raise UsageError("general_usage", "Only one of the files can be standard input.", field="file")
    if STDIN not in paths:
        return None
    if taken:
        raise UsageError("general_usage", "Standard input cannot carry both the file and a password.", field="password")
    buffered = getattr(environment.stdin, "buffer", None)
    binary = getattr(buffered, "raw", buffered)
    return cast("BinaryIO", binary or BytesIO(environment.stdin.read().encode("utf-8", "surrogateescape")))


def _source_options(
    given: list[str] | None, hash_config: str | None, map: list[str] | None, *own: str | None
) -> dict[str, str]:
    options = pairs(given, "--source-option")
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
