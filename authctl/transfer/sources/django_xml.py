"""The objects of Django's `dumpdata --format xml`, one at a time, in the form that its JSON has.

    <django-objects> <object model pk> <field name type|rel> text | <None/> | <natural>… | <object pk/>… </field> …

A document type is refused, as Django itself does: without one there are no entities to expand. Expat cannot go on
behind an error, so that what follows one is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from authctl.transfer.records import Note, Refused
from authctl.transfer.sources.text_files import MAX_RECORD, Form, SourceRow, Verbatim, unreadable

# What Django writes; expat keeps every name that it ever met.
ELEMENTS = frozenset(("django-objects", "object", "field", "natural", "None"))
ATTRIBUTES = frozenset(("version", "model", "pk", "name", "type", "rel", "to"))
CHUNK = 1 << 16  # bytes
MAX_DEPTH = 16  # of elements; Django's have 5
TAG = 1 << 17  # bytes in which one may have begun that is not whole yet
FORM = Form('<?xml version="1.0" encoding="utf-8"?>\n<django-objects version="1.0">\n', "\n", "\n</django-objects>\n")


def rows(file: Any) -> Iterator[SourceRow | Refused]:
    """The objects of a file. Raises Invalid where it is none of Django's from its beginning."""
    objects = _Objects()
    while True:
        chunk = file.read(CHUNK)
        try:
            objects.feed(chunk)
        except expat.ExpatError:
            yield from objects.taken()
            yield objects.rest()
            return
        yield from objects.taken()
        if not chunk:
            return


class _Objects:
    """What expat tells of, put together. _window: the bytes from _base on, of which an object is written again."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._add_text
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._found: list[SourceRow] = []
        self._count = 0
        self._window, self._base, self._begin = b"", 0, 0
        self._path: list[str] = []
        self._object: dict[str, Any] = {}
        self._field: dict[str, str] = {}
        self._is_none = False
        self._text: list[str] = []
        self._natural: list[str] = []
        self._items: list[Any] = []

    def feed(self, octets: bytes) -> None:
        """Parse on; nothing is the end."""
        self._window += octets
        self._parser.Parse(octets, not octets)
        end = self._base + len(self._window)
        kept = self._begin if len(self._path) > 1 else end - TAG
        if end - kept > MAX_RECORD:
            raise unreadable("An object in the file is too long.")
        if kept > self._base:
            self._window, self._base = self._window[kept - self._base :], kept

    def taken(self) -> list[SourceRow]:
        """What was found since this was asked last."""
        found, self._found = self._found, []
        return found

    def rest(self) -> Refused:
        """What stands behind an error. Raises Invalid where nothing stands before it."""
        line = self._parser.CurrentLineNumber
        if not self._count:
            raise unreadable(f"The file is not XML: line {line} is malformed.")
        text = self._window[max(0, self._begin - self._base) :].decode("utf-8", "replace")
        message = f"Line {line} is not valid XML. Nothing after it can be read."
        return Refused(self._count + 1, None, Verbatim(text, FORM), [Note("import_record_invalid", None, message)])

    def _refuse_doctype(self, *given: Any) -> None:
        raise unreadable("The file declares a document type. Django's files do not.")

    def _start(self, name: str, given: dict[str, str]) -> None:
        if not self._path and name != "django-objects":
            raise unreadable("The XML has no django-objects, so it is not from dumpdata.")
        if name not in ELEMENTS or not given.keys() <= ATTRIBUTES:
            raise unreadable("The XML has elements or attributes that dumpdata does not write.")
        if len(self._path) >= MAX_DEPTH:
            raise unreadable("The XML is nested too deeply, so it is not from dumpdata.")
        self._path.append(name)
        if len(self._path) == 2:
            self._begin = self._parser.CurrentByteIndex
            self._object = {"model": given.get("model"), "pk": given.get("pk"), "fields": {}}
        elif name == "field":
            self._field, self._is_none, self._items = given, False, []
            self._text, self._natural = [], []
        elif name == "object":
            self._field = self._field | {"pk": given.get("pk", "")}
            self._natural = []
        elif name == "natural":
            self._text = []
        elif name == "None":
            self._is_none = True

    def _add_text(self, text: str) -> None:
        self._text.append(text)

    def _end(self, name: str) -> None:
        self._path.pop()
        if len(self._path) == 1:
            self._take(name)
        elif name == "field":
            self._object["fields"][self._field.get("name", "")] = self._value()
        elif name == "object":
            self._items.append(self._natural or self._field.get("pk", ""))
            self._natural = []
        elif name == "natural":
            self._natural.append("".join(self._text))

    def _value(self) -> Any:
        """A field's: a list of keys, a natural key, or its text."""
        if self._is_none:
            return None
        if self._field.get("rel") == "ManyToManyRel":
            return self._items
        return self._natural or "".join(self._text)

    def _take(self, name: str) -> None:
        self._count += 1
        start, end = max(0, self._begin - self._base), self._parser.CurrentByteIndex - self._base
        if self._window.startswith(f"</{name}".encode(), end):  # unless it is empty, and ends with its own tag
            end = self._window.find(b">", end) + 1
        raw = Verbatim(self._window[start:end].decode(), FORM)
        self._found.append(SourceRow(self._count, self._object, raw))
