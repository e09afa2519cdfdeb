"""`authctl security`: the policies that hold, what happened, and what a password would get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from authctl.cli import prompts
from authctl.cli.answer_fields import (
    DIFFERENCE,
    EVENT,
    KEY_SET,
    LOG_VERIFIED,
    MOCK_PHONE,
    MOCK_PHONE_DELETED,
    PASSWORD_REPORT,
    POLICIES,
    POLICY,
    PURGED,
    RECEIPT,
    ROTATED,
)
from authctl.cli.commands import CONFLICT, INVALID, NOT_FOUND, STDIN, UNAVAILABLE, Commands, positional
from authctl.cli.context import Context
from authctl.cli.options import split
from authctl.cli.output import Format
from authctl.cli.progress import progress_of
from authctl.core.policy import policies
from authctl.errors import Invalid, Unavailable, UsageError
from authctl.model import JwtAlgorithm

if TYPE_CHECKING:
    from authctl.core.security.password_report import PasswordReport
    from authctl.model import Event, Json


COMMANDS = Commands("security")
command = COMMANDS.command

FILE_SIZE = 1_048_576  # bytes; some hundred times all policies
BETWEEN_LOOKS = 1.0  # seconds

# Policies


@command(
    POLICIES,
    exits=(INVALID,),
    example=(
        "authctl security show",
        "authctl security show session-duration",
        "authctl security show -o toml > policies.toml",
    ),
)
def show(
    ctx: Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Only these policies.", show_default=False)
    ] = None,
) -> None:
    """Show the policies that hold. JSON is one object: {NAME: VALUE, ...}, durations in seconds, null for off.

    -o toml writes what `authctl security apply` reads.
    """
    _show_policies(ctx, ctx.directory.security.show(names or ()))


@command(
    POLICY,
    name="set",
    writes=True,
    exits=(INVALID,),
    example=(
        "authctl security set session-duration 30d",
        "authctl security set password-strength upper,lower,digit",
        "authctl security set session-idle-timeout off",
    ),
)
def set_(
    ctx: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The policy.", show_default=False)],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its new value.", show_default=False)],
) -> None:
    """Set a policy. It holds at once, for every operator and application."""
    held = ctx.directory.security.set(name, value)
    _warn(ctx, {name: held})
    _show_policies(ctx, {name: held})


set_.__doc__ = f"{set_.__doc__}\n\n\b\n" + "\n".join(
    f"{each.name:<{max(map(len, policies.DECLARATIONS))}}  {each.kind.range}" for each in policies.DECLARATIONS.values()
)


@command(
    POLICY,
    writes=True,
    exits=(INVALID,),
    example=("authctl security reset session-duration", "authctl security reset --all --dry-run"),
)
def reset(
    ctx: Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="The policies.", show_default=False)
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Give policies their defaults again."""
    if all == bool(names):
        raise UsageError("general_usage", "Give the names of policies, or --all for all of them.", field="name")
    _show_policies(ctx, ctx.directory.security.reset(names or (), all=all))


@command(
    DIFFERENCE,
    writes=True,
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl security apply policies.toml --dry-run",
        "authctl security apply supabase",
        "authctl security show -o toml | authctl security apply -",
    ),
)
def apply(
    ctx: Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|PRESET|-",
            help=f"A TOML file, - for stdin, or a preset: {', '.join(policies.PRESETS)}.",
            show_default=False,
        ),
    ],
) -> None:
    """Set the policies of a file, or all policies as a preset has them, and show what differs from before.

    Policies that a file does not name stay as they are. Where anything is wrong, all of it is told and nothing changes.
    """
    wanted = source if source in policies.PRESETS else policies.parse_file(_read(ctx, source))
    differences = ctx.directory.security.apply(wanted)
    _warn(ctx, {each.name: each.after for each in differences})
    _tell_dry_run(ctx)
    with ctx.output.bulk():
        for each in differences:
            before, after = (_form(ctx, each.name, value) for value in (each.before, each.after))
            ctx.output.show({"name": each.name, "before": before, "after": after} | _dry_run(ctx, each.name))
    if not differences:
        ctx.output.note("Nothing differs.")


def _show_policies(ctx: Context, held: Mapping[str, Any]) -> None:
    """Policies as one object in JSON and TOML, as rows in tables and where --fields asks for them."""
    output = ctx.output
    if output.format is Format.TOML:
        output.show_toml({name: policies.plain(name, value) for name, value in held.items()})
    elif output.speaks_json and output.fields is None:
        ctx.show({name: policies.shown(name, value)[0] for name, value in held.items()})
    else:
        rows = [_row(ctx, name, value) | _dry_run(ctx, name) for name, value in held.items()]
        _tell_dry_run(ctx)
        if len(rows) == 1:
            output.show(rows[0])
        elif output.format is Format.TABLE:
            # Defaults stand out where something else holds.
            output.stream(row if row["changed"] else row | {"default": None} for row in rows)
        else:
            output.stream(rows)


