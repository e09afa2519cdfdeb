"""What an import changed of users who were there: how it is written down, and how it is taken back.

Columns that mean something together are restored together, where all of them are as the import left them; of prefs,
metadata and labels each key by itself. What a command would end when it makes such a change ends here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from authctl import storage
from authctl.core.accounts import endings, identities, standing
from authctl.core.credentials import factors, passwords
from authctl.core.crypto import sealing
from authctl.core.messages import notices
from authctl.core.mfa import authenticators
from authctl.core.teams import memberships
from authctl.core.work.unit import Work
from authctl.errors import AuthctlError
from authctl.model import Json, User, fold
from authctl.storage.bulk import UserRow, row_of, user_of
from authctl.transfer.records import TEXTS

_PASSWORD = tuple(name for name in UserRow._fields if name.startswith("password_"))
_ADDRESSES = (
    ("username", "username_key", "username_self_service"),
    ("email", "email_verified", "email_self_service"),
    ("phone", "phone_verified", "phone_self_service"),
)
_TOGETHER = (*_ADDRESSES, ("status", "blocked_until"), _PASSWORD)
_ALONE = ("name", "mfa", "last_sign_in_at", *TEXTS)
_BY_KEY = ("labels", "prefs", "metadata")


def changes(before: User, after: User, *, is_taken_over: bool) -> Json:
    """The columns that an import changes, as they were and as they are then.

    is_taken_over: what let a stranger in was taken away, and never comes back.
    """
    old, new = row_of(before), row_of(after)
    groups = [*_TOGETHER, *((name,) for name in (*_ALONE, *_BY_KEY))]
    if is_taken_over:
        groups = [group for group in groups if group not in (_PASSWORD, *_ADDRESSES, ("mfa",))]
    names = [name for group in groups if _pick(old, group) != _pick(new, group) for name in group]
    found = {"before": {name: getattr(old, name) for name in names}, "after": {n: getattr(new, n) for n in names}}
    return found | ({"taken_over": True} if is_taken_over else {})


def _pick(row: UserRow, names: tuple[str, ...]) -> list[Any]:
    return [getattr(row, name) for name in names]


def undo(work: Work, user: User, changed: Json) -> set[str]:
    """Take back what an import changed of a user; why something of it stays.

    `changed` since; `used`, a factor; `taken`, somebody else has the former value; `last_owner`, a team would have no
    owner; `stranger`, it took away what a stranger may have put there, which never comes back.
    """
    kept = {"stranger"} if changed.get("taken_over") else set()
    _take_away(work, user, changed, kept)
    found = storage.users.find_again(work.db, user.seq)
    assert found is not None
    present, restored, waiting = found, _restored(work, found, changed, kept), len(work.outbox)
    if restored != present and not storage.bulk.whole(work.db, partial(_save, work, present, restored)):
        kept.add("taken")
        del work.outbox[waiting:]
        named = {name: getattr(present, name) for group in _ADDRESSES for name in group if name != "username_key"}
        _save(work, present, replace(restored, **named))
    if id := changed.get("merged"):
        storage.user_names.forget_merged(work.db, fold(id), user.id)
    return kept


def _restored(work: Work, present: User, changed: Json, kept: set[str]) -> User:
    row, before, after = row_of(present), changed["before"], changed["after"]
    for group in (*_TOGETHER, *((name,) for name in _ALONE)):
        if group[0] not in before or _pick(row, group) == [before[name] for name in group]:
            continue
        if _pick(row, group) == [after[name] for name in group] and _can_be_read(work, present, before, group):
            row = row._replace(**{name: before[name] for name in group})
        else:
            kept.add("changed")
    for name in _BY_KEY:
        if name in before:
            now, old, new = (json.loads(text) for text in (getattr(row, name), before[name], after[name]))
            found = _without_labels(now, old, new) if name == "labels" else _without_keys(now, old, new, kept)
            row = row._replace(**{name: json.dumps(found, ensure_ascii=False, separators=(",", ":"))})
    return user_of(row, present.seq)


def _can_be_read(work: Work, user: User, before: Json, group: tuple[str, ...]) -> bool:
    """Whether a former password can still be checked; one that was sealed cannot once the key is another."""
    hash = before["password_hash"] if group == _PASSWORD else None
    if hash is None or not sealing.is_sealed_text(hash):
        return True
    former = user_of(row_of(user)._replace(**{name: before[name] for name in _PASSWORD}), user.seq)
    try:
        return bool(passwords.revealed(work, former))
    except AuthctlError:
        return False


def _without_labels(now: list[str], before: list[str], after: list[str]) -> list[str]:
    return [label for label in now if label in before or label not in after]


def _without_keys(now: Json, before: Json, after: Json, kept: set[str]) -> Json:
    """An object with the keys as they were that an import changed and nobody has since."""
    found = dict(now)
    for key in after:
        if key in before and before[key] == after[key]:
            continue
        if key not in now or now[key] != after[key]:
            kept.add("changed")
        elif key in before:
            found[key] = before[key]
        else:
            del found[key]
    return found


def _save(work: Work, present: User, restored: User) -> None:
    """Store a user as before an import, and do all that it entails."""
    for kind in standing.KINDS:
        is_lowered = getattr(present, f"{kind}_verified") and not getattr(restored, f"{kind}_verified")
        if getattr(present, kind) not in (None, getattr(restored, kind)) or is_lowered:
            endings.end(work, present, endings.Cause.ADDRESS_CHANGED, kind)
    if present.mfa and not restored.mfa:
        endings.end(work, present, endings.Cause.FACTOR_REMOVED)
    if present.password != restored.password:
        passwords.follow_up(work, present, restored)
    storage.users.update(work.db, present, replace(restored, updated_at=work.now))
    notices.address_changed(work, present, restored)


def _take_away(work: Work, user: User, changed: Json, kept: set[str]) -> None:
    """Take away what an import gave a user, but for what was used since, or must not go."""
    for id in changed.get("identities", ()):
        _try(partial(identities.delete, work, id), kept)
    for each in storage.authenticators.list_of_user(work.db, user.seq):
        if each.id in changed.get("authenticators", ()):
            if each.last_used_at is not None:
                kept.add("used")
            else:
                delete = authenticators.delete_authenticator
                _try(partial(delete, work, f"id:{user.id}", name=each.name, force=True), kept)
    if codes := changed.get("recovery_codes"):
        _take_codes_away(work, user, codes, kept)
    for team, id in changed.get("members", ()):
        _try(partial(memberships.delete, work, f"id:{team}", id), kept)


def _take_codes_away(work: Work, user: User, digests: list[str], kept: set[str]) -> None:
    unused = {digest.hex() for digest in storage.recovery_codes.list_unused(work.db, user.seq)}
    if unused != set(digests):
        kept.add("used")
        return
    storage.recovery_codes.delete_of_user(work.db, user.seq)
    present = storage.users.find_again(work.db, user.seq)
    assert present is not None
    storage.users.update(work.db, present, factors.reread(work, present))


def _try(step: Callable[[], object], kept: set[str]) -> None:
    """Do it, unless it is gone already, or the last of its kind."""
    try:
        step()
    except AuthctlError as error:
        kept.add("last_owner" if error.type == "membership_last_owner" else "changed")
