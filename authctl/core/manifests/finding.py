"""What a directory has of what a manifest names, read in a few statements however much that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from authctl import storage
from authctl.core.accounts import lookup
from authctl.core.manifests.reading import Entry, Manifest, names_of
from authctl.core.teams import lookup as teams_lookup
from authctl.core.work.unit import Work
from authctl.errors import Invalid
from authctl.model import Team, User
from authctl.storage.manifests import Held

Pair = tuple[str, str]  # a column of users, and what stands there


class Present:
    """The users, teams, memberships and mock phones that are there, and what the manifest brought of them."""

    def __init__(self, work: Work, manifest: Manifest) -> None:
        self.brought = storage.manifests.list_brought(work.db, manifest.name)
        self.mock_phones = {each.phone for each in storage.mock_phones.list_all(work.db)}
        self._read_users(work, manifest)
        self._read_teams(work, manifest)
        self._read_memberships(work)

    def _read_users(self, work: Work, manifest: Manifest) -> None:
        pairs = {pair for text in _texts(manifest) for pair in readings(text)}
        self._users: dict[Pair, User] = {}
        for column in ("id", "phone", "username_key"):
            for user in storage.manifests.find_users(work.db, column, _values(pairs, column)):
                self._add(user.at(work.now))
        for email, user in storage.manifests.find_holders(work.db, _values(pairs, "email")).items():
            self._add(user.at(work.now))
            self._users["email", email] = user.at(work.now)
        seqs = [each.user_seq for each in self.brought if each.user_seq is not None]
        for user in storage.manifests.find_users(work.db, "seq", seqs):
            self._add(user.at(work.now))
        self.users = {user.seq: user for user in self._users.values()}

    def _add(self, user: User) -> None:
        key = lookup.username_lookup(user.username) if user.username else None
        for column, value in (("id", user.id), ("email", user.email), ("phone", user.phone), ("username_key", key)):
            if value is not None:
                self._users[column, value] = user

    def _read_teams(self, work: Work, manifest: Manifest) -> None:
        named = {kind: [each.name for each in manifest.teams if each.named_by == kind] for kind in ("id", "name")}
        seqs = [each.team_seq for each in self.brought if each.team_seq is not None]
        by_id = storage.manifests.find_teams(work.db, "id", named["id"])
        by_name = storage.manifests.find_teams(work.db, "name", named["name"])
        others = storage.manifests.find_teams(work.db, "seq", seqs)
        self._teams: dict[str, list[Team]] = {f"id:{team.id}": [team] for team in by_id}
        for team in by_name:
            self._teams.setdefault(f"name:{team.name}", []).append(team)
        self.teams = {team.seq: team for team in (*by_id, *by_name, *others)}

    def _read_memberships(self, work: Work) -> None:
        seqs = [each.membership_seq for each in self.brought if each.membership_seq is not None]
        own = storage.manifests.find_memberships(work.db, "seq", seqs)
        found = [*storage.manifests.find_memberships(work.db, "team_seq", self.teams), *own]
        self.memberships = {each.seq: each for each in found}
        self._members = {(each.team_seq, each.user_seq): each for each in self.memberships.values()}
        self.teams |= {
            team.seq: team
            for team in storage.manifests.find_teams(work.db, "seq", {each.team_seq for each in own} - {*self.teams})
        }
        self.users |= {
            user.seq: user.at(work.now)
            for user in storage.manifests.find_users(
                work.db, "seq", {each.user_seq for each in own if each.user_seq is not None} - {*self.users}
            )
        }

    def user(self, text: str) -> User | None:
        """The user that a text finds. Raises Invalid where it is one user's and another's."""
        found = list(dict.fromkeys(self._users[pair].seq for pair in readings(text) if pair in self._users))
        if len(found) > 1:
            ids = " and ".join(self.users[seq].id for seq in found)
            message = f"{text} may be either of the users {ids}. Say which: id:{self.users[found[0]].id}"
            raise Invalid("manifest_invalid", message, field="user")
        return self.users[found[0]] if found else None

    def holder(self, pair: Pair) -> User | None:
        """The user who has that value in that column, or the email by an identity."""
        return self._users.get(pair)

    def team(self, entry: Entry) -> Team | None:
        """The team of an entry. Raises Invalid where several have its name."""
        found = self._teams.get(entry.named, [])
        if len(found) > 1:
            ids = ", ".join(team.id for team in found[: teams_lookup.NAMESAKES])
            message = f"Several teams are called {entry.name}: {ids}. Name the one that you mean by its id"
            raise Invalid("manifest_invalid", message, field="name")
        return found[0] if found else None

    def membership(self, team: Team, user: User) -> Held | None:
        return self._members.get((team.seq, user.seq))


def readings(text: str) -> Iterator[Pair]:
    """What a text may mean of a user: the columns, and what would stand there."""
    return ((column, value) for column, value in lookup.readings(text) if value)


def _texts(manifest: Manifest) -> Iterator[str]:
    """All that the manifest names users by."""
    for user in manifest.users:
        yield from names_of(user)
    for team in manifest.teams:
        yield from (member.name for member in team.members)


def _values(pairs: Iterable[Pair], column: str) -> list[str]:
    return [value for name, value in pairs if name == column]
