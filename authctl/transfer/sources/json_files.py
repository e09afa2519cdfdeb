"""Records of JSON files, one at a time: in lists, inside envelopes, or one object after another, in any mixture.

A streaming parser such as ijson stops at the first wrong character, and takes all that follows for lost. Here each
record is decoded by itself, from a window of the text: one that is malformed is refused, the next one found, and its
neighbours come in.

    file      value value …                     space or commas between them
    value     list  |  envelope  |  record
    list      [value, …]                        records, pages, or what psql makes of json_agg
    envelope  {…, "users": list, …}  |  {…, "data": envelope, …}

Every turn takes at least one character. Malformed text is decoded again from each record that may begin in it, as long
as that costs no more than PATIENCE; after that the reader goes on behind each fault, so that its time stays linear.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from authctl.transfer.records import Note, Refused
from authctl.transfer.sources.text_files import MAX_RECORD, Form, SourceRow, Verbatim, opened, unreadable

CHUNK = 1 << 18  # characters
HEAD = 1 << 18  # characters; where a name tells what an object is
# Under these names, APIs, GraphQL and databases answer with the list that was asked for.
ENVELOPES = frozenset(("users", "data", "items", "results", "rows", "records", "Resources", "json_agg"))
MAX_DEPTH = 8  # of lists and envelopes
# Characters of malformed text that may be decoded in vain: so many, and so many more for each that is read.
PATIENCE = (1 << 22, 8)

_SHORT = 1 << 12  # characters; most records, so that a fault costs no more
_COST = 256  # characters; what an attempt costs beside what it decodes
_STEP = 512  # characters; nesting that is too deep, and a number that is too long, have more
_TAIL = 16  # characters; an unfinished number, word or escape is no longer than that
# Whatever is a space anywhere, and the marks that RFC 7464 and Windows put before a text.
_SPACE = re.compile(r"[\s\ufeff]*")
_GAP = re.compile(r"[\s,\ufeff]*")
_NEXT_IN_LIST = re.compile(r",[ \t\n\r]*(?=\{)")
_NEXT_LINE = re.compile(r"\n(?=[ \t]*\{)")
_NESTED = re.compile(r"(?:\[\s*){1,8}[{\]]")
_FIRST_NAME = re.compile(r'\{[ \t\n\r]*"([^"\\]*)"[ \t\n\r]*:')
_MEMBER = re.compile(r'[\s,]*"((?:[^"\\]++|\\.)*+)"\s*:\s*')

LIST = Form("[\n", ",\n", "\n]\n")
LINES = Form("", "\n", "\n")


def rows(
    file: Any, inside: Collection[str], typical: Collection[str], root: Sequence[str] = ()
) -> Iterator[SourceRow | Refused]:
    """The records of a file.

    inside: under which names, besides ENVELOPES, an object may have the list of them. typical: names of which a record
    has one at least, which tells it from an envelope, and in damaged text from an object within a record. root: the
    names that lead to the list, if they are known; nothing else is an envelope then.
    """
    return _Reader(opened(file), frozenset(inside), frozenset(typical), bool(root)).rows(tuple(root))


class _Malformed(ValueError):
    """place: in the window, where it shows that the text is not JSON. is_cut: it may only end too early."""

    def __init__(self, message: str, place: int, *, is_cut: bool = False) -> None:
        super().__init__(message)
        self.place, self.is_cut = place, is_cut


class _Reader:
    """The window and the place in it. What lies before the place is dropped as the window moves.

    Methods that take a `root` read what stands at the beginning of that path.
    """

    def __init__(self, text: io.TextIOWrapper, own: frozenset[str], typical: frozenset[str], is_rooted: bool) -> None:
        self._text, self._own, self._typical = text, own, typical
        self._inside: frozenset[str] = frozenset() if is_rooted else own | ENVELOPES
        self._scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
        self._window, self._place = "", 0
        self._line, self._counted = 1, 0  # lines, up to this place of the window
        self._passed, self._in_vain = 0, 0  # characters, before the window and decoded in vain
        self._is_whole = False  # whether the window reaches to the end of the file
        self._is_cut = False  # whether the file was seen to end within a list
        self._count = 0

    def rows(self, root: tuple[str, ...]) -> Iterator[SourceRow | Refused]:
        while here := self._peek(_GAP):
            if here == "[":
                yield from self._list(LIST, root)
            elif here == "{":
                yield from self._object(LINES, root)
                yield from self._quickly(LINES, _SPACE, root)
            else:
                yield self._stray()

    def _quickly(self, form: Form, gap: re.Pattern[str], root: tuple[str, ...]) -> Iterator[SourceRow]:
        """The records of the window, as long as nothing else is in the way; that is left to the others."""
        if root or self._is_out_of_patience():
            return
        window, scan, skip, typical, inside = self._window, self._scan, gap.match, self._typical, self._inside
        in_lines = form is LINES
        line, counted = self._at() if in_lines else 0, self._place
        while True:
            before = self._place
            start = skip(window, before).end()  # type: ignore[union-attr]
            try:
                value, end = scan(window, start)
            except (ValueError, StopIteration, RecursionError) as error:
                self._in_vain += getattr(error, "pos", start) - before
                return
            if type(value) is not dict or (typical.isdisjoint(value) and not inside.isdisjoint(value)):
                return
            self._count += 1
            if in_lines:
                line, counted = line + window.count("\n", counted, start), start
            self._place = end
            yield SourceRow(line or self._count, value, Verbatim(window[start:end], form))

    def _list(self, form: Form, root: tuple[str, ...], depth: int = 0) -> Iterator[SourceRow | Refused]:
        self._place += 1
        while True:
            yield from self._quickly(form, _GAP, root)
            here = self._peek(_GAP)
            if here == "]":
                break
            if not here:
                if not self._is_cut:
                    yield self._refused("", "The file ends within its list. The rest is missing.", form)
                self._is_cut = True
                return
            if here == "{":
                yield from self._object(form, root, depth)
            elif here == "[" and depth < MAX_DEPTH and self._leads_to_records():
                yield from self._list(form, root, depth + 1)
            else:
                yield self._broken(self._next(form), ValueError("it must be an object"), form)
        self._place += 1

    def _object(self, form: Form, root: tuple[str, ...], depth: int = 0) -> Iterator[SourceRow | Refused]:
        """An object that is a record, or that has a list of them."""
        is_first = form is LINES and not self._count and bool(self._own)
        if depth >= MAX_DEPTH or not (root or self._is_envelope(otherwise=is_first)):
            yield self._record(self._next(form), form)
            return
        try:
            yield from self._members(root, depth + 1)
        except ValueError as error:
            if not self._count:
                raise unreadable(_why(error, "The file")) from None
            # Behind users it is no reason to stop: what is no record there is refused next.

    def _members(self, root: tuple[str, ...], depth: int) -> Iterator[SourceRow | Refused]:
        """The records of the members that are lists of them, or have some; the others are passed over."""
        inside, rest, has_list = frozenset(root[:1]) or self._inside, root[1:], False
        self._place += 1
        while (here := self._peek(_GAP)) not in ("}", ""):
            name = self._name(here)
            here = self._peek()
            if name in inside and here == "[":
                has_list = True
                yield from self._list(LIST if rest else Form(f'{{"{name}": [\n', ",\n", "\n]}\n"), rest, depth)
            elif name in inside and here == "{" and (root or self._is_envelope()):
                has_list = True
                yield from self._object(LINES, rest, depth)
            else:
                self._value()
        self._place += 1
        if not has_list:
            names = " or ".join(sorted(frozenset(root[:1]) or self._own or self._inside))
            what = f"one object without a list of users called {names}"
            if not self._count:
                raise unreadable(f"The file is {what}.")
            yield self._refused("", f"The record is not a user: {what}.", LINES)

    def _name(self, here: str) -> str:
        """The name of a member, and the colon behind it."""
        name = self._value()[0] if here == '"' else None
        if name is None or self._peek() != ":":
            raise ValueError("an object in it is malformed")
        self._place += 1
        return str(name)

    def _is_envelope(self, *, otherwise: bool = False) -> bool:
        """Whether the object at the place has records in it and is none itself, by the names at its beginning.

        otherwise: the answer where those names tell nothing.
        """
        if not self._inside:
            return False
        while len(self._window) - self._place < HEAD and not self._is_whole:
            self._grow()
        place, has_list = self._place + 1, False
        while member := _MEMBER.match(self._window, place):
            if member[1] in self._typical:
                return False
            place = member.end()
            has_list = has_list or (member[1] in self._inside and self._window[place : place + 1] in ("[", "{"))
            try:
                _, place = self._decode(place)
            except _Malformed:
                break
        return has_list or otherwise

    def _leads_to_records(self) -> bool:
        """Whether the list at the place begins with an object, or with such a list, or has nothing in it."""
        while len(self._window) - self._place < _SHORT and not self._is_whole:
            self._grow()
        return _NESTED.match(self._window, self._place) is not None

    def _record(self, at: int, form: Form) -> SourceRow | Refused:
        try:
            value, text = self._value()
        except ValueError as error:
            return self._broken(at, error, form)
        return SourceRow(at, value, Verbatim(text, form))

    def _stray(self) -> Refused:
        """What stands where a record should begin, up to the next line that begins one."""
        if not self._count:
            raise unreadable("The file is not JSON.")
        return self._broken(self._at(), ValueError("no object begins here"), LINES)

    def _broken(self, at: int, error: ValueError, form: Form) -> Refused:
        """Pass over a malformed record to where the next one begins, by one character at least, and refuse it."""
        boundary = _NEXT_LINE if form is LINES else _NEXT_IN_LIST
        end = max(self._next_record(error, boundary), self._place + 1)
        text = self._window[self._place : end]
        self._place = end
        return Refused(at, None, Verbatim(text, form), [Note("import_record_invalid", None, _why(error))])

    def _refused(self, text: str, message: str, form: Form) -> Refused:
        note = Note("import_record_invalid", None, message)
        return Refused(self._count + 1, None, Verbatim(text, form), [note])

    def _next_record(self, error: ValueError, boundary: re.Pattern[str]) -> int:
        """Where the text after the place is a record again; the end of the file where it never is."""
        searched = self._place + 1
        if isinstance(error, _Malformed) and self._is_out_of_patience():
            searched = min(max(searched, error.place), len(self._window))
        while True:
            for match in boundary.finditer(self._window, searched):
                if self._is_record(match.end(), boundary):
                    return match.start()
            if self._is_whole or len(self._window) - self._place > self._longest():
                return self._end_of_list(boundary)
            searched = max(searched, len(self._window) - CHUNK)
            searched -= self._grow()

    def _end_of_list(self, boundary: re.Pattern[str]) -> int:
        """After the last record: before what closes the list, so that its end is seen."""
        end = len(self._window.rstrip()) if self._is_whole else len(self._window)
        closed = self._window[self._place : end].removesuffix("}").rstrip()
        if boundary is _NEXT_IN_LIST and closed.endswith("]"):
            return self._place + len(closed[:-1].rstrip())
        return end

    def _is_record(self, place: int, boundary: re.Pattern[str]) -> bool:
        """Whether a record begins there: by its names, and of records one a line whatever it names."""
        begins_a_line = boundary is _NEXT_LINE and self._window[place] == "{"
        place = _SPACE.match(self._window, place).end()  # type: ignore[union-attr]
        if self._is_out_of_patience():
            first = _FIRST_NAME.match(self._window, place)
            return first is not None and (begins_a_line or first[1] in self._typical)
        try:
            value, _ = self._decode(place)
        except _Malformed:
            return False
        return isinstance(value, dict) and (begins_a_line or not self._typical.isdisjoint(value))

    def _value(self) -> tuple[Any, str]:
        """The value at the place, and its text. Raises ValueError where there is none, the place unmoved."""
        in_vain, longest = self._in_vain, self._longest()
        while True:
            try:
                value, end = self._decode(self._place)
            except _Malformed as error:
                if self._is_whole or not error.is_cut or len(self._window) - self._place > longest:
                    raise
            else:
                if end < len(self._window) or self._is_whole or isinstance(value, (dict, list)):
                    text = self._window[self._place : end]
                    self._place = end
                    return value, text
            self._in_vain = in_vain
            self._grow()

    def _decode(self, place: int) -> tuple[Any, int]:
        """The value there, and where it ends. Tries a short piece first: an error counts all lines before it."""
        piece = self._window[place : place + _SHORT]
        is_all = len(piece) < _SHORT
        try:
            value, end = self._scanned(piece, 0)
        except _Malformed as error:
            error.place += place
            if is_all or not error.is_cut:
                raise
        else:
            if is_all or end < _SHORT:
                return value, place + end
        return self._scanned(self._window, place)

    def _scanned(self, text: str, place: int) -> tuple[Any, int]:
        try:
            return self._scan(text, place)
        except StopIteration as error:
            fault = _Malformed("expecting value", error.value, is_cut=error.value >= len(text) - _TAIL)
        except RecursionError:
            fault = _Malformed("it is nested too deeply", place + _STEP)
        except json.JSONDecodeError as error:
            is_open = error.msg.startswith("Unterminated string")
            message = error.msg.partition(":")[0].lower()
            fault = _Malformed(message, error.pos, is_cut=is_open or error.pos >= len(text) - _TAIL)
        except ValueError:
            fault = _Malformed("a number in it is too long", place + _STEP)
        self._in_vain += _COST + (len(text) if fault.is_cut else fault.place)
        raise fault

    def _is_out_of_patience(self) -> bool:
        """Whether more was decoded in vain than what was read is worth."""
        at_first, for_each = PATIENCE
        return self._in_vain > at_first + for_each * (self._passed + self._place)

    def _longest(self) -> int:
        """How many characters a record may have."""
        return CHUNK if self._is_out_of_patience() else MAX_RECORD

    def _peek(self, gap: re.Pattern[str] = _SPACE) -> str:
        """The next character that is not in the gap; none at the end."""
        while True:
            self._place = gap.match(self._window, self._place).end()  # type: ignore[union-attr]
            if self._place < len(self._window):
                return self._window[self._place]
            if self._is_whole:
                return ""
            self._grow()

    def _next(self, form: Form) -> int:
        """The number of the record at the place, or its line."""
        self._count += 1
        return self._at() if form is LINES else self._count

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
        self._passed += dropped
        kept = self._window[dropped:]
        # As much again as there is, so that a long record is not decoded from its beginning for every chunk.
        more = self._text.read(max(CHUNK, min(len(kept), MAX_RECORD - len(kept))))
        self._window, self._place, self._is_whole = kept + more, 0, not more
        return dropped


def _why(error: ValueError, what: str = "The record") -> str:
    """What is wrong, without any of the text."""
    return f"{what} is not JSON: {error}."
