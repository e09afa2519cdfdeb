"""Connections and transactions on SQLite and Postgres, and what their failures mean to people.

Writers exclude each other: SQLite begins with BEGIN IMMEDIATE, Postgres locks the rows it reads before it writes. A
transaction that Postgres (or an engine that speaks its protocol) gives up is run again, a bounded number of times.
No driver message reaches the user raw: `failures.translate` is the one place where they become errors of ours.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchModuleError, TimeoutError as PoolTimeout

from authctl.errors import AuthctlError, Invalid, Unavailable
from authctl.settings import redact_url
from authctl.storage import driver_errors

T = TypeVar("T")

ATTEMPTS = 8  # tries of one transaction that the database gives up for another's sake
CONNECT_SECONDS = 10.0
LOCK_SECONDS = 30.0
STATEMENT_SECONDS = 60.0
APPLICATION_ID = 0x61757468  # "auth": tells our SQLite files from other programs'

# Serialization failure, deadlock; a kept plan that was forgotten, or that fits no more.
_RETRYABLE = {"40001", "40P01", "26000", "0A000"}


class Database:
    """One database, and how to talk to it. Holds no transaction; may be shared by threads, and survives a fork.

    url: `sqlite:///PATH` or `postgresql://…`. connect_timeout: seconds for a connection to Postgres. lock_timeout:
    seconds that a writer waits for the writers before it; 0 does not wait. statement_timeout: seconds for one
    statement in Postgres; 0 is no limit.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float = CONNECT_SECONDS,
        lock_timeout: float = LOCK_SECONDS,
        statement_timeout: float = STATEMENT_SECONDS,
    ) -> None:
        self.url = _parse(url)
        self._shown = redact_url(url)
        self.dialect = self.url.get_backend_name()
        self.path = self.url.database if self.dialect == "sqlite" else None
        self.lock_timeout = lock_timeout
        self._engine = (
            _sqlite_engine(self.path, lock_timeout)
            if self.path is not None
            else _postgres_engine(self.url, connect_timeout, lock_timeout, statement_timeout)
        )
        self._process = os.getpid()

    def write(self, work: Callable[[sa.Connection], T], *, rollback: bool = False) -> T:
        """Run `work` in one transaction that excludes other writers; again where the database gives it up.

        rollback: undo everything at the end, as a dry run does.
        """
        return self._run(work, write=True, rollback=rollback)

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one transaction that only reads; again where the database gives it up."""
        return self._run(work, write=False, rollback=False)

    def stream(self, work: Callable[[sa.Connection], Iterator[T]]) -> Iterator[T]:
        """What `work` yields, from one transaction that stays open until it is read or dropped."""
        try:
            with self._transaction(write=False, rollback=False) as connection:
                yield from work(connection)
        except DBAPIError as error:
            raise self.translate(error.orig) from None

    def _run(self, work: Callable[[sa.Connection], T], *, write: bool, rollback: bool) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._transaction(write=write, rollback=rollback) as connection:
                    return work(connection)
            except DBAPIError as error:
                if not _is_worth_another(error, attempt):
                    raise self.translate(error.orig) from None
            # Those that met once should not meet again: each waits a little differently.
            time.sleep(0.005 * 2**attempt * (1 + threading.get_native_id() % 16 / 16))
        raise AssertionError("unreachable")

    @contextmanager
    def _transaction(self, *, write: bool, rollback: bool) -> Iterator[sa.Connection]:
        with self._connect() as connection:
            transaction = connection.execution_options(authctl_write=write).begin()
            try:
                self._begin(connection, write)
                yield connection
                if rollback:
                    connection.exec_driver_sql("SELECT 1")  # tells what went wrong of statements sent ahead
            except BaseException:
                transaction.rollback()
                raise
            if rollback:
                transaction.rollback()
            else:
                self._commit(transaction, write)

    def _connect(self) -> sa.Connection:
        if self._process != os.getpid():  # a fork: these connections are the parent's
            self._engine.dispose(close=False)
            self._process = os.getpid()
        try:
            connection = self._engine.connect()
        except PoolTimeout:
            raise Unavailable(
                "database_unavailable",
                "Every connection to the database is in use.",
                hint="Use fewer threads at once, or try again.",
            ) from None
        if connection.info.get("single_use"):
            connection.detach()
        return connection

    def _begin(self, connection: sa.Connection, write: bool) -> None:
        # Not by an event of SQLAlchemy's: an engine that has one asks at every statement whether there is another.
        with driver_of(connection) as driver:
            if self.dialect == "sqlite":
                driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            else:
                driver.begin()

    def _commit(self, transaction: sa.RootTransaction, write: bool) -> None:
        try:
            transaction.commit()
        except DBAPIError as error:
            if not (write and error.connection_invalidated):
                raise
            raise Unavailable(
                "database_unavailable",
                f"The connection to {self.describe()} was lost while the change was being committed.",
                hint="The change may have been made or not: look before you try again.",
            ) from None

    def close(self) -> None:
        """Close the connections; those in use are closed when they come back."""
        self._engine.dispose()

    def translate(self, failure: BaseException | None) -> AuthctlError:
        """What a driver's failure means, and what to do about it. None of the driver's words are passed on."""
        return driver_errors.translate(self.dialect, failure, self.describe())

    def describe(self) -> str:
        """The database as people may see it: a path, or the URL without its password."""
        # As it was given: what is read wrongly, as an unescaped @ in a password is, must not show either.
        return self.path or self._shown


def _is_worth_another(error: DBAPIError, attempt: int) -> bool:
    """Whether the same transaction may well get through when it is run again, and cannot be done twice by that."""
    # A connection may die while nobody uses it. Each error of a statement comes before the COMMIT, which has none.
    was_stale = attempt == 1 and error.connection_invalidated and error.statement is not None
    return attempt < ATTEMPTS and (was_stale or driver_errors.sqlstate(error.orig) in _RETRYABLE)


def _parse(url: str) -> sa.URL:
    scheme, _, rest = url.partition("://")
    if scheme in ("sqlite", "sqlite+pysqlite"):
        path = rest.removeprefix("/")  # taken as it is: a % or ? in it is one in the file's name
        if path == rest or not path or path.startswith((":memory:", "file:")):
            raise _bad_url("The SQLite URL names no file.")
        return sa.URL.create("sqlite", database=path)
    try:
        parsed = sa.make_url(url)
        backend = parsed.get_backend_name()
    except (sa.exc.ArgumentError, NoSuchModuleError, ValueError):
        raise _bad_url("The database URL cannot be read.") from None
    if backend in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    raise _bad_url(f"A database of the kind {backend!r} is not supported.")


def _bad_url(message: str) -> Invalid:
    return Invalid(
        "general_config_invalid",
        message,
        field="database_url",
        hint="Write sqlite:///PATH (four slashes for an absolute path) or postgresql://USER@HOST/NAME.",
    )


def _sqlite_engine(path: str, lock_timeout: float) -> sa.Engine:
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: connect_sqlite(path, lock_timeout),
        poolclass=sa.QueuePool,
        hide_parameters=True,
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, record: Any) -> None:
        for pragma in ("foreign_keys=ON", "trusted_schema=ON", "recursive_triggers=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        # What is read there may be a frozen view, which must not outlive a transaction.
        record.info["single_use"] = not _can_write_beside(path)

    return engine


def connect_sqlite(path: str, lock_timeout: float) -> Any:
    """A connection of the driver's to an SQLite file that is there."""
    import sqlite3

    path = os.path.abspath(path)
    # A mistyped path is an error, not a new empty database. What may not be written to is opened for reading.
    mode = "rw"
    if not _can_write_beside(path):
        # The write-ahead log needs a folder that can be written to. Without a log nobody is writing.
        mode = "ro" if os.path.exists(path + "-wal") else "ro&immutable=1"
    return sqlite3.connect(
        f"file:{quote(path)}?mode={mode}",
        uri=True,
        # Our own BEGIN, never the driver's: its default transactions lose updates, and under its `autocommit=True`
        # SQLAlchemy's commit does nothing at all.
        isolation_level=None,
        timeout=lock_timeout,
        check_same_thread=False,
    )


