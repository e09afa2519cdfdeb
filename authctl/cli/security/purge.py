"""`authctl security purge`: expired tokens, ended sessions and old events are deleted."""

from __future__ import annotations

from dataclasses import asdict

from authctl.cli.answer_fields import PURGED
from authctl.cli.context import Context
from authctl.cli.security import COMMANDS


@COMMANDS.command(
    PURGED,
    writes=True,
    says="Deleted expired tokens, ended sessions and old events.",
    exits=(),
    example=("authctl security purge", "authctl security purge --dry-run"),
)
def purge(ctx: Context) -> None:
    """Clear what is dead: tokens, challenges, sessions, attempts, known sources, retired keys, old events. For cron.

    Tokens and challenges are kept for a day; sessions for as long as the policy log-retention says, else for 30 days.
    Events are kept for as long as that policy says, else for ever. Before any go, they and what is new in the audit log
    are verified, as by `authctl security verify-logs`; a log that was changed by hand is left as it is. What an import
    replaced, former password hashes too, is kept for 30 days after it: undoing the import later does not bring it back.
    """
    ctx.report(asdict(ctx.directory.security.purge()))
