"""Backing a directory up into one file, and putting it back: all that either does, from top to bottom.

A backup is whole or absent, and never takes the place of a file. It is restored into an empty database of either kind
and never over anything: what it holds is read and checked before anything is written, and then written in one
transaction. The directory's secret key signs what is saved, and only what it has signed is put back.
"""

from __future__ import annotations

import errno
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authctl import storage
from authctl.core.maintenance import backup_files, backup_folder, invariants, key_files, private_files, setup
from authctl.core.maintenance.backup_files import Manifest, Sum
from authctl.core.policy.policies import Policy
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import AuthctlError, Conflict, Invalid, Unavailable
from authctl.model import EventName, Json, Progress, Public, Step, instant
from authctl.settings import Settings, write_key_file
from authctl.storage.state import State


def _silent(label: str, total: int | None) -> AbstractContextManager[Step]:
    return nullcontext(lambda count: None)


# Out


@dataclass(frozen=True, slots=True)
class BackupMade(Public):
    """A backup that was made, or in a dry run would be. size: bytes; None where there is no file.

    removed: the older backups that went for it.
    """

    file: str
    made_at: str
    schema: str
    key_fingerprint: str | None
    with_key: bool
    users: int
    rows: int
    size: int | None
    removed: tuple[str, ...]


def backup(
    directory: Engine, file: str, *, with_key: bool = False, keep: int | None = None, progress: Progress = _silent
) -> BackupMade:
    """Save the whole directory, as it is at one moment, into a new file that only its owner can read.

    Of SQLite that is an SQLite file, of Postgres compressed lines of JSON; either is restored into either. An older
    schema is saved as it is. It is signed with the secret key, where that is at hand. with_key: put the key in, so that
    whoever has the file has every secret in it. keep: `file` is a folder; the backup gets a name with the time there
    and is read back, and then the oldest that are beyond so many are removed.

    Raises Invalid for a file that is there, Unavailable where it cannot be written.
    """
    directory.require_operator()
    database = directory.database
    state = storage.state.get_state(database)
    now = directory.clock()
    if keep is not None:
        file = os.path.join(file, backup_folder.name(now, state.key_fingerprint))
    private_files.check_new(file, suffix=backup_folder.PART)
    key = directory.find_key(state) if with_key else directory.find_own_key(state)
    if key is None:
        directory.warn("The secret key was not found, so the backup is not signed. To restore it, add --unsigned.")

    def manifest_of(sums: tuple[Sum, ...]) -> Manifest:
        inside = b64encode(key).decode() if with_key and key is not None else None
        manifest = Manifest(instant(now), state.version, state.key_fingerprint, sums, inside)
        return manifest if key is None else manifest.signed(key)

    if directory.dry_run:
        manifest, size = manifest_of(database.read(_counts)), None
    else:
        manifest, size = _save(directory, file, manifest_of, progress, is_checked=keep is not None)
        _note(directory, state, manifest, now)
    surplus = [] if keep is None else backup_folder.surplus(file, keep)
    return BackupMade(
        file,
        manifest.made_at or "",
        state.version,
        state.key_fingerprint,
        with_key,
        manifest.users,
        manifest.rows,
        size,
        tuple(surplus if directory.dry_run else _removed(directory, surplus)),
    )


def _save(
    directory: Engine, file: str, manifest_of: backup_files.Finish, progress: Progress, *, is_checked: bool
) -> tuple[Manifest, int]:
    """Write the file, and read it back if it is to be checked: its manifest and size."""
    save = _save_sqlite if directory.database.path is not None else _save_postgres
    with backup_folder.cleared(os.path.dirname(os.path.abspath(file))) as left:
        for part in left:
            directory.warn(f"Removed the part of an interrupted backup: {part}")
        with private_files.draft(file, suffix=backup_folder.PART) as draft:
            manifest = save(directory, draft, manifest_of, progress)
            if is_checked:
                with progress("Checking", manifest.rows) as step:
                    if backup_files.check(draft, step) != manifest:
                        raise backup_files.damaged(draft, "the copy differs from what was saved")
            return manifest, os.path.getsize(draft)


def _removed(directory: Engine, surplus: list[str]) -> Iterator[str]:
    """Remove older backups; those that went, also by another backup that removed them first."""
    for path in surplus:
        try:
            with suppress(FileNotFoundError):
                os.unlink(path)
            yield path
        except OSError as error:
            directory.warn(f"The backup succeeded, but the older {path} could not be removed: {error.strerror}.")


def _counts(db: Any) -> tuple[Sum, ...]:
    return tuple(Sum(table, rows, "") for table, rows in storage.backups.counts(db).items())


