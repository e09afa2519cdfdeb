"""Statements about the audit log."""

import sqlalchemy as sa

from authctl.storage import event_lists
from authctl.storage.events import EventPosition, EventQuery
from authctl.storage.log_rows import PLAIN
from authctl.storage.statements.building import bind, is_
from authctl.storage.statements.lists import FIRST_PAGE
from authctl.storage.tables import events

INSERT = PLAIN.insert().values({column.name: bind(column.name) for column in PLAIN.c if column.name != "seq"}).inline()

_ALL, _OF_USER = EventQuery(), EventQuery(user_id=bind("user_id", events.c.user_id))  # type: ignore[arg-type]
_BEHIND = EventPosition(bind("time", events.c.time), bind("seq", events.c.seq))  # type: ignore[arg-type]
PAGE = event_lists.page(_ALL, FIRST_PAGE.limit, None)
PAGE_BEHIND = event_lists.page(_ALL, FIRST_PAGE.limit, _BEHIND)
PAGE_OF_USER = event_lists.page(_OF_USER, FIRST_PAGE.limit, None)
PAGE_OF_USER_BEHIND = event_lists.page(_OF_USER, FIRST_PAGE.limit, _BEHIND)
FIND_POSITION = sa.select(events.c.time, events.c.seq).where(is_(events.c.time), is_(events.c.id))

FIND_OF_USER = sa.select(events.c.seq).where(event_lists.is_about(bind("user_id"))).limit(1)
LAST = sa.select(sa.func.max(events.c.seq).label("seq"))
