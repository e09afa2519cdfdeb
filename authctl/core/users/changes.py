"""Accounts: the verbs of `authctl users`. Each lists, from top to bottom, everything that it does.

Which account is meant, and which there are, is in `accounts.lookup`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from authctl.core.accounts import endings, identities, naming, records, throttle, ways_in
from authctl.core.accounts.lookup import get, get_locked
from authctl.core.accounts.standing import AddressKind
from authctl.core.credentials import addresses, stepping_up
from authctl.core.messages import notices
from authctl.core.tokens import cancelling
from authctl.core.values import contacts, identifiers, json_objects, times
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Conflict, Invalid
from authctl.model import EventName, Identity, Json, JsonObject, Status, User


def update_name(work: Work, user: str, name: str) -> User:
    """Change the name; an empty one clears it."""
    before = get_locked(work, user)
    return records.save(work, before, replace(before, name=identifiers.name(name)), EventName.USERS_UPDATE_NAME)


def update_username(work: Work, user: str, username: str) -> User:
    """Change the username; an empty one clears it."""
    before = get_locked(work, user)
    value = identifiers.username(username) if username else None
    after = replace(before, username=value, username_self_service=False)  # an operator gives it
    return records.save(work, before, after, EventName.USERS_UPDATE_USERNAME)


def update_locale(work: Work, user: str, locale: str) -> User:
    """Change the language that messages are written in, a tag of BCP 47; an empty one clears it."""
    before = get_locked(work, user)
    value = identifiers.locale(locale) if locale else None
    return records.save(work, before, replace(before, locale=value), EventName.USERS_UPDATE_LOCALE)


def update_email(directory: Engine, user: str, email: str, *, password: str | None = None) -> User:
    """Change the email, which is unverified from then on; an empty one clears it.

    A person's is pending (`pending_email`) if the account has anything else that is verified or that an operator gave:
    the old one stays until the new one is verified. password: the current one, which a person must give. Raises
    Conflict (user_last_way_in) where a person could not sign in any more.
    """
    value = contacts.email(email) if email else None
    return _change_address(directory, user, "email", value, password)


def update_phone(directory: Engine, user: str, phone: str, *, password: str | None = None) -> User:
    """Change the phone, which is unverified from then on; an empty one clears it. A person's is pending as an email is.

    password: the current one, which a person must give.
    """
    value = contacts.phone(phone) if phone else None
    return _change_address(directory, user, "phone", value, password)


def _change_address(directory: Engine, user: str, kind: AddressKind, value: str | None, password: str | None) -> User:
    """Change an address, once a person has stepped up; tells one whose address is taken how to prove it."""
    stepping_up.step_up(directory, password=password, always_password=True)
    try:
        return directory.write(update_address, user, kind, value)
    except Conflict as refused:
        if not directory.is_operator and refused.type == f"user_{kind}_already_exists":
            asking = f"authctl tokens create-{kind}-change USER {value} --as-session"
            refused.hint = f"If it is yours, verify it with: {asking}"
        raise


def update_address(work: Work, user: str, kind: AddressKind, value: str | None) -> User:
    before = get_locked(work, user)
    if value is None and not work.is_operator:
        cancelling.check_removal(work, before, kind)
    if value is None:
        ways_in.check_left(work, before, addresses.without(before, kind))
    after = addresses.change(work, before, kind, value)
    pending = getattr(after, f"pending_{kind}")
    was_removed = getattr(before, kind) is not None and getattr(after, kind) is None
    if work.is_operator:
        cancelling.decide(work, before, kind)
    elif was_removed or pending not in (None, getattr(before, f"pending_{kind}")):
        cancelling.check_room(work, before)
        cancelling.tell(work, before, kind, pending)
    return after


def update_email_verification(work: Work, user: str, verified: bool | str) -> User:
    """Say whether the email is verified; refused where there is none. Warns of what a stranger may have prepared."""
    return _update_verification(work, user, "email", verified)


def update_phone_verification(work: Work, user: str, verified: bool | str) -> User:
    """Say whether the phone is verified; refused where there is none. Warns as with `update_email_verification`."""
    return _update_verification(work, user, "phone", verified)


def _update_verification(work: Work, user: str, kind: AddressKind, verified: bool | str) -> User:
    verified = identifiers.boolean(verified, field="verified")
    before = get_locked(work, user)
    said: Json = {f"{kind}_verified": verified}
    if verified:
        if getattr(before, kind) is None:
            message = f"The user has no {kind} to verify."
            raise Invalid("general_argument_invalid", message, field="verified")
        naming.vouch(work, before, kind)
        said[f"{kind}_self_service"] = False  # the operator says whose it is
    after = records.save(work, before, replace(before, **said), addresses.VERIFIED[kind])
    if getattr(before, f"{kind}_verified"):
        naming.disown(work, after, kind)
    return after


def update_labels(
    work: Work,
    user: str,
    labels: Iterable[str] | None = None,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    force: bool = False,
) -> User:
    """Replace the labels, or `add` some and `remove` others; none at all clears them.

    force: give some to whoever typed in the address or username that names the account, too.
    """
    new, gone = identifiers.labels(add), set(identifiers.labels(remove))
    before = get_locked(work, user)
    kept = before.labels if labels is None else identifiers.labels(labels)
    after = identifiers.labels([label for label in (*kept, *new) if label not in gone])
    if not set(after) <= set(before.labels):
        naming.check(work, before, user, force=force)
    return records.save(work, before, replace(before, labels=after), EventName.USERS_UPDATE_LABELS)


def get_prefs(work: Work, user: str) -> JsonObject:
    """The user's preferences alone."""
    return get(work, user).prefs


