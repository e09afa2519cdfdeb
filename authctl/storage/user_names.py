"""What accounts are called: ids and usernames share one key, ignoring case, so that a word names one account.

A new id that is a username of another account is refused as one that is an id, and so is a new username. Nobody signs
up with the id of a deleted account that was ever signed in to or granted something: permissions may name it still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from authctl.storage import compiled
from authctl.storage.connection import Connection

CONSTRAINTS = ("user_names_pkey", "user_names_name_key")  # as Postgres and SQLite call the key


def take(db: Connection, seq: int, names: Iterable[str]) -> None:
    """Have names be a user's; refused where one is somebody else's."""
    with db.ahead():
        for name in names:
            db.run(compiled.USER_NAMES_INSERT, {"name": name, "user_seq": seq})


def change(db: Connection, seq: int, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Free the names that a user has no more, and take the new ones."""
    for name in set(before) - set(after):
        db.run(compiled.USER_NAMES_RELEASE, {"name": name, "user_seq": seq})
    for name in set(after) - set(before):
        db.run(compiled.USER_NAMES_INSERT, {"name": name, "user_seq": seq})


def remember(db: Connection, seq: int, name: str) -> None:
    """Before a user is deleted: keep the id from sign-ups, if it may stand in permissions."""
    with db.ahead():
        db.run(compiled.USER_NAMES_REMEMBER, {"name": name, "seq": seq})


def merge(db: Connection, name: str, into: str, *, id: str | None = None) -> None:
    """Remember the name of an account that became a part of another one. id: as it was here, if it was."""
    statement = compiled.USER_NAMES_REMEMBER_MERGED_ACCOUNT if id else compiled.USER_NAMES_REMEMBER_MERGED
    with db.ahead():
        db.run(statement, {"name": name, "merged_into": into, "id": id})


def list_merged(db: Connection, into: str) -> list[str]:
    """The ids of the accounts that became a part of that one."""
    return [row.id for row in db.rows(compiled.USER_NAMES_LIST_MERGED, {"merged_into": into})]


def ask_merged(db: Connection, readings: Iterable[tuple[str, str]]) -> Callable[[str], tuple[str, ...]]:
    """What tells the same of a user who is found by these pairs of column and value; asked with the next statement.

    An id that somebody new has is not among them.
    """
    answer = db.ask(compiled.USER_NAMES_LIST_MERGED_INTO, _NOBODY | dict(readings))
    return lambda into: tuple(row.id for row in answer() if row.merged_into == into)


_NOBODY = dict.fromkeys(compiled.USER_NAMES_LIST_MERGED_INTO.names)


def forget_merged(db: Connection, name: str, into: str) -> None:
    with db.ahead():
        db.run(compiled.USER_NAMES_FORGET_MERGED, {"name": name, "merged_into": into})


def find_merged(db: Connection, name: str) -> str | None:
    """The id of the account that the one of that name became a part of."""
    row = db.first(compiled.USER_NAMES_FIND_MERGED, {"name": name})
    return row.merged_into if row is not None else None


def pass_on(db: Connection, name: str) -> None:
    """Give a name that is free to whoever has had it as a username all along."""
    with db.ahead():
        db.run(compiled.USER_NAMES_PASS_ON, {"name": name})


def is_former(db: Connection, name: str) -> bool:
    """Whether a name is the id of a deleted account that may stand in permissions."""
    return db.first(compiled.USER_NAMES_FIND_FORMER, {"name": name}) is not None
