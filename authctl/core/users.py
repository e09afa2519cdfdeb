"""Accounts: the verbs of `authctl users`. Each lists, from top to bottom, everything that it does.

Which account is meant, and which there are, is in `lookup`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from authctl import core, storage
from authctl.core import identities, memberships, passwords, sessions, values
from authctl.core.directory import Directory, Group, flow, reads, writes
from authctl.core.lookup import (
    FIELDS as FIELDS,
    count as count,
    find as find,
    get as get,
    get_locked as get_locked,
    iterate as iterate,
    list_ as list_,
)
from authctl.errors import Conflict, Invalid, Problem
from authctl.model import Ended, Event, EventName, Json, Status, TokenEnded, User, WeakHash, username_key

if TYPE_CHECKING:
    from authctl.core.work import Work

# Making and removing


def create(
    directory: Directory,
    *,
    id: str | None = None,
    username: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    name: str | None = None,
    labels: Iterable[str] = (),
    prefs: Json | str | None = None,
    metadata: Json | str | None = None,
    email_verified: bool = False,
    phone_verified: bool = False,
    blocked: bool = False,
    password: str | None = None,
    must_change: bool = False,
    password_hash: str | None = None,
    hash: str | None = None,
    hash_options: Mapping[str, str] | None = None,
    weak_hash: WeakHash | str = WeakHash.KEEP,
    self_service: bool = False,
    if_absent: bool = False,
) -> User:
    """Make an account; nothing is required.

    id: None or `unique()` for a new one. prefs, metadata: a dict or its JSON text. must_change: the password is only
    good for choosing another one. password_hash: another system's, instead of a password; hash: what made it, where
    the text does not say; hash_options: what it was made with; weak_hash: keep it, wrap it in argon2id, or reset it.
    self_service: a sign-up by the person, to which the user limit applies. if_absent: where the id, username, email
    or phone is taken by an account, answer with that as it is, instead of refusing; not for sign-ups.

    Raises Invalid with every wrong field, Conflict where the id, username, email or phone is taken.
    """
    user, problems, hint = _read(
        id=None if id == "unique()" else id,
        username=username,
        email=email,
        phone=phone,
        name=name,
        labels=labels,
        prefs=prefs,
        metadata=metadata,
        email_verified=email_verified,
        phone_verified=phone_verified,
        blocked=blocked,
        now=directory.clock(),
    )
    if self_service:
        problems += _not_by_oneself(user, password_hash, if_absent=if_absent)
    if hash is not None and password_hash is None:
        problems.append(_excluding("hash", "hash goes with password_hash; leave it out"))
    if password is not None and password_hash is not None:
        problems.append(_excluding("password_hash", "password and password_hash exclude each other"))
    if password is not None:
        problems += passwords.problems(directory, password, user)
    if problems:
        raise Invalid.of(problems, hint=hint)
    if if_absent and (present := directory.read(_present, user)) is not None:
        return present
    prepared = None
    if password is not None:
        prepared = passwords.hash_new(directory, password)
    elif password_hash is not None:
        prepared = passwords.take_in(directory, password_hash, hash, hash_options or {}, WeakHash(weak_hash))
    return directory.write(_create, user, prepared, must_change=must_change, self_service=self_service)


def _read(**given: Any) -> tuple[User, list[Problem], str | None]:
    """The account that was asked for, what is wrong with it, and what to do about that."""
    check = values.Check()
    id = check(values.identifier, given["id"])
    email = check(values.email, given["email"] or None)
    phone = check(values.phone, given["phone"] or None)
    user = User(
        seq=0,
        id=id or "",
        created_at=given["now"],
        updated_at=given["now"],
        username=check(values.username, given["username"] or None),
        name=check(values.name, given["name"]) or "",
        email=email,
        email_verified=given["email_verified"],
        phone=phone,
        phone_verified=given["phone_verified"],
        status=Status.BLOCKED if given["blocked"] else Status.ACTIVE,
        labels=check(values.labels, given["labels"]) or (),
        prefs=check(values.prefs, given["prefs"]) or {},
        metadata=check(values.metadata, given["metadata"]) or {},
    )
    for address in ("email", "phone"):
        if given[f"{address}_verified"] and not given[address]:
            message = f"{address}_verified is set, but there is no {address} to be verified"
            check.problems.append(Problem("general_argument_invalid", message, f"{address}_verified"))
    return user, check.problems, check.hint


def _not_by_oneself(user: User, password_hash: str | None, *, if_absent: bool) -> list[Problem]:
    """What a person who signs up cannot say of the own account, nor ask of somebody else's that is there."""
    given = {
        "labels": user.labels,
        "metadata": user.metadata,
        "email_verified": user.email_verified,
        "phone_verified": user.phone_verified,
        "blocked": user.status is Status.BLOCKED,
        "password_hash": password_hash,
        "if_absent": if_absent,
    }
    return [
        _excluding(field, f"{field} is for operators; leave it out of a sign-up") for field in given if given[field]
    ]


