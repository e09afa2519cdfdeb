"""Statements about users, and the addresses that they hold."""

from typing import Any

import sqlalchemy as sa

from authctl.storage import pagination, user_lists
from authctl.storage.statements.building import Changes, bind, is_, values
from authctl.storage.statements.lists import FIRST_PAGE, LIMIT, POSITION
from authctl.storage.tables import addresses, identities, memberships, sessions, users

# By any email that is theirs, also by an identity: Postgres has no other index of emails.
_HOLDER = sa.select(addresses.c.user_seq).where(addresses.c.address == bind("email", users.c.email)).scalar_subquery()
IS_NAMED = sa.or_(*(is_(users.c[name]) for name in ("id", "username_key", "phone")), users.c.seq == _HOLDER)
FIND = sa.select(users).where(IS_NAMED)
FIND_LOCKED = FIND.with_for_update()
FIND_AGAIN = sa.select(users).where(is_(users.c.seq)).with_for_update()
INSERT = users.insert().values(values(users, "seq")).returning(users.c.seq)
UPDATE = Changes(users)
DELETE = users.delete().where(is_(users.c.seq))

INSERT_ADDRESS = addresses.insert().values(values(addresses)).inline()
HELD_ADDRESS = sa.select(addresses.c.user_seq).where(is_(addresses.c.address), is_(addresses.c.user_seq))
# Of an address that no account and no identity has any more.
RELEASE_ADDRESS = addresses.delete().where(
    is_(addresses.c.address),
    sa.not_(
        sa.or_(
            sa.exists().where(
                users.c.seq == addresses.c.user_seq, users.c.email == bind("address", addresses.c.address)
            ),
            sa.exists().where(
                identities.c.user_seq == addresses.c.user_seq,
                identities.c.email == bind("address", addresses.c.address),
                identities.c.email_verified,
            ),
        )
    ),
)

_OWN = sa.union_all(
    sa.select(users.c.email).where(is_(users.c.seq), users.c.email.is_not(None)),
    sa.select(identities.c.email).where(
        identities.c.user_seq == bind("seq", users.c.seq), identities.c.email.is_not(None)
    ),
)
RELEASE_ADDRESSES = addresses.delete().where(
    addresses.c.address.in_(_OWN), addresses.c.user_seq == bind("seq", users.c.seq)
)

_OVER = sa.select(sessions.c.seq).where(sessions.c.ended_at.is_not(None))


def _end_pending(name: str) -> sa.Update:
    """Of everybody, what was asked for in a session that was ended."""
    asked_in = users.c[f"{name}_session"]
    ended: dict[str, Any] = {name: None, f"{name}_session": None}
    return users.update().where(asked_in.in_(_OVER)).values(ended)


END_PENDING_EMAILS, END_PENDING_PHONES = _end_pending("pending_email"), _end_pending("pending_phone")


def _has(table: sa.Table) -> sa.Exists:
    return sa.exists().where(table.c.user_seq == bind("seq", users.c.seq))


FIND_BELONGINGS = sa.select(users.c.seq).where(
    is_(users.c.seq), sa.or_(*map(_has, (sessions, identities, memberships)))
)

PAGE = user_lists.page(FIRST_PAGE, None)
PAGE_BEHIND = user_lists.page(FIRST_PAGE, POSITION)
FIND_POSITION = pagination.position(user_lists.SOURCE, FIRST_PAGE, bind("id", users.c.id))
COUNT_UP_TO = sa.select(sa.func.count().label("users")).select_from(sa.select(users.c.seq).limit(LIMIT).subquery())
