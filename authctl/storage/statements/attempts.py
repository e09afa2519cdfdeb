"""Statements about attempts at credentials, and where people have signed in from before."""

from typing import Any

import sqlalchemy as sa

from authctl.storage.statements.building import bind, is_, upsert
from authctl.storage.tables import Instant, attempts, known_sources

# One statement, so that attempts made at once wait for each other here and each is counted. A bucket whose window has
# passed, or whose lock has ended, begins again.
COUNT = (
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

_BUCKET = is_(attempts.c.bucket)
_LESS: dict[str, Any] = {"count": attempts.c.count - 1}
LOCK = attempts.update().where(_BUCKET).values({"locked_until": bind("until", attempts.c.locked_until)})
UNCOUNT = attempts.update().where(_BUCKET).values(_LESS)
UNCOUNT_UNLOCK = attempts.update().where(_BUCKET).values(_LESS | {"locked_until": None})
FORGET = attempts.delete().where(_BUCKET)
FORGET_ALL = attempts.delete().where(
    attempts.c.bucket >= bind("prefix", attempts.c.bucket), attempts.c.bucket < bind("following", attempts.c.bucket)
)

FIND_KNOWN = sa.select(known_sources.c.seen_at).where(is_(known_sources.c.user_seq), is_(known_sources.c.source))
KNOW = upsert(known_sources, ("user_seq", "source"), "seen_at")
