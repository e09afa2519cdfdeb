"""Clearing the audit log by the policy log-retention: `authctl security purge`.

    verify    the events since the last seal, and seal them
    read      the oldest segments, some at a time, each held against its seal: what goes is what was written
    clear     in one transaction: a cut, which says where the log begins now, and the deletion of what is before it
    pause     others write; and on with the next segments

What stays is not read, and keeps its seals. A log that was changed is left as it is, since what is wrong with it would
go with it. A crash leaves a log that is whole and begins somewhere in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Any

from authctl import storage
from authctl.core.audit import seals, verification
from authctl.core.crypto import log_digests
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.model import EventName, milliseconds
from authctl.storage.events import EventRow
from authctl.storage.log_seals import SealRow as Seal

PAUSE = 0.05  # seconds between two transactions, of about as long: SQLite has a writer look again within 25 ms


@dataclass(slots=True)
class _Cut:
    """What goes next: the events behind a number, and up to another; both are None before the first event.

    newest: the seal that this was read under. spans: what is left of the last segment. is_last: whether nothing goes
    after it.
    """

    newest: tuple[Seal, bytes]
    behind: int | None
    up_to: int | None
    spans: list[seals.Span] = field(default_factory=list)
    is_last: bool = False


def purge(directory: Engine, kept_since: datetime) -> int:
    """Remove the events from before a time; how many there were. Up to the first that is not, in their order."""
    before = milliseconds(kept_since)
    if not directory.read(_count_due, before, 1):
        return 0
    if not verification.verify(directory).is_good:
        return _leave(directory, 0)
    key = directory.find_log_key()
    if directory.dry_run or key is None:
        return directory.read(_count_due, before)
    removed, cut = 0, None
    while cut is None or not cut.is_last:
        if cut is not None:
            directory.sleep(PAUSE)
        cut = directory.read(_next_cut, key, before)
        if cut is None:
            verification.verify(directory, whole=True)  # which records what is wrong
            return _leave(directory, removed)
        removed += directory.write(_clear, key, cut)
    return removed


def _leave(directory: Engine, removed: int) -> int:
    directory.warn(
        "The audit log was changed outside authctl, so no more of it was cleared. Check it with: authctl security "
        "verify-logs"
    )
    return removed


def _count_due(work: Work, before: int, most: int | None = None) -> int:
    """How many events there are before the first that stays; no more than `most` are looked at."""
    rows = storage.log_rows.list_rows(work.db, limit=most)
    return sum(1 for _ in takewhile(lambda found: _is_due(found[1], before), rows))


def _is_due(row: EventRow, before: int) -> bool:
    return isinstance(row.time, int) and row.time < before


def _next_cut(work: Work, key: bytes, before: int) -> _Cut | None:
    """As many of the oldest segments as make one transaction; None where they are not what was sealed."""
    work.db.freeze()
    work.db.wait_forever()
    newest, begin = storage.log_seals.find_last(work.db), seals.beginning(work, key)
    if newest is None or begin is None or log_digests.seal_kind(key, *newest) is None:
        return None
    cut, start = _Cut(newest, begin.behind, begin.behind), storage.log_seals.last_beginning(work.db)
    oldest = list(_some(seals.segments(work, key, start, begin.behind)))
    if not oldest:
        cut.is_last = True
        return cut
    rows = verification.Rows(storage.log_rows.list_rows(work.db, oldest[-1].up_to, begin.behind))
    for seal in oldest:
        if seal.behind != cut.up_to or not _add(cut, seal, rows.take(seal.up_to), key, before):
            return None
        if cut.spans or cut.is_last:
            break
    return cut


def _some(segments: Iterable[Seal]) -> Iterator[Seal]:
    """The first segments, as long as they are over no more events than one may be; one at least."""
    count = 0
    for seal in segments:
        if count and count + seal.events > seals.SEGMENT:
            return
        yield seal
        count += seal.events


def _add(cut: _Cut, seal: Seal, rows: Iterable[tuple[int, EventRow, Any]], key: bytes, before: int) -> bool:
    """Let a segment go, or what is due of it; False where it is not what was sealed.

    A large one, as older versions have made, is split instead, so that it is read this once.
    """
    tally, is_large = log_digests.Tally(), seal.events > seals.SEGMENT
    rest: seals.Spans | None = None
    for seq, row, _ in rows:
        is_due = _is_due(row, before)
        if not is_due and not tally.count:
            cut.is_last = True
            return True
        if rest is None and (is_large or not is_due):
            rest = seals.Spans(seq - 1)
        digest = log_digests.event_digest(key, row)
        tally.add(seq, digest)
        if rest is not None:
            rest.add(seq, digest)
    cut.up_to = seal.up_to
    if rest is not None:
        cut.spans, cut.is_last = rest.end(seal.up_to), not is_large
    return seals.is_of(tally, seal)


def _clear(work: Work, key: bytes, cut: _Cut) -> int:
    """Delete what goes, and say that the log begins behind it now; how many events there were."""
    storage.log_seals.lock(work.db)
    seal, digest = cut.newest
    if storage.log_seals.find_last(work.db) != cut.newest:  # another has sealed or cleared the log meanwhile
        return 0
    if not cut.spans and cut.up_to is not None and cut.up_to != cut.behind:
        cut.spans = [seals.Span(cut.up_to, cut.up_to, 0, log_digests.Tally().digest())]
    if not cut.spans:
        return 0
    seals.add(work, key, reversed(cut.spans), seal.number + 1, digest, log_digests.CUT)
    begin = cut.spans[0].behind
    assert begin is not None
    removed = storage.log_rows.delete(work.db, cut.behind, begin)
    work.record(EventName.SECURITY_PURGE, "events", {"events": removed})
    return removed
