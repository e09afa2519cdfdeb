"""Identities: accounts elsewhere. Their emails are in the same table of addresses as those of users."""

from __future__ import annotations

from typing import Any

from authctl.errors import Conflict
from authctl.model import Identity
from authctl.storage import compiled, record_mapping, users
from authctl.storage.connection import Connection

_COLUMNS = compiled.IDENTITIES_INSERT.names


def insert(db: Connection, identity: Identity, user_seq: int) -> None:
    """Store an identity; a Conflict where it, or its email, belongs to another user."""
    db.on_violation(lambda constraint: _conflict(constraint, identity))
    db.run(compiled.IDENTITIES_INSERT, record_mapping.stored(_COLUMNS, identity) | {"user_seq": user_seq})
    if identity.email is not None and not users.holds_address(db, user_seq, identity.email):
        db.run(compiled.USERS_INSERT_ADDRESS, {"address": identity.email, "user_seq": user_seq})


def _conflict(constraint: str, identity: Identity) -> Conflict | None:
    if constraint.startswith("addresses"):
        return users.address_taken("email", identity.email)
    if constraint.startswith("identities"):
        return Conflict(
            "user_identity_already_exists",
            f"The identity {identity.provider_uid} of {identity.provider} is linked already.",
            field="provider_uid",
        )
    return None


def delete(db: Connection, identity: Identity) -> None:
    """Remove an identity, and its email where the user holds that in no other way."""
    db.run(compiled.IDENTITIES_DELETE, {"id": identity.id})
    if identity.email is not None:
        users.release_address(db, identity.email)


def find(db: Connection, id: str) -> Identity | None:
    row = db.first(compiled.IDENTITIES_FIND, {"id": id})
    return record(row) if row else None


def find_by_uid(db: Connection, provider: str, provider_uid: str) -> Identity | None:
    row = db.first(compiled.IDENTITIES_FIND_BY_UID, {"provider": provider, "provider_uid": provider_uid})
    return record(row) if row else None


def find_position(db: Connection, id: str) -> int | None:
    """The place of an identity in the order of lists."""
    row = db.first(compiled.IDENTITIES_FIND_POSITION, {"id": id})
    return row.seq if row else None


def list_page(db: Connection, user_seq: int | None, behind: int, limit: int) -> list[Identity]:
    """One user's identities, or everybody's, the oldest first, from behind that place on; 0 for all."""
    statement = compiled.IDENTITIES_PAGE if user_seq is None else compiled.IDENTITIES_PAGE_OF_USER
    return [record(row) for row in db.rows(statement, {"user_seq": user_seq, "behind": behind, "limit": limit})]


def record(row: Any) -> Identity:
    return record_mapping.read(Identity, row)
