"""Statements about recovery codes."""

import sqlalchemy as sa

from authctl.storage.statements.building import bind, is_, values
from authctl.storage.tables import recovery_codes

INSERT = recovery_codes.insert().values(values(recovery_codes, "seq", "used_at")).inline()

_UNUSED = (is_(recovery_codes.c.user_seq), recovery_codes.c.used_at.is_(None))
LIST_UNUSED = sa.select(recovery_codes.c.digest).where(*_UNUSED).order_by(recovery_codes.c.seq)
FIND_ANY = sa.select(recovery_codes.c.seq).where(is_(recovery_codes.c.user_seq)).limit(1)
USE = (
    recovery_codes.update()
    .where(*_UNUSED, is_(recovery_codes.c.digest))
    .values({"used_at": bind("now", recovery_codes.c.used_at)})
)

DELETE_OF_USER = recovery_codes.delete().where(is_(recovery_codes.c.user_seq))
