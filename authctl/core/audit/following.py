"""Following the audit log: every event once, also those whose transactions took long, from any place on.

Numbers are given before a transaction is through, and transactions end in any order: an event may appear below others.
Whoever may still add one holds a lock on the log. So a number is settled once all who wrote at the time are through; up
to there nothing is missing, and of what lies above, the numbers of the events that came already are kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from authctl import storage
from authctl.core.values import checks
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Invalid, Unavailable
from authctl.model import Event
from authctl.storage.connection import Connection
from authctl.storage.database import Database
from authctl.storage.events import EventQuery

HISTORY = 10_000  # numbers below the first to show, among which events may still appear


@dataclass(slots=True)
class _Place:
    """behind: nothing is missing up to it. seen: numbers above it that are not to be shown. seq: the last that came.

    settled: nothing can appear any more up to it. newest, writing: what is settled once all of these are through.
    """

    behind: int
    seen: set[int]
    seq: int = 0
    settled: int = 0
    newest: int = 0
    writing: set[str] = field(default_factory=set)

    def settle(self, last: int, writers: set[str]) -> None:
        """Know the newest number of now, and who may still add one below it."""
        self.settled = self.behind
        self.writing &= writers
        if not self.writing:
            self.settled = max(self.behind, self.newest if writers else last)
            self.newest, self.writing = last, writers

    def come_to(self, seq: int) -> None:
        """Have shown an event."""
        self.seq = seq
        if seq > self.settled:
            self.seen.add(seq)
        else:
            self.behind = seq

    def end_look(self) -> None:
        """Have shown all that there is."""
        self.behind = self.settled
        self.seen = {seq for seq in self.seen if seq > self.behind}


class Following(Iterator[Event]):
    """The events of `follow_logs`, one after another. Whoever drops it drops the connection it reads with."""

    def __init__(
        self, directory: Engine, wait: Callable[[], object], asked: EventQuery, behind: int, seen: Iterable[int]
    ) -> None:
        self.wait = wait
        self._place = _Place(behind, set(seen))
        self._events = _follow(directory, asked, self._place)

    def __next__(self) -> Event:
        while (event := self.look()) is None:
            self.wait()
        return event

    def look(self) -> Event | None:
        """The next event; None where there is none yet, and it is time to wait."""
        return next(self._events)

    def close(self) -> None:
        """End it, and what it reads."""
        self._events.close()

    @property
    def seq(self) -> int:
        """The number of the event that came last."""
        return self._place.seq

    @property
    def cursor(self) -> str:
        """Where to go on behind the event that came last: for `after`."""
        behind = self._place.behind
        return " ".join(map(str, [behind, *sorted(seq for seq in self._place.seen if seq > behind)]))


def _follow(directory: Engine, asked: EventQuery, place: _Place) -> Generator[Event | None, None, None]:
    while True:
        for seq, event in directory.stream(partial(_look, where=directory.database, asked=asked, place=place)):
            if seq not in place.seen:
                place.come_to(seq)
                yield event
        place.end_look()
        yield None


def _look(work: Work, where: Database, asked: EventQuery, place: _Place) -> Iterator[tuple[int, Event]]:
    """What is settled and what there is, from one server: another may not have come so far."""
    if storage.log_rows.is_standby(work.db):
        raise Unavailable(
            "database_read_only",
            f"{where.describe()} is a standby, which does not know what may still be added to the audit log.",
            hint="Follow the primary. With several hosts in the URL: ?target_session_attrs=read-write",
        )
    place.settle(*storage.log_rows.standing(work.db))
    return storage.event_lists.list_behind(work.db, asked, place.behind)


def begin(directory: Engine, wait: Callable[[], object], asked: EventQuery, limit: int | None) -> Following:
    """Follow from the newest events on, so many of them; None for all."""
    behind, seen = (0, []) if limit is None else directory.database.read(partial(_history, asked=asked, limit=limit))
    return Following(directory, wait, asked, behind, seen)


def _history(db: Connection, asked: EventQuery, limit: int) -> tuple[int, list[int]]:
    """What is not to be shown: all up to a number, and those numbers above it."""
    db.freeze()
    first = storage.event_lists.first_seq(db, asked, limit) or storage.events.last_seq(db) + 1
    behind = max(0, first - HISTORY)
    return behind, storage.event_lists.list_seqs(db, behind, first)


def go_on(directory: Engine, wait: Callable[[], object], asked: EventQuery, cursor: str) -> Following:
    """Follow from a cursor on."""
    text = checks.text(cursor, "after")
    if not re.fullmatch(r"[0-9]{1,18}( [0-9]{1,18})*", text):
        hint = "Use the cursor that an earlier follow_logs had, or leave it out to begin with the newest events."
        raise Invalid("general_argument_invalid", "The cursor of the audit log is damaged.", field="after", hint=hint)
    behind, *seen = map(int, text.split())
    return Following(directory, wait, asked, behind, seen)
