"""The files of an import: what is read, decompressed as it comes, and what is written, for its owner's eyes alone.

What is read holds credentials, so nothing of it is copied anywhere. `-` is standard input, which passes by once: its
digest is that of its beginning.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, cast

from authctl.core.maintenance import private_files
from authctl.errors import Invalid, Unavailable
from authctl.model import Json
from authctl.transfer import encodings

HEAD = 65_536  # bytes, by which a source is recognised
STDIN = "-"

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20  # bytes
_BEFORE = 256  # bytes; what is shown of the text before it
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_FAR = 1 << 26  # bytes; how far the first character beyond ASCII is looked for


@dataclass(frozen=True, slots=True)
class Input:
    """A file to be read. size: bytes; None where nobody knows. head: the first of standard input, which were read.

    encoding: of its text. is_guessed: whether only its words tell that. stamp: its size and when it was written last.
    """

    path: str
    size: int | None
    digest: str
    head: bytes = field(default=b"", repr=False)
    encoding: str = encodings.UTF_8
    is_guessed: bool = False
    stamp: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    def public(self) -> Json:
        return {"name": self.name, "size": self.size, "digest": self.digest}


def look_at(path: str, stdin: BinaryIO | None, encoding: str | None = None) -> Input:
    """What there is to know of a file beforehand. stdin: where `-` is read from. Reads it once for its digest.

    encoding: of its text, where that is known; else it is found. A file that is empty, as an export that failed leaves
    one, and one that is no text are refused.
    """
    given = encodings.checked(encoding) if encoding else None
    found = _look_at(path, stdin)
    if _is_blank(found):
        name = "Standard input" if path == STDIN else path
        raise Invalid(
            "import_file_invalid",
            f"{name} is empty.",
            field="file",
            hint="Nothing was imported. Check whether the program that wrote it failed.",
        )
    head = _telling_part(found)
    _check_is_text(found, head)
    encoding = given or encodings.found(head)
    return replace(found, encoding=encoding, is_guessed=given is None and encoding == encodings.WESTERN)


# How files that are no text begin, what they are, and what to do instead.
_EXPORTED = "Export its users as CSV or JSON"
_UNPACKED = "Unpack it and import the file inside"
_KINDS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (xls)", "Save it as CSV"),
    (b"BZh", "compressed with bzip2", "Unpack it: bunzip2"),
    (b"\xfd7zXZ\0", "compressed with xz", "Unpack it: unxz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it: unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACKED),
    (b"Rar!", "a RAR archive", _UNPACKED),
    (b"%PDF-", "a PDF", "Ask for the data as CSV or JSON"),
    (b"SQLite format 3\0", "an SQLite database", _EXPORTED),
    (b"PGDMP", "a dump of pg_dump", _EXPORTED),
    (b"PAR1", "a Parquet file", _EXPORTED),
)


def _check_is_text(file: Input, head: bytes) -> None:
    """Refuse what is no text by the name of what it is."""
    name = "Standard input" if file.path == STDIN else file.path
    kind = next(((what, do) for mark, what, do in _KINDS if head.startswith(mark)), None)
    if head.startswith(b"PK\x03\x04"):
        is_book = b"[Content_Types].xml" in head or b"xl/" in head or b"opendocument.spreadsheet" in head
        kind = ("a spreadsheet", "Save it as CSV") if is_book else ("a zip archive", _UNPACKED)
    elif head[257:262] == b"ustar":
        kind = "a tar archive", _UNPACKED
    elif kind is None and not _is_text(head):
        kind = "not a text file", "Export the users as CSV or JSON"
    if kind is not None:
        message = f"{name} is {kind[0]}, which cannot be imported."
        raise Invalid("import_file_invalid", message, field="file", hint=f"{kind[1]}.")


def _is_text(head: bytes) -> bool:
    """Whether few of its characters are controls. UTF-16 has a zero beside each character of ASCII."""
    bare = head.replace(b"\0", b"") if head[:2].count(0) == 1 or head[:2] in _WIDE else head
    return len(bare) - len(bare.translate(None, _CONTROLS)) <= len(bare) // 50 + 8


_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0\0")
_CONTROLS = bytes({*range(32)} - set(b"\t\n\v\f\r\x1b\x1e"))


def _telling_part(file: Input) -> bytes:
    """What the encoding of a file is found by: its beginning, decompressed, or what follows where that is ASCII."""
    if file.path == STDIN:
        return head_of(file)
    reading = Reading(file, None)
    try:
        head = some = reading.file.read(HEAD)
        if b"\0" in head:
            return head
        for _ in range(_FAR // _CHUNK):
            if not some.isascii():
                break
            some = reading.file.read(_CHUNK)
            if not some:
                return head
        beyond = _BEYOND_ASCII.search(some)
        if some is head or beyond is None:
            return head
        place = max(beyond.start() - _BEFORE, 0)
        return head[:_BEFORE] + b"\n" + some[place : place + HEAD]
    finally:
        reading.close()


def in_folder(folder: str, pattern: str | None, source: str) -> tuple[list[str], list[str]]:
    """The users' files of a folder that a source's export is, and the names of the others. pattern: the source's."""
    if pattern is None:
        raise _not_of(f"{folder} is a folder, and {source} exports are files.", "Name the files inside.")
    try:
        names = sorted(os.listdir(folder), key=lambda name: (len(name), name))
    except OSError as error:
        raise unavailable(folder, error) from None
    found = {name: match[1] for name in names if (match := re.fullmatch(pattern, name))}
    if not found:
        hint = "Name the file with the users."
        raise _not_of(f"{folder} contains no users as {source} exports them.", hint)
    if len(exports := sorted(set(found.values()))) > 1:
        first = next(name for name, export in found.items() if export == exports[0])
        hint = f"Name the files of one export, such as {os.path.join(folder, first)}."
        raise _not_of(f"{folder} contains several exports: {' and '.join(exports)}.", hint)
    return [os.path.join(folder, name) for name in found], [name for name in names if name not in found]


