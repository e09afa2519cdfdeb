"""Passwords: what is asked of a new one, how it is hashed, and everything that happens when one is set.

Hashing takes a tenth of a second of every core, so it is done before a transaction begins: `prepare` checks and
hashes, `change` stores.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from authctl import storage
from authctl.core import hashing, values
from authctl.model import EventName, Password, User

if TYPE_CHECKING:
    from authctl.core.directory import Directory
    from authctl.core.work import Work


@dataclass(frozen=True, slots=True)
class Prepared:
    """A new password that the policy takes, hashed. None of the password itself is kept."""

    hash: str = field(repr=False)
    algorithm: str

    def at(self, now: datetime, *, must_change: bool = False) -> Password:
        """As a record of the moment that it is set."""
        return Password(self.hash, self.algorithm, now, must_change)


def check(directory: Directory, password: str) -> None:
    """Refuse a password that the policy does not take."""
    minimum = directory.read(lambda work: work.policy["password-min-length"])
    values.password(password, minimum=minimum)


def prepare(directory: Directory, password: str) -> Prepared:
    """Check a new password against the policy and hash it. Slow; never inside a transaction."""
    check(directory, password)
    salt = directory.random_bytes(hashing.SALT_SIZE)
    encoded = hashing.hash_new(password, parameters=directory.hash_parameters, salt=salt)
    return Prepared(encoded, hashing.describe(encoded))


def change(work: Work, user: User, prepared: Prepared, *, must_change: bool = False) -> User:
    """Give a user a new password. All that follows from it is listed here."""
    after = replace(
        user,
        password=prepared.at(work.now, must_change=must_change),
        updated_at=work.now,
    )
    storage.users.update(work.db, user, after)
    resource = f"users/{user.id}"
    work.record(EventName.USERS_UPDATE_PASSWORD, resource, {"must_change": must_change}, user_id=user.id)
    work.changed(resource, user.public(), after.public())
    return after


def verify(directory: Directory, user: User | None, password: str) -> bool:
    """Whether it is the user's password; takes as long where there is no user or no password."""
    stored = user.password.hash if user and user.password else None
    matches = hashing.verify(stored or hashing.dummy(directory.hash_parameters), password)
    return matches and stored is not None
