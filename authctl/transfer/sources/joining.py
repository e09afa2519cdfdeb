"""What the files behind the users say of each of them, such as passwords, identities and memberships.

A malformed line there costs the user whom it names what it says, and nobody else anything. A file of which no line is
right is another file, and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from authctl.transfer.records import Note, Refused, Skipped
from authctl.transfer.sources import text_files
from authctl.transfer.sources.field_reader import EVERY, Fields, Wrong
from authctl.transfer.sources.text_files import SourceRow


@dataclass
class Joining:
    """what: names a line, as in `Line {} of the password file`. loss: the type and field of what such a line has.

    owner: the id of the line's user, None where it is of nobody; keep: takes the line for that user. Both raise Wrong
    where it is malformed. notes: by the user's id, what was lost of each. lost: the lines that do not say whose they
    are.
    """

    what: str
    owner: Callable[[Fields], str | None]
    keep: Callable[[str, Fields], None]
    loss: Callable[[Mapping[str, Any]], tuple[str, str]]
    notes: dict[str, list[Note]] = field(default_factory=dict)
    lost: list[Skipped] = field(default_factory=list)

    def read(self, rows: Iterable[SourceRow | Refused], file: int) -> None:
        """Keep what a file says. file: which of the import's files, counted from 0."""
        has_right, first, given = False, "", {}
        for row in rows:
            if isinstance(row, Refused):
                user, fault = None, row.notes[0].message
            else:
                given = row.values
                user, fault = self._kept(Fields(given, essential=EVERY))
            if fault:
                fault = f"{self.what.format(row.at)} is malformed: {fault}"
                self._lose(user, Skipped(row.at, user, [Note(*self.loss(given), fault)], file))
                first = first or fault
            has_right = has_right or not fault
        if first and not has_right:
            raise text_files.unreadable(first)

    def _kept(self, values: Fields) -> tuple[str | None, str]:
        """Keep a line. Answers whose it is, and what is wrong with it."""
        user = None
        try:
            user = self.owner(values)
            if user is not None:
                self.keep(user, values)
                if values.notes:
                    self.notes.setdefault(user, []).extend(values.notes)
        except Wrong as wrong:
            return user, str(wrong)
        return user, ""

    def _lose(self, user: str | None, line: Skipped) -> None:
        if user is None:
            self.lost.append(line)
        else:
            self.notes.setdefault(user, []).extend(line.notes)
