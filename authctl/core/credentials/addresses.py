"""The addresses of an account: how it comes to hold one, proves it, and loses it.

                    an operator gives it, or a person before the account has anything else
           none ──────────────────────────────────────────────────────────────────────────▶ HELD ── verify ──▶ PROVED
             │ a person, once the account has a proof or a given address                                         ▲
             └─────────────────────▶ PENDING, beside the one that is held ──────── hold ─────────────────────────┘

A held address is one account's; people are found by it, and codes that are sent there sign in. A pending one reserves
nothing and finds nobody: whose it is shows when it is proved. What a proof means is in `proofs`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from authctl import storage
from authctl.core.accounts import endings, identities, records, requested, standing
from authctl.core.accounts.endings import Cause
from authctl.core.accounts.standing import AddressKind, Standing
from authctl.core.credentials import factors
from authctl.core.messages import notices
from authctl.core.policy import email_domains
from authctl.core.work.unit import Work
from authctl.model import EventName, Factor, Json, TokenEnded, User

OTHER: dict[AddressKind, AddressKind] = {"email": "phone", "phone": "email"}  # the two kinds, each with the other one
_CHANGED = {"email": EventName.USERS_UPDATE_EMAIL, "phone": EventName.USERS_UPDATE_PHONE}
VERIFIED = {
    "email": EventName.USERS_UPDATE_EMAIL_VERIFICATION,
    "phone": EventName.USERS_UPDATE_PHONE_VERIFICATION,
}


def change(work: Work, before: User, kind: AddressKind, address: str | None) -> User:
    """Give the account another address, which is unverified from then on; None takes it away.

    A person's is pending where the account has something to lose, and the old one stays until the new one is proved.
    """
    if address == getattr(before, kind):
        return ask(work, before, kind, None)
    if kind == "email" and work.person is not None:
        email_domains.check(work.policy, address)
    if address is not None and work.person is not None and _has_to_lose(work, before):
        return ask(work, before, kind, address)
    requested.make_way(work, kind, address)
    self_service = work.person is not None and address is not None
    return _move(work, before, _with(before, kind, address, self_service=self_service), kind)


def ask(work: Work, before: User, kind: AddressKind, address: str | None, *, is_sent: bool = True) -> User:
    """Have an address wait for its proof, instead of another that may have; None: have none wait.

    is_sent: False where a message is yet to be sent there, which may be refused: tokens to the other one stay so far.
    """
    session = work.person.session.seq if work.person is not None and address is not None else None
    fields: Json = {f"pending_{kind}": address, f"pending_{kind}_session": session}
    after = replace(before, **fields)
    if after == before:
        return before
    old = getattr(before, f"pending_{kind}")
    details: Json = {f"pending_{kind}": {"before": old, "after": address}}
    if is_sent and old != address:
        endings.end_sent_to(work, before, old, TokenEnded.ADDRESS_CHANGED)
    return records.save(work, before, after, _CHANGED[kind], details)


def take_back(work: Work, user: User, kind: AddressKind, address: str | None, before: User) -> None:
    """Have what waited before wait again, where the message to an address was refused that still waits."""
    if getattr(user, f"pending_{kind}") == address:
        fields: Json = {name: getattr(before, name) for name in (f"pending_{kind}", f"pending_{kind}_session")}
        records.save(work, user, replace(user, **fields), _CHANGED[kind])


def hold(work: Work, before: User, kind: AddressKind) -> User:
    """Make the pending address, which is proved by now, the account's own; all that follows from it is listed here.

    An account that only claims it loses it. Raises Conflict where another has proved it, or was given it.
    """
    address = getattr(before, f"pending_{kind}")
    take_from_claimant(work, before, kind, address)
    after = _move(work, before, _with(before, kind, address, verified=True, self_service=True), kind)
    factors.prove(work, Factor(kind))
    return after


def restore(work: Work, before: User, kind: AddressKind, address: str, *, was_given: bool) -> User:
    """Give an account an address back that it had, since that takes a change back; an account that only claims it
    loses it.

    was_given: an operator had given it. Another one had been proved: it may be an intruder's, who then changed it and
    takes that back, and is no operator's from then on. Whoever takes an email back reads the mailbox.
    """
    take_from_claimant(work, before, kind, address)
    is_proved = kind == "email" or not was_given
    return _move(work, before, _with(before, kind, address, verified=is_proved, self_service=not was_given), kind)


def verify(work: Work, before: User, kind: AddressKind) -> User:
    """Mark the email or phone as proved, which ends nothing."""
    verified: dict[str, Any] = {f"{kind}_verified": True}
    if getattr(before, f"{kind}_verified"):
        return before
    details: Json = {f"{kind}_verified": {"before": False, "after": True}}
    details |= endings.end(work, before, Cause.ADDRESS_PROVED)
    factors.prove(work, Factor(kind))
    return records.save(work, before, replace(before, **verified), VERIFIED[kind], details)


def take_off(work: Work, before: User, kind: AddressKind) -> User:
    """Take an address off an account, since it is somebody else's; an email's account is told at a verified phone."""
    if kind == "email":
        notices.email_taken_by_sms(work, before)
    return _move(work, before, without(before, kind), kind)


def without(user: User, kind: AddressKind) -> User:
    """The account without that address."""
    gone: dict[str, Any] = {kind: None, f"{kind}_verified": False, f"{kind}_self_service": False}
    return replace(user, **gone)


def _with(
    user: User, kind: AddressKind, address: str | None, *, verified: bool = False, self_service: bool = False
) -> User:
    """The account with that address, and with none pending."""
    fields: Json = {kind: address, f"{kind}_verified": verified, f"{kind}_self_service": self_service}
    return replace(user, **fields | {f"pending_{kind}": None, f"pending_{kind}_session": None})


def _move(work: Work, before: User, after: User, kind: AddressKind) -> User:
    """Store another address of an account, end what was built on the old one, and tell both."""
    ended = endings.end(work, before, Cause.ADDRESS_CHANGED, kind)
    details = records.changes(before, after) | {name: count for name, count in ended.items() if count}
    if (pending := getattr(before, f"pending_{kind}")) != getattr(after, f"pending_{kind}"):
        endings.end_sent_to(work, before, pending, TokenEnded.ADDRESS_CHANGED)
    moved = records.save(work, before, after, _CHANGED[kind], details)
    notices.address_changed(work, before, moved)
    return moved


def _has_to_lose(work: Work, user: User) -> bool:
    """Whether an account has a proof, or an address that an operator gave."""
    is_given = any(standing.of(user, kind) is Standing.GIVEN for kind in standing.KINDS)
    return is_given or identities.has_proof(work, user)


def take_from_claimant(work: Work, user: User, kind: AddressKind, address: str) -> None:
    """Take an address that is proved off another account, where that only claims it: its key decides about others."""
    requested.make_way(work, kind, address)
    holder = storage.users.find(work.db, kind, address, lock=True)
    if holder is None or holder.seq == user.seq or getattr(holder, kind) != address:  # an identity holds it
        return
    if standing.of(holder, kind) is Standing.CLAIMED:
        take_off(work, holder.at(work.now), kind)
