"""The files that backups are: what is written into one, and how one is read, and checked, in constant memory.

A backup of SQLite is an SQLite file. A backup of Postgres is lines of JSON, compressed with gzip:

    {"authctl_backup": 1}
    {"table": "users", "columns": ["seq", "id", …]}      a table, and a row a line behind it; bytes are {"base64": …}
    [1, "ada", …]
    {"manifest": {…}}                                    the end, without which it is half a backup

Either has a manifest, which says when it was made, of which schema and key, and how many rows of which SHA-256 each
table has; the SQLite file in its table `directory`. Rows are written alike of both, so that either is read the same.
The manifest is signed with the directory's secret key (HMAC-SHA256): whoever changes rows can make checksums anew, and
not the signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, Any

from authctl import storage
from authctl.core.crypto import sealing
from authctl.errors import AuthctlError, Invalid, Unavailable
from authctl.model import Json, Step

VERSION = 1
SQLITE, GZIP = b"SQLite format 3\0", b"\x1f\x8b"  # how the two kinds begin
COMPRESSION = 4  # of gzip's 1 to 9; half again as fast as 6, for a tenth more of bytes
MAX_LINE = 64 * 1024 * 1024  # bytes; no row comes near, and a file that is no backup ends the reading here
STEP = 500  # rows between two tellings of progress


@dataclass(frozen=True, slots=True)
class Sum:
    """What a backup holds of one table."""

    table: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    secret_key: the directory's key in base64, where it was asked for. signature: what the directory's key makes of all
    the others, in hex digits; None where the key was not at hand, or an older version made the backup.
    """

    made_at: str | None
    schema: str
    key_fingerprint: str | None
    tables: tuple[Sum, ...]
    secret_key: str | None = field(default=None, repr=False)
    signature: str | None = None

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.tables)

    @property
    def users(self) -> int:
        return next((each.rows for each in self.tables if each.table == "users"), 0)

    def text(self) -> str:
        """As it is written, with a checksum of itself."""
        plain = self._plain() | {"signature": self.signature}
        return _encode(plain | {"sha256": _digest(plain)})

    def signed(self, key: bytes) -> Manifest:
        """The same, signed with the directory's secret key."""
        return replace(self, signature=self._signature(key))

    def is_signed(self, key: bytes) -> bool:
        """Whether the signature is what this key makes."""
        return hmac.compare_digest((self.signature or "").encode(), self._signature(key).encode())

    def _signature(self, key: bytes) -> str:
        return sealing.digest(key, "backup", _encode(self._plain())).hex()

    def _plain(self) -> Json:
        return {
            "authctl_backup": VERSION,
            "made_at": self.made_at,
            "schema": self.schema,
            "key_fingerprint": self.key_fingerprint,
            "secret_key": self.secret_key,
            "tables": [{"table": each.table, "rows": each.rows, "sha256": each.sha256} for each in self.tables],
        }

    @classmethod
    def parse(cls, text: str, path: str) -> Manifest:
        try:
            plain = json.loads(text)
            if plain.get("authctl_backup") != VERSION:
                raise _of_another_version(path)
            if plain.pop("sha256") != _digest(plain):
                raise damaged(path, "its manifest was changed")
            sums = tuple(Sum(each["table"], each["rows"], each["sha256"]) for each in plain["tables"])
            _check_key(path, plain["secret_key"], plain["key_fingerprint"])
            datetime.fromisoformat(plain["made_at"])
            schema = plain["schema"]
            if schema != f"{max(int(schema), 1):04}":  # as migrations are numbered
                raise ValueError
            signature = plain.get("signature")
            if not isinstance(signature, str | None):
                raise ValueError
            return cls(plain["made_at"], schema, plain["key_fingerprint"], sums, plain["secret_key"], signature)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise damaged(path, "its manifest is unreadable") from None


def _check_key(path: str, key: str | None, fingerprint: str | None) -> None:
    """Refuse a key that is not the directory's. Its fingerprint names the file that it is put into."""
    from base64 import b64decode

    if key is None:
        return
    octets = b64decode(key, validate=True)
    if len(octets) != sealing.KEY_SIZE or sealing.fingerprint(octets) != fingerprint:
        raise damaged(path, "its secret key belongs to another directory")


Finish = Callable[[tuple[Sum, ...]], Manifest]


# Reading