def _excluding(field: str, message: str) -> Problem:
    return Problem("general_argument_invalid", message, field)


def _present(work: Work, user: User) -> User | None:
    """The account that has the id, username, email or phone already."""
    keys = (
        ("id", user.id or None),
        ("username_key", user.username and username_key(user.username)),
        ("email", user.email),
        ("phone", user.phone),
    )
    for column, value in keys:
        if value is not None and (found := storage.users.find(work.db, column, value)) is not None:
            return found
    return None


def _create(
    work: Work, user: User, prepared: passwords.Prepared | None, *, must_change: bool, self_service: bool
) -> User:
    if self_service:
        check_room(work)
        _check_own_id(work, user.id)
    user = replace(user, id=user.id or work.new_id())
    if prepared is not None:
        password = prepared.at(work.now, must_change=must_change, self_service=self_service)
        user = replace(user, password=replace(password, hash=passwords.sealed(work, user, password.hash)))
    return insert_new(work, user, self_service=self_service)


def _check_own_id(work: Work, id: str) -> None:
    """Refuse an id that already finds somebody by another name: that person could not sign in with it any more."""
    if id and find(work, id) is not None:
        raise Conflict("user_already_exists", f"The id {id} is taken.", field="id", hint="Choose another.")


def insert_new(work: Work, user: User, *, self_service: bool = True) -> User:
    """Store a new account, with an id where it has none, and say so in the log.

    self_service: nobody but who asks for it says that its addresses are the person's.
    """
    user = replace(
        user,
        id=user.id or work.new_id(),
        email_self_service=self_service and user.email is not None,
        phone_self_service=self_service and user.phone is not None,
        created_at=work.now,
        updated_at=work.now,
    )
    user = storage.users.insert(work.db, user)
    if user.password is not None:
        keep = work.policy["password-history"]
        storage.passwords.remember(work.db, user.seq, user.password.hash, work.now, keep)
    details = _given(user, "username", "email", "phone", "name", "labels") | {"password": user.password is not None}
    work.record(EventName.USERS_CREATE, f"users/{user.id}", details, user_id=user.id)
    work.changed(f"users/{user.id}", None, user.public())
    return user


def check_room(work: Work) -> None:
    """Refuse an account beyond the policy's user limit, which is for those that people make themselves."""
    limit = work.policy["user-limit"]
    if limit and not storage.users.has_room(work.db, limit):
        raise Invalid("user_count_exceeded", f"The directory takes no more than {limit:,} accounts by sign-up.")


def _given(user: User, *names: str) -> Json:
    """Those fields that hold something, as the audit log has them."""
    public = user.public()
    return {name: public[name] for name in names if public[name]}


def delete(work: Work, user: str) -> User:
    """Remove an account and everything of it, in this transaction; its address is free at once. Audit rows stay."""
    found = get_locked(work, user)
    storage.users.delete(work.db, found)
    core.throttle.forget(work, found)
    work.record(EventName.USERS_DELETE, f"users/{found.id}", user_id=found.id)
    work.changed(f"users/{found.id}", found.public(), None)
    return found


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
    old, new = before.public(), after.public()
    if details is None:
        own = before.__dataclass_fields__  # others are derived from them
        details = {name: {"before": old[name], "after": new[name]} for name in own if old.get(name) != new.get(name)}
    if after != before:
        after = replace(after, updated_at=work.now)
        storage.users.update(work.db, before, after)
        new = after.public()
    resource = f"users/{after.id}"
    work.record(event, f"{resource}/{of}" if of else resource, details, user_id=after.id)
    if after != before:
        work.changed(resource, old, new)
    return after


def update_name(work: Work, user: str, name: str) -> User:
    """Change the name; an empty one clears it."""
    before = get_locked(work, user)
    return save(work, before, replace(before, name=values.name(name)), EventName.USERS_UPDATE_NAME)


def update_username(work: Work, user: str, username: str) -> User:
    """Change the username; an empty one clears it."""
    before = get_locked(work, user)
    value = values.username(username) if username else None
    return save(work, before, replace(before, username=value), EventName.USERS_UPDATE_USERNAME)


def update_email(directory: Directory, user: str, email: str, *, password: str | None = None) -> User:
    """Change the email, which is unverified from then on; an empty one clears it.

    password: the current one, which a person must give.
    """
    value = values.email(email) if email else None
    core.sessions.confirm(directory, password)
    return directory.write(_update_address, user, "email", value, EventName.USERS_UPDATE_EMAIL)


