"""Postgres, in as few round trips as its protocol allows. Imported where a database is Postgres.

A connection is a pipeline, as libpq calls it: BEGIN goes with the first statement, COMMIT with the last, and what is
sent `ahead` with whatever comes next; only an answer that somebody reads is waited for. psycopg's own transactions wait
for BEGIN and for their end, so its connections are in autocommit here, and this is where transactions begin and end.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import ceil
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import FeatureNotSupported, InvalidSqlStatementName, ReadOnlySqlTransaction

from authctl.storage.driver_errors import bad_url

# What a URL may say otherwise. A server that is gone without a word is noticed within a minute.
DEFAULTS = {
    "application_name": "authctl",
    "client_encoding": "utf8",
    "keepalives_idle": 30,  # seconds
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}
PLAN_SECONDS = 10.0  # how long a kept plan is good: a table may have grown since

# What it would print where nobody has set up logging, of connections that are lost, is an error of ours as well.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class Ahead:
    """Blocks whose statements' answers are not waited for, and which may be within each other."""

    depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *failure: object) -> None:
        self.depth -= 1


class Connection(psycopg.Connection[Any]):
    """A connection whose transactions are pipelines. COPY, which cannot be in one, leaves it until the next begins."""

    _entered: Any = None
    _pipe: psycopg.Pipeline | None = None
    _is_begun = False
    _is_last = False
    _backend: psycopg.Cursor[Any] | None = None
    _is_direct = False
    _planned_at = 0.0  # by the monotonic clock
    _planning: str | None = None  # how, where the server was told; "unknown" where that may have been undone
    _is_unconfirmed = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ahead = Ahead()

    def begin(self, limits: tuple[str, ...]) -> None:
        """Begin a transaction. limits: statements that set its time limits, which poolers would drop elsewhere."""
        if self._pipe is None:
            self._entered = self.pipeline()
            self._pipe = self._entered.__enter__()
        self._is_begun, self._is_last = True, False
        for command in ("BEGIN ISOLATION LEVEL READ COMMITTED", *limits):
            self._command(command)

    def _command(self, text: str) -> None:
        """Send what answers nothing, with the next statement, as psycopg's own transactions send it."""
        self.wait(self._exec_command(text))

    def keep_plans(self) -> None:
        """Have the server keep the plans of this transaction's statements that ask for it, for others like it.

        Not where a pooler lends its connections for one transaction: the next may come to another process, which has
        kept none. No pooler is in between where the process that answers is the one that greeted, as is known from the
        second time on.
        """
        if self._backend is None:
            with self.ahead:
                self._backend = self.execute("SELECT pg_backend_pid()")
            return
        if not self._is_direct and self._backend.rownumber == 0:
            self._is_direct = self._backend.fetchone() == (self.info.backend_pid,)
            if self._is_direct:
                self._planned_at = time.monotonic()
        if self._is_direct:
            self._plan("force_generic_plan")  # else the first five of each are planned by their values, for nothing
            # Of those alone that ask. In this transaction alone: at a ROLLBACK or a DROP, psycopg has the server forget
            # all plans, but in a pipeline that comes after the next statement, whose plan it takes to be kept.
            self.prepare_threshold = sys.maxsize
            if time.monotonic() - self._planned_at > PLAN_SECONDS:
                self._planned_at = time.monotonic()
                with self.ahead:
                    self.execute("DISCARD PLANS")

    def plan_by_values(self) -> None:
        """Have the server plan by their values what it keeps no plans of, such as lists, which differ by them."""
        if self._planning is not None:
            self._plan("DEFAULT")

    def _plan(self, how: str) -> None:
        """For this transaction and those after it, since the next is mostly of the same kind."""
        if self._planning != how:
            self._planning = how
            with self.ahead:
                self.execute(f"SET plan_cache_mode = {how}")

    def end_with_next(self) -> None:
        """Send COMMIT with the next statement whose answer is waited for: nothing is asked after it."""
        self._is_last = True

    @property
    def is_at_end(self) -> bool:
        """Whether the transaction has ended with a statement that was said to be its last."""
        return self._is_last and not self._is_begun

    def answered(self) -> None:
        """Wait for every answer that is due, unless the statements are sent ahead; raises what went wrong."""
        if self._pipe is None or self.ahead.depth:
            return
        if self._is_last and self._is_begun:
            self._is_begun = False
            self.prepare_threshold = None
            self._command("COMMIT")
        self._pipe.sync()

    def catch_up(self) -> None:
        """Read all answers behind one that failed: until then, the server does nothing of what is sent."""
        if self._pipe is not None:
            with suppress(psycopg.Error):
                self._pipe.sync()

    def leave(self) -> None:
        """Wait for every answer that is due, and send what follows statement by statement."""
        if self._pipe is not None:
            self._pipe = None
            self._entered.__exit__(None, None, None)

    def commit(self) -> None:
        if self._is_begun:
            self.prepare_threshold = None
            try:
                self._command("COMMIT")
                self.answered()
                if self._is_unconfirmed:
                    super().close()
                    raise psycopg.OperationalError("no standby has the commit")
            except psycopg.Error:  # of a statement before it: nobody else ends the transaction then
                with suppress(psycopg.Error):
                    self.rollback()
                raise
            self._is_begun = False

    def notice(self, diagnosis: psycopg.errors.Diagnostic) -> None:
        """Hear that somebody cancelled a commit while it waited for a standby: it is answered as if one had it."""
        if diagnosis.source_function == "SyncRepWaitForLSN":
            self._is_unconfirmed = True

    def rollback(self) -> None:
        self._is_last = False
        if self._is_begun:
            self._is_begun, self._planning = False, self._planning and "unknown"
            if self.closed:
                return
            with suppress(psycopg.Error):  # of statements that are undone
                self.answered()
            self.prepare_threshold = None
            self._command("ROLLBACK")
            self.answered()

    def wait(self, *args: Any, **options: Any) -> Any:
        try:
            return super().wait(*args, **options)
        except (InvalidSqlStatementName, FeatureNotSupported):  # a plan that was forgotten, or that fits no more
            self._is_direct = False
            raise
        except psycopg.Error as error:
            self._planning = self._planning and "unknown"
            # Another server may be the primary by now; and a fatal error comes before the connection's end.
            if isinstance(error, ReadOnlySqlTransaction) or error.diag.severity_nonlocalized == "FATAL":
                super().close()
            raise
        except KeyboardInterrupt:  # psycopg has read to the end
            raise
        except BaseException:  # another's, as of a time limit: the answer after it would be taken for another one's
            super().close()
            raise

    def close(self) -> None:
        super().close()
        with suppress(psycopg.Error):
            self.leave()


