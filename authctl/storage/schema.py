"""Which version of the schema a database has, and how it is brought to the one that this authctl wants."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from authctl.errors import Unavailable
from authctl.storage.database import APPLICATION_ID, BUSY_SECONDS, Database
from authctl.storage.tables import directory, events, metadata, users

HEAD = "0001"  # the newest migration; a test holds it equal to the files


@dataclass(frozen=True, slots=True)
class State:
    """What a database says of itself: its schema's version, and the fingerprint of its key."""

    version: str
    key_fingerprint: str | None


def get_state(database: Database) -> State:
    """What the database says of itself, in one statement; refuses one that holds no directory."""
    try:
        return database.read(_read_state)
    except Unavailable as error:
        if error.type == "database_not_initialized":
            _refuse_foreign(database)
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


def _read_state(db: sa.Connection) -> State:
    row = db.exec_driver_sql(
        "SELECT (SELECT version_num FROM alembic_version), (SELECT value FROM directory WHERE name = 'key_fingerprint')"
    ).one()
    return State(row[0], row[1])


def is_older(state: State) -> bool:
    return state.version < HEAD


def check_version(state: State, where: str) -> None:
    """Refuse to work on a schema that this authctl does not know how to read."""
    if is_older(state):
        raise Unavailable(
            "database_schema_older",
            f"The database {where} has schema {state.version}, and this authctl wants {HEAD}.",
            hint="Migrate it with: authctl upgrade",
        )
    if state.version > HEAD:
        raise Unavailable(
            "database_schema_newer",
            f"The database {where} has schema {state.version}, and this authctl knows only up to {HEAD}.",
            hint="Install a newer authctl: pip install --upgrade authctl",
        )


def _refuse_foreign(database: Database) -> None:
    """Tell an empty database from another program's, of which nothing is touched."""
    if database.read(_is_foreign):
        raise Unavailable(
            "database_foreign",
            f"The database {database.describe()} belongs to another program: its tables are not authctl's.",
            hint="Name a database of authctl's own, or a schema of it with ?options=-csearch_path%3Dauthctl",
        )


def _is_foreign(db: sa.Connection) -> bool:
    names = set(sa.inspect(db).get_table_names())
    if db.dialect.name == "sqlite":
        return bool(names) or db.exec_driver_sql("PRAGMA application_id").scalar_one() not in (0, APPLICATION_ID)
    # Postgres databases may hold other things beside a directory, but not under the names that it needs.
    return bool(names & {*metadata.tables, "user_words", "alembic_version"})


def migrate(db: sa.Connection) -> None:
    """Bring the schema to HEAD, within the caller's transaction; nothing where another was first."""
    from alembic import command

    _lock(db)
    command.upgrade(_config(connection=db), "head")
    if db.dialect.name == "sqlite":
        db.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def _lock(db: sa.Connection) -> None:
    """Two that migrate at once wait for each other; SQLite's BEGIN IMMEDIATE has seen to it there."""
    if db.dialect.name == "postgresql":
        db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")


def migration_sql(dialect: str, version: str | None) -> str:
    """The statements that `migrate` would run from `version` on, as text."""
    from alembic import command

    text = io.StringIO()
    config = _config(dialect=dialect)
    config.output_buffer = text
    command.upgrade(config, f"{version or 'base'}:head", sql=True)
    return text.getvalue()


def _config(**attributes: Any) -> Any:
    from alembic.config import Config

    config = Config(output_buffer=io.StringIO(), stdout=io.StringIO())
    config.set_main_option("script_location", os.path.join(os.path.dirname(__file__), "migrations").replace("%", "%%"))
    config.attributes.update(attributes)
    return config


def find_key_fingerprint(db: sa.Connection) -> str | None:
    return db.execute(sa.select(directory.c.value).where(directory.c.name == "key_fingerprint")).scalar_one_or_none()


def set_key_fingerprint(db: sa.Connection, fingerprint: str) -> None:
    """Remember which key this directory's secrets are kept with; only where none is remembered yet."""
    db.execute(directory.insert().values(name="key_fingerprint", value=fingerprint))


def create_file(path: str) -> bool:
    """Make an empty SQLite file that only its owner can read; False where one is there already."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        raise Unavailable(
            "database_unavailable",
            f"The database {path} cannot be made: {error.strerror}.",
            hint="Check who may write to its folder, or name another place with --database sqlite:///PATH.",
        ) from None
    return True


def use_write_ahead_log(path: str) -> None:
    """Let readers read while a writer writes. The file remembers it."""
    import sqlite3

    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def copy_file(path: str, copy: str) -> None:
    """A consistent copy of an SQLite database in use, readable by its owner alone; never overwrites."""
    import sqlite3

    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    target = sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        target.close()
        source.close()


def server_version(db: sa.Connection) -> str:
    """What keeps the database, as its makers call it."""
    if db.dialect.name == "sqlite":
        return f"SQLite {db.exec_driver_sql('SELECT sqlite_version()').scalar_one()}"
    return f"PostgreSQL {db.exec_driver_sql('SHOW server_version').scalar_one()}"


def counts(db: sa.Connection) -> dict[str, int]:
    """How many rows of each kind there are."""
    return {
        table.name: db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in (users, events)
    }
