"""How many users there are: counted when the policy user-limit is set, and kept in one row for as long as it is.

Whoever makes or removes users says so beforehand (`enter`), and changes the row as the last thing of the transaction
(`add`): from there on others who do wait for its end, and who waits for nobody any more is in no deadlock. On Postgres,
`start` waits for all who have entered, and those who come later wait for it. So each user is counted or added, never
both or neither. SQLite has one writer at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from authctl.storage import compiled
from authctl.storage.connection import Connection


def start(db: Connection) -> None:
    """Count everybody, unless that was done before."""
    if db.dialect.name == "postgresql":
        db.wait_forever()  # large tables take their time
        db.run(compiled.USER_COUNTS_KEEP_OUT, {})
    db.run(compiled.USER_COUNTS_START, {})


def stop(db: Connection) -> None:
    """Keep no count any more."""
    db.run(compiled.USER_COUNTS_STOP, {})


def get(db: Connection) -> int:
    """How many users there are, but for what others are about to change; counted now if it was not before."""
    rows = db.rows(compiled.USER_COUNTS_FIND, {})
    if not rows:
        start(db)
        rows = db.rows(compiled.USER_COUNTS_FIND, {})
    return int(rows[0].users)


def enter(db: Connection) -> None:
    """Before users are made or removed: let nobody count them until this transaction ends."""
    if db.dialect.name == "postgresql":
        with db.ahead():
            db.run(compiled.USER_COUNTS_ENTER, {})


def add(db: Connection, change: int) -> Callable[[], int | None]:
    """Change the count, if one is kept: the last thing of a transaction. What tells how many users that makes."""
    answer = db.ask(compiled.USER_COUNTS_ADD, {"change": change})

    def count() -> int | None:
        rows = answer()
        return rows[0].users if rows else None

    return count
