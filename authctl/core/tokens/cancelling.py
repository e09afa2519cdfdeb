"""What an old address can do about a change of it, by the policy `change-needs-old`; it is told in any case.

    cancel     a change is asked for ──▶ the old address gets a secret (change-cancel)
                   redeemed before the change ─────────▶ the change ends
                   redeemed up to 72 hours after it ───▶ the old address is back; sessions, tokens and the password
                                                         end, and a new one is asked for
    confirm    a change is asked for ──▶ the old address gets a secret (change-confirm)
                   redeemed, and that of the change ───▶ the address is changed

Nothing ends what cancels a change but an operator who secures the account or changes the address: whoever changed it
may be an intruder, and able to do all that a person can: so how many are asked for is limited, and none pushes another
out of those that a secret is compared with. Of several, an older one ends the newer ones with it. An old
email is told of what becomes of the phone for as long as it can take back its own change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from authctl import storage
from authctl.core.accounts import endings, lookup, records, standing, throttle
from authctl.core.accounts.endings import Cause
from authctl.core.accounts.standing import AddressKind, Standing
from authctl.core.credentials import addresses
from authctl.core.messages import notices
from authctl.core.messages.compose import AskedChange
from authctl.core.tokens import codes, issue, mock_phones
from authctl.core.tokens.kinds import SecretForm
from authctl.errors import Denied
from authctl.model import EventName, Json, Token, TokenEnded, TokenKind, User, instant, is_ahead

if TYPE_CHECKING:
    from authctl.core.work.unit import Work

WAITING = timedelta(days=30)  # how long a change that is not made yet can be cancelled or agreed to
LIFE = timedelta(hours=72)  # how long one that is made can be taken back
MOST = storage.tokens.RECENT // 2  # changes that are asked for meanwhile: more would hide what the first address holds
_KINDS = {"cancel": TokenKind.CHANGE_CANCEL, "confirm": TokenKind.CHANGE_CONFIRM}
_PROOFS: dict[AddressKind, tuple[TokenKind, TokenKind]] = {
    "email": (TokenKind.EMAIL_CHANGE, TokenKind.EMAIL_VERIFICATION),
    "phone": (TokenKind.PHONE_CHANGE, TokenKind.PHONE_VERIFICATION),
}


def tell(work: Work, user: User, kind: AddressKind, new: str | None, *, session_seq: int | None = None) -> None:
    """Tell the old address of a change that was asked for, and give it its say. new: None for one that was removed.

    session_seq: the session that it was asked for in, where that is not the one that acts.
    """
    old, how = getattr(user, kind), _KINDS.get(work.policy["change-needs-old"])
    _end(work, user, TokenKind.CHANGE_CONFIRM, kind, TokenEnded.REPLACED)
    secret = None
    if how is not None and _is_firm(user, kind):
        secret, life = codes.new_secret(work, SecretForm.LONG), WAITING if new is not None else LIFE
        was_given = not getattr(user, f"{kind}_self_service")
        token = issue.new(
            work,
            user,
            how,
            secret,
            life=life,
            is_code=False,
            address=old,
            session_seq=session_seq,
            by_operator=was_given,
        )
        issue.record(work, token, {})
    is_asked = how is TokenKind.CHANGE_CONFIRM and secret is not None
    asked = AskedChange(lookup.reference(user.id), old or "", new, secret, is_asked)
    emails = [user.email] if user.email is not None and _is_firm(user, "email") else []
    if kind == "phone":
        emails += _emails_that_may_return(work, user)
    for email in emails:
        notices.change_asked(work, user, email, asked)
    if not emails and kind == "phone" and secret is not None and mock_phones.find_code(work, old) is None:
        notices.change_asked_by_sms(work, user, asked)


def _emails_that_may_return(work: Work, user: User) -> list[str]:
    """Old emails that can still take back a change: whoever is at the new one may be an intruder."""
    tokens = _of(work, user, TokenKind.CHANGE_CANCEL, "email")
    live = {token.address for token in tokens if token.address is not None and token.is_live(work.now)}
    return sorted(live - {user.email})


def check_removal(work: Work, user: User, kind: AddressKind) -> None:
    """Refuse a person who removes an address that has to confirm its changes: nobody would ask it afterwards."""
    if work.policy["change-needs-old"] == "confirm" and _is_firm(user, kind):
        message = f"Only operators can remove this {kind}, because it confirms changes of itself."
        raise Denied("user_unauthorized", message, field=kind, hint="Change it, or ask an operator.")


def check_room(work: Work, user: User) -> None:
    """Refuse a person who asks for change after change, until older secrets of old addresses are found no more."""
    how = _KINDS.get(work.policy["change-needs-old"])
    if how is None or work.is_operator:
        return
    recent = storage.tokens.list_recent(work.db, user.seq, how)
    lately = [token for token in recent if not is_ahead(token.created_at, work.now)][:MOST]
    if len(lately) == MOST and lately[-1].created_at > work.now - LIFE:
        until = lately[-1].created_at + LIFE
        message = f"You asked for {MOST} address changes in {LIFE // timedelta(hours=1)} hours, which is the limit."
        raise Denied("general_rate_limit_exceeded", message, hint=f"Try again after {instant(until)}.")


def _is_firm(user: User, kind: AddressKind) -> bool:
    """Whether an address was proved, or given by an operator."""
    return standing.of(user, kind) in (Standing.PROVED, Standing.GIVEN)


def _of(work: Work, user: User, kind: TokenKind, address: AddressKind) -> list[Token]:
    """What old emails or phones of a user were sent, the newest first."""
    found = storage.tokens.list_recent(work.db, user.seq, kind)
    return [token for token in found if _kind_of(token) == address]


def _kind_of(token: Token) -> AddressKind:
    return "email" if "@" in (token.address or "") else "phone"


def _end(work: Work, user: User, kind: TokenKind, address: AddressKind, reason: TokenEnded, *, behind: int = 0) -> None:
    """End what old addresses were sent; behind: that is newer than the one of that number."""
    for token in _of(work, user, kind, address):
        if token.seq > behind and token.is_live(work.now):
            storage.tokens.end(work.db, token.seq, work.now, reason)


# Agreeing


def is_agreed(work: Work, user: User, kind: AddressKind) -> bool | None:
    """Whether the old address agrees to the change that waits, or need not; None where it was not even asked."""
    if not _is_firm(user, kind):
        return True
    asked = [token for token in _of(work, user, TokenKind.CHANGE_CONFIRM, kind) if token.address == getattr(user, kind)]
    if not asked:
        return None if work.policy["change-needs-old"] == "confirm" else True
    return asked[0].ended_reason == TokenEnded.USED


def agree(work: Work, user: User, agreement: Token) -> User | None:
    """Make the change that the old address agrees to, once the new one is proved; None where there is none."""
    kind = _kind_of(agreement)
    pending = getattr(user, f"pending_{kind}")
    if pending is None or getattr(user, kind) != agreement.address:
        return None
    proofs = (token for each in _PROOFS[kind] for token in storage.tokens.list_recent(work.db, user.seq, each))
    used = [token for token in proofs if token.address == pending and token.ended_reason == TokenEnded.USED]
    is_proved = any(token.ended_at is not None and token.ended_at >= agreement.created_at for token in used)
    return make(work, user, kind) if is_proved else user


def make(work: Work, before: User, kind: AddressKind) -> User:
    """Make the pending address the account's. For some time the old one can take that back."""
    after = addresses.hold(work, before, kind)
    for token in _of(work, before, TokenKind.CHANGE_CANCEL, kind):
        if token.address == getattr(before, kind) and token.is_live(work.now):
            storage.tokens.set_expiry(work.db, token.seq, work.now + LIFE)
    return after


