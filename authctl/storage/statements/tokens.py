"""Statements about tokens."""

from typing import Any

import sqlalchemy as sa

from authctl.model import TokenKind
from authctl.storage.statements.building import Twins, bind, is_, of_set, values
from authctl.storage.tables import sessions, tokens, users
from authctl.storage.tokens import RECENT

_SELECT = sa.select(tokens, users.c.id.label("user_id")).join(users, users.c.seq == tokens.c.user_seq)
_OF_USER = _SELECT.where(is_(tokens.c.user_seq)).order_by(tokens.c.seq.desc())

FIND = _SELECT.where(is_(tokens.c.user_seq), is_(tokens.c.id)).with_for_update(of=tokens)
FIND_BY_DIGEST = _SELECT.where(is_(tokens.c.digest), tokens.c.ended_at.is_(None))
LIST_RECENT = _OF_USER.where(is_(tokens.c.kind)).limit(RECENT).with_for_update(of=tokens)
LIST_OF_USER = _OF_USER
LIST_LIVE = _OF_USER.where(
    tokens.c.ended_at.is_(None),
    tokens.c.expires_at > bind("now", tokens.c.expires_at),
    tokens.c.created_at <= bind("ahead", tokens.c.created_at),
)
LAST_SENT = sa.select(sa.func.max(tokens.c.sent_at, type_=tokens.c.sent_at.type).label("sent_at")).where(
    is_(tokens.c.user_seq), is_(tokens.c.kind), tokens.c.sent_at <= bind("ahead", tokens.c.sent_at)
)

INSERT = tokens.insert().values(values(tokens, "seq")).returning(tokens.c.seq)
SET_SENT = tokens.update().where(is_(tokens.c.seq)).values(sent_at=bind("now", tokens.c.sent_at))


def _count(chosen: sa.ColumnElement[bool]) -> sa.Update:
    left = tokens.c.attempts_left
    return tokens.update().where(chosen, left > 0).values(attempts_left=left - 1)


def _end(*chosen: sa.ColumnElement[bool]) -> sa.Update:
    ended: dict[str, Any] = {"ended_at": bind("now", tokens.c.ended_at), "ended_reason": bind("reason", tokens.c.kind)}
    return tokens.update().where(tokens.c.ended_at.is_(None), *chosen).values(ended)


SET_EXPIRY = tokens.update().where(is_(tokens.c.seq)).values({"expires_at": bind("until", tokens.c.expires_at)})
SET_ATTEMPTS = tokens.update().where(is_(tokens.c.seq)).values({"attempts_left": bind("left", tokens.c.attempts_left)})
COUNT_ATTEMPTS = of_set(_count, tokens.c.seq, "tokens")
USE_UP_ATTEMPTS = of_set(
    lambda chosen: tokens.update().where(chosen).values(attempts_left=sa.literal_column("0")), tokens.c.seq, "tokens"
)
END_EXHAUSTED = of_set(lambda chosen: _end(chosen, tokens.c.attempts_left <= 0), tokens.c.seq, "tokens")
END = _end(is_(tokens.c.seq))
END_OF_USER = _end(
    is_(tokens.c.user_seq),
    tokens.c.expires_at > bind("now", tokens.c.expires_at),
    tokens.c.seq < bind("before", tokens.c.seq),
)
END_OF_KIND = END_OF_USER.where(is_(tokens.c.kind))

_UNEXPIRED = tokens.c.expires_at > bind("now", tokens.c.expires_at)
_THEIRS = (is_(tokens.c.user_seq), _UNEXPIRED)
_ALL_ENDED_SESSIONS = sa.select(sessions.c.seq).where(sessions.c.ended_at.is_not(None))
_ENDED_SESSIONS = _ALL_ENDED_SESSIONS.where(sessions.c.user_seq == bind("user_seq", tokens.c.user_seq))


def _of_kinds(*conditions: sa.ColumnElement[bool], of: tuple[sa.ColumnElement[bool], ...] = _THEIRS) -> Twins:
    return of_set(lambda chosen: _end(chosen, *of, *conditions), tokens.c.kind, "kinds", sa.Text)


END_OF_KINDS = _of_kinds()
END_OF_ADDRESS = _end(*_THEIRS, is_(tokens.c.address), tokens.c.kind != str(TokenKind.CHANGE_CANCEL))
END_OF_ENDED_SESSIONS = _of_kinds(tokens.c.session_seq.in_(_ENDED_SESSIONS))
END_OF_ALL_ENDED_SESSIONS = _of_kinds(tokens.c.session_seq.in_(_ALL_ENDED_SESSIONS), of=(_UNEXPIRED,))
END_OF_OTHER_SESSIONS = _of_kinds(tokens.c.session_seq.is_distinct_from(bind("kept", tokens.c.session_seq)))
