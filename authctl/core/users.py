"""Accounts: the verbs of `authctl users`. Each lists, from top to bottom, everything that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from authctl import storage
from authctl.core import listing, passwords, values
from authctl.core.directory import Directory, Group, flow, reads, writes
from authctl.core.listing import Field, Kind
from authctl.errors import Invalid, NotFound
from authctl.model import Event, EventName, Json, Listing, Status, User, username_key

if TYPE_CHECKING:
    from authctl.core.work import Work

# What lists are filtered and sorted by.
FIELDS = {
    "id": Field(Kind.TEXT, indexed=True, nullable=False),
    "username": Field(Kind.TEXT),
    "name": Field(Kind.TEXT, nullable=False),
    "email": Field(Kind.TEXT, indexed=True, normalize="email_lookup"),
    "email_verified": Field(Kind.FLAG, indexed=True, nullable=False),
    "phone": Field(Kind.TEXT, indexed=True, normalize="phone_lookup"),
    "phone_verified": Field(Kind.FLAG, indexed=True, nullable=False),
    "status": Field(Kind.STATUS, indexed=True, nullable=False),
    "blocked_until": Field(Kind.TIME),
    "labels": Field(Kind.MEMBERS, indexed=True, nullable=False),
    "mfa": Field(Kind.FLAG, indexed=True, nullable=False),
    "password.set": Field(Kind.FLAG, nullable=False),
    "password.algorithm": Field(Kind.TEXT),
    "password.updated_at": Field(Kind.TIME),
    "password.must_change": Field(Kind.FLAG, nullable=False),
    "locked_until": Field(Kind.TIME),
    "created_at": Field(Kind.TIME, indexed=True, nullable=False),
    "updated_at": Field(Kind.TIME, nullable=False),
    "last_sign_in_at": Field(Kind.TIME),
}


# Making and finding


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
    if_absent: bool = False,
) -> User:
    """Make an account; nothing is required.

    id: None or `unique()` for a new one. prefs, metadata: a dict or its JSON text. must_change: the password is only
    good for choosing another. if_absent: where the id, username, email or phone is taken by one account, return that
    account as it is, instead of refusing.

    Raises Invalid with every wrong field, Conflict where the id, username, email or phone is taken.
    """
    user = _checked(
        directory,
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
        password=password,
    )
    if if_absent and (present := directory.read(_present, user)) is not None:
        return present
    prepared = None if password is None else passwords.prepare(directory, password)
    return directory.write(_insert, user, prepared, must_change)


def _checked(directory: Directory, **given: Any) -> User:
    """The account that was asked for, or one error naming every wrong field."""
    check = values.Check()
    password = given["password"]
    if password is not None:
        check(lambda text: passwords.check(directory, text), password)
    id = check(values.identifier, given["id"])
    email = check(values.email, given["email"] or None)
    phone = check(values.phone, given["phone"] or None)
    if given["email_verified"] and not given["email"]:
        check(_needs, "email_verified", of="email")
    if given["phone_verified"] and not given["phone"]:
        check(_needs, "phone_verified", of="phone")
    now = directory.clock()
    user = User(
        seq=0,
        id=id or "",
        created_at=now,
        updated_at=now,
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
    check.done()
    return user


def _needs(field: str, *, of: str) -> None:
    raise Invalid("general_argument_invalid", f"{field} is set, but there is no {of} to be verified", field=field)


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


def _insert(work: Work, user: User, prepared: passwords.Prepared | None, must_change: bool) -> User:
    user = storage.users.insert(
        work.db,
        replace(
            user,
            id=user.id or work.new_id(),
            created_at=work.now,
            updated_at=work.now,
            password=prepared.at(work.now, must_change=must_change) if prepared else None,
        ),
    )
    work.record(
        EventName.USERS_CREATE,
        f"users/{user.id}",
        _given(user, "username", "email", "phone", "name", "labels") | {"password": prepared is not None},
        user_id=user.id,
    )
    work.changed(f"users/{user.id}", None, user.public())
    return user


def _given(user: User, *names: str) -> Json:
    """Those fields that hold something, as the audit log has them."""
    public = user.public()
    return {name: public[name] for name in names if public[name]}


def get(work: Work, user: str) -> User:
    """One account, by id, email, phone or username; `id:`, `email:`, `phone:` and `username:` say which.

    Raises NotFound (user_not_found).
    """
    return _get(work, user, lock=False)


def _get(work: Work, user: str, *, lock: bool = True) -> User:
    found = find(work, user, lock=lock)
    if found is None:
        raise NotFound(
            "user_not_found",
            f"There is no user {values.shown(user)}.",
            field="user",
            hint="Look with: authctl users list --search TEXT",
        )
    return found


def find(work: Work, user: str, *, lock: bool = False) -> User | None:
    """The same, or None. lock: for a change in this unit of work."""
    for column, value in _readings(user):
        if value and (found := storage.users.find(work.db, column, value, lock=lock)) is not None:
            return found.at(work.now)
    return None


_LOOKUPS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "id": ("id", str),
    "email": ("email", values.email_lookup),
    "phone": ("phone", values.phone_lookup),
    "username": ("username_key", username_key),
}


def _readings(user: str) -> Iterator[tuple[str, str | None]]:
    """What a text may mean, in order: the column, and what would stand there."""
    values.text(user, "user")
    kind, colon, rest = user.partition(":")
    if colon and kind in _LOOKUPS:
        column, lookup = _LOOKUPS[kind]
        yield column, lookup(rest)
        return
    for column, lookup in _LOOKUPS.values():
        yield column, lookup(user)


def list_(
    work: Work,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-created_at",
    limit: int = 25,
    after: str | None = None,
    before: str | None = None,
) -> list[User]:
    """One page of accounts, the newest first unless `sort` says otherwise.

    search: beginnings of words in id, username, name, email and phone. filters: `FIELD OP VALUE`, all of which must
    hold. sort: a field, with `-` for descending. after, before: the id that the page follows or precedes.
    """
    asked = listing.parse(
        FIELDS, work.now, search=search, filters=filters, sort=sort, limit=limit, after=after, before=before
    )
    return [user.at(work.now) for user in storage.users.list_page(work.db, asked, _position(work, asked))]


def _position(work: Work, asked: Listing) -> Any:
    option, id = ("after", asked.after) if asked.after is not None else ("before", asked.before)
    if id is None:
        return None
    position = storage.users.find_position(work.db, asked, id)
    if position is None:
        raise NotFound("user_not_found", f"There is no user {values.shown(id)} to go on from.", field=option)
    return position


def iterate(
    directory: Directory,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-created_at",
) -> Iterator[User]:
    """All accounts of a list, streamed in constant memory from one moment of the directory."""
    asked = listing.parse(FIELDS, directory.clock(), search=search, filters=filters, sort=sort, limit=None)
    return directory.stream(lambda work: (user.at(work.now) for user in storage.users.iterate(work.db, asked)))


def count(work: Work, *, search: str | None = None, filters: Iterable[str] = ()) -> int:
    """How many accounts a list has."""
    return storage.users.count(work.db, listing.parse(FIELDS, work.now, search=search, filters=filters))


def delete(work: Work, user: str) -> User:
    """Remove an account and everything of it, in this transaction; its address is free at once. Audit rows stay."""
    found = _get(work, user)
    storage.users.delete(work.db, found)
    work.record(EventName.USERS_DELETE, f"users/{found.id}", user_id=found.id)
    work.changed(f"users/{found.id}", found.public(), None)
    return found


# Changing


def _save(work: Work, before: User, event: EventName, details: Json | None = None, **fields: Any) -> User:
    """Store a change, its time and its event; nothing at all where nothing changes."""
    after = replace(before, **fields)
    if after == before:
        return before
    after = replace(after, updated_at=work.now)
    storage.users.update(work.db, before, after)
    old, new = before.public(), after.public()
    if details is None:
        details = {name: {"before": old[name], "after": new[name]} for name in fields if old[name] != new[name]}
    work.record(event, f"users/{after.id}", details, user_id=after.id)
    work.changed(f"users/{after.id}", old, new)
    return after


def update_name(work: Work, user: str, name: str) -> User:
    """Change the name; an empty one clears it."""
    return _save(work, _get(work, user), EventName.USERS_UPDATE_NAME, name=values.name(name))


def update_username(work: Work, user: str, username: str) -> User:
    """Change the username; an empty one clears it."""
    value = values.username(username) if username else None
    return _save(work, _get(work, user), EventName.USERS_UPDATE_USERNAME, username=value)


def update_email(work: Work, user: str, email: str) -> User:
    """Change the email, which is unverified from then on; an empty one clears it."""
    value = values.email(email) if email else None
    before = _get(work, user)
    verified = before.email_verified and value == before.email
    return _save(work, before, EventName.USERS_UPDATE_EMAIL, email=value, email_verified=verified)


def update_phone(work: Work, user: str, phone: str) -> User:
    """Change the phone, which is unverified from then on; an empty one clears it."""
    value = values.phone(phone) if phone else None
    before = _get(work, user)
    verified = before.phone_verified and value == before.phone
    return _save(work, before, EventName.USERS_UPDATE_PHONE, phone=value, phone_verified=verified)


def update_email_verification(work: Work, user: str, verified: bool | str) -> User:
    """Say whether the email is verified; refused where there is none."""
    verified = values.boolean(verified, field="verified")
    before = _get(work, user)
    if verified and before.email is None:
        raise Invalid("general_argument_invalid", "The user has no email that could be verified.", field="verified")
    return _save(work, before, EventName.USERS_UPDATE_EMAIL_VERIFICATION, email_verified=verified)


def update_phone_verification(work: Work, user: str, verified: bool | str) -> User:
    """Say whether the phone is verified; refused where there is none."""
    verified = values.boolean(verified, field="verified")
    before = _get(work, user)
    if verified and before.phone is None:
        raise Invalid("general_argument_invalid", "The user has no phone that could be verified.", field="verified")
    return _save(work, before, EventName.USERS_UPDATE_PHONE_VERIFICATION, phone_verified=verified)


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
    before = _get(work, user)
    kept = before.labels if labels is None else values.labels(labels)
    after = values.labels([label for label in (*kept, *new) if label not in gone])
    return _save(work, before, EventName.USERS_UPDATE_LABELS, labels=after)


def get_prefs(work: Work, user: str) -> Json:
    """The user's preferences alone."""
    return _get(work, user, lock=False).prefs


