"""Connections and transactions on SQLite and Postgres, and what their failures mean to people.

Writers exclude each other: SQLite begins with BEGIN IMMEDIATE, Postgres locks the rows it reads before it writes. A
transaction that Postgres (or an engine that speaks its protocol) gives up is run again, a bounded number of times.
No driver message reaches the user raw: `translate` is the one place where they become errors of ours.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from authctl.errors import AuthctlError, Invalid, Unavailable

T = TypeVar("T")

ATTEMPTS = 8  # tries of one transaction that the database gives up for another's sake
BUSY_SECONDS = 10.0  # how long a writer waits for the writers before it
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 60
MMAP_BYTES = 1 << 30  # SQLite reads through the page cache instead of copying; an upper bound, not a reservation
APPLICATION_ID = 0x61757468  # "auth": tells our SQLite files from other programs'

_RETRYABLE = {"40001", "40P01"}  # serialization failure, deadlock


class Database:
    """One database, and how to talk to it. Holds no transaction; may be shared by threads.

    url: `sqlite:///PATH` or `postgresql://…`.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.url = _parse(url)
        self.dialect = self.url.get_backend_name()
        self.path = self.url.database if self.dialect == "sqlite" else None
        self._engine = _sqlite_engine(self.url, read_only) if self.dialect == "sqlite" else _postgres_engine(self.url)

    def write(self, work: Callable[[sa.Connection], T], *, rollback: bool = False) -> T:
        """Run `work` in one transaction that excludes other writers; again where the database gives it up.

        rollback: undo everything at the end, as a dry run does.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._transaction(write=True, rollback=rollback) as connection:
                    return work(connection)
            except DBAPIError as error:
                if attempt == ATTEMPTS or _sqlstate(error) not in _RETRYABLE:
                    raise self.translate(error) from None
            # Processes that met once should not meet again: each waits a little differently.
            time.sleep(0.005 * 2**attempt * (1 + os.getpid() % 16 / 16))
        raise AssertionError("unreachable")

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one transaction that only reads."""
        try:
            with self._transaction(write=False, rollback=False) as connection:
                return work(connection)
        except DBAPIError as error:
            raise self.translate(error) from None

    def stream(self, work: Callable[[sa.Connection], Iterator[T]]) -> Iterator[T]:
        """What `work` yields, from one transaction that stays open until it is read or dropped."""
        try:
            with self._transaction(write=False, rollback=False) as connection:
                yield from work(connection)
        except DBAPIError as error:
            raise self.translate(error) from None

    @contextmanager
    def _transaction(self, *, write: bool, rollback: bool) -> Iterator[sa.Connection]:
        try:
            connection = self._engine.connect()
        except PoolTimeout:
            raise Unavailable(
                "database_unavailable",
                "Every connection to the database is in use.",
                hint="Use fewer threads at once, or try again.",
            ) from None
        with connection, connection.execution_options(authctl_write=write).begin() as transaction:
            yield connection
            if rollback:
                transaction.rollback()

    def close(self) -> None:
        self._engine.dispose()

    def translate(self, error: DBAPIError) -> AuthctlError:
        """What a driver's failure means, and what to do about it."""
        where = self.describe()
        if self.dialect == "sqlite":
            return _translate_sqlite(error, where)
        return _translate_postgres(error, where)

    def describe(self) -> str:
        """The database as people may see it: a path, or the URL without its password."""
        return self.path or self.url.render_as_string(hide_password=True)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, NoSuchModuleError, ValueError):
        raise _bad_url("The database URL cannot be read.") from None
    if backend == "postgres":
        parsed = parsed.set(drivername="postgresql")
        backend = "postgresql"
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed.set(drivername="sqlite")
    raise _bad_url(
        f"A database of the kind {backend!r} is not supported."
        if backend != "sqlite"
        else "The SQLite URL names no file."
    )


def _bad_url(message: str) -> Invalid:
    return Invalid(
        "general_config_invalid",
        message,
        field="database_url",
        hint="Write sqlite:///PATH (four slashes for an absolute path) or postgresql://USER@HOST/NAME.",
    )


def _sqlite_engine(url: sa.URL, read_only: bool) -> sa.Engine:
    path = os.path.abspath(url.database or "")
    # mode=rw: a mistyped path is an error, not a new empty database.
    mode = "mode=ro" if read_only else "mode=rw"
    if read_only and not os.access(os.path.dirname(path), os.W_OK) and not os.path.exists(path + "-wal"):
        mode = "mode=ro&immutable=1"  # nobody can write here, and WAL needs a folder that can be written to
    engine = sa.create_engine(
        sa.URL.create(
            "sqlite",
            database=f"file:{quote(path)}",
            query={"uri": "true", **dict(p.split("=") for p in mode.split("&"))},
        ),
        hide_parameters=True,
        # Our own BEGIN, never the driver's: its default transactions lose updates, and under its `autocommit=True`
        # SQLAlchemy's commit does nothing at all.
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        for pragma in ("foreign_keys=ON", f"mmap_size={MMAP_BYTES}", "trusted_schema=ON", "recursive_triggers=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("authctl_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: sa.URL) -> sa.Engine:
    options = f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={int(BUSY_SECONDS)}s"
    defaults: Mapping[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "authctl",
        "client_encoding": "utf8",
        "options": options,
    }
    return sa.create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=False,
        # No server-side prepared statements: poolers that lend a connection for one transaction lose them.
        connect_args={"prepare_threshold": None}
        | {name: value for name, value in defaults.items() if name not in url.query},
    )


