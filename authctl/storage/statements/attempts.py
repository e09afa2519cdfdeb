"""Statements about attempts at credentials, and where people have signed in from before."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from authctl.storage.column_types import Instant
from authctl.storage.statements.building import Twins, bind, is_, upsert
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
    RETURNING bucket, count, since, locked_until
"""
_TIMES = ("now", "expired", "ahead", "latest")


def _count(insert: str, *others: str, seen_at: str = "") -> sa.TextualSelect:
    """Counts an attempt. others: the names of parameters that are times, too. seen_at: what that is read by."""
    text = sa.text(insert + _COUNTED + (f", ({seen_at})" if seen_at else ""))
    return text.bindparams(*_times(*_TIMES, *others)).columns(*_columns(*(["seen_at"] if seen_at else ())))


def _times(*names: str) -> list[sa.BindParameter[Any]]:
    return [sa.bindparam(name, type_=Instant) for name in names]


def _columns(*others: str) -> list[sa.ColumnClause[Any]]:
    """What counting answers with. others: the names of further times."""
    times = [sa.column(name, Instant) for name in ("since", "locked_until", *others)]
    return [sa.column("bucket"), sa.column("count", sa.Integer), *times]


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

# The bucket of a source lends its slots attempts, which they count from below zero; not while it is locked, and each
# loan is good for one window. Who finds nothing lent counts in the bucket.
_IN_SLOT = """
    UPDATE attempts SET count = count + 1 WHERE bucket = :slot AND count < 0 AND since = (
        SELECT since FROM attempts AS whole
        WHERE bucket = :bucket AND locked_until IS NULL AND since > :expired AND since <= :ahead
    ) RETURNING bucket, count, since, locked_until
"""
COUNT_IN_SLOT = Twins(sa.text(_IN_SLOT).bindparams(*_times("expired", "ahead")).columns(*_columns()), None)
_IN_EITHER = f"""
    WITH in_slot AS ({_IN_SLOT}), in_bucket AS (
        INSERT INTO attempts (bucket, count, since) SELECT :bucket, 1, :now WHERE NOT EXISTS (SELECT 1 FROM in_slot)
        {_COUNTED}
    ) SELECT * FROM in_slot UNION ALL SELECT * FROM in_bucket
"""  # noqa: S608 - our own text
COUNT_IN_EITHER = Twins(None, sa.text(_IN_EITHER).bindparams(*_times(*_TIMES)).columns(*_columns()))

_BUCKET = is_(attempts.c.bucket)
_LESS: dict[str, Any] = {"count": attempts.c.count - 1}

_BEGINS = (
    attempts.c.bucket >= bind("prefix", attempts.c.bucket),
    attempts.c.bucket < bind("following", attempts.c.bucket),
)
_LENT = (*_BEGINS, is_(attempts.c.since))
# Empty ones as well, which nobody may give anything back to before they are emptied.
LIST_LENT = sa.select(attempts.c.count).where(*_LENT).with_for_update()
EMPTY_LENT = attempts.update().where(*_LENT, attempts.c.count < 0).values({"count": 0})
ADD = attempts.update().where(_BUCKET).values({"count": attempts.c.count + bind("more", attempts.c.count)})


def _lend() -> Twins:
    """Let a slot count so many attempts of the window that the bucket of its source is in."""

    def worded(insert: Any) -> Any:
        lent = -bind("more", attempts.c.count)
        statement = (
            insert(attempts).inline().values(bucket=bind("bucket"), count=lent, since=bind("since", attempts.c.since))
        )
        is_same = attempts.c.since == statement.excluded.since
        count = sa.case((is_same, attempts.c.count + statement.excluded.count), else_=statement.excluded.count)
        changes = {"count": count, "since": statement.excluded.since}
        return statement.on_conflict_do_update(index_elements=("bucket",), set_=changes)

    return Twins(worded(sqlite.insert), worded(postgresql.insert))


LEND = _lend()
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
_IN_WINDOW = attempts.c.since == bind("source_since", attempts.c.since)
SUCCEED = attempts.update().where(sa.or_(_BUCKET, _IS_SOURCE & _IN_WINDOW)).values(_LESS | _OPENED)
FORGET = attempts.delete().where(_BUCKET)
FIND_LOCK = sa.select(attempts.c.locked_until).where(_BUCKET)
FORGET_ALL = attempts.delete().where(*_BEGINS)

FIND_SOURCE = sa.select(known_sources.c.seen_at).where(
    is_(known_sources.c.user_seq),
    is_(known_sources.c.source),
    known_sources.c.seen_at > bind("since", known_sources.c.seen_at),
    known_sources.c.seen_at <= bind("ahead", known_sources.c.seen_at),
)
FORGET_SOURCES = known_sources.delete().where(is_(known_sources.c.user_seq))
KNOW = upsert(known_sources, ("user_seq", "source"), "seen_at")
