"""What ends what: the sessions and tokens of an account that end because of something else, declared in one table.

Every flow that ends them, whoever starts it, names its cause to `end` and writes the answer into its event.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from authctl import storage
from authctl.model import Ended, Json, TokenEnded, TokenKind, User

if TYPE_CHECKING:
    from authctl.core.work.unit import Work


class Cause(StrEnum):
    """Why sessions and tokens of an account end."""

    OWN_PASSWORD = "own_password"  # noqa: S105 - a cause; the person's own new password
    PASSWORD = "password"  # noqa: S105 - a new password from an operator or an import
    RECOVERY = "recovery"  # a recovery was redeemed
    BLOCK = "block"
    FACTORS_RESET = "factors_reset"
    OWNER_CHANGED = "owner_changed"  # somebody proved an address of an account that somebody else may have used
    ADDRESS_LEFT = "address_left"  # the same, and the other address that was given goes
    SIGNED_OUT = "signed_out"  # everywhere, by the person or an operator


class Sessions(StrEnum):
    """Which sessions of an account end."""

    NONE = "none"
    ALL = "all"
    OTHERS = "others"  # all but the one that acts


class Row(NamedTuple):
    """What ends, and the reason that is shown. policy: ends sessions only where this policy is on."""

    reason: Ended
    sessions: Sessions
    tokens: tuple[TokenKind | None, ...] = ()
    policy: str | None = None


COUNTS = ("sessions_ended", "tokens_ended")  # what `end` answers with

_ALL = (None,)  # tokens of any kind
_RECOVERY = (TokenKind.RECOVERY,)
_CHANGES = (TokenKind.EMAIL_CHANGE, TokenKind.PHONE_CHANGE)

TABLE = {
    Cause.OWN_PASSWORD: Row(Ended.PASSWORD_CHANGED, Sessions.OTHERS, _RECOVERY, "session-invalidation"),
    Cause.PASSWORD: Row(Ended.PASSWORD_CHANGED, Sessions.ALL, _RECOVERY, "session-invalidation"),
    Cause.RECOVERY: Row(Ended.PASSWORD_CHANGED, Sessions.ALL, _RECOVERY),
    Cause.BLOCK: Row(Ended.BLOCKED, Sessions.ALL, _ALL),
    Cause.FACTORS_RESET: Row(Ended.FACTORS_RESET, Sessions.ALL, _ALL),
    Cause.OWNER_CHANGED: Row(Ended.DELETED, Sessions.ALL),
    Cause.ADDRESS_LEFT: Row(Ended.DELETED, Sessions.NONE, _CHANGES),
    Cause.SIGNED_OUT: Row(Ended.DELETED, Sessions.ALL),
}


def end(work: Work, user: User, cause: Cause) -> Json:
    """End what the table lists; how many sessions and tokens ended, as details of an event."""
    row = TABLE[cause]
    ended: Json = {}
    if row.sessions is not Sessions.NONE:
        ended["sessions_ended"] = _end_sessions(work, user, row)
    if row.tokens:
        ended["tokens_ended"] = sum(
            storage.tokens.end_of_user(work.db, user.seq, work.now, TokenEnded(row.reason), kind=kind)
            for kind in row.tokens
        )
    return ended


def _end_sessions(work: Work, user: User, row: Row) -> int:
    if row.policy is not None and not work.policy[row.policy]:
        return 0
    current = work.person.session.seq if work.person is not None and row.sessions is Sessions.OTHERS else 0
    return storage.sessions.end_of_user(work.db, user.seq, work.now, row.reason, kept=current)
