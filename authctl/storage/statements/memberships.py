"""Statements about memberships, their roles, and the invitations that wait to be accepted."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from authctl.model import OWNER, MembershipStatus
from authctl.storage import membership_lists
from authctl.storage.memberships import Scope
from authctl.storage.statements.building import Changes, bind, is_, values
from authctl.storage.statements.lists import FIRST_PAGE, POSITION
from authctl.storage.tables import invitations, membership_roles, memberships, teams

_IS_CONFIRMED = memberships.c.status == str(MembershipStatus.CONFIRMED)
_IN_TEAM = membership_lists.with_names(memberships.c, memberships).where(is_(memberships.c.team_seq))

FIND = _IN_TEAM.where(is_(memberships.c.id))
FIND_LOCKED = FIND.with_for_update(of=memberships)
FIND_OF_USER = _IN_TEAM.where(is_(memberships.c.user_seq))
FIND_OF_USER_LOCKED = FIND_OF_USER.with_for_update(of=memberships)
FIND_INVITED = _IN_TEAM.where(memberships.c.user_seq.is_(None), is_(memberships.c.invited_as))
FIND_OTHER_OWNER = (
    sa.select(memberships.c.seq)
    .join(membership_roles, membership_roles.c.membership_seq == memberships.c.seq)
    .where(
        is_(membership_roles.c.team_seq),
        membership_roles.c.role == OWNER,
        _IS_CONFIRMED,
        memberships.c.seq != bind("but", memberships.c.seq),
    )
    .limit(1)
)
_OTHER_OWNERS, _THEIR_ROLES = memberships.alias(), membership_roles.alias()
OWNED_ALONE = (
    sa.select(teams.c.id)
    .join(memberships, memberships.c.team_seq == teams.c.seq)
    .join(membership_roles, membership_roles.c.membership_seq == memberships.c.seq)
    .where(
        is_(memberships.c.user_seq),
        _IS_CONFIRMED,
        membership_roles.c.role == OWNER,
        ~sa.exists().where(
            _THEIR_ROLES.c.team_seq == teams.c.seq,
            _THEIR_ROLES.c.role == OWNER,
            _OTHER_OWNERS.c.seq == _THEIR_ROLES.c.membership_seq,
            _OTHER_OWNERS.c.status == str(MembershipStatus.CONFIRMED),
            _OTHER_OWNERS.c.seq != memberships.c.seq,
        ),
    )
    .order_by(teams.c.seq)
)
CONFIRMED_OF_USER = (
    sa.select(teams.c.id.label("team_id"), memberships.c.id, memberships.c.roles)
    .join(teams, teams.c.seq == memberships.c.team_seq)
    .where(is_(memberships.c.user_seq), _IS_CONFIRMED)
    .order_by(memberships.c.seq)
)

_OTHERS = memberships.alias()
FIND_SHARED_TEAM = (
    sa.select(memberships.c.team_seq)
    .join(_OTHERS, _OTHERS.c.team_seq == memberships.c.team_seq)
    .where(
        is_(memberships.c.user_seq),
        _IS_CONFIRMED,
        _OTHERS.c.user_seq == bind("other_seq", memberships.c.user_seq),
        _OTHERS.c.status == str(MembershipStatus.CONFIRMED),
    )
    .limit(1)
)

INSERT = memberships.insert().values(values(memberships, "seq")).returning(memberships.c.seq)
UPDATE = Changes(memberships)
DELETE = memberships.delete().where(is_(memberships.c.seq))
INSERT_ROLE = membership_roles.insert().values(values(membership_roles)).inline()
DELETE_ROLES = membership_roles.delete().where(is_(membership_roles.c.membership_seq))

_NEWEST_FIRST = replace(FIRST_PAGE, sort="invited_at")
_SCOPE: Any = bind("scope", memberships.c.team_seq)
_TEAM, _USER, _PERSON = Scope("team_seq", _SCOPE), Scope("user_seq", _SCOPE), Scope("user_seq", _SCOPE, is_persons=True)


def _page(scope: Scope, position: Any) -> sa.Select[Any]:
    statement = membership_lists.of_scope(scope)
    return membership_lists.page(statement, membership_lists.SOURCE, _NEWEST_FIRST, position)


def _position(scope: Scope) -> sa.Select[Any]:
    return membership_lists.position_in(scope, _NEWEST_FIRST, bind("id", memberships.c.id))


PAGE_OF_TEAM, PAGE_OF_TEAM_BEHIND = _page(_TEAM, None), _page(_TEAM, POSITION)
PAGE_OF_USER, PAGE_OF_USER_BEHIND = _page(_USER, None), _page(_USER, POSITION)
PAGE_OF_PERSON, PAGE_OF_PERSON_BEHIND = _page(_PERSON, None), _page(_PERSON, POSITION)
FIND_POSITION_OF_TEAM, FIND_POSITION_OF_USER = _position(_TEAM), _position(_USER)
FIND_POSITION_OF_PERSON = _position(_PERSON)

INVITE = invitations.insert().values(values(invitations, "seq")).returning(invitations.c.seq)
LIST_INVITATIONS = sa.select(invitations).where(is_(invitations.c.membership_seq)).order_by(invitations.c.seq)
DELETE_INVITED_BY = memberships.delete().where(
    memberships.c.status == str(MembershipStatus.PENDING),
    memberships.c.seq.in_(sa.select(invitations.c.membership_seq).where(is_(invitations.c.inviter_seq))),
)
WITHDRAW = invitations.delete().where(is_(invitations.c.seq))
WITHDRAW_ALL = invitations.delete().where(
    is_(invitations.c.membership_seq), invitations.c.seq < bind("before", invitations.c.seq)
)
