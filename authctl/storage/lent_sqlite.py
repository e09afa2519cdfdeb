"""A connection of sqlite3's that an application lends."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from authctl.storage import compiled, sqlite
from authctl.storage.driver_errors import unfit_connection

if TYPE_CHECKING:
    from authctl.storage.database import Database


def borrow(database: Database, connection: Any) -> _Loan:
    """The connection, in a transaction; Invalid where it is of another file, or reads ours otherwise than we do."""
    where = database.describe()
    if not isinstance(connection, sqlite3.Connection):
        message = f"The connection must be a sqlite3 or SQLAlchemy connection to {where}."
        raise unfit_connection(
            message, "Use sqlite3.connect(PATH), engine.connect() or session.connection(), not async ones."
        )
    loan = _Loan(connection)
    path = next(row[2] for row in loan.execute("PRAGMA database_list") if row[1] == "main")
    if not path or not os.path.samefile(path, database.path or ""):
        message = f"The connection leads to {path or 'a database in memory'} instead of {where}."
        raise unfit_connection(message, "To use within(), keep the application's tables in the directory's file.")
    loan.check_sight()
    if not connection.in_transaction:
        # sqlite3 begins one before the application's first change, unless it was told not to.
        if connection.isolation_level is None or getattr(connection, "autocommit", False) is True:
            raise unfit_connection(
                "The connection has no transaction and commits every statement.", "Begin one: BEGIN IMMEDIATE"
            )
        connection.execute("BEGIN IMMEDIATE")
    return loan


class _Loan:
    """Cursors of the connection that answer with tuples, whatever the application has set."""

    def __init__(self, lent: sqlite3.Connection) -> None:
        self._lent = lent

    def check(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # of a closed one
            if self._lent.in_transaction:
                return
        raise unfit_connection("The transaction has ended.", "Call within() again in the next one.")

    def check_sight(self) -> None:
        """Refuse a connection that keeps other rules than ours, or finds other tables."""
        for name, value in sqlite.PRAGMAS.items():
            (found,) = self.execute(f"PRAGMA {name}").fetchone()
            if found != (value == "ON"):
                raise unfit_connection(
                    f"The connection needs PRAGMA {name} = {value}.", "Set it before the transaction begins."
                )
        hidden = {name for (name,) in self.execute("SELECT lower(name) FROM sqlite_temp_master")} & {*compiled.TABLES}
        if hidden:
            raise unfit_connection(f"A temporary table hides the directory's table {min(hidden)}.", "Rename it.")

    @contextmanager
    def step(self) -> Iterator[None]:
        self.check_sight()  # the application may have changed it meanwhile
        self.execute("SAVEPOINT authctl")
        text, self._lent.text_factory = self._lent.text_factory, sqlite.text
        try:
            yield
            self.execute("RELEASE SAVEPOINT authctl")
        except BaseException:
            with suppress(sqlite3.Error):  # where SQLite has ended the transaction itself
                self.execute("ROLLBACK TO SAVEPOINT authctl")
                self.execute("RELEASE SAVEPOINT authctl")
            raise
        finally:
            self._lent.text_factory = text

    def cursor(self) -> sqlite3.Cursor:
        cursor = sqlite3.Cursor(self._lent)
        cursor.row_factory = None
        return cursor

    def execute(self, *args: Any) -> sqlite3.Cursor:
        return self.cursor().execute(*args)

    def commit(self) -> None:
        """Nothing: SQLAlchemy ends ours as it would its own."""

    rollback = close = commit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lent, name)
