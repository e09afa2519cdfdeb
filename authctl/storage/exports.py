"""What users take along when they leave: read for a batch of them at a time, however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from authctl.model import Identity, MembershipStatus
from authctl.storage import identities as identity_rows
from authctl.storage.connection import Connection
from authctl.storage.tables import authenticators, identities, memberships, teams, users


class SealedAuthenticator(NamedTuple):
    """A verified authenticator; its secret is opened with the context `authenticators/ID`."""

    id: str
    name: str
    sealed_secret: bytes
    algorithm: str
    digits: int
    period: int  # seconds


class TeamMembership(NamedTuple):
    """A membership, or an invitation that nobody has accepted yet."""

    team_id: str
    team_name: str
    roles: tuple[str, ...]
    joined_at: datetime | None
    is_confirmed: bool


class Belongings(NamedTuple):
    """What the users of a batch have in other tables, by the numbers of their rows."""

    identities: Mapping[int, Sequence[Identity]]
    authenticators: Mapping[int, Sequence[SealedAuthenticator]]
    memberships: Mapping[int, Sequence[TeamMembership]]


def read(db: Connection, seqs: Iterable[int]) -> Belongings:
    """All that belongs to these users, a statement a table."""
    batch = list(seqs)
    return Belongings(_identities(db, batch), _authenticators(db, batch), _memberships(db, batch))


def _identities(db: Connection, batch: list[int]) -> dict[int, list[Identity]]:
    statement = (
        sa.select(identities, users.c.id.label("user_id"))
        .join(users, users.c.seq == identities.c.user_seq)
        .where(identities.c.user_seq.in_(batch))
        .order_by(identities.c.seq)
    )
    found = defaultdict(list)
    for row in db.sqlalchemy.execute(statement):
        found[row.user_seq].append(identity_rows.record(row))
    return found


def _authenticators(db: Connection, batch: list[int]) -> dict[int, list[SealedAuthenticator]]:
    """The verified ones: who has not proved to have the others never used them."""
    columns = [authenticators.c[name] for name in SealedAuthenticator._fields]
    statement = (
        sa.select(authenticators.c.user_seq, *columns)
        .where(authenticators.c.user_seq.in_(batch), authenticators.c.verified_at.is_not(None))
        .order_by(authenticators.c.seq)
    )
    found = defaultdict(list)
    for seq, *values in db.sqlalchemy.execute(statement):
        found[seq].append(SealedAuthenticator(*values))
    return found


def _memberships(db: Connection, batch: list[int]) -> dict[int, list[TeamMembership]]:
    its, team = memberships.c, teams.c
    statement = (
        sa.select(its.user_seq, team.id, team.name, its.roles, its.joined_at, its.status)
        .join(teams, team.seq == its.team_seq)
        .where(its.user_seq.in_(batch))
        .order_by(its.seq)
    )
    found = defaultdict(list)
    for seq, id, name, roles, joined_at, status in db.sqlalchemy.execute(statement):
        is_confirmed = status == MembershipStatus.CONFIRMED
        found[seq].append(TeamMembership(id, name, tuple(roles), joined_at, is_confirmed))
    return found