def _can_write_beside(path: str) -> bool:
    folder = os.path.dirname(os.path.abspath(path))
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _postgres_engine(url: sa.URL, connect_timeout: float, lock_timeout: float, statement_timeout: float) -> sa.Engine:
    from authctl.storage import pipeline

    # For Postgres 0 is no limit: it has no word for not waiting at all, so one millisecond stands in.
    lock, statement = max(1, round(lock_timeout * 1000)), round(statement_timeout * 1000)
    options = [f"-c lock_timeout={lock} -c statement_timeout={statement}", *_as_list(url.query.get("options"))]
    defaults: dict[str, Any] = {
        "connect_timeout": ceil(connect_timeout),
        "application_name": "authctl",
        "client_encoding": "utf8",
    }
    url = url.difference_update_query(["options"])  # they are joined with ours
    words, named = url.get_dialect()().create_connect_args(url)
    # No server-side prepared statements but those of `keep_plans`: poolers that lend a connection for one transaction
    # lose them.
    told = defaults | dict(named) | {"prepare_threshold": None, "options": " ".join(options)}
    return sa.create_engine(url, creator=lambda: pipeline.connect(*words, **told), hide_parameters=True)


def _as_list(value: str | tuple[str, ...] | None) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


@contextmanager
def ahead(db: sa.Connection) -> Iterator[None]:
    """Send the statements of this block with the one after it, or the commit: whose answers nobody reads, as inserts.

    On Postgres each would wait for its answer before the next is sent, longer than it runs. SQLite has nobody to wait
    for. What one of them fails with is raised by a later statement, the commit at last.
    """
    if db.dialect.name != "postgresql":
        yield
        return
    connection: Any = db.connection.dbapi_connection
    with connection.ahead():
        yield