def update_phone(directory: Directory, user: str, phone: str, *, password: str | None = None) -> User:
    """Change the phone, which is unverified from then on; an empty one clears it.

    password: the current one, which a person must give.
    """
    value = values.phone(phone) if phone else None
    core.sessions.confirm(directory, password)
    return directory.write(_update_address, user, "phone", value, EventName.USERS_UPDATE_PHONE)


def _update_address(work: Work, user: str, kind: str, value: str | None, event: EventName) -> User:
    before = get_locked(work, user)
    if value == getattr(before, kind):
        return before
    self_service = work.person is not None and value is not None
    fields: Json = {kind: value, f"{kind}_verified": False, f"{kind}_self_service": self_service}
    after = save(work, before, replace(before, **fields), event)
    core.notices.address_changed(work, before, after)
    return after


def update_email_verification(work: Work, user: str, verified: bool | str) -> User:
    """Say whether the email is verified; refused where there is none."""
    verified = values.boolean(verified, field="verified")
    before = get_locked(work, user)
    if verified and before.email is None:
        raise Invalid("general_argument_invalid", "The user has no email that could be verified.", field="verified")
    self_service = before.email_self_service and not verified  # else the operator says whose it is
    event = EventName.USERS_UPDATE_EMAIL_VERIFICATION
    return save(work, before, replace(before, email_verified=verified, email_self_service=self_service), event)


def update_phone_verification(work: Work, user: str, verified: bool | str) -> User:
    """Say whether the phone is verified; refused where there is none."""
    verified = values.boolean(verified, field="verified")
    before = get_locked(work, user)
    if verified and before.phone is None:
        raise Invalid("general_argument_invalid", "The user has no phone that could be verified.", field="verified")
    self_service = before.phone_self_service and not verified
    event = EventName.USERS_UPDATE_PHONE_VERIFICATION
    return save(work, before, replace(before, phone_verified=verified, phone_self_service=self_service), event)


