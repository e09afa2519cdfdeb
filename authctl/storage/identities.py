"""Identities: accounts elsewhere. Their emails are in the same table of addresses as those of users."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from authctl.errors import Conflict
from authctl.model import Identity
from authctl.storage import users as user_rows
from authctl.storage.connection import Connection
from authctl.storage.driver_errors import violation
from authctl.storage.tables import addresses, identities, users


def insert(db: Connection, identity: Identity, user_seq: int) -> None:
    """Store an identity; a Conflict where it, or its email, belongs to another user."""
    try:
        db.sqlalchemy.execute(
            identities.insert()
            .inline()
            .values(
                id=identity.id,
                user_seq=user_seq,
                provider=identity.provider,
                provider_uid=identity.provider_uid,
                email=identity.email,
                created_at=identity.created_at,
            )
        )
        if identity.email is not None and not user_rows.holds_address(db, user_seq, identity.email):
            db.sqlalchemy.execute(addresses.insert().values(address=identity.email, user_seq=user_seq))
    except IntegrityError as error:
        raise _conflict(error, identity) from None


def _conflict(error: IntegrityError, identity: Identity) -> Conflict:
    from shlex import quote

    if violation(error.orig).startswith("addresses"):
        return Conflict(
            "user_email_already_exists",
            f"The email {identity.email} belongs to another user.",
            field="email",
            hint=f"See who has it with: authctl users get {quote(identity.email or '')}",
        )
    return Conflict(
        "user_identity_already_exists",
        f"The identity {identity.provider_uid} of {identity.provider} is linked already.",
        field="provider_uid",
    )


def delete(db: Connection, identity: Identity) -> None:
    """Remove an identity, and its email where the user holds that in no other way."""
    db.sqlalchemy.execute(identities.delete().where(identities.c.id == identity.id))
    if identity.email is not None:
        user_rows.release_address(db, identity.email)


def find(db: Connection, id: str) -> Identity | None:
    return _one(db, identities.c.id == id)


def find_by_uid(db: Connection, provider: str, provider_uid: str) -> Identity | None:
    return _one(db, identities.c.provider == provider, identities.c.provider_uid == provider_uid)


def _one(db: Connection, *conditions: sa.ColumnElement[bool]) -> Identity | None:
    row = db.sqlalchemy.execute(_select().where(*conditions)).one_or_none()
    return record(row) if row else None


def list_page(db: Connection, user_seq: int | None, after: str | None, limit: int) -> list[Identity]:
    """One user's identities, or everybody's, the oldest first, from behind the identity `after` on."""
    statement = _select().order_by(identities.c.seq).limit(limit)
    if user_seq is not None:
        statement = statement.where(identities.c.user_seq == user_seq)
    if after is not None:
        behind = sa.select(identities.c.seq).where(identities.c.id == after).scalar_subquery()
        statement = statement.where(identities.c.seq > behind)
    return [record(row) for row in db.sqlalchemy.execute(statement)]


def _select() -> sa.Select[Any]:
    return sa.select(identities, users.c.id.label("user_id")).join(users, users.c.seq == identities.c.user_seq)


def record(row: sa.Row[Any]) -> Identity:
    return Identity(
        id=row.id,
        user_id=row.user_id,
        provider=row.provider,
        provider_uid=row.provider_uid,
        email=row.email,
        created_at=row.created_at,
    )
