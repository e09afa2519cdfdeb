"""What follows when somebody proves that an address is theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from authctl import storage
from authctl.core import second_factors
from authctl.model import Ended, EventName, Factor, Json, User

if TYPE_CHECKING:
    from authctl.core.work import Work


def verify(work: Work, before: User, kind: Literal["email", "phone"], *, is_first: bool | None = None) -> User:
    """Mark the email or phone as verified. All that follows from it is listed here.

    Where it is the first address of the account that anybody has proved to own, whoever signed up with it may have been
    somebody else: the password, the factors and the sessions of then end. They stay where the person is signed in and
    proves both, and that session has used the address as a second factor.
    is_first: whether it is, where the account does not say so any more.
    """
    if getattr(before, f"{kind}_verified"):
        return before
    verified: dict[str, Any] = {f"{kind}_verified": True}
    after = replace(before, updated_at=work.now, **verified)
    details: Json = {f"{kind}_verified": {"before": False, "after": True}}
    if is_first is None:
        is_first = not (before.email_verified or before.phone_verified)
    if is_first and work.person is None:
        after, ended = end_self_service(work, after)
        details |= ended
    storage.users.update(work.db, before, after)
    second_factors.prove(work, Factor(kind))
    email, phone = EventName.USERS_UPDATE_EMAIL_VERIFICATION, EventName.USERS_UPDATE_PHONE_VERIFICATION
    work.record(email if kind == "email" else phone, f"users/{after.id}", details, user_id=after.id)
    work.changed(f"users/{after.id}", before.public(), after.public())
    return after


def end_self_service(work: Work, user: User) -> tuple[User, Json]:
    """The account without what somebody may have put there before anybody proved an address of it; what ended."""
    details: Json = {}
    if user.password is not None and user.password.self_service:
        user = replace(user, password=None)
        details["password"] = "ended"  # noqa: S105 - a word of the log
    without = second_factors.end_self_service(work, user)
    if without != user:
        user = without
        details["factors"] = "ended"
    if ended := storage.sessions.end_of_user(work.db, user.seq, work.now, Ended.DELETED):
        details["sessions_ended"] = ended
    return user, details
