"""One account of two: what the second adds to the first. Imports do so with records, `users merge` with accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from authctl.core.accounts import standing
from authctl.core.accounts.standing import AddressKind
from authctl.core.values import identifiers, json_objects
from authctl.model import USER_COLUMNS, Json, User

# Of these the first one's counts, where it has one.
TEXTS = ("name", *(name for name, type in USER_COLUMNS.items() if type == "str | None"))


def united(first: User, second: User) -> User:
    """The first with what it lacks and the second has. Raises Invalid where that is more than an account may have."""
    verified: dict[str, Any] = {f"{kind}_verified": _is_verified(first, second, kind) for kind in standing.KINDS}
    given_by = {
        f"{name}_self_service": getattr(first if getattr(first, name) else second, f"{name}_self_service")
        for name in ("username", *standing.KINDS)
    }
    found = replace(
        first,
        **{name: getattr(first, name) or getattr(second, name) for name in TEXTS},
        **verified,
        **given_by,
        labels=identifiers.labels((*first.labels, *second.labels)),
        prefs=_united(first.prefs, second.prefs),
        metadata=_united(first.metadata, second.metadata),
        mfa=first.mfa or second.mfa,
        totp=first.totp or second.totp,
        recovery_code=first.recovery_code or second.recovery_code,
        password=first.password or second.password,
        last_sign_in_at=max(filter(None, (first.last_sign_in_at, second.last_sign_in_at)), default=None),
    )
    json_objects.prefs(found.prefs)
    json_objects.metadata(found.metadata)
    return found


def may_be_one(first: User, second: User) -> bool:
    """Whether no block stands between two accounts: it is nobody's to lift, or to hand on, without an operator."""
    return first.status is second.status


def _is_verified(first: User, second: User, kind: AddressKind) -> bool:
    is_seconds = getattr(first, kind) in (None, getattr(second, kind))
    return bool(getattr(first, f"{kind}_verified") or (is_seconds and getattr(second, f"{kind}_verified")))


def _united(first: Json, second: Json) -> Json:
    """Both objects by key; what the first has stands first, and stays."""
    return first | {name: value for name, value in second.items() if name not in first}
