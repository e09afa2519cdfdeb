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
prepared for them, and a mailbox alone does not get round two factors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from authctl import storage
from authctl.core.accounts import identities, records
from authctl.core.credentials import factors
from authctl.core.messages import notices
from authctl.core.values import identifiers
from authctl.errors import Denied
from authctl.model import Ended, EventName, Factor, Json, TokenEnded, TokenKind, User

if TYPE_CHECKING:
    from authctl.core.work.unit import Work

Kind = Literal["email", "phone"]
_OTHER: dict[Kind, Kind] = {"email": "phone", "phone": "email"}
_EVENTS = {
    "email": EventName.USERS_UPDATE_EMAIL_VERIFICATION,
    "phone": EventName.USERS_UPDATE_PHONE_VERIFICATION,
}


def verify(work: Work, before: User, kind: Kind, *, is_doubtful: bool | None = None) -> User:
    """Mark the email or phone as verified. All that follows from it is listed here.

    is_doubtful: whether the account may be somebody else's, where the address itself does not say so: of a change.
    """
    if getattr(before, f"{kind}_verified"):
        return before
    verified: dict[str, Any] = {f"{kind}_verified": True}
    after = replace(before, **verified)
    details: Json = {f"{kind}_verified": {"before": False, "after": True}}
    if is_doubtful is None:
        is_doubtful = getattr(before, f"{kind}_self_service")
    if is_doubtful and work.person is None:
        after, ended = end_self_service(work, after)
        after, shut = shut_other_ways(work, after, _OTHER[kind])
        details |= ended | shut
    factors.prove(work, Factor(kind))
    after = records.save(work, before, after, _EVENTS[kind], details)
    notices.address_changed(work, before, after)
    return after


def needs_session(work: Work, user: User, kind: Kind) -> bool:
    """Whether the code alone is not enough to prove that address: who is asked for two factors may have mistyped it."""
    if work.person is not None or getattr(user, f"{kind}_verified") or not getattr(user, f"{kind}_self_service"):
        return False
    is_asked = factors.is_asked(work.policy, user) and bool(factors.available(work.policy, user))
    return is_asked and getattr(user, f"{_OTHER[kind]}_verified")


def session_needed() -> Denied:
    return Denied(
        "user_more_factors_required",
        "The account asks for two factors, and this address is not verified.",
        field="secret",
        hint="Sign in in another way, and do the same there, with --as-session.",
    )


def end_self_service(work: Work, user: User) -> tuple[User, Json]:
    """The account without the password, the factors and the sessions of whoever used it before; what ended."""
    details: Json = {}
    if user.password is not None and user.password.self_service:
        user = replace(user, password=None)
        details["password"] = "ended"  # noqa: S105 - a word of the log
    without = factors.end_self_service(work, user)
    if without != user:
        user = without
        details["factors"] = "ended"
    if ended := storage.sessions.end_of_user(work.db, user.seq, work.now, Ended.DELETED):
        details["sessions_ended"] = ended
    return user, details


def shut_other_ways(work: Work, user: User, other: Kind) -> tuple[User, Json]:
    """The account without the ways by which whoever used it before could come back; what they were."""
    details: Json = {}
    if getattr(user, f"{other}_self_service"):
        details[other] = {"before": getattr(user, other), "after": None}
        without: dict[str, Any] = {other: None, f"{other}_verified": False, f"{other}_self_service": False}
        user = replace(user, **without)
    for identity in storage.identities.list_page(work.db, user.seq, None, identifiers.MAX_LIMIT):
        identities.delete(work, identity.id)
    for change in (TokenKind.EMAIL_CHANGE, TokenKind.PHONE_CHANGE):
        storage.tokens.end_of_user(work.db, user.seq, work.now, TokenEnded.DELETED, kind=change)
    return user, details
