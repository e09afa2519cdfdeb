"""`authctl security`: the audit log, and whether anybody changed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from authctl.cli.answer_fields import EVENT, LOG_VERIFIED
from authctl.cli.commands import INVALID, NOT_FOUND, UNAVAILABLE
from authctl.cli.context import Context
from authctl.cli.list_options import PAGE, After, Limit, show_page
from authctl.cli.options import split
from authctl.cli.output import Format
from authctl.cli.progress import progress_of
from authctl.cli.security import COMMANDS
from authctl.cli.security.follow_state import State
from authctl.errors import Invalid, UsageError
from authctl.model import Event, Json

if TYPE_CHECKING:
    from authctl.core.audit.following import Following

BETWEEN_LOOKS = 1.0  # seconds


@COMMANDS.command(
    EVENT,
    exits=(INVALID, NOT_FOUND),
    example=(
        "authctl security list-logs --since 2h",
        "authctl security list-logs --event 'users.*' --actor root@web1 --limit 100",
        "authctl security list-logs --user ada@example.com --all -o jsonl",
        "authctl security list-logs --follow",
        "authctl security list-logs --follow --state listener.state -o jsonl",
    ),
)
def list_logs(
    ctx: Context,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="USER", help="Events about this user; a deleted user by id. Indexed."),
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event",
            metavar="EVENT,...",
            help="Events with these names; * matches any part, as in 'users.*'. Repeatable.",
        ),
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Events by exactly this actor.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Events since then: 2h (ago), today, 2026-01-31, ... Indexed."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Events before then. Indexed.")] = None,
    limit: Limit = PAGE,
    after: After = None,
    all: Annotated[bool, typer.Option("--all", help="Show all, streamed.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Oldest first, then new events as they happen, until Ctrl-C.")
    ] = False,
    state: Annotated[
        str | None,
        typer.Option(
            "--state", metavar="FILE", help="With --follow: remember the last event in FILE and go on from it."
        ),
    ] = None,
) -> None:
    """Show the audit log, newest first: who did what, to what, when and from where."""
    security = ctx.directory.security
    which: dict[str, Any] = {"user": user, "events": split(event), "actor": actor, "since": since}
    if state and not follow:
        raise UsageError("general_usage", "Use --state only with --follow.", field="state")
    if follow:
        if until or after:
            raise UsageError("general_usage", "Use --follow without --until and --after.", field="follow")
        _follow(ctx, which | {"limit": None if all else limit}, State(state) if state else None)
    elif all:
        ctx.output.stream(_public(security.iterate_logs(**which, until=until, after=after)))
    else:
        page = security.list_logs(**which, until=until, limit=limit, after=after)
        show_page(ctx, page, limit, more="--all or ")


def _public(events: Iterable[Event]) -> Iterator[Json]:
    return (event.public() for event in events)


def _follow(ctx: Context, which: dict[str, Any], state: State | None) -> None:
    """Show events one by one, each as a line: a table would wait for the last."""
    if ctx.output.format is Format.TABLE:
        ctx.output.format = Format.TSV

    def wait() -> None:
        ctx.output.flush()
        ctx.environment.check_is_read()
        if state is not None:
            state.save(events.cursor)
        ctx.environment.sleep(BETWEEN_LOOKS)

    with closing(ctx.directory.security.follow_logs(wait, **which, after=state.read() if state else None)) as events:
        ctx.output.stream(_public(events) if state is None else _remembered(ctx, events, state))


def _remembered(ctx: Context, events: Following, state: State) -> Iterator[Json]:
    """The same events; each is remembered once it has been handed over."""
    for event in events:
        yield event.public()
        ctx.output.flush()
        state.add(events)


@COMMANDS.command(
    LOG_VERIFIED,
    writes=True,
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl security verify-logs",
        "authctl security verify-logs --all",
        "authctl security verify-logs --fields seal --quiet",
        "authctl security verify-logs --expect SEAL --dry-run",
    ),
)
def verify_logs(
    ctx: Context,
    expect: Annotated[
        str | None,
        typer.Option(
            "--expect", metavar="SEAL", help="A seal you saved elsewhere earlier: the log must still contain it."
        ),
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Read the whole log, not only what is new.")] = False,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Accept the log as it is, errors included, as the new baseline."),
    ] = False,
) -> None:
    """Check that nobody changed the audit log, then seal it. For cron.

    It reads the events since the last seal. Only --all reads the whole log and finds changes to older events: run it
    about once a week. Once anything is wrong, each run reads the whole log.

    Changed and forged events are named; seals reveal removed ones. Run it often: events after the last seal can be
    removed unnoticed. Save the seal it shows elsewhere and pass it to --expect: nothing else reveals that the whole
    database was replaced by an older copy. If anything is wrong, the exit status is 3 and nothing is sealed; --dry-run
    seals nothing either. `unsigned` counts events from before the log had digests.
    """
    if accept and not ctx.is_dry_run:
        ctx.confirm("The log, errors included, becomes the new baseline. Accept it?")
    verified = ctx.directory.security.verify_logs(expect=expect, whole=all, accept=accept, progress=progress_of(ctx))
    public = verified.public()
    if not ctx.output.speaks_json:
        public["problems"] = [problem.message for problem in verified.problems]
    (ctx.show if verified.found else ctx.report)(public)
    if verified.found and not accept:
        problems = "1 problem was" if verified.found == 1 else f"{verified.found} problems were"
        raise Invalid(
            "security_log_damaged",
            f"The audit log was changed outside authctl: {problems} found.",
            hint="Compare it with a backup. Once you understand what happened, accept it with: --accept",
        )
