"""Records of CSV files: the delimiter found, a malformed row refused by its line, the rows around it kept.

A stray quote makes a reader take line after line into one cell. Where a row of several lines turns out malformed, its
first line alone is refused, and the others are read again; where they make no rows either, reading ends there. Where
more was read again than PATIENCE allows, rows are of few lines, so that the time stays linear.

What spreadsheets and clients of databases add to CSV is understood: a first line `sep=;`, columns without a name, NULL
in their spellings, `="007"`, quotes written `\\"`, and what counts the rows at the end.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from authctl.errors import Invalid
from authctl.transfer.records import Note, Refused
from authctl.transfer.sources.text_files import MAX_RECORD, Form, SourceRow, Verbatim, lines, opened, unreadable

DELIMITERS = ",;\t|"
DELIMITER = {"delimiter": "cell separator: a character, or tab (default: detected from the first line)"}
IDIOMS = {
    "header": "no: the first row is a user, and --map numbers the columns: email=2 (default: yes)",
    "escape": "how a quote inside quotes is escaped: backslash, or none for two quotes (default: detected)",
}
# What psql, MySQL, HeidiSQL, DBeaver, DataGrip and macOS write where there is nothing.
NULLS = frozenset(("NULL", "\\N", "(NULL)", "(null)", "[NULL]", "<null>"))
ROW_LINES, ROW_SIZE = (
    10_000,
    1 << 22,
)  # lines and characters of one row at most; a quote was never closed in longer ones
HEAD_SIZE = 1 << 20  # characters of the first row; refused rows are written out with it
FEW = 100  # lines that are read again in any case
RUNAWAYS = 10  # quotes that are never closed, before reading ends
# Characters that may be read again: so many, and so many more for each that a row is made of.
PATIENCE = (1 << 23, 2)
SHORT = 10  # lines of a row, behind that
A_LINE = 64  # characters; what a line costs beside its own
LOOKED_AT = 100  # lines that the escape is found from

_SEP = re.compile(r"\ufeff?sep=(.)\r?\n?", re.IGNORECASE)
_RULER = re.compile(r"(?=.*?--)[-+=|,;\t ]+\r?\n?")  # sqlcmd's, between the names and the rows
_ESCAPED = re.compile(r'\\"[^",;|\t\r\n]')  # which no quote that closes has behind it
_ESCAPED_NULL = re.compile(r"(^|[,;|\t])\\N(?=[,;|\t\r\n]|$)")
_COUNT = re.compile(
    r"\(?[0-9]+ (?:rows?|records?|zeilen?|lignes?|filas?|righe?|riga|linhas?|строк\w*)\b[^,;|\t]*", re.IGNORECASE
)
_TOTAL = re.compile(r"(?:(?:grand )?totals?|sum|summe|gesamt|count|anzahl)\b", re.IGNORECASE)


class Table:
    """A CSV file whose first row names the columns. names: the columns, in order.

    exact: cells are what they are, since the file is written by a program that knows none of these idioms. known: names
    of which one at least is a column of every such file.
    """

    def __init__(
        self,
        file: Any,
        options: Mapping[str, str] | None = None,
        *,
        delimiter: str | None = None,
        escape: str | None = None,
        exact: bool = False,
        known: Collection[str] = (),
    ) -> None:
        options = options or {}
        text = opened(file)
        self._lines = Lines(lines(text))
        if not escape and not exact:
            escape = _escape(options.get("escape"), self._lines)
        if escape:
            self._lines.change(lambda line: _ESCAPED_NULL.sub(r"\1NULL", line))
        self.exact = exact
        said = _SEP.fullmatch(self._lines.peek())
        if said:
            next(self._lines)
        first = self._lines.peek()
        self.delimiter = delimiter or chosen_delimiter(options) or (said and said[1]) or found_delimiter(first)
        self._reader = reader(self._lines, self.delimiter, escape)
        has_header = _yes(options, "header")
        self.names = self._names(has_header=has_header)
        if known and set(self.names).isdisjoint(known):
            raise unreadable(f"The first row has none of these columns: {', '.join(known)}.")
        self._form = Form(self._lines.taken() if has_header else "")

    def _names(self, *, has_header: bool) -> tuple[str, ...]:
        """What the first row names, without the columns at its end that have no name; their numbers without one."""
        if has_header and len(self._lines.peek()) > HEAD_SIZE:
            raise unreadable("The first row is too long.")
        try:
            names = next(self._reader, None)
        except csv.Error:
            names = None
        if not has_header and names:
            self._lines.again()
            return tuple(str(number) for number in range(1, len(names) + 1))
        while names and not names[-1].strip():
            names.pop()
        if not names:
            raise unreadable("The file is empty, or its first row is not CSV.")
        if _RULER.fullmatch(self._lines.peek()):
            next(self._lines)
        return _different(name.strip() for name in names)

    def rows(self) -> Iterator[SourceRow | Refused]:
        """Each row as {column: cell}. Empty lines, rows of empty cells and what counts the rows are no rows."""
        names, form, exact = self.names, self._form, self.exact
        for at, cells, text in records(self._reader, self._lines, (len(names),), trims=not exact):
            raw = Verbatim(text, form)
            if isinstance(cells, list):
                if exact:
                    pass
                elif _TOTAL.match(text) and self._is_total(cells):
                    yield Refused(at, None, raw, [Note("import_record_invalid", None, "The last row is a total.")])
                    continue
                elif len(cells) == 1 and _COUNT.fullmatch(text.strip()):
                    continue
                elif not NULLS.isdisjoint(cells) or '="' in text:
                    cells = [_plain_cell(cell) for cell in cells]
                yield SourceRow(at, dict(zip(names, cells, strict=True)), raw)
            elif exact or not _COUNT.fullmatch(text.strip()):
                yield Refused(at, None, raw, [Note("import_record_invalid", None, cells)])

    def _is_total(self, cells: list[str]) -> bool:
        """Whether there are only numbers behind its first cell, and nothing follows."""
        others = (cell.strip().replace(".", "").replace(",", "") for cell in cells[1:])
        return all(not cell or cell.isdigit() for cell in others) and not self._lines.peek().strip()


def _plain_cell(cell: str) -> str:
    """Nothing for NULL; the text of `="007"`, by which spreadsheets are kept from making a number of it."""
    if cell in NULLS:
        return ""
    return cell[2:-1].replace('""', '"') if cell.startswith('="') and cell.endswith('"') and len(cell) > 2 else cell


def _different(names: Iterable[str]) -> tuple[str, ...]:
    """The names, the second of the same one as `name (2)`."""
    found: dict[str, None] = {}
    numbers: dict[str, int] = {}  # up to which each name is taken
    for name in names:
        number, each = numbers.get(name, 1), name
        while each in found:
            number += 1
            each = f"{name} ({number})"
        numbers[name] = number
        found[each] = None
    return tuple(found)


def reader(lines: Lines, delimiter: str, escape: str | None = None) -> Any:
    """csv's own, strict, with a limit for cells that breaks nobody else: 131,072 characters are the process's."""
    if csv.field_size_limit() < MAX_RECORD:
        csv.field_size_limit(MAX_RECORD)
    return csv.reader(lines, delimiter=delimiter, escapechar=escape, strict=True)


def records(
    found: Any, lines: Lines, widths: Collection[int], *, trims: bool = False
) -> Iterator[tuple[int, list[str] | str, str]]:
    """(line, cells, text) of each row; in place of the cells of a malformed one, what is wrong with it.

    trims: empty cells behind the last column are none.
    """
    widest, runaways = max(widths), 0
    while True:
        at = lines.line + 1
        try:
            cells = next(found)
        except StopIteration:
            return
        except csv.Error as error:
            text = lines.give_back()
            runaways += isinstance(error, Runaway)
            is_long = lines.waiting > FEW and lines.is_patient
            if runaways > RUNAWAYS or (is_long and not _are_rows(lines, found.dialect, widths)):
                yield at, "A quote opens here and never closes. Nothing after it was read.", text
                return
            yield at, _why(error), text
            continue
        while trims and len(cells) > widest and not cells[-1]:
            cells.pop()
        if len(cells) in widths and any(cells):
            yield at, cells, lines.taken()
        elif any(cells):
            yield at, f"The row has {len(cells)} of {widest} columns.", lines.give_back()
        else:
            lines.taken()


def _are_rows(lines: Lines, dialect: Any, widths: Collection[int]) -> bool:
    """Whether at least half of the lines that are to be read again are rows by themselves."""
    found = 0
    for line in lines.ahead(lines.waiting):
        try:
            found += len(next(csv.reader([line], dialect), ())) in widths
        except csv.Error:
            continue
    return found * 2 >= lines.waiting


class Runaway(csv.Error):
    """A row that goes on and on."""


class Lines:
    """Lines for the reader, and which of them its last row was made of. line: the last one's number."""

    def __init__(self, found: Iterator[str]) -> None:
        self._found, self._again, self._taken = found, deque[str](), list[str]()
        self._size = 0
        self._passed = self._again_size = 0  # characters of rows, and of what was given back
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._taken:
            self._check_size()
        found = self._again.popleft() if self._again else next(self._found)
        self._taken.append(found)
        self.line += 1
        return found

    def _check_size(self) -> None:
        self._size += len(self._taken[-1])
        if len(self._taken) >= ROW_LINES or self._size > ROW_SIZE:
            raise Runaway
        if len(self._taken) >= SHORT and not self.is_patient:
            raise csv.Error

    @property
    def is_patient(self) -> bool:
        """Whether no more was given back than what was read is worth."""
        at_first, for_each = PATIENCE
        return self._again_size <= at_first + for_each * self._passed

    @property
    def waiting(self) -> int:
        """How many lines were given back, or looked at, and are still to be read."""
        return len(self._again)

    def change(self, how: Callable[[str], str]) -> None:
        """Have all that is still to be read changed so."""
        self._again, self._found = deque(map(how, self._again)), map(how, self._found)

    def ahead(self, count: int) -> list[str]:
        """The next lines, which are still to be read; fewer where they are long."""
        while len(self._again) < count and sum(map(len, self._again)) <= ROW_SIZE:
            if (line := next(self._found, None)) is None:
                break
            self._again.append(line)
        return list(islice(self._again, count))

    def peek(self) -> str:
        return next(iter(self.ahead(1)), "")

    def taken(self) -> str:
        """The text of the row, with the end of its line, which a file may have left out of its last."""
        text = self._taken[0] if len(self._taken) == 1 else "".join(self._taken)
        self._passed += len(text) + A_LINE * len(self._taken)
        self._taken.clear()
        self._size = 0
        return text if text.endswith(("\n", "\r")) else text + "\n"

    def again(self) -> None:
        """Give back all of the lines taken, to be read again."""
        self._again.extendleft(reversed(self._taken))
        self._again_size += sum(map(len, self._taken)) + A_LINE * len(self._taken)
        self.line -= len(self._taken)
        self._taken.clear()
        self._size = 0

    def give_back(self) -> str:
        """All but the first of the lines taken, to be read again; answers the first."""
        first = self._taken.pop(0)
        self.again()
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
        "general_argument_invalid", "Invalid --source-option delimiter: use one character, or tab.", field="delimiter",
        hint="For example: --source-option 'delimiter=;'",
    )  # fmt: skip


