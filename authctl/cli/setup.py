"""`authctl init`, `upgrade` and `status`: the database itself."""

from __future__ import annotations

from authctl.cli.commands import INVALID, Commands
from authctl.cli.context import Context
from authctl.cli.output import Format
from authctl.cli.shapes import MADE, STATUS, UPGRADED

COMMANDS = Commands("authctl")
command = COMMANDS.command


@command(
    MADE,
    exits=(INVALID,),
    example=("authctl init --database postgresql://authctl@localhost/authctl", "authctl init"),
)
def init(ctx: Context) -> None:
    """Make a directory in an empty database, and its key. Where there is one already, nothing is changed."""
    from authctl.core import setup

    made = setup.initialize(ctx.directory, ctx.settings)
    if made.is_new and made.key_file is not None:
        ctx.output.note("Keep a copy of the key file apart from the database: neither opens without the other.")
    ctx.output.show(made.public())


@command(
    UPGRADED,
    writes=True,
    exits=(INVALID,),
    example=("authctl upgrade", "authctl upgrade --dry-run > migration.sql"),
)
def upgrade(ctx: Context) -> None:
    """Bring the database's schema up to this authctl. A SQLite file is copied first; --dry-run prints the SQL."""
    from authctl.core import setup

    if ctx.is_dry_run:
        sql = setup.migration_sql(ctx.directory)
        ctx.environment.stdout.write(sql)
        if not sql:
            ctx.output.note("Nothing is to be done: the schema is up to date.")
    else:
        ctx.output.show(setup.upgrade(ctx.directory).public())


@command(STATUS, exits=(INVALID,), example=("authctl status", "authctl status --fields counts.users"))
def status(ctx: Context) -> None:
    """Show which database this is, and how it is doing: schema, key, counts, and where each setting came from.

    A table leaves out the settings that nobody has set; json has them all.
    """
    from authctl.core import setup

    found = setup.status(ctx.directory, ctx.settings)
    if ctx.output.format is Format.TABLE and not ctx.output.fields:
        given = [setting for setting in found["settings"] if setting["origin"] != "default"]
        found["settings"] = [f"{setting['name']} = {setting['value']} ({setting['origin']})" for setting in given]
    ctx.output.show(found)
