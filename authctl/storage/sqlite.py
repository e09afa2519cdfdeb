"""SQLite: connections to a file, and how a transaction of it begins."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import suppress
from urllib.parse import quote

from authctl.storage import driver_errors
from authctl.storage.connection import Unreadable

# What each of our connections has set, and one that an application lends.
PRAGMAS = {"foreign_keys": "ON", "trusted_schema": "ON", "recursive_triggers": "OFF"}
APPLICATION_ID = 0x61757468  # "auth": tells our SQLite files from other programs'
# What a log is cut to that has grown longer: what SQLite lets it come to before it is put into the database.
LOG_BYTES = 1_000 * 4096


class Opened(sqlite3.Connection):
    """A connection that knows which file it opened, by its device and number.

    full: what it could not be opened for writing with, since the disk is full; it only reads then.
    """

    file: tuple[int, int] | None = None
    full: sqlite3.Error | None = None


class Driver:
    name = "sqlite"
    Failure = sqlite3.Error
    Violation = sqlite3.IntegrityError
    Unfit = sqlite3.DataError

    def __init__(self, path: str, lock_timeout: float) -> None:
        self.path = os.path.abspath(path)
        self.lock_timeout = lock_timeout

    def connect(self) -> Opened:
        connection = connect(self.path, self.lock_timeout)
        for name, value in (*PRAGMAS.items(), ("journal_size_limit", LOG_BYTES)):
            connection.execute(f"PRAGMA {name}={value}")
        return connection

    def begin(self, connection: Opened, *, write: bool) -> None:
        if _number(self.path) != connection.file:
            # What is in the log belongs to the file that was there, and would be mixed into the new one.
            raise driver_errors.replaced(self.path)
        if write and connection.full is not None:
            raise connection.full
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

    def is_single_use(self, connection: Opened) -> bool:
        """What is read beside a folder that cannot be written to may be a frozen view; a full disk may get space."""
        return connection.full is not None or not _can_write_beside(self.path)


def text(octets: bytes) -> str | Unreadable:
    """Text, or Unreadable where the bytes are none."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return Unreadable()


def connect(path: str, lock_timeout: float) -> Opened:
    """A connection of the driver's to an SQLite file that is there. It only reads where the disk is full.

    Raises Unavailable for a path that is not a file's.
    """
    path = os.path.abspath(path)
    found = _number(path)
    # A mistyped path is an error, not a new empty database. What may not be written to is opened for reading.
    if _can_write_beside(path):
        _open_up(path)
        connection = _open(path, "rw", lock_timeout)
        if found is not None and (full := _find_no_space(connection)):
            connection.close()
            # The index of the log is in memory then, as long as no process has it in its file.
            connection = _open(path, "ro&readonly_shm=1", lock_timeout)
            connection.full = full
    else:
        # The write-ahead log needs a folder that can be written to. Without a log nobody is writing.
        mode = "ro" if os.path.exists(path + "-wal") else "ro&immutable=1"
        connection = _open(path, mode, lock_timeout)
    connection.file = found or _number(path)  # where another process has made it just now
    return connection


def _open(path: str, mode: str, lock_timeout: float) -> Opened:
    return sqlite3.connect(
        f"file:{quote(path)}?mode={mode}",
        uri=True,
        # Our own BEGIN, never the driver's: its default transactions lose updates, and under its `autocommit=True`
        # SQLAlchemy's commit does nothing at all.
        isolation_level=None,
        timeout=lock_timeout,
        check_same_thread=False,
        factory=Opened,
    )


def _find_no_space(connection: sqlite3.Connection) -> sqlite3.Error | None:
    """What the first look at a file fails with where there is no space for the index of its log."""
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        return error if driver_errors.is_index_without_space(error) else None
    return None


def _number(path: str) -> tuple[int, int] | None:
    """The device and number of a file; None where there is none. Raises Unavailable for what is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise driver_errors.no_file(path)
    return found.st_dev, found.st_ino


def _open_up(path: str) -> None:
    """Let the files of the log be written to by whom the database may be: they were made when that was read-only."""
    for name in (f"{path}-wal", f"{path}-shm"):
        with suppress(OSError):
            if not os.stat(name).st_mode & stat.S_IWUSR:
                os.chmod(name, stat.S_IMODE(os.stat(path).st_mode))


def _can_write_beside(path: str) -> bool:
    folder = os.path.dirname(os.path.abspath(path))
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
