"""Rows that cannot be read, since somebody or a failing disk changed them: found by reading them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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


def sample(db: Connection, rows: int) -> Iterator[DamagedRow]:
    """The damaged ones of so many rows of each table."""
    for name in TABLES:
        yield from of_table(db, name, lambda all_rows: db.stream(all_rows.limit(rows)))


def of_table(db: Connection, name: str, stream: Callable[[Any], Iterable[Any]]) -> Iterator[DamagedRow]:
    """The damaged rows of a table. stream: reads them."""
    read, rows = TABLES[name]
    for row in stream(rows):
        try:
            read(row)
        except DamagedRow as damage:
            yield damage


def _tables() -> Iterator[tuple[str, tuple[Callable[[Any], object], sa.Select[Any]]]]:
    """What reads a row of each table, and its rows, the newest first, with an empty text for what stands in others."""
    yield "users", (users.record, sa.select(tables.users).order_by(tables.users.c.seq.desc()))
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
        yield table.name, (module.record, sa.select(table, *others).order_by(table.c.seq.desc()))
    changes = tables.import_changes
    yield changes.name, (imports.changes, sa.select(changes).order_by(changes.c.seq.desc()))
    batches = tables.import_batches
    yield batches.name, (imports.times, sa.select(batches).order_by(batches.c.first_user.desc()))
    its = tables.memberships
    yield its.name, (memberships.record, with_names(its.c, its).order_by(its.c.seq.desc()))


TABLES = dict(_tables())  # those with records; the log is verified by itself
