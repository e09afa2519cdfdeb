"""Attempts at credentials, counted in buckets, and where people have signed in from before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from authctl.storage import compiled
from authctl.storage.connection import Connection


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was counted in a bucket, and until when it is locked.

    seen_at: of an account, when the source last signed in to it; None where it never did, or that was not asked for.
    """

    name: str
    count: int
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


def count_both(
    db: Connection, source: str | None, account: str, known: KnownSource | None, at: Times
) -> tuple[Bucket | None, Bucket | None]:
    """Count one more attempt in the bucket of its source, and in that of its account unless the source is locked."""
    times = at._asdict()
    of_source = db.ask(compiled.ATTEMPTS_COUNT, times | {"bucket": source}) if source is not None else None
    known = known or KnownSource(0, "", "", at.now)
    row = db.first(
        compiled.ATTEMPTS_COUNT_UNLESS_LOCKED,
        times
        | {"bucket": account, "source_bucket": source or ""}
        | {"user_seq": known.user_seq, "source": known.source, "known_bucket": known.bucket}
        | {"known_since": known.since},
    )
    return Bucket(*of_source()[0]) if of_source else None, Bucket(*row) if row else None


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


def succeed(db: Connection, account: str, source: str | None, *, unlock: bool) -> None:
    """Begin the count of an account again, and take one attempt of a source back. unlock: and the lock it brought."""
    db.run(compiled.ATTEMPTS_SUCCEED, {"bucket": account, "source_bucket": source or "", "unlock": unlock})


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
