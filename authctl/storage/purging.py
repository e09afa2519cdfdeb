"""Removing what is over: sessions, tokens, challenges, invitations, counts of attempts, sources that are known no more,
and what imports replaced."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from authctl.storage.attempts import following
from authctl.storage.connection import Connection
from authctl.storage.tables import (
    attempts,
    challenges,
    identities,
    import_changes,
    imports,
    invitations,
    known_sources,
    memberships,
    sessions,
    tokens,
    users,
)

BATCH = 1_000  # rows that are removed in one transaction


def count_sessions(db: Connection, before: datetime) -> int:
    """How many sessions ended, or expired, before that moment."""
    return _count(db, sessions, before)


def delete_sessions(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    return _delete(db, sessions, before)


def count_tokens(db: Connection, before: datetime) -> int:
    """How many tokens ended, or expired, before that moment."""
    return _count(db, tokens, before)


def delete_tokens(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    return _delete(db, tokens, before)


def _count(db: Connection, table: sa.Table, before: datetime) -> int:
    over = sa.or_(table.c.expires_at <= before, table.c.ended_at <= before)
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(table).where(over)).scalar_one()


def _delete(db: Connection, table: sa.Table, before: datetime) -> int:
    for moment in (table.c.expires_at, table.c.ended_at):  # each by its index
        batch = sa.select(table.c.seq).where(moment <= before).order_by(moment).limit(BATCH)
        if removed := db.sqlalchemy.execute(table.delete().where(table.c.seq.in_(batch))).rowcount:
            return removed
    return 0


def list_abandoned(db: Connection) -> list[str]:
    """The ids of a batch of users who were made for a code, and have neither a token nor anything else."""
    belongings = (tokens, sessions, identities, memberships)
    bare = [sa.not_(sa.exists().where(table.c.user_seq == users.c.seq)) for table in belongings]
    found = sa.select(users.c.id).where(sa.text("users.requested"), *bare).order_by(users.c.seq).limit(BATCH)
    return list(db.sqlalchemy.execute(found).scalars())


def count_challenges(db: Connection, before: datetime) -> int:
    """How many challenges expired before that moment."""
    return db.sqlalchemy.execute(sa.select(sa.func.count()).where(challenges.c.expires_at <= before)).scalar_one()


def delete_challenges(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    dead = sa.select(challenges.c.seq).where(challenges.c.expires_at <= before)
    batch = dead.order_by(challenges.c.expires_at).limit(BATCH)
    return db.sqlalchemy.execute(challenges.delete().where(challenges.c.seq.in_(batch))).rowcount


def count_invited(db: Connection, before: datetime) -> int:
    """How many memberships are nobody's, and wait for an invitation that expired before that moment."""
    statement = sa.select(sa.func.count()).select_from(memberships).where(*_are_nobodys(before))
    return db.sqlalchemy.execute(statement).scalar_one()


def delete_invited(db: Connection, before: datetime) -> int:
    """Remove a batch of those, but for any that is being renewed; how many there were in it."""
    batch = sa.select(memberships.c.seq).where(*_are_nobodys(before)).limit(BATCH).with_for_update(skip_locked=True)
    return db.sqlalchemy.execute(memberships.delete().where(memberships.c.seq.in_(batch))).rowcount


def _are_nobodys(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    is_open = sa.exists().where(invitations.c.membership_seq == memberships.c.seq, invitations.c.expires_at > before)
    return memberships.c.user_seq.is_(None), sa.not_(is_open)


def count_import_changes(db: Connection, before: datetime) -> int:
    """How many changes were made by imports that ended before that moment."""
    statement = sa.select(sa.func.count()).where(import_changes.c.import_seq.in_(_imports_before(before)))
    return db.sqlalchemy.execute(statement).scalar_one()


def delete_import_changes(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    batch = sa.select(import_changes.c.seq).where(import_changes.c.import_seq.in_(_imports_before(before))).limit(BATCH)
    return db.sqlalchemy.execute(import_changes.delete().where(import_changes.c.seq.in_(batch))).rowcount


def _imports_before(before: datetime) -> sa.Select[tuple[int]]:
    ended = sa.func.coalesce(imports.c.ended_at, imports.c.updated_at)
    return sa.select(imports.c.seq).where(ended <= before)


def delete_attempts(
    db: Connection, now: datetime, expired: datetime, *, prefix: str | None = None, but: str | None = None
) -> int:
    """Remove what counts no more: windows that began before `expired`, locks that have ended; how many there were.

    prefix: only of buckets whose name begins so. but: of all others.
    """
    named = [_begins(prefix)] if prefix is not None else []
    named += [sa.not_(_begins(but))] if but is not None else []
    ended = sa.or_(
        attempts.c.locked_until <= now, sa.and_(attempts.c.locked_until.is_(None), attempts.c.since <= expired)
    )
    return db.sqlalchemy.execute(attempts.delete().where(ended, *named)).rowcount


def delete_known_sources(db: Connection, before: datetime) -> int:
    """Remove the sources that last signed in before that moment, or at it; how many there were."""
    return db.sqlalchemy.execute(known_sources.delete().where(known_sources.c.seen_at <= before)).rowcount


def _begins(prefix: str) -> sa.ColumnElement[bool]:
    return sa.and_(attempts.c.bucket >= prefix, attempts.c.bucket < following(prefix))
