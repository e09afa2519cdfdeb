"""Statements about sessions."""

from typing import Any

import sqlalchemy as sa

from authctl.model import Session
from authctl.storage.column_types import JsonText
from authctl.storage.statements.building import Changes, Twins, bind, is_, values
from authctl.storage.tables import digest_beginning, policies, second, sessions, users
from authctl.storage.wordings import condition

_WITH_USER = sa.select(sessions, users.c.id.label("user_id")).join(users, users.c.seq == sessions.c.user_seq)
_OPEN = (sessions.c.ended_at.is_(None), sessions.c.expires_at > bind("now", sessions.c.expires_at))
_LIVE = (
    *_OPEN,
    sessions.c.used_at > bind("idle_since", sessions.c.used_at),
    sessions.c.used_at <= bind("ahead", sessions.c.used_at),
)
_CREATED, _AT = sessions.c.created_at, bind("created_at", sessions.c.created_at)
_IS_FROM_THEN = condition(_CREATED == _AT, sa.and_(second(_CREATED) == second(_AT), _CREATED == _AT))
IS_BY_ID = sa.and_(_IS_FROM_THEN, is_(sessions.c.id))
_DIGEST, _GIVEN = sessions.c.secret_digest, bind("secret_digest", sessions.c.secret_digest)
_BEGINS = digest_beginning(_DIGEST) == digest_beginning(_GIVEN)
_IS_SECRET = condition(_DIGEST == _GIVEN, sa.and_(_BEGINS, _DIGEST == _GIVEN))
_NOT_KEPT = sessions.c.seq != bind("kept", sessions.c.seq)

INSERT = sessions.insert().values(values(sessions, "seq", "ended_at", "ended_reason")).inline()
UPDATE = Changes(sessions)

FIND_BY_DIGEST = _WITH_USER.where(_IS_SECRET)
FIND = _WITH_USER.where(is_(sessions.c.user_seq), IS_BY_ID)
FIND_NOT_ENDED = sa.select(sessions.c.seq).where(is_(sessions.c.seq), sessions.c.ended_at.is_(None))

# A session with all of its user, whose columns come first, and at last the policies: what it takes to admit somebody.
_OF_SESSION = [sessions.c[name].label(f"session_{name}") for name in Session.__dataclass_fields__ if name in sessions.c]
_AND_USER = sa.select(*users.c, *_OF_SESSION).join(sessions, users.c.seq == sessions.c.user_seq)
_NAMED = sa.func.json_group_object(policies.c.name, sa.func.json(policies.c.value))  # SQLite's word
_AGGREGATED = sa.func.json_object_agg(policies.c.name, sa.cast(policies.c.value, sa.JSON))


def _admitting(found: sa.Select[Any]) -> Twins:
    all_policies = (_NAMED, sa.func.coalesce(sa.cast(_AGGREGATED, sa.Text), sa.literal_column("'{}'")))
    return Twins(
        *(
            found.add_columns(sa.select(sa.type_coerce(each, JsonText)).scalar_subquery().label("policies"))
            for each in all_policies
        )
    )


ADMIT = _admitting(_AND_USER.where(_IS_SECRET))
ADMIT_LOCKED = _admitting(_AND_USER.where(_IS_SECRET).with_for_update(of=users))
ADMIT_BY_ID = _admitting(_AND_USER.where(IS_BY_ID))

LIST = _WITH_USER.where(is_(sessions.c.user_seq)).order_by(sessions.c.seq.desc())
LIST_LIVE = LIST.where(*_LIVE)


def _end(*conditions: sa.ColumnElement[bool]) -> sa.Update:
    ending: dict[str, Any] = {
        "ended_at": bind("now", sessions.c.ended_at),
        "ended_reason": bind("reason", sessions.c.ended_reason),
    }
    return sessions.update().where(*conditions).values(ending)


END = _end(*_OPEN, is_(sessions.c.seq))
END_OF_USER = _end(*_OPEN, is_(sessions.c.user_seq), _NOT_KEPT)
_SIGNED_IN_BY = sa.type_coerce(sessions.c.factors, sa.Text).like(sa.bindparam("first"))
END_SIGNED_IN_BY = _end(*_OPEN, is_(sessions.c.user_seq), _NOT_KEPT, _SIGNED_IN_BY)
END_OF_PROVIDER = _end(*_OPEN, is_(sessions.c.user_seq), _NOT_KEPT, is_(sessions.c.provider), ~_SIGNED_IN_BY)
END_ALL = _end(*_OPEN)

_PROVED = sa.case((sessions.c.mfa_at.is_(None), 0), else_=1)  # second factors
_THEIR_LIVE = (
    is_(sessions.c.user_seq),
    _NOT_KEPT,
    _PROVED.between(sa.bindparam("least", type_=sa.Integer), sa.bindparam("most", type_=sa.Integer)),
    *_LIVE,
)
_FIRST_OF_SURPLUS = (
    sa.select(sessions.c.seq)
    .where(*_THEIR_LIVE)
    .order_by(-sessions.c.seq)  # for a planner might walk everybody's numbers, to sort nothing
    .offset(sa.bindparam("limit", type_=sa.Integer))
    .limit(1)
    .scalar_subquery()
)
END_SURPLUS = _end(*_THEIR_LIVE, sessions.c.seq <= _FIRST_OF_SURPLUS)

FORGET_FACTORS = (
    sessions.update().where(is_(sessions.c.user_seq), sessions.c.mfa_at.is_not(None), _NOT_KEPT).values(mfa_at=None)
)
