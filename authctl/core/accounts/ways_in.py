"""The ways into an account: those that the policy sign-in-methods leaves people, of which self-service leaves one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from authctl import storage
from authctl.errors import Conflict, Invalid
from authctl.model import Identity, User

if TYPE_CHECKING:
    from authctl.core.work.unit import Work

# Methods as messages call them.
NAMES = {
    "password": "with a password",
    "email": "with a code sent by mail",
    "magic-url": "with a link sent by mail",
    "phone": "with a code sent to a phone",
    "identity": "through another provider",
    "anonymous": "anonymously",
    "token": "with a token from an operator",
}


def check(work: Work, method: str | None, *, field: str | None = None) -> None:
    """Refuse a way to sign in that the policy sign-in-methods has switched off; None is no way to sign in.

    Raises Invalid (user_auth_method_unsupported).
    """
    allowed = work.policy["sign-in-methods"]
    if method is not None and method not in allowed:
        wanted = ",".join(name for name in NAMES if name == method or name in allowed)
        raise Invalid(
            "user_auth_method_unsupported",
            f"Signing in {NAMES[method]} is switched off.",
            field=field,
            hint=f"An operator can switch it on with: authctl security set sign-in-methods {wanted}",
        )


def check_left(work: Work, before: User, after: User, *, without: Identity | None = None) -> None:
    """Refuse a person a change that takes away the last way in. Raises Conflict (user_last_way_in)."""
    if work.person is None or not _has_one(work, before) or _has_one(work, after, without):
        return
    message = "This is the only way you can sign in."
    ways = ["verify another address", "link another account"] + ([] if before.password else ["set a password"])
    hint = f"First {', '.join(ways[:-1])} or {ways[-1]}."
    raise Conflict("user_last_way_in", message, field="user", hint=hint)


def check_left_by_operator(work: Work, before: User, after: User) -> None:
    """Refuse the same to an operator who does not insist."""
    if not _has_one(work, before) or _has_one(work, after):
        return
    message = f"Nobody could sign in to the account of {before.id} any more."
    hint = "Verify an address or link an identity first, or add --force."
    raise Conflict("user_last_way_in", message, field="user", hint=hint)


def _has_one(work: Work, user: User, without: Identity | None = None) -> bool:
    """Whether there is a verified address, a password with a name to it, or an identity, of a method that is on."""
    on: frozenset[str] = work.policy["sign-in-methods"]
    has_password = user.password is not None and (user.email or user.phone or user.username)
    if (
        (user.email_verified and not on.isdisjoint(("email", "magic-url")))
        or (user.phone_verified and "phone" in on)
        or (has_password and "password" in on)
    ):
        return True
    found = storage.identities.list_page(work.db, user.seq, 0, 2) if "identity" in on else ()
    return any(identity != without for identity in found)
