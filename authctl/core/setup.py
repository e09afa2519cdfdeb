"""Opening a directory, making one, and bringing its schema up to date."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from authctl import storage
from authctl.core import logs, sealing
from authctl.core.directory import Directory
from authctl.core.work import Actor, Work, system_clock, system_random_bytes
from authctl.errors import AuthctlError, Denied, Invalid
from authctl.model import Clock, EventName, Json, RandomBytes, instant
from authctl.settings import Settings, find_config_folder, read_key, read_key_file, write_key_file

if TYPE_CHECKING:
    from authctl.core.hashing import Parameters
    from authctl.storage.schema import State

Notice = Callable[[str], None]


def open_directory(
    settings: Settings,
    actor: Actor,
    *,
    clock: Clock = system_clock,
    random_bytes: RandomBytes = system_random_bytes,
    hash_parameters: Parameters | None = None,
    notice: Notice = lambda line: None,
) -> Directory:
    """The directory that the settings name. The default SQLite file is made and migrated by itself.

    notice: is told, once, where new files are.
    """
    database = storage.database.Database(
        settings.database_url,
        connect_timeout=settings.database.connect_timeout,
        lock_timeout=settings.database.lock_timeout,
        statement_timeout=settings.database.statement_timeout,
    )
    directory = Directory(
        database,
        find_key=lambda fingerprint: _find_key(settings, fingerprint),
        settings=settings,
        actor=actor,
        clock=clock,
        random_bytes=random_bytes,
        hash_parameters=hash_parameters,
    )
    if is_default(settings):
        directory.make_ready = lambda state: _make_ready(directory, settings, state, notice)
    return directory


def is_default(settings: Settings) -> bool:
    """Whether nobody named a database, so that it is the one in the data folder."""
    return settings.origin("database_url").kind == "default"


def _make_ready(directory: Directory, settings: Settings, state: State | None, notice: Notice) -> None:
    if state is None:
        made = initialize(directory, settings)
        if made.is_new:
            notice(f"Made the database {made.database} and its key {made.key_file}. Keep a copy of the key elsewhere.")
    else:
        done = upgrade(directory)
        notice(f"Migrated the database from schema {done.before} to {done.after}; a copy is in {done.copy}.")


def refuse_persons(directory: Directory) -> None:
    """What is done to the database itself is for operators, whoever's session is given."""
    if directory.is_person:
        raise Denied("user_unauthorized", "This is for operators; a person sees and changes only the own account.")


# Making


@dataclass(frozen=True, slots=True)
class Made:
    """What `authctl init` made, or found."""

    database: str
    schema: str
    key_fingerprint: str
    key_file: str | None
    is_new: bool

    def public(self) -> Json:
        return {
            "database": self.database,
            "schema": self.schema,
            "key_fingerprint": self.key_fingerprint,
            "key_file": self.key_file,
            "created": self.is_new,
        }


def initialize(directory: Directory, settings: Settings) -> Made:
    """Make a directory in an empty database, with a key of its own; done already, it changes nothing.

    A schema that was made by hand, from what `upgrade --dry-run` prints, gets its key.
    """
    refuse_persons(directory)
    database = directory.database
    if _given(settings):
        read_key(settings)  # a malformed key is told before anything is made
    if database.path is not None:
        storage.schema.create_file(database.path)
    state = storage.schema.find_state(database)
    if state is not None and state.key_fingerprint is not None:
        directory.key  # noqa: B018 - refuses a key that is not this database's, and a schema it does not know
        return _made(directory, settings, is_new=False)
    if database.path is not None:
        storage.schema.use_write_ahead_log(database)
    random = directory.random_bytes(logs.KEY_BYTES + sealing.KEY_SIZE)
    is_new = database.write(lambda db: _initialize(directory.work(db), settings, random))
    return _made(directory, settings, is_new=is_new)


