"""The file in which `authctl security list-logs --follow` keeps how far it came: a cursor, and a number for each event
since. A line that a killed process did not finish does not count."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from authctl.errors import Unavailable

if TYPE_CHECKING:
    from authctl.core.audit.following import Following


class State:
    def __init__(self, path: str) -> None:
        self.path = path
        self._cursor = ""

    def read(self) -> str | None:
        """The cursor to go on from; None before the first time."""
        with self._available():
            try:
                with open(self.path, encoding="utf-8", errors="replace") as file:
                    text = file.read()
            except FileNotFoundError:
                return None
        return " ".join(text[: text.rfind("\n") + 1].split()) or None

    def add(self, events: Following) -> None:
        """Remember the event that came last."""
        if not self._cursor:
            self.save(events.cursor)
            return
        with self._available(), open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{events.seq}\n")

    def save(self, cursor: str) -> None:
        """Write the file anew, unless nothing came."""
        if cursor == self._cursor:
            return
        draft = f"{self.path}.part"
        with self._available():
            with open(draft, "w", encoding="utf-8") as file:
                file.write(f"{cursor}\n")
            os.replace(draft, self.path)
        self._cursor = cursor

    @contextmanager
    def _available(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise Unavailable(
                "file_unavailable",
                f"Cannot use {self.path}: {reason}.",
                field="state",
                hint="Name a file in a folder that you can write to.",
            ) from None
