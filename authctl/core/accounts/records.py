"""Storing an account: new, changed, deleted. Each with its event."""

from __future__ import annotations

from dataclasses import replace

from authctl import storage
from authctl.core.accounts import endings, quotas, throttle
from authctl.core.accounts.lookup import get_locked, is_prefixed
from authctl.core.policy import email_domains
from authctl.core.values import contacts
from authctl.core.work.unit import Work
from authctl.errors import Conflict, Invalid
from authctl.model import EventName, Json, NewUser, User, fold

NAMED = 5  # teams in an error


def insert_new(work: Work, new: NewUser, *, self_service: bool = True, id: str | None = None) -> User:
    """Store a new account and record it in the log.

    self_service: people make it themselves: nobody else says that the addresses are theirs, and it is refused beyond
    the policy's user limit, as is an id that is read as something else, or that of a deleted account that permissions
    may still name. id: one that was made for it, if nobody chose one. Raises Conflict, Invalid (user_count_exceeded).
    """
    chosen = [(field, name) for field in ("id", "username") if (name := getattr(new, field))] if self_service else []
    if self_service:
        for field, name in chosen:
            _check_own(name, field=field)
        email_domains.check(work.policy, new.email or new.pending_email)
    limit = work.policy["user-limit"] if self_service else 0
    if limit:
        _check_room(limit, storage.user_counts.get(work.db) + 1)
    if self_service:
        quotas.count_creation(work, "accounts")
    work.at_end(_add_one, work, limit)
    has_own_id = bool(new.id)
    new = replace(
        new,
        id=new.id or id or work.new_id(),
        username_self_service=self_service and new.username is not None,
        email_self_service=self_service and new.email is not None,
        phone_self_service=self_service and new.phone is not None,
    )
    user = storage.users.insert(work.db, new, work.now, has_own_id=has_own_id)
    for field, name in chosen:  # now, since whoever deletes that account has to be through
        _check_never_used(work, field, name)
    if user.password is not None:
        keep = work.policy["password-history"]
        storage.passwords.remember(work.db, user.seq, user.password.hash, work.now, keep)
    details = _given(user, "username", "email", "phone", "name", "labels") | {"password": user.password is not None}
    work.record(EventName.USERS_CREATE, f"users/{user.id}", details, user_id=user.id)
    work.changed(f"users/{user.id}", None, user.public())
    return user


def _check_own(name: str, *, field: str) -> None:
    """Refuse an id or username that is read as something else: as a phone number, or as what its beginning says."""
    is_phone = field == "id" and (name.isdecimal() or contacts.phone_lookup(name) is not None)
    if is_phone or is_prefixed(name):
        message = f"The {field} {name} could be mistaken for {'a phone number' if is_phone else 'another user'}."
        hint = f"Add a letter or leave out the {field}." if is_phone else "Leave out the colon."
        raise Invalid("general_argument_invalid", message, field=field, hint=hint)


def _check_never_used(work: Work, field: str, name: str) -> None:
    """Refuse what others still name a deleted account by: it would get what is granted to that."""
    if storage.user_names.is_former(work.db, fold(name)):
        raise Conflict("user_already_exists", f"The {field} {name} is taken.", field=field, hint="Choose another one.")


def _add_one(work: Work, limit: int) -> None:
    """Count a new account. This decides who of those that sign up at once gets the last place; with 0, everybody."""
    count = storage.user_counts.add(work.db, 1)
    if limit:
        _check_room(limit, count() or 0)


def _check_room(limit: int, count: int) -> None:
    """Refuse more accounts than the policy's user limit."""
    if count > limit:
        raise Invalid("user_count_exceeded", f"The limit of {limit:,} accounts is reached. Sign-ups are closed.")


def _given(user: User, *names: str) -> Json:
    """Those fields that hold something, as the audit log has them."""
    public = user.public()
    return {name: public[name] for name in names if public[name]}


def delete(work: Work, user: str, *, force: bool = False) -> User:
    """Remove an account and everything of it, in this transaction; its address is free at once. Audit rows stay.

    force: also the last owner of a team, which is otherwise a Conflict (membership_last_owner).
    """
    found = get_locked(work, user)
    left = storage.memberships.owned_alone(work.db, found.seq)
    if left and not force:
        raise _last_owner(found, left)
    return remove(work, found, {"teams_without_owner": left} if left else {})


def remove(work: Work, found: User, details: Json | None = None) -> User:
    """The same for an account that is locked, whatever it owns."""
    storage.users.delete(work.db, found)
    work.at_end(storage.user_counts.add, work.db, -1)
    throttle.forget(work, found)
    work.record(EventName.USERS_DELETE, f"users/{found.id}", details, user_id=found.id)
    work.changed(f"users/{found.id}", found.public(), None)
    return found


def _last_owner(user: User, teams: list[str]) -> Conflict:
    named = ", ".join(teams[:NAMED]) + (f" and {len(teams) - NAMED:,} more" if len(teams) > NAMED else "")
    which = "team" if len(teams) == 1 else "teams"
    return Conflict(
        "membership_last_owner",
        f"User {user.id} is the last owner of the {which} {named}.",
        field="user",
        hint="To delete the user anyway, add --force. To make another member an owner first: "
        f"authctl teams update-membership {teams[0]} MEMBER --add owner",
    )


# Changing


def save(
    work: Work, before: User, after: User, event: EventName, details: Json | None = None, *, of: str | None = None
) -> User:
    """Store a change of an account, its time and its event. Nothing is stored or recorded if nothing changes.

    details: recorded in any case, because they say what was done; by default the fields before and after. of: the part
    of the account that the event is about, such as `factors/ID`.
    """
    if after == before and details is None:
        return before
    if details is None:
        details = changes(before, after)
    resource, after = f"users/{after.id}", endings.left(after, details)
    is_changed = after != before
    if is_changed:
        after = replace(after, updated_at=work.now, requested=False)
        storage.users.update(work.db, before, after)
    work.record(event, f"{resource}/{of}" if of else resource, details, user_id=after.id)
    if is_changed:
        work.changed(resource, before.public(), after.public())
    return after


def changes(before: User, after: User) -> Json:
    """The public fields that differ, each before and after, as the log has them."""
    old, new = before.public(), after.public()
    own = before.__dataclass_fields__  # others are derived from them
    return {name: {"before": old[name], "after": new[name]} for name in own if old.get(name) != new.get(name)}
