"""What manifests brought, and what is there of what they name: read and stored many rows at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.model import MembershipStatus, Team, User
from authctl.storage import teams as team_rows, users as user_rows
from authctl.storage.connection import Connection
from authctl.storage.tables import addresses, former_names, manifest_subjects, memberships, teams, users

BATCH = 1_000  # values in a statement
LOCK = 0x61757468_6170706C  # "authappl"


class Brought(NamedTuple):
    """Something that a manifest brought; `value` is a label, a role or a mock phone number."""

    kind: str
    user_seq: int | None = None
    team_seq: int | None = None
    membership_seq: int | None = None
    value: str | None = None


class Held(NamedTuple):
    """A membership of a user, or an invitation of one. user_seq: None until whoever was invited accepts it."""

    seq: int
    id: str
    team_seq: int
    user_seq: int | None
    roles: tuple[str, ...]
    is_confirmed: bool


def lock(db: Connection) -> None:
    """Let no other manifest be applied until this unit of work is through; it may take as long as it needs."""
    db.wait_forever()
    if db.dialect.name == "postgresql":
        db.sqlalchemy.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


# What is there


def find_users(db: Connection, column: str, values: Iterable[Any]) -> list[User]:
    """The users that have one of these in that column."""
    return [user_rows.record(row) for row in _among(db, sa.select(users), users.c[column], values)]


def find_holders(db: Connection, emails: Iterable[str]) -> dict[str, User]:
    """The users who hold these addresses, by the address; one may hold it by an identity."""
    statement = sa.select(*users.c, addresses.c.address).join(addresses, addresses.c.user_seq == users.c.seq)
    return {row.address: user_rows.record(row[:-1]) for row in _among(db, statement, addresses.c.address, emails)}


def find_former(db: Connection, names: Iterable[str]) -> dict[str, str | None]:
    """Those names that are the ids of accounts which are gone, with the id of the account they were merged into."""
    statement = sa.select(former_names.c.name, former_names.c.merged_into)
    return {row.name: row.merged_into for row in _among(db, statement, former_names.c.name, names)}


def find_teams(db: Connection, column: str, values: Iterable[Any]) -> list[Team]:
    return [team_rows.record(row) for row in _among(db, sa.select(teams), teams.c[column], values)]


def find_memberships(db: Connection, column: str, values: Iterable[int]) -> list[Held]:
    """The memberships that have one of these in that column."""
    its = memberships.c
    statement = sa.select(its.seq, its.id, its.team_seq, its.user_seq, its.roles, its.status)
    return [_held(row) for row in _among(db, statement, its[column], values)]


def _held(row: Any) -> Held:
    is_confirmed = row.status == str(MembershipStatus.CONFIRMED)
    return Held(row.seq, row.id, row.team_seq, row.user_seq, tuple(row.roles), is_confirmed)


def _among(db: Connection, statement: sa.Select[Any], column: Any, values: Iterable[Any]) -> Iterator[Any]:
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), BATCH):
        yield from db.sqlalchemy.execute(statement.where(column.in_(wanted[start : start + BATCH])))


def all_teams(db: Connection) -> list[Team]:
    return [team_rows.record(row) for row in db.sqlalchemy.execute(sa.select(teams).order_by(teams.c.id))]


def members_of(db: Connection, team_seqs: Iterable[int]) -> Mapping[int, list[tuple[str, Held]]]:
    """The users of teams, each with the id and the membership, by the number of the team."""
    its = memberships.c
    statement = (
        sa.select(its.seq, its.id, its.team_seq, its.user_seq, its.roles, its.status, users.c.id.label("user_id"))
        .join(users, users.c.seq == its.user_seq)
        .order_by(users.c.id)
    )
    found = defaultdict(list)
    for row in _among(db, statement, its.team_seq, team_seqs):
        found[row.team_seq].append((row.user_id, _held(row)))
    return found


# What manifests brought


def list_brought(db: Connection, manifest: str) -> dict[Brought, int]:
    """What a manifest brought that is still there, with the numbers of the rows that say so."""
    its = manifest_subjects.c
    columns = [its[name] for name in Brought._fields]
    statement = sa.select(its.seq, *columns).where(its.manifest == manifest).order_by(its.seq)
    return {Brought(*values): seq for seq, *values in db.sqlalchemy.execute(statement)}


def remember(db: Connection, manifest: str, brought: Sequence[Brought]) -> None:
    if brought:
        rows = [each._asdict() | {"manifest": manifest} for each in brought]
        db.sqlalchemy.execute(manifest_subjects.insert(), rows)


def forget(db: Connection, seqs: Sequence[int]) -> None:
    for start in range(0, len(seqs), BATCH):
        batch = seqs[start : start + BATCH]
        db.sqlalchemy.execute(manifest_subjects.delete().where(manifest_subjects.c.seq.in_(batch)))
