"""`authctl init`, `upgrade` and `status`: the database itself."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from authctl.cli.answer_fields import MADE, STATUS, UPGRADED
from authctl.cli.commands import INVALID, Commands
from authctl.cli.context import Context
from authctl.cli.environment import is_utf8
from authctl.cli.escaping import visible
from authctl.cli.output import Format
from authctl.cli.progress import progress_of
from authctl.model import Json

UP_TO_DATE = "Nothing to do: the schema is up to date."

COMMANDS = Commands("authctl")


@COMMANDS.command(
    MADE,
    makes=True,
    exits=(INVALID,),
    example=(
        "authctl init --database postgresql://authctl@localhost/authctl",
        "authctl init --application-name Example",
    ),
)
def init(
    ctx: Context,
    application_name: Annotated[
        str | None,
        typer.Option(
            "--application-name",
            metavar="NAME",
            help="What mails call your application. Saved in the configuration file.",
        ),
    ] = None,
) -> None:
    """Create a directory in an empty database, and its key. An existing directory is not changed.

    At a terminal it asks for the name of your application in mails and authenticator apps, unless the configuration
    has it.
    """
    from authctl.core.maintenance import setup

    if application_name is not None:
        _name_application(ctx, application_name)
    made = setup.initialize(ctx.directory, ctx.settings)
    if made.created and made.key_file is not None:
        ctx.output.note("Keep a copy of the key file apart from the database. Neither is of use without the other.")
    ctx.output.show(made.public())
    is_unnamed = application_name is None and ctx.settings.origin("application_name").kind == "default"
    if is_unnamed and ctx.output.is_for_a_person and ctx.environment.is_interactive and not ctx.output.quiet:
        from authctl.cli import prompts

        question = "Name of your application in mails (Enter: decide later): "
        if name := prompts.answer(ctx.environment, question):
            _name_application(ctx, name)


def _name_application(ctx: Context, name: str) -> None:
    from authctl.settings.writing import write_setting

    path = write_setting(ctx.settings, "application_name", name)
    ctx.output.note(f"Mails call your application {name} (set in {path}).")


@COMMANDS.command(
    UPGRADED,
    writes=True,
    exits=(INVALID,),
    example=("authctl upgrade", "authctl upgrade --dry-run > migration.sql", "authctl upgrade --repair"),
)
def upgrade(
    ctx: Context,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Also set sequences that are behind, and fix indexes and counts of other rows."),
    ] = False,
) -> None:
    """Update the database schema to this version of authctl. SQLite is copied first; --dry-run prints the SQL.

    It warns of unverified addresses that may belong to somebody else. `authctl security check` lists them.

    --repair sets the sequences that a move by logical replication left behind. It fixes what tables keep of other rows
    if that is wrong: who has which address and name, factors, roles, the count of users, and the search index. With
    --dry-run, comments in the SQL say what that is, or --json how much.
    """
    from authctl.core.maintenance import invariants, setup

    if ctx.is_dry_run:
        _rehearse_upgrade(ctx, repair)
        return
    repaired: Json = {}
    if repair:
        repaired["sequences"] = setup.repair(ctx.directory)
        ctx.output.note(f"Sequences set: {', '.join(repaired['sequences']) or 'none were behind'}.")
    upgraded = setup.upgrade(ctx.directory)
    if repair:
        repaired["repaired"] = ctx.directory.write(invariants.mend, progress_of(ctx))
        told = ", ".join(f"{name} ({count:,})" for name, count in repaired["repaired"].items())
        ctx.output.note(f"Repaired: {told or 'nothing else was wrong'}.")
    if upgraded.before == upgraded.after:
        ctx.output.note(UP_TO_DATE)
    ctx.report(upgraded.public() | repaired)


def _rehearse_upgrade(ctx: Context, repair: bool) -> None:
    """Print the SQL that would be run, with comments on what would be repaired; or an answer, if the line asks for it
    and for repairs."""
    from authctl.core.maintenance import rehearsal

    rehearsed = rehearsal.rehearse(ctx.directory, repair=repair, progress=progress_of(ctx))
    if repair and ctx.asks_for_answer:
        repaired = Counter(each.invariant.check for each in rehearsed.found)
        ctx.report(rehearsed.upgraded.public() | {"sequences": rehearsed.sequences, "repaired": repaired})
        return
    comments = "".join(f"-- {each.invariant.check}: {visible(each.message)}\n" for each in rehearsed.found)
    ctx.environment.stdout.write(comments + rehearsed.sql)
    if not comments + rehearsed.sql:
        ctx.output.note(UP_TO_DATE)


@COMMANDS.command(
    STATUS,
    exits=(INVALID,),
    example=("authctl status", "authctl status --fields counts.users", "authctl status --json --picture"),
)
def status(
    ctx: Context,
    picture: Annotated[
        bool | None,
        typer.Option(
            "--picture/--no-picture",
            help="Include charts of the directory (default: up to 100,000 users).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the database and its health: schema, key, counts, and where each setting came from.

    The charts show new users by month, sign-ins by day, second factors and hashes. In JSON they are
    {"users_by_month": [{"month", "users"}], "sign_ins_by_day": [{"day", "sign_ins"}], "mfa": {"users", "share"},
    "hashes": [{"algorithm", "users"}]}, or null if left out; months and days are in UTC. Tables leave out settings
    that nobody has set; JSON has them all.
    """
    from authctl.core.maintenance import status as maintenance_status

    output = ctx.output
    if output.fields or not (output.speaks_json or output.format is Format.TABLE):
        picture = "picture" in (output.fields or ()) or bool(picture)
    found = maintenance_status.status(ctx.directory, ctx.settings, picture=picture)
    if output.format is not Format.TABLE or output.fields:
        output.show(found if picture or output.speaks_json else _without_picture(found))
        return
    given = [setting for setting in found["settings"] if setting["origin"] != "default"]
    found["settings"] = [f"{setting['name']} = {setting['value']} ({setting['origin']})" for setting in given]
    output.show(_without_picture(found))
    if found["picture"] is not None:
        from authctl.cli.charts import drawn

        environment, stdout = ctx.environment, ctx.environment.stdout
        has_colors = environment.colors(environment.stdout_isatty)
        stdout.write(drawn(found["picture"], environment.columns, ascii=not is_utf8(stdout), has_colors=has_colors))


def _without_picture(found: Json) -> Json:
    return {name: value for name, value in found.items() if name != "picture"}
