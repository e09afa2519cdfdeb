"""What ends what: all of an account that ends because of something else, declared in one table.

Every flow that ends something, whoever starts it, names its cause to `end` and writes the answer into its event. A
challenge ends with its session. A change of an address, asked for and not yet redeemed, is the address that the account
has pending, and the tokens that were sent there.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any, NamedTuple

from authctl import storage
from authctl.core.accounts import standing
from authctl.core.accounts.standing import AddressKind
from authctl.core.work.unit import Work
from authctl.model import ChallengeEnded, Ended, Json, TokenEnded, TokenKind, User


class Cause(StrEnum):
    """Why something of an account ends."""

    OWN_PASSWORD = "own_password"  # noqa: S105 - a cause; the person's own new password
    PASSWORD = "password"  # noqa: S105 - a new password from an operator or an import, or that one must be set
    RECOVERY = "recovery"  # a recovery was redeemed
    SECURED = "secured"  # the account was taken, and is given back
    CHANGE_CANCELLED = "change_cancelled"  # by the old address
    BLOCK = "block"
    MERGED = "merged"  # the account and another one became one
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"  # or an identity, or two are asked for no more
    FACTORS_RESET = "factors_reset"
    OWNER_CHANGED = "owner_changed"  # somebody proved an address of an account that somebody else may have used
    SESSION = "session"  # one of its sessions was ended
    SIGNED_OUT = "signed_out"  # everywhere, by the person or an operator
    ADDRESS_CHANGED = "address_changed"  # an address was changed, released or taken off
    ADDRESS_PROVED = "address_proved"  # nothing ends


class Sessions(StrEnum):
    """Which sessions of an account end."""

    NONE = "none"
    ALL = "all"
    OTHERS = "others"  # all but the one that acts
    OF_ADDRESS = "of_address"  # those that were signed in to by it, but the one that acts
    OF_PROVIDER = "of_provider"  # those that were signed in to by an identity of that provider, but the one that acts


class Changes(StrEnum):
    """Which changes of its addresses, asked for and not yet redeemed, end."""

    NONE = "none"
    ALL = "all"
    OF_ENDED = "of_ended"  # those that were asked for in a session that is over
    OF_OTHERS = "of_others"  # those that were not asked for in the session that acts


class Row(NamedTuple):
    """What ends, and the reason that is shown. policy: ends sessions only where this policy is on.

    second_factors: what the sessions have proved of them, and their challenges. The one that acts is no exception: it
    completes a challenge before it goes on, where two factors are still asked for.
    tokens: whose secrets sign in or set a password. verifications: of the addresses that the account has. of_address:
    all that were sent to the address that it is about. invitations: those that the account has sent.
    """

    reason: Ended | TokenEnded
    sessions: Sessions = Sessions.NONE
    tokens: bool = False
    changes: Changes = Changes.NONE
    verifications: bool = False
    of_address: bool = False
    invitations: bool = False
    second_factors: bool = False
    policy: str | None = None


COUNTS = ("sessions_ended", "tokens_ended", "invitations_ended")  # what `end` answers with

SIGN_INS = (TokenKind.EMAIL, TokenKind.PHONE, TokenKind.MAGIC_URL, TokenKind.TOKEN, TokenKind.RECOVERY)
CHANGES = (TokenKind.EMAIL_CHANGE, TokenKind.PHONE_CHANGE, TokenKind.CHANGE_CONFIRM)
CANCELS = (TokenKind.CHANGE_CANCEL,)  # of old addresses, which only operators end
VERIFICATIONS = (TokenKind.EMAIL_VERIFICATION, TokenKind.PHONE_VERIFICATION)

TABLE = {
    Cause.OWN_PASSWORD: Row(
        Ended.PASSWORD_CHANGED, Sessions.OTHERS, tokens=True, changes=Changes.ALL, policy="session-invalidation"
    ),
    Cause.PASSWORD: Row(Ended.PASSWORD_CHANGED, Sessions.ALL, tokens=True, changes=Changes.ALL),
    Cause.RECOVERY: Row(Ended.PASSWORD_CHANGED, Sessions.ALL, tokens=True, changes=Changes.ALL),
    Cause.SECURED: Row(Ended.SECURED, Sessions.ALL, tokens=True, changes=Changes.ALL, invitations=True),
    Cause.CHANGE_CANCELLED: Row(Ended.CHANGE_CANCELLED, Sessions.ALL, tokens=True, changes=Changes.ALL),
    Cause.BLOCK: Row(
        Ended.BLOCKED, Sessions.ALL, tokens=True, changes=Changes.ALL, verifications=True, invitations=True
    ),
    Cause.MERGED: Row(Ended.MERGED, Sessions.ALL, tokens=True, changes=Changes.ALL, verifications=True),
    Cause.FACTOR_ADDED: Row(TokenEnded.FACTORS_CHANGED, changes=Changes.OF_OTHERS),
    Cause.FACTOR_REMOVED: Row(Ended.FACTORS_CHANGED, Sessions.OF_PROVIDER, changes=Changes.ALL, second_factors=True),
    Cause.FACTORS_RESET: Row(Ended.FACTORS_RESET, Sessions.ALL, tokens=True, changes=Changes.ALL, verifications=True),
    Cause.OWNER_CHANGED: Row(Ended.OWNER_CHANGED, Sessions.ALL, tokens=True, changes=Changes.ALL),
    Cause.SESSION: Row(TokenEnded.SESSION_ENDED, changes=Changes.OF_ENDED),
    Cause.SIGNED_OUT: Row(Ended.DELETED, Sessions.ALL, changes=Changes.OF_ENDED),
    Cause.ADDRESS_CHANGED: Row(Ended.ADDRESS_CHANGED, Sessions.OF_ADDRESS, of_address=True),
    Cause.ADDRESS_PROVED: Row(Ended.ADDRESS_CHANGED),
}


def end(work: Work, user: User, cause: Cause, kind: AddressKind | None = None, *, provider: str | None = None) -> Json:
    """End what the table lists; which changes, and how many sessions and tokens, as details of an event.

    kind: of the address that the cause is about, which the user still has. provider: of the identity that it is about.
    """
    row = TABLE[cause]
    ended: Json = {}
    if row.sessions is not Sessions.NONE:
        ended["sessions_ended"] = _end_sessions(work, user, row, kind, provider)
    if row.second_factors:
        storage.sessions.forget_factors(work.db, user.seq)
        storage.challenges.end_of_user(work.db, user.seq, work.now, ChallengeEnded.FACTORS_CHANGED)
    if pending := [each for each in standing.KINDS if _ends_pending(work, row, user, each)]:
        ended |= _end_pending(work, user, row, pending)
    kinds = (*(SIGN_INS if row.tokens else ()), *(VERIFICATIONS if row.verifications else ()))
    kinds += CHANGES if row.changes is Changes.ALL else ()
    kinds += CANCELS if cause is Cause.SECURED and work.is_operator else ()
    if kinds:
        _count(ended, storage.tokens.end_of_kinds(work.db, user.seq, work.now, str(row.reason), kinds))
    elif count := _end_changes(work, user, row):
        _count(ended, count)
    if row.of_address and kind is not None:
        _count(ended, end_sent_to(work, user, getattr(user, kind), row.reason))
    if row.invitations and (count := storage.memberships.delete_invited_by(work.db, user.seq)):
        ended["invitations_ended"] = count
    return ended


def end_everybodys(work: Work) -> Json:
    """The same for everybody, who are signed out everywhere."""
    ended = {"sessions_ended": storage.sessions.end_all(work.db, work.now, Ended.DELETED)}
    storage.users.end_pending(work.db)
    reason = str(TokenEnded.SESSION_ENDED)
    return ended | {"tokens_ended": storage.tokens.end_of_all_ended_sessions(work.db, work.now, reason, CHANGES)}


def left(user: User, ended: Json) -> User:
    """The account without the pending addresses that `end` says it ended."""
    gone: dict[str, Any] = {}
    for kind in standing.KINDS:
        if f"pending_{kind}" in ended and ended[f"pending_{kind}"]["after"] is None:
            gone |= {f"pending_{kind}": None, f"pending_{kind}_session": None}
    return replace(user, **gone) if gone else user


def end_sent_to(work: Work, user: User, address: str | None, reason: Ended | TokenEnded) -> int:
    """End a user's tokens that were sent to an address; how many there were."""
    if address is None:
        return 0
    return storage.tokens.end_of_address(work.db, user.seq, work.now, str(reason), address)


