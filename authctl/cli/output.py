"""What a command prints: records on stdout in five formats, and notes, warnings and errors on stderr.

    table   on a terminal: a table for a list, `field  value` lines for one record or where a table does not fit
    tsv     when piped: no header, nothing cut, no colour; hostile characters are shown as escapes
    csv     RFC 4180 with a header and every field, guarded against formulas; exact with --csv-raw
    json    one object, or an array that is written as its records come
    jsonl   one object a line

Absent is `null` in JSON, empty in TSV and CSV, `-` in tables. Times are UTC everywhere: a table of many records shows
`2026-11-20 21:30Z`, which every option that takes a time accepts; all else has them as given.
A list that breaks off ends well-formed all the same; the exit status says that it is not whole.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from authctl.cli.environment import Environment, is_utf8
from authctl.cli.escaping import safe_json, safe_toml, visible, visible_in_csv, without_formula
from authctl.errors import AuthctlError, Invalid, Problem, UsageError, did_you_mean

Record = dict[str, Any]

TABLE_ROWS = 500  # drawn at once: memory stays the same however long the list is
LEAST_WRAPPED = 24  # a word longer than this may be folded, unless it is an id
DRY_RUN_FIELDS = ("dry_run", "changes")  # beside the fields of every shape, where --dry-run was given

_TIME = r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d\.\d{3}Z"
_WORD = r"[A-Za-z0-9._:/@+-]+"
_json_of = json.JSONEncoder(ensure_ascii=False).encode
_COMMAND = r"\bauthctl (?=(?:users|teams|sessions|tokens|mfa|security|init|upgrade|status|backup|restore)\b)"
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    TOML = "toml"  # only of records whose shape says so


FORMATS = (Format.TABLE, Format.JSON, Format.JSONL, Format.CSV, Format.TSV)


@dataclass(frozen=True)
class Shape:
    """One kind of record, as data: its public fields in order, members of objects as `password.algorithm`.

    columns: what a list shows as a table or TSV unless --fields is given; every field by default.
    rare: further columns, each with those that tell as much. A table has one, behind the first column, only where a
    record has it; in a narrow window, only where a record has none of the others. TSV has them all, last.
    extras: fields that only some answers have, shown wherever they are, such as a password that was made.
    formats: those that it is written in.
    """

    name: str
    fields: tuple[str, ...]
    columns: tuple[str, ...] = ()
    rare: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    extras: tuple[str, ...] = ()
    formats: tuple[Format, ...] = FORMATS

    def knows(self, field: str) -> bool:
        """Whether --fields may name it: a field, or an object with all its members."""
        inside = field + "."
        known = (*self.fields, *self.extras, *DRY_RUN_FIELDS)
        return field in known or any(each.startswith(inside) for each in self.fields)


class _Listing(Protocol):
    """A list being written. `close` ends it; not complete: something broke it off."""

    def add(self, record: Record) -> None: ...

    def close(self, *, complete: bool) -> None: ...


class Output:
    """Where a command's results go. `prepare` comes first, then one `show`, one `stream`, or a `bulk` of shows."""

    def __init__(
        self,
        environment: Environment,
        format: Format | None = None,
        fields: tuple[str, ...] | None = None,
        *,
        quiet: bool = False,
        csv_raw: bool = False,
        program: str = "authctl",
    ) -> None:
        self.environment = environment
        self.program = program  # how the commands begin that hints name
        self.format = format or (Format.TABLE if environment.stdout_isatty else Format.TSV)
        self.fields = fields
        self.quiet = quiet
        self.csv_raw = csv_raw
        self._shape: Shape | None = None
        self._listing: _Listing | None = None
        self._hints: set[str] = set()  # that were given

    # Results

    def prepare(self, shape: Shape) -> None:
        """Says what the records will be, and refuses unknown --fields and formats before anything is done."""
        if self.format not in shape.formats:
            raise UsageError(
                "general_usage",
                f"This is not written as {self.format}; use {', '.join(shape.formats)}.",
                field="output",
            )
        if self.fields is not None:
            _check_fields(self.fields, shape)
            shape = dataclasses.replace(shape, fields=self.fields, columns=self.fields, rare={}, extras=())
        self._shape = shape if shape.columns else dataclasses.replace(shape, columns=shape.fields)

    def show(self, record: Record) -> None:
        """Prints one record; inside `bulk`, the next of a list."""
        if self._listing is not None:
            self._listing.add(record)
        elif self.format is Format.JSON:
            self._write(self._encoder(indent=2)(record) + "\n")
        elif self.format is Format.TABLE:
            self._write(self._lines_of(record, self._all_fields(record)))
        else:
            listing = self._new_listing()
            listing.add(record)
            listing.close(complete=True)
        self.flush()

    def show_json(self, value: Record) -> None:
        """Prints a value that is an answer by itself as JSON, whichever the format; on one line unless it is shown."""
        if self._listing is not None and self.speaks_json:
            self._listing.add(value)
        else:
            indent = 2 if self.format in (Format.JSON, Format.TABLE) else None
            self._write(self._encoder(indent)(value) + "\n")
        self.flush()

    def show_toml(self, value: Record) -> None:
        """Prints an object that is an answer by itself as TOML."""
        from tomli_w import dumps

        self._write(safe_toml(dumps(value), ascii=not is_utf8(self.environment.stdout)))
        self.flush()

    def tell(self, line: str) -> None:
        """Tells on stderr what must be known once, also off a terminal; not when quiet."""
        if not self.quiet:
            self._tell("authctl: " + visible(line))

    def stream(self, records: Iterable[Record]) -> None:
        """Prints a list as its records come, in constant memory."""
        found = False
        with self.bulk():
            assert self._listing is not None
            for record in records:
                self._listing.add(record)
                found = True
        if not found and self.format is Format.TABLE:
            self.note("Nothing found.")

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """Makes one list of all that is shown within."""
        assert self._listing is None, "lists do not nest"
        self._listing = listing = self._new_listing()
        complete = False
        try:
            yield
            complete = True
        finally:
            self._listing = None
            listing.close(complete=complete)
        self.flush()

    def flush(self) -> None:
        """Hands over what is still held back; raises BrokenPipeError when nobody reads it any more."""
        self.environment.stdout.flush()

    # What is not a result

    def note(self, line: str) -> None:
        """Tells a person at the terminal something by the way; a script never sees it."""
        if self.environment.stderr_isatty and not self.quiet:
            self._tell(visible(line))

    def warn(self, message: str) -> None:
        """Warns on stderr, also when quiet; as an object of its own where errors are JSON."""
        if self.speaks_json:
            self._tell(self._json_for_stderr({"warning": {"message": message}}))
        else:
            self._tell("authctl: warning: " + visible(message))

    def error(self, error: AuthctlError) -> None:
        """Says on stderr all that is wrong and what to do about it; to people, the same advice once a command."""
        hint = error.hint and _here(error.hint, self.program)
        if self.speaks_json:
            self._tell(self._json_for_stderr({"error": _public(error) | {"hint": hint}}))
            return
        for problem in error.problems:
            self._tell("authctl: " + visible(problem.message))
        if hint and hint not in self._hints:
            self._hints.add(hint)
            self._tell("hint: " + visible(hint))

    @property
    def speaks_json(self) -> bool:
        """Whether results and errors are JSON."""
        return self.format in (Format.JSON, Format.JSONL)

    @property
    def is_bulk(self) -> bool:
        """Whether what is shown now is one of many."""
        return self._listing is not None

    @property
    def is_for_a_person(self) -> bool:
        """Whether one whole answer goes to a terminal as people read it, so that more than fields may be shown."""
        is_seen = self.format is Format.TABLE and self.environment.stdout_isatty
        return is_seen and not self.fields and not self.is_bulk

    def _tell(self, line: str) -> None:
        self.environment.stderr.write(line + "\n")
        self.environment.stderr.flush()

    def _json_for_stderr(self, value: object) -> str:
        return safe_json(json.dumps(value, ensure_ascii=not is_utf8(self.environment.stderr)))

    # How records become text

    def _new_listing(self) -> _Listing:
        match self.format:
            case Format.JSON:
                return _JsonArray(self._write, self._encoder(indent=2))
            case Format.JSONL:
                encode = self._encoder()
                return _Lines(lambda record: self._write(encode(record) + "\n"))
            case Format.CSV:
                return _Csv(self.environment, self._known, raw=self.csv_raw)
            case Format.TSV:
                columns, extras = (*self._known.columns, *self._known.rare), self._known.extras
                return _Lines(lambda record: self._write("\t".join(_cells(record, columns, extras)) + "\n"))
            case Format.TABLE:
                return _Table(self, self._known)
            case Format.TOML:
                raise AssertionError("show_toml writes it")

    def _write(self, text: str) -> None:
        self.environment.stdout.write(text)

    @property
    def _known(self) -> Shape:
        assert self._shape is not None, "prepare() tells the shape first"
        return self._shape

    def _all_fields(self, record: Record) -> tuple[str, ...]:
        """The fields of the shape, and what the record has beyond them, such as `dry_run`."""
        if self.fields:
            return self.fields
        fields = self._known.fields
        covered = {field.partition(".")[0] for field in fields}
        return (*fields, *(key for key in record if key not in covered))

    def _selected(self, record: Record) -> Record:
        """The record with the chosen fields alone, objects staying objects."""
        if not self.fields:
            return record
        selected: Record = {}
        for field in self.fields:
            *parents, last = field.split(".")
            if parents and parents[0] in self.fields:
                continue  # the whole object was asked for as well
            place = selected
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = _value(record, field)
        return selected

    def _encoder(self, indent: int | None = None) -> Callable[[Record], str]:
        """What makes JSON of a record; made once for a list, because making it costs as much as using it."""
        encode = json.JSONEncoder(indent=indent, ensure_ascii=not is_utf8(self.environment.stdout)).encode
        return lambda record: safe_json(encode(self._selected(record)))

    def _lines_of(self, record: Record, fields: tuple[str, ...]) -> str:
        """One `field  value` a line. Long values are left to the terminal to wrap: they can be copied whole then."""
        bold, dim, plain = (_BOLD, _DIM, _PLAIN) if self._colors else ("", "", "")
        width = max(map(len, fields))
        lines = []
        for field in fields:
            for value in _lines_in(field, _value(record, field)):
                cell = visible(value) or f"{dim}-{plain}"
                lines.append(f"{bold}{visible(field)}{plain}{' ' * (width - len(field))}  {cell}\n")
        return "".join(lines)

    @property
    def _colors(self) -> bool:
        return self.environment.colors(self.environment.stdout_isatty)


