"""Identities: accounts elsewhere by which a person signs in here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from authctl import storage
from authctl.core.accounts import endings, lookup, ways_in
from authctl.core.values import checks, contacts, identifiers
from authctl.errors import NotFound
from authctl.model import EventName, Identity, Json, User

if TYPE_CHECKING:
    from authctl.core.work.unit import Work

MOST = 1_000  # identities of one account that are looked at at once


class NewIdentity(NamedTuple):
    """An account elsewhere that is yet to be linked. email_verified: whether the provider vouches for the email."""

    provider: str
    provider_uid: str
    email: str | None = None
    email_verified: bool = False


def read(provider: str, provider_uid: str, email: str | None, *, email_verified: bool) -> NewIdentity:
    """What an application or operator says of an identity; Invalid names every field that is wrong."""
    check = checks.Collector()
    new = NewIdentity(
        check(identifiers.provider, provider) or "",
        check(identifiers.provider_uid, provider_uid) or "",
        check(contacts.email, email or None),
        email_verified and bool(email),
    )
    check.done()
    return new


def link(work: Work, user: User, new: NewIdentity) -> Identity:
    """Store a new identity of a user, and say so in the log."""
    identity = Identity(work.new_id(), user.id, new.provider, new.provider_uid, new.email, work.now, new.email_verified)
    storage.identities.insert(work.db, identity, user.seq)
    details = {name: getattr(new, name) for name in NewIdentity._fields}
    work.record(EventName.USERS_IDENTITIES_CREATE, _resource(identity), details, user_id=user.id)
    work.changed(_resource(identity), None, identity.public())
    return identity


def has_proved(work: Work, user: User, email: str) -> bool:
    """Whether an email is proved to be the account's, by the account itself or by an identity."""
    if user.email == email and user.email_verified:
        return True
    found = storage.identities.list_page(work.db, user.seq, 0, MOST)
    return any(identity.email == email and identity.email_verified for identity in found)


def has_proof(work: Work, user: User) -> bool:
    """Whether an address of the account is proved, or an identity signs in to it."""
    return user.email_verified or user.phone_verified or bool(storage.identities.list_page(work.db, user.seq, 0, 1))


def list_(work: Work, user: str | None = None, *, limit: int = 25, after: str | None = None) -> list[Identity]:
    """A user's identities, or everybody's, the oldest first. after: the identity that the page goes on from.

    Raises NotFound (user_identity_not_found) where there is no such identity to go on from.
    """
    if user is None and work.person is not None:
        user = f"id:{work.person.user.id}"
    seq = lookup.get(work, user).seq if user is not None else None
    return storage.identities.list_page(work.db, seq, _behind(work, after), identifiers.limit(limit))


def _behind(work: Work, after: str | None) -> int:
    """The place that a page goes on from; 0 for the first page."""
    if after is None:
        return 0
    found = storage.identities.find_position(work.db, identifiers.identifier(after))
    if found is None:
        message = f"There is no identity {checks.shown(after)} to continue after."
        raise NotFound("user_identity_not_found", message, field="after")
    return found


def delete(work: Work, identity: str) -> Identity:
    """Unlink an account elsewhere. Sessions that its provider signed in to end, but the one that acts.

    Raises Conflict (user_last_way_in) where a person could not sign in any more.
    """
    found = storage.identities.find(work.db, identifiers.identifier(identity))
    if found is None or (work.person is not None and found.user_id != work.person.user.id):
        raise NotFound("user_identity_not_found", f"There is no identity {checks.shown(identity)}.", field="identity")
    user = lookup.get_locked(work, f"id:{found.user_id}")
    ways_in.check_left(work, user, user, without=found)
    _delete(work, found, endings.end(work, user, endings.Cause.FACTOR_REMOVED, provider=found.provider))
    return found


def _delete(work: Work, identity: Identity, details: Json) -> None:
    storage.identities.delete(work.db, identity)
    details = {"provider": identity.provider, "provider_uid": identity.provider_uid} | details
    work.record(EventName.USERS_IDENTITIES_DELETE, _resource(identity), details, user_id=identity.user_id)
    work.changed(_resource(identity), identity.public(), None)


def end_unproved(work: Work, user: User) -> int:
    """Unlink the accounts elsewhere whose email is no proved address of the account; how many there were.

    Whoever recovers the account has shown no right to them, and they may be an intruder's.
    """
    proved = user.email if user.email_verified else None
    found = storage.identities.list_page(work.db, user.seq, 0, MOST)
    unproved = [identity for identity in found if identity.email is None or identity.email != proved]
    return _unlink(work, unproved, "recovery")


def end_all(work: Work, user: User) -> int:
    """Unlink every account elsewhere; how many there were."""
    return _unlink(work, storage.identities.list_page(work.db, user.seq, 0, MOST), "secured")


def _unlink(work: Work, found: list[Identity], because: str) -> int:
    for identity in found:
        _delete(work, identity, {"because": because})
    return len(found)


def _resource(identity: Identity) -> str:
    return f"users/{identity.user_id}/identities/{identity.id}"
