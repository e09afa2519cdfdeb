"""The password of an account: set, to be changed, wrapped, verified."""

from __future__ import annotations

from dataclasses import replace

from authctl.core.accounts import endings, naming, records, ways_in
from authctl.core.accounts.lookup import get, get_locked
from authctl.core.credentials import attempts, passwords, stepping_up
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Invalid
from authctl.model import EventName, User

# Passwords


def update_password(
    directory: Engine,
    user: str,
    password: str,
    *,
    current: str | None = None,
    must_change: bool = False,
    generated: bool = False,
    force: bool = False,
) -> User:
    """Set a password. must_change: it is only good for choosing another one. generated: a program made it, and it
    expires as the policy generated-password-expiry says.

    current: the one that is set, which a person must give. force: also where somebody typed in the address or username
    that names the account. Raises Invalid with all that the policy has against the new one, Denied
    (user_invalid_credentials) for a wrong current one.
    """
    directory = directory.admitting(to_change_password=True)
    found = directory.read(_named, user, force)  # before the confirmation, so that a change in between is noticed
    stepping_up.step_up(directory, password=current, always_password=True)
    prepared = passwords.prepare(directory, password, found)
    return directory.write(_change_password, found.id, prepared, must_change=must_change, generated=generated)


def _named(work: Work, user: str, force: bool) -> User:
    found = get(work, user)
    naming.check(work, found, user, force=force)
    return found


def remove_password(work: Work, user: str, *, force: bool = False) -> User:
    """Take the password away, which may not come back where the policy remembers; sessions and tokens end.

    force: also where nobody could sign in any more, which is otherwise a Conflict (user_last_way_in).
    """
    before = get_locked(work, user)
    if before.password is None:
        return before
    after = replace(before, password=None)
    if not force:
        ways_in.check_left_by_operator(work, before, after)
    passwords.remember_present(work, before)
    details = records.changes(before, after) | endings.end(work, before, endings.Cause.PASSWORD)
    return records.save(work, before, after, EventName.USERS_UPDATE_PASSWORD, details)


def require_password_change(work: Work, user: str) -> User:
    """Let the password that is set be good for choosing another one alone; refused where there is none."""
    before = get_locked(work, user)
    if before.password is None:
        raise Invalid("general_argument_invalid", "The user has no password to change.", field="user")
    if before.password.must_change:
        return before
    after = replace(before, password=replace(before.password, must_change=True))
    details = {"must_change": True} | endings.end(work, before, endings.Cause.PASSWORD)
    return records.save(work, before, after, EventName.USERS_UPDATE_PASSWORD, details)


def wrap_password(directory: Engine, user: str) -> User:
    """Put a stored hash that is fast to guess at inside argon2id; any other stays as it is. The password stays too."""
    found = directory.read(get, user)
    wrapped = passwords.wrap(directory, found)
    return found if wrapped is None else directory.write(_wrap_password, found.id, wrapped)


def _wrap_password(work: Work, id: str, wrapped: passwords.Prepared) -> User:
    before = get_locked(work, f"id:{id}")
    sealed = replace(wrapped, hash=passwords.sealed(work, before, wrapped.hash))
    passwords.rehash(work, before, passwords.Verdict(True, sealed))
    after = get_locked(work, f"id:{id}")
    if after != before:  # else it was changed meanwhile, and needs none
        algorithm = {"before": before.password and before.password.algorithm, "after": wrapped.algorithm}
        resource = f"users/{id}"
        work.record(EventName.USERS_UPDATE_PASSWORD, resource, {"algorithm": algorithm}, user_id=id)
        work.changed(resource, before.public(), after.public())
    return after


def _change_password(work: Work, id: str, prepared: passwords.Prepared, *, must_change: bool, generated: bool) -> User:
    user = get_locked(work, f"id:{id}")
    return passwords.change(work, user, prepared, must_change=must_change, generated=generated)


def verify_password(directory: Engine, user: str, password: str) -> bool:
    """Whether that is the user's password, without signing in.

    A wrong one, an unknown user, a user without one and a locked account are the same answer. Counted like signing in.
    """
    return attempts.verify_password(directory, user, password)