class _Lines:
    """A list where each record stands for itself."""

    def __init__(self, write: Callable[[Record], None]) -> None:
        self.add = write

    def close(self, *, complete: bool) -> None:
        """Nothing is left to write."""


class _JsonArray:
    """A JSON array, laid out as `json.dumps(…, indent=2)` would, that is valid wherever it ends."""

    def __init__(self, write: Callable[[str], None], encode: Callable[[Record], str]) -> None:
        self._write, self._encode = write, encode
        self._begun = False

    def add(self, record: Record) -> None:
        # A line end in JSON text is layout and never part of a string, so it can be indented blindly.
        self._write((",\n  " if self._begun else "[\n  ") + self._encode(record).replace("\n", "\n  "))
        self._begun = True

    def close(self, *, complete: bool) -> None:
        if self._begun:
            self._write("\n]\n")
        elif complete:  # what failed before its first record prints nothing
            self._write("[]\n")


class _Csv:
    """RFC 4180: a header always, CRLF, quotes where needed."""

    def __init__(self, environment: Environment, shape: Shape, *, raw: bool) -> None:
        import csv

        self._writer = csv.writer(environment.stdout, lineterminator="\r\n")
        self._fields, self._extras, self._raw = shape.fields, shape.extras, raw
        self._begun = False

    def add(self, record: Record) -> None:
        if not self._begun:
            self._fields += _present(self._extras, record)
        self._begin()
        values = [_value(record, field) for field in self._fields]
        self._writer.writerow([_text(value) if self._raw else _guarded(value) for value in values])

    def close(self, *, complete: bool) -> None:
        if complete:
            self._begin()

    def _begin(self) -> None:
        if not self._begun and self._fields:  # JSON that is an answer by itself has none
            self._writer.writerow(self._fields)
            self._begun = True


