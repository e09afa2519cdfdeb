"""The users: their rows, their addresses, and their words in the search index, changed together."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import Any

from authctl.errors import Conflict
from authctl.model import EPOCH, Listing, NewUser, Password, Status, User, fold, name_keys, username_key
from authctl.storage import compiled, record_mapping, search_index, search_terms, user_counts, user_names
from authctl.storage.connection import Connection

COLUMNS = compiled.USERS_FIND.columns  # of the table, in their order


def insert(db: Connection, new: NewUser, now: datetime, *, has_own_id: bool = True) -> User:
    """Store a new user; a Conflict where the id, username, email or phone is taken.

    has_own_id: whether somebody chose the id, so that it may be what is taken.
    """
    db.on_violation(lambda constraint: _conflict(constraint, new, has_own_id=has_own_id))
    times = {"created_at": now, "updated_at": now}
    user_counts.enter(db)
    seq = db.first(compiled.USERS_INSERT, _EMPTY | times | columns_of(new)).seq
    user_names.take(db, seq, names_of(new))
    if new.email is not None:
        db.run(compiled.USERS_INSERT_ADDRESS, {"address": new.email, "user_seq": seq})
    search_index.insert(db, seq, document(new))
    fields: dict[str, Any] = {name: getattr(new, name) for name in new.__dataclass_fields__}
    return User(**times | fields | {"seq": seq})


def update(db: Connection, before: User, after: User) -> None:
    """Store what changed between two states of one user; a Conflict where a new value is taken."""
    old, new = columns_of(before), columns_of(after)
    changed = {name: value for name, value in new.items() if old[name] != value}
    if not changed:
        return
    db.on_violation(lambda constraint: _conflict(constraint, after))
    db.update(compiled.USERS_UPDATE, changed, before.seq)
    if before.email != after.email:
        _move_address(db, before, after)
    if "username_key" in changed:
        user_names.change(db, before.seq, names_of(before), names_of(after))
    search_index.replace(db, before.seq, document(before), document(after))


def _move_address(db: Connection, before: User, after: User) -> None:
    """Free the old address and take the new one; an identity of the same user may hold either as well."""
    if before.email is not None:
        release_address(db, before.email)
    if after.email is not None and not holds_address(db, after.seq, after.email):
        db.run(compiled.USERS_INSERT_ADDRESS, {"address": after.email, "user_seq": after.seq})


def holds_address(db: Connection, seq: int, address: str) -> bool:
    """Whether the address is the user's already."""
    return db.first(compiled.USERS_HELD_ADDRESS, {"address": address, "user_seq": seq}) is not None


def release_address(db: Connection, address: str) -> None:
    """Free an address that no account and no identity has any more."""
    db.run(compiled.USERS_RELEASE_ADDRESS, {"address": address})


def end_pending(db: Connection) -> None:
    """End everybody's pending addresses that were asked for in a session that was ended."""
    db.run(compiled.USERS_END_PENDING_EMAILS, {})
    db.run(compiled.USERS_END_PENDING_PHONES, {})


def count_up_to(db: Connection, limit: int) -> int:
    """How many users there are, counted no further than that."""
    return int(db.rows(compiled.USERS_COUNT_UP_TO, {"limit": limit})[0].users)


def is_bare(db: Connection, seq: int) -> bool:
    """Whether a user has no session, identity or membership, and never had a session that is not purged."""
    return db.first(compiled.USERS_FIND_BELONGINGS, {"seq": seq}) is None


def delete(db: Connection, user: User) -> None:
    """Remove a user and all that belongs to it; the foreign keys see to the rest."""
    user_counts.enter(db)
    own = fold(user.id)
    user_names.remember(db, user.seq, own)
    search_index.delete(db, user.seq, document(user))
    db.run(compiled.MEMBERSHIPS_DELETE_INVITED_BY, {"inviter_seq": user.seq})
    user_names.change(db, user.seq, names_of(user), ())
    db.run(compiled.USERS_RELEASE_ADDRESSES, {"seq": user.seq})
    db.run(compiled.USERS_DELETE, {"seq": user.seq})
    user_names.pass_on(db, own)


def set_locked(db: Connection, seq: int, until: datetime | None) -> None:
    db.update(compiled.USERS_UPDATE, {"locked_until": until}, seq)


def set_codes_locked(db: Connection, seq: int, until: datetime | None) -> None:
    db.update(compiled.USERS_UPDATE, {"codes_locked_until": until}, seq)


def set_signed_in(db: Connection, seq: int, now: datetime) -> None:
    db.update(compiled.USERS_UPDATE, {"last_sign_in_at": now}, seq)


def find(db: Connection, column: str, value: str, *, lock: bool = False) -> User | None:
    """The user whose id, username_key, email or phone is `value`, or who holds that email by an identity.

    lock: keep others from changing it meanwhile.
    """
    return find_first(db, [(column, value)], lock=lock)


_NOBODY = dict.fromkeys(compiled.USERS_FIND.names)


def find_first(db: Connection, readings: list[tuple[str, str]], *, lock: bool = False) -> User | None:
    """The user that the first of these pairs of column and value fits, in one statement, found or not."""
    statement = compiled.USERS_FIND_LOCKED if lock else compiled.USERS_FIND
    rows = db.rows(statement, _NOBODY | dict(readings))
    for column, value in readings:
        for row in rows:
            if getattr(row, column) == value:
                return record(row)
        # Nothing else of a row is an email, so that an identity holds this one; or held it before a wait for the lock.
        if column == "email" and rows and (not lock or holds_address(db, rows[0].seq, value)):
            return record(rows[0])
    return None


