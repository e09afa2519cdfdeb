"""The search indexes over the words of users and of teams: kept in step by hand, and asked in the dialect's language.

SQLite has a contentless FTS5 table, which wants a row's old words to forget them; Postgres has a tsvector beside each
user or team. Both are fed with the words of `core.words`, so both give the same answers. `of` says whose words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import sqlalchemy as sa

from authctl.storage import search_terms
from authctl.storage.connection import Connection
from authctl.storage.tables import Sequence

Of = Literal["user", "team"]

# What a user is found by; the caller makes it, this module only stores it.
Document = str

_INSERT_SQLITE = "INSERT INTO {of}_words (rowid, words) VALUES (?, ?)"
_INSERT_POSTGRES = "INSERT INTO {of}_words ({of}_seq, words) VALUES (%s, %s::tsvector)"
_UPDATE_POSTGRES = "UPDATE {of}_words SET words = %s::tsvector WHERE {of}_seq = %s"
_FORGET_SQLITE = "INSERT INTO {of}_words ({of}_words, rowid, words) VALUES ('delete', ?, ?)"


def insert(
    db: Connection, seq: int, document: Document, tsvector: Callable[[Document], str], *, of: Of = "user"
) -> None:
    if db.dialect.name == "sqlite":
        db.sqlalchemy.exec_driver_sql(_INSERT_SQLITE.format(of=of), (seq, document))
    else:
        db.sqlalchemy.exec_driver_sql(_INSERT_POSTGRES.format(of=of), (seq, tsvector(document)))


def replace(
    db: Connection,
    seq: int,
    old: Document,
    new: Document,
    tsvector: Callable[[Document], str],
    *,
    of: Of = "user",
) -> None:
    if old == new:
        return
    if db.dialect.name == "sqlite":
        delete(db, seq, old, of=of)
        insert(db, seq, new, tsvector, of=of)
    else:
        db.sqlalchemy.exec_driver_sql(_UPDATE_POSTGRES.format(of=of), (tsvector(new), seq))


def delete(db: Connection, seq: int, old: Document, *, of: Of = "user") -> None:
    """Forget what somebody was found by. On Postgres the row goes with the user or team by itself."""
    if db.dialect.name == "sqlite":
        db.sqlalchemy.exec_driver_sql(_FORGET_SQLITE.format(of=of), (seq, old))


def matching(db: Connection, query: search_terms.Query, of: Of) -> sa.Select[Any]:
    """The numbers of the users or teams that match."""
    if db.dialect.name == "sqlite":
        found = sa.select(sa.literal_column("rowid", Sequence)).select_from(sa.table(f"{of}_words"))
        return found.where(sa.literal_column(f"{of}_words").op("MATCH")(query.fts5()))
    table = sa.table(f"{of}_words", sa.column(f"{of}_seq", sa.BigInteger))
    condition = sa.text(f"{of}_words.words @@ CAST(:words AS tsquery)").bindparams(words=query.tsquery())
    return sa.select(table.c[f"{of}_seq"]).where(condition)