class _Table:
    """A table for people, drawn in parts of 500 rows; records one below another where the window is too narrow."""

    def __init__(self, output: Output, shape: Shape) -> None:
        self._output, self._columns, self._extras, self._rare = output, shape.columns, shape.extras, shape.rare
        self._records: list[Record] = []
        self._upright = False
        self._begun = False

    def add(self, record: Record) -> None:
        if not self._begun and not self._records:
            self._columns += _present(self._extras, record)
        self._records.append(record)
        if len(self._records) == TABLE_ROWS:
            self._draw()

    def close(self, *, complete: bool) -> None:
        if self._records:
            self._draw()

    def _draw(self) -> None:
        environment = self._output.environment
        first, *others = self._columns
        held = [column for column in self._rare if any(_value(record, column) for record in self._records)]
        columns = (first, *held, *others)
        text = None if self._upright else self._as_table(columns)
        if text is None and not self._upright and all(self._can_go(column) for column in held):
            text = self._as_table(self._columns)
        if text is None:
            self._upright = True  # and stays so: a list in two layouts is harder to read
            text = "\n".join(self._output._lines_of(record, columns) for record in self._records)
            text = "\n" + text if self._begun else text
        environment.stdout.write(text)
        environment.stdout.flush()
        self._records, self._begun = [], True

    def _can_go(self, column: str) -> bool:
        """Whether each record that has it has another that tells as much."""
        having = [record for record in self._records if _value(record, column)]
        return all(any(_value(record, other) for other in self._rare[column]) for record in having)

    def _as_table(self, columns: tuple[str, ...]) -> str | None:
        """The records drawn; None where they do not fit the window."""
        environment = self._output.environment
        rows = [self._row(record, columns) for record in self._records]
        widths = _fitting_widths(columns, rows, environment.columns if environment.stdout_isatty else None)
        return None if widths is None else _drawn(columns, rows, widths, color=self._output._colors)

    def _row(self, record: Record, columns: tuple[str, ...]) -> list[str]:
        encoding = self._output.environment.stdout.encoding or "utf-8"
        row = _cells(record, columns, short_times=True)
        return [cell.encode(encoding, "backslashreplace").decode(encoding) for cell in row]  # as wide as it will be