def _row(ctx: Context, name: str, value: Any) -> Json:
    declaration = policies.get(name)
    return {
        "name": name,
        "value": _form(ctx, name, value),
        "default": _form(ctx, name, declaration.default),
        "changed": value != declaration.default,
        "range": declaration.kind.range,
        "help": declaration.help,
    }


def _form(ctx: Context, name: str, value: Any) -> Any:
    """A policy's value for programs where they read JSON, else for people."""
    json, text = policies.shown(name, value)
    return json if ctx.output.speaks_json else text


def _dry_run(ctx: Context, name: str) -> Json:
    """What the row of a policy has beyond a real one's."""
    if not ctx.is_dry_run:
        return {}
    changes = [change.public() for change in ctx.directory.changes if change.resource == f"policies/{name}"]
    return {"dry_run": True, "changes": changes}


def _tell_dry_run(ctx: Context) -> None:
    if ctx.is_dry_run and not ctx.output.speaks_json:
        ctx.output.tell("Dry run: nothing was changed.")


def _warn(ctx: Context, held: Mapping[str, Any]) -> None:
    """What policies that were set do not do, as far as it can be told now."""
    _warn_of_missing_file(ctx, held)
    _warn_of_unused_labels(ctx, held)


def _warn_of_unused_labels(ctx: Context, held: Mapping[str, Any]) -> None:
    """A mistyped word is a label, and asks nobody."""
    whom = held.get("mfa-required", "off")
    for label in () if isinstance(whom, str) else whom:
        if not ctx.directory.users.count(filters=[f"labels ~ {label}"]):
            ctx.output.warn(f"No user has the label {label!r}, which mfa-required names.")


def _warn_of_missing_file(ctx: Context, held: Mapping[str, Any]) -> None:
    """Applications on other machines may have the file; on this one, no password could be set."""
    from authctl.core.credentials import breached

    path = held.get(breached.POLICY)
    if path is not None:
        try:
            breached.check(path)
        except Unavailable as error:
            ctx.output.warn(error.message)


def _read(ctx: Context, source: str) -> str:
    """The text of a file, or of stdin."""
    try:
        text = _read_stdin(ctx) if source == STDIN else _read_file(source)
    except OSError as error:
        raise Unavailable(
            "file_unavailable",
            f"The file {source!r} cannot be read: {error.strerror}.",
            field="source",
            hint=f"Name a file, or one of the presets {', '.join(policies.PRESETS)}.",
        ) from error
    if len(text) > FILE_SIZE:
        raise Invalid("general_argument_invalid", f"The policies have more than {FILE_SIZE:,} bytes.", field="source")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("general_argument_invalid", "The policies are not UTF-8 text.", field="source") from None


def _read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(FILE_SIZE + 1)


def _read_stdin(ctx: Context) -> bytes:
    text = b""
    while len(text) <= FILE_SIZE and (line := ctx.environment.read_line(FILE_SIZE)):
        text += line
    return text


# Passwords


@command(
    PASSWORD_REPORT,
    exits=(INVALID, NOT_FOUND, UNAVAILABLE),
    example=(
        "authctl security check-password",
        "authctl security check-password --user ada@example.com --password-stdin < password.txt",
    ),
)
def check_password(
    ctx: Context,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="Whose personal data it must not hold.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin: one line.")
    ] = False,
    password_fd: Annotated[
        int | None, typer.Option("--password-fd", metavar="N", help="Read it from this descriptor.")
    ] = None,
) -> None:
    """Say what a password would get: what the policy has against it, and how hard it is to guess. Nothing is stored.

    The score is 0 (very easy to guess) to 4 (very hard), and the time that of somebody who stole the hashes and tries
    ten thousand a second: zxcvbn's estimate. Exit status 3 where the policy refuses the password.
    """
    report = ctx.directory.security.check_password(
        _password(ctx, stdin=password_stdin, descriptor=password_fd), user=user
    )
    ctx.show(_report(ctx, report))
    if report.problems:
        raise Invalid.of(report.problems)


