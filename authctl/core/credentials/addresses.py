"""What follows when somebody proves that an address is theirs.

    the address was given by ──┬── an operator, who vouches for it ───────────▶ it is verified
                               └── a person: sign-up, or a signed-in person
                                     ├── proved by that session ──────────────▶ it is verified
                                     └── proved by the code alone
                                           ├── no second factor is asked for ─▶ it is verified, and what self-service
                                           │                                    put on the account before ends
                                           └── one is, and the other address
                                               is verified (`needs_session`) ─▶ refused: it takes a session

Whoever gives an address may be somebody else than who has it. So nobody finds a door left open in an account that was
prepared for them, and a mailbox alone does not get round two factors. What ends then is in `take_over`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from authctl import storage
from authctl.core.accounts import endings, identities, records
from authctl.core.credentials import factors
from authctl.core.messages import notices
from authctl.core.values import identifiers
from authctl.errors import Denied
from authctl.model import EventName, Factor, Json, User

if TYPE_CHECKING:
    from authctl.core.work.unit import Work


AddressKind = Literal["email", "phone"]
OTHER: dict[AddressKind, AddressKind] = {"email": "phone", "phone": "email"}  # the two kinds, each with the other one
_EVENTS = {
    "email": EventName.USERS_UPDATE_EMAIL_VERIFICATION,
    "phone": EventName.USERS_UPDATE_PHONE_VERIFICATION,
}


def verify(work: Work, before: User, kind: AddressKind, *, is_doubtful: bool | None = None) -> User:
    """Mark the email or phone as verified. All that follows from it is listed here.

    is_doubtful: whether the account may be somebody else's, where the address itself does not say so: of a change.
    """
    if getattr(before, f"{kind}_verified"):
        return before
    verified: dict[str, Any] = {f"{kind}_verified": True}
    after = replace(before, **verified)
    details: Json = {f"{kind}_verified": {"before": False, "after": True}}
    if is_doubtful is None:
        is_doubtful = kind in doubtful(before, after)
    if is_doubtful and work.person is None:
        after, ended = take_over(work, after, [kind])
        details |= ended
    factors.prove(work, Factor(kind))
    after = records.save(work, before, after, _EVENTS[kind], details)
    notices.address_changed(work, before, after)
    return after


def needs_session(work: Work, user: User, kind: AddressKind) -> bool:
    """Whether the code alone is not enough to prove that address: who is asked for two factors may have mistyped it."""
    if work.person is not None or getattr(user, f"{kind}_verified") or not getattr(user, f"{kind}_self_service"):
        return False
    is_asked = factors.is_asked(work.policy, user) and bool(factors.available(work.policy, user))
    return is_asked and getattr(user, f"{OTHER[kind]}_verified")


def session_needed() -> Denied:
    return Denied(
        "user_more_factors_required",
        "The account asks for two factors, and this address is not verified.",
        field="secret",
        hint="Sign in in another way, and do the same there, with --as-session.",
    )


def doubtful(before: User, after: User) -> list[AddressKind]:
    """The addresses that a change verifies, and that a person gave, who may be somebody else than their owner."""
    return [
        kind
        for kind in OTHER
        if getattr(before, f"{kind}_self_service")
        and getattr(before, kind) == getattr(after, kind)
        and getattr(after, f"{kind}_verified") > getattr(before, f"{kind}_verified")
    ]


def take_over(work: Work, user: User, kinds: Collection[AddressKind]) -> tuple[User, Json]:
    """The account without what somebody else may have put there; and what ended, as details of an event.

    kinds: the addresses of `doubtful`. Whoever gave them loses the other ways in, too. What is left is still to be
    stored, and its event to be written.
    """
    user, details = _without_credentials(work, user)
    details |= endings.end(work, user, endings.Cause.OWNER_CHANGED)
    if kinds:
        user, left = _without_other_ways(work, user, kinds)
        details |= left
    return user, {name: value for name, value in details.items() if value}


def without(user: User, kind: AddressKind) -> User:
    """The account without that address."""
    gone: dict[str, Any] = {kind: None, f"{kind}_verified": False, f"{kind}_self_service": False}
    return replace(user, **gone)


def _without_credentials(work: Work, user: User) -> tuple[User, Json]:
    """The account without the password and the factors that a person set."""
    details: Json = {}
    if user.password is not None and user.password.self_service:
        user = replace(user, password=None)
        details["password"] = "ended"  # noqa: S105 - a word of the log
    without = factors.end_self_service(work, user)
    if without != user:
        details["factors"] = "ended"
    return without, details


def _without_other_ways(work: Work, user: User, kinds: Collection[AddressKind]) -> tuple[User, Json]:
    """The account without its identities, and without other addresses that a person gave."""
    details: Json = {}
    for other in (OTHER[kind] for kind in kinds):
        if getattr(user, f"{other}_self_service"):
            details[other] = {"before": getattr(user, other), "after": None}
            user = without(user, other)
    for identity in storage.identities.list_page(work.db, user.seq, 0, identifiers.MAX_LIMIT):
        identities.delete(work, identity.id)
    return user, details
