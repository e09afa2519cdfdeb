"""The keys that JWTs are signed with. A retired key keeps its public half alone, until it is purged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from authctl.model import SigningKey
from authctl.storage.connection import Connection
from authctl.storage.tables import signing_keys


def insert(db: Connection, key: SigningKey) -> None:
    db.sqlalchemy.execute(
        signing_keys.insert()
        .inline()
        .values(
            id=key.id,
            algorithm=key.algorithm,
            public_jwk=key.public_jwk,
            sealed_private_key=key.sealed_private_key,
            created_at=key.created_at,
            retired_at=key.retired_at,
        )
    )


def list_all(db: Connection) -> list[SigningKey]:
    """Every key, the newest first."""
    return [record(row) for row in db.sqlalchemy.execute(sa.select(signing_keys).order_by(signing_keys.c.seq.desc()))]


def list_live(db: Connection) -> list[SigningKey]:
    """Those that are not retired, the newest first: that one signs."""
    live = sa.select(signing_keys).where(signing_keys.c.retired_at.is_(None))
    return [record(row) for row in db.sqlalchemy.execute(live.order_by(signing_keys.c.seq.desc()))]


def find(db: Connection, id: str) -> SigningKey | None:
    row = db.sqlalchemy.execute(sa.select(signing_keys).where(signing_keys.c.id == id)).one_or_none()
    return record(row) if row else None


def retire_before(db: Connection, id: str, now: datetime) -> list[str]:
    """Let every live key but that one sign no more, for good: their private halves go. The ids of those retired."""
    statement = (
        signing_keys.update()
        .where(signing_keys.c.retired_at.is_(None), signing_keys.c.id != id)
        .values(retired_at=now, sealed_private_key=None)
        .returning(signing_keys.c.id)
    )
    return sorted(db.sqlalchemy.execute(statement).scalars())


def purge(db: Connection, before: datetime) -> list[str]:
    """Remove the keys that were retired by then. The ids of those removed."""
    statement = signing_keys.delete().where(signing_keys.c.retired_at <= before).returning(signing_keys.c.id)
    return sorted(db.sqlalchemy.execute(statement).scalars())


def record(row: sa.Row[Any]) -> SigningKey:
    return SigningKey(
        id=row.id,
        algorithm=row.algorithm,
        public_jwk=row.public_jwk,
        sealed_private_key=row.sealed_private_key,
        created_at=row.created_at,
        retired_at=row.retired_at,
    )
