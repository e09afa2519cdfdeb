"""A connection of psycopg's that an application lends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row
from psycopg.sql import SQL

from authctl.storage.driver_errors import unfit_connection

if TYPE_CHECKING:
    from authctl.errors import Invalid
    from authctl.storage.database import Database

# Which database of which server it is, so that a standby and a copy are others; where tables are; what is seen.
_SIGHT = """
    SELECT ARRAY[pg_postmaster_start_time()::text, oid::text],
    (SELECT coalesce(string_agg(quote_ident(name), ', '), '') FROM unnest(current_schemas(false)) name),
    current_setting('transaction_isolation'), transaction_timestamp()::text
    FROM pg_database WHERE datname = current_database()
"""


def borrow(database: Database, connection: Any) -> _Loan:
    """The connection, in a transaction; Invalid where it is to another database, or sees it otherwise than we do."""
    where = database.describe()
    if not isinstance(connection, psycopg.Connection):
        message = f"The connection must be a psycopg or SQLAlchemy connection to {where}."
        raise unfit_connection(
            message, "Use psycopg.connect(URL), engine.connect() or session.connection(), not async ones."
        )
    loan = _Loan(connection)
    loan.check(begins=True)
    if connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE:
        raise unfit_connection(
            "The connection has no transaction and commits every statement.", "Use: with connection.transaction()"
        )
    identity, loan.schemas, *_ = database.read(lambda db: db.driver.execute(_SIGHT).fetchone())
    found, _, isolation, loan.began = loan.execute(_SIGHT).fetchone() or (None, "", "", "")
    if found != identity:
        message = f"The connection leads to another database than {where}."
        raise unfit_connection(message, "Use the same host and database name. The schemas may differ.")
    if isolation not in ("read committed", "read uncommitted"):
        # A frozen view hides what others commit while a lock is waited for: a session, say, that is to be ended.
        message = f"The isolation level {isolation} hides changes that others have committed meanwhile."
        raise unfit_connection(message, "Begin the transaction with: SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return loan


def _ended() -> Invalid:
    return unfit_connection("The transaction has ended.", "Call within() again in the next one.")


class _Loan:
    """Cursors of the connection that answer with tuples and keep no plans, whatever the application has set.

    schemas: where our tables are. Temporary ones of the application come after them. began: when the transaction did,
    by which another one is told.
    """

    is_at_end = False
    schemas = ""
    began = ""

    def __init__(self, lent: psycopg.Connection[Any]) -> None:
        self._lent = lent

    def check(self, *, begins: bool = False) -> None:
        """Refuse a transaction that is over, or has failed. begins: whether it may be yet to begin."""
        status = self._lent.info.transaction_status
        if self._lent.pgconn.pipeline_status != PipelineStatus.OFF:
            raise unfit_connection("The connection is in pipeline mode.", "Leave connection.pipeline() first.")
        if status == TransactionStatus.ACTIVE:
            raise unfit_connection("The connection is busy with a COPY or another statement.", "Finish that first.")
        if status == TransactionStatus.INERROR:
            raise unfit_connection("The transaction has failed.", "Roll it back, then call within() again.")
        if status != TransactionStatus.INTRANS and not (begins and status == TransactionStatus.IDLE):
            raise _ended()
        if self._lent.info.encoding != "utf-8":
            message = f"The connection's client_encoding is {self._lent.info.encoding}, which has not every character."
            raise unfit_connection(message, "Set it before the transaction begins: SET client_encoding = 'UTF8'")

    @contextmanager
    def step(self) -> Iterator[None]:
        cursor = self.execute(
            SQL(
                "SELECT current_setting('search_path'), transaction_timestamp()::text; SAVEPOINT authctl;"
                " SELECT set_config('search_path', {}, true)"
            ).format(f"{self.schemas}, pg_temp")
        )
        before, began = cursor.fetchone() or ("", "")
        try:
            if began != self.began:  # another transaction, which may see otherwise, and commit otherwise
                raise _ended()
            yield
            self.execute(SQL("SELECT set_config('search_path', {}, true); RELEASE SAVEPOINT authctl").format(before))
        except BaseException:
            with suppress(psycopg.Error):  # of a lost connection, which the failure itself tells
                self.execute("ROLLBACK TO SAVEPOINT authctl; RELEASE SAVEPOINT authctl")
            raise

    def cursor(self, name: str = "", **options: Any) -> Any:
        if name:
            return psycopg.ServerCursor(self._lent, name, row_factory=tuple_row, **options)
        return psycopg.Cursor(self._lent, row_factory=tuple_row)

    def execute(self, *args: Any, prepare: bool = False) -> psycopg.Cursor[tuple[Any, ...]]:
        cursor: psycopg.Cursor[tuple[Any, ...]] = self.cursor()
        return cursor.execute(*args, prepare=False)

    # What our own connections do besides

    ahead: AbstractContextManager[None] = nullcontext()

    def commit(self) -> None:
        """Nothing: SQLAlchemy ends ours as it would its own."""

    rollback = close = end_with_next = keep_plans = plan_by_values = catch_up = commit

    def add_notice_handler(self, handler: Any) -> None:
        """Nothing: SQLAlchemy would add one for each connection that it thinks is new."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lent, name)
