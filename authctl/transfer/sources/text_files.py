"""How a file's bytes become text, record by record, and how refused records become a file again.

Bytes that are not of the encoding are kept as lone surrogates, which no value may hold: the record is refused, its
neighbours come in, and what is written for mending has the very bytes again.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from authctl.errors import Invalid
from authctl.transfer.files import Chained

HEAD_SIZE = 1 << 16  # bytes; what the encoding is found from
MAX_RECORD = 1 << 25  # characters; far above any real record, and what one costs in memory at most
MAX_REF = 128  # characters of what names a record in reports

ENCODING = {"encoding": "how the file's text is encoded, for example latin-1 (default: found)"}
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Form(NamedTuple):
    """How a file of some format is put together from the texts of its records."""

    head: str = ""
    between: str = ""
    tail: str = ""
    encoding: str = "utf-8"


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


def together(raws: Iterator[Verbatim]) -> Iterator[bytes]:
    """The records as a file of their format. They may have been through JSON, which knows no names for parts."""
    form = None
    for text, parts in raws:
        is_first, form = form is None, form or Form(*parts)
        yield _encoded((form.head if is_first else form.between) + text, form.encoding, first=is_first)
    if form is not None:
        yield _encoded(form.tail, form.encoding)


def _encoded(text: str, encoding: str, *, first: bool = False) -> bytes:
    """In the encoding of the file, its byte order mark at the beginning alone."""
    if encoding == "utf-8-sig" and not first:
        encoding = "utf-8"
    if encoding == "utf-16" and not first:
        encoding = codecs.lookup("utf-16-le" if codecs.BOM_UTF16 == codecs.BOM_UTF16_LE else "utf-16-be").name
    try:
        return text.encode(encoding, _errors(encoding))
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")


def opened(file: Any, options: Mapping[str, str] | None = None, *, guess: bool = True) -> io.TextIOWrapper:
    """The file as text, its lines ending as they do. guess: whether it may be of another encoding than Unicode's.

    Closing it leaves the file itself open.
    """
    head: bytes = file.read(HEAD_SIZE)
    given = (options or {}).get("encoding")
    encoding = _checked(given) if given else found_encoding(head, guess=guess)
    rest = io.BufferedReader(Chained(head, file), 1 << 18)
    return io.TextIOWrapper(rest, encoding=encoding, errors=_errors(encoding), newline="")


def peeked(file: Any) -> tuple[bool, Any]:
    """Whether the file begins as JSON does, and the file with its beginning still to be read."""
    head: bytes = file.read(HEAD_SIZE)
    return is_json(head), io.BufferedReader(Chained(head, file), 1 << 18)


def is_json(head: bytes) -> bool:
    """Whether a file that begins so is JSON, if it is not CSV."""
    return head.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def found_encoding(head: bytes, *, guess: bool = True) -> str:
    """By its byte order mark, else UTF-8; Windows-1252 where there is more than ASCII, and none of it is UTF-8."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    if not guess:
        return "utf-8"
    text = head.decode("utf-8", "surrogateescape")
    if len(head) == HEAD_SIZE:
        text = text[:-3]  # a character may be cut in two there
    beyond = [character for character in text if character > "\x7f"]
    return "cp1252" if beyond and all("\udc80" <= character <= "\udcff" for character in beyond) else "utf-8"


def _checked(encoding: str) -> str:
    """The name of an encoding that turns bytes into text, in Python's spelling."""
    try:
        name = codecs.lookup(encoding).name
        b"a".decode(name)
    except (LookupError, ValueError, TypeError):
        raise Invalid(
            "general_argument_invalid",
            f"There is no text encoding called {encoding[:40]!r}.",
            field="encoding",
            hint="Use, for example, utf-8, utf-16, latin-1 or cp1252.",
        ) from None
    return "utf-8-sig" if name == "utf-8" else name  # which also reads what has no mark


def _errors(encoding: str) -> str:
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def unreadable(message: str, hint: str | None = None) -> Invalid:
    """What is wrong with a file as a whole."""
    return Invalid("import_file_invalid", message, hint=hint)


def chunks(text: io.TextIOWrapper, size: int) -> str:
    """The next of its characters, at most size; none at the end."""
    try:
        return text.read(size)
    except UnicodeError:
        raise _undecodable(text) from None


def lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Each line with its end. One that is too long comes in pieces, of which the first has MAX_RECORD characters."""
    try:
        while line := text.readline(MAX_RECORD):
            yield line
    except UnicodeError:
        raise _undecodable(text) from None


def _undecodable(text: io.TextIOWrapper) -> Invalid:
    return unreadable(
        f"The file is not {text.encoding} text throughout.", "Say how it is encoded: --source-option encoding=NAME."
    )


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
