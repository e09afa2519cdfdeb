"""Where in a TOML text its tables and keys are, so that faults name their line; Python's reader does not tell.

A table or key that is written in an unusual way is not found, and its fault names the line of what it stands in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HEADER = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*[=.]""")
_LONG = re.compile(r'"""|\'\'\'')


@dataclass(slots=True)
class Part:
    """A table in the text: the line of its header, the lines of its keys, and the arrays of tables within it."""

    line: int
    keys: dict[str, int] = field(default_factory=dict)
    within: dict[str, list[Part]] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        return self.keys.get(key, self.line)

    def part(self, name: str, place: int, count: int) -> Part:
        """The table at that place of an array; this one, where the array has other tables than were found."""
        parts = self.within.get(name, ())
        return parts[place] if len(parts) == count else Part(self.line_of(name))


def of(text: str) -> Part:
    """The whole text as a table, with the others in it."""
    whole = current = Part(1)
    quotes: str | None = None  # that a text of several lines ends with
    for number, line in enumerate(text.split("\n"), 1):
        begins_within = quotes is not None
        for found in _LONG.findall(line):
            quotes = found if quotes is None else None if found == quotes else quotes
        if begins_within:
            continue
        if header := _HEADER.fullmatch(line):
            current = _enter(whole, [name.strip(" \t\"'") for name in header[1].split(".")], number)
        elif key := _KEY.match(line):
            current.keys.setdefault(next(filter(None, key.groups()), ""), number)
    return whole


def _enter(whole: Part, path: list[str], number: int) -> Part:
    """The table that a header begins: the last one of each name on the way holds the next."""
    at = whole
    for name in path[:-1]:
        at = at.within[name][-1] if at.within.get(name) else at
    part = Part(number)
    at.within.setdefault(path[-1], []).append(part)
    at.keys.setdefault(path[-1], number)
    return part


def of_error(message: str) -> tuple[str, int | None]:
    """What Python's reader says is wrong, and the line that it names."""
    found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    if found is None:
        return message, None
    return message[: found.start()], int(found[1]) if found[1] else None
