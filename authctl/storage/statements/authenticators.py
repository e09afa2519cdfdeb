"""Statements about authenticator apps."""

from typing import Any

import sqlalchemy as sa

from authctl.storage.statements.building import Changes, bind, is_, values
from authctl.storage.tables import authenticators, users

INSERT = authenticators.insert().values(values(authenticators, "seq")).returning(authenticators.c.seq)
UPDATE = Changes(authenticators)

LIST = (
    sa.select(authenticators, users.c.id.label("user_id"))
    .join(users, users.c.seq == authenticators.c.user_seq)
    .where(is_(authenticators.c.user_seq))
    .order_by(authenticators.c.seq)
)

_USED: dict[str, Any] = {
    "last_step": bind("step", authenticators.c.last_step),
    "last_used_at": bind("now", authenticators.c.last_used_at),
}
USE_STEP = (
    authenticators.update()
    .where(
        is_(authenticators.c.seq),
        sa.or_(
            authenticators.c.last_step < bind("step", authenticators.c.last_step),
            authenticators.c.last_step > bind("latest", authenticators.c.last_step),
        ),
    )
    .values(_USED)
)

DELETE = authenticators.delete().where(is_(authenticators.c.seq))
DELETE_OF_USER = authenticators.delete().where(is_(authenticators.c.user_seq))
