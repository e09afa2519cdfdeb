"""Any CSV whose first row names its columns. Which column is what, the operator says; our own names need no saying.

--source-option 'map=email=E-Mail,name="Full Name",password_hash=Password Hash,metadata.plan=Plan'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from authctl.transfer.records import Addresses, Item
from authctl.transfer.sources import authctl, csv_files, field_mapping, text_files
from authctl.transfer.sources.base import Base


class PlainCsv(Base):
    name = "csv"
    addresses = Addresses.GIVEN
    options = field_mapping.OPTIONS | csv_files.DELIMITER | csv_files.IDIOMS

    def recognises(self, head: bytes, name: str) -> bool:
        """By a first row of several cells, or by the name where there is text at all."""
        first = head.split(b"\n", 1)[0].strip()
        if not first or first[:1] in (b"{", b"["):
            return False
        return name.lower().removesuffix(".gz").endswith((".csv", ".tsv")) or len(csv_files.header_of(head)) > 1

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        table = csv_files.Table(files[0], options)
        if authctl.is_own(table) and not options.keys() & field_mapping.OPTIONS.keys():
            return authctl.SOURCE.table(table, start)
        _check_header(table.names, options)
        mapping = field_mapping.FieldMapping.of(table.names, options)
        return self.items(table.rows(), mapping.record, start, mapping.ref)


SOURCE = PlainCsv()


def _check_header(names: tuple[str, ...], options: Mapping[str, str]) -> None:
    """That the first row is no user."""
    if options.get("header") == "no" or options.get("map") or field_mapping.by_name(names):
        return
    if any("@" in name or name.isdecimal() for name in names):
        email = next((at for at, name in enumerate(names, 1) if "@" in name), None)
        likely = f"email={email}" if email else "id=1"
        raise text_files.unreadable(
            f"The first row does not name columns: {field_mapping.shown(names)}.",
            "Add a row such as id,email,name at the top, or number the columns:"
            f" --source-option header=no --map {likely}",
        )
