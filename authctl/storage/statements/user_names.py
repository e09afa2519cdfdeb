"""Statements about ids and usernames under their one key."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from authctl.model import EventName
from authctl.storage.column_types import Text
from authctl.storage.event_lists import is_about
from authctl.storage.statements.building import Twins, bind, is_, upsert, values
from authctl.storage.statements.users import IS_NAMED
from authctl.storage.tables import events, former_names, memberships, sessions, user_names, users

INSERT = user_names.insert().values(values(user_names)).inline()
RELEASE = user_names.delete().where(is_(user_names.c.name), is_(user_names.c.user_seq))
FIND_FORMER = sa.select(former_names.c.name).where(is_(former_names.c.name))
FIND_MERGED = sa.select(former_names.c.merged_into).where(is_(former_names.c.name))
LIST_MERGED = sa.select(former_names.c.id).where(is_(former_names.c.merged_into), former_names.c.id.is_not(None))
# Of whoever is found by the same as in users.FIND, so that both can be asked together; but for ids that an operator has
# given to somebody new.
_other = users.alias("other")
LIST_MERGED_INTO = (
    sa.select(former_names.c.merged_into, former_names.c.id)
    .where(
        former_names.c.merged_into.in_(sa.select(users.c.id).where(IS_NAMED)),
        former_names.c.id.is_not(None),
        ~sa.exists().where(_other.c.id == former_names.c.id),
    )
    .order_by(former_names.c.id)
)
REMEMBER_MERGED = upsert(former_names, ("name",), "merged_into")
REMEMBER_MERGED_ACCOUNT = upsert(former_names, ("name",), "merged_into", "id")
FORGET_MERGED = former_names.delete().where(is_(former_names.c.name), is_(former_names.c.merged_into))


def _add(table: sa.Table, names: list[str], found: sa.Select[Any]) -> Twins:
    """Add what is found, but for what is there already."""

    def worded(insert: Any) -> Any:
        return insert(table).from_select(names, found).on_conflict_do_nothing()

    return Twins(worded(sqlite.insert), worded(postgresql.insert))


# An id that is free now may be a username that was somebody's before the two had one key; who is not deleted meanwhile.
PASS_ON = _add(
    user_names,
    ["name", "user_seq"],
    sa.select(users.c.username_key, users.c.seq)
    .where(users.c.username_key == bind("name", user_names.c.name))
    .with_for_update(read=True, key_share=True),
)

_GIVEN = (EventName.USERS_SESSIONS_CREATE, EventName.USERS_UPDATE_LABELS, EventName.TEAMS_MEMBERSHIPS_CREATE)
_HAS = [sa.exists().where(table.c.user_seq == users.c.seq) for table in (sessions, memberships)]
_HAD = sa.exists().where(is_about(users.c.id), sa.or_(*(events.c.name == str(name) for name in _GIVEN)))
# The name of a user who was ever signed in to, or granted anything.
REMEMBER = _add(
    former_names,
    ["name"],
    sa.select(bind("name", user_names.c.name)).where(
        is_(users.c.seq),
        sa.or_(
            users.c.last_sign_in_at.is_not(None),
            sa.type_coerce(users.c.labels, Text) != "[]",
            *_HAS,
            _HAD,
        ),
    ),
)
