"""Connections and transactions on SQLite and Postgres, and what their failures mean to people.

Writers exclude each other: SQLite begins with BEGIN IMMEDIATE, Postgres locks the rows it reads before it writes. A
transaction that Postgres gives up is run again, a bounded number of times. No driver message reaches the user raw:
`driver_errors.translate` is the one place where they become errors of ours.

A command has one connection, and applications one more for each thread that is busy at the same time: SQLAlchemy's pool
holds those, loaded with the second.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from authctl.errors import AuthctlError, Unavailable
from authctl.model import Waiting
from authctl.settings import redact_url
from authctl.storage import driver_errors
from authctl.storage.connection import Connection, Dialect

if TYPE_CHECKING:
    import sqlalchemy as sa
    from sqlalchemy import pool as pools

T = TypeVar("T")

ATTEMPTS = 8  # tries of one transaction that the database gives up for another's sake
CONNECT_SECONDS = 10.0
LOCK_SECONDS = 30.0
STATEMENT_SECONDS = 60.0

READ_ONLY = "25006"  # SQLSTATE of a write that the server refuses, as a standby does
# Serialization failure, deadlock; a kept plan that was forgotten, or that fits no more.
_RETRYABLE = {"40001", "40P01", "26000", "0A000"}


class Pool(NamedTuple):
    """How many connections threads share beside the first, and for how long; in seconds, where 0 recycles none.

    size: kept. overflow: made besides while all of those are in use. timeout: for one of them. recycle: a connection's
    greatest age.
    """

    size: int = 5
    overflow: int = 10
    timeout: float = 30.0
    recycle: float = 0.0


class Driver(Dialect, Protocol):
    """What SQLite and Postgres differ in."""

    def connect(self) -> Any:
        """A new connection."""

    def begin(self, connection: Any, *, write: bool) -> None: ...

    def check_server(self, connection: Any) -> None:
        """Raise the failure of a write on a read-only server if that is what the URL's primary has become."""

    def read_text(self, connection: Any, *, is_damaged: bool) -> None:
        """Read text that may be damaged, or fail with it."""

    def is_lost(self, connection: Any) -> bool:
        """Whether the connection can do nothing any more."""

    def is_single_use(self, connection: Any) -> bool:
        """Whether a connection must not outlive its transaction."""


