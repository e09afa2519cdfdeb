"""What is found wrong with the audit log."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from authctl.model import Public, from_milliseconds, instant
from authctl.storage.events import EventRow

LISTED = 1_000  # problems that are told one by one; more are counted, so that memory stays the same


class DamageKind(StrEnum):
    """What is wrong with the log."""

    CHANGED = "changed"  # an event is not what was written, or was made up
    ADDED = "added"  # an event was not written by authctl, or there are more than were sealed
    REMOVED = "removed"  # there are fewer events than were sealed
    SEAL_BROKEN = "seal_broken"  # a seal was changed, made up or taken away
    SEAL_MISSING = "seal_missing"  # the seal that was asked for is not there: the log is another, or an older one


@dataclass(frozen=True, slots=True)
class Damage(Public):
    """One thing that is wrong. seq: the number of the event, or the last one that a seal is over. seal: its number."""

    kind: DamageKind
    message: str
    seq: int | None = None
    id: str | None = None
    time: datetime | None = None
    seal: int | None = None


@dataclass(slots=True)
class Damages:
    """Problems as they are found. Only so many are kept."""

    kept: list[Damage] = field(default_factory=list)
    found: int = 0

    def add(self, damage: Damage) -> None:
        self.found += 1
        if len(self.kept) < LISTED:
            self.kept.append(damage)

    def extend(self, others: Damages) -> None:
        self.found += others.found
        self.kept += others.kept[: LISTED - len(self.kept)]


def of_event(kind: DamageKind, what: str, seq: int, row: EventRow) -> Damage:
    """What is wrong with an event, as far as its row, which may hold anything, can be told."""
    id = row.id.encode(errors="replace").decode() if isinstance(row.id, str) else None
    try:
        time = from_milliseconds(row.time)
    except (TypeError, OverflowError):
        time = None
    named = f"Event {id or seq} of {instant(time)}" if time else f"Event {id or seq}"
    return Damage(kind, f"{named} {what}.", seq=seq, id=id, time=time)
