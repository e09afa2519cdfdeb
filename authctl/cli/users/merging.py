"""`authctl users merge`: two accounts of one person become one."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import MERGED
from authctl.cli.commands import CONFLICT, DENIED, INVALID, NOT_FOUND, PARTIAL, positional
from authctl.cli.context import Context
from authctl.cli.users import COMMANDS
from authctl.cli.users.options import Force
from authctl.model import Side


@COMMANDS.command(
    MERGED,
    writes=True,
    says="Merged {merged} into {id}.",
    asks="Merge {user} into {into}, and end all sessions and tokens of both?",
    exits=(INVALID, NOT_FOUND, CONFLICT, DENIED, PARTIAL),
    example=(
        "authctl users merge david@example.com ada@example.com --dry-run",
        "authctl users merge david ada --prefer FROM --reason 'called us' --yes",
    ),
)
def merge(
    ctx: Context,
    user: Annotated[str, positional("--user-id", "The account that becomes a part of the other.", metavar="FROM")],
    into: Annotated[str, positional("--into-id", "The account that stays.", metavar="INTO")],
    prefer: Annotated[
        Side,
        typer.Option(
            "--prefer",
            metavar="FROM|INTO",
            case_sensitive=False,
            help="Whose value stays where both have one. The email and phone of INTO stay in any case.",
        ),
    ] = Side.INTO,
    force: Force = False,
) -> None:
    """Merge two accounts of one person: everything that FROM has becomes INTO's, and FROM is gone.

    Identities, memberships, labels, preferences, metadata and past passwords move; its email and phone where INTO has
    none. Two passwords, usernames or sets of factors become one: see --prefer. FROM's id is in `former_ids` of INTO.
    """
    merged = ctx.directory.users.merge(user, into, prefer=prefer, force=force)
    record, rows = merged.public(), []
    if ctx.answers_in_words:
        from authctl.cli import conflicts

        record, rows = record | {"conflicts": []}, conflicts.rows(merged.conflicts)
    ctx.show(record, table=rows)
