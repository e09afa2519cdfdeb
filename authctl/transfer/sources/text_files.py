"""How a file's bytes become text, record by record, and how refused records become a file again.

Whatever a file is encoded in, sources read UTF-8. Bytes that are not of the encoding are kept as lone surrogates, which
no value may hold: the record is refused, its neighbours come in, and what is written for mending has the very bytes
again.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from authctl.errors import Invalid
from authctl.transfer.files import Chained

HEAD_SIZE = 1 << 16  # bytes; what a format is recognised by
CLEAR = ("{CLEARTEXT}", "{CLEAR}", "{PLAIN}", "{PLAINTEXT}", "{NOOP}")  # schemes of passwords in plain text
MAX_RECORD = 1 << 25  # characters; far above any real record, and what one costs in memory at most
MAX_REF = 128  # characters of what names a record in reports


class Form(NamedTuple):
    """How a file of some format is put together from the texts of its records."""

    head: str = ""
    between: str = ""
    tail: str = ""


class Verbatim(NamedTuple):
    """A record as it stands in its file. It may hold secrets, so that nothing prints it."""

    text: str
    form: Form

    def __repr__(self) -> str:
        return "Verbatim(…)"


class SourceRow(NamedTuple):
    """One record's values, before they are looked at. at: its line, or its place counted from 1."""

    at: int
    values: Any
    raw: Verbatim


def together(raws: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The records as a file of their format. They may have been through JSON, which knows no names for parts.

    Those behind the first may be without their form.
    """
    form = None
    for text, *parts in raws:
        is_first, form = form is None, form or Form(*parts[0])
        yield _encoded((form.head if is_first else form.between) + text)
    if form is not None:
        yield _encoded(form.tail)


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # what JSON wrote as an escape
        return text.encode("utf-8", "backslashreplace")


def opened(file: Any) -> io.TextIOWrapper:
    """The file, which is UTF-8 by now, as text, its lines ending as they do. Closing it leaves the file itself open."""
    return io.TextIOWrapper(io.BufferedReader(Chained(b"", file), 1 << 18), "utf-8", "surrogateescape", newline="")


def peeked(file: Any) -> tuple[bool, Any]:
    """Whether the file begins as JSON does, and the file with its beginning still to be read."""
    head: bytes = file.read(HEAD_SIZE)
    return is_json(head), io.BufferedReader(Chained(head, file), 1 << 18)


def is_json(head: bytes) -> bool:
    """Whether a file that begins so is JSON, if it is not CSV."""
    return head.lstrip(b" \t\r\n\v\f\x1e")[:1] in (b"{", b"[")


def unreadable(message: str, hint: str | None = None) -> Invalid:
    """What is wrong with a file as a whole."""
    return Invalid("import_file_invalid", message, hint=hint)


def lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Each line with its end. One that is too long comes in pieces, of which the first has MAX_RECORD characters."""
    while line := text.readline(MAX_RECORD):
        yield line


def ref(value: object) -> str | None:
    """What names a record to its owner, safe to print and to store."""
    if type(value) is str and len(value) <= MAX_REF and value.isprintable():
        return value or None
    if value is None or isinstance(value, (dict, list, bool, float)):
        return None
    text = (value if isinstance(value, str) else str(value))[: MAX_REF + 1]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return (text if len(text) <= MAX_REF else text[: MAX_REF - 1] + "…") or None


def first(texts: Iterable[object]) -> str | None:
    """The first of these that names a record."""
    return next((found for value in texts if (found := ref(value))), None)