def violation(error: IntegrityError) -> str:
    """Which constraint refused a row, by the name Postgres gives it: `users_email_key`, `addresses_pkey`."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name)
    # SQLite names the columns: "UNIQUE constraint failed: users.email".
    table, _, column = str(error.orig).rpartition(": ")[2].partition(",")[0].strip().partition(".")
    return f"{table}_{column}_key"


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _translate_sqlite(error: DBAPIError, where: str) -> AuthctlError:
    import sqlite3

    name = getattr(error.orig, "sqlite_errorname", "") or ""
    text = str(error.orig)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Unavailable(
            "database_locked",
            f"The database {where} was busy for longer than {BUSY_SECONDS:.0f} seconds.",
            hint="Another program holds it; try again when that is done.",
        )
    if name.startswith("SQLITE_READONLY"):
        return Unavailable(
            "database_read_only",
            f"The database {where} cannot be written to.",
            hint="Check who may write to the file and to its folder.",
        )
    if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and _disk_is_full(where)):
        return Unavailable(
            "database_full",
            f"No space is left for the database {where}.",
            hint="Free some space and try again; nothing was changed.",
        )
    if name in ("SQLITE_NOTADB",):
        return Unavailable(
            "database_foreign",
            f"The file {where} is not an SQLite database.",
            hint="Check --database, or AUTHCTL_DATABASE_URL.",
        )
    if name.startswith("SQLITE_CORRUPT"):
        return Unavailable("database_damaged", f"The database {where} is damaged.", hint="Restore it from a backup.")
    if name.startswith("SQLITE_CANTOPEN"):
        return _cannot_open(where)
    if isinstance(error.orig, sqlite3.OperationalError) and text.startswith("no such table"):
        return not_initialized(where)
    return Unavailable(
        "database_unavailable",
        f"The database {where} failed ({name or type(error.orig).__name__}).",
        hint="Check the disk and the file's permissions.",
    )


def _cannot_open(where: str) -> AuthctlError:
    if os.path.exists(where):
        return Unavailable(
            "database_unavailable",
            f"The database {where} cannot be opened.",
            hint="Check who may read and write the file and its folder.",
        )
    return Unavailable(
        "database_unavailable",
        f"There is no database at {where}.",
        hint="Check the path, or make a directory there with: authctl init",
    )


def _disk_is_full(where: str) -> bool:
    try:
        space = os.statvfs(os.path.dirname(where) or ".")
    except OSError:
        return False
    return space.f_bavail == 0


def _translate_postgres(error: DBAPIError, where: str) -> AuthctlError:
    state = _sqlstate(error) or ""
    if state == "42P01":
        return not_initialized(where)
    for states, type_, message, hint in _POSTGRES:
        if state.startswith(states):
            return Unavailable(type_, message.format(where=where), hint=hint)
    # Where no SQLSTATE came along, the server was never reached: libpq says why, and names no secret.
    reason = "" if state else f": {_first_line(str(error.orig))}"
    return Unavailable(
        "database_unavailable",
        f"The database {where} cannot be reached{reason}" + (f" (SQLSTATE {state})." if state else "."),
        hint="Check that the server runs, and the host, port and name in the database URL.",
    )


_POSTGRES: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    (
        ("28",),
        "database_unavailable",
        "The database {where} refuses the user or the password.",
        "Check the user and password in the database URL.",
    ),
    (
        ("3D000",),
        "database_unavailable",
        "There is no database {where}.",
        "Make it with createdb, then run: authctl init",
    ),
    (
        ("42501",),
        "database_read_only",
        "The database user may not do this in {where}.",
        "Grant it the rights on the tables of authctl.",
    ),
    (("25006",), "database_read_only", "The database {where} is read-only.", "Connect to the primary server."),
    (
        ("53100",),
        "database_full",
        "No space is left for the database {where}.",
        "Free some space and try again; nothing was changed.",
    ),
    (
        ("53300",),
        "database_unavailable",
        "The database {where} takes no more connections.",
        "Try again, or raise max_connections.",
    ),
    (
        ("55P03",),
        "database_locked",
        "Another program held a row of {where} for too long.",
        "Try again when that is done.",
    ),
    (
        ("40001", "40P01"),
        "database_locked",
        "The database {where} gave this up for another's sake too often.",
        "Try again.",
    ),
    (
        ("57014",),
        "database_timeout",
        "The database {where} took longer than allowed.",
        "Narrow the search, or try again.",
    ),
    (
        ("57P", "08"),
        "database_unavailable",
        "The database {where} ended the connection.",
        "Try again when the server is up.",
    ),
)


def _first_line(text: str) -> str:
    """The gist of a connection error; libpq writes one long line an address, none with a password."""
    line = text.strip().splitlines()[0] if text.strip() else "no answer"
    return line.removesuffix(".")[:300]


def not_initialized(where: str) -> Unavailable:
    return Unavailable(
        "database_not_initialized",
        f"The database {where} holds no directory yet.",
        hint="Make one there with: authctl init",
    )