def find_again(db: Connection, seq: int) -> User | None:
    """A user who was found before, as the account is now; others are kept from changing it meanwhile."""
    row = db.first(compiled.USERS_FIND_AGAIN, {"seq": seq})
    return record(row) if row is not None else None


# A list that nobody filters, searches or sorts; all others are in user_lists.py


def find_position(db: Connection, listing: Listing, id: str) -> Any:
    return db.first(compiled.USERS_FIND_POSITION, {"id": id})


def list_page(db: Connection, listing: Listing, position: Any) -> list[User]:
    """One page, the newest first."""
    if position is None:
        rows = db.rows(compiled.USERS_PAGE, {"limit": listing.limit})
    else:
        behind = {"limit": listing.limit, "key": position.key, "behind": position.seq}
        rows = db.rows(compiled.USERS_PAGE_BEHIND, behind)
    return list(record_mapping.each(db, rows, record))


# Rows and records


def names_of(user: NewUser) -> tuple[str, ...]:
    """What no other account may be called."""
    return name_keys(user.id, user.username and username_key(user.username))


def document(user: NewUser) -> search_index.Document:
    return search_terms.document(user.id, user.username, user.name, user.email, user.phone, user.labels)


# The columns of a password, and the fields of its record.
_PASSWORD = {
    "password_hash": "hash",
    "password_algorithm": "algorithm",
    "password_updated_at": "updated_at",
    "password_must_change": "must_change",
    "password_self_service": "self_service",
    "password_import": "imported_by",
    "password_expires_at": "expires_at",
}
_NO_PASSWORD = dict.fromkeys(_PASSWORD) | {"password_must_change": False, "password_self_service": False}

# By number, which takes a third of the time that names take.
_NUMBERS = {name: number for number, name in enumerate(COLUMNS)}
_FIELDS = tuple(name for name in User.__dataclass_fields__ if name in _NUMBERS)
_of_user = itemgetter(*(_NUMBERS[name] for name in _FIELDS))
_of_password = itemgetter(*(_NUMBERS[name] for name in _PASSWORD))


_TYPED = {"status": Status, "labels": record_mapping.texts, "prefs": record_mapping.of_json}
_TYPED |= {"metadata": record_mapping.of_json}
_STATUSES = {str(each): each for each in Status}
_sound: set[tuple[type, ...]] = set()  # the types of rows that were found to be whole: most rows are like others


def record(row: Any) -> User:
    """The user of a row that has all columns of the table, in their order."""
    fields = dict(zip(_FIELDS, _of_user(row), strict=True))
    password, is_sound = None, (types := tuple(map(type, row))) in _sound
    stored = dict(zip(_PASSWORD.values(), _of_password(row), strict=True))
    if stored["hash"] is not None:
        if not is_sound:
            record_mapping.check(Password, "users", stored, {"id": fields["id"]})
        password = Password(**stored)
    status, labels = _STATUSES.get(fields["status"]) if is_sound else None, fields["labels"]
    if status is not None and all(type(each) is str for each in labels):
        return User(**fields | {"status": status, "labels": tuple(labels)}, password=password)
    found = record_mapping.make(User, "users", fields, _TYPED, password=password)
    _sound.add(types)
    return found


def columns_of(user: NewUser) -> dict[str, Any]:
    """All columns of a user but the number."""
    password = {column: getattr(user.password, field) for column, field in _PASSWORD.items()} if user.password else {}
    key = {"username_key": user.username and username_key(user.username)}
    return record_mapping.stored(COLUMNS, user) | key | _NO_PASSWORD | password


_EMPTY = columns_of(User(seq=0, id="", created_at=EPOCH, updated_at=EPOCH))


def _conflict(constraint: str, user: NewUser, *, has_own_id: bool = False) -> Conflict | None:
    if constraint in user_names.CONSTRAINTS:
        return _name_taken(user, has_own_id=has_own_id)
    match constraint:
        case "users_id_key":
            return Conflict("user_already_exists", f"The id {user.id} is taken.", field="id", hint=_OTHER)
        case "users_username_key_key" | "users_username_key":
            return Conflict(
                "user_already_exists", f"The username {user.username} is taken.", field="username", hint=_OTHER
            )
        case "users_email_key" | "addresses_pkey" | "addresses_address_key":
            return address_taken("email", user.email)
        case "users_phone_key" | "users_phone":
            return address_taken("phone", user.phone)
    return None


def address_taken(kind: str, address: str | None) -> Conflict:
    """That another account has an email or phone; and what to do where both accounts are one person's."""
    from shlex import quote

    return Conflict(
        f"user_{kind}_already_exists",
        f"The {kind} {address} is taken.",
        field=kind,
        hint=f"See who has it with: authctl users get {quote(address or '')}. If both accounts are one person's, merge "
        "them with: authctl users merge FROM INTO",
    )


def _name_taken(user: NewUser, *, has_own_id: bool) -> Conflict:
    """An id is another account's username, or the other way round."""
    if user.username is None:
        return Conflict("user_already_exists", f"The id {user.id} is taken.", field="id", hint=_OTHER)
    message = f"The username {user.username} is taken" + (f", or the id {user.id}." if has_own_id else ".")
    return Conflict("user_already_exists", message, field="username", hint=_OTHER)


_OTHER = "Choose another one."