def _not_of(message: str, hint: str) -> Invalid:
    return Invalid("import_file_invalid", message, field="file", hint=hint)


def _look_at(path: str, stdin: BinaryIO | None) -> Input:
    if path == STDIN:
        if stdin is None:
            raise Invalid("import_file_invalid", "Standard input is closed.", field="file")
        with suppress(OSError):  # it is no file of the system's
            os.set_blocking(stdin.fileno(), True)  # else what another program is yet to write would be its end
        head = _read_head(stdin)
        return Input(path, None, hashlib.sha256(head).hexdigest(), head)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if stat.S_ISREG((found := os.fstat(file.fileno())).st_mode):
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return Input(path, found.st_size, digest, stamp=_stamp(found))
    except OSError as error:
        raise unavailable(path, error) from None
    raise Invalid(
        "import_file_invalid",
        f"{path} is not a regular file.",
        field="file",
        hint="Pipe it to standard input and write - for FILE.",
    )


def _stamp(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _without_waiting(path: str, flags: int) -> int:
    """A pipe that nobody writes to would be waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _read_head(stdin: BinaryIO) -> bytes:
    head = bytearray()
    while len(head) < HEAD and (read := stdin.read(HEAD - len(head))):
        head += read
    return bytes(head)


def _is_blank(file: Input) -> bool:
    """Whether nothing but space is in it, decompressed."""
    if len(file.head) == HEAD:
        return False  # of standard input, of which more may follow
    reading = Reading(file, io.BytesIO())
    try:
        while some := reading.file.read1(_CHUNK):
            if some.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                some = some[2:].replace(b"\0", b"")
            if some.removeprefix(codecs.BOM_UTF8).strip():
                return False
        return True
    finally:
        reading.close()


def is_open_to_all(file: Input) -> bool:
    """Whether everybody on this machine can read it."""
    return file.path != STDIN and bool(os.stat(file.path).st_mode & stat.S_IROTH)


def unavailable(path: str, error: OSError) -> Unavailable:
    return Unavailable("file_unavailable", f"{path}: {error.strerror}.", field="file")


def _is_empty(path: str) -> bool:
    """Whether there is a file of our own that holds nothing, as a kill leaves one."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0 and found.st_uid == os.geteuid()


class Reading:
    """An open file, decompressed, its text as UTF-8. `done` counts the bytes of it that were read."""

    def __init__(self, file: Input, stdin: BinaryIO | None) -> None:
        self.name, self._given = file.name, file
        self._opened: io.FileIO | None = None
        if file.path == STDIN:
            assert stdin is not None
            self._raw: Any = _Counted(Chained(file.head, stdin))
        else:
            try:
                self._opened = open(file.path, "rb", buffering=0)  # noqa: SIM115 - closed by close()
            except OSError as error:
                raise unavailable(file.path, error) from None
            self._raw = _Counted(self._opened)
            self.check_unchanged()
        plain = io.BufferedReader(self._raw, _CHUNK)
        self.is_compressed = plain.peek(2)[:2] == _GZIP
        self.file = io.BufferedReader(_Gunzipped(plain, file.name), _CHUNK) if self.is_compressed else plain
        if file.encoding != encodings.UTF_8:
            self.file = io.BufferedReader(encodings.Transcoded(self.file, file.encoding), _CHUNK)

    def check_unchanged(self) -> None:
        """Refuse a file that was written, or another that got its name, since it was looked at."""
        if self._opened is None or self._given.stamp in (None, _stamp(os.fstat(self._opened.fileno()))):
            return
        self._opened.close()
        raise Invalid(
            "import_file_invalid",
            f"{self._given.path} was changed while it was being read.",
            field="file",
            hint="When it is complete, run the same command again. Nobody is imported twice.",
        )

    @property
    def done(self) -> int:
        return cast("int", self._raw.count)

    def close(self) -> None:
        self.file.close()


def head_of(file: Input) -> bytes:
    """How a file begins, decompressed and as UTF-8; of standard input nothing more is read."""
    reading = Reading(file, io.BytesIO())
    try:
        return reading.file.peek(HEAD)[:HEAD]
    finally:
        reading.close()


class _Readable(io.RawIOBase):
    def readable(self) -> bool:
        return True


class _Counted(_Readable):
    """Passes bytes on and counts them."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.count = 0

    def readinto(self, buffer: Any) -> int:
        read = self._inner.readinto(buffer) or 0
        self.count += read
        return cast("int", read)

    def seekable(self) -> bool:
        return isinstance(self._inner, io.FileIO) and self._inner.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        place = self._inner.seek(offset, whence)
        self.count = place  # who begins anew reads all of it again
        return cast("int", place)

    def close(self) -> None:
        self._inner.close()
        super().close()


class Chained(_Readable):
    """What was read of a stream already, and then the rest of it."""

    def __init__(self, head: bytes, rest: Any) -> None:
        self._head, self._rest = head, rest

    def readinto(self, buffer: Any) -> int:
        if not self._head:
            return cast("int", self._rest.readinto(buffer))
        read, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        buffer[: len(read)] = read
        return len(read)


class _Gunzipped(_Readable):
    """The content of a gzip stream; several members one behind another are one."""

    def __init__(self, compressed: io.BufferedReader, name: str) -> None:
        import gzip

        self._content = gzip.GzipFile(fileobj=compressed, mode="rb")
        self._compressed, self._name = compressed, name

    def readinto(self, buffer: Any) -> int:
        try:
            read = self._content.read1(len(buffer))
        except (EOFError, OSError, zlib.error):
            raise Invalid(
                "import_file_invalid", f"{self._name} is not a complete gzip file: damaged or cut off.", field="file"
            ) from None
        buffer[: len(read)] = read
        return len(read)

    def close(self) -> None:
        self._compressed.close()
        super().close()


class Writing:
    """A file that only its owner can read, written from its beginning or from where it was left.

    left: where it was left, its size and its number on the disk; what stands behind that was written by a batch that
    did not come through. None makes the file. One that is there, holds anything and is another is refused.
    """

    def __init__(self, path: str, left: tuple[int, int | None] | None) -> None:
        self.path = os.path.abspath(path)
        size, number = left or (0, None)
        is_new = left is None and not _is_empty(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_EXCL if is_new else 0)
        try:
            self._file = os.fdopen(os.open(path, flags, 0o600), "r+b")
            found = os.fstat(self._file.fileno())
            self.number = found.st_ino
            if found.st_size and self.number != number:
                self._file.close()
                raise FileExistsError
            os.fchmod(self._file.fileno(), 0o600)
            self.cut(size)
        except FileExistsError:
            raise private_files.exists(path, "file") from None
        except OSError as error:
            raise unavailable(path, error) from None

    @property
    def size(self) -> int:
        return self._file.tell()

    def cut(self, size: int) -> None:
        """Go back to that size; to its end where it is smaller."""
        self._file.seek(0, os.SEEK_END)
        self._file.seek(min(size, self._file.tell()))
        self._file.truncate()

    def write(self, line: bytes) -> None:
        with self._told():
            self._file.write(line)

    def flush(self) -> None:
        """Hand what was written over to the operating system, so that it outlives this process."""
        with self._told():
            self._file.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A full disk, by the name of the file."""
        try:
            yield
        except OSError as error:
            with suppress(OSError):  # it would be written once more
                self._file.close()
            raise unavailable(self.path, error) from None

    def read(self) -> Any:
        """The lines of it, from the beginning."""
        self._file.flush()
        self._file.seek(0)
        return iter(self._file)

    def close(self) -> None:
        with self._told():
            self._file.close()

    def remove(self) -> None:
        """Take the file away, unless another has its name by now."""
        with suppress(FileNotFoundError):
            if os.lstat(self.path).st_ino == self.number:
                os.unlink(self.path)