class Database:
    """One database, and how to talk to it. Holds no transaction; may be shared by threads, and survives a fork.

    url: `sqlite:///PATH` or `postgresql://…`. connect_timeout: seconds for a connection to Postgres. lock_timeout:
    seconds that a writer waits for the writers before it; 0 does not wait. statement_timeout: seconds for one
    statement in Postgres; 0 is no limit. pool: of the connections beside the first.
    waiting: tells what goes on where a transaction takes long.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float = CONNECT_SECONDS,
        lock_timeout: float = LOCK_SECONDS,
        statement_timeout: float = STATEMENT_SECONDS,
        pool: Pool | None = None,
    ) -> None:
        self._shown = redact_url(url)
        self.lock_timeout = lock_timeout
        self.waiting: Waiting = nullcontext
        self._pool_limits = pool or Pool()
        self.path = _path_of(url)
        self._driver: Driver
        if self.path is not None:
            from authctl.storage import sqlite

            self._driver = sqlite.Driver(self.path, lock_timeout)
        else:
            from authctl.storage import postgres

            self._driver = postgres.Driver(url, connect_timeout, lock_timeout, statement_timeout)
        self.dialect = self._driver.name
        self._has_damaged_text = False  # found where some was read
        self._parents: list[Any] = []  # connections of the process that this was forked from, which must not be closed
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Begin without connections."""
        self._process = os.getpid()
        self._first: Any = None  # the connection of whoever comes alone
        self._first_is_free = threading.Lock()
        self._first_is_stale = False  # whether the server of the others was lost since it was made
        self._pool: pools.QueuePool | None = None
        self._making_pool = threading.Lock()

    def write(self, work: Callable[[Connection], T], *, rollback: bool = False) -> T:
        """Run `work` in one transaction that excludes other writers; again where the database gives it up.

        rollback: undo everything at the end, as a dry run does.
        """
        with self.waiting(f"Waiting for the database {self.describe()}"):
            return self._run(work, write=True, rollback=rollback)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that only reads; again where the database gives it up."""
        with self.waiting(f"Waiting for the database {self.describe()}"):
            return self._run(work, write=False, rollback=False)

    def stream(self, work: Callable[[Connection], Iterator[T]]) -> Generator[T, None, None]:
        """What `work` yields, from one transaction that stays open until it is read or dropped.

        Rows that `work` hands on unread are read elsewhere, so their failures are translated where they are read.
        Only its beginning can be tried again, so a connection that died unused is found before it.
        """
        self.read(Connection.ping)
        with self._translated(), self._transaction(write=False, rollback=False) as connection:
            self._driver.read_text(connection.driver, is_damaged=True)
            connection.guard = self._translated
            yield from work(connection)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise what the driver fails with as errors of ours."""
        try:
            yield
        except self._failures() as error:
            raise self.translate(original(error)) from None

    def _run(self, work: Callable[[Connection], T], *, write: bool, rollback: bool) -> T:
        was_lost = False
        for attempt in range(1, ATTEMPTS + 1):
            connection = None
            try:
                with self._transaction(write=write, rollback=rollback) as connection:
                    return work(connection)
            except self._failures() as error:
                failure = original(error)
                if driver_errors.is_damaged_text(failure) and not self._has_damaged_text:
                    self._has_damaged_text = True
                    continue
                # A connection may die while nobody uses it; what it failed with came before the COMMIT.
                is_lost = getattr(failure, "is_lost", False)
                is_retryable = not was_lost if is_lost else driver_errors.sqlstate(failure) in _RETRYABLE
                if attempt == ATTEMPTS or not is_retryable:
                    refusal = connection.refusal(failure) if connection else None
                    raise (refusal or self.translate(failure)) from None
                was_lost = was_lost or is_lost
            # Those that met once should not meet again: each waits a little differently.
            time.sleep(0.005 * 2**attempt * (1 + threading.get_native_id() % 16 / 16))
        raise AssertionError("unreachable")

    def _failures(self) -> tuple[type[BaseException], ...]:
        """What failures of the driver come as: themselves, or in SQLAlchemy's wrapping."""
        # SQLite's own driver fails with the last where it is to say what is damaged, and that is no text either.
        return (self._driver.Failure, *driver_errors.wrappings(), UnicodeDecodeError)

    @contextmanager
    def _transaction(self, *, write: bool, rollback: bool) -> Iterator[Connection]:
        with self._connected() as driver:
            connection = Connection(self._driver, driver, self._over, is_write=write)
            try:
                try:
                    self._driver.begin(driver, write=write)
                    self._driver.read_text(driver, is_damaged=self._has_damaged_text)
                    with self._checked(driver):
                        yield connection
                    if rollback:
                        driver.execute("SELECT 1")  # tells what went wrong of statements sent ahead
                except BaseException as error:
                    self._roll_back(driver, error)
                    raise
                if rollback:
                    driver.rollback()
                else:
                    self._commit(driver, write)
            finally:
                connection.close()

    @contextmanager
    def _checked(self, driver: Any) -> Iterator[None]:
        """Let nothing be decided by what a server knows that is no longer the primary."""
        try:
            yield
        except AuthctlError:
            self._driver.check_server(driver)
            raise
        self._driver.check_server(driver)

    def _roll_back(self, driver: Any, error: BaseException) -> None:
        """Undo what failed; the failure is told by whoever raised it."""
        if self._driver.is_lost(driver):
            original(error).is_lost = True  # type: ignore[attr-defined]
            return
        with suppress(self._driver.Failure):
            driver.rollback()

    def _commit(self, driver: Any, write: bool) -> None:
        try:
            driver.commit()
        except self._driver.Failure as error:
            if not (write and self._driver.is_lost(driver)) or driver_errors.sqlstate(error) == READ_ONLY:
                self._roll_back(driver, error)
                raise
            raise Unavailable(
                "database_unavailable",
                f"The connection to {self.describe()} was lost during the commit.",
                hint="The change may or may not have been made. Check before you try again.",
            ) from None

    def _over(self, driver: Any) -> sa.Connection:
        from authctl.storage import sqlalchemy_over

        return sqlalchemy_over.connect(self, self.dialect, driver)

    # Connections

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """A connection of the driver's, for one transaction."""
        if self._process != os.getpid():
            self._parents += [self._first, self._pool]
            self._begin_anew()
        if not self._first_is_free.acquire(blocking=False):
            with self._pooled() as driver:
                yield driver
            return
        free = self._first_is_free
        try:
            if self._first_is_stale and self._first is not None:
                self._discard(self._first)
            if self._first is None:
                self._first_is_stale = False
                self._first = self._driver.connect()
            driver = self._first
            try:
                yield driver
            finally:
                self._put_back(driver)
        finally:
            free.release()

    def _put_back(self, driver: Any) -> None:
        """Keep the first connection for the next, unless it is not to be used again."""
        is_lost = self._driver.is_lost(driver)
        if is_lost and not self._first_is_stale:
            self._empty_pool()
        if self._first is not driver or is_lost or self._first_is_stale or self._driver.is_single_use(driver):
            self._discard(driver)

    def _discard(self, first: Any) -> None:
        """Close what was the first connection."""
        self._first = None
        with suppress(self._driver.Failure):
            first.close()

    @contextmanager
    def _pooled(self) -> Iterator[Any]:
        from sqlalchemy.exc import TimeoutError as PoolTimeout

        pool = self._connections()
        try:
            lent = pool.connect()
        except PoolTimeout:
            raise Unavailable(
                "database_unavailable",
                "Every connection to the database is in use.",
                hint="Use fewer threads at once, or raise database.pool_size.",
            ) from None
        driver = lent.dbapi_connection
        try:
            yield driver
        finally:
            is_lost = self._driver.is_lost(driver)
            if is_lost and pool is self._pool:
                self._first_is_stale = True
                self._empty_pool()
            if is_lost or pool is not self._pool or self._driver.is_single_use(driver):
                lent.invalidate()
            lent.close()

    def _connections(self) -> pools.QueuePool:
        """The pool of all connections but the first."""
        with self._making_pool:
            if self._pool is None:
                from sqlalchemy.pool import QueuePool

                limits = self._pool_limits
                self._pool = QueuePool(
                    self._driver.connect,
                    pool_size=limits.size,
                    max_overflow=limits.overflow,
                    timeout=limits.timeout,
                    recycle=int(limits.recycle) or -1,
                    reset_on_return=None,
                )
            return self._pool

    def _empty_pool(self) -> None:
        """Where one connection was lost, the server is gone, or another one: the others are of no use either."""
        with self._making_pool:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.dispose()

    def close(self) -> None:
        """Close the connections; those in use are closed when they come back."""
        if self._process != os.getpid():
            return
        first, self._first = self._first, None
        if first is not None and self._first_is_free.acquire(blocking=False):
            with suppress(self._driver.Failure):
                first.close()
            self._first_is_free.release()
        self._empty_pool()

    # What is said

    def translate(self, failure: BaseException | None) -> AuthctlError:
        """What a driver's failure means, and what to do about it. None of the driver's words are passed on."""
        return driver_errors.translate(self.dialect, failure, self.describe())

    def describe(self) -> str:
        """The database as people may see it: a path, or the URL without its password."""
        # As it was given: what is read wrongly, as an unescaped @ in a password is, must not show either.
        return self.path or self._shown


def original(error: BaseException) -> BaseException:
    """The driver's failure, also in SQLAlchemy's wrapping."""
    return getattr(error, "orig", None) or error


def _path_of(url: str) -> str | None:
    """The file that a URL names; None for Postgres."""
    scheme, _, rest = url.partition("://")
    if scheme in ("sqlite", "sqlite+pysqlite"):
        path = rest.removeprefix("/")  # taken as it is: a % or ? in it is one in the file's name
        if path == rest or not path or path.startswith((":memory:", "file:")):
            raise driver_errors.bad_url("The SQLite URL has no file.")
        return path
    backend = scheme.partition("+")[0]
    if backend in ("postgres", "postgresql"):
        return None
    if backend == url or not backend:
        raise driver_errors.bad_url("The database URL is malformed.")
    raise driver_errors.bad_url(f"Unsupported database type {backend!r}.")
