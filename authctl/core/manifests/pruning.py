"""What a manifest brought and no longer names: it is taken away again. What others made stays."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from authctl.core.accounts import records
from authctl.core.manifests import team_steps
from authctl.core.manifests.declarations import State
from authctl.core.manifests.finding import Present
from authctl.core.manifests.plans import Action, Kind, Prune, Step
from authctl.core.manifests.reading import Entry, Place
from authctl.core.teams import memberships, teams
from authctl.core.tokens import mock_phones
from authctl.core.users import changes
from authctl.model import Status, Team, User
from authctl.storage.manifests import Held


@dataclass(slots=True)
class Declared:
    """The entry of each subject that is there and that the manifest names, by its number."""

    users: dict[int, Entry] = field(default_factory=dict)
    teams: dict[int, Entry] = field(default_factory=dict)
    members: dict[int, Entry] = field(default_factory=dict)
    mock_phones: set[str] = field(default_factory=set)


_GENERATED = re.compile("[0-9a-z]{20}")  # an id that nobody chose

Rows = dict[str, int]  # what was brought, labels or roles, with the row that says so


def steps(present: Present, declared: Declared, prune: Prune) -> Iterator[Step]:
    """What takes away all that is not named any more; of what goes with a team or a user, nothing is said."""
    users = _unnamed(present, Kind.USER, "user_seq", declared.users)
    teams_ = _unnamed(present, Kind.TEAM, "team_seq", declared.teams)
    leaving = _unnamed(present, Kind.MEMBERSHIP, "membership_seq", declared.members)
    deleted = users if prune is Prune.DELETE else ()
    roles, labels = _values(present, Kind.ROLE, "membership_seq"), _values(present, Kind.LABEL, "user_seq")
    for _, held in sorted(present.memberships.items()):
        if held.team_seq in teams_ or held.user_seq in deleted or _is_absent(declared, held):
            continue
        if held.seq in leaving:
            yield _leaving(present, held)
        else:
            yield from _lost_roles(present, held, _lost(roles[held.seq], declared.members.get(held.seq), "roles"))
    for _, user in sorted(present.users.items()):
        if user.seq not in deleted:
            yield from _lost_labels(user, _lost(labels[user.seq], declared.users.get(user.seq), "labels"))
    yield from (_lost_team(present.teams[seq]) for seq in teams_)
    yield from filter(None, (_lost_user(present.users[seq], prune) for seq in users))
    for phone in _values(present, Kind.MOCK_PHONE, "user_seq")[None]:
        if phone in present.mock_phones and phone not in declared.mock_phones:
            yield mock_phone(phone)


def _unnamed(present: Present, kind: Kind, column: str, declared: Mapping[int, Entry]) -> list[int]:
    """The numbers of what was brought of a kind, and has no entry any more."""
    return [seq for each in present.brought if each.kind == kind and (seq := getattr(each, column)) not in declared]


def _values(present: Present, kind: Kind, column: str) -> Mapping[int | None, Rows]:
    """The values that were brought of a kind, by the number of whose they are."""
    found: dict[int | None, Rows] = defaultdict(dict)
    for each, row in present.brought.items():
        if each.kind == kind:
            found[getattr(each, column)][str(each.value)] = row
    return found


def _is_absent(declared: Declared, held: Held) -> bool:
    """Whether a membership goes already, by itself or with its team or its user, as the manifest says."""
    entries = (
        declared.teams.get(held.team_seq),
        declared.users.get(held.user_seq or 0),
        declared.members.get(held.seq),
    )
    return any(entry is not None and entry.state is State.ABSENT for entry in entries)


def _leaving(present: Present, held: Held) -> Step:
    team = present.teams[held.team_seq]
    return team_steps.removal(f"id:{team.id}", _name(present, held), held)


def _name(present: Present, held: Held) -> str:
    user = present.users.get(held.user_seq or 0)
    return f"{_user_name(user) if user is not None else held.id} in {_team_name(present.teams[held.team_seq])}"


def _user_name(user: User) -> str:
    """What an operator knows a user by: the id, or an address or name if the id was generated."""
    names = (user.email, user.phone, user.username, user.name) if _GENERATED.fullmatch(user.id) else ()
    return next(filter(None, names), user.id)


def _team_name(team: Team) -> str:
    """What an operator knows a team by: the id, or the name if the id was generated."""
    return team.name if _GENERATED.fullmatch(team.id) else team.id


def _lost(rows: Rows, entry: Entry | None, key: str) -> Rows:
    """The values that are not named any more; none of what is left alone, or goes as a whole."""
    if entry is not None and entry.state in (State.CREATED, State.ABSENT):
        return {}
    named = entry.values.get(key, ()) if entry is not None else ()
    return {value: row for value, row in rows.items() if value not in named}


def _lost_roles(present: Present, held: Held, lost: Rows) -> Iterator[Step]:
    kept = tuple(role for role in held.roles if role not in lost)
    if kept == held.roles:
        return
    team = present.teams[held.team_seq]

    do = partial(memberships.update, team=f"id:{team.id}", membership=held.id, remove=[*lost])
    before, after = {"roles": held.roles}, {"roles": kept}
    yield Step(Action.CHANGE, team_steps.MEMBERSHIP, _name(present, held), before, after, do, gone=tuple(lost.values()))


def _lost_labels(user: User, lost: Rows) -> Iterator[Step]:
    kept = tuple(label for label in user.labels if label not in lost)
    if kept == user.labels:
        return

    do = partial(changes.update_labels, user=f"id:{user.id}", remove=[*lost])
    before, after = {"labels": user.labels}, {"labels": kept}
    yield Step(Action.CHANGE, "user", _user_name(user), before, after, do, gone=tuple(lost.values()))


def _lost_team(team: Team) -> Step:
    shown = {"id": team.id, "name": team.name}
    return Step(Action.REMOVE, "team", _team_name(team), shown, None, partial(teams.delete, team=f"id:{team.id}"))


def _lost_user(user: User, prune: Prune) -> Step | None:
    named = f"id:{user.id}"
    if prune is Prune.DELETE:
        shown = {name: getattr(user, name) for name in ("id", "name", "email") if getattr(user, name)}
        return Step(Action.REMOVE, "user", _user_name(user), shown, None, partial(records.delete, user=named))
    if user.status is Status.BLOCKED:
        return None
    before, after = {"status": user.status}, {"status": Status.BLOCKED}
    do = partial(changes.update_status, user=named, status=Status.BLOCKED)
    return Step(Action.CHANGE, "user", _user_name(user), before, after, do, blocks=user.seq)


def mock_phone(phone: str, place: Place | None = None) -> Step:
    """A mock phone number that becomes an ordinary one again."""
    return Step(Action.REMOVE, "mock-phone", phone, {}, None, partial(mock_phones.delete, phone=phone), place)
