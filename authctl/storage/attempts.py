"""Attempts at credentials, counted in buckets, and where people have signed in from before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from authctl.model import EPOCH
from authctl.storage import compiled
from authctl.storage.connection import Connection

SLOTS = 16  # of a source: few of those who sign in at once meet in one


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was counted in a bucket, and until when it is locked.

    since: when its window began. seen_at: of an account, when the source last signed in to it; None where it never did,
    or that was not asked for.
    """

    name: str
    count: int
    since: datetime
    locked_until: datetime | None
    seen_at: datetime | None = None


class Times(NamedTuple):
    """What the times of a bucket are held against.

    expired: what began before then is forgotten; so is what began behind `ahead`, and a lock that ends behind `latest`.
    """

    now: datetime
    expired: datetime
    ahead: datetime
    latest: datetime


def count(db: Connection, bucket: str, times: Times) -> Bucket:
    """Count one more attempt."""
    return Bucket(*db.first(compiled.ATTEMPTS_COUNT, times._asdict() | {"bucket": bucket}))


def count_all(db: Connection, buckets: Sequence[str], at: Times) -> Callable[[], list[Bucket]]:
    """The same in several buckets, asked for together; what tells their counts."""
    times = at._asdict()
    asked = [db.ask(compiled.ATTEMPTS_COUNT, times | {"bucket": bucket}) for bucket in buckets]
    return lambda: [Bucket(*answer()[0]) for answer in asked]


class KnownSource(NamedTuple):
    """A source that may have signed in to an account after `since`: then that bucket counts."""

    user_seq: int
    source: str
    bucket: str
    since: datetime


class Source(NamedTuple):
    """Where attempts of a source are counted: in its bucket, up to a limit.

    Who signs in from one address would wait there for everybody else who does, so that the bucket lends a few attempts
    at a time to each of SLOTS slots, and counts them at once. Whoever is left without one counts in the bucket itself,
    which takes back what is lent and not used before the limit counts as reached: there are never more attempts, nor
    fewer, than one bucket would allow. A slot says in its name what limit it was lent by: another one ends it.
    """

    bucket: str
    limit: int

    @property
    def slots(self) -> str:
        """How the names of all its slots begin."""
        return f"{self.bucket}#slots/"

    @property
    def share(self) -> int:
        """How many attempts a slot is lent at most; 0 where the limit is too low for that."""
        return self.limit // (2 * SLOTS)

    def slot(self, account: str) -> str:
        """The one that attempts at an account are counted in."""
        return f"{self.slots}{self.limit}/{crc32(account.encode()) % SLOTS}"


def count_both(
    db: Connection, source: Source | None, account: str, known: KnownSource | None, at: Times
) -> tuple[Bucket | None, Bucket | None]:
    """Count one more attempt in the bucket of its source, or a slot of it, and in that of its account unless the source
    is locked."""
    times = at._asdict()
    known = known or KnownSource(0, "", "", at.now)
    asked = db.ask(
        compiled.ATTEMPTS_COUNT_UNLESS_LOCKED,
        times
        | {"bucket": account, "source_bucket": source.bucket if source is not None else ""}
        | {"user_seq": known.user_seq, "source": known.source, "known_bucket": known.bucket}
        | {"known_since": known.since},
    )
    # The account's first, as everywhere, so that nobody waits for it who keeps a slot or a source from others.
    of_source = _count_source(db, source, account, at) if source is not None else None
    of_account = Bucket(*rows[0]) if (rows := asked()) else None
    if of_source is not None and of_source.locked_until is not None and of_account is not None:
        uncount(db, of_account.name)  # the source was locked just now
        return of_source, None
    return of_source, of_account