def check(path: str, step: Step) -> Manifest:
    """Read a whole backup, and refuse it where a checksum does not fit; what it holds.

    An SQLite file without a manifest, such as the copy that `upgrade` makes, is told by its pages alone: made_at is
    None then. Raises Invalid for a file that is no backup, Unavailable (backup_damaged).
    """
    with _opened(path) as backup:
        found = sums(backup.parts(), step)
        manifest = backup.manifest()
    if manifest.made_at is None:
        return replace(manifest, tables=found)
    _compare(path, found, manifest.tables)
    return manifest


def parts(path: str, manifest: Manifest, step: Step) -> Iterator[storage.backups.Part]:
    """The tables of a backup with their rows, once more; refuses what is not the same any more at its end."""
    with _opened(path) as backup:
        found = []
        for part in backup.parts():
            rows = _Summed(part, step)
            yield part._replace(rows=iter(rows))
            found.append(rows.sum())
        _compare(path, tuple(found), manifest.tables)


def _compare(path: str, found: tuple[Sum, ...], wanted: tuple[Sum, ...]) -> None:
    for each in wanted:
        if each not in found:
            raise damaged(path, f"the rows of {each.table} were changed")
    if len(found) != len(wanted):
        raise damaged(path, "it has extra tables")


class _Summed:
    """The rows of a table as they are read, counted and digested."""

    def __init__(self, part: storage.backups.Part, step: Step) -> None:
        self._part, self._step = part, step
        self._digest, self._count = _new_digest(part.columns), 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return (row for row, _ in self._both())

    def lines(self) -> Iterator[bytes]:
        """The rows as they are written."""
        return (line for _, line in self._both())

    def _both(self) -> Iterator[tuple[Sequence[Any], bytes]]:
        for row in self._part.rows:
            line = self._line(row)
            self._digest.update(line)
            self._count += 1
            if self._count % STEP == 0:
                self._step(STEP)
            yield row, line
        self._step(self._count % STEP)

    def _line(self, row: Sequence[Any]) -> bytes:
        with suppress(TypeError):
            if float not in map(type, row):  # which JSON has, and no column
                return _line(row)
        raise Unavailable(
            "database_damaged",
            f"The table {self._part.table} contains a value that is impossible. Somebody or a failing disk changed it.",
            hint="See where: authctl security check --deep",
        )

    def sum(self) -> Sum:
        return Sum(self._part.table, self._count, self._digest.hexdigest())


@contextmanager
def _opened(path: str) -> Iterator[_SqliteBackup | _Lines]:
    """A backup of either kind, told by its first bytes."""
    with _file(path) as file:
        beginning = file.read(len(SQLITE))
        file.seek(0)
        if beginning == SQLITE:
            yield _SqliteBackup(path)
        elif beginning.startswith(GZIP):
            import gzip
            import zlib

            try:
                with gzip.open(file) as lines:
                    yield _Lines(path, lines)
            except EOFError:
                raise damaged(path, "it ends too early") from None
            except (gzip.BadGzipFile, zlib.error):
                raise damaged(path, "its bytes were changed") from None
        else:
            raise _no_backup(path)


@contextmanager
def _file(path: str) -> Iterator[IO[bytes]]:
    try:
        # What waits for a writer, as a pipe does, must not be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Invalid("general_argument_invalid", f"{path} is not a regular file.", field="file")
            yield file
    except OSError as error:
        raise _unreadable(path, error) from None


