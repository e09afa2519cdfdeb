"""Records of CSV files: the delimiter found, a malformed row refused by its line, the rows around it kept.

A stray quote makes a reader take line after line into one cell. Where a row of several lines turns out malformed, its
first line alone is refused, and the others are read again.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from authctl.errors import Invalid
from authctl.transfer.records import Note, Refused
from authctl.transfer.sources import text_files
from authctl.transfer.sources.text_files import MAX_RECORD, Form, SourceRow, Verbatim, lines, opened, unreadable

DELIMITERS = ",;\t|"
DELIMITER = {"delimiter": "what stands between cells: a character, or tab (default: found in the first line)"}


class Table:
    """A CSV file whose first row names the columns. names: the columns, in order."""

    def __init__(
        self,
        file: Any,
        options: Mapping[str, str] | None = None,
        *,
        delimiter: str | None = None,
        escape: str | None = None,
    ) -> None:
        options = options or {}
        text = opened(file, options)
        self._lines = Lines(lines(text))
        first = self._lines.peek()
        self.delimiter = delimiter or chosen_delimiter(options) or found_delimiter(first)
        self._reader = reader(self._lines, self.delimiter, escape)
        try:
            names = next(self._reader, None)
        except csv.Error:
            names = None
        if not names:
            raise unreadable("The file is empty, or its first row, which names the columns, is not CSV.")
        self.names = tuple(name.strip() for name in names)
        self._form = Form(self._lines.taken(), encoding=text.encoding)

    def rows(self) -> Iterator[SourceRow | Refused]:
        """Each row as {column: cell}. Empty lines are no rows."""
        names, form = self.names, self._form
        for at, cells, text in records(self._reader, self._lines, (len(names),)):
            raw = Verbatim(text, form)
            if isinstance(cells, list):
                yield SourceRow(at, dict(zip(names, cells, strict=True)), raw)
            else:
                yield Refused(at, None, raw, [Note("import_record_invalid", None, cells)])


def reader(lines: Lines, delimiter: str, escape: str | None = None) -> Any:
    """csv's own, strict, with a limit for cells that breaks nobody else: 131,072 characters are the process's."""
    if csv.field_size_limit() < MAX_RECORD:
        csv.field_size_limit(MAX_RECORD)
    return csv.reader(lines, delimiter=delimiter, escapechar=escape, strict=True)


def records(found: Any, lines: Lines, widths: Collection[int]) -> Iterator[tuple[int, list[str] | str, str]]:
    """(line, cells, text) of each row; in place of the cells of a malformed one, what is wrong with it."""
    while True:
        at = lines.line + 1
        try:
            cells = next(found)
        except StopIteration:
            return
        except csv.Error as error:
            yield at, _why(error), lines.give_back()
            continue
        if len(cells) in widths:
            yield at, cells, lines.taken()
        elif cells:
            yield at, f"The row has {len(cells)} of {max(widths)} columns.", lines.give_back()
        else:
            lines.taken()


class Lines:
    """Lines for the reader, and which of them its last row was made of. line: the last one's number."""

    def __init__(self, found: Iterator[str]) -> None:
        self._found, self._again, self._taken = found, deque[str](), list[str]()
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        found = self._again.popleft() if self._again else next(self._found)
        self._taken.append(found)
        self.line += 1
        return found

    def peek(self) -> str:
        if not self._again:
            self._again.extend(found for found in (next(self._found, None),) if found is not None)
        return self._again[0] if self._again else ""

    def taken(self) -> str:
        """The text of the row, with the end of its line, which a file may have left out of its last."""
        text = self._taken[0] if len(self._taken) == 1 else "".join(self._taken)
        self._taken.clear()
        return text if text.endswith(("\n", "\r")) else text + "\n"

    def give_back(self) -> str:
        """All but the first of the lines taken, to be read again; answers the first."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self.line -= len(others)
        self._taken.clear()
        return first if first.endswith(("\n", "\r")) else first + "\n"


def found_delimiter(first: str) -> str:
    """The one that stands most often in the first line, outside quotes."""
    bare = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def chosen_delimiter(options: Mapping[str, str]) -> str | None:
    chosen = options.get("delimiter")
    if chosen is None:
        return None
    chosen = {"tab": "\t", "\\t": "\t"}.get(chosen, chosen)
    if (len(chosen) == 1 and chosen not in '"\r\n ' and chosen.isprintable()) or chosen == "\t":
        return chosen
    raise Invalid(
        "general_argument_invalid", "A delimiter is one character, or the word tab.", field="delimiter",
        hint="Use, for example, --source-option 'delimiter=;'.",
    )  # fmt: skip


def header_of(head: bytes, delimiter: str | None = None) -> frozenset[str]:
    """The columns that a file's beginning names; to recognise it by."""
    first = head.decode(text_files.found_encoding(head), "replace").split("\n", 1)[0].rstrip("\r")
    try:
        cells = next(csv.reader([first], delimiter=delimiter or found_delimiter(first)), [])
    except csv.Error:
        return frozenset()
    return frozenset(cell.strip() for cell in cells)


def _why(error: csv.Error) -> str:
    if "field larger" in str(error):
        return "A cell of this row is too long, or a quote in it is never closed."
    return "The row is not CSV: a quote is never closed, or something stands after a closing one."
