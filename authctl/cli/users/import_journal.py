"""`authctl users`: the imports that were run, undoing one, and the hashes that are left of them."""

from __future__ import annotations

from typing import Annotated

from authctl.cli.answer_fields import IMPORT, REMAINING, UNDONE
from authctl.cli.commands import NOT_FOUND, positional
from authctl.cli.context import Context
from authctl.cli.list_options import PAGE, After, Limit, show_page
from authctl.cli.progress import progress_of
from authctl.cli.users import COMMANDS, import_dialogue


@COMMANDS.command(
    IMPORT,
    name="list-imports",
    exits=(NOT_FOUND,),
    example=("authctl users list-imports", "authctl users list-imports --limit 100 -o jsonl"),
)
def list_imports(ctx: Context, limit: Limit = PAGE, after: After = None) -> None:
    """List imports, newest first: their results, and whether they are complete."""
    from authctl.transfer.journal import Imports

    show_page(ctx, Imports(ctx.directory).list(limit=limit, after=after), limit)


@COMMANDS.command(
    UNDONE,
    name="undo-import",
    writes=True,
    asks="Undo {id}? Users changed or signed in since are kept.",
    exits=(NOT_FOUND,),
    example=("authctl users undo-import IMPORT --dry-run", "authctl users undo-import IMPORT --yes"),
)
def undo_import(
    ctx: Context,
    id: Annotated[str, positional("--import-id", "As shown by `authctl users list-imports`.", metavar="IMPORT")],
) -> None:
    """Take an import back. The users it created are deleted, those it changed are restored.

    Users it created who were changed or have signed in since are kept and counted. Of the others, data that nobody has
    changed since is restored: names, addresses, labels, prefs, metadata, blocks and passwords. Imported identities,
    factors and memberships are removed. Sessions and tokens end as after a change by hand. After 30 days
    `authctl security purge` deletes the data to restore; then only the created users can be removed.
    """
    from authctl.transfer.journal import Imports

    undone = Imports(ctx.directory).undo(id, progress=progress_of(ctx))
    import_dialogue.show(ctx, undone.public())
    if stay := undone.kept.get("not_recorded"):
        users = "1 user whom it changed stays" if stay == 1 else f"{stay:,} users whom it changed stay"
        ctx.output.tell(f"{users} as now: the former values are no longer kept, as 30 days after an import.")


@COMMANDS.command(
    REMAINING, name="import-status", example=("authctl users import-status", "authctl users import-status --json")
)
def import_status(ctx: Context) -> None:
    """Count the imported hashes still in use. By algorithm and age; signing in replaces a hash."""
    from authctl.transfer.journal import Imports, as_public

    ctx.output.stream(as_public(each) for each in Imports(ctx.directory).status())