def _fitting_widths(columns: tuple[str, ...], rows: list[list[str]], window: int | None) -> list[int] | None:
    """The width of each column, the widest wrapped until all fit the window; None where they cannot.

    Ids are never wrapped, words only when they are very long.
    """
    from rich.cells import cell_len

    natural, least = [], []
    for column, cells in zip(columns, zip(columns, *rows, strict=True), strict=True):
        width = max(map(cell_len, cells))
        longest_word = max((cell_len(word) for cell in cells for word in cell.split()), default=0)
        natural.append(width)
        least.append(width if _is_id(column) else max(len(column), min(longest_word, LEAST_WRAPPED)))
    if window is None:
        return natural
    room = window - 2 * (len(columns) - 1)
    if sum(least) > room:
        return None
    widths = [max(bottom, min(top, room)) for top, bottom in zip(natural, least, strict=True)]
    while sum(widths) > room:
        spare = [index for index in range(len(widths)) if widths[index] > least[index]]
        widths[max(spare, key=widths.__getitem__)] -= 1
    return widths


def _drawn(columns: tuple[str, ...], rows: list[list[str]], widths: list[int], *, color: bool) -> str:
    """The table as text, by Rich, which knows how wide characters are. Cells are Text: markup in them is no markup."""
    from io import StringIO

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(Text(column), width=width, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if cell else Text("-", style="dim") for cell in row))
    console = Console(
        file=StringIO(),
        force_terminal=True,
        color_system="standard" if color else None,
        no_color=not color,
        width=sum(widths) + 2 * len(widths),
        height=TABLE_ROWS,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(table)
    return "".join(line.rstrip() + "\n" for line in captured.get().rstrip("\n").split("\n"))


def _present(extras: tuple[str, ...], record: Record) -> tuple[str, ...]:
    """Those fields that only some answers have and this one has."""
    return tuple(extra for extra in extras if extra in record) if extras else ()


def _cells(
    record: Record, columns: tuple[str, ...], extras: tuple[str, ...] = (), *, short_times: bool = False
) -> list[str]:
    """A record as a row of text that is safe to show."""
    columns += _present(extras, record)
    cells = [visible(_text(_value(record, column))) for column in columns]
    if short_times:
        return [_short_time(cell) if _is_time(column) else cell for column, cell in zip(columns, cells, strict=True)]
    return cells


def _value(record: Record, field: str) -> Any:
    """What a field such as `name` or `password.algorithm` holds; None where the record lacks it."""
    value: Any = record
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    """A value as the text of a cell, not yet made safe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) and re.fullmatch(_WORD, item) for item in value):
        return ",".join(value)
    return _json_of(value)


def _lines_in(field: str, value: Any) -> list[str]:
    """A value as the lines of text that it takes below one another: the changes of a dry run, or sentences."""
    if field == "changes" and value:
        return _changed(value)
    if isinstance(value, list) and any(isinstance(item, str) and " " in item for item in value):
        return [_text(item) for item in value]
    return [_text(value)]


def _changed(changes: list[Record]) -> list[str]:
    """The changes of a dry run for people, a line each: `email: ada@example.com -> ada@example.org`."""
    lines = []
    for change in changes:
        before, after = change["before"], change["after"]
        if before is None or after is None:
            lines.append(f"{change['resource']} {'made' if before is None else 'removed'}")
            continue
        fields = [name for name in after if before.get(name) != after[name] and name != "updated_at"]
        lines += [f"{name}: {_text(before.get(name)) or '-'} -> {_text(after[name]) or '-'}" for name in fields]
    return lines or [""]


def _guarded(value: Any) -> str:
    """A value as the text of a CSV cell that neither a spreadsheet runs nor a terminal obeys."""
    text = _text(value)
    return visible_in_csv(text if isinstance(value, (int, float)) else without_formula(text))


def _is_id(column: str) -> bool:
    return column == "id" or column.endswith("_id")


def _is_time(column: str) -> bool:
    return column == "time" or column.endswith(("_at", "_until"))


def _short_time(cell: str) -> str:
    time = re.fullmatch(_TIME, cell)
    return f"{time[1]} {time[2]}Z" if time else cell


def _public(error: AuthctlError) -> Record:
    """An error as programs read it: the first problem, and all of them."""
    return {
        "type": error.type,
        "message": error.message,
        "hint": error.hint,
        "field": error.field,
        "errors": [{"type": each.type, "field": each.field, "message": each.message} for each in error.problems],
    }


def _here(hint: str, program: str) -> str:
    """A hint whose commands work on the directory that the line named; pages of help are the same for all."""
    return hint if "--help" in hint else re.sub(_COMMAND, lambda found: program + " ", hint)


def percentage(part: int, whole: int) -> str:
    """A share for people: 0% and 100% say that it is none, and all."""
    return "<1%" if 0 < 100 * part < whole else f"{100 * part // whole}%"


def _check_fields(fields: tuple[str, ...], shape: Shape) -> None:
    """Refuses what the records do not have, naming the nearest and all that there is."""
    hint = f"The fields of {shape.name} are: {', '.join(shape.fields)}."
    if not fields:
        raise Invalid("general_argument_invalid", "--fields names no field.", field="fields", hint=hint)
    unknown = [field for field in fields if not shape.knows(field)]
    if not unknown:
        return
    messages = [
        f"--fields: there is no field '{field}' in {shape.name}.{did_you_mean(field, shape.fields)}"
        for field in unknown
    ]
    raise Invalid.of((Problem("general_argument_invalid", each, "fields") for each in messages), hint=hint)
