"""Statements about users, and the addresses that they hold."""

import sqlalchemy as sa

from authctl.storage import pagination, user_lists
from authctl.storage.statements.building import Changes, bind, is_, values
from authctl.storage.statements.lists import FIRST_PAGE, POSITION
from authctl.storage.tables import addresses, identities, users

FIND = sa.select(users).where(sa.or_(*(is_(users.c[name]) for name in ("id", "username_key", "email", "phone"))))
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
            sa.exists().where(users.c.email == bind("address", addresses.c.address)),
            sa.exists().where(
                identities.c.user_seq == addresses.c.user_seq,
                identities.c.email == bind("address", addresses.c.address),
            ),
        )
    ),
)

PAGE = user_lists.page(FIRST_PAGE, None)
PAGE_BEHIND = user_lists.page(FIRST_PAGE, POSITION)
FIND_POSITION = pagination.position(user_lists.SOURCE, FIRST_PAGE, bind("id", users.c.id))
