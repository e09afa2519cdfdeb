"""What a command prints: records on stdout in six formats, and notes, warnings and errors on stderr.

    table   on a terminal: a table for a list, `field  value` lines for one record or where a table does not fit
    wide    a table of which nothing is cut
    tsv     when piped: no header, nothing cut, no colour; hostile characters are shown as escapes
    csv     RFC 4180 with a header and every field, guarded against formulas; exact with --csv-raw
    json    one object, or an array that is written as its records come
    jsonl   one object a line

Absent is `null` in JSON, empty in TSV and CSV, `-` in tables. Times are UTC everywhere: a terminal shows
`2026-11-20 21:30` and says UTC once below, a piped table `2026-11-20 21:30Z`; all else has them as given.
A list that breaks off ends well-formed all the same; the exit status says that it is not whole.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from authctl.cli.cells import Record, cells, guarded, present, text, value_of
from authctl.cli.environment import Environment, is_utf8
from authctl.cli.escaping import safe_json, safe_toml, visible
from authctl.errors import AuthctlError, Invalid, Problem, UsageError, did_you_mean

if TYPE_CHECKING:
    from authctl.cli.tables import Look

MOST_PROBLEMS = 20  # of one error that people are told; more fill a terminal and hide the first
SCREEN = 20  # fields of a record; of a longer one, a terminal shows those that hold something
DRY_RUN_FIELDS = ("dry_run", "changes")  # beside the fields of every shape, where --dry-run was given

_COMMAND = r"\bauthctl (?=(?:users|teams|sessions|tokens|mfa|security|init|upgrade|status|backup|restore)\b)"


class Format(StrEnum):
    TABLE = "table"
    WIDE = "wide"  # a table of which nothing is cut
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    TOML = "toml"  # only of records whose shape says so


FORMATS = (Format.TABLE, Format.WIDE, Format.JSON, Format.JSONL, Format.CSV, Format.TSV)


@dataclass(frozen=True)
class Shape:
    """One kind of record, as data: its public fields in order, members of objects as `password.algorithm`.

    columns: what a list shows as a table or TSV unless --fields is given; every field by default.
    rare: further columns, each with those that tell as much. A table has one, behind the first column, only where a
    record has it; in a narrow window, only where a record has none of the others. TSV has them all, last.
    extras: fields that only some answers have, shown wherever they are, such as a password that was made.
    whole: columns that a table does not cut, as it cuts no id and no secret.
    formats: those that it is written in.
    """

    name: str
    fields: tuple[str, ...]
    columns: tuple[str, ...] = ()
    rare: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    extras: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
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
        self.is_chosen = format is not None
        self.is_wide = format is Format.WIDE
        usual = Format.TABLE if environment.stdout_isatty else Format.TSV
        self.format = Format.TABLE if self.is_wide else format or usual
        self.fields = fields
        self.quiet = quiet
        self.csv_raw = csv_raw
        self._shape: Shape | None = None
        self._listing: _Listing | None = None
        self._works = False  # whether what is listed are changes that go on unread
        self._hints: set[str] = set()  # that were given

    # Results

    def prepare(self, shape: Shape) -> None:
        """Says what the records will be, and refuses unknown --fields and formats before anything is done."""
        if self.format not in shape.formats:
            raise UsageError(
                "general_usage",
                f"{self.format} is not available here. Use {', '.join(shape.formats)}.",
                field="output",
            )
        if self.fields is not None:
            _check_fields(self.fields, shape)
            shape = dataclasses.replace(shape, fields=self.fields, columns=self.fields, rare={}, extras=())
        self._shape = shape if shape.columns else dataclasses.replace(shape, columns=shape.fields)

    def show(self, record: Record) -> None:
        """Prints one record; inside `bulk`, the next of a list."""
        if self._listing is not None:
            self._add(record)
            return
        if self.format is Format.JSON:
            self._write(self._encoder(indent=2)(record) + "\n")
        elif self.format is Format.TABLE:
            self._show_record(record)
        else:
            listing = self._new_listing()
            listing.add(record)
            listing.close(complete=True)
        self.flush()

    def show_only(self, record: Record) -> None:
        """Prints some fields of a record and no others."""
        names = tuple(record)
        if self._listing is None and self._shape is not None:
            self._shape = dataclasses.replace(self._shape, fields=names, columns=names, rare={}, extras=())
        self.show(record)

    def show_json(self, value: Record) -> None:
        """Prints a value that is an answer by itself as JSON, whichever the format; on one line unless it is shown."""
        if self._listing is not None and self.speaks_json:
            self._add(value)
            return
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
    def bulk(self, *, works: bool = False) -> Iterator[None]:
        """Makes one list of all that is shown within. works: each is the answer to a change; where nobody reads the
        answers any more, the changes go on."""
        assert self._listing is None, "lists do not nest"
        self._listing, self._works = self._new_listing(), works
        complete = False
        try:
            yield
            complete = True
        finally:
            listing, self._listing = self._listing, None
            with self._unread():
                listing.close(complete=complete)
        with self._unread():
            self.flush()

    def _add(self, record: Record) -> None:
        """The next of a list, handed over at once."""
        assert self._listing is not None
        with self._unread():
            self._listing.add(record)
            self.flush()

    @contextmanager
    def _unread(self) -> Iterator[None]:
        """Whoever read the answers to changes may have seen enough, before the last is made."""
        try:
            yield
        except BrokenPipeError:
            if not self._works:
                raise
            self.environment.silence()

    def flush(self) -> None:
        """Hands over what is still held back; raises BrokenPipeError when nobody reads it any more."""
        self.environment.stdout.flush()

    # What is not a result

    def note(self, line: str) -> None:
        """Tells a person at the terminal something by the way; a script never sees it."""
        if self.notes:
            self._tell(visible(line))

    @property
    def notes(self) -> bool:
        """Whether somebody sees notes."""
        return self.environment.stderr_isatty and not self.quiet

    def warn(self, message: str) -> None:
        """Warns on stderr, also when quiet; as an object of its own where errors are JSON."""
        if self.speaks_json:
            self._tell(self._json_for_stderr({"warning": {"message": message}}))
        else:
            self._tell("authctl: warning: " + visible(message))

    def error(self, error: AuthctlError) -> None:
        """Says on stderr all that is wrong and what to do about it; to people, the same advice once a command."""
        if self.speaks_json:
            self._tell(self._json_for_stderr({"error": _public(error, self.program)}))
            return
        for problem in error.problems[:MOST_PROBLEMS]:
            self._tell("authctl: " + visible(problem.message))
            self._advise(problem.hint)
        if (more := len(error.problems) - MOST_PROBLEMS) > 0:
            self._tell(f"authctl: {more:,} more. To see all of them, add -o json.")
        self._advise(error.hint)

    def _advise(self, hint: str | None) -> None:
        hint = hint and _here(hint, self.program)
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
        import json

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
                return _Lines(self._write_cells)
            case Format.TABLE:
                return self._new_table()
            case Format.TOML | Format.WIDE:
                raise AssertionError("show_toml writes it, and a wide table is a table")

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
            place[last] = value_of(record, field)
        return selected

    def _encoder(self, indent: int | None = None) -> Callable[[Record], str]:
        """What makes JSON of a record; made once for a list, because making it costs as much as using it."""
        import json

        encode = json.JSONEncoder(indent=indent, ensure_ascii=not is_utf8(self.environment.stdout)).encode
        return lambda record: safe_json(encode(self._selected(record)))

    def _write_cells(self, record: Record) -> None:
        known = self._known
        columns = (*known.columns, *known.rare, *present(known.extras, record))
        self._write("\t".join(cells(record, columns)) + "\n")

    def _new_table(self) -> _Listing:
        from authctl.cli.tables import Table

        known = self._known
        return Table(known.columns, known.rare, known.extras, known.whole, self.look(zone="Z"))

    def _show_record(self, record: Record) -> None:
        from authctl.cli import tables

        fields, look = self._all_fields(record), self.look(zone=None)
        is_long = not self.fields and len(fields) > SCREEN and look.window is not None and self.notes
        empty = [field for field in fields if is_long and value_of(record, field) in (None, "", [], {})]
        tables.show_record(record, tuple(field for field in fields if field not in empty), look)
        if empty:
            self._note_below(f"Empty: {', '.join(empty)}.")

    def look(self, zone: str | None = None) -> Look:
        """How text for people looks here. zone: what follows times off a terminal."""
        from authctl.cli.tables import Look

        environment = self.environment
        is_seen = environment.stdout_isatty and not self.is_wide
        if is_seen:
            zone = "" if self.notes else "Z"  # the note below says it
        return Look(
            write=self._write,
            note=self._note_below,
            window=environment.columns if is_seen else None,
            zone=None if self.is_wide else zone,
            has_colors=environment.colors(environment.stdout_isatty),
            encoding=environment.stdout.encoding or "utf-8",
        )

    def _note_below(self, line: str) -> None:
        """Tell something below what was written to stdout before."""
        from textwrap import wrap

        self.flush()
        for part in wrap(line, self.environment.columns, break_on_hyphens=False, break_long_words=False):
            self.note(part)


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
            self._fields += present(self._extras, record)
        self._begin()
        values = [value_of(record, field) for field in self._fields]
        self._writer.writerow([text(value) if self._raw else guarded(value) for value in values])

    def close(self, *, complete: bool) -> None:
        if complete:
            self._begin()

    def _begin(self) -> None:
        if not self._begun and self._fields:  # JSON that is an answer by itself has none
            self._writer.writerow(self._fields)
            self._begun = True


def _public(error: AuthctlError, program: str) -> Record:
    """An error as programs read it: the first problem, and all of them, with the hints that are for one alone."""
    return {
        "type": error.type,
        "message": error.message,
        "hint": error.hint and _here(error.hint, program),
        "field": error.field,
        "errors": [
            {"type": each.type, "field": each.field, "message": each.message}
            | ({"hint": _here(each.hint, program)} if each.hint else {})
            for each in error.problems
        ],
    }


def _here(hint: str, program: str) -> str:
    """A hint whose commands work on the directory that the line named; pages of help are the same for all."""
    return hint if "--help" in hint else re.sub(_COMMAND, lambda found: program + " ", hint)


def percentage(part: int, whole: int) -> str:
    """A share for people: 0% and 100% say that it is none, and all."""
    return "<1%" if 0 < 100 * part < whole else f"{100 * part // whole}%"


def _check_fields(fields: tuple[str, ...], shape: Shape) -> None:
    """Refuses what the records do not have, naming the nearest and all that there is."""
    hint = f"Fields of {shape.name}: {', '.join(shape.fields)}."
    if not fields:
        raise Invalid("general_argument_invalid", "--fields is empty.", field="fields", hint=hint)
    unknown = [field for field in fields if not shape.knows(field)]
    if not unknown:
        return
    messages = [f"Unknown field '{field}' in --fields.{did_you_mean(field, shape.fields)}" for field in unknown]
    raise Invalid.of((Problem("general_argument_invalid", each, "fields") for each in messages), hint=hint)