def _save_sqlite(directory: Engine, draft: str, manifest_of: backup_files.Finish, progress: Progress) -> Manifest:
    """The copy that SQLite itself makes, with its manifest in it. Raises OSError where that cannot be written."""
    storage.backups.copy(directory.database, draft)
    copied = storage.database.Database(f"sqlite:///{draft}")
    try:
        if not copied.read(storage.backups.is_intact):
            raise Unavailable(
                "database_damaged",
                f"The database {directory.database.describe()} is damaged, and so would be its copy.",
                hint="Restore an older backup.",
            )
        total = sum(copied.read(storage.backups.counts).values())
        with progress("Checking", total) as step:
            manifest = manifest_of(backup_files.sums(copied.stream(storage.backups.parts), step))
        copied.write(lambda db: storage.backups.put_manifest(db, manifest.text()))
    except Unavailable as error:
        copied.close()
        with suppress(FileNotFoundError):  # of a disk on which SQLite could not even undo
            os.unlink(f"{draft}-journal")
        if error.type == "database_full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), draft) from None
        raise
    finally:
        copied.close()
    return manifest


def _save_postgres(directory: Engine, draft: str, manifest_of: backup_files.Finish, progress: Progress) -> Manifest:
    """Every row of one snapshot."""
    total = sum(directory.database.read(storage.backups.counts).values())
    found = directory.database.stream(storage.backups.parts)
    with closing(found), progress("Saving", total) as step:
        return backup_files.write(draft, found, manifest_of, step)


def _note(directory: Engine, state: State, manifest: Manifest, now: datetime) -> None:
    """Remember in the database that it was backed up; the backup is good even where that cannot be done."""
    if state.version != storage.state.HEAD:
        directory.warn("The database has another schema than this authctl, so the backup was not recorded in it.")
        return

    key = directory.find_own_key(state)

    def step(work: Work) -> None:
        _sign(work, key)
        storage.backups.note(work.db, now)
        details = {"users": manifest.users, "rows": manifest.rows, "with_key": manifest.secret_key is not None}
        work.record(EventName.DIRECTORY_BACKUP, "directory", details)

    try:
        # A directory whose key is elsewhere can be saved as well.
        directory.database.write(lambda db: step(directory.work(db)))
    except Unavailable as error:
        directory.warn(f"The backup succeeded but was not recorded in the database. {error.message}")


def _sign(work: Work, key: bytes | None) -> None:
    """Write the event with its digest where the key is at hand, else without."""
    if key is None:
        work.signs = False
    else:
        work.use_key(key)


# In


@dataclass(frozen=True, slots=True)
class Restored(Public):
    """What was put back, or in a dry run would be. key: ok, missing or wrong, for what is at hand here.

    before: the schema that the backup has; schema: the one it has now. key_file: where its key was put, or is.
    """

    database: str
    made_at: str | None
    before: str
    schema: str
    key_fingerprint: str | None
    key: str
    key_file: str | None
    users: int
    rows: int


def restore(
    directory: Engine, settings: Settings, file: str, *, unsigned: bool = False, progress: Progress = _silent
) -> Restored:
    """Put a backup back into an empty database, or one that is not there yet.

    An older schema is migrated. A key in the backup is put where it will be found, beside those that are there.
    unsigned: take a backup without a signature, or one whose key is not at hand here. Raises Conflict
    (database_not_empty), Unavailable (backup_damaged, database_schema_newer), Invalid for a file that is no backup, and
    for one that nothing vouches for (backup_unsigned).
    """
    directory.require_operator()
    database = directory.database
    _check_empty(directory)
    with progress("Checking", None) as step:
        manifest = backup_files.check(file, step)
    _check_schema(file, manifest)
    if manifest.made_at is None:
        directory.warn(f"{file} has no checksums, so it was not made by `authctl backup`.")
    _check_signature(directory, file, manifest, unsigned=unsigned)
    if not directory.dry_run:
        _keep_key(directory, settings, manifest)
        if database.path is not None:
            storage.schema.create_file(database.path)
            storage.schema.use_write_ahead_log(database)
        with progress("Restoring", manifest.rows) as step:
            details = database.write(lambda db: _restore(directory, directory.work(db), file, manifest, step))
            directory.forget()
        setup.tell_undecided(directory, details)
    key = key_files.status(settings, manifest.key_fingerprint)
    _tell_of_key(directory, manifest, key["state"])
    return Restored(
        database.describe(),
        manifest.made_at,
        manifest.schema,
        storage.state.HEAD,
        manifest.key_fingerprint,
        key["state"],
        key["file"],
        manifest.users,
        manifest.rows,
    )


def _check_empty(directory: Engine) -> None:
    """Refuse a database that holds anything but a directory that was just made."""
    database = directory.database
    if storage.state.find_state(database) is not None and not database.read(storage.backups.is_fresh):
        raise _not_empty(database.describe())


def _check_schema(file: str, manifest: Manifest) -> None:
    if manifest.schema > storage.state.HEAD:
        raise Unavailable(
            "database_schema_newer",
            f"The backup {file} has schema {manifest.schema}; this authctl supports up to {storage.state.HEAD}.",
            hint="Install a newer authctl: pip install --upgrade authctl",
        )


