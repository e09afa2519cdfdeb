"""Which team is meant by what was typed, and who may see it."""

from __future__ import annotations

from authctl import storage
from authctl.core.values import checks
from authctl.core.work.unit import Work
from authctl.errors import Denied, Invalid, NotFound
from authctl.model import Team

NAMESAKES = 5  # ids of teams of one name that an error tells


def find_one(work: Work, team: str, *, lock: bool = False) -> Team:
    """The same, its members not counted. lock: for a change of it or of its memberships, each of which begins so."""
    found = _find_own(work, team, lock=lock)
    if found is None or not may_see(work, found):
        raise not_found(team)
    if work.is_operator:
        _check_one_is_meant(work, team, found)
    return found


def _find_own(work: Work, team: str, *, lock: bool) -> Team | None:
    """The same, or None. To a person, a word that is the id of a team of others is the name of an own one first."""
    found = find(work, team, lock=lock)
    if found is None or is_prefixed(team) or may_see(work, found):
        return found
    return find(work, f"name:{team}", lock=lock) or found


def _check_one_is_meant(work: Work, team: str, found: Team) -> None:
    """Refuse an operator a word that is one team's id and another's name: a stranger may have chosen one of them."""
    if team != found.id:
        return
    named = [id for id in storage.teams.find_ids(work.db, team, None, 2) if id != team]
    if named:
        message = f"{checks.shown(team)} is the id of one team and the name of another, {named[0]}."
        hint = f"Use id:{team} or name:{team}"
        raise Invalid("general_argument_invalid", message, field="team", hint=hint)


def find_owned(work: Work, team: str) -> Team:
    """A team, locked, for what only its owners and operators may do.

    Raises Denied (user_unauthorized) for a person, whether or not the team exists; NotFound for an operator.
    """
    if work.is_operator:
        return find_one(work, team, lock=True)
    found = _find_own(work, team, lock=True)
    if found is not None and work.person is not None:
        membership = storage.memberships.find_of_user(work.db, found.seq, work.person.user.seq)
        if membership is not None and membership.is_owner:
            return found
    message = f"Only owners of the team {checks.shown(team)} may do this."
    raise Denied("user_unauthorized", message, field="team")


def find_any(work: Work, team: str) -> Team | None:
    """A team, locked, whoever asks; None also if several have that name."""
    try:
        return find(work, team, lock=True)
    except Invalid:
        return None


def not_found(team: str) -> NotFound:
    return NotFound(
        "team_not_found",
        f"There is no team {checks.shown(team)}.",
        field="team",
        hint=f"Search with: authctl teams list --search {checks.searched(team)}",
    )


def find(work: Work, team: str, *, lock: bool = False) -> Team | None:
    """The same whoever asks, or None."""
    checks.text(team, "team")
    kind, _, rest = team.partition(":")
    is_told = is_prefixed(team)
    if not (is_told and kind == "name"):
        found = storage.teams.find(work.db, rest if is_told else team, lock=lock)
        if found is not None or is_told:
            return found
    id = _id_of(work, rest if is_told else team)
    return storage.teams.find(work.db, id, lock=lock) if id is not None else None


def is_prefixed(text: str) -> bool:
    """Whether a text says itself what it is."""
    return text.startswith(("id:", "name:"))


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
        hint="Use the id.",
    )


def member(work: Work) -> int | None:
    """Whose teams are seen; None for all."""
    return work.person.user.seq if work.person is not None else None


def may_see(work: Work, team: Team) -> bool:
    if work.person is None:
        return True
    membership = storage.memberships.find_of_user(work.db, team.seq, work.person.user.seq)
    return membership is not None and membership.is_confirmed