def _count_source(db: Connection, source: Source, account: str, at: Times) -> Bucket:
    """Count an attempt in the account's slot of a source, or in the bucket, which lends the slot the next ones."""
    if not source.share:
        return count(db, source.bucket, at)
    slot = source.slot(account)
    counted = _count_in_either(db, slot, source, at)
    if counted.name == slot or counted.locked_until is not None:
        return counted
    unused = _take_back_lent(db, source, counted.since) if counted.count >= source.limit else 0
    counted = replace(counted, count=counted.count - unused)
    # Nothing is lent to whoever is alone there.
    more = (source.limit - counted.count) // (2 * SLOTS) if counted.count > 1 else 0
    with db.ahead():
        if more or unused:
            db.run(compiled.ATTEMPTS_ADD, {"bucket": source.bucket, "more": more - unused})
        if more:
            db.run(compiled.ATTEMPTS_LEND, {"bucket": slot, "more": more, "since": counted.since})
    return replace(counted, name=slot) if more else counted  # where a right one gives it back


def _count_in_either(db: Connection, slot: str, source: Source, at: Times) -> Bucket:
    """Count in a slot, if it is lent one, else in the bucket."""
    values = at._asdict() | {"slot": slot, "bucket": source.bucket}
    if db.dialect.name == "postgresql":
        return Bucket(*db.first(compiled.ATTEMPTS_COUNT_IN_EITHER, values))
    row = db.first(compiled.ATTEMPTS_COUNT_IN_SLOT, values)
    return Bucket(*row) if row else count(db, source.bucket, at)


def _take_back_lent(db: Connection, source: Source, since: datetime) -> int:
    """Leave the slots of a source nothing of what they were lent in this window; how much that was."""
    lent = {"prefix": source.slots, "following": following(source.slots), "since": since}
    unused = -sum(int(row.count) for row in db.rows(compiled.ATTEMPTS_LIST_LENT, lent))
    if unused:
        with db.ahead():
            db.run(compiled.ATTEMPTS_EMPTY_LENT, lent)
    return unused


def find_lock(db: Connection, bucket: str) -> datetime | None:
    """Until when a bucket is locked, or was; None for one that never was."""
    row = db.first(compiled.ATTEMPTS_FIND_LOCK, {"bucket": bucket})
    return row.locked_until if row is not None else None


def lock(db: Connection, bucket: str, until: datetime | None) -> None:
    """Lock a bucket until that moment; None: unlock it."""
    db.run(compiled.ATTEMPTS_LOCK, {"bucket": bucket, "until": until})


def uncount(db: Connection, bucket: str) -> None:
    """Take one attempt back."""
    db.run(compiled.ATTEMPTS_UNCOUNT, {"bucket": bucket})


def succeed(db: Connection, account: str, source: Bucket | None, *, unlock: bool) -> None:
    """Begin the count of an account again, and take one attempt of a source back, if its window is still the one that
    it was counted in. unlock: and the lock it brought."""
    name, since = (source.name, source.since) if source is not None else ("", EPOCH)
    values = {"bucket": account, "source_bucket": name, "source_since": since, "unlock": unlock}
    db.run(compiled.ATTEMPTS_SUCCEED, values)


def forget(db: Connection, bucket: str) -> None:
    db.run(compiled.ATTEMPTS_FORGET, {"bucket": bucket})


def forget_all(db: Connection, prefix: str) -> None:
    """Empty every bucket whose name begins so."""
    db.run(compiled.ATTEMPTS_FORGET_ALL, {"prefix": prefix, "following": following(prefix)})


def is_known(db: Connection, user_seq: int, source: str, since: datetime, ahead: datetime) -> bool:
    """Whether a source has signed in to an account between these."""
    values = {"user_seq": user_seq, "source": source, "since": since, "ahead": ahead}
    return db.first(compiled.ATTEMPTS_FIND_SOURCE, values) is not None


def following(prefix: str) -> str:
    """The first name that comes after all those that begin so."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def know(db: Connection, user_seq: int, source: str, now: datetime) -> None:
    """Remember that a source has signed in to an account."""
    db.run(compiled.ATTEMPTS_KNOW, {"user_seq": user_seq, "source": source, "seen_at": now})


def forget_sources(db: Connection, user_seq: int) -> None:
    """Know no source that has signed in to an account any more."""
    db.run(compiled.ATTEMPTS_FORGET_SOURCES, {"user_seq": user_seq})