def _initialize(work: Work, settings: Settings, random: bytes) -> bool:
    """Within one transaction: the schema, the key and its fingerprint, the first event. False where another was first.

    random: bytes for the secret key, and for that of the audit log.
    The key is in its file before the database remembers it, and stays there whatever the commit comes to: there never
    is a database whose key nobody has.
    """
    storage.schema.migrate(work.db)
    if storage.schema.find_key_fingerprint(work.db) is not None:
        return False
    key = _keep_key(settings, random[logs.KEY_BYTES :])
    work.use_key(key)
    storage.schema.set_key_fingerprint(work.db, sealing.fingerprint(key))
    storage.schema.put_fact(work.db, storage.schema.KEY_AT, work.now.isoformat())
    work.use_log_key(logs.make_key(work, random[: logs.KEY_BYTES]))
    work.record(EventName.DIRECTORY_CREATE, "directory", {"schema": storage.schema.HEAD})
    return True


def _made(directory: Directory, settings: Settings, *, is_new: bool) -> Made:
    state = directory.state
    found = _key_file(settings, state.key_fingerprint)
    return Made(directory.database.describe(), state.version, state.key_fingerprint or "", found, is_new)


# Keys


def _given(settings: Settings) -> bool:
    """Whether somebody said what the key is or where."""
    return settings.origin("secret_key").kind != "default"


def _own_key_file(fingerprint: str, settings: Settings) -> str:
    """Where the key of a database that is not the default one is kept: under its fingerprint."""
    folder = find_config_folder(settings.environ)
    return os.path.join(folder or "", "keys", f"{fingerprint}.key")


def _key_file(settings: Settings, fingerprint: str | None) -> str | None:
    """The file that the key of that fingerprint is in; None for a key that was given itself."""
    base = settings.secret_key_file
    if base is None or fingerprint is None:
        return base
    own = new_key_file(settings, fingerprint)
    return own if os.path.exists(own) else base


def new_key_file(settings: Settings, fingerprint: str) -> str:
    """Where a key that takes another's place is put: beside the file that was named, else in the config folder."""
    if _given(settings):
        return f"{settings.secret_key_file}.{fingerprint}"
    return _own_key_file(fingerprint, settings)


def _find_key(settings: Settings, fingerprint: str | None) -> bytes | None:
    """The key as it was given; else the one kept under this fingerprint; else the default database's."""
    path = _key_file(settings, fingerprint)
    if path is None or (path == settings.secret_key_file and _given(settings)):
        return read_key(settings)
    key = read_key_file(path)
    if (
        key is not None
        and not is_default(settings)
        and not _given(settings)
        and sealing.fingerprint(key) != fingerprint
    ):
        return None  # the default database's key is not a wrong key for this one, it is none
    return key


def _keep_key(settings: Settings, new_key: bytes) -> bytes:
    """The key of a new directory: the one that was given or is there, else the new one, written to its file."""
    if not (_given(settings) or is_default(settings)):
        write_key_file(_own_key_file(sealing.fingerprint(new_key), settings), new_key)
        return new_key
    path = settings.secret_key_file
    if path is not None:
        write_key_file(path, new_key)  # leaves a file that is there already as it is
    key = read_key(settings)
    assert key is not None
    return key


@dataclass(frozen=True, slots=True)
class Rotated:
    """What `authctl security rotate-key` did: the new key's fingerprint and file, and how many secrets it now seals."""

    fingerprint: str
    key_file: str
    resealed: int

    def public(self) -> Json:
        return {"key": "secret", "id": self.fingerprint, "key_file": self.key_file, "resealed": self.resealed}


def rotate_key(directory: Directory, settings: Settings) -> Rotated:
    """Seal everything with a new secret key, in one unit of work. The old key stays where it is: backups need it.

    The new key is in its file before the database remembers it, and is found there by its fingerprint. Raises Invalid
    (general_config_invalid) where the key was given itself, so that a new one would have no place.
    """
    refuse_persons(directory)
    old = directory.key
    if settings.secret_key_file is None:
        raise Invalid(
            "general_config_invalid",
            "The secret key was given itself, so a new one would have no place to be kept.",
            field="secret_key",
            hint="Put the key into a file and name that with secret_key_file, then rotate it.",
        )
    new = sealing.new_key(directory.random_bytes)
    path = new_key_file(settings, sealing.fingerprint(new))
    if not directory.dry_run:
        write_key_file(path, new)
    try:
        resealed = directory.write(sealing.reseal_all, old, new)
    except AuthctlError as refused:
        if refused.type != "database_unavailable":  # else the database may have taken it all the same
            _remove_unused_key(directory, old, path)
        raise
    return Rotated(sealing.fingerprint(new), path, resealed)


