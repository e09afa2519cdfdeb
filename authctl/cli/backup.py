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
            metavar="FILE",
            help="A new file, or with --keep a folder. Existing files are never overwritten.",
            show_default=False,
        ),
    ],
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            metavar="N",
            callback=_at_least_one,
            help="Name the backup by time in the folder FILE, verify it, then delete all but the last N there.",
        ),
    ] = None,
    with_key: Annotated[
        bool,
        typer.Option(
            "--with-key", help="Include the secret key. Whoever reads the file can then read every secret in it."
        ),
    ] = False,
) -> None:
    """Save the whole directory, as it is at one moment, to a new file that only you can read.

    Everybody can keep working meanwhile. `authctl restore` loads the backup into SQLite or Postgres, whichever it is
    from. A backup of SQLite is a SQLite file; one of Postgres is compressed lines of JSON. It does not contain the
    secret key: keep a copy of the key elsewhere.

    --keep is for cron. It deletes only backups that it named itself, with the same key, and only after verifying the
    new one.
    """
    from authctl.core.maintenance import backup as maintenance_backup

    if with_key and not ctx.is_dry_run:
        ctx.confirm(
            "The file will contain the secret key: whoever reads it can read every secret of the directory. Go on?"
        )
    made = maintenance_backup.backup(ctx.directory, file, with_key=with_key, keep=keep, progress=progress_of(ctx))
    if not ctx.is_dry_run and not with_key:
        ctx.output.note("The backup does not contain the secret key. Keep a copy of the key elsewhere.")
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
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file from `authctl backup`.", show_default=False)],
    unsigned: Annotated[
        bool,
        typer.Option("--unsigned", help="Accept a backup that may have been changed: nothing proves who wrote it."),
    ] = False,
) -> None:
    """Restore a backup into an empty or new database, never over an existing directory.

    The database is that of --database, or of your configuration. The whole backup is checked first and then written in
    one change; a backup of an older authctl is migrated. --dry-run only checks.

    You need the secret key of the directory, which also signs its backups: one that was changed is refused. Set
    secret_key_file to your copy of the key. A backup made with --with-key contains the key, which is saved beside your
    other keys.

    Use --unsigned for the backup of an older authctl, which did not sign, or if the only copy of the key is in the
    backup and nobody else could change it.
    """
    from authctl.core.maintenance import backup as maintenance_backup

    restored = maintenance_backup.restore(
        ctx.directory, ctx.settings, file, unsigned=unsigned, progress=progress_of(ctx)
    )
    ctx.report(restored.public())
