"""`authctl init`, `upgrade` and `status`: the database itself."""

from __future__ import annotations

from authctl.cli.commands import Commands
from authctl.cli.context import Context
from authctl.cli.shapes import MADE, STATUS, UPGRADED
from authctl.errors import ExitStatus

COMMANDS = Commands("authctl")
command = COMMANDS.command


@command(
    MADE,
    exits=(ExitStatus.INVALID,),
    example=("authctl init --database postgresql://authctl@localhost/authctl", "authctl init"),
)
def init(ctx: Context) -> None:
    """Make a directory in an empty database, with a key of its own. Done already, it changes nothing."""
    from authctl.core import setup

    made = setup.initialize(ctx.directory, ctx.settings)
    if made.is_new and made.key_file is not None:
        ctx.output.note("Keep a copy of the key file apart from the database: neither opens without the other.")
    ctx.output.show(made.public())


@command(
    UPGRADED,
    writes=True,
    exits=(ExitStatus.INVALID,),
    example=("authctl upgrade", "authctl upgrade --dry-run > migration.sql"),
)
def upgrade(ctx: Context) -> None:
    """Bring the schema up to this authctl. An SQLite file is copied first; --dry-run prints the SQL instead."""
    from authctl.core import setup

    if ctx.is_dry_run:
        ctx.environment.stdout.write(setup.migration_sql(ctx.directory))
    else:
        ctx.output.show(setup.upgrade(ctx.directory).public())


@command(STATUS, exits=(ExitStatus.INVALID,), example=("authctl status", "authctl status -o json | jq .counts.users"))
def status(ctx: Context) -> None:
    """Say what is being talked to: database, schema, key, counts, and where each setting came from."""
    from authctl.core import setup

    ctx.output.show(setup.status(ctx.directory, ctx.settings))
