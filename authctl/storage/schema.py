"""How a database is made, and brought to the schema that this authctl wants; see state.py for the one it has."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from authctl.errors import Unavailable
from authctl.settings import new_files
from authctl.storage import compiled, driver_errors, sqlite, state
from authctl.storage.connection import Connection
from authctl.storage.database import Database
from authctl.storage.sqlite import APPLICATION_ID
from authctl.storage.tables import directory, events, users


def migrate(db: Connection, version: str = "head") -> str | None:
    """Bring the schema up to date, within the caller's transaction; the version that it had, None for an empty one.

    Does nothing where another was first. version: an older one to stop at, whose rows are to be put in.
    """
    from alembic import command
    from alembic.runtime.migration import MigrationContext

    lock(db)
    before = MigrationContext.configure(db.sqlalchemy).get_current_revision()
    if before not in (None, state.HEAD):
        _keep_out(db)
    command.upgrade(_config(connection=db.sqlalchemy), version)
    if db.dialect.name == "sqlite":
        db.sqlalchemy.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    return before


def lock(db: Connection) -> None:
    """Two that migrate at once wait for each other; SQLite's BEGIN IMMEDIATE has seen to it there."""
    if db.dialect.name == "postgresql":
        db.wait_forever()
        db.sqlalchemy.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")


def _keep_out(db: Connection) -> None:
    """Wait until nobody else is in any table, on Postgres: in the order of a sign-in, which writes its event at last.

    Migrations, which take the tables as they come to them, would meet it half-way; Postgres then ends the upgrade.
    """
    if db.dialect.name == "postgresql":
        there = set(sa.inspect(db.sqlalchemy).get_table_names())
        names = ", ".join(name for name in compiled.TABLES if name in there)
        db.sqlalchemy.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")


def create_namespace(database: Database, name: str) -> None:
    """Make an empty schema in a Postgres database, for tables of its own. name: of letters that need no quotes."""
    database.write(lambda db: db.sqlalchemy.execute(sa.schema.CreateSchema(name)))


def drop_namespace(database: Database, name: str) -> None:
    """Drop it, with all that is in it."""
    database.write(lambda db: db.sqlalchemy.execute(sa.schema.DropSchema(name, cascade=True)))


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
    """Make an empty SQLite file that only its owner can read; False where one is there already.

    It comes into being with its write-ahead log on: of several that turn one on at the same moment, SQLite refuses
    some. Where the file system has no links, `use_write_ahead_log` turns it on. Raises Unavailable where the log of
    another database is in the way: SQLite would take it for the new one's.
    """
    import sqlite3

    if os.path.lexists(path):
        new_files.clear(path)  # of who was killed when it had its name
        return False
    for log in (f"{path}-wal", f"{path}-journal"):
        if os.path.exists(log) and os.path.getsize(log):
            raise driver_errors.orphaned(log)
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
        while not _create(path):
            pass
    except FileExistsError:
        return False
    except sqlite3.Error as error:
        raise driver_errors.translate("sqlite", error, path) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise driver_errors.full(path) from None
        raise Unavailable(
            "database_unavailable",
            f"Cannot create the database {path}: {error.strerror}.",
            hint="Check the permissions of its folder, or name another place with --database sqlite:///PATH",
        ) from None
    return True


def _create(path: str) -> bool:
    """Whether it has its name; not where another process took the draft for one that was left.

    The draft is let go before: SQLite's locks of a file end with any descriptor of it that is closed. Raises
    FileExistsError; OSError.
    """
    new_files.clear(path)
    descriptor, draft = new_files.begin(path)
    try:
        try:
            with closing(sqlite.connect(draft, 0)) as connection:
                connection.execute("PRAGMA journal_mode=MEMORY")  # or its journal would be left beside it
                _switch_to_log(connection, is_last=True)
        finally:
            os.close(descriptor)
        try:
            new_files.link(draft, path)
        except FileNotFoundError:
            return False
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)
    return True


def use_write_ahead_log(database: Database) -> None:
    """Let readers read while a writer writes. The file remembers it."""
    with driver_connection(database) as connection:
        given_up_at = time.monotonic() + database.lock_timeout
        while not _switch_to_log(connection, is_last=time.monotonic() > given_up_at):
            time.sleep(0.01)


def _switch_to_log(connection: Any, *, is_last: bool) -> bool:
    """Whether that worked: where another does it at the same moment, SQLite gives up at once instead of waiting."""
    import sqlite3

    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if is_last or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def copy_file(database: Database, name: str, tell: Callable[[str], None] = lambda path: None) -> str:
    """A consistent copy of an SQLite database in use, readable by its owner alone; the path that it has.

    name: the path to use, with a number behind it where there is a file already. tell: is told of each part of a copy
    that a killed process left, and that was removed. Raises Unavailable (file_unavailable).
    """
    path, number = name, 0
    while True:
        try:
            with new_files.draft(path, tell=tell) as draft:
                copy(database, draft)
            return path
        except FileExistsError:
            number += 1
            path = f"{name}.{number}"
        except OSError as error:
            raise Unavailable(
                "file_unavailable",
                f"Cannot write {path}, the copy before the upgrade: {(error.strerror or '').lower()}.",
                hint="Nothing was changed. Free some space, or make the folder writable, and try again.",
            ) from None


def copy(database: Database, path: str) -> None:
    """Copy an SQLite database in use, as it is at one moment, into an empty file. Raises OSError for that file."""
    import sqlite3

    with driver_connection(database) as source, closing(sqlite3.connect(path)) as target:
        target.execute("PRAGMA journal_mode = OFF")  # a copy that is broken off is thrown away
        try:
            source.backup(target)
        except sqlite3.Error as error:
            raise driver_errors.of_full_disk(error, path) or error from None


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
