"""Statements about challenges."""

from typing import Any

import sqlalchemy as sa

from authctl.storage.statements.building import Changes, bind, is_, values
from authctl.storage.tables import challenges, sessions, users

INSERT = challenges.insert().values(values(challenges, "seq")).returning(challenges.c.seq)
UPDATE = Changes(challenges)

FIND_LOCKED = (
    sa.select(challenges, sessions.c.id.label("session_id"), users.c.id.label("user_id"))
    .join(sessions, sessions.c.seq == challenges.c.session_seq)
    .join(users, users.c.seq == sessions.c.user_seq)
    .where(is_(challenges.c.session_seq), is_(challenges.c.id))
    .with_for_update(of=challenges)
)

_THEIR_SESSIONS = sa.select(sessions.c.seq).where(is_(sessions.c.user_seq))
LAST_SENT = sa.select(sa.func.max(challenges.c.sent_at, type_=challenges.c.sent_at.type).label("sent_at")).where(
    challenges.c.session_seq.in_(_THEIR_SESSIONS),
    is_(challenges.c.factor),
    challenges.c.sent_at <= bind("ahead", challenges.c.sent_at),
)

_LEFT = challenges.c.attempts_left
COUNT_ATTEMPT = challenges.update().where(is_(challenges.c.seq), _LEFT > 0).values({"attempts_left": _LEFT - 1})


def _end(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    ending: dict[str, Any] = {
        "ended_at": bind("now", challenges.c.ended_at),
        "ended_reason": bind("reason", challenges.c.ended_reason),
    }
    return challenges.update().where(challenges.c.ended_at.is_(None), *conditions).values(ending)


_LIVE = challenges.c.expires_at > bind("now", challenges.c.expires_at)
_OF_SESSION = (is_(challenges.c.session_seq), _LIVE)
END = _end(is_(challenges.c.seq))
END_OF_USER = _end(challenges.c.session_seq.in_(_THEIR_SESSIONS), _LIVE)
END_OF_SESSION = _end(*_OF_SESSION)
END_OLDER = _end(*_OF_SESSION, is_(challenges.c.factor), challenges.c.seq < bind("before", challenges.c.seq))
