"""What is told of an import beside its summary: a line for each record that is not clean, and the refused ones again.

Both files are for their owner's eyes alone. How long they were is saved with every batch, so that one that is gone on
with takes them up at that very byte. Refused records wait in a file beside the one that they are for, since what makes
a file of them has to see them all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from authctl.core.maintenance import private_files
from authctl.core.maintenance.private_files import holds, new_file
from authctl.errors import Invalid
from authctl.model import Json
from authctl.transfer import encodings
from authctl.transfer.files import Writing
from authctl.transfer.plans import Told, line, sentence
from authctl.transfer.records import Source
from authctl.transfer.sources.text_files import Form, Verbatim

WAITING = ".part"  # ends the name of the file where refused records wait

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=str).encode


class Report:
    """The files that an import tells of its records in. report, rejects: their paths; None for none.

    position: where the journal says that they were left, each its path, size and number on the disk. A file that it
    does not name is a new one.
    """

    def __init__(self, report: str | None, rejects: str | None, position: Json) -> None:
        self._rejects = rejects
        self._form: Form | None = None  # of the last refused record that waits
        waiting = None if rejects is None else rejects + WAITING
        if report is not None and _is_one_of(report, rejects, waiting):
            raise Invalid(
                "general_argument_invalid",
                "The report and the refused records need separate files.",
                field="rejects",
                hint="Name another file for one of them.",
            )
        is_left = waiting is not None and _left_at(position, "rejects", waiting) is not None
        if rejects is not None and os.path.lexists(rejects) and not is_left:
            raise private_files.exists(rejects, "rejects")
        self._lines = None if report is None else Writing(report, _left_at(position, "report", report))
        try:
            self._waiting = None if waiting is None else Writing(waiting, _left_at(position, "rejects", waiting))
        except Invalid:
            if self._lines is not None:
                self._lines.close()
            raise

    @property
    def keeps_raw(self) -> bool:
        """Whether refused records are asked for again."""
        return self._waiting is not None

    def begin(self, position: Json) -> None:
        """Go back to where a batch begins, whatever an attempt at it wrote before it was given up."""
        for name, file in (("report", self._lines), ("rejects", self._waiting)):
            if file is not None:
                size, _ = _left_at(position, name, file.path) or (0, None)
                if file.size != size:
                    file.cut(size)
                    self._form = None

    def write(self, files: Sequence[str], told: Iterable[Told]) -> None:
        """Say what is to be said of a batch, which is of the first of these files."""
        for each in told:
            if self._lines is not None:
                self._lines.write(_encode(_line(files, each)).encode() + b"\n")
            if self._waiting is not None and each.outcome == "refused":
                self._waiting.write(_encode(self._brief(each.raw)).encode() + b"\n")
        for written in (self._lines, self._waiting):
            if written is not None:
                written.flush()

    def _brief(self, raw: Any) -> Any:
        """A refused record, without its form where that is the one before's: a CSV has its first row in it."""
        if not isinstance(raw, Verbatim):
            return raw
        before, self._form = self._form, raw.form
        return (raw.text,) if raw.form == before else raw

    @property
    def position(self) -> Json:
        """The files, how long they are, and their numbers on the disk."""
        found = {"report": self._lines, "rejects": self._waiting}
        return {name: [file.path, file.size, file.number] for name, file in found.items() if file is not None}

    def finish(self, source: Source, encoding: str) -> None:
        """Put the refused records together as a file of the source; none where none was refused."""
        if self._waiting is None or self._rejects is None or not self._waiting.size:
            return
        waiting = self._waiting

        def parts() -> Iterator[bytes]:
            return encodings.recoded(source.rejects(map(json.loads, waiting.read())), encoding)

        if holds(self._rejects, parts()):
            return  # a kill left it behind, finished but not known to be; any other file is not ours
        with new_file(self._rejects, field="rejects") as file:
            for part in parts():
                file.write(part)

    def clear(self) -> None:
        """Remove the file where refused records waited, when the journal knows the end."""
        if self._waiting is not None:
            self._waiting.remove()

    def close(self) -> None:
        for file in (self._lines, self._waiting):
            if file is not None:
                file.close()


def _is_one_of(path: str, *others: str | None) -> bool:
    return os.path.realpath(path) in {os.path.realpath(other) for other in others if other is not None}


def _left_at(position: Json, name: str, path: str) -> tuple[int, int | None] | None:
    """How long that file was, and its number on the disk, where the journal knows it; older ones have no number."""
    known, *left = position.get(name, (None,))
    if known != os.path.abspath(path):
        return None
    size, number = (*left, None)[:2]
    return size, number


def _line(files: Sequence[str], told: Told) -> Json:
    """A record's line: the first that is to be said of it, and all."""
    notes = [{"type": note.type, "field": note.field, "message": sentence(note.message)} for note in told.notes]
    return line(files, told) | {"errors": notes}