def update_labels(
    work: Work,
    user: str,
    labels: Iterable[str] | None = None,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> User:
    """Replace the labels, or `add` some and `remove` others; none at all clears them."""
    new, gone = values.labels(add), set(values.labels(remove))
    before = get_locked(work, user)
    kept = before.labels if labels is None else values.labels(labels)
    after = values.labels([label for label in (*kept, *new) if label not in gone])
    return save(work, before, replace(before, labels=after), EventName.USERS_UPDATE_LABELS)


def get_prefs(work: Work, user: str) -> Json:
    """The user's preferences alone."""
    return get(work, user).prefs


def update_prefs(work: Work, user: str, prefs: Json | str, *, merge: bool = False) -> Json:
    """Replace the preferences; merge: change those keys only, null removes one."""
    return _save_json(work, user, "prefs", EventName.USERS_UPDATE_PREFS, values.prefs(prefs), merge).prefs


def update_metadata(work: Work, user: str, metadata: Json | str, *, merge: bool = False) -> User:
    """Replace what the operators keep about the user; merge: change those keys only, null removes one."""
    return _save_json(work, user, "metadata", EventName.USERS_UPDATE_METADATA, values.metadata(metadata), merge)


def _save_json(work: Work, user: str, field: str, event: EventName, given: Json, merge: bool) -> User:
    before = get_locked(work, user)
    old = getattr(before, field)
    new = values.prefs(values.merge(old, given), field=field) if merge else given
    # Values may be private or long: the log names the keys that changed.
    keys = sorted(key for key in {*old, *new} if old.get(key, ...) != new.get(key, ...))
    if not keys:
        return before
    fields: Json = {field: new}
    return save(work, before, replace(before, **fields), event, {"keys": keys})


def update_status(work: Work, user: str, status: Status | str, *, until: datetime | str | None = None) -> User:
    """Block an account, which ends its sessions and tokens at once, or let it in again.

    until: when the block ends by itself, an aware datetime or as `values.until` reads it (`2h`, `2026-12-31`).
    """
    new = values.status(status)
    if until is not None and new is not Status.BLOCKED:
        raise Invalid("general_argument_invalid", "until goes with blocked only; leave it out", field="until")
    end = values.until(until, work.now) if isinstance(until, str) else until
    before = get_locked(work, user)
    after = save(work, before, replace(before, status=new, blocked_until=end), EventName.USERS_UPDATE_STATUS)
    if new is Status.BLOCKED:
        storage.sessions.end_of_user(work.db, after.seq, work.now, Ended.BLOCKED)
        storage.tokens.end_of_user(work.db, after.seq, work.now, TokenEnded.BLOCKED)
    return after


def unlock(work: Work, user: str) -> User:
    """Forget the wrong attempts at an account, so that it can be signed in to at once."""
    before = get_locked(work, user)
    core.throttle.unlock(work, before)
    work.record(EventName.USERS_UNLOCK, f"users/{before.id}", user_id=before.id)
    after = replace(before, locked_until=None)
    work.changed(f"users/{before.id}", before.public(), after.public())
    return after


# Passwords


def update_password(
    directory: Directory, user: str, password: str, *, current: str | None = None, must_change: bool = False
) -> User:
    """Set a password. must_change: it is only good for choosing another one.

    current: the one that is set, which a person must give. Raises Invalid with all that the policy has against the
    new one, Denied (user_invalid_credentials) for a wrong current one.
    """
    directory = directory.admitting(to_change_password=True)
    found = directory.read(get, user)  # before the confirmation, so that a change in between is noticed
    core.sessions.confirm(directory, current)
    prepared = passwords.prepare(directory, password, found)
    return directory.write(_change_password, found.id, prepared, must_change)


def require_password_change(work: Work, user: str) -> User:
    """Let the password that is set be good for choosing another one alone; refused where there is none."""
    before = get_locked(work, user)
    if before.password is None:
        raise Invalid("general_argument_invalid", "The user has no password that could be changed.", field="user")
    if before.password.must_change:
        return before
    after = replace(before, password=replace(before.password, must_change=True))
    return save(work, before, after, EventName.USERS_UPDATE_PASSWORD, {"must_change": True})


def wrap_password(directory: Directory, user: str) -> User:
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
        algorithm = {"before": before.public()["password"]["algorithm"], "after": wrapped.algorithm}
        resource = f"users/{id}"
        work.record(EventName.USERS_UPDATE_PASSWORD, resource, {"algorithm": algorithm}, user_id=id)
        work.changed(resource, before.public(), after.public())
    return after


def _change_password(work: Work, id: str, prepared: passwords.Prepared, must_change: bool) -> User:
    return passwords.change(work, get_locked(work, f"id:{id}"), prepared, must_change=must_change)


def verify_password(directory: Directory, user: str, password: str) -> bool:
    """Whether that is the user's password, without signing in.

    A wrong one, an unknown user, a user without one and a locked account are the same answer. Counted like signing in.
    """
    return core.sessions.verify_password(directory, user, password)


# What happened


def list_logs(work: Work, user: str, *, limit: int = 25, after: str | None = None) -> list[Event]:
    """What was done to an account, the newest first. after: the id of the event that the page goes on from.

    Asked by id, it answers for a deleted account too.
    """
    if work.person is None:
        return core.security.list_logs(work, user=user, limit=limit, after=after)
    found = get(work, user)
    events = core.security.list_logs(work, user=f"id:{found.id}", limit=limit, after=after)
    own = f"user:{found.id}"
    return [replace(event, os_user=None) if event.actor == own else event.as_the_person_sees_it() for event in events]


def list_roles(work: Work, user: str) -> list[str]:
    """The role strings that the user has, as permissions name them; none for a blocked user.

    Of memberships those count that are confirmed.
    """
    found = get(work, user)
    return core.roles.roles_of(found, storage.memberships.confirmed_of_user(work.db, found.seq))


class Users(Group):
    """Accounts: the same verbs as the commands of `authctl users`."""

    create = flow(create)
    get = reads(get, person=True)
    list = reads(list_)
    iterate = flow(iterate)
    count = reads(count)
    delete = writes(delete)
    update_name = writes(update_name, person=True)
    update_username = writes(update_username)
    update_email = flow(update_email, person=True)
    update_phone = flow(update_phone, person=True)
    update_email_verification = writes(update_email_verification)
    update_phone_verification = writes(update_phone_verification)
    update_labels = writes(update_labels)
    get_prefs = reads(get_prefs, person=True)
    update_prefs = writes(update_prefs, person=True)
    update_metadata = writes(update_metadata)
    update_status = writes(update_status)
    update_password = flow(update_password, person=True)
    require_password_change = writes(require_password_change)
    wrap_password = flow(wrap_password)
    verify_password = flow(verify_password)
    unlock = writes(unlock)
    list_logs = reads(list_logs, person=True)
    list_roles = reads(list_roles, person=True)

    create_session = writes(sessions.create_for)
    list_sessions = reads(sessions.list_of, person=True)
    delete_session = writes(sessions.delete_of, person=True)
    delete_sessions = writes(sessions.delete_all_of, person=True)
    delete_everybodys_sessions = writes(sessions.delete_everybodys)

    create_identity = writes(identities.create)
    list_identities = reads(identities.list_, person=True)
    delete_identity = writes(identities.delete, person=True)

    list_memberships = reads(memberships.list_of_user, person=True)
    iterate_memberships = flow(memberships.iterate_of_user, person=True)
    count_memberships = reads(memberships.count_of_user, person=True)
