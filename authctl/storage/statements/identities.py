"""Statements about identities."""

import sqlalchemy as sa

from authctl.storage.statements.building import bind, is_, values
from authctl.storage.statements.lists import LIMIT
from authctl.storage.statements.sessions import IS_BY_ID
from authctl.storage.tables import identities, sessions, users, waiting_identities

_SELECT = sa.select(identities, users.c.id.label("user_id")).join(users, users.c.seq == identities.c.user_seq)
FIND = _SELECT.where(is_(identities.c.id))
FIND_BY_UID = _SELECT.where(is_(identities.c.provider), is_(identities.c.provider_uid))
FIND_POSITION = sa.select(identities.c.seq).where(is_(identities.c.id))

PAGE = _SELECT.where(identities.c.seq > bind("behind", identities.c.seq)).order_by(identities.c.seq).limit(LIMIT)
PAGE_OF_USER = PAGE.where(is_(identities.c.user_seq))

INSERT = identities.insert().values(values(identities, "seq")).inline()
DELETE = identities.delete().where(is_(identities.c.id))

_WAITING = ("provider", "provider_uid", "email")
INSERT_WAITING = waiting_identities.insert().from_select(
    ["session_seq", *_WAITING],
    sa.select(sessions.c.seq, *(bind(name, waiting_identities.c[name]) for name in _WAITING)).where(IS_BY_ID),
)
TAKE_WAITING = (
    waiting_identities.delete()
    .where(is_(waiting_identities.c.session_seq))
    .returning(*(waiting_identities.c[name] for name in _WAITING))
)