# Cancelling


def decide(work: Work, user: User, kind: AddressKind) -> None:
    """An operator says which address it is: old ones have no say any more."""
    _end(work, user, TokenKind.CHANGE_CANCEL, kind, TokenEnded.DELETED)
    _end(work, user, TokenKind.CHANGE_CONFIRM, kind, TokenEnded.DELETED)


def took_back(before: User, after: User) -> bool:
    """Whether what was cancelled had been made, so that a new password is asked for, even if the old one had gone."""
    return (before.email, before.phone) != (after.email, after.phone)


def cancel(work: Work, before: User, token: Token) -> User:
    """End a change, or take it back: all that follows from it is listed here."""
    kind = _kind_of(token)
    _end(work, before, TokenKind.CHANGE_CANCEL, kind, TokenEnded.CHANGE_CANCELLED, behind=token.seq)
    if getattr(before, kind) == token.address:
        return addresses.ask(work, before, kind, None)
    details: Json = {"cancelled": True} | endings.end(work, before, Cause.CHANGE_CANCELLED)
    throttle.unlock(work, before)
    bare = replace(before, password=None, locked_until=None, codes_locked_until=None)
    bare = records.save(work, before, bare, EventName.USERS_UPDATE_PASSWORD, details)
    assert token.address is not None
    return addresses.restore(work, bare, kind, token.address, was_given=token.by_operator)