def update_prefs(work: Work, user: str, prefs: Json | str, *, merge: bool = False) -> Json:
    """Replace the preferences; merge: change those keys only, null removes one."""
    return _save_json(work, user, "prefs", EventName.USERS_UPDATE_PREFS, values.prefs(prefs), merge).prefs


def update_metadata(work: Work, user: str, metadata: Json | str, *, merge: bool = False) -> User:
    """Replace what the operators keep about the user; merge: change those keys only, null removes one."""
    return _save_json(work, user, "metadata", EventName.USERS_UPDATE_METADATA, values.metadata(metadata), merge)


def _save_json(work: Work, user: str, field: str, event: EventName, given: Json, merge: bool) -> User:
    before = _get(work, user)
    old = getattr(before, field)
    new = values.prefs(values.merge(old, given), field=field) if merge else given
    # Values may be private or long: the log names the keys that changed.
    keys = sorted(key for key in {*old, *new} if old.get(key, ...) != new.get(key, ...))
    return _save(work, before, event, {"keys": keys}, **{field: new})


def update_status(work: Work, user: str, status: Status | str, *, until: datetime | str | None = None) -> User:
    """Block an account, or let it in again.

    until: when the block ends by itself, an aware datetime or as `values.until` reads it (`2h`, `2026-12-31`).
    """
    new = values.status(status)
    if until is not None and new is not Status.BLOCKED:
        raise Invalid("general_argument_invalid", "until goes with blocked only; leave it out", field="until")
    end = values.until(until, work.now) if isinstance(until, str) else until
    return _save(work, _get(work, user), EventName.USERS_UPDATE_STATUS, status=new, blocked_until=end)


