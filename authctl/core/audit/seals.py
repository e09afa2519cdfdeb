"""The seals of the audit log: what each is over, and how they follow each other.

    seal 1              seal 2                seal 3             cut 4, made of seal 2
    ├─ events 1..40 ────┼─ events 41..55 ─────┼─ 56..90          ├─ events 48..55, and none before

A seal says how many events there are behind a number and up to another, and which; it holds the digest of the seal
before it. One that is behind no number begins with the log: the first does, and the first after somebody accepted the
log as it was, whose predecessors count no more.

Clearing the log leaves the seals of later events as they are. A cut says that the log begins behind its number now, and
is over what is left of the seal that it was made of: of two that end with the same event, the newer counts. A cut in
front of the last one splits a seal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from authctl import storage
from authctl.core.crypto import log_digests
from authctl.model import milliseconds

if TYPE_CHECKING:
    from authctl.core.work.unit import Work
    from authctl.storage.log_seals import SealRow as Seal

SEGMENT = 1_000  # events that a seal is over at most: what is read again at a cut, and cleared in one transaction


class Span(NamedTuple):
    """What a seal is over."""

    behind: int | None
    up_to: int
    events: int
    digest: bytes


class Spans:
    """Events as they are counted for seals, in the order of their numbers. behind: the number that they begin with."""

    def __init__(self, behind: int | None) -> None:
        self._behind = behind
        self._tally = log_digests.Tally()
        self._done: list[Span] = []

    def add(self, seq: int, digest: bytes) -> None:
        """digest: as it is to be of what the row holds now, whichever the row has."""
        self._tally.add(seq, digest)
        if self._tally.count == SEGMENT:
            self._close(seq)

    def end(self, up_to: int) -> list[Span]:
        """All that was added, up to that number; without events, one only where the log begins."""
        if self._tally.count or self._behind is None:
            self._close(up_to)
        return self._done

    def _close(self, up_to: int) -> None:
        self._done.append(Span(self._behind, up_to, self._tally.count, self._tally.digest()))
        self._behind, self._tally = up_to, log_digests.Tally()


def is_of(tally: log_digests.Tally, seal: Seal) -> bool:
    """Whether those are the events that a seal is over."""
    return tally.count == seal.events and log_digests.is_digest(tally.digest(), seal.events_digest)


def add(
    work: Work,
    key: bytes,
    spans: Iterable[Span],
    number: int,
    previous: bytes | None,
    kind: str = log_digests.SEAL,
) -> tuple[Seal, bytes]:
    """Store a seal for each span, from that number on; the last of them and its digest."""
    now, made = milliseconds(work.now), []
    for seal_number, span in enumerate(spans, number):
        seal = storage.log_seals.SealRow(seal_number, *span, previous, now)
        previous = log_digests.seal_digest(key, seal, kind)
        made.append((seal, previous))
    storage.log_seals.insert(work.db, made)
    return made[-1]


def newest(work: Work, key: bytes) -> Seal | None:
    """The newest seal that is ours and no cut: the log is sealed up to where it ends."""
    return next((seal for seal, kind in _ours(work, key) if kind == log_digests.SEAL), None)


def beginning(work: Work, key: bytes) -> Seal | None:
    """The newest seal or cut that is ours and says where the log begins."""
    return next((seal for seal, kind in _ours(work, key) if kind == log_digests.CUT or seal.behind is None), None)


def _ours(work: Work, key: bytes) -> Iterator[tuple[Seal, str]]:
    """Every seal that is ours with its kind, the newest first."""
    for seal, digest in storage.log_seals.list_newest(work.db):
        if kind := log_digests.seal_kind(key, seal, digest):
            yield seal, kind


def segments(work: Work, key: bytes, start: int, behind: int | None) -> Iterator[Seal]:
    """The seals that count of those from a number on, by the events that they are over, behind another.

    Those that are not ours are left out; what they were over is a gap.
    """
    end = None
    for seal, digest in storage.log_seals.list_by_end(work.db, start, behind):
        if seal.up_to != end and log_digests.seal_kind(key, seal, digest):
            end = seal.up_to
            yield seal
