"""What a manifest's users lack: they are made, changed, blocked or deleted by the verbs of `users`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from authctl.core.accounts import lookup, naming, records
from authctl.core.credentials.passwords import Prepared
from authctl.core.manifests.declarations import GENERATE, State
from authctl.core.manifests.plans import Action, Gift, Kind, Step, change
from authctl.core.manifests.reading import Entry
from authctl.core.users import changes, creation
from authctl.core.work.unit import Work
from authctl.errors import Conflict, Invalid
from authctl.model import Json, Status, User

USER = "user"
_MADE_WITH = ("id", "username", "email", "phone", "name", "labels", "prefs", "metadata", "locale")
_FLAGS = ("email_verified", "phone_verified")
_PROVING = ("email", "phone", *_FLAGS)  # what makes it believed whose an account is


def step_of(
    entry: Entry, user: User | None, *, blocked: int | None, password: Prepared | None, dry_run: bool
) -> Step | None:
    """What has to be done for a user; None for nothing.

    blocked: the row that says that this manifest has blocked the user. password: that of a new user, hashed.
    """
    if user is None or (user.requested and entry.named_by != "id"):
        return None if entry.state is State.ABSENT else _creation(entry, password, dry_run=dry_run)
    if entry.state is State.ABSENT:
        shown = {name: getattr(user, name) for name in ("id", "name", "email") if getattr(user, name)}
        delete = partial(records.delete, user=entry.named)
        return Step(Action.REMOVE, USER, entry.name, shown, None, delete, entry.place)
    if entry.state is State.CREATED:
        return None
    differences = dict(_differences(entry, user, was_blocked=blocked is not None))
    if not differences:
        return None
    gifts = tuple(_gifts(entry, differences))
    is_let_in = differences.get("status", (None, None))[1] is Status.ACTIVE
    gone = (blocked,) if is_let_in and blocked is not None else ()
    do = partial(_change, entry=entry, differences=differences)
    return change(USER, entry, differences, do, gifts=gifts, gone=gone)


def _creation(entry: Entry, password: Prepared | None, *, dry_run: bool) -> Step:
    """A new user, as the entry says. Raises Invalid for an id that only other systems make."""
    is_blocked = entry.state is State.BLOCKED
    given = {name: entry.values.get(name) for name in _MADE_WITH} | {"labels": entry.values.get("labels", ())}
    flags = {name: bool(entry.values.get(name)) for name in _FLAGS}
    new, problems, hint = creation.read(**given, **flags, blocked=is_blocked)
    if problems:
        raise Invalid.of(problems, hint=hint)
    wanted = entry.values.get("password")

    def do(work: Work) -> None:
        if wanted is not None and password is None and not dry_run:
            message = f"The user {entry.name} was deleted by someone else in the meantime."
            raise Conflict("user_changed", message, hint="Try again.")
        is_made = wanted == GENERATE
        creation.insert_instead(work, new, password, must_change=is_made, generated=is_made, self_service=False)

    after = {name: value for name, value in entry.values.items() if name not in ("password", "hash", "state") and value}
    after |= {"status": Status.BLOCKED} if is_blocked else {}
    after |= {"password": wanted if wanted == GENERATE else "hash"} if wanted is not None else {}
    labels = {"labels": ((), new.labels)} if new.labels else {}
    blocked = {"status": (None, Status.BLOCKED)} if is_blocked else {}
    gifts = (Gift(Kind.USER, entry), *_gifts(entry, labels | blocked))
    return Step(Action.CREATE, USER, entry.name, None, after, do, entry.place, gifts)


def _differences(entry: Entry, user: User, *, was_blocked: bool) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """The fields of a user that are not as the entry says: before and after."""
    values = entry.values
    moved = set()
    for name in ("username", "name", "locale", "email", "phone"):
        if name in values and values[name] != getattr(user, name):
            moved.add(name)
            yield name, (getattr(user, name), values[name])
    for name in _FLAGS:
        is_verified = getattr(user, name) and name.removesuffix("_verified") not in moved
        if name in values and values[name] != is_verified:
            yield name, (getattr(user, name), values[name])
    labels = tuple(dict.fromkeys((*user.labels, *values.get("labels", ()))))
    if labels != user.labels:
        yield "labels", (user.labels, labels)
    for name in ("prefs", "metadata"):
        old = getattr(user, name)
        if not is_held(old, new := values.get(name, {})):
            yield name, (old, {**old, **new})
    wanted = Status.BLOCKED if entry.state is State.BLOCKED else Status.ACTIVE if was_blocked else user.status
    if wanted is not user.status:
        yield "status", (user.status, wanted)


def is_held(held: Json, wanted: Json) -> bool:
    """Whether an object has all of another one's keys, with the same values."""
    return all(key in held and _text(held[key]) == _text(value) for key, value in wanted.items())


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _gifts(entry: Entry, differences: Json) -> Iterator[Gift]:
    """What the manifest brings by these differences."""
    before, after = differences.get("labels", ((), ()))
    yield from (Gift(Kind.LABEL, entry, value=label) for label in after if label not in before)
    if differences.get("status", (None, None))[1] is Status.BLOCKED:
        yield Gift(Kind.BLOCKED, entry)


def _change(work: Work, *, entry: Entry, differences: Json) -> None:
    """Give the user what differs, by a verb for each field.

    Before any of it, since an address that a manifest says is verified would make a stranger's account whose it is.
    """
    if any(differences.get(name, (None, None))[1] for name in _PROVING):
        naming.get(work, entry.named)
    for name in differences:
        value = differences[name][1] if name == "status" else entry.values[name]
        _VERBS[name](work, entry.named, value)


def _merge(verb: Callable[..., object], name: str) -> Callable[[Work, str, Json], object]:
    """The keys that a manifest names, put among those that are there."""

    def merge(work: Work, user: str, value: Json) -> object:
        return verb(work, user, {**getattr(lookup.get_locked(work, user), name), **value})

    return merge


_VERBS: dict[str, Callable[[Work, str, Any], object]] = {
    "username": lambda work, user, value: changes.update_username(work, user, value or ""),
    "name": changes.update_name,
    "locale": lambda work, user, value: changes.update_locale(work, user, value or ""),
    "email": lambda work, user, value: changes.update_address(work, user, "email", value),
    "phone": lambda work, user, value: changes.update_address(work, user, "phone", value),
    "email_verified": changes.update_email_verification,
    "phone_verified": changes.update_phone_verification,
    "labels": lambda work, user, value: changes.update_labels(work, user, add=value),
    "prefs": _merge(changes.update_prefs, "prefs"),
    "metadata": _merge(changes.update_metadata, "metadata"),
    "status": changes.update_status,
}