def _ends_pending(work: Work, row: Row, user: User, kind: AddressKind) -> bool:
    """Whether the account has a pending address of that kind, and it ends."""
    if getattr(user, f"pending_{kind}") is None:
        return False
    asked_in = getattr(user, f"pending_{kind}_session")
    if row.changes is Changes.OF_ENDED:
        return asked_in is not None and storage.sessions.has_ended(work.db, asked_in)
    if row.changes is Changes.OF_OTHERS:
        return bool(asked_in != (work.person.session.seq if work.person is not None else None))
    return row.changes is Changes.ALL


def _end_pending(work: Work, user: User, row: Row, kinds: list[AddressKind]) -> Json:
    """End pending addresses, and the tokens that were sent there."""
    reason = TokenEnded.SESSION_ENDED if row.changes is Changes.OF_ENDED else row.reason
    ended: Json = {}
    for kind in kinds:
        address = getattr(user, f"pending_{kind}")
        ended[f"pending_{kind}"] = {"before": address, "after": None}
        _count(ended, end_sent_to(work, user, address, reason))
    storage.users.update(work.db, user, left(user, ended))
    return ended


def _count(ended: Json, tokens: int) -> None:
    ended["tokens_ended"] = ended.get("tokens_ended", 0) + tokens


def _end_changes(work: Work, user: User, row: Row) -> int:
    """End the changes that were asked for in some sessions; how many there were."""
    at = (work.db, user.seq, work.now)
    if row.changes is Changes.OF_ENDED:
        return storage.tokens.end_of_ended_sessions(*at, str(TokenEnded.SESSION_ENDED), CHANGES)
    if row.changes is Changes.OF_OTHERS:
        current = work.person.session.seq if work.person is not None else None
        return storage.tokens.end_of_other_sessions(*at, str(row.reason), CHANGES, current)
    return 0


def _end_sessions(work: Work, user: User, row: Row, kind: AddressKind | None, provider: str | None) -> int:
    if row.policy is not None and not work.policy[row.policy]:
        return 0
    current = work.person.session.seq if work.person is not None and row.sessions is not Sessions.ALL else 0
    at = (work.db, user.seq, work.now, str(row.reason))
    if row.sessions is Sessions.OF_ADDRESS:
        return storage.sessions.end_signed_in_by(*at, str(kind), kept=current)
    if row.sessions is Sessions.OF_PROVIDER:
        return storage.sessions.end_of_provider(*at, provider, kept=current) if provider is not None else 0
    return storage.sessions.end_of_user(*at, kept=current)
