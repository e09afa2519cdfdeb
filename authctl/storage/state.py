"""What a database says of itself: whether it holds a directory, which schema it has, and which key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from authctl.errors import Unavailable
from authctl.storage import compiled
from authctl.storage.connection import Connection
from authctl.storage.database import Database
from authctl.storage.driver_errors import foreign
from authctl.storage.sqlite import APPLICATION_ID

HEAD = "0022"  # the newest migration; a test holds it equal to the files

KEY_AT = "key_at"  # what the directory remembers the time of its key's making by


@dataclass(frozen=True, slots=True)
class State:
    """What a database says of itself: its schema's version, and the fingerprint of its key."""

    version: str
    key_fingerprint: str | None


def get_state(database: Database) -> State:
    """What the database says of itself, in one statement; refuses one that holds no directory."""
    try:
        state = database.read(_read_state)
    except Unavailable as error:
        if error.type != "database_not_initialized" or not database.read(_is_foreign):
            raise
        state = _made_meanwhile(database)
    if state is None:
        raise foreign(database.describe())
    return state


def _made_meanwhile(database: Database) -> State | None:
    """What another process has made between two looks; None where the tables that are there now are not ours."""
    try:
        return database.read(_read_state)
    except Unavailable as error:
        if error.type == "database_not_initialized":
            return None
        raise


def find_state(database: Database) -> State | None:
    """The same, or None where there is no file yet, or nothing in the database; refuses another program's."""
    if database.path is not None and not os.path.exists(database.path):
        return None
    try:
        return get_state(database)
    except Unavailable as error:
        if error.type == "database_not_initialized":
            return None
        raise


def _read_state(db: Connection) -> State | None:
    found = db.first(compiled.DIRECTORY_STATE, {})
    return None if found.version is None else State(found.version, found.key_fingerprint)


def is_older(state: State) -> bool:
    return state.version < HEAD


def check_version(state: State, where: str) -> None:
    """Refuse to work on a schema that this authctl does not know how to read."""
    if is_older(state):
        raise Unavailable(
            "database_schema_older",
            f"The database {where} has schema {state.version}; this authctl needs {HEAD}.",
            hint="Migrate it with: authctl upgrade",
        )
    if state.version > HEAD:
        raise Unavailable(
            "database_schema_newer",
            f"The database {where} has schema {state.version}; this authctl supports up to {HEAD}.",
            hint="Install a newer authctl: pip install --upgrade authctl",
        )


def _is_foreign(db: Connection) -> bool:
    """Whether a database without a directory is another program's, of which nothing is touched."""
    names = {row.name for row in db.rows(compiled.DIRECTORY_TABLES, {})}
    if db.dialect.name == "sqlite":
        return bool(names) or db.first(compiled.DIRECTORY_APPLICATION, {}).id not in (0, APPLICATION_ID)
    # Postgres databases may hold other things beside a directory, but not under the names that it needs.
    return not names.isdisjoint(compiled.TABLES)


def find_key_fingerprint(db: Connection) -> str | None:
    return find_fact(db, "key_fingerprint")


def find_fact(db: Connection, name: str) -> str | None:
    """What the directory remembers of itself under that name."""
    found = db.first(compiled.DIRECTORY_FACT, {"name": name})
    return found.value if found else None


def find_time(db: Connection, name: str) -> datetime | None:
    """The same for a time."""
    return read_time(find_fact(db, name) or "")


def read_time(text: str) -> datetime | None:
    """A time as it is remembered; None where it is damaged, which `security check --deep` says."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


# The key that secrets are sealed with


def hold_fingerprint(db: Connection) -> str | None:
    """The fingerprint of the directory's key; in a transaction that writes, it stays so until the end."""
    found = db.first(compiled.DIRECTORY_FINGERPRINT_HELD if db.is_write else compiled.DIRECTORY_FINGERPRINT, {})
    return found.value if found else None


def lock_fingerprint(db: Connection) -> None:
    """Let nobody else seal, or make a key, until the end of this transaction."""
    db.rows(compiled.DIRECTORY_FINGERPRINT_LOCKED, {})
