"""Every place where a sealed secret is kept, and the fingerprint of the key that they are sealed with.

Whoever seals in a transaction holds the fingerprint still until it ends, and whoever replaces the key replaces the
fingerprint first: so no secret is sealed with a key that is on its way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.storage.connection import Connection
from authctl.storage.tables import (
    authenticators,
    directory,
    mock_phones,
    password_history,
    peppers,
    signing_keys,
    users,
)

BATCH = 500  # rows that are sealed anew at a time


@dataclass(frozen=True, slots=True)
class Place:
    """A column that holds sealed secrets: their context is `context/ID`, with the value of the column `id`."""

    context: str
    column: sa.Column[Any]
    id: sa.Column[Any]

    @property
    def table(self) -> sa.Table:
        return self.column.table


PLACES = (
    Place("signing_keys", signing_keys.c.sealed_private_key, signing_keys.c.id),
    Place("mock_phones", mock_phones.c.sealed_code, mock_phones.c.phone),
    Place("authenticators", authenticators.c.sealed_secret, authenticators.c.id),
    Place("peppers", peppers.c.sealed_key, peppers.c.id),
    Place("password_hash", users.c.password_hash, users.c.id),
    Place("password_hash", password_history.c.hash, users.c.id),
)


class Sealed(NamedTuple):
    """A sealed secret: the number of its row, the id that its context ends with, and the secret."""

    seq: int
    id: str
    sealed: Any


def list_(db: Connection, place: Place, text_prefix: str, after: int) -> Sequence[Sealed]:
    """The next sealed secrets behind the row `after`, kept from changing meanwhile. Other values are passed over."""
    table = place.table
    statement = select(place, text_prefix).where(table.c.seq > after).order_by(table.c.seq).limit(BATCH)
    return [Sealed(*row) for row in db.sqlalchemy.execute(statement.with_for_update(of=table))]


def select(place: Place, text_prefix: str) -> sa.Select[Any]:
    """The sealed secrets of a place."""
    table, column = place.table, place.column
    is_text = isinstance(column.type, sa.Text)
    statement = sa.select(table.c.seq, place.id.label("id"), column.label("sealed")).where(
        column.startswith(text_prefix, autoescape=True) if is_text else column.is_not(None)
    )
    return statement if place.id.table is table else statement.where(table.c.user_seq == users.c.seq)


def replace(db: Connection, place: Place, fresh: Iterable[tuple[int, str | bytes]]) -> None:
    """Store secrets that were sealed anew, by the numbers of their rows."""
    table = place.table
    statement = table.update().where(table.c.seq == sa.bindparam("row")).values({place.column: sa.bindparam("fresh")})
    db.sqlalchemy.execute(statement, [{"row": seq, "fresh": sealed} for seq, sealed in fresh])


_FINGERPRINT = directory.c.name == "key_fingerprint"


def replace_fingerprint(db: Connection, before: str, after: str) -> bool:
    """Remember another key, once all who seal with the one before are done; False where that is not the key."""
    changed = db.sqlalchemy.execute(
        directory.update().where(_FINGERPRINT, directory.c.value == before).values(value=after)
    )
    return changed.rowcount == 1
