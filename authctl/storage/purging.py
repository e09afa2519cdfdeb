"""Removing what is over: sessions, tokens, challenges, invitations, counts of attempts, sources that are known no more,
and what imports replaced."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.storage.attempts import following
from authctl.storage.column_types import Instant
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
    password_history,
    sessions,
    tokens,
    users,
)

BATCH = 1_000  # rows that are removed in one transaction
LOOK = 20_000  # rows that one transaction reads to find them, where no index does


class Overdue(NamedTuple):
    """Rows that are over, of a table without an index that finds them: what is written all the time would pay for it.

    is_over: the condition, of the table's columns.
    """

    table: sa.Table
    is_over: Callable[[Any], sa.ColumnElement[bool]]


def sessions_over(before: datetime) -> Overdue:
    """The sessions that ended, or expired, before that moment."""
    return Overdue(sessions, lambda columns: sa.or_(columns.expires_at <= before, columns.ended_at <= before))


def attempts_over(now: datetime, expired: datetime, prefix: str, prefixed_expired: datetime) -> Overdue:
    """What counts no more: windows that began before `expired`, locks that have ended. prefix: begins the names of
    those buckets whose window must have begun before another time."""

    def is_over(columns: Any) -> sa.ColumnElement[bool]:
        begins = sa.and_(columns.bucket >= prefix, columns.bucket < following(prefix))
        times = (sa.literal(each, Instant()) for each in (prefixed_expired, expired))
        since = sa.case((begins, next(times)), else_=next(times))
        return sa.or_(columns.locked_until <= now, sa.and_(columns.locked_until.is_(None), columns.since <= since))

    return Overdue(attempts, is_over)


def known_sources_over(before: datetime) -> Overdue:
    """The sources that last signed in before that moment, or at it."""
    return Overdue(known_sources, lambda columns: columns.seen_at <= before)


def count_over(db: Connection, overdue: Overdue) -> int:
    """How many there are."""
    statement = sa.select(sa.func.count()).select_from(overdue.table).where(overdue.is_over(overdue.table.c))
    return db.sqlalchemy.execute(statement).scalar_one()


Key = tuple[Any, ...]


def list_over(db: Connection, overdue: Overdue, behind: Key | None) -> tuple[list[Key], Key | None]:
    """The keys of a batch of those, in their order, among the next rows behind a key; and the key to go on behind, None
    at the end."""
    key = list(overdue.table.primary_key)
    ahead = sa.select(overdue.table).order_by(*key)
    if behind is not None:
        ahead = ahead.where(sa.tuple_(*key) > _place(behind))
    looked_at = ahead.limit(LOOK).subquery()
    columns = [looked_at.c[column.name] for column in key]
    found = sa.select(*columns).where(overdue.is_over(looked_at.c)).order_by(*columns).limit(BATCH)
    keys = [tuple(row) for row in db.sqlalchemy.execute(found)]
    if len(keys) == BATCH:
        return keys, keys[-1]
    last = db.sqlalchemy.execute(ahead.with_only_columns(*key).offset(LOOK - 1).limit(1)).one_or_none()
    return keys, tuple(last) if last is not None else None


def delete_over(db: Connection, overdue: Overdue, first: Key, last: Key) -> int:
    """Remove those that are over from one key to another; how many there were."""
    key = sa.tuple_(*overdue.table.primary_key)
    theirs = (key >= _place(first), key <= _place(last))  # of single keys, SQLite would read the whole table
    return db.sqlalchemy.execute(overdue.table.delete().where(*theirs, overdue.is_over(overdue.table.c))).rowcount


def _place(key: Key) -> Any:
    return sa.tuple_(*map(sa.literal, key))


def count_tokens(db: Connection, before: datetime) -> int:
    """How many tokens ended, or expired, before that moment."""
    over = sa.or_(tokens.c.expires_at <= before, tokens.c.ended_at <= before)
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(tokens).where(over)).scalar_one()


def delete_tokens(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    for moment in (tokens.c.expires_at, tokens.c.ended_at):  # each by its index
        batch = sa.select(tokens.c.seq).where(moment <= before).order_by(moment).limit(BATCH)
        if removed := db.sqlalchemy.execute(tokens.delete().where(tokens.c.seq.in_(batch))).rowcount:
            return removed
    return 0


def delete_history(db: Connection, keep: int) -> None:
    """Remove everybody's past passwords but for the newest of each."""
    past = password_history.c
    place = sa.func.row_number().over(partition_by=past.user_seq, order_by=past.seq.desc()).label("place")
    placed = sa.select(past.seq, place).subquery()
    db.wait_forever()
    older = sa.select(placed.c.seq).where(placed.c.place > keep)
    db.sqlalchemy.execute(password_history.delete().where(past.seq.in_(older)))


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