class Cursor(psycopg.Cursor[Any]):
    connection: Connection

    def execute(self, *args: Any, **options: Any) -> Self:
        connection = self.connection
        assert connection._is_begun or not connection._is_last, "the transaction has ended"
        super().execute(*args, **options)
        connection.answered()
        return self

    def executemany(self, *args: Any, **options: Any) -> None:
        super().executemany(*args, **options)
        self.connection.answered()

    @contextmanager
    def copy(self, *args: Any, **options: Any) -> Iterator[psycopg.Copy]:
        self.connection.leave()
        with super().copy(*args, **options) as copy:
            yield copy


class ServerCursor(psycopg.ServerCursor[Any]):
    connection: Connection

    def execute(self, *args: Any, **options: Any) -> Self:
        with self._closed_if_lost():
            self.connection.leave()
            return super().execute(*args, **options)

    def fetchmany(self, size: int = 0) -> list[Any]:
        with self._closed_if_lost():
            return super().fetchmany(size)

    @contextmanager
    def _closed_if_lost(self) -> Iterator[None]:
        """Close it where its connection is lost: SQLAlchemy does not, and psycopg warns of it."""
        try:
            yield
        except psycopg.Error:
            if self.connection.closed:
                self.close()
            raise


class Driver:
    name = "postgresql"
    Failure = psycopg.Error
    Violation = psycopg.IntegrityError
    Unfit = psycopg.DataError

    def __init__(self, url: str, connect_timeout: float, lock_timeout: float, statement_timeout: float) -> None:
        address, _, query = url.partition("://")[2].partition("?")
        # In a query + is a blank, as everywhere but in libpq.
        self._conninfo = f"postgresql://{address}?{query.replace('+', '%20')}"
        try:
            given = conninfo_to_dict(self._conninfo)
        except psycopg.ProgrammingError as error:
            if "query parameter" not in str(error):  # else it is told when a connection is asked for
                raise bad_url("The database URL is malformed.") from None
            given = {}
        self._defaults: dict[str, Any] = {
            name: value
            for name, value in {**DEFAULTS, "connect_timeout": ceil(connect_timeout)}.items()
            if name not in given
        }
        # For Postgres 0 is no limit: it has no word for not waiting at all, so one millisecond stands in.
        lock, statement = max(1, round(lock_timeout * 1000)), round(statement_timeout * 1000)
        # No SELECT, after which a transaction cannot choose what it sees any more.
        self._limits = (f"SET LOCAL lock_timeout = {lock}", f"SET LOCAL statement_timeout = {statement}")

    def connect(self) -> Connection:
        # No server-side prepared statements but those of `keep_plans`: poolers that lend a connection for one
        # transaction lose them.
        connection = Connection.connect(
            self._conninfo, **self._defaults, autocommit=True, prepare_threshold=None, cursor_factory=Cursor
        )
        connection.server_cursor_factory = ServerCursor
        connection.add_notice_handler(connection.notice)
        return connection

    def begin(self, connection: Connection, *, write: bool) -> None:
        connection.begin(self._limits)

    def check_server(self, connection: Connection) -> None:
        status = connection.pgconn.parameter_status
        is_standby = not connection.closed and status(b"in_hot_standby") == b"on"
        if is_standby or (not connection.closed and status(b"default_transaction_read_only") == b"on"):
            wanted = connection.info.get_parameters().get("target_session_attrs")
            if wanted == "read-write" or (wanted == "primary" and is_standby):
                connection.close()
                raise ReadOnlySqlTransaction("the server is no longer the one that the URL asks for")

    def read_text(self, connection: Connection, *, is_damaged: bool) -> None:
        """Postgres takes no text that is none."""

    def is_lost(self, connection: Connection) -> bool:
        return connection.closed or connection.broken

    def is_single_use(self, connection: Connection) -> bool:
        return False
