"""Which team is meant by what was typed, and who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl import storage
from authctl.core.values import checks
from authctl.errors import Denied, Invalid, NotFound
from authctl.model import Team

if TYPE_CHECKING:
    from authctl.core.work.unit import Work

NAMESAKES = 5  # ids of teams of one name that an error tells


def find_one(work: Work, team: str, *, lock: bool = False, for_invited: bool = False) -> Team:
    """The same, its members not counted.

    lock: for a change of it or of its memberships, each of which begins with this. for_invited: a person who is not
    a member yet may see it, too.
    """
    found = find(work, team, lock=lock)
    if found is None or not may_see(work, found, for_invited=for_invited):
        raise not_found(team)
    return found


def not_found(team: str) -> NotFound:
    return NotFound(
        "team_not_found",
        f"There is no team {checks.shown(team)}.",
        field="team",
        hint="Look with: authctl teams list --search TEXT",
    )


def find(work: Work, team: str, *, lock: bool = False) -> Team | None:
    """The same whoever asks, or None."""
    checks.text(team, "team")
    kind, colon, rest = team.partition(":")
    is_told = colon and kind in ("id", "name")
    if not (is_told and kind == "name"):
        found = storage.teams.find(work.db, rest if is_told else team, lock=lock)
        if found is not None or is_told:
            return found
    id = _id_of(work, rest if is_told else team)
    return storage.teams.find(work.db, id, lock=lock) if id is not None else None


def _id_of(work: Work, name: str) -> str | None:
    """The id of the one team of that name."""
    ids = storage.teams.find_ids(work.db, name, member(work), NAMESAKES + 1)
    if len(ids) < 2:
        return ids[0] if ids else None
    more = ", ..." if len(ids) > NAMESAKES else ""
    raise Invalid(
        "general_argument_invalid",
        f"Several teams are called {checks.shown(name)}: {', '.join(ids[:NAMESAKES])}{more}",
        field="team",
        hint="Name the one that you mean by its id.",
    )


def member(work: Work) -> int | None:
    """Whose teams are seen; None for all."""
    return work.person.user.seq if work.person is not None else None


def may_see(work: Work, team: Team, *, for_invited: bool = False) -> bool:
    if work.person is None:
        return True
    membership = storage.memberships.find_of_user(work.db, team.seq, work.person.user.seq)
    return membership is not None and (for_invited or membership.is_confirmed)


def check_owner(work: Work, team: Team) -> None:
    """Refuse whoever is neither an owner of the team nor an operator. Raises Denied (user_unauthorized)."""
    if work.is_operator:
        return
    person = work.person
    membership = storage.memberships.find_of_user(work.db, team.seq, person.user.seq) if person is not None else None
    if membership is None or not membership.is_owner:
        raise Denied("user_unauthorized", "Only owners of the team may do this.", field="team")