def _check_signature(directory: Engine, file: str, manifest: Manifest, *, unsigned: bool) -> None:
    """Refuse a backup that its directory's key has not signed; one that nothing vouches for may be asked for.

    The key must be at hand: whoever changes a backup can put a key of their own into it.
    """
    key = directory.find_own_key(storage.state.State(manifest.schema, manifest.key_fingerprint))
    if manifest.signature is not None and key is not None:
        if not manifest.is_signed(key):
            raise backup_files.damaged(file, "it was changed after it was signed")
    elif unsigned:
        directory.warn(
            f"Nothing proves that {file} is unchanged: somebody may have added users, passwords or sessions."
        )
    else:
        raise _unsigned(file, manifest)


def _unsigned(file: str, manifest: Manifest) -> AuthctlError:
    if manifest.signature is None:
        message = f"The backup {file} is from an older version, which did not sign backups."
        hint = "If nobody else could change it, add --unsigned."
    else:
        message = f"The key {manifest.key_fingerprint}, which signed the backup {file}, was not found."
        hint = "Set secret_key_file to the key's file. If nobody else could change the backup, add --unsigned."
        if manifest.secret_key is not None:
            message += " The key inside proves nothing, since whoever changes a backup can change it too."
    return Invalid("backup_unsigned", message, field="file", hint=hint)


def _restore(directory: Engine, work: Work, file: str, manifest: Manifest, step: Step) -> Json:
    """Within one transaction: the schema of the backup, its rows, and the migrations that came after it.

    The details of the event that says so.
    """
    storage.schema.lock(work.db)
    if not storage.backups.is_fresh(work.db):  # another was first
        raise _not_empty(directory.database.describe())
    storage.backups.clear(work.db)
    storage.schema.migrate(work.db, manifest.schema)
    storage.bulk.prepare(work.db)
    for part in backup_files.parts(file, manifest, step):
        if not set(part.columns) <= storage.backups.columns_of(work.db, part.table):
            raise backup_files.damaged(file, f"its schema {manifest.schema} has no such table or column")
        if not storage.backups.insert(work.db, part.table, part.columns, part.rows):
            raise backup_files.damaged(file, f"it contains an impossible row of {part.table}")
    storage.schema.migrate(work.db)
    _check_rows(work, file)
    storage.purging.delete_history(work.db, Policy(storage.policies.read(work.db))["password-history"])
    try:
        storage.backups.finish(work.db)
    except (ValueError, TypeError, AttributeError):
        raise backup_files.damaged(file, "it contains a user or team without an id") from None
    if manifest.made_at is not None:
        storage.backups.note(work.db, datetime.fromisoformat(manifest.made_at))
    _sign(work, directory.find_own_key(storage.state.State(storage.state.HEAD, manifest.key_fingerprint)))
    details = {"made_at": manifest.made_at} | setup.migrated(work, manifest.schema)
    work.record(EventName.DIRECTORY_RESTORE, "directory", details | {"users": manifest.users, "rows": manifest.rows})
    return details


def _check_rows(work: Work, file: str) -> None:
    """Refuse rows that no directory has, whoever put them into the backup."""
    for found in invariants.find(work.db, work.now, wanted=invariants.OF_BACKUPS, most=1):
        raise backup_files.damaged(file, found.message[0].lower() + found.message.removesuffix(".")[1:])


def _keep_key(directory: Engine, settings: Settings, manifest: Manifest) -> None:
    """Put the key that came with a backup where it is found by its fingerprint, unless it is at hand already."""
    if manifest.secret_key is None or manifest.key_fingerprint is None:
        return
    if key_files.status(settings, manifest.key_fingerprint)["state"] == "ok":
        return
    if settings.secret_key_file is None:
        raise _key_unkept("secret_key is set to another one")
    path = key_files.new_key_file(settings, manifest.key_fingerprint)
    write_key_file(path, b64decode(manifest.secret_key))
    if key_files.status(settings, manifest.key_fingerprint)["state"] != "ok":
        raise _key_unkept(f"the file {path} contains another one")


def _key_unkept(why: str) -> Invalid:
    return Invalid(
        "general_config_invalid",
        f"The secret key in the backup would be lost: {why}.",
        field="secret_key",
        hint="Set secret_key_file or AUTHCTL_SECRET_KEY_FILE to a file for it.",
    )


def _tell_of_key(directory: Engine, manifest: Manifest, state: str) -> None:
    if state == "ok":
        return
    what = "was not found" if state == "missing" else "is not the one set here"
    directory.warn(
        f"The secret key {manifest.key_fingerprint} of this directory {what}. Nothing can be changed without it. "
        "Set secret_key_file or AUTHCTL_SECRET_KEY_FILE to its file."
    )


def _not_empty(where: str) -> AuthctlError:
    return Conflict(
        "database_not_empty",
        f"The database {where} already contains a directory and will not be overwritten.",
        hint="Name an empty database or a new file: --database sqlite:///restored.db",
    )
