"""Hourly limits on messages, accounts and teams: by address, by person, by source, and in all.

                          counted by                          limited by
    a mail, an SMS        its address                         otp-hourly-limit
                          the signed-in person                person-hourly-limit, and a quarter of all
                          the source of the request           source-hourly-limit, and a quarter of all
                          all mails, or all SMS               email-hourly-limit, sms-hourly-limit
    an account, a team    the person, the source              creation-hourly-limit
    a code that signs in  the source                          the same, or it would show who has an account

The last quarter of all mails and SMS is reserved for recoveries and challenges, so that sign-ups, invitations and
changes never keep anybody out of their account. Sign-in codes cannot use it either, even for an existing account: the
answer would reveal which addresses have one. Notices are always sent. Refused messages are not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from authctl import storage
from authctl.core.accounts import sources
from authctl.core.crypto import digests
from authctl.errors import Denied
from authctl.model import CLOCKS_DIFFER
from authctl.storage.attempts import Times

if TYPE_CHECKING:
    from authctl.core.work.unit import Work
    from authctl.storage.attempts import Bucket

HOURLY = "hourly:"  # begins the buckets, which no attempt is counted in
WINDOW = timedelta(hours=1)
_PARTS = 4  # one part of all is kept for what is essential, and one is the most for one person or source


class _Quota(NamedTuple):
    """The limit of a bucket, 0 for none, and the policy that sets it. what: what is limited, for the error."""

    bucket: str
    limit: int
    policy: str
    what: str


def count_message(work: Work, address: str, *, is_sms: bool, is_essential: bool = False) -> None:
    """Count a message before it is sent. is_essential: whether it may use the reserved quarter.

    Raises Denied (general_rate_limit_exceeded).
    """
    kind, words = ("sms", "SMS") if is_sms else ("email", "mails")
    policy = f"{kind}-hourly-limit"
    most: int = work.policy[policy]
    part = most // _PARTS
    quotas = [
        _Quota(
            f"{HOURLY}to:{digests.name(address)}",
            work.policy["otp-hourly-limit"],
            "otp-hourly-limit",
            "messages to this address",
        )
    ]
    for actor, name in _actors(work):
        limits = ((work.policy[f"{actor}-hourly-limit"], f"{actor}-hourly-limit"), (max(part, min(most, 1)), policy))
        limit, named = min((each for each in limits if each[0]), default=(0, policy))
        quotas.append(_Quota(f"{HOURLY}{kind}:{name}", limit, named, f"{words} for one {actor}"))
    _check(quotas, _count(work, quotas))
    # At the end of the transaction, since all others wait for this one.
    in_all = [_Quota(f"{HOURLY}{kind}", most if is_essential else most - part, policy, f"{words}")]
    work.at_end(lambda: _check(in_all, _count(work, in_all)))


def count_creation(work: Work, what: str) -> None:
    """Count an account or a team that a person or source makes. what: `accounts` or `teams`. Raises Denied."""
    limit = work.policy["creation-hourly-limit"]
    quotas = [
        _Quota(f"{HOURLY}{what}:{name}", limit, "creation-hourly-limit", f"{what} by one {actor}")
        for actor, name in _actors(work)
    ]
    counts = _count(work, quotas)
    work.at_end(_check, quotas, counts)


def of_source(source: str) -> list[str]:
    """The buckets that a source is counted in."""
    return [f"{HOURLY}{what}:source:{source}" for what in ("email", "sms", "accounts", "teams")]


def _actors(work: Work) -> list[tuple[str, str]]:
    """The person and the source behind a unit of work, if known."""
    source = sources.find(work)
    actors = [("person", f"user:{work.person.user.id}")] if work.person is not None else []
    return actors + ([("source", f"source:{source}")] if source is not None else [])


def _count(work: Work, quotas: list[_Quota]) -> Callable[[], list[Bucket]]:
    buckets = [quota.bucket for quota in quotas]
    ahead = work.now + CLOCKS_DIFFER
    return storage.attempts.count_all(work.db, buckets, Times(work.now, work.now - WINDOW, ahead, ahead))


def _check(quotas: list[_Quota], counts: Callable[[], list[Bucket]]) -> None:
    for quota, counted in zip(quotas, counts(), strict=True):
        if quota.limit and counted.count > quota.limit:
            raise Denied(
                "general_rate_limit_exceeded",
                f"Limit reached: {quota.limit:,} {quota.what} an hour.",
                hint=f"Try again later. An operator can change the limit: authctl security set {quota.policy} N",
            )
