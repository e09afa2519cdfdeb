"""`authctl backup` and `restore`: the whole directory in one file."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import BACKUP, RESTORED
from authctl.cli.commands import CONFLICT, INVALID, UNAVAILABLE, Commands
from authctl.cli.context import Context
from authctl.cli.progress import progress_of

COMMANDS = Commands("authctl")


def _at_least_one(count: int | None) -> int | None:
    if count is not None and count < 1:
        raise typer.BadParameter(f"{count} is below 1.")
    return count


@COMMANDS.command(
    BACKUP,
    writes=True,
    says="Saved the directory.",
    exits=(INVALID, UNAVAILABLE),
    example=(
        "authctl backup directory.backup",
        "authctl backup directory.backup --dry-run",
        "authctl backup --keep 14 . --quiet",
    ),
)
def backup(
    ctx: Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A new file; none is overwritten. With --keep, a folder.", show_default=False
        ),
    ],
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            metavar="N",
            callback=_at_least_one,
            help="Name the backup by its time in the folder FILE, read it back, and then remove all but the last N"
            " there.",
        ),
    ] = None,
    with_key: Annotated[
        bool,
        typer.Option("--with-key", help="Put the secret key in: whoever reads the file then reads every secret in it."),
    ] = False,
) -> None:
    """Save the whole directory, as it is at one moment, into a new file that only you can read.

    Everybody can go on working meanwhile. `authctl restore` puts the backup into SQLite or Postgres, wherever it came
    from: one of SQLite is an SQLite file, one of Postgres compressed lines of JSON. The secret key is not in it: keep
    a copy of the key apart.

    --keep is for cron. It removes only backups that it named itself, with the same key, and only after the new one is
    whole and was read back.
    """
    from authctl.core.maintenance import backup as maintenance_backup

    if with_key and not ctx.is_dry_run:
        ctx.confirm("The file will hold the secret key: whoever reads it reads every secret of the directory. Go on?")
    made = maintenance_backup.backup(ctx.directory, file, with_key=with_key, keep=keep, progress=progress_of(ctx))
    if not ctx.is_dry_run and not with_key:
        ctx.output.note("The secret key is not in it: keep a copy of the key apart from the backup.")
    ctx.report(made.public())


@COMMANDS.command(
    RESTORED,
    writes=True,
    makes=True,
    says="Restored the backup.",
    exits=(INVALID, CONFLICT, UNAVAILABLE),
    example=(
        "authctl restore directory.backup --database sqlite:///restored.db --dry-run",
        "authctl restore directory.backup --database sqlite:///restored.db",
        "authctl restore directory.backup --database postgresql://authctl@localhost/authctl",
    ),
)
def restore(
    ctx: Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `authctl backup` wrote.", show_default=False)],
    unsigned: Annotated[
        bool,
        typer.Option("--unsigned", help="Take a backup that may have been changed: nothing proves who wrote it."),
    ] = False,
) -> None:
    """Put a backup into an empty database, or one that is not there yet; never over a directory that is in use.

    --database names the database, else your configuration does. The whole backup is read and checked first, and then
    written as one change; one of an older authctl is brought up to this one. --dry-run checks, and writes nothing.

    The directory needs the secret key that it was sealed with, and a backup is signed with it: one that was changed
    since is refused. Name the file of your copy of the key with the setting secret_key_file. A backup that was made
    with --with-key brings the key, and it is put beside your other keys.

    Use --unsigned for a backup of an older authctl, which is not signed, or where the key is only in the backup
    itself. Whoever could write to the file may have added users, passwords or sessions to it.
    """
    from authctl.core.maintenance import backup as maintenance_backup

    restored = maintenance_backup.restore(
        ctx.directory, ctx.settings, file, unsigned=unsigned, progress=progress_of(ctx)
    )
    ctx.report(restored.public())
