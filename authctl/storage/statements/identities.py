"""Statements about identities."""

import sqlalchemy as sa

from authctl.storage.statements.building import bind, is_, values
from authctl.storage.statements.lists import LIMIT
from authctl.storage.tables import identities, users

_SELECT = sa.select(identities, users.c.id.label("user_id")).join(users, users.c.seq == identities.c.user_seq)
FIND = _SELECT.where(is_(identities.c.id))
FIND_BY_UID = _SELECT.where(is_(identities.c.provider), is_(identities.c.provider_uid))
FIND_POSITION = sa.select(identities.c.seq).where(is_(identities.c.id))

PAGE = _SELECT.where(identities.c.seq > bind("behind", identities.c.seq)).order_by(identities.c.seq).limit(LIMIT)
PAGE_OF_USER = PAGE.where(is_(identities.c.user_seq))

INSERT = identities.insert().values(values(identities, "seq")).inline()
DELETE = identities.delete().where(is_(identities.c.id))
