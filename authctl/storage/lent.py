"""The application's own transaction, lent for units of work: nothing here begins, commits or ends it.

    BEGIN ─▶ … ─▶ [ savepoint ─▶ a unit of work ─▶ release, or back to the savepoint ] ─▶ … ─▶ COMMIT
    └ application ┘ └──────────────── here, once for each unit of work ────────────────┘ └ application ┘

What our statements need of a connection is set for that long. Time limits are those of the application.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, suppress
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from authctl.errors import AuthctlError
from authctl.storage.connection import Connection
from authctl.storage.database import Database, original
from authctl.storage.driver_errors import unfit_connection

if TYPE_CHECKING:
    import sqlite3

    import psycopg
    import sqlalchemy as sa

    Lending = psycopg.Connection[Any] | sqlite3.Connection | sa.Connection

T = TypeVar("T")


class Loan(Protocol):
    """A driver's connection in the application's transaction, as our statements use it; it commits nothing."""

    def check(self) -> None:
        """Refuse a transaction that is over, or has failed, or sees our tables otherwise by now."""

    def step(self) -> AbstractContextManager[None]:
        """A savepoint, back to which goes what raises; within it, our statements find our tables."""


class _Turn:
    """One unit of work at a time: of two at once, each would end or undo the other's savepoint."""

    def __init__(self) -> None:
        self.lock = RLock()


_making = RLock()
_turns: WeakValueDictionary[int, _Turn] = WeakValueDictionary()  # by connection, as long as a loan of it is kept


def _turn(driver: Any) -> _Turn:
    with _making:
        return _turns.setdefault(id(driver), _Turn())


def _borrow(database: Database, connection: Any) -> Loan:
    if database.path is not None:
        from authctl.storage import lent_sqlite

        return lent_sqlite.borrow(database, connection)
    from authctl.storage import lent_postgres

    return lent_postgres.borrow(database, connection)


def _driver_connection(lending: Any) -> Any:
    """What is behind SQLAlchemy's connection, which knows from then on that its transaction has begun."""
    loaded = sys.modules.get("sqlalchemy.engine")
    if loaded is None or not isinstance(lending, loaded.Connection):
        return lending
    lending.exec_driver_sql("SELECT 1")
    return lending.connection.driver_connection


class Lent(Database):
    """A database by the one connection that was lent. Nothing is tried again: what came before cannot be repeated.

    Raises Invalid for a connection that will not do.
    """

    def __init__(self, database: Database, lending: Lending) -> None:
        self.path, self.dialect, self.lock_timeout = database.path, database.dialect, database.lock_timeout
        self.waiting = database.waiting
        self._shown, self._driver = database._shown, database._driver
        self._own = database
        self._is_over = False
        with database._translated():
            driver = _driver_connection(lending)
            self._turn = _turn(driver)
            with self._turn.lock:
                self._loan = _borrow(database, driver)

    def _run(self, work: Callable[[Connection], T], *, write: bool, rollback: bool) -> T:
        with self._turn.lock:
            return self._run_alone(work, write=write, rollback=rollback)

    def _run_alone(self, work: Callable[[Connection], T], *, write: bool, rollback: bool) -> T:
        if self._is_over:
            raise unfit_connection("This within() block has ended.", "Call within() again.")
        self._loan.check()
        connection = _Lent(self._driver, self._loan, self._over, is_write=write)
        try:
            with suppress(_Undone), self._loan.step():
                answer = work(connection)
                if rollback:
                    raise _Undone
            return answer
        except self._failures() as error:
            failure = original(error)
            raise (connection.refusal(failure) or self.translate(failure)) from None
        finally:
            connection.close()

    def _over(self, driver: Any) -> sa.Connection:
        from authctl.storage import sqlalchemy_over

        if not sqlalchemy_over.knows(self._own):  # it asks much of the first connection
            self._own.read(lambda db: db.sqlalchemy.closed)
        return sqlalchemy_over.connect(self._own, self.dialect, driver)

    def stream(self, work: Callable[[Connection], Iterator[T]]) -> Generator[T, None, None]:
        """Refused: what the application does while it reads would be undone with a failure."""
        raise NotImplementedError

    def translate(self, failure: BaseException | None) -> AuthctlError:
        """What the driver's failure means: tables that are missing here are there for the directory."""
        error = super().translate(failure)
        if error.type != "database_not_initialized":
            return error
        hint = "Grant it rights on their schema, as for any application: authctl help postgres"
        return unfit_connection("The connection's user cannot see the directory's tables.", hint)

    def close(self) -> None:
        """Take no more units of work. The connection is the application's."""
        self._is_over = True


class _Undone(Exception):
    """Goes back to the savepoint."""


class _Lent(Connection):
    """What would concern the whole transaction is the application's to say."""

    __slots__ = ()

    def relax(self) -> None:
        pass

    def freeze(self) -> None:
        pass

    def wait_forever(self) -> None:
        pass
