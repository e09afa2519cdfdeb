"""Statements about teams."""

import sqlalchemy as sa

from authctl.storage import pagination, team_lists
from authctl.storage.statements.building import Changes, bind, is_, upsert, values
from authctl.storage.statements.lists import FIRST_PAGE, LIMIT, POSITION
from authctl.storage.tables import former_names, memberships, teams

_OF_USER = team_lists.is_of_user(bind("user_seq", memberships.c.user_seq))

FIND = sa.select(teams).where(is_(teams.c.id))
FIND_LOCKED = FIND.with_for_update()
FIND_IDS = sa.select(teams.c.id).where(is_(teams.c.name)).order_by(teams.c.created_at, teams.c.seq).limit(LIMIT)
FIND_IDS_OF_USER = FIND_IDS.where(_OF_USER)
COUNT_MEMBERS = sa.select(team_lists.members(bind("seq", teams.c.seq)).label("members"))

INSERT = teams.insert().values(values(teams, "seq")).returning(teams.c.seq)
UPDATE = Changes(teams)
DELETE = teams.delete().where(is_(teams.c.seq))
REMEMBER = upsert(former_names, ("name",))

_ALL = sa.select(teams)
_THEIRS = _ALL.where(_OF_USER)
PAGE, PAGE_BEHIND = (team_lists.page(_ALL, FIRST_PAGE, position) for position in (None, POSITION))
PAGE_OF_USER, PAGE_OF_USER_BEHIND = (team_lists.page(_THEIRS, FIRST_PAGE, position) for position in (None, POSITION))
FIND_POSITION = pagination.position(team_lists.SOURCE, FIRST_PAGE, bind("id", teams.c.id))
