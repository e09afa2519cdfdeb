"""Verifying the audit log: `authctl security verify-logs`, from top to bottom. What it stands on is in logs.py.

    settle    wait for events that have a number and are not through: nothing comes below the newest any more
    read      in one moment of the database: every seal, then every event, in the order of their numbers
    settle    where all is well, seal what came since the last seal; in any case record what was found

    purge     what the policy log-retention lets go, of a whole log: the rest gets a seal that begins with the log

Nobody waits while the log is read. What was sealed and adds up is what it was, whatever its events' own digests say:
so events from before the log had a key, and those that somebody has accepted, are told of no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from authctl import storage
from authctl.core.audit import keys
from authctl.core.crypto import log_digests
from authctl.errors import Invalid
from authctl.model import EventName, Json, JsonObject, Progress, from_milliseconds, instant

if TYPE_CHECKING:
    from authctl.core.work.engine import Engine
    from authctl.core.work.unit import Work
    from authctl.storage.events import EventRow
    from authctl.storage.log_seals import SealRow as Seal


LISTED = 1_000  # problems that are told one by one; more are counted, so that memory stays the same
SHORT = 16  # bytes of a seal's digest that an operator keeps; it is ours all the same, and 128 bits are not met twice
STEP = 1_000  # events between two tellings of progress

# Written without the key where it is not at hand; what they say is protected from the next seal on.
WITHOUT_KEY = (EventName.DIRECTORY_BACKUP, EventName.DIRECTORY_RESTORE)


class DamageKind(StrEnum):
    """What is wrong with the log."""

    CHANGED = "changed"  # an event is not what was written, or was made up
    ADDED = "added"  # an event was not written by authctl, or there are more than were sealed
    REMOVED = "removed"  # there are fewer events than were sealed
    SEAL_BROKEN = "seal_broken"  # a seal was changed, made up or taken away
    SEAL_MISSING = "seal_missing"  # the seal that was asked for is not there: the log is another, or an older one


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong. seq: the number of the event, or the last one that a seal is over. seal: its number."""

    kind: DamageKind
    message: str
    seq: int | None = None
    id: str | None = None
    time: datetime | None = None
    seal: int | None = None

    def public(self) -> JsonObject:
        return {
            "kind": str(self.kind),
            "message": self.message,
            "seq": self.seq,
            "id": self.id,
            "time": instant(self.time),
            "seal": self.seal,
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """What the log was found to be.

    events: all up to the newest when it began. good: those whose digest is right; unsigned: those without one that a
    seal vouches for, as they are from before, or were written without the key; accepted: those that were wrong when
    somebody accepted them. found: how many problems there are; problems: the first thousand of them. seal: the newest,
    shortened to what is given to `expect`; sealed_at: when it was made.
    """

    events: int
    good: int
    unsigned: int
    accepted: int
    found: int
    problems: tuple[Damage, ...]
    seal: str | None
    sealed_at: datetime | None

    @property
    def is_good(self) -> bool:
        return not self.found

    def public(self) -> JsonObject:
        return {
            "events": self.events,
            "good": self.good,
            "unsigned": self.unsigned,
            "accepted": self.accepted,
            "found": self.found,
            "problems": [problem.public() for problem in self.problems],
            "seal": self.seal,
            "sealed_at": instant(self.sealed_at),
        }


def verify(
    directory: Engine, *, expect: str | None = None, accept: bool = False, progress: Progress | None = None
) -> Verified:
    """Find out whether the audit log is what was written, and seal what is.

    expect: a seal that was told earlier and kept elsewhere, which the log must still have; without it, a log that was
    put back as a whole to what it once was looks good. accept: seal the log whatever is wrong, as it is now.

    A log with problems is no error here; it is not sealed unless it is accepted, and either is recorded. Raises Invalid
    for an `expect` that is no seal, Unavailable (general_secret_damaged) where the log's key is gone or damaged.
    """
    wanted = None if expect is None else _parse(expect)
    key, database = _key(directory, accept), directory.database
    horizon = storage.events.settled_seq(database, directory.sleep)
    total = database.read(lambda db: storage.events.count_up_to(db, horizon))
    if key is None:
        return Verified(total, 0, total, 0, 0, (), None, None)
    bar = progress("Verifying", total) if progress else nullcontext(lambda count: None)
    with bar as step:
        reading = directory.read(lambda work: _Reading(work, key, horizon, wanted, step).run())
    if directory.dry_run:
        return _verified(reading, reading.last)
    if reading.damages.found and not accept:
        return directory.write(_report, reading)
    return directory.write(_seal, reading, key)


def _parse(seal: str) -> bytes:
    wanted = seal.strip().lower()
    if not re.fullmatch(f"[0-9a-f]{{{2 * SHORT}}}", wanted):
        raise Invalid(
            "general_argument_invalid",
            f"A seal has {2 * SHORT} hex digits, as verify-logs shows them.",
            field="expect",
        )
    return bytes.fromhex(wanted)


def _key(directory: Engine, accept: bool) -> bytes | None:
    """The log's key, made where there is none yet; None in a dry run that would have to make it."""
    directory.require_key()
    key = directory.find_log_key()
    if key is None and not directory.dry_run:
        key = directory.database.write(lambda db: keys.key(directory.work(db), anew=accept))
    return key


# Reading


@dataclass(slots=True)
class _Damages:
    """Problems as they are found. Only so many are kept."""

    kept: list[Damage] = field(default_factory=list)
    found: int = 0

    def add(self, damage: Damage) -> None:
        self.found += 1
        if len(self.kept) < LISTED:
            self.kept.append(damage)

    def extend(self, others: _Damages) -> None:
        self.found += others.found
        self.kept += others.kept[: LISTED - len(self.kept)]


@dataclass(slots=True)
class _Segment:
    """The events between two seals, or behind the last: how many there are of each sort, and what is doubtful."""

    tally: log_digests.Tally = field(default_factory=log_digests.Tally)
    good: int = 0
    unsigned: int = 0
    wrong: int = 0
    changed: _Damages = field(default_factory=_Damages)  # whose digest is wrong
    added: _Damages = field(default_factory=_Damages)  # that have none


class _Reading:
    """The log as it is read once: what is found, and what the next seal needs."""

    def __init__(self, work: Work, key: bytes, horizon: int, wanted: bytes | None, step: Any) -> None:
        self.db, self.key, self.horizon, self.wanted, self.step = work.db, key, horizon, wanted, step
        self.damages = _Damages()
        self.events = self.good = self.unsigned = self.accepted = 0
        self.base: int | None = None  # the number of the seal that begins with the log
        self.last: tuple[Seal, bytes] | None = None  # the newest seal that is ours, and its digest
        self.newest: tuple[int, bytes] | None = None  # the number and digest of the newest, whatever it is
        self.told = 0  # the highest number of a seal that an event tells of
        self.whole = log_digests.Tally()  # all events
        self.tail = _Segment()  # those behind the last seal

    def run(self) -> _Reading:
        storage.events.freeze(self.db)
        self._read_seals()
        self._read_events()
        for seq, id in storage.events.list_doubles(self.db, self.sealed_up_to, self.horizon):
            self.damages.add(Damage(DamageKind.ADDED, f"Event {id} is there once more.", seq=seq, id=id))
        if self.newest is None or self.told > self.newest[0]:
            self._break(self.told or 1, "is gone: the newest seals were taken away")
        return self

    def _break(self, number: int, what: str) -> None:
        self.damages.add(Damage(DamageKind.SEAL_BROKEN, f"Seal {number} {what}.", seal=number))

    def _read_seals(self) -> None:
        """Whether every seal is ours, and knows the one before it, from the newest on that begins with the log."""
        before, is_kept = None, self.wanted is None
        for seal, digest in storage.log_seals.list_(self.db):
            is_ours = log_digests.is_digest(digest, log_digests.seal_digest(self.key, seal))
            if is_ours and seal.behind is None:
                self.base, self.damages = seal.number, _Damages()
            elif not is_ours:
                self._break(seal.number, "is not what was written")
            elif before is None or (seal.number - 1, seal.previous) != before:
                self._break(seal.number, "does not follow the one before it: some were taken away or changed")
            if is_ours:
                self.last = seal, digest
                is_kept = is_kept or digest[:SHORT] == self.wanted
            before = seal.number, digest
        self.newest = before
        if not is_kept:
            message = "The log does not have the seal that was asked for: it is another log, or an older state of it."
            self.damages.add(Damage(DamageKind.SEAL_MISSING, message))

    def _read_events(self) -> None:
        """Every event, held against its own digest and against the seal that is over it."""
        self.horizon = max(self.horizon, self.sealed_up_to)  # others may have sealed more meanwhile
        rows = _Rows(storage.events.list_rows(self.db, self.horizon))
        if self.base is not None:
            for seal, digest in storage.log_seals.list_(self.db, self.base):
                if log_digests.is_digest(digest, log_digests.seal_digest(self.key, seal)):
                    if seal.behind is not None:
                        self._close(self._read(rows, seal.behind), None)  # a broken seal was over these
                    self._close(self._read(rows, seal.up_to), seal)
        self.tail = self._read(rows, self.horizon)
        self._close(self.tail, None)
        self.step(self.events % STEP)

    @property
    def sealed_up_to(self) -> int:
        return self.last[0].up_to if self.last else 0

    def _read(self, rows: _Rows, up_to: int) -> _Segment:
        segment = _Segment()
        for seq, row, found in rows.take(up_to):
            digest = log_digests.event_digest(self.key, row)
            segment.tally.add(seq, digest)
            self.whole.add(seq, digest)
            if log_digests.is_digest(found, digest):
                segment.good += 1
                if row.name == EventName.SECURITY_LOGS_VERIFY:
                    self.told = max(self.told, json.loads(row.details).get("seal") or 0)
            elif found is None:
                segment.unsigned += 1
                if row.name not in WITHOUT_KEY:
                    segment.added.add(
                        _damage(DamageKind.ADDED, "was not written by authctl with the log's key", seq, row)
                    )
            else:
                segment.wrong += 1
                segment.changed.add(_damage(DamageKind.CHANGED, "is not what was written, or was made up", seq, row))
            self.events += 1
            if self.events % STEP == 0:
                self.step(STEP)
        return segment

    def _close(self, segment: _Segment, seal: Seal | None) -> None:
        """Judge a segment. One that its seal vouches for is what it was when it was sealed."""
        self.good += segment.good
        if seal is not None and self._is_sealed(segment, seal):
            self.unsigned += segment.unsigned
            self.accepted += segment.wrong
            return
        self.damages.extend(segment.changed)
        if seal is None or seal.behind is not None:  # else they are from before: each would be told for one of them
            self.damages.extend(segment.added)
            self.unsigned += segment.unsigned - segment.added.found
        if seal is not None:
            self._compare(segment, seal)

    def _is_sealed(self, segment: _Segment, seal: Seal) -> bool:
        return segment.tally.count == seal.events and log_digests.is_digest(segment.tally.digest(), seal.events_digest)

    def _compare(self, segment: _Segment, seal: Seal) -> None:
        """Say in which way events are not those that were sealed."""
        excess, since = (
            segment.tally.count - seal.events,
            f"up to number {seal.up_to}, which seal {seal.number} is over",
        )
        if seal.behind is not None:
            since = f"behind number {seal.behind} {since}"
        if excess < 0:
            kind, message = DamageKind.REMOVED, f"{-excess} of {seal.events} events are gone {since}."
        elif excess > 0:
            kind, message = DamageKind.ADDED, f"{excess} more events than {seal.events} are there {since}."
        elif not (segment.changed.found or (segment.added.found and seal.behind is not None)):
            kind, message = DamageKind.CHANGED, f"Some of the {seal.events} events are not what they were {since}."
        else:
            return  # each that was changed has been told
        time = from_milliseconds(seal.created_at)
        self.damages.add(Damage(kind, message, seq=seal.up_to, time=time, seal=seal.number))


class _Rows:
    """Events, as many at a time as there are up to a number."""

    def __init__(self, rows: Iterator[tuple[int, EventRow, Any]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def take(self, up_to: int) -> Iterator[tuple[int, EventRow, Any]]:
        while self._next is not None and self._next[0] <= up_to:
            yield self._next
            self._next = next(self._rows, None)


def _damage(kind: DamageKind, what: str, seq: int, row: EventRow) -> Damage:
    """What is wrong with an event, as far as its row, which may hold anything, can be told."""
    id = row.id.encode(errors="replace").decode() if isinstance(row.id, str) else None
    try:
        time = from_milliseconds(row.time)
    except (TypeError, OverflowError):
        time = None
    named = f"Event {id or seq} of {instant(time)}" if time else f"Event {id or seq}"
    return Damage(kind, f"{named} {what}.", seq=seq, id=id, time=time)


# Settling


def _report(work: Work, reading: _Reading) -> Verified:
    """Record that something is wrong. Nothing is sealed."""
    work.record(EventName.SECURITY_LOGS_VERIFY, "events", {"problems": reading.damages.found})
    return _verified(reading, reading.last)


def _seal(work: Work, reading: _Reading, key: bytes) -> Verified:
    """Seal what came since the last seal; all of the log, where what is wrong with it is accepted."""
    storage.log_seals.lock(work.db)
    found = storage.log_seals.find_last(work.db)
    newest = None if found is None else (found[0].number, found[1])
    problems = reading.damages.found
    if newest != reading.newest:  # another has verified the log meanwhile, and sealed it
        is_ours = found is not None and log_digests.is_digest(found[1], log_digests.seal_digest(key, found[0]))
        sealed = found if is_ours else reading.last
    else:
        number = max(newest[0] if newest else 0, reading.told) + 1
        previous = newest[1] if newest else None
        behind, tally = (None, reading.whole) if problems else (reading.sealed_up_to, reading.tail.tally)
        sealed = keys.add_seal(work, key, number, behind, reading.horizon, tally, previous)
    details: Json = {"seal": sealed[0].number if sealed else None, "events": reading.events}
    work.record(EventName.SECURITY_LOGS_VERIFY, "events", details | ({"accepted": problems} if problems else {}))
    return _verified(reading, sealed)


# Clearing


def purge(directory: Engine, kept_since: datetime) -> int:
    """Remove the events from before a time, and seal the rest anew; how many there were.

    Only of a log that is whole, and what is sealed: else the new seal would hide what is wrong.
    """
    if not directory.read(lambda work: storage.events.last_before(work.db, kept_since)):
        return 0
    found = verify(directory)
    if not found.is_good:
        directory.warn(
            "The audit log is not what was written, so nothing of it was cleared."
            " Look at it with: authctl security verify-logs"
        )
        return 0
    key = directory.find_log_key()
    sealed = directory.read(lambda work: storage.log_seals.find_last(work.db))
    if key is None or sealed is None:  # of a dry run alone
        return 0
    up_to = sealed[0].up_to
    last, tally = directory.read(_rest, key, kept_since, up_to)
    if directory.dry_run:
        return directory.read(lambda work: storage.events.count_up_to(work.db, last))
    return directory.write(_clear, key, sealed, last, tally)


def _rest(work: Work, key: bytes, kept_since: datetime, up_to: int) -> tuple[int, log_digests.Tally]:
    """The number of the last event to go, and those that stay, as they are sealed."""
    last, tally = min(storage.events.last_before(work.db, kept_since), up_to), log_digests.Tally()
    for seq, row, _ in storage.events.list_rows(work.db, up_to, last):
        tally.add(seq, log_digests.event_digest(key, row))
    return last, tally


def _clear(work: Work, key: bytes, sealed: tuple[Seal, bytes], last: int, tally: log_digests.Tally) -> int:
    storage.log_seals.lock(work.db)
    if storage.log_seals.find_last(work.db) != sealed:  # another has sealed the log meanwhile: the next time, then
        return 0
    seal, digest = sealed
    keys.add_seal(work, key, seal.number + 1, None, seal.up_to, tally, digest)
    return storage.events.delete_up_to(work.db, last)


def _verified(reading: _Reading, sealed: tuple[Seal, bytes] | None) -> Verified:
    return Verified(
        events=reading.events,
        good=reading.good,
        unsigned=reading.unsigned,
        accepted=reading.accepted,
        found=reading.damages.found,
        problems=tuple(reading.damages.kept),
        seal=sealed[1][:SHORT].hex() if sealed else None,
        sealed_at=from_milliseconds(sealed[0].created_at) if sealed else None,
    )