# Passwords


def update_password(directory: Directory, user: str, password: str, *, must_change: bool = False) -> User:
    """Set a password. must_change: it is only good for choosing another one.

    Raises Invalid with all that the policy has against it.
    """
    found = directory.read(get, user)
    prepared = passwords.prepare(directory, password)
    return directory.write(_change_password, found.id, prepared, must_change)


def _change_password(work: Work, id: str, prepared: passwords.Prepared, must_change: bool) -> User:
    return passwords.change(work, _get(work, f"id:{id}"), prepared, must_change=must_change)


def verify_password(directory: Directory, user: str, password: str) -> bool:
    """Whether that is the user's password. A wrong one, an unknown user and a user without one are the same answer."""
    found = directory.read(find, user)
    valid = passwords.verify(directory, found, password)
    directory.write(_record_verification, found, valid)
    return valid


def _record_verification(work: Work, user: User | None, valid: bool) -> None:
    resource = f"users/{user.id}" if user else "users"
    work.record(EventName.USERS_VERIFY_PASSWORD, resource, {"valid": valid}, user_id=user.id if user else None)


# What happened


def list_logs(work: Work, user: str, *, limit: int = 25, after: str | None = None) -> list[Event]:
    """What was done to an account, the newest first. after: the id of the event that the page goes on from.

    Asked by id, it answers for a deleted account too.
    """
    found = find(work, user)
    events = storage.events.list_of_user(work.db, found.id if found else user.removeprefix("id:"), limit, after)
    if found is None and not events:
        _get(work, user, lock=False)
    return events


class Users(Group):
    """Accounts: the same verbs as the commands of `authctl users`."""

    create = flow(create)
    get = reads(get)
    list = reads(list_)
    iterate = flow(iterate)
    count = reads(count)
    delete = writes(delete)
    update_name = writes(update_name)
    update_username = writes(update_username)
    update_email = writes(update_email)
    update_phone = writes(update_phone)
    update_email_verification = writes(update_email_verification)
    update_phone_verification = writes(update_phone_verification)
    update_labels = writes(update_labels)
    get_prefs = reads(get_prefs)
    update_prefs = writes(update_prefs)
    update_metadata = writes(update_metadata)
    update_status = writes(update_status)
    update_password = flow(update_password)
    verify_password = flow(verify_password)
    list_logs = reads(list_logs)
