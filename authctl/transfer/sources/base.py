"""What sources have in common unless they say otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from authctl.transfer.records import Addresses, Item, Note, Record, Refused, Skipped
from authctl.transfer.sources import NAMES, csv_files, text_files
from authctl.transfer.sources.field_reader import NOTHING, Fields, NotAUser, Wrong
from authctl.transfer.sources.text_files import SourceRow


class Base:
    """Records are kept as they stand in the file, so refused ones are written back to the letter.

    refs: of which of its values the first that is there names a record to its owner; a record where one of them is
    neither text nor number is malformed. always: one of these says something in every record; typical: one of these
    names is in every record; one without is of another shape. ignored: what means nothing outside that system, or must
    not leave it, such as tokens; names inside objects are joined with dots, and a star is all that is left of one. A
    file is recognised by the names that are all in it: `in_json`, or `in_csv`, in the first row of a CSV with this
    delimiter, None for any. in_folder: a pattern of the names that the users' files have in a folder of an export; what
    its group matches is one export's.
    """

    name: str
    options: Mapping[str, str] = {}
    joins = False
    asks_password = False
    addresses = Addresses.CLAIMED
    refs: tuple[str, ...] = ("id",)
    always: tuple[str, ...] = ()
    typical: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    takes: Mapping[str, str] = {}
    in_json: tuple[str, ...] = ()
    in_csv: tuple[str, ...] = ()
    delimiter: str | None = None
    in_folder: str | None = None

    @property
    def help(self) -> str:
        return NAMES[self.name].help

    def recognises(self, head: bytes, name: str) -> bool:
        if text_files.is_json(head):
            return bool(self.in_json) and all(f'"{each}"'.encode() in head for each in self.in_json)
        return bool(self.in_csv) and csv_files.header_of(head, self.delimiter).issuperset(self.in_csv)

    def ref(self, values: Any) -> str | None:
        """What names a record to its owner."""
        for name in self.refs:
            if found := text_files.ref(values.get(name)):
                return found
        return None

    def items(
        self,
        rows: Iterable[SourceRow | Refused | Skipped],
        record: Callable[[Fields], Record],
        start: int,
        ref: Callable[[Any], str | None] | None = None,
    ) -> Iterator[Item]:
        """An item for each row but the first `start`. record: makes one of the values of a row; ref: names it."""
        ref = ref or self.ref
        for row in islice(rows, start, None):
            if not isinstance(row, SourceRow):
                yield row
                continue
            values = Fields(row.values, essential=self.refs)
            try:
                self._check_shape(row.values)
                found = record(values)
            except NotAUser as why:
                note = Note("import_not_a_user", None, str(why))
                yield Skipped(row.at, why.ref or ref(row.values), [note])
            except Wrong as wrong:
                note = Note("import_record_invalid", wrong.field, str(wrong))
                yield Refused(row.at, ref(row.values), row.raw, [note])
            else:
                found.at, found.ref, found.raw, found.notes = row.at, ref(row.values), row.raw, values.notes
                found.unread = values.unread(self.ignored)
                yield found

    def _check_shape(self, values: Any) -> None:
        """Refuse a record of another system, which would come in under a made-up id and without its values."""
        if self.always and all(values.get(name) in NOTHING for name in self.always):
            names = " or ".join(self.always)
            raise Wrong(self.always[0], f"The record has no {names}, so it is not from {self.name}.")
        if self.typical and values.keys().isdisjoint(self.typical):
            names = ", ".join(self.typical)
            raise Wrong(None, f"The record has none of {names}, so it is not from {self.name}.")

    def rejects(self, raws: Iterator[text_files.Verbatim]) -> Iterator[bytes]:
        return text_files.together(raws)
