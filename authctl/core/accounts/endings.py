"""What ends what: all of an account that ends because of something else, declared in one table.

Every flow that ends something, whoever starts it, names its cause to `end` and writes the answer into its event. A
challenge ends with its session.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from authctl import storage
from authctl.core.work.unit import Work
from authctl.model import Ended, Json, TokenEnded, TokenKind, User


class Cause(StrEnum):
    """Why something of an account ends."""

    OWN_PASSWORD = "own_password"  # noqa: S105 - a cause; the person's own new password
    PASSWORD = "password"  # noqa: S105 - a new password from an operator or an import, or that one must be set
    RECOVERY = "recovery"  # a recovery was redeemed
    BLOCK = "block"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"  # or an identity, or two are asked for no more
    FACTORS_RESET = "factors_reset"
    OWNER_CHANGED = "owner_changed"  # somebody proved an address of an account that somebody else may have used
    SESSION = "session"  # one of its sessions was ended
    SIGNED_OUT = "signed_out"  # everywhere, by the person or an operator


class Sessions(StrEnum):
    """Which sessions of an account end."""

    NONE = "none"
    ALL = "all"
    OTHERS = "others"  # all but the one that acts


class Changes(StrEnum):
    """Which changes of its addresses, asked for and not yet redeemed, end."""

    NONE = "none"
    ALL = "all"
    OF_ENDED = "of_ended"  # those that were asked for in a session that is over
    OF_OTHERS = "of_others"  # those that were not asked for in the session that acts


class Row(NamedTuple):
    """What ends, and the reason that is shown. policy: ends sessions only where this policy is on.

    tokens: whose secrets sign in or set a password. verifications: of the addresses that the account has.
    """

    reason: Ended | TokenEnded
    sessions: Sessions = Sessions.NONE
    tokens: bool = False
    changes: Changes = Changes.NONE
    verifications: bool = False
    policy: str | None = None


COUNTS = ("sessions_ended", "tokens_ended")  # what `end` answers with

SIGN_INS = (TokenKind.EMAIL, TokenKind.PHONE, TokenKind.MAGIC_URL, TokenKind.TOKEN, TokenKind.RECOVERY)
CHANGES = (TokenKind.EMAIL_CHANGE, TokenKind.PHONE_CHANGE)
VERIFICATIONS = (TokenKind.EMAIL_VERIFICATION, TokenKind.PHONE_VERIFICATION)

TABLE = {
    Cause.OWN_PASSWORD: Row(
        Ended.PASSWORD_CHANGED, Sessions.OTHERS, tokens=True, changes=Changes.ALL, policy="session-invalidation"
    ),
    Cause.PASSWORD: Row(Ended.PASSWORD_CHANGED, Sessions.ALL, tokens=True, changes=Changes.ALL),
    Cause.RECOVERY: Row(Ended.PASSWORD_CHANGED, Sessions.ALL, tokens=True, changes=Changes.ALL),
    Cause.BLOCK: Row(Ended.BLOCKED, Sessions.ALL, tokens=True, changes=Changes.ALL, verifications=True),
    Cause.FACTOR_ADDED: Row(TokenEnded.FACTORS_CHANGED, changes=Changes.OF_OTHERS),
    Cause.FACTOR_REMOVED: Row(TokenEnded.FACTORS_CHANGED, changes=Changes.ALL),
    Cause.FACTORS_RESET: Row(Ended.FACTORS_RESET, Sessions.ALL, tokens=True, changes=Changes.ALL, verifications=True),
    Cause.OWNER_CHANGED: Row(Ended.OWNER_CHANGED, Sessions.ALL, tokens=True, changes=Changes.ALL),
    Cause.SESSION: Row(TokenEnded.SESSION_ENDED, changes=Changes.OF_ENDED),
    Cause.SIGNED_OUT: Row(Ended.DELETED, Sessions.ALL, changes=Changes.OF_ENDED),
}


def end(work: Work, user: User, cause: Cause) -> Json:
    """End what the table lists; how many sessions and tokens ended, as details of an event."""
    row = TABLE[cause]
    ended: Json = {}
    if row.sessions is not Sessions.NONE:
        ended["sessions_ended"] = _end_sessions(work, user, row)
    kinds = (*(SIGN_INS if row.tokens else ()), *(VERIFICATIONS if row.verifications else ()))
    kinds += CHANGES if row.changes is Changes.ALL else ()
    if kinds:
        ended["tokens_ended"] = storage.tokens.end_of_kinds(work.db, user.seq, work.now, str(row.reason), kinds)
    elif count := _end_changes(work, user, row):
        ended["tokens_ended"] = count
    return ended


def end_everybodys(work: Work) -> Json:
    """The same for everybody, who are signed out everywhere."""
    reason = Ended.DELETED
    return {
        "sessions_ended": storage.sessions.end_all(work.db, work.now, reason),
        "tokens_ended": storage.tokens.end_of_all_ended_sessions(
            work.db, work.now, str(TokenEnded.SESSION_ENDED), CHANGES
        ),
    }


def _end_changes(work: Work, user: User, row: Row) -> int:
    """End the changes that were asked for in some sessions; how many there were."""
    at = (work.db, user.seq, work.now)
    if row.changes is Changes.OF_ENDED:
        return storage.tokens.end_of_ended_sessions(*at, str(TokenEnded.SESSION_ENDED), CHANGES)
    if row.changes is Changes.OF_OTHERS:
        current = work.person.session.seq if work.person is not None else None
        return storage.tokens.end_of_other_sessions(*at, str(row.reason), CHANGES, current)
    return 0


def _end_sessions(work: Work, user: User, row: Row) -> int:
    if row.policy is not None and not work.policy[row.policy]:
        return 0
    current = work.person.session.seq if work.person is not None and row.sessions is Sessions.OTHERS else 0
    return storage.sessions.end_of_user(work.db, user.seq, work.now, str(row.reason), kept=current)