def relax(db: sa.Connection) -> None:
    """Do not wait until this transaction is on the disk: it is as whole as others, and seen by others as soon.

    For what a crash of the server may forget. A crash of this process loses nothing. SQLite has no such choice.
    """
    if db.dialect.name == "postgresql":
        with ahead(db), driver_of(db) as driver:
            driver.execute("SET LOCAL synchronous_commit = off", prepare=True)


def keep_plans(db: sa.Connection) -> None:
    """Have Postgres keep the plans of this transaction's fixed statements: for what applications do all the time."""
    if db.dialect.name == "postgresql":
        with driver_of(db) as driver:
            driver.keep_plans()


@contextmanager
def driver_of(db: sa.Connection) -> Iterator[Any]:
    """The driver's connection, whose failures come out as those of every other statement do."""
    connection: Any = db.connection.dbapi_connection  # `driver_connection` is None of one that is used once
    base = db.dialect.loaded_dbapi.Error
    try:
        yield connection
    except base as error:
        if is_lost := db.dialect.is_disconnect(error, connection, None):
            db.invalidate(error)
        raise DBAPIError.instance(
            "", {}, error, base, hide_parameters=True, connection_invalidated=is_lost, dialect=db.dialect
        ) from None


def violation(error: IntegrityError) -> str:
    """Which constraint refused a row, by the name Postgres gives it: `users_email_key`, `addresses_pkey`."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name)
    # SQLite names the columns: "UNIQUE constraint failed: users.email".
    table, _, column = str(error.orig).rpartition(": ")[2].partition(",")[0].strip().partition(".")
    return f"{table}_{column}_key"
