"""The search indexes over the words of users and of teams: kept in step by hand.

SQLite has a contentless FTS5 table, which wants a row's old words to forget them; Postgres has the document beside each
user or team, with an index over its words. Both are fed by `search_terms`, so both give the same answers. `of` says
whose words.
"""

from __future__ import annotations

from typing import Literal

from authctl.storage import compiled
from authctl.storage.connection import Connection, Statement

Of = Literal["user", "team"]

# What a user is found by; the caller makes it, this module only stores it.
Document = str

_INSERT: dict[Of, Statement] = {"user": compiled.SEARCH_INDEX_INSERT_USER, "team": compiled.SEARCH_INDEX_INSERT_TEAM}
_UPDATE: dict[Of, Statement] = {"user": compiled.SEARCH_INDEX_UPDATE_USER, "team": compiled.SEARCH_INDEX_UPDATE_TEAM}
_FORGET: dict[Of, Statement] = {"user": compiled.SEARCH_INDEX_FORGET_USER, "team": compiled.SEARCH_INDEX_FORGET_TEAM}


def insert(db: Connection, seq: int, document: Document, *, of: Of = "user") -> None:
    db.run(_INSERT[of], {"seq": seq, "words": document})


def replace(db: Connection, seq: int, old: Document, new: Document, *, of: Of = "user") -> None:
    if old == new:
        return
    if db.dialect.name == "sqlite":
        delete(db, seq, old, of=of)
        insert(db, seq, new, of=of)
    else:
        db.run(_UPDATE[of], {"seq": seq, "words": new})


def delete(db: Connection, seq: int, old: Document, *, of: Of = "user") -> None:
    """Forget what somebody was found by. On Postgres the row goes with the user or team by itself."""
    if db.dialect.name == "sqlite":
        db.run(_FORGET[of], {"seq": seq, "words": old})