def _remove_unused_key(directory: Directory, current: bytes, path: str) -> None:
    """Remove the file of a key that the database has not taken: only where it says that it still has the other."""
    with suppress(AuthctlError, OSError):
        if storage.schema.get_state(directory.database).key_fingerprint == sealing.fingerprint(current):
            os.remove(path)


# Upgrading


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What `authctl upgrade` did: the schema before and after, and the copy it made of an SQLite file first."""

    before: str
    after: str
    copy: str | None

    def public(self) -> Json:
        return {"before": self.before, "after": self.after, "copy": self.copy}


def upgrade(directory: Directory) -> Upgraded:
    """Bring the schema up to date. An SQLite file is copied first, and gets a write-ahead log where it has none."""
    refuse_persons(directory)
    database = directory.database
    state = storage.schema.get_state(database)
    if database.path is not None:
        storage.schema.use_write_ahead_log(database)
    if not storage.schema.is_older(state):
        storage.schema.check_version(state, database.describe())
        return Upgraded(state.version, state.version, None)
    key = directory.find_key(state)
    copy = None
    if database.path is not None:
        copy = storage.schema.copy_file(database, f"{database.path}.schema-{state.version}")
    database.write(lambda db: _upgrade(directory.work(db), key))
    return Upgraded(state.version, storage.schema.HEAD, copy)


def _upgrade(work: Work, key: bytes) -> None:
    """Within one transaction: the migrations, and the event that says so; nothing where another was first.

    With its first event on a schema that knows of it, the log gets its key, and a seal over the events from before.
    """
    work.use_key(key)
    before = storage.schema.migrate(work.db)
    if before != storage.schema.HEAD:
        work.record(EventName.DIRECTORY_UPDATE_SCHEMA, "directory", {"before": before, "after": storage.schema.HEAD})


def migration_sql(directory: Directory) -> str:
    """The statements that `upgrade` would run, or `init` in an empty database, as text."""
    refuse_persons(directory)
    state = storage.schema.find_state(directory.database)
    return storage.schema.migration_sql(directory.database.dialect, state.version if state else None)


# Looking


PICTURE_ROWS = 100_000  # users, or events, above which the picture is drawn only when it is asked for


def status(directory: Directory, settings: Settings, *, picture: bool | None = None) -> Json:
    """What is being talked to: database, version, schema, key, counts, and where each setting came from.

    picture: with the picture of the directory (see `core/picture.py`); None where that takes no time, since it reads
    every user. It is None in the answer where it was left out.
    """
    from authctl import __version__

    refuse_persons(directory)
    state = storage.schema.get_state(directory.database)
    current = state.version == storage.schema.HEAD
    counts = directory.read(_counts) if current else None
    if picture is None:
        picture = max((counts or {}).values(), default=0) <= PICTURE_ROWS
    return {
        "version": __version__,
        "database": directory.database.describe(),
        "server": directory.database.read(storage.schema.server_version),
        "schema": state.version,
        "schema_wanted": storage.schema.HEAD,
        "key": key_status(settings, state.key_fingerprint),
        "counts": counts,
        "backup_at": instant(directory.read(_backup_at)) if current else None,
        "settings": settings.public(),
        "picture": directory.read(_picture) if current and picture else None,
    }


def _backup_at(work: Work) -> datetime | None:
    return storage.backups.find_time(work.db)


def _picture(work: Work) -> Json:
    from authctl.core.picture import picture

    return picture(work)


def key_status(settings: Settings, fingerprint: str | None) -> Json:
    """Whether the key of that fingerprint is at hand, and in which file: ok, missing or wrong."""
    key = _find_key(settings, fingerprint)
    found = sealing.fingerprint(key) if key else None
    state = "missing" if key is None else "ok" if found == fingerprint else "wrong"
    return {"fingerprint": fingerprint, "file": _key_file(settings, fingerprint), "state": state}


def _counts(work: Work) -> Json:
    return storage.schema.counts(work.db)