def _escape(chosen: str | None, ahead: Lines) -> str | None:
    """As the operator says, else by how the file begins."""
    if chosen not in (None, "backslash", "none"):
        raise Invalid(
            "general_argument_invalid", "Invalid --source-option escape: use backslash or none.", field="escape"
        )
    is_used = any(map(_ESCAPED.search, ahead.ahead(LOOKED_AT))) if chosen is None else chosen == "backslash"
    return "\\" if is_used else None


def _yes(options: Mapping[str, str], name: str) -> bool:
    wish = options.get(name, "yes")
    if wish not in ("yes", "no"):
        raise Invalid("general_argument_invalid", f"Invalid --source-option {name}: use yes or no.", field=name)
    return wish == "yes"


def header_of(head: bytes, delimiter: str | None = None) -> frozenset[str]:
    """The columns that a file's beginning names; to recognise it by."""
    first, _, rest = head.decode("utf-8", "replace").partition("\n")
    if said := _SEP.fullmatch(first):
        first, delimiter = rest.partition("\n")[0], delimiter or said[1]
    first = first.rstrip("\r")
    try:
        cells = next(csv.reader([first], delimiter=delimiter or found_delimiter(first)), [])
    except csv.Error:
        return frozenset()
    return frozenset(cell.strip() for cell in cells)


def _why(error: csv.Error) -> str:
    if isinstance(error, Runaway) or "field larger" in str(error):
        return "A cell of this row is too long, or a quote never closes."
    return (
        'The row is not CSV: a quote never closes, or text follows a closing quote. If quotes are written \\", add '
        "--source-option escape=backslash."
    )
