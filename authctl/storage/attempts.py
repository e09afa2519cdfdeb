"""Attempts at credentials, counted in buckets, and where people have signed in from before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from authctl.storage.connection import Connection
from authctl.storage.fixed import Fixed
from authctl.storage.tables import Instant, attempts, known_sources


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was counted in a bucket, and until when it is locked."""

    count: int
    locked_until: datetime | None


# One statement, so that attempts made at once wait for each other here and each is counted. A bucket whose window has
# passed, or whose lock has ended, begins again.
_COUNT = Fixed(
    sa.text(
        """
    INSERT INTO attempts (bucket, count, since) VALUES (:bucket, 1, :now)
    ON CONFLICT (bucket) DO UPDATE SET
        count = CASE WHEN attempts.since <= :expired AND attempts.locked_until IS NULL OR attempts.locked_until <= :now
                THEN 1 ELSE attempts.count + 1 END,
        since = CASE WHEN attempts.since <= :expired AND attempts.locked_until IS NULL OR attempts.locked_until <= :now
                THEN :now ELSE attempts.since END,
        locked_until = CASE WHEN attempts.locked_until > :now THEN attempts.locked_until ELSE NULL END
    RETURNING count, locked_until
    """
    )
    .bindparams(sa.bindparam("now", type_=Instant), sa.bindparam("expired", type_=Instant))
    .columns(sa.column("count", sa.Integer), sa.column("locked_until", Instant))
)


def count(db: Connection, bucket: str, now: datetime, expired: datetime) -> Bucket:
    """Count one more attempt. expired: what began before then is forgotten."""
    (row,) = _COUNT.rows(db, {"bucket": bucket, "now": now, "expired": expired})
    return Bucket(row[0], row[1])


def lock(db: Connection, bucket: str, until: datetime) -> None:
    db.sqlalchemy.execute(attempts.update().where(attempts.c.bucket == bucket).values(locked_until=until))


def uncount(db: Connection, bucket: str, *, unlock: bool) -> None:
    """Take one attempt back. unlock: and the lock that it brought."""
    lock = {"locked_until": None} if unlock else {}
    db.sqlalchemy.execute(
        attempts.update().where(attempts.c.bucket == bucket).values(count=attempts.c.count - 1, **lock)
    )


_FORGET = Fixed(attempts.delete().where(attempts.c.bucket == sa.bindparam("bucket")))


def forget(db: Connection, bucket: str) -> None:
    _FORGET.run(db, {"bucket": bucket})


def forget_all(db: Connection, prefix: str) -> None:
    """Empty every bucket whose name begins so."""
    db.sqlalchemy.execute(attempts.delete().where(_begins(prefix)))


def _begins(prefix: str) -> sa.ColumnElement[bool]:
    following = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return sa.and_(attempts.c.bucket >= prefix, attempts.c.bucket < following)


def purge(
    db: Connection, now: datetime, expired: datetime, *, prefix: str | None = None, but: str | None = None
) -> int:
    """Remove what counts no more: windows that began before `expired`, locks that have ended; how many there were.

    prefix: only of buckets whose name begins so. but: of all others.
    """
    named = [_begins(prefix)] if prefix is not None else []
    named += [sa.not_(_begins(but))] if but is not None else []
    ended = sa.or_(
        attempts.c.locked_until <= now, sa.and_(attempts.c.locked_until.is_(None), attempts.c.since <= expired)
    )
    return db.sqlalchemy.execute(attempts.delete().where(ended, *named)).rowcount


def is_known(db: Connection, user_seq: int, source: str) -> bool:
    """Whether that source has signed in to that account before."""
    found = sa.select(known_sources.c.seen_at).where(
        known_sources.c.user_seq == user_seq, known_sources.c.source == source
    )
    return db.sqlalchemy.execute(found).one_or_none() is not None


_KNOW = Fixed(
    sa.text(
        """
    INSERT INTO known_sources (user_seq, source, seen_at) VALUES (:user_seq, :source, :now)
    ON CONFLICT (user_seq, source) DO UPDATE SET seen_at = :now
    """
    ).bindparams(sa.bindparam("now", type_=Instant))
)


def know(db: Connection, user_seq: int, source: str, now: datetime) -> None:
    """Remember that a source has signed in to an account."""
    _KNOW.run(db, {"user_seq": user_seq, "source": source, "now": now})
