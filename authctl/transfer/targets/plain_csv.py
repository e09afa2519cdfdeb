"""Our own file as CSV (RFC 4180): members of objects as `password.hash`, JSON in cells that hold more than a text.

Cells are exact, and spreadsheets may take some for formulas: a guard against that would not come back the same.
"""

from __future__ import annotations

import csv
import io
from functools import cached_property
from typing import Any

from authctl.storage.connection import encode_json
from authctl.transfer.targets import Leaving, Lose
from authctl.transfer.targets.authctl import Authctl

_PASSWORD = tuple(f"password.{name}" for name in ("hash", "algorithm", "updated_at", "must_change"))


class PlainCsv(Authctl):
    file = "an authctl CSV file"

    def start(self) -> str:
        return _line(self._columns)

    @cached_property
    def _columns(self) -> list[str]:
        return [column for name in self.names for column in (_PASSWORD if name == "password" else (name,))]

    def record(self, leaving: Leaving, lose: Lose) -> str:
        shape = self.shape(leaving)
        password = shape.pop("password", None) or {}
        cells = shape | {f"password.{name}": value for name, value in password.items()}
        return _line([_cell(cells.get(column)) for column in self._columns])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else encode_json(value)


def _line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


TARGET = PlainCsv
