"""Which account is meant by what was typed, and which accounts there are; the rest of `users` stands on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from authctl import storage
from authctl.core.values import checks, contacts, identifiers, listings
from authctl.core.values.listings import Field, FieldType
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Denied, NotFound
from authctl.model import USER_COLUMNS, User, fold, username_key

# One


def get(work: Work, user: str, *, former_ids: bool = False) -> User:
    """One account, by id, email, phone or username; `id:`, `email:`, `phone:` and `username:` say which.

    An imported id that could be something else, with @, a blank or a leading +, is found by `id:` only. Digits alone
    are read as a phone before they are read as an id. Raises NotFound (user_not_found).

    former_ids: with the ids of the accounts that were merged into it, which operators are shown.
    """
    if not (former_ids and work.is_operator):
        return _get(work, user, lock=False)
    asked = storage.user_names.ask_merged(work.db, ((column, value) for column, value in readings(user) if value))
    found = _get(work, user, lock=False)
    return replace(found, former_ids=asked(found.id))


def get_locked(work: Work, user: str) -> User:
    """The same, kept from others until this unit of work is through."""
    return _get(work, user, lock=True)


def _get(work: Work, user: str, *, lock: bool) -> User:
    found = find(work, user, lock=lock)
    if work.person is not None:
        # A person is not told whether others exist.
        if found is None or found.seq != work.person.user.seq:
            raise Denied("user_unauthorized", "You can only see and change your own account.", field="user")
        return found.as_the_person_sees_it()
    if found is None:
        raise _not_found(work, user)
    return found


def _not_found(work: Work, user: str) -> NotFound:
    """That there is no such user; an operator is told where the account went that had the id."""
    from shlex import quote

    hint = f"Search with: authctl users list --search {checks.searched(user)}"
    id = identifiers.id_lookup(user.removeprefix("id:"))
    can_ask = work.is_operator and id is not None and not work.db.is_at_end
    if can_ask and (into := storage.user_names.find_merged(work.db, fold(id or ""))):
        hint = f"The account was merged into another one: authctl users get {quote(f'id:{into}')}"
    return NotFound("user_not_found", f"There is no user {checks.shown(user)}.", field="user", hint=hint)


def find(work: Work, user: str, *, lock: bool = False) -> User | None:
    """The same, or None. lock: for a change in this unit of work."""
    known = [(column, value) for column, value in readings(user) if value]
    found = storage.users.find_first(work.db, known, lock=lock) if known else None
    return found.at(work.now) if found else None


def username_lookup(text: str) -> str | None:
    """The key of the username that a text may be, or None where no username looks like that."""
    return None if "@" in text or text.startswith("+") else username_key(text)


_LOOKUPS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "id": ("id", identifiers.id_lookup),
    "email": ("email", contacts.email_lookup),
    "phone": ("phone", contacts.phone_lookup),
    "username": ("username_key", username_lookup),
}


def is_prefixed(text: str) -> bool:
    """Whether a text says itself what it is, such as `email:`."""
    kind, colon, _ = text.partition(":")
    return bool(colon) and kind in _LOOKUPS


def readings(user: str) -> Iterator[tuple[str, str | None]]:
    """What a text may mean, in order: the column, and what would stand there."""
    checks.text(user, "user")
    kind, colon, rest = user.partition(":")
    if colon and kind in _LOOKUPS:
        column, lookup = _LOOKUPS[kind]
        yield column, lookup(rest)
        return
    found = [(column, lookup(user)) for column, lookup in _LOOKUPS.values()]
    if user.isdecimal():  # links carry ids of other systems that could be phone numbers
        found.append(found.pop(0))
    elif _could_be_else(user):
        found.pop(0)
    yield from found


def _could_be_else(id: str) -> bool:
    """Whether an imported id could be an email, a phone or a name."""
    return "@" in id or " " in id or id.startswith("+")


def reference(id: str) -> str:
    """How an account is named by its id where links carry it: with `id:` where it could be read as something else."""
    return f"id:{id}" if _could_be_else(id) or is_prefixed(id) else id


def field_of(user: User, text: str) -> str | None:
    """Which of `email`, `phone` and `username` of an account a text is that finds it.

    None for its id, and for an email that an identity holds.
    """
    key = user.username and username_key(user.username)
    held = {"id": user.id, "email": user.email, "phone": user.phone, "username_key": key}
    column = next((column for column, value in readings(text) if value and held[column] == value), "id")
    return None if column == "id" else column.removesuffix("_key")


# Several

_TYPES = {
    "str": FieldType.TEXT,
    "bool": FieldType.FLAG,
    "datetime": FieldType.TIME,
    "Status": FieldType.STATUS,
    "tuple[str, ...]": FieldType.MEMBERS,
    "JsonObject": FieldType.JSON,
}
_NORMALIZE = {"email": contacts.email_lookup, "phone": contacts.phone_lookup}


def _fields() -> Iterator[tuple[str, Field]]:
    """The columns but for records, by their types."""
    for name, written in USER_COLUMNS.items():
        type, optional, _ = written.partition(" | None")
        if type in _TYPES:
            yield name, Field(_TYPES[type], nullable=bool(optional), normalize=_NORMALIZE.get(name))


# What lists are filtered and sorted by.
FIELDS = dict(_fields()) | {
    "password.set": Field(FieldType.FLAG, nullable=False),
    "password.algorithm": Field(FieldType.TEXT),
    "password.updated_at": Field(FieldType.TIME),
    "password.must_change": Field(FieldType.FLAG, nullable=False),
    "password.expires_at": Field(FieldType.TIME),
    "factors.totp": Field(FieldType.FLAG, nullable=False),
    "factors.recovery_code": Field(FieldType.FLAG, nullable=False),
}


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
    hold. sort: a field, or several with commas, with `-` for descending. after, before: the id that the page follows or
    precedes.
    """
    asked = listings.parse(
        FIELDS, work.now, search=search, filters=filters, sort=sort, limit=limit, after=after, before=before
    )
    lists = storage.users if asked.is_plain else storage.user_lists

    def find(id: str, option: str) -> Any:
        return lists.find_position(work.db, asked, id)

    position = listings.position(asked, "user_not_found", "user", find)
    return [user.at(work.now) for user in lists.list_page(work.db, asked, position)]


def iterate(
    directory: Engine,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-created_at",
) -> Iterator[User]:
    """All accounts of a list, streamed in constant memory from one moment of the directory."""
    asked = listings.parse(FIELDS, directory.clock(), search=search, filters=filters, sort=sort, limit=None)
    return directory.stream(lambda work: (user.at(work.now) for user in storage.user_lists.iterate(work.db, asked)))


def count(work: Work, *, search: str | None = None, filters: Iterable[str] = ()) -> int:
    """How many accounts a list has."""
    return storage.user_lists.count(work.db, listings.parse(FIELDS, work.now, search=search, filters=filters))


def count_up_to(work: Work, limit: int) -> int:
    """How many accounts there are in all, counted no further than `limit`, so that it takes no time."""
    return storage.users.count_up_to(work.db, identifiers.limit(limit))