def update_prefs(work: Work, user: str, prefs: Mapping[str, object] | str, *, merge: bool = False) -> JsonObject:
    """Replace the preferences; merge: change those keys only, null removes one."""
    return _save_json(work, user, "prefs", EventName.USERS_UPDATE_PREFS, json_objects.prefs(prefs), merge).prefs


def update_metadata(work: Work, user: str, metadata: Mapping[str, object] | str, *, merge: bool = False) -> User:
    """Replace what the operators keep about the user; merge: change those keys only, null removes one."""
    return _save_json(work, user, "metadata", EventName.USERS_UPDATE_METADATA, json_objects.metadata(metadata), merge)


def _save_json(work: Work, user: str, field: str, event: EventName, given: Json, merge: bool) -> User:
    before = get_locked(work, user)
    old = getattr(before, field)
    new = json_objects.prefs(json_objects.merge(old, given), field=field) if merge else given
    # Values may be private or long: the log names the keys that changed.
    keys = sorted(key for key in {*old, *new} if old.get(key, ...) != new.get(key, ...))
    if not keys:
        return before
    fields: Json = {field: new}
    return records.save(work, before, replace(before, **fields), event, {"keys": keys})


def update_status(work: Work, user: str, status: Status | str, *, until: datetime | str | None = None) -> User:
    """Block an account, which ends its sessions and tokens at once, or let it in again.

    until: when the block ends by itself, an aware datetime or as `times.until` reads it (`2h`, `2026-12-31`).
    """
    new = identifiers.status(status)
    if until is not None and new is not Status.BLOCKED:
        raise Invalid("general_argument_invalid", "Leave out until. It only goes with blocked.", field="until")
    end = times.until(until, work.now) if until is not None else None
    before = get_locked(work, user)
    after = replace(before, status=new, blocked_until=end)
    ended = endings.end(work, before, endings.Cause.BLOCK) if new is Status.BLOCKED else {}
    details = records.changes(before, after) | ended
    if not any(details.values()):
        return before
    return records.save(work, before, after, EventName.USERS_UPDATE_STATUS, details)


def create_identity(
    work: Work,
    user: str,
    provider: str,
    provider_uid: str,
    *,
    email: str | None = None,
    email_verified: bool = False,
    force: bool = False,
) -> Identity:
    """Link an account elsewhere to a user, who can sign in with it from then on.

    For a person an application passes what the provider says of the account that the person has just signed in to
    there. email: the address that it has there. email_verified: the provider vouches for it, so that the user holds it
    as long as the identity stays; it leaves an account that only claims it. force: also where somebody typed in the
    address or username that names the account.

    Raises Conflict (user_identity_already_exists, and user_email_already_exists where another holds the email).
    """
    new = identities.read(provider, provider_uid, email, email_verified=email_verified)
    found = naming.get(work, user, force=force)
    if work.person is not None:
        ways_in.check(work, "identity", field="provider")
        if new.email_verified and new.email is not None:
            addresses.take_from_claimant(work, found, "email", new.email)
    linked = identities.link(work, found, new)
    if work.person is not None:
        notices.factors_changed(work, found, f"a sign-in with {new.provider} was added")
        if new.email_verified and new.email == found.email:
            addresses.verify(work, found, "email")
    return linked


def unlock(work: Work, user: str) -> User:
    """Forget the wrong attempts at an account, so that it can be signed in to at once."""
    before = get_locked(work, user)
    after = throttle.unlock(work, before)
    work.record(EventName.USERS_UNLOCK, f"users/{before.id}", user_id=before.id)
    work.changed(f"users/{before.id}", before.public(), after.public())
    return after
