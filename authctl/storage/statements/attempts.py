"""Statements about attempts at credentials, and where people have signed in from before."""

from typing import Any

import sqlalchemy as sa

from authctl.storage.column_types import Instant
from authctl.storage.statements.building import bind, is_, upsert
from authctl.storage.tables import attempts, known_sources

# One statement, so that attempts made at once wait for each other here and each is counted. A bucket whose window has
# passed, or whose lock has ended, begins again; so does one whose times are further ahead than they may be.
_OVER = """(attempts.since <= :expired OR attempts.since > :ahead) AND attempts.locked_until IS NULL
                OR attempts.locked_until <= :now OR attempts.locked_until > :latest"""
_COUNTED = f"""
    ON CONFLICT (bucket) DO UPDATE SET
        count = CASE WHEN {_OVER} THEN 1 ELSE attempts.count + 1 END,
        since = CASE WHEN {_OVER} THEN :now ELSE attempts.since END,
        locked_until = CASE WHEN attempts.locked_until > :now AND attempts.locked_until <= :latest
                THEN attempts.locked_until ELSE NULL END
    RETURNING bucket, count, locked_until
"""


def _count(insert: str, *others: str, seen_at: str = "") -> sa.TextualSelect:
    """Counts an attempt. others: the names of parameters that are times, too. seen_at: what that is read by."""
    times = [sa.bindparam(name, type_=Instant) for name in ("now", "expired", "ahead", "latest", *others)]
    columns: list[sa.ColumnClause[Any]] = [
        sa.column("bucket"),
        sa.column("count", sa.Integer),
        sa.column("locked_until", Instant),
        *([sa.column("seen_at", Instant)] if seen_at else ()),
    ]
    return sa.text(insert + _COUNTED + (f", ({seen_at})" if seen_at else "")).bindparams(*times).columns(*columns)


COUNT = _count("INSERT INTO attempts (bucket, count, since) VALUES (:bucket, 1, :now)")
# Of an account, which a source that is locked does not count against; where the source is known to it, apart: but not
# by a sign-in from too long ago. seen_at: when the source last signed in to it.
COUNT_UNLESS_LOCKED = _count(
    """
    INSERT INTO attempts (bucket, count, since)
    SELECT CASE WHEN EXISTS (
            SELECT 1 FROM known_sources
            WHERE user_seq = :user_seq AND source = :source AND seen_at > :known_since AND seen_at <= :ahead
        ) THEN :known_bucket ELSE :bucket END, 1, :now
    WHERE NOT EXISTS (
        SELECT 1 FROM attempts WHERE bucket = :source_bucket AND locked_until > :now AND locked_until <= :latest
    )
    """,
    "known_since",
    seen_at="SELECT seen_at FROM known_sources WHERE user_seq = :user_seq AND source = :source",
)

_BUCKET = is_(attempts.c.bucket)
_LESS: dict[str, Any] = {"count": attempts.c.count - 1}
LOCK = attempts.update().where(_BUCKET).values({"locked_until": bind("until", attempts.c.locked_until)})
UNCOUNT = attempts.update().where(_BUCKET).values(_LESS)
# Of an account, whose window is over by that, and of a source, whose goes on.
_IS_SOURCE = is_(attempts.c.bucket, "source_bucket")
_OPENED: dict[str, Any] = {
    "since": sa.case((_IS_SOURCE, attempts.c.since), else_=sa.literal_column("0", Instant)),
    "locked_until": sa.case(
        (_IS_SOURCE & ~bind("unlock", sa.column("unlock", sa.Boolean)), attempts.c.locked_until), else_=sa.null()
    ),
}
SUCCEED = attempts.update().where(sa.or_(_BUCKET, _IS_SOURCE)).values(_LESS | _OPENED)
FORGET = attempts.delete().where(_BUCKET)
FIND_LOCK = sa.select(attempts.c.locked_until).where(_BUCKET)
FORGET_ALL = attempts.delete().where(
    attempts.c.bucket >= bind("prefix", attempts.c.bucket), attempts.c.bucket < bind("following", attempts.c.bucket)
)

FIND_SOURCE = sa.select(known_sources.c.seen_at).where(
    is_(known_sources.c.user_seq),
    is_(known_sources.c.source),
    known_sources.c.seen_at > bind("since", known_sources.c.seen_at),
    known_sources.c.seen_at <= bind("ahead", known_sources.c.seen_at),
)
FORGET_SOURCES = known_sources.delete().where(is_(known_sources.c.user_seq))
KNOW = upsert(known_sources, ("user_seq", "source"), "seen_at")
