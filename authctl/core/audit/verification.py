"""Verifying the audit log: `authctl security verify-logs`, from top to bottom. What it stands on is in keys.py.

    settle    wait for events that have a number and are not through: nothing comes below the newest any more
    read      in one moment of the database: the last seal and the events behind it, in the order of their numbers;
              or every seal and every event, where that is asked for, or something wrong was found before
    seal      where all is well, what came since the last seal; in any case record what was found

Nobody waits while the log is read. What was sealed and adds up is what it was, whatever its events' own digests say:
so events from before the log had a key, and those that somebody has accepted, are told of no more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from authctl import storage
from authctl.core.audit import keys, retention, seals
from authctl.core.audit.damages import Damage, DamageKind, Damages, of_event
from authctl.core.crypto import log_digests
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Invalid
from authctl.model import EventName, Json, Progress, Public, from_milliseconds
from authctl.storage.events import EventRow
from authctl.storage.log_seals import SealRow as Seal

SHORT = 16  # bytes of a seal's digest that an operator keeps; it is ours all the same, and 128 bits are not met twice
STEP = 1_000  # events between two tellings of progress

# Written without the key where it is not at hand; what they say is protected from the next seal on.
WITHOUT_KEY = (EventName.DIRECTORY_BACKUP, EventName.DIRECTORY_RESTORE)


@dataclass(frozen=True, slots=True)
class Verified(Public):
    """What the log was found to be.

    events: how many were read. good: those whose digest is right; unsigned: those without one that a seal vouches for,
    as they are from before, or were written without the key; accepted: those that were wrong when somebody accepted
    them. found: how many problems there are; problems: the first thousand of them. seal: the newest, shortened to what
    is given to `expect`; sealed_at: when it was made. from_seal: the one that the log was read from, shortened as well;
    None where all of it was read.
    """

    events: int
    good: int
    unsigned: int
    accepted: int
    found: int
    problems: tuple[Damage, ...]
    seal: str | None
    sealed_at: datetime | None
    from_seal: str | None = None

    @property
    def is_good(self) -> bool:
        return not self.found


def verify(
    directory: Engine,
    *,
    expect: str | None = None,
    whole: bool = False,
    accept: bool = False,
    progress: Progress | None = None,
) -> Verified:
    """Find out whether the audit log is what was written since the last seal, and seal what is.

    expect: a seal that was told earlier and kept elsewhere, which the log must still have; without it, a log that was
    put back as a whole to what it once was looks good. whole: read all of the log; nothing else finds a change in what
    was sealed before. accept: seal the log whatever is wrong, as it is now; reads all of it too.

    A log with problems is no error here; it is not sealed unless it is accepted, and either is recorded. Once there are
    some, all of the log is read until there are none, or they are accepted. Raises Invalid for an `expect` that is no
    seal, Unavailable (general_secret_damaged) where the log's key is gone or damaged, Unavailable (database_locked)
    where somebody who writes to the log does not end.
    """
    wanted = None if expect is None else _parse(expect)
    key = _key(directory, accept)
    horizon = storage.log_rows.settled_seq(directory.database, directory.sleep)
    if key is None:
        total = directory.database.read(lambda db: storage.log_rows.count(db, None, horizon))
        return Verified(total, 0, total, 0, 0, (), None, None)
    read = partial(_read, key=key, horizon=horizon, wanted=wanted, accept=accept, progress=progress)
    reading = directory.read(read, whole=whole or accept)
    if reading.is_doubted and not reading.is_whole:
        reading = directory.read(read, whole=True)
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
            f"A seal has {2 * SHORT} hex digits, as shown by verify-logs.",
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
class _Segment:
    """The events between two seals, or behind the last: how many there are of each sort, and what is doubtful."""

    tally: log_digests.Tally = field(default_factory=log_digests.Tally)
    good: int = 0
    unsigned: int = 0
    wrong: int = 0
    changed: Damages = field(default_factory=Damages)  # whose digest is wrong
    added: Damages = field(default_factory=Damages)  # that have none


def _read(
    work: Work, key: bytes, horizon: int, wanted: bytes | None, accept: bool, progress: Progress | None, whole: bool
) -> _Reading:
    """The log as it is in one moment, up to a number that nothing comes below any more."""
    work.db.freeze()
    work.db.wait_forever()
    reading = _Reading(work, key, horizon, accept)
    reading.read_seals(wanted, whole)
    total = storage.log_rows.count(work.db, reading.begin, reading.horizon)
    with progress("Verifying", total) if progress else nullcontext(lambda count: None) as step:
        reading.read_events(step)
    if reading.retention is None and not reading.is_whole and work.policy[retention.POLICY] is not None:
        reading.retention = retention.search(work, key)
    return reading


class _Reading:
    """What is found in the log, and what the next seal needs."""

    def __init__(self, work: Work, key: bytes, horizon: int, accept: bool) -> None:
        self.work, self.db, self.key, self.horizon = work, work.db, key, horizon
        self.damages = Damages()
        self.events = self.good = self.unsigned = self.accepted = 0
        self.is_whole = False  # whether all of the log is read
        self.is_doubted = False  # whether something was found wrong since the last seal
        self.is_signed = False  # whether events had digests by then
        self.base: int | None = None  # the number of the seal that begins with the log
        self.cut: Seal | None = None  # the newest cut since then
        self.last: tuple[Seal, bytes] | None = None  # the newest seal that is ours, and its digest
        self.newest: tuple[int, bytes] | None = None  # the number and digest of the newest, whatever it is
        self.sealed_up_to = 0
        self.told = 0  # the highest number of a seal that an event tells of
        self.retention: retention.Setting | None = None  # what was signed last of those that were read
        self.all = seals.Spans(None) if accept else None
        self.tail: seals.Spans | None = None  # of the events behind the last seal, once those are read

    @property
    def begin(self) -> int | None:
        """The number behind which events are read."""
        return None if self.is_whole else self.sealed_up_to

    def _break(self, number: int, what: str) -> None:
        self.damages.add(Damage(DamageKind.SEAL_BROKEN, f"Seal {number} {what}.", seal=number))

    def read_seals(self, wanted: bytes | None, whole: bool) -> None:
        """Find where the log is sealed up to, by all seals, or by those since the last or one that was kept."""
        last = None if whole else seals.newest(self.work, self.key)
        kept = None if wanted is None else storage.log_seals.find_by_digest(self.db, wanted)
        is_kept = kept is not None and log_digests.seal_kind(self.key, *kept) is not None
        start = last.number if last else 0
        if kept is not None and is_kept:
            start = min(start, kept[0].number)
        self.is_whole = last is None
        self._follow(start)
        self.horizon = max(self.horizon, self.sealed_up_to)  # others may have sealed more meanwhile
        if wanted is not None and not is_kept:
            message = "The log does not contain this seal: it is another log or an older copy."
            self.damages.add(Damage(DamageKind.SEAL_MISSING, message))

    def _follow(self, start: int) -> None:
        """Whether each seal from a number on is ours, and knows the one before it, since the log began anew."""
        before = None
        for seal, digest in storage.log_seals.list_(self.db, start):
            kind = log_digests.seal_kind(self.key, seal, digest)
            if kind is None:
                self._break(seal.number, "was changed")
            elif seal.behind is None:
                self.base, self.cut, self.damages = seal.number, None, Damages()
            elif seal.number != start and (seal.number - 1, seal.previous) != before:
                self._break(seal.number, "does not follow the one before: seals were removed or changed")
            if kind is not None:
                self.last = seal, digest
            if kind == log_digests.SEAL:
                self.sealed_up_to = seal.up_to
            elif kind == log_digests.CUT:
                self.cut = seal
            before = seal.number, digest
        self.newest = before

    def read_events(self, step: Callable[[int], None]) -> None:
        """Every event, held against its own digest and against the seal that is over it."""
        rows = Rows(storage.log_rows.list_rows(self.db, self.horizon, self.begin), step)
        if self.is_whole and self.base is not None:
            self._read_segments(rows, self.base)
        self.tail = seals.Spans(self.sealed_up_to)
        self._close(self._read(rows, self.horizon), None)
        rows.end()
        for seq, id in storage.log_rows.list_doubles(self.db, self.sealed_up_to, self.horizon):
            self.damages.add(Damage(DamageKind.ADDED, f"Event {id} appears twice.", seq=seq, id=id))
        if self.newest is None or self.told > self.newest[0]:
            self._break(self.told or 1, "is missing: the newest seals were removed")

    def _read_segments(self, rows: Rows, base: int) -> None:
        """The events that seals are over, each segment held against its seal."""
        begin = None
        if self.cut is not None:
            begin = self.cut.behind or 0
            nothing = self.cut._replace(behind=None, up_to=begin, events=0, events_digest=log_digests.Tally().digest())
            self._close(self._read(rows, begin), nothing)
        for seal in seals.segments(self.work, self.key, base, begin):
            if seal.behind is not None:
                self._close(self._read(rows, seal.behind), None)  # a broken seal was over these
            self._close(self._read(rows, seal.up_to), seal)

    def _read(self, rows: Rows, up_to: int) -> _Segment:
        segment = _Segment()
        for seq, row, found in rows.take(up_to):
            digest = log_digests.event_digest(self.key, row)
            segment.tally.add(seq, digest)
            for spans in filter(None, (self.all, self.tail)):
                spans.add(seq, digest)
            self.events += 1
            self.is_signed = self.is_signed or found is not None
            if log_digests.is_digest(found, digest):
                segment.good += 1
                if row.name == EventName.SECURITY_LOGS_VERIFY:
                    self._hear(json.loads(row.details))
                if row.name in retention.EVENTS:
                    self.retention = retention.later(self.retention, retention.of_event(row, self.work.now))
            elif found is None:
                segment.unsigned += 1
                if row.name not in WITHOUT_KEY:
                    segment.added.add(of_event(DamageKind.ADDED, "was not signed with the log's key", seq, row))
            else:
                segment.wrong += 1
                segment.changed.add(of_event(DamageKind.CHANGED, "was changed or forged", seq, row))
        return segment

    def _hear(self, verified: Json) -> None:
        """What an event says of the verification that wrote it."""
        self.told = max(self.told, verified.get("seal") or 0)
        self.is_doubted = self.is_doubted or "problems" in verified

    def _close(self, segment: _Segment, seal: Seal | None) -> None:
        """Judge a segment. One that its seal vouches for is what it was when it was sealed."""
        self.good += segment.good
        if seal is not None and seals.is_of(segment.tally, seal):
            self.unsigned += segment.unsigned
            self.accepted += segment.wrong
            return
        self.damages.extend(segment.changed)
        if self._knows_added(seal):
            self.damages.extend(segment.added)
            self.unsigned += segment.unsigned - segment.added.found
        if seal is not None:
            self._compare(segment, seal)

    def _knows_added(self, seal: Seal | None) -> bool:
        """Whether an event without a digest was added; else each from before would be told for one of them."""
        return seal is None or (seal.behind is not None and self.is_signed)

    def _compare(self, segment: _Segment, seal: Seal) -> None:
        """Say in which way events are not those that were sealed."""
        excess, since = (
            segment.tally.count - seal.events,
            f"up to number {seal.up_to}, covered by seal {seal.number}",
        )
        if seal.behind is not None:
            since = f"after number {seal.behind} {since}"
        if excess < 0:
            kind, message = DamageKind.REMOVED, f"{-excess} of {seal.events} events are missing {since}."
        elif excess > 0:
            kind, message = DamageKind.ADDED, f"{excess} events beyond the expected {seal.events} were added {since}."
        elif not (segment.changed.found or (segment.added.found and self._knows_added(seal))):
            kind, message = DamageKind.CHANGED, f"Some of the {seal.events} events were changed {since}."
        else:
            return  # each that was changed has been told
        time = from_milliseconds(seal.created_at)
        self.damages.add(Damage(kind, message, seq=seal.up_to, time=time, seal=seal.number))


class Rows:
    """Events, as many at a time as there are up to a number. step: called with the number of those just taken."""

    def __init__(
        self, rows: Iterator[tuple[int, EventRow, Any]], step: Callable[[int], None] = lambda count: None
    ) -> None:
        self._rows, self._step, self._taken = rows, step, 0
        self._next = next(rows, None)

    def take(self, up_to: int) -> Iterator[tuple[int, EventRow, Any]]:
        while self._next is not None and self._next[0] <= up_to:
            yield self._next
            self._next = next(self._rows, None)
            self._taken += 1
            if self._taken % STEP == 0:
                self._step(STEP)

    def end(self) -> None:
        """Tell of the last of them."""
        self._step(self._taken % STEP)


# Sealing


def _report(work: Work, reading: _Reading) -> Verified:
    """Record that something is wrong. Nothing is sealed."""
    work.record(EventName.SECURITY_LOGS_VERIFY, "events", {"problems": reading.damages.found})
    return _verified(reading, reading.last)


def _seal(work: Work, reading: _Reading, key: bytes) -> Verified:
    """Seal what came since the last seal; all of the log, where what is wrong with it is accepted."""
    storage.log_seals.lock(work.db)
    found = storage.log_seals.find_last(work.db)
    newest = None if found is None else (found[0].number, found[1])
    problems, sealed = reading.damages.found, reading.last
    spans = reading.all if problems else reading.tail
    assert spans is not None
    if newest != reading.newest:  # another has verified the log meanwhile, and sealed it
        is_ours = found is not None and log_digests.seal_kind(key, *found) is not None
        sealed = found if is_ours else sealed
    elif ends := spans.end(reading.horizon):
        number, previous = newest or (0, None)
        sealed = seals.add(work, key, ends, max(number, reading.told) + 1, previous)
    details: Json = {"seal": sealed[0].number if sealed else None, "events": reading.events}
    details |= retention.repeated(reading.retention)
    if not reading.is_whole and reading.last:
        details["from_seal"] = reading.last[0].number
    work.record(EventName.SECURITY_LOGS_VERIFY, "events", details | ({"accepted": problems} if problems else {}))
    return _verified(reading, sealed)


def _verified(reading: _Reading, sealed: tuple[Seal, bytes] | None) -> Verified:
    return Verified(
        events=reading.events,
        good=reading.good,
        unsigned=reading.unsigned,
        accepted=reading.accepted,
        found=reading.damages.found,
        problems=tuple(reading.damages.kept),
        seal=_short(sealed[1]) if sealed else None,
        sealed_at=from_milliseconds(sealed[0].created_at) if sealed else None,
        from_seal=_short(reading.last[1]) if reading.last and not reading.is_whole else None,
    )


def _short(digest: bytes) -> str:
    return digest[:SHORT].hex()
