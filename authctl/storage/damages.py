"""Rows that cannot be read, since somebody or a failing disk changed them: found by reading them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa

from authctl.storage import (
    authenticators,
    challenges,
    identities,
    imports,
    memberships,
    sessions,
    signing_keys,
    tables,
    teams,
    tokens,
    users,
)
from authctl.storage.connection import Connection
from authctl.storage.membership_lists import with_names
from authctl.storage.record_mapping import DamagedRow


def find(db: Connection, most: int, *, rows: int | None = None) -> list[DamagedRow]:
    """The damaged rows of all tables but the log, which is verified by itself; the first so many.

    rows: of how many rows of each table; None for all.
    """
    found = (damage for read, every in _tables() for damage in _damaged(db, read, every.limit(rows)))
    return list(islice(found, most))


def find_unheld(db: Connection) -> str | None:
    """The id of a user with an email that another may take, since no row of `addresses` says whose it is."""
    email, seq, of = tables.users.c.email, tables.users.c.seq, tables.addresses.c
    is_held = sa.exists().where(of.address == email, of.user_seq == seq)
    found: str | None = db.sqlalchemy.execute(
        sa.select(tables.users.c.id).where(email.is_not(None), ~is_held).limit(1)
    ).scalar()
    return found


def _damaged(db: Connection, read: Callable[[Any], object], rows: sa.Select[Any]) -> Iterator[DamagedRow]:
    for row in db.stream(rows):
        try:
            read(row)
        except DamagedRow as damage:
            yield damage


def _tables() -> Iterator[tuple[Callable[[Any], object], sa.Select[Any]]]:
    """What reads a row of each table, and all its rows, with an empty text for what stands in others."""
    yield users.record, sa.select(tables.users)
    for module, table in (
        (identities, tables.identities),
        (sessions, tables.sessions),
        (tokens, tables.tokens),
        (challenges, tables.challenges),
        (authenticators, tables.authenticators),
        (teams, tables.teams),
        (signing_keys, tables.signing_keys),
        (imports, tables.imports),
    ):
        others = [sa.literal("").label(name) for name in ("user_id", "session_id") if name not in table.c]
        yield module.record, sa.select(table, *others)
    yield memberships.record, with_names(tables.memberships.c, tables.memberships)