class _SqliteBackup:
    """A backup that is an SQLite file. Its manifest is made up of what the file says, where nobody put one there."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._database = storage.database.Database(f"sqlite:///{os.path.abspath(path)}")

    def parts(self) -> Iterator[storage.backups.Part]:
        try:
            self._database.read(storage.backups.find_manifest)  # refuses what is another program's
            if not self._database.read(storage.backups.is_intact):
                raise damaged(self._path, "its pages do not fit together")
            yield from self._database.stream(storage.backups.parts)
        except Unavailable as error:
            if error.type in ("database_foreign", "database_not_initialized"):
                raise _no_backup(self._path) from None
            if error.type == "database_damaged":
                raise damaged(self._path, "its pages do not fit together") from None
            raise
        finally:
            self._database.close()

    def manifest(self) -> Manifest:
        try:
            text = self._database.read(storage.backups.find_manifest)
            if text is not None:
                return Manifest.parse(text, self._path)
            state = storage.state.get_state(self._database)
            return Manifest(None, state.version, state.key_fingerprint, ())
        finally:
            self._database.close()


class _Lines:
    """A backup that is lines of JSON."""

    def __init__(self, path: str, lines: Any) -> None:
        self._path, self._lines = path, lines
        self._count = 0  # of lines that were read
        self._next: Any = self._read()
        if not isinstance(self._next, dict) or "authctl_backup" not in self._next:
            raise _no_backup(path)
        if self._next["authctl_backup"] != VERSION:
            raise _of_another_version(path)
        self._next = self._read()

    def parts(self) -> Iterator[storage.backups.Part]:
        while isinstance(self._next, dict) and "table" in self._next:
            table: Any = self._next["table"]
            columns: Any = self._next.get("columns")
            if not storage.backups.is_table(table, columns):
                raise damaged(self._path, "it contains an unknown table")
            yield storage.backups.Part(table, tuple(columns), self._rows(len(columns)))

    def _rows(self, width: int) -> Iterator[Sequence[Any]]:
        while isinstance(row := self._read(), list):
            try:
                decoded = [value if type(value) in _PLAIN else _decoded(value) for value in row]
            except (KeyError, TypeError, ValueError):
                decoded = []
            if len(decoded) != width:
                raise self._unreadable()
            yield decoded
        self._next = row

    def manifest(self) -> Manifest:
        if not isinstance(self._next, dict) or "manifest" not in self._next:
            raise damaged(self._path, "its manifest is missing")
        if self._lines.read(1):  # gzip looks at its own checksum where nothing follows
            raise damaged(self._path, "it has extra data at the end")
        return Manifest.parse(self._next["manifest"], self._path)

    def _read(self) -> Any:
        line = self._lines.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            raise damaged(self._path, "it ends too early")
        self._count += 1
        try:
            found = json.loads(line.decode())
            if b"\\u" in line:
                _line(found)  # half of a surrogate pair can be escaped, and is no text
            return found
        except (ValueError, RecursionError):
            raise self._unreadable() from None

    def _unreadable(self) -> AuthctlError:
        return damaged(self._path, f"its line {self._count:,} is unreadable")


# Writing


def write(path: str, found: Iterator[storage.backups.Part], manifest_of: Finish, step: Step) -> Manifest:
    """Write tables into a file as lines. manifest_of: makes the manifest of what each of them came to."""
    import gzip

    with open(path, "wb") as file, gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as lines:
        lines.write(_line({"authctl_backup": VERSION}))
        sums = []
        for part in found:
            lines.write(_line({"table": part.table, "columns": part.columns}))
            rows = _Summed(part, step)
            for line in rows.lines():
                lines.write(line)
            sums.append(rows.sum())
        manifest = manifest_of(tuple(sums))
        lines.write(_line({"manifest": manifest.text()}))
    return manifest


def sums(found: Iterator[storage.backups.Part], step: Step) -> tuple[Sum, ...]:
    """What tables come to."""
    done = []
    for part in found:
        rows = _Summed(part, step)
        for _ in rows.lines():
            pass
        done.append(rows.sum())
    return tuple(done)


# Inside


def _new_digest(columns: Sequence[str]) -> Any:
    """The digest of a table begins with its columns, so that values cannot change places."""
    return hashlib.sha256(_line(columns))


def _encoded(value: Any) -> Json:
    from base64 import b64encode

    if not isinstance(value, bytes):
        raise TypeError
    return {"base64": b64encode(value).decode()}


_PLAIN = frozenset((str, bool, type(None)))  # what stands in a row as it is


def _decoded(value: Any) -> int | bytes:
    """What else stands there: whole numbers that a database takes, and bytes."""
    from base64 import b64decode

    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    if type(value) is dict:
        return b64decode(value["base64"])
    raise ValueError


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_encoded).encode


def _line(value: Any) -> bytes:
    return _encode(value).encode() + b"\n"


def _digest(plain: Json) -> str:
    return hashlib.sha256(_encode(plain).encode()).hexdigest()


# What is wrong with a file


def damaged(path: str, how: str) -> AuthctlError:
    return Unavailable(
        "backup_damaged",
        f"The backup {path} is damaged: {how}.",
        field="file",
        hint="Nothing was changed. Use another backup, or copy this one again.",
    )


def _no_backup(path: str) -> AuthctlError:
    return Invalid("general_argument_invalid", f"{path} is not an authctl backup.", field="file")


def _of_another_version(path: str) -> AuthctlError:
    return Invalid(
        "general_argument_invalid",
        f"The backup {path} has a format this authctl does not know.",
        field="file",
        hint="Install a newer authctl: pip install --upgrade authctl",
    )


def _unreadable(path: str, error: OSError) -> AuthctlError:
    return Unavailable("file_unavailable", f"Cannot read {path}: {error.strerror}.", field="file")
