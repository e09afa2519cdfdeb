"""Which version of the schema a database has, and how it is brought to the one that this authctl wants."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from authctl.errors import AuthctlError, Unavailable
from authctl.storage import sqlite
from authctl.storage.connection import Connection
from authctl.storage.database import Database
from authctl.storage.driver_errors import foreign
from authctl.storage.sqlite import APPLICATION_ID
from authctl.storage.tables import directory, events, metadata, users

HEAD = "0006"  # the newest migration; a test holds it equal to the files

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
    version, key_fingerprint = db.sqlalchemy.exec_driver_sql(
        "SELECT (SELECT version_num FROM alembic_version), (SELECT value FROM directory WHERE name = 'key_fingerprint')"
    ).one()
    return None if version is None else State(version, key_fingerprint)


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


def _is_foreign(db: Connection) -> bool:
    """Whether a database without a directory is another program's, of which nothing is touched."""
    names = set(sa.inspect(db.sqlalchemy).get_table_names())
    if db.dialect.name == "sqlite":
        return bool(names) or db.sqlalchemy.exec_driver_sql("PRAGMA application_id").scalar_one() not in (
            0,
            APPLICATION_ID,
        )
    # Postgres databases may hold other things beside a directory, but not under the names that it needs.
    return bool(names & {*metadata.tables, "user_words", "team_words", "alembic_version"})


def migrate(db: Connection, version: str = "head") -> str | None:
    """Bring the schema up to date, within the caller's transaction; the version that it had, None for an empty one.

    Does nothing where another was first. version: an older one to stop at, whose rows are to be put in.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext

    lock(db)
    before = MigrationContext.configure(db.sqlalchemy).get_current_revision()
    command.upgrade(_config(connection=db.sqlalchemy), version)
    if db.dialect.name == "sqlite":
        db.sqlalchemy.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    return before


def lock(db: Connection) -> None:
    """Two that migrate at once wait for each other; SQLite's BEGIN IMMEDIATE has seen to it there."""
    if db.dialect.name == "postgresql":
        db.sqlalchemy.exec_driver_sql("SET LOCAL statement_timeout = 0")  # large tables take their time
        db.sqlalchemy.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")


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


def find_key_fingerprint(db: Connection) -> str | None:
    return find_fact(db, "key_fingerprint")


def find_fact(db: Connection, name: str) -> str | None:
    """What the directory remembers of itself under that name."""
    return db.sqlalchemy.execute(sa.select(directory.c.value).where(directory.c.name == name)).scalar_one_or_none()


def put_fact(db: Connection, name: str, value: str) -> None:
    """Remember something of the directory itself, whatever was remembered under that name."""
    from sqlalchemy.dialects import postgresql, sqlite

    insert = (postgresql if db.dialect.name == "postgresql" else sqlite).insert(directory)
    statement = insert.values(name=name, value=value)
    db.sqlalchemy.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def set_key_fingerprint(db: Connection, fingerprint: str) -> None:
    """Remember which key this directory's secrets are kept with; only where none is remembered yet."""
    db.sqlalchemy.execute(directory.insert().values(name="key_fingerprint", value=fingerprint))


def create_file(path: str) -> bool:
    """Make an empty SQLite file that only its owner can read; False where one is there already."""
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
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


def use_write_ahead_log(database: Database) -> None:
    """Let readers read while a writer writes. The file remembers it."""
    with driver_connection(database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def copy_file(database: Database, name: str) -> str:
    """A consistent copy of an SQLite database in use, readable by its owner alone; the path that it has.

    name: the path to use, with a number behind it where there is a file already.
    """
    import sqlite3

    copy = _new_file(name)
    try:
        with driver_connection(database) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except AuthctlError:
        os.unlink(copy)  # half a copy is none
        raise
    return copy


def _new_file(name: str) -> str:
    path, number = name, 0
    while not create_file(path):
        number += 1
        path = f"{name}.{number}"
    return path


@contextmanager
def driver_connection(database: Database) -> Iterator[Any]:
    """A connection of the driver's own, for what cannot be done within a transaction."""
    import sqlite3

    assert database.path is not None
    try:
        with closing(sqlite.connect(database.path, database.lock_timeout)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise database.translate(error) from None


def server_version(db: Connection) -> str:
    """What keeps the database, as its makers call it."""
    if db.dialect.name == "sqlite":
        return f"SQLite {db.sqlalchemy.exec_driver_sql('SELECT sqlite_version()').scalar_one()}"
    return f"PostgreSQL {db.sqlalchemy.exec_driver_sql('SHOW server_version').scalar_one()}"


def counts(db: Connection) -> dict[str, int]:
    """How many rows of each kind there are."""
    return {
        table.name: db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in (users, events)
    }
