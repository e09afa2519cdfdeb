"""What a redeemed proof of an address leads to: a code or link that signs in, a recovery, an accepted invitation, or
the email of somebody for whom a provider vouches. `decide` says which of these it is, and `carry_out` does it.

    the address is
      proved ────────────────────────────────────────────▶ THEIRS       that account
      not, and it is redeemed in a session of the account ▶ PROVES       the address is proved
      given ────┬─ the account has no proof ─────────────▶ PROVES       that account, and the address is proved
                └─ it has another proof ─┬───────────────▶ HALF         a session of it that something else completes
      claimed ──┬─ it has another proof ─┘ `new_account` ─▶ NEW_ACCOUNT  the address leaves it for one of the prover's
                └─ it has no proof ──────────────────────▶ NEW_OWNER    the account goes to the prover
      pending, or nobody's: an account of its own was made when the code was asked for, which claims the address

Whoever gives an address may be somebody else than who has it. So nobody finds a door left open in an account that was
prepared for them, and nobody loses a proof of their own to a mailbox or phone that is another's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from authctl import storage
from authctl.core.accounts import endings, identities, records, standing
from authctl.core.accounts.endings import Cause
from authctl.core.accounts.standing import AddressKind, Standing
from authctl.core.credentials import addresses, factors
from authctl.core.messages import notices
from authctl.core.work.unit import Work
from authctl.errors import Denied
from authctl.model import Json, NewUser, Session, User

_TOLD = {"password", "factors", "email", "phone", "sessions_ended"}  # of what ends, in the details of the event


class Verdict(StrEnum):
    """Who gets what."""

    THEIRS = "theirs"
    PROVES = "proves"
    HALF = "half"
    NEW_ACCOUNT = "new_account"
    NEW_OWNER = "new_owner"


@dataclass(frozen=True, slots=True)
class Proof:
    """The account that a proof leads to. ended: what of it was another's, in words."""

    user: User
    ended: tuple[str, ...] = ()


def decide(work: Work, user: User, kind: AddressKind, *, new_account: bool = False) -> Verdict:
    """What the proof of an address that the account holds means.

    new_account: whoever proves it says that the account is somebody else's.
    """
    known = standing.of(user, kind)
    if known is Standing.PROVED:
        return Verdict.THEIRS
    if work.person is not None and work.person.user.seq == user.seq:
        return Verdict.PROVES
    if identities.has_proof(work, user):
        return Verdict.NEW_ACCOUNT if new_account else Verdict.HALF
    return Verdict.PROVES if known is Standing.GIVEN else Verdict.NEW_OWNER


def carry_out(work: Work, user: User, kind: AddressKind, verdict: Verdict) -> Proof:
    """Do what was decided. A half session is the caller's to give; the account waits for that to be complete."""
    match verdict:
        case Verdict.THEIRS | Verdict.HALF:
            return Proof(user)
        case Verdict.PROVES:
            return Proof(addresses.verify(work, user, kind))
        case Verdict.NEW_ACCOUNT:
            given: dict[str, Any] = {kind: getattr(user, kind), f"{kind}_verified": True}
            addresses.take_off(work, user, kind)
            return Proof(records.insert_new(work, NewUser(**given)))
        case Verdict.NEW_OWNER:
            return _hand_over(work, user, kind)


def complete(work: Work, user: User, session: Session) -> User:
    """A session that began with an address that was not proved is complete: the address is proved."""
    kind = factors.unproved(user, session)
    return addresses.verify(work, user, kind) if kind is not None else user


def needs_more() -> Denied:
    """What somebody is told who proves an address, and has to prove something else of the account first."""
    return Denied(
        "user_more_factors_required",
        "This address is not verified, and the account has something else that is.",
        field="secret",
        hint="Sign in another way, then repeat this with --as-session.",
    )


# The account goes to the prover


def _hand_over(work: Work, before: User, kind: AddressKind) -> Proof:
    """Give an account to whoever proved the address that it claimed: what another may have put there ends.

    The id, name, preferences, labels, metadata and memberships stay.
    """
    emptied, details = end_anothers(work, before, kind)
    verified: dict[str, Any] = {f"{kind}_verified": True}
    details = {f"{kind}_verified": {"before": False, "after": True}} | details
    after = records.save(work, before, replace(emptied, **verified), addresses.VERIFIED[kind], details)
    return Proof(after, tell(work, after, details))


def tell(work: Work, user: User, details: Json) -> tuple[str, ...]:
    """Tell who proved the address what ended of the account, if anything did; what that is, in words."""
    ended = tuple(name.removesuffix("_ended") for name in details if name in _TOLD)
    if ended:
        notices.handed_over(work, user, ended)
    return ended


def end_anothers(work: Work, user: User, kind: AddressKind) -> tuple[User, Json]:
    """The account, which has no proof, without what somebody else may have put there; and what ended, as details.

    What is left is still to be stored, and its event to be written.
    """
    details: Json = {}
    if user.password is not None:
        user = replace(user, password=None)
        details["password"] = "ended"  # noqa: S105 - a word of the log
    without = factors.end_all(work, user)
    if without != user:
        details["factors"] = "ended"
    other = addresses.OTHER[kind]
    if standing.of(without, other) is Standing.CLAIMED:
        details[other] = {"before": getattr(user, other), "after": None}
        without = addresses.without(without, other)
    details |= endings.end(work, user, Cause.OWNER_CHANGED)
    storage.attempts.forget_sources(work.db, user.seq)
    return without, {name: value for name, value in details.items() if value}
