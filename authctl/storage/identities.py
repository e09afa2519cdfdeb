"""Identities: accounts elsewhere. Emails that are verified are in the same table of addresses as those of users."""

from __future__ import annotations

from typing import Any

from authctl.errors import Conflict
from authctl.model import Identity, made_at
from authctl.storage import compiled, record_mapping, users
from authctl.storage.connection import Connection

_COLUMNS = compiled.IDENTITIES_INSERT.names


def insert(db: Connection, identity: Identity, user_seq: int) -> None:
    """Store an identity; a Conflict where it, or an email that is verified, belongs to another user."""
    db.on_violation(lambda constraint: _conflict(constraint, identity))
    db.run(compiled.IDENTITIES_INSERT, record_mapping.stored(_COLUMNS, identity) | {"user_seq": user_seq})
    if identity.email is not None and identity.email_verified and not users.holds_address(db, user_seq, identity.email):
        db.run(compiled.USERS_INSERT_ADDRESS, {"address": identity.email, "user_seq": user_seq})


def _conflict(constraint: str, identity: Identity) -> Conflict | None:
    if constraint.startswith("addresses"):
        return users.address_taken("email", identity.email)
    if constraint.startswith("identities"):
        return Conflict(
            "user_identity_already_exists",
            f"The identity {identity.provider_uid} of {identity.provider} is already linked.",
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


# Until a session is complete


def insert_waiting(db: Connection, new: Any, session: str) -> None:
    """Keep an identity until the session of that id is complete; its email is verified."""
    values = {"provider": new.provider, "provider_uid": new.provider_uid, "email": new.email}
    db.run(compiled.IDENTITIES_INSERT_WAITING, values | {"id": session, "created_at": made_at(session)})


def take_waiting(db: Connection, session_seq: int) -> Any:
    """The provider, provider_uid and email of the identity that waits for a session, which it does no longer."""
    return db.first(compiled.IDENTITIES_TAKE_WAITING, {"session_seq": session_seq})


def record(row: Any) -> Identity:
    return record_mapping.read(Identity, "identities", row)
