"""Opening a directory, making one, and bringing its schema up to date."""

from __future__ import annotations

from dataclasses import dataclass

from authctl import storage
from authctl.core.audit import keys
from authctl.core.crypto import sealing
from authctl.core.maintenance import key_files
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.model import EventName, Json, Public
from authctl.settings import Settings, read_key

STANDING = "0012"  # the migration since which it is known by whose word an account has an address


@dataclass(frozen=True, slots=True)
class DirectoryMade(Public):
    """What `authctl init` made, or found."""

    database: str
    schema: str
    key_fingerprint: str
    key_file: str | None
    created: bool


def initialize(directory: Engine, settings: Settings) -> DirectoryMade:
    """Make a directory in an empty database, with a key of its own; done already, it changes nothing.

    A schema that was made by hand, from what `upgrade --dry-run` prints, gets its key.
    """
    directory.require_operator()
    database = directory.database
    if key_files.is_given(settings):
        read_key(settings)  # a malformed key is told before anything is made
    if database.path is not None:
        storage.schema.create_file(database.path)
    state = storage.state.find_state(database)
    if state is not None and state.key_fingerprint is not None:
        directory.require_key()
        return _made(directory, settings, created=False)
    if database.path is not None:
        storage.schema.use_write_ahead_log(database)
    random = directory.random_bytes(keys.KEY_BYTES + sealing.KEY_SIZE)
    created = database.write(lambda db: _initialize(directory.work(db), settings, random))
    return _made(directory, settings, created=created)


def _initialize(work: Work, settings: Settings, random: bytes) -> bool:
    """Within one transaction: the schema, the key and its fingerprint, the first event. False where another was first.

    random: bytes for the secret key, and for that of the audit log.
    The key is in its file before the database remembers it, and stays there whatever the commit comes to: there never
    is a database whose key nobody has.
    """
    storage.schema.migrate(work.db)
    if storage.state.find_key_fingerprint(work.db) is not None:
        return False
    key = key_files.keep_key(settings, random[keys.KEY_BYTES :])
    work.use_key(key)
    storage.schema.set_key_fingerprint(work.db, sealing.fingerprint(key))
    storage.schema.put_fact(work.db, storage.state.KEY_AT, work.now.isoformat())
    work.use_log_key(keys.make_key(work, random[: keys.KEY_BYTES]))
    work.record(EventName.DIRECTORY_CREATE, "directory", {"schema": storage.state.HEAD})
    return True


def _made(directory: Engine, settings: Settings, *, created: bool) -> DirectoryMade:
    state = directory.state
    found = key_files.find_key_file(settings, state.key_fingerprint)
    return DirectoryMade(directory.database.describe(), state.version, state.key_fingerprint or "", found, created)


@dataclass(frozen=True, slots=True)
class Upgraded(Public):
    """What `authctl upgrade` did: the schema before and after, and the copy it made of an SQLite file first."""

    before: str
    after: str
    copy: str | None


def upgrade(directory: Engine) -> Upgraded:
    """Bring the schema up to date. An SQLite file is copied first, and gets a write-ahead log where it has none."""
    directory.require_operator()
    database = directory.database
    state = storage.state.get_state(database)
    if database.path is not None:
        storage.schema.use_write_ahead_log(database)
    if not storage.state.is_older(state):
        storage.state.check_version(state, database.describe())
        return Upgraded(state.version, state.version, None)
    key = directory.find_key(state)
    copy = None
    if database.path is not None:
        copy = storage.schema.copy_file(
            database,
            f"{database.path}.schema-{state.version}",
            lambda part: directory.warn(f"Removed the part of a copy that an interrupted upgrade left: {part}"),
        )
    tell_undecided(directory, database.write(lambda db: _upgrade(directory.work(db), key)))
    return Upgraded(state.version, storage.state.HEAD, copy)


def repair(directory: Engine) -> list[str]:
    """Set the sequences that a logical replica left behind; the tables that they number."""
    directory.require_operator()
    return directory.database.write(storage.sequences.mend)


def _upgrade(work: Work, key: bytes) -> Json:
    """Within one transaction: the migrations, and the event that says so, whose details it answers with.

    Nothing where another was first. With its first event on a schema that knows of it, the log gets its key, and a seal
    over the events from before.
    """
    work.use_key(key)
    before = storage.schema.migrate(work.db)
    if before is None or before == storage.state.HEAD:
        return {}
    details = migrated(work, before)
    work.record(EventName.DIRECTORY_UPDATE_SCHEMA, "directory", details)
    return details


def migrated(work: Work, before: str) -> Json:
    """What the migrations from that schema on did, as details of an event. undecided: the users with such an address.

    Who typed in an address and proved another may have typed in a stranger's: only the person or an operator knows.
    """
    details: Json = {"before": before, "after": storage.state.HEAD}
    if before < STANDING and (users := storage.statistics.count_unproved_addresses(work.db, work.now)):
        details["undecided"] = users
    return details


def tell_undecided(directory: Engine, details: Json) -> None:
    """Warn of what a migration could not decide."""
    if users := details.get("undecided"):
        whose = "1 user has" if users == 1 else f"{users:,} users have"
        directory.warn(
            f"{whose} an unverified address beside a verified one, which may belong to somebody else. List them "
            "with: authctl security check"
        )


def migration_sql(directory: Engine) -> str:
    """The statements that `upgrade` would run, or `init` in an empty database, as text."""
    directory.require_operator()
    state = storage.state.find_state(directory.database)
    return storage.schema.migration_sql(directory.database.dialect, state.version if state else None)
