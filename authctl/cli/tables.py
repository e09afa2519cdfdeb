"""Records as people read them: a list as a table, one line a row, or one record as `field  value` lines.

A table fits the window: cells are cut with `…`, then columns go and are named below, those first that have nothing in
any row, and then from the right. Ids, times and secrets are never cut. A window of less than 60 columns that is too
narrow for all columns gets the records below one another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from authctl.cli.cells import Record, for_people, is_id, is_number, is_time, lines_in, present, value_of
from authctl.cli.escaping import visible

TABLE_ROWS = 500  # drawn at once: memory stays the same however long the list is
LEAST_WINDOW = 60  # columns; in less, a table that does not fit is not drawn
LEAST_CELL = 15  # a column is cut to no less: a UUID, two of these and a status fit into 80
GAP = "  "

SECRETS = frozenset({"secret", "generated_password", "phrase", "recovery_codes", "uri", "jwt"})
_BOLD, _DIM, RED, GREEN, YELLOW, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"
_COLORS = {
    "status": {
        **dict.fromkeys(("active", "confirmed", "finished"), GREEN),
        **dict.fromkeys(("pending", "unfinished"), YELLOW),
        **dict.fromkeys(("blocked",), RED),
    },
    "severity": {"high": _BOLD + RED, "medium": YELLOW, "low": _DIM},
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a terminal or a file wants text.

    window: its columns; None where nothing is cut. zone: what follows a time that is cut to minutes, None leaves times
    whole. note: tells a line below the table.
    """

    write: Callable[[str], object]
    note: Callable[[str], None]
    window: int | None = None
    zone: str | None = None
    has_colors: bool = False
    encoding: str = "utf-8"

    def can_show(self, text: str) -> str:
        """The text as wide as the stream will make it."""
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)

    @property
    def ellipsis(self) -> str:
        return "…" if self.can_show("…") == "…" else "..."

    @property
    def arrow(self) -> str:
        return "→" if self.can_show("→") == "→" else "->"

    def field(self, name: str, text: str, width: int) -> str:
        """A line of a record, its name in so many columns."""
        return self.styled(_BOLD, visible(name)) + " " * (width - len(name)) + GAP + self.cell(name, text) + "\n"

    def styled(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self.has_colors and style else text

    def cell(self, column: str, text: str, whole: str | None = None) -> str:
        """The text in the colour of what it means; the words say the same. whole: the text before it was cut."""
        style = _COLORS.get(column, {}).get(whole or text, "")
        return self.styled(style, text) if text else self.styled(_DIM, "-")

    def note_zone(self) -> None:
        """Say which zone times are in, where they do not say it themselves."""
        if self.zone == "":
            self.note("Times are in UTC.")


def show_record(record: Record, fields: tuple[str, ...], look: Look) -> None:
    """Write one record, and whatever its reader must know besides."""
    write_record(record, fields, look)
    if has_times(fields, [record]):
        look.note_zone()


def write_record(record: Record, fields: tuple[str, ...], look: Look) -> None:
    """One `field  value` a line. Long values are left to the terminal to wrap: they can be copied whole then."""
    width = max(map(len, fields))
    for field in fields:
        for line in lines_in(field, value_of(record, field), zone=look.zone):
            look.write(look.field(field, line, width))


def write_table(records: Sequence[Record], look: Look) -> None:
    """Write records that all have the fields of the first as one table."""
    if records:
        table = Table(tuple(records[0]), {}, (), (), look)
        for record in records:
            table.add(record)
        table.close(complete=True)


class Table:
    """A list being drawn, in parts of 500 rows."""

    def __init__(
        self,
        columns: tuple[str, ...],
        rare: Mapping[str, tuple[str, ...]],
        extras: tuple[str, ...],
        whole: tuple[str, ...],
        look: Look,
    ) -> None:
        self._columns, self._rare, self._extras, self._whole, self._look = columns, rare, extras, whole, look
        self._records: list[Record] = []
        self._dropped: dict[str, None] = {}
        self._has_times = False
        self._upright = False
        self._begun = False

    def add(self, record: Record) -> None:
        if not self._begun and not self._records:
            self._columns += present(self._extras, record)
        self._records.append(record)
        if len(self._records) == TABLE_ROWS:
            self._draw()

    def close(self, *, complete: bool) -> None:
        if self._records:
            self._draw()
        if self._dropped:
            self._look.note(f"Hidden columns: {', '.join(self._dropped)}. Show them with -o wide or --fields.")
        if self._has_times:
            self._look.note_zone()

    def _draw(self) -> None:
        look = self._look
        first, *others = self._columns
        held = [column for column in self._rare if any(value_of(record, column) for record in self._records)]
        columns = (first, *held, *others)
        whole = [self._column(column) for column in columns]
        wanted, shown = whole, _fitting(whole, look.window)
        if shown != whole and held and all(self._can_go(column) for column in held):
            wanted = [each for each in whole if each.name not in held]
            shown = _fitting(wanted, look.window)
        if len(shown) < len(wanted) and look.window is not None and look.window < LEAST_WINDOW:
            self._upright = True
        if self._upright:  # and stays so: a list in two layouts is harder to read
            self._write_upright(columns)
        else:
            _write_rows(shown, look)
            columns = tuple(each.name for each in shown)
            self._dropped |= dict.fromkeys(each.name for each in whole if each.name not in columns)
        self._has_times = self._has_times or has_times(columns, self._records)
        self._records, self._begun = [], True

    def _column(self, name: str) -> _Column:
        from rich.cells import cell_len

        look = self._look
        values = [value_of(record, name) for record in self._records]
        cells = [look.can_show(for_people(name, value, zone=look.zone)) for value in values]
        width = max(map(cell_len, [name, *cells]))
        is_whole = is_id(name) or is_time(name) or name in SECRETS or name in self._whole
        least = width if is_whole else min(width, max(len(name), LEAST_CELL))
        return _Column(name, cells, all(is_number(each) for each in values), width, least)

    def _write_upright(self, columns: tuple[str, ...]) -> None:
        """The records one below another, a line between two."""
        for number, record in enumerate(self._records):
            if number or self._begun:
                self._look.write("\n")
            write_record(record, columns, self._look)

    def _can_go(self, column: str) -> bool:
        """Whether each record that has it has another that tells as much."""
        having = [record for record in self._records if value_of(record, column)]
        return all(any(value_of(record, other) for other in self._rare[column]) for record in having)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a part of a table, cells as they would be shown whole. least: what it may be cut to."""

    name: str
    cells: list[str]
    is_of_numbers: bool
    width: int
    least: int

    @property
    def is_empty(self) -> bool:
        return not any(self.cells)

    def line(self, text: str, ellipsis: str) -> tuple[str, str]:
        """The text cut to the width, and the space that is left."""
        from rich.cells import cell_len

        shown = text if cell_len(text) <= self.width else cut(text, self.width, ellipsis)
        return shown, " " * (self.width - cell_len(shown))


def _fitting(columns: list[_Column], window: int | None) -> list[_Column]:
    """Those of the columns that fit the window, the widest cut until they do."""
    if window is None:
        return columns
    kept = [*columns]
    while sum(each.least for each in kept) > _room(kept, window):
        others = [each for each in reversed(kept[1:]) if each.name not in SECRETS]
        if not others:
            break
        kept.remove(next((each for each in others if each.is_empty), others[0]))
    room = _room(kept, window)
    widths = [max(each.least, min(each.width, room)) for each in kept]
    while sum(widths) > room:
        spare = [index for index, each in enumerate(kept) if widths[index] > each.least]
        if not spare:
            break
        widths[max(spare, key=widths.__getitem__)] -= 1
    return [replace(each, width=width) for each, width in zip(kept, widths, strict=True)]


def _room(columns: list[_Column], window: int) -> int:
    """What a window has for cells."""
    return window - len(GAP) * (len(columns) - 1)


def _write_rows(columns: list[_Column], look: Look) -> None:
    """The heading, and one line a row."""
    heading = [(each, look.styled(_BOLD, each.name), each.line(each.name, "")[1]) for each in columns]
    _write_row(heading, look)
    ellipsis = look.ellipsis
    for row in zip(*(each.cells for each in columns), strict=True):
        line = []
        for column, cell in zip(columns, row, strict=True):
            shown, space = column.line(cell or "-", ellipsis)
            line.append((column, look.cell(column.name, shown if cell else "", cell), space))
        _write_row(line, look)


def _write_row(line: list[tuple[_Column, str, str]], look: Look) -> None:
    cells = [space + shown if column.is_of_numbers else shown + space for column, shown, space in line]
    if not line[-1][0].is_of_numbers:
        cells[-1] = line[-1][1]
    look.write(GAP.join(cells) + "\n")


def cut(text: str, width: int, ellipsis: str) -> str:
    """The beginning of a text that is too long, with what says so; wide characters are cut whole."""
    from rich.cells import set_cell_size

    return set_cell_size(text, width - len(ellipsis)).rstrip() + ellipsis


def has_times(columns: tuple[str, ...], records: list[Record]) -> bool:
    return any(is_time(column) and value_of(record, column) for record in records for column in columns)
