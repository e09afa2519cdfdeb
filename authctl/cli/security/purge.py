"""`authctl security purge`: expired tokens, ended sessions and old events are deleted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from authctl.cli.answer_fields import PURGED
from authctl.cli.commands import UNAVAILABLE
from authctl.cli.context import Context
from authctl.cli.security import COMMANDS


@COMMANDS.command(
    PURGED,
    writes=True,
    says="Deleted expired tokens, ended sessions and old events.",
    exits=(UNAVAILABLE,),
    example=("authctl security purge", "authctl security purge --dry-run"),
)
def purge(
    ctx: Context,
    force: Annotated[
        bool, typer.Option("--force", help="Even if the last event before today is over 90 days old.")
    ] = False,
) -> None:
    """Delete expired tokens, ended sessions and old events. For cron.

    Challenges, attempts, sources and keys that are no longer needed go, too. Tokens and challenges are kept for a day;
    sessions as long as the policy log-retention says, or 30 days. Events are kept as long as that policy says, or
    forever. Before any are deleted, they and the new events of the audit log are verified as by `authctl security
    verify-logs`; a log that was changed by hand is left alone. Data that an import replaced, password hashes included,
    is kept for 30 days: undoing the import later does not restore it.

    A clock that is wrong deletes too much: if nothing happened here for 90 days before today, nothing is deleted
    without --force.
    """
    ctx.report(asdict(ctx.directory.security.purge(force=force)))