def _password(ctx: Context, *, stdin: bool, descriptor: int | None) -> str:
    if stdin and descriptor is not None:
        raise UsageError("general_usage", "--password-stdin and --password-fd exclude each other.", field="password")
    if stdin:
        return prompts.read_secret_line(ctx.environment, "--password-stdin")
    if descriptor is not None:
        return prompts.read_secret_descriptor(ctx.environment, descriptor, "--password-fd")
    return prompts.secret(ctx.environment, "Password")


def _report(ctx: Context, report: PasswordReport) -> Json:
    """The report, with each failure's type, for programs with its message too."""
    failures: list[Any] = [problem.type for problem in report.problems]
    if ctx.output.speaks_json:
        failures = [{"type": problem.type, "message": problem.message} for problem in report.problems]
    return {
        "accepted": report.is_accepted,
        "failures": failures,
        "score": report.score,
        "crack_time": report.crack_time,
    }


# What happened


@command(
    EVENT,
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl security list-logs --since 2h",
        "authctl security list-logs --event 'users.*' --actor root@web1 --limit 100",
        "authctl security list-logs --user ada@example.com --all -o jsonl",
        "authctl security list-logs --follow",
    ),
)
def list_logs(
    ctx: Context,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="About this user; by id a deleted one too. Indexed.")
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event", metavar="EVENT,...", help="Of these names; * is any part, as in 'users.*'. Repeatable."
        ),
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="NAME", help="By this actor, exactly.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Not before: 2h (ago), today, 2026-01-31, ... Indexed."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before that time. Indexed.")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.")] = 25,
    after: Annotated[str | None, typer.Option("--after", metavar="ID", help="The page behind this event.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Without a limit, streamed.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="The oldest first, and then what happens, until Ctrl-C.")
    ] = False,
) -> None:
    """Show what happened, the newest first: who did what to what, when, and from where."""
    security = ctx.directory.security
    events = split(event)
    if follow:
        if until or after:
            raise UsageError("general_usage", "--follow and --until or --after exclude each other.", field="follow")
        logs = security.follow_logs(
            lambda: _wait(ctx),
            user=user,
            events=events,
            actor=actor,
            since=since,
            limit=None if all else limit,
        )
        _show_as_they_come(ctx, logs)
    elif all:
        logs = security.iterate_logs(user=user, events=events, actor=actor, since=since, until=until, after=after)
        ctx.output.stream(_public(logs))
    else:
        page = security.list_logs(
            user=user, events=events, actor=actor, since=since, until=until, limit=limit, after=after
        )
        ctx.output.stream(_public(page))
        if len(page) == limit:
            ctx.output.note(f"There may be more: --after {page[-1].id}, or --all.")


def _public(events: Iterable[Event]) -> Iterator[Json]:
    return (event.public() for event in events)


def _show_as_they_come(ctx: Context, events: Iterator[Event]) -> None:
    """Events one by one, each as a line: a table would wait for the last."""
    if ctx.output.format is Format.TABLE:
        ctx.output.format = Format.TSV
    ctx.output.stream(_public(events))


def _wait(ctx: Context) -> None:
    ctx.output.flush()
    ctx.environment.sleep(BETWEEN_LOOKS)


@command(
    LOG_VERIFIED,
    writes=True,
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl security verify-logs",
        "authctl security verify-logs --fields seal --quiet",
        "authctl security verify-logs --expect SEAL --dry-run",
    ),
)
def verify_logs(
    ctx: Context,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect", metavar="SEAL", help="A seal from earlier, kept elsewhere: the log must still have it."
        ),
    ] = None,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Take the log as it is, with what is wrong, as what it is held to from now on."),
    ] = False,
) -> None:
    """Find out whether the audit log was changed by anybody but authctl, and seal it where it was not. For cron.

    An event that was changed or made up is named, and seals miss what was taken away. Run it often: what came after the
    last seal can be taken away unnoticed. Keep the seal that is shown elsewhere, and give it back with --expect: no
    other way tells of a whole database that was put back to what it was. Exit status 3 where anything is wrong, and
    then nothing is sealed; nor is it by --dry-run. `unsigned` are events from before the log had digests.
    """
    if accept and not ctx.is_dry_run:
        ctx.confirm("The log is held to what it is now, with all that is wrong with it. Take it as it is?")
    verified = ctx.directory.security.verify_logs(expect=expect, accept=accept, progress=progress_of(ctx))
    public = verified.public()
    if not ctx.output.speaks_json:
        public["problems"] = [problem.message for problem in verified.problems]
    ctx.show(public)
    if verified.found and not accept:
        problems = "1 problem was" if verified.found == 1 else f"{verified.found} problems were"
        raise Invalid(
            "security_log_damaged",
            f"The audit log is not what was written into it: {problems} found.",
            hint="Compare it with a backup. To take it as it is, once that is understood: --accept",
        )


