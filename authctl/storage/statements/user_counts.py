"""Statements about how many users there are."""

import sqlalchemy as sa

from authctl.storage.statements.building import Twins, bind
from authctl.storage.tables import user_counts, users

_EVERYBODY = sa.select(sa.func.count()).select_from(users).scalar_subquery()
_IS_NEW = sa.not_(sa.exists(sa.select(user_counts.c.users)))

START = user_counts.insert().from_select(
    ["policy", "users"], sa.select(sa.literal("user-limit", user_counts.c.policy.type), _EVERYBODY).where(_IS_NEW)
)
STOP = user_counts.delete()
FIND = sa.select(user_counts.c.users)
ADD = (
    user_counts.update()
    .values({"users": user_counts.c.users + bind("change", user_counts.c.users)})
    .returning(user_counts.c.users)
)
ENTER = Twins(None, sa.text("LOCK TABLE user_counts IN ROW EXCLUSIVE MODE"))
KEEP_OUT = Twins(None, sa.text("LOCK TABLE user_counts IN SHARE ROW EXCLUSIVE MODE"))
