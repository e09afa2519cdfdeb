"""Writing a manifest of a directory that is there, a piece at a time: what `apply` reads, and finds nothing to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from authctl import storage
from authctl.core.accounts import lookup
from authctl.core.manifests.declarations import State
from authctl.core.policy import policies
from authctl.core.tokens import mock_phones
from authctl.core.values import listings
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.model import Json, Status, Team, User
from authctl.storage.manifests import Held

BATCH = 500  # teams whose members are read at a time


def pull(
    directory: Engine, *, teams: bool = False, users: Sequence[str] | None = None, policy: bool = False
) -> Iterator[str]:
    """The directory as TOML, from one moment of it; all of it where nothing is chosen.

    users: the filters of a list of users, all of which must hold; None for none of them. No password, factor, session
    or token is in it, and no invitation by a person.
    """
    directory.require_operator()
    if not (teams or users is not None or policy):
        teams, users, policy = True, (), True

    def tables(work: Work) -> Iterator[str]:
        if policy:
            yield from _policy(work)
        if teams:
            yield from _teams(work)
        if users is not None:
            asked = listings.parse(lookup.FIELDS, work.now, filters=users, sort="created_at", limit=None)
            for user in storage.user_lists.iterate(work.db, asked):
                yield _table("[[users]]", _user(user.at(work.now)))

    def write(work: Work) -> Iterator[str]:
        for place, table in enumerate(tables(work)):
            yield f"\n{table}" if place else table

    return directory.stream(write)


def _policy(work: Work) -> Iterator[str]:
    """The policies that somebody has set, and the mock phone numbers."""
    stored = storage.policies.read(work.db)
    held = {name: policies.plain(name, work.policy[name]) for name in policies.DECLARATIONS if name in stored}
    if held:
        yield _table("[policy]", held)
    for each in mock_phones.list_(work):
        yield _table("[[mock-phones]]", {"phone": each.phone, "code": each.code})


def _teams(work: Work) -> Iterator[str]:
    found = storage.manifests.all_teams(work.db)
    for start in range(0, len(found), BATCH):
        teams = found[start : start + BATCH]
        members = storage.manifests.members_of(work.db, (team.seq for team in teams))
        for team in teams:
            yield _table("[[teams]]", _team(team))
            for user_id, held in members.get(team.seq, ()):
                yield _table("[[teams.members]]", _member(user_id, held))


def _team(team: Team) -> Json:
    return {"id": team.id, "name": team.name, **({"prefs": team.prefs} if team.prefs else {})}


def _member(user_id: str, held: Held) -> Json:
    invited = {} if held.is_confirmed else {"invite": True}
    return {"user": reference(user_id), "roles": held.roles} | invited


def reference(id: str) -> str:
    """An id as a member is named by, with `id:` where it could be read as something else."""
    return id if re.fullmatch("[A-Za-z][A-Za-z0-9_-]*|[0-9a-z]{20}", id) and not id.isdecimal() else f"id:{id}"


def _user(user: User) -> Json:
    """What a manifest says of a user; nothing that is as in a new account."""
    names = ("id", "username", "email", "phone", "name", "labels", "prefs", "metadata", "locale")
    found = {name: value for name in names if (value := getattr(user, name))}
    found |= {f"{kind}_verified": True for kind in ("email", "phone") if getattr(user, f"{kind}_verified")}
    return found | ({"state": State.BLOCKED} if user.status is Status.BLOCKED else {})


# TOML


def _table(header: str, values: Json) -> str:
    lines = [header, *(f"{_key(name)} = {_value(value)}" for name, value in values.items())]
    return "\n".join([*lines, ""])


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else _text(name)


def _value(value: Any) -> str:
    """A value on one line. An object with null in it, which TOML does not have, is JSON text."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        if _has_null(value):
            return _text(json.dumps(value, ensure_ascii=False))
        pairs = (f"{_key(name)} = {_value(each)}" for name, each in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    if isinstance(value, Iterable):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    return value is None or (isinstance(value, list) and any(map(_has_null, value)))


def _text(value: str) -> str:
    """Text in quotes; JSON escapes all that TOML wants escaped but DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
