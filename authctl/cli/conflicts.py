"""What two accounts that become one both have, for people: a row each, in the question as in the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from authctl.cli import tables
from authctl.cli.cells import Record
from authctl.cli.tables import Look

if TYPE_CHECKING:
    from authctl.core.users.merging import Difference


def rows(conflicts: Iterable[Difference]) -> list[Record]:
    """A row for each field: both values, and whose is kept."""
    return [
        {"field": each.field, "FROM": _shown(each.field, each.from_), "INTO": _shown(each.field, each.into)}
        | {"kept": str(each.kept)}
        for each in conflicts
    ]


def drawn(rows: Sequence[Record], look: Look) -> list[str]:
    """Rows as the lines of a table that fits the window."""
    parts: list[str] = []
    tables.write_table(rows, replace(look, write=parts.append))
    return "".join(parts).splitlines()


def _shown(field: str, value: object) -> str:
    if field == "password":
        return f"set on {str(value)[:10]}"
    if field == "recovery_codes":
        return f"{value} unused"
    if isinstance(value, list) and field == "authenticators":
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