# Mock phones


@command(
    MOCK_PHONE,
    writes=True,
    exits=(INVALID, CONFLICT),
    example="authctl security create-mock-phone +14255550123 123456",
)
def create_mock_phone(
    ctx: Context,
    phone: Annotated[str, positional("--phone", "The number, with + and the calling code.", metavar="PHONE")],
    code: Annotated[str, positional("--code", "Six digits.", metavar="CODE")],
) -> None:
    """Make a number for tests: nothing is sent to it, and this one code signs in. At most ten."""
    ctx.show(ctx.directory.security.create_mock_phone(phone, code).public())


@command(MOCK_PHONE, exits=(), example="authctl security list-mock-phones")
def list_mock_phones(ctx: Context) -> None:
    """List the mock phone numbers with their codes."""
    ctx.output.stream(phone.public() for phone in ctx.directory.security.list_mock_phones())


@command(
    MOCK_PHONE_DELETED,
    writes=True,
    exits=(NOT_FOUND,),
    example="authctl security delete-mock-phone +14255550123",
)
def delete_mock_phone(
    ctx: Context,
    phone: Annotated[str, positional("--phone", "The number.", metavar="PHONE")],
) -> None:
    """Make a number an ordinary one again, which messages are sent to."""
    ctx.show({"phone": ctx.directory.security.delete_mock_phone(phone), "deleted": True})


# Trying, and clearing up


@command(
    RECEIPT,
    writes=True,
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl security test-delivery email ada@example.com",
        "authctl security test-delivery sms +14255550123",
    ),
)
def test_delivery(
    ctx: Context,
    channel: Annotated[str, typer.Argument(metavar="email|sms|whatsapp", help="How it is sent.", show_default=False)],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An email or a phone.", show_default=False)],
) -> None:
    """Send a message that says that it is a test, and show what the server or provider answered."""
    ctx.show(ctx.directory.security.test_delivery(channel, address).public())


@command(PURGED, writes=True, exits=(), example=("authctl security purge", "authctl security purge --dry-run"))
def purge(ctx: Context) -> None:
    """Clear what is dead: tokens, challenges, sessions, counts of attempts, retired keys, old events. Safe from cron.

    Tokens and challenges are kept for a day; sessions for as long as the policy log-retention says, else for 30 days.
    Events are kept for as long as that policy says, else for ever. The audit log is verified before any go, as by
    `authctl security verify-logs`; one that was changed by hand is left as it is.
    """
    ctx.show(asdict(ctx.directory.security.purge()))


# Keys


@command(KEY_SET, exits=(), example="authctl security show-jwks > jwks.json")
def show_jwks(ctx: Context) -> None:
    """Show the public keys that JWTs are signed with, as other programs read them (a JWKS, RFC 7517).

    They prove who signed a JWT and when, not that its session still lives: that is `authctl sessions verify-jwt`.
    """
    ctx.show_json("keys", ctx.directory.security.show_jwks())


@command(
    ROTATED,
    writes=True,
    asks="Give the directory a new key?",
    exits=(INVALID, CONFLICT),
    example=(
        "authctl security rotate-key --yes --reason 'yearly'",
        "authctl security rotate-key --jwt --forget --yes --reason 'key leaked'",
    ),
)
def rotate_key(
    ctx: Context,
    jwt: Annotated[bool, typer.Option("--jwt", help="The key that JWTs are signed with, not the secret key.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="With --jwt: take no JWT of the older keys any more, as after a leak.")
    ] = False,
    algorithm: Annotated[
        JwtAlgorithm,
        typer.Option("--algorithm", metavar="|".join(JwtAlgorithm), help="With --jwt: what the new key signs with."),
    ] = JwtAlgorithm.EDDSA,
) -> None:
    """Seal every secret with a new secret key, or with --jwt sign JWTs with a new key.

    The new secret key is written to a file of its own beside the old one, which backups still need; it is found there
    by its fingerprint. Copy it to every machine that works on this database.
    """
    if forget and not jwt:
        raise UsageError("general_usage", "--forget goes with --jwt.", field="forget")
    if jwt:
        key = ctx.directory.security.rotate_jwt_key(algorithm=algorithm, forget=forget)
        ctx.show({"key": "jwt", "id": key.id, "key_file": None, "resealed": None})
        return
    from authctl.core.maintenance import key_rotation

    rotated = key_rotation.rotate_key(ctx.directory, ctx.settings)
    ctx.show(rotated.public())
    ctx.output.note(f"The new key is in {rotated.key_file}. Copy it to every machine that works on this database.")
