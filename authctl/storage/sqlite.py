"""SQLite: connections to a file, and how a transaction of it begins."""

from __future__ import annotations

import os
import sqlite3
from urllib.parse import quote

from authctl.storage.connection import Unreadable

# What each of our connections has set, and one that an application lends.
PRAGMAS = {"foreign_keys": "ON", "trusted_schema": "ON", "recursive_triggers": "OFF"}
APPLICATION_ID = 0x61757468  # "auth": tells our SQLite files from other programs'


class Driver:
    name = "sqlite"
    Failure = sqlite3.Error
    Violation = sqlite3.IntegrityError
    Unfit = sqlite3.DataError

    def __init__(self, path: str, lock_timeout: float) -> None:
        self.path = path
        self.lock_timeout = lock_timeout

    def connect(self) -> sqlite3.Connection:
        connection = connect(self.path, self.lock_timeout)
        for name, value in PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}")
        return connection

    def begin(self, connection: sqlite3.Connection, *, write: bool) -> None:
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")

    def check_server(self, connection: sqlite3.Connection) -> None:
        pass

    def read_text(self, connection: sqlite3.Connection, *, is_damaged: bool) -> None:
        """Read text from now on; where it may be damaged more slowly, since what is none is Unreadable then."""
        connection.text_factory = text if is_damaged else str

    def is_lost(self, connection: sqlite3.Connection) -> bool:
        """Whether it was closed, as SQLAlchemy does where it is interrupted."""
        try:
            connection.total_changes  # noqa: B018 - which asks nothing of the file
        except sqlite3.ProgrammingError:
            return True
        return False

    def is_single_use(self) -> bool:
        """What is read beside a folder that cannot be written to may be a frozen view."""
        return not _can_write_beside(self.path)


def text(octets: bytes) -> str | Unreadable:
    """Text, or Unreadable where the bytes are none."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return Unreadable()


def connect(path: str, lock_timeout: float) -> sqlite3.Connection:
    """A connection of the driver's to an SQLite file that is there."""
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
