"""Records of JSON files, one at a time: a list of them, a list inside an object, or one object after another.

A streaming parser such as ijson stops at the first wrong character, and takes all that follows for lost. Here each
record is decoded by itself, from a window of the text: one that is malformed is refused, the next one found, and its
neighbours come in.

    value, value …     value = [record, …]  |  {…, "users": [record, …], …}  |  record
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from authctl.transfer.records import Note, Refused
from authctl.transfer.sources.text_files import MAX_RECORD, Form, SourceRow, Verbatim, chunks, opened, unreadable

CHUNK = 1 << 18  # characters
HEAD = 1 << 18  # characters; where a name tells what an object is
_SPACE = re.compile(r"[ \t\n\r]*")
_GAP = re.compile(r"[ \t\n\r,]*")
_NEXT_IN_LIST = re.compile(r",[ \t\n\r]*(?=\{)")
_NEXT_LINE = re.compile(r"\n(?=[ \t]*\{)")
_TAIL = 16  # characters; an unfinished number, word or escape is no longer than that

LIST = Form("[\n", ",\n", "\n]\n")
LINES = Form("", "\n", "\n")


def rows(file: Any, inside: Collection[str], typical: Collection[str]) -> Iterator[SourceRow | Refused]:
    """The records of a file.

    inside: under which names an object may have the list of them. typical: names of which a record has one at least;
    where the text is damaged, that is how the next record is told from an object within one.
    """
    text = opened(file, guess=False)
    return _Reader(text, frozenset(inside), frozenset(typical)).rows()


class _Reader:
    """The window and the place in it. What lies before the place is dropped as the window moves."""

    def __init__(self, text: io.TextIOWrapper, inside: frozenset[str], typical: frozenset[str]) -> None:
        self._text, self._inside, self._typical = text, inside, typical
        self._scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
        self._window, self._place = "", 0
        self._line, self._counted = 1, 0  # lines, up to this place of the window
        self._is_whole = False  # whether the window reaches to the end of the file
        self._count = 0
        self._has_envelopes = False
        self._telling = re.compile(f'"({"|".join(map(re.escape, inside | typical))})"[ \\t\\n\\r]*:')

    def rows(self) -> Iterator[SourceRow | Refused]:
        while self._peek():
            if self._peek() == "[":
                yield from self._list(LIST)
            elif self._peek() == "{":
                yield from self._object()
                if not self._has_envelopes:
                    yield from self._quickly(LINES, _SPACE)
            else:
                yield self._stray()

    def _quickly(self, form: Form, gap: re.Pattern[str]) -> Iterator[SourceRow]:
        """The records of the window, as long as nothing else is in the way; that is left to the others."""
        window, scan, skip = self._window, self._scan, gap.match
        in_lines = form is LINES
        line = self._at() if in_lines else 0
        while True:
            before = self._place
            start = skip(window, before).end()  # type: ignore[union-attr]
            try:
                value, end = scan(window, start)
            except (ValueError, StopIteration, RecursionError):
                return
            if type(value) is not dict:
                return
            self._count += 1
            if in_lines:
                line += window.count("\n", before, start)
            self._place = end
            yield SourceRow(line or self._count, value, Verbatim(window[start:end], form))
            if in_lines:
                line += window.count("\n", start, end)

    def _list(self, form: Form) -> Iterator[SourceRow | Refused]:
        self._place += 1
        while True:
            yield from self._quickly(form, _GAP)
            here = self._peek()
            if here == "]":
                break
            if not here:
                yield self._refused("", "The file ends within its list; what is missing cannot be known.", form)
                return
            if here == ",":
                self._place += 1
                continue
            self._count += 1
            yield self._record(self._count, form, _NEXT_IN_LIST)
        self._place += 1

    def _object(self) -> Iterator[SourceRow | Refused]:
        """An object that is a record, or that has a list of them."""
        if not self._is_envelope():
            self._count += 1
            yield self._record(self._at(), LINES, _NEXT_LINE)
            return
        before = self._count
        self._place += 1
        try:
            yield from self._members()
        except ValueError as error:
            if self._count == before:
                raise unreadable(_why(error, "The file")) from None
            # Behind users it is no reason to stop: what is no record there is refused next.

    def _members(self) -> Iterator[SourceRow | Refused]:
        """The records of the members that are lists of them; the others are passed over."""
        has_list = False
        while (here := self._peek()) not in ("}", ""):
            if here == ",":
                self._place += 1
                continue
            if here != '"':
                raise ValueError("an object in it is malformed")
            name, _ = self._value()
            if self._peek() != ":":
                raise ValueError("an object in it is malformed")
            self._place += 1
            if name in self._inside and self._peek() == "[":
                has_list = True
                yield from self._list(Form(f'{{"{name}": [\n', ",\n", "\n]}\n"))
            else:
                self._peek()
                self._value()
        self._place += 1
        if not has_list:
            names = " or ".join(sorted(self._inside))
            raise ValueError(
                f"it is one object without a list of users, which is called {names} there" if names else ""
            )

    def _is_envelope(self) -> bool:
        """Whether the object at the place has records in it, and is none itself, by what its beginning names first."""
        if self._count and not self._has_envelopes:
            return False
        while len(self._window) - self._place < HEAD and not self._is_whole:
            self._grow()
        first = self._telling.search(self._window, self._place, self._place + HEAD)
        self._has_envelopes = bool(self._inside) and (first is None or first[1] in self._inside)
        return self._has_envelopes

    def _record(self, at: int, form: Form, boundary: re.Pattern[str]) -> SourceRow | Refused:
        if self._peek() != "{":
            return self._broken(at, ValueError("it must be an object"), form, boundary)
        try:
            value, text = self._value()
        except ValueError as error:
            return self._broken(at, error, form, boundary)
        return SourceRow(at, value, Verbatim(text, form))

    def _stray(self) -> Refused:
        """What stands where a record should begin, up to the next line that begins one."""
        if not self._count:
            raise unreadable("The file is not JSON.")
        return self._broken(self._at(), ValueError("no object begins here"), LINES, _NEXT_LINE)

    def _broken(self, at: int, error: ValueError, form: Form, boundary: re.Pattern[str]) -> Refused:
        """Pass over a malformed record to where the next one begins, and refuse it."""
        end = self._next_record(boundary)
        text = self._window[self._place : end]
        self._place = end
        return Refused(at, None, Verbatim(text, form), [Note("import_record_invalid", None, _why(error))])

    def _refused(self, text: str, message: str, form: Form) -> Refused:
        note = Note("import_record_invalid", None, message)
        return Refused(self._count + 1, None, Verbatim(text, form), [note])

    def _next_record(self, boundary: re.Pattern[str]) -> int:
        """Where the text after the place is a record again; the end of the file where it never is."""
        searched = self._place + 1
        while True:
            for match in boundary.finditer(self._window, searched):
                if self._is_record(match.end(), boundary):
                    return match.start()
            if self._is_whole or len(self._window) - self._place > MAX_RECORD:
                return self._end_of_list(boundary)
            searched = max(self._place + 1, len(self._window) - CHUNK)
            searched -= self._grow()

    def _end_of_list(self, boundary: re.Pattern[str]) -> int:
        """After the last record: before what closes the list, so that its end is seen."""
        end = len(self._window.rstrip()) if self._is_whole else len(self._window)
        if boundary is _NEXT_IN_LIST and (closing := re.search(r"\s*\]\s*\}?\s*\Z", self._window[self._place : end])):
            return self._place + closing.start() if closing.start() else end
        return end

    def _is_record(self, place: int, boundary: re.Pattern[str]) -> bool:
        """Whether a record begins there: by its names, and of records one a line whatever it names."""
        try:
            value, _ = self._scan(self._window, _SPACE.match(self._window, place).end())  # type: ignore[union-attr]
        except (ValueError, StopIteration, RecursionError):
            return False
        begins_a_line = boundary is _NEXT_LINE and self._window[place] == "{"
        return isinstance(value, dict) and (begins_a_line or not self._typical.isdisjoint(value))

    def _value(self) -> tuple[Any, str]:
        """The value at the place, and its text. Raises ValueError where there is none, the place unmoved."""
        while True:
            try:
                value, end = self._decode()
            except RecursionError:
                raise ValueError("it is nested too deeply") from None
            except ValueError as error:
                if not self._may_go_on(error):
                    raise
            else:
                if end < len(self._window) or self._is_whole or isinstance(value, (dict, list)):
                    text = self._window[self._place : end]
                    self._place = end
                    return value, text
            self._grow()

    def _decode(self) -> tuple[Any, int]:
        try:
            value, end = self._scan(self._window, self._place)
        except StopIteration as error:
            raise json.JSONDecodeError("Expecting value", self._window, error.value) from None
        return value, end

    def _may_go_on(self, error: ValueError) -> bool:
        """Whether it is the window that ends too early, and not the value that is wrong."""
        if (
            self._is_whole
            or len(self._window) - self._place > MAX_RECORD
            or not isinstance(error, json.JSONDecodeError)
        ):
            return False
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._window) - _TAIL

    def _peek(self) -> str:
        """The next character that is not space; none at the end."""
        while True:
            self._place = _SPACE.match(self._window, self._place).end()  # type: ignore[union-attr]
            if self._place < len(self._window):
                return self._window[self._place]
            if self._is_whole:
                return ""
            self._grow()

    def _at(self) -> int:
        """The line of the place."""
        self._line += self._window.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line

    def _grow(self) -> int:
        """Read on, and drop what is through. Answers how many characters were dropped."""
        dropped = self._place
        self._at()
        self._counted = 0
        kept = self._window[dropped:]
        # As much again as there is, so that a long record is not decoded from its beginning for every chunk.
        more = chunks(self._text, max(CHUNK, len(kept)))
        self._window, self._place, self._is_whole = kept + more, 0, not more
        return dropped


def _why(error: ValueError, what: str = "The record") -> str:
    """What is wrong, without any of the text."""
    if isinstance(error, json.JSONDecodeError):
        return f"{what} is not JSON: {error.msg.partition(':')[0].lower()}."
    return f"{what} is not JSON: {_short(str(error))}."


def _short(reason: str) -> str:
    return "a number in it is too long" if "digits" in reason else reason.rstrip(".")
