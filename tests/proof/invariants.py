"""What holds of a database whatever was done, read from the database alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from authctl.core.directory.directory import Directory
from authctl.model import Status, name_keys
from authctl.storage import tables


def problems(directory: Directory) -> list[str]:
    """What is wrong, a sentence each; none where all is well."""
    return directory.read(lambda work: [found for check in CHECKS for found in check(_reader(work.db), work.now)])


def _reader(db: Any) -> Any:
    return lambda table: db.sqlalchemy.execute(sa.select(table)).all()


def _addresses(read: Any, now: datetime) -> Iterator[str]:
    """Every email that an account holds, itself or by an identity, is in the table that makes it unique."""
    held = {(user.email, user.seq) for user in read(tables.users) if user.email is not None}
    held |= {(each.email, each.user_seq) for each in read(tables.identities) if each.email and each.email_verified}
    kept = {(each.address, each.user_seq) for each in read(tables.addresses)}
    yield from (f"the address {address} of user {seq} is kept wrongly" for address, seq in held ^ kept)


def _names(read: Any, now: datetime) -> Iterator[str]:
    """Every id and username is in the table that makes it unique."""
    held = {(name, user.seq) for user in read(tables.users) for name in name_keys(user.id, user.username_key)}
    kept = {(each.name, each.user_seq) for each in read(tables.user_names)}
    yield from (f"the name {name} of user {seq} is kept wrongly" for name, seq in held ^ kept)


def _flags(read: Any, now: datetime) -> Iterator[str]:
    """What is kept with a user of other tables is what they hold."""
    totp = {each.user_seq for each in read(tables.authenticators) if each.verified_at is not None}
    codes = {each.user_seq for each in read(tables.recovery_codes) if each.used_at is None}
    for user in read(tables.users):
        if (user.totp, user.recovery_code) != (user.seq in totp, user.seq in codes):
            yield f"user {user.id} does not know its factors"
        for kind in ("email", "phone"):
            if getattr(user, f"{kind}_verified") and getattr(user, kind) is None:
                yield f"user {user.id} has a verified {kind}, and none"


def _endings(read: Any, now: datetime) -> Iterator[str]:
    """What has ended says why; nothing of a blocked user lives."""
    blocked = {
        user.seq
        for user in read(tables.users)
        if user.status == Status.BLOCKED and (user.blocked_until is None or user.blocked_until > now)
    }
    for table in (tables.sessions, tables.tokens):
        for row in read(table):
            if (row.ended_at is None) != (row.ended_reason is None):
                yield f"{table.name} {row.id} has ended without a reason"
            if row.user_seq in blocked and row.ended_at is None and row.expires_at > now:
                yield f"{table.name} {row.id} of a blocked user lives"


CHECKS = (_addresses, _names, _flags, _endings)
