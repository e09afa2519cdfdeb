"""Statements about the stored hashes of passwords."""

import sqlalchemy as sa

from authctl.storage.statements.building import bind, is_, values
from authctl.storage.statements.lists import LIMIT
from authctl.storage.tables import password_history, users

_THEIRS = is_(password_history.c.user_seq)

LIST_PAST = sa.select(password_history.c.hash).where(_THEIRS).order_by(password_history.c.seq.desc()).limit(LIMIT)
REMEMBER = password_history.insert().values(values(password_history, "seq")).inline()
FORGET = password_history.delete().where(
    _THEIRS,
    password_history.c.seq.not_in(LIST_PAST.with_only_columns(password_history.c.seq)),
)

EXCHANGE = (
    users.update()
    .where(is_(users.c.seq), is_(users.c.password_hash, "old"))
    .values(
        password_hash=bind("new", users.c.password_hash),
        password_algorithm=bind("algorithm", users.c.password_algorithm),
        password_import=None,
    )
)
EXCHANGE_PAST = (
    password_history.update()
    .where(_THEIRS, is_(password_history.c.hash, "old"))
    .values(hash=bind("new", password_history.c.hash))
)
