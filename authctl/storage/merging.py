"""What belongs to an account, moved to another one that it becomes a part of. `from_` and `into` are their numbers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from authctl.storage.connection import Connection
from authctl.storage.tables import (
    addresses,
    authenticators,
    former_names,
    identities,
    import_changes,
    invitations,
    known_sources,
    memberships,
    password_history,
    recovery_codes,
    sessions,
    tokens,
)

# What is either account's to have any number of.
_MOVED = (identities, sessions, tokens, import_changes)


def lock_memberships(db: Connection, from_: int, into: int) -> list[int]:
    """Keep the memberships of both from changing; the numbers of the teams that both have one in."""
    rows = db.sqlalchemy.execute(
        sa.select(memberships.c.team_seq, memberships.c.user_seq)
        .where(memberships.c.user_seq.in_((from_, into)))
        .order_by(memberships.c.seq)
        .with_for_update()
    ).all()
    teams = [{row.team_seq for row in rows if row.user_seq == seq} for seq in (from_, into)]
    return sorted(teams[0] & teams[1])


def move(db: Connection, from_: int, into: int) -> dict[str, int]:
    """Move all that can be moved as it is; how many identities and memberships there were.

    Memberships of teams that both are in have been united before.
    """
    moved = {table.name: _move(db, table, from_, into) for table in (*_MOVED, memberships)}
    held = sa.select(identities.c.email).where(identities.c.user_seq == into, identities.c.email_verified)
    _move(db, addresses, from_, into, addresses.c.address.in_(held))
    _move_known_sources(db, from_, into)
    inviters = invitations.update().where(invitations.c.inviter_seq == from_)
    db.sqlalchemy.execute(inviters.values(inviter_seq=into))
    return {name: moved[name] for name in ("identities", "memberships")}


def move_authenticators(db: Connection, from_: int, into: int) -> None:
    """Move the authenticators, of which the other account has none any more."""
    _move(db, authenticators, from_, into)


def move_recovery_codes(db: Connection, from_: int, into: int) -> None:
    """Move the recovery codes, of which the other account has none any more."""
    _move(db, recovery_codes, from_, into)


def move_invitations(db: Connection, from_membership: int, into_membership: int) -> None:
    """Have the invitations to a membership be to another one."""
    statement = invitations.update().where(invitations.c.membership_seq == from_membership)
    db.sqlalchemy.execute(statement.values(membership_seq=into_membership))


def list_history(db: Connection, seq: int) -> list[tuple[int, str]]:
    """The hashes of an account's past passwords, by the numbers of their rows."""
    past = password_history
    rows = db.sqlalchemy.execute(sa.select(past.c.seq, past.c.hash).where(past.c.user_seq == seq))
    return [(row.seq, row.hash) for row in rows]


def move_history(db: Connection, seq: int, into: int, hash: str) -> None:
    """Move one past password, whose hash is sealed for that account."""
    statement = password_history.update().where(password_history.c.seq == seq)
    db.sqlalchemy.execute(statement.values(user_seq=into, hash=hash))


def pass_on_names(db: Connection, from_id: str, into_id: str) -> None:
    """Have the accounts that were merged into the first one be part of the second."""
    statement = former_names.update().where(former_names.c.merged_into == from_id)
    db.sqlalchemy.execute(statement.values(merged_into=into_id))


def _move(db: Connection, table: sa.Table, from_: int, into: int, *only: sa.ColumnElement[bool]) -> int:
    statement = table.update().where(table.c.user_seq == from_, *only)
    return db.sqlalchemy.execute(statement.values(user_seq=into)).rowcount


def _move_known_sources(db: Connection, from_: int, into: int) -> None:
    """Of a source that both know, the later sign-in counts."""
    other: Any = known_sources.alias()
    same = (known_sources.c.source == other.c.source, known_sources.c.seen_at <= other.c.seen_at)
    for seq, other_seq in ((into, from_), (from_, into)):
        older = sa.exists().where(other.c.user_seq == other_seq, *same)
        db.sqlalchemy.execute(known_sources.delete().where(known_sources.c.user_seq == seq, older))
    _move(db, known_sources, from_, into)
