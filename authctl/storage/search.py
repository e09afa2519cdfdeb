"""The search index over the words of users: kept in step by hand, and asked in the dialect's own language.

SQLite has a contentless FTS5 table, which wants a row's old words to forget them; Postgres has a tsvector beside each
user. Both are fed with the words of `core.words`, so both give the same answers.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

# What a user is found by; the caller makes it, this module only stores it.
Document = str


def insert(db: sa.Connection, seq: int, document: Document, tsvector: Callable[[Document], str]) -> None:
    if db.dialect.name == "sqlite":
        db.exec_driver_sql("INSERT INTO user_words (rowid, words) VALUES (?, ?)", (seq, document))
    else:
        db.exec_driver_sql(
            "INSERT INTO user_words (user_seq, words) VALUES (%s, %s::tsvector)", (seq, tsvector(document))
        )


def replace(db: sa.Connection, seq: int, old: Document, new: Document, tsvector: Callable[[Document], str]) -> None:
    if old == new:
        return
    if db.dialect.name == "sqlite":
        delete(db, seq, old)
        insert(db, seq, new, tsvector)
    else:
        db.exec_driver_sql("UPDATE user_words SET words = %s::tsvector WHERE user_seq = %s", (tsvector(new), seq))


def delete(db: sa.Connection, seq: int, old: Document) -> None:
    """Forget a user's words. On Postgres the row goes with the user by itself."""
    if db.dialect.name == "sqlite":
        db.exec_driver_sql("INSERT INTO user_words (user_words, rowid, words) VALUES ('delete', ?, ?)", (seq, old))
