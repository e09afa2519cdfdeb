"""How guessing is slowed down: attempts at a credential are counted before they are made, by account and by source.

Each bucket is a machine of two states, kept in the database, so that every process counts in the same one:

                   attempt (count < limit)
                      ┌──────────┐
                      ▼          │           the attempt that reaches the limit
                    ┌──────────────┐ ───────────────────────────────────▶ ┌──────────────┐
       empty ─────▶ │     OPEN     │                                      │    LOCKED    │ ──┐ attempt: refused,
                    └──────────────┘ ◀─────────────────────────────────── └──────────────┘ ◀─┘ whatever it was
                      ▲          │     `sign-in-lockout` has passed, `users unlock`,
                      └──────────┘     or the attempt that locked it was right
             `sign-in-window` has passed since the first: the count begins again

An attempt is counted in a transaction of its own (`claim`), then made, which is slow, then judged (`settle`). Many at
once get no more tries than one after another, and a process that dies in between has used up its try, no more: the
window forgets it. The attempt that reaches the limit is still made; it locks the bucket meanwhile.

Which buckets an attempt counts in:
    source:ADDRESS      where --ip tells it; IPv6 by its /64, which is what one subscriber has
    user:ID             for strangers to the account
    user:ID@ADDRESS     for a source that has signed in to the account before: strangers cannot lock it out
    name:DIGEST         for a name that no account has, so that it looks and takes the same
    code:ID/KIND        for the codes of one kind, whichever of them was tried; code:ID@ADDRESS/KIND from a known source
    factor:ID           for second factors, whichever was tried in whichever challenge
    factor:ID@ADDRESS   for a source that has proved one before: whoever has the password alone gets no more tries by
                        signing in with it from many sources
A source that is locked out is not counted against the account: it cannot lock out others by going on. Every lock ends
by itself, so nobody is ever locked out for good. A right password takes back what it counted itself and no more of its
source's count: who has an account of their own gets no more tries at those of others by signing in to it in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from authctl import storage
from authctl.core.values import contacts
from authctl.errors import Denied, Invalid
from authctl.model import EventName, User, instant

if TYPE_CHECKING:
    from authctl.core.work.unit import Work


_FACTOR = "factor:"  # begins the buckets of second factors, and the sources that are known for one
SENT = "sent:"  # what the buckets of messages begin with, which no attempt is counted in
LOCKED, SOURCE_LOCKED = "locked", "source_locked"  # why an attempt may not be made, as the log says it
SENDING_WINDOW = timedelta(hours=1)  # what messages are counted in: otp-hourly-limit, sms-hourly-limit


@dataclass(frozen=True, slots=True)
class CountedAttempt:
    """An attempt that has been counted.

    refusal: why it may not be made at all, as the log says it, LOCKED or SOURCE_LOCKED. locks_source: whether it was
    the one that locked its source.
    """

    account: str
    source: str | None
    refusal: str | None
    locks_source: bool = False

    @property
    def allowed(self) -> bool:
        return self.refusal is None


def claim(
    work: Work, user: User | None, name: str, *, code: str | None = None, is_second_factor: bool = False
) -> CountedAttempt:
    """Count an attempt at an account before it is made. name: what was given for it, where there is no such account.

    code: the kind of a code that was sent, which is guessed at apart from the password and locks nothing but itself.
    is_second_factor: so are second factors, all together.
    """
    source = source_of(work.actor.ip)
    by_source = f"source:{source}" if source is not None else None
    account, known = _bucket(user, name, "", code, is_second_factor=is_second_factor), None
    if user is not None and source is not None:
        known = storage.attempts.KnownSource(
            user.seq,
            (_FACTOR if is_second_factor else "") + source,
            _bucket(user, name, f"@{source}", code, is_second_factor=is_second_factor),
        )
    of_source, of_account = storage.attempts.count_both(
        work.db, by_source, account, known, work.now, work.now - work.policy["sign-in-window"]
    )
    counted = _judge(work, of_source, None) if of_source is not None else _Counted(allowed=True, locks=False)
    if of_account is None or not counted.allowed:
        return CountedAttempt(account, source, SOURCE_LOCKED)
    allowed = _judge(work, of_account, user).allowed
    return CountedAttempt(of_account.name, source, None if allowed else LOCKED, counted.locks)


def _bucket(user: User | None, name: str, source: str, code: str | None, *, is_second_factor: bool) -> str:
    """Which bucket counts attempts at an account. source: `@ADDRESS` of one that is known to it, else empty."""
    if user is None:
        # What was typed may be a password in the wrong place: it is not kept.
        return (_FACTOR if is_second_factor and code is None else "") + f"name:{_hidden(name)}"
    if code is not None:
        return f"code:{user.id}{source}/{code}"
    return (_FACTOR if is_second_factor else "user:") + user.id + source


def succeed(work: Work, claim: CountedAttempt, user: User) -> None:
    """The attempt was right: its account's count begins again, its source's forgets this one."""
    storage.attempts.forget(work.db, claim.account)
    if claim.source is not None:
        storage.attempts.uncount(work.db, f"source:{claim.source}", unlock=claim.locks_source)
        known = _FACTOR if claim.account.startswith(_FACTOR) else ""
        storage.attempts.know(work.db, user.seq, known + claim.source, work.now)
    if user.locked_until is not None and claim.account == f"user:{user.id}":
        storage.users.set_locked(work.db, user.seq, None)


def forget(work: Work, user: User, *, of_second_factors: bool = True) -> None:
    """Forget every attempt at an account, also those of sources known to it."""
    storage.attempts.forget(work.db, f"user:{user.id}")
    for prefix in (f"user:{user.id}@", f"code:{user.id}/", f"code:{user.id}@"):
        storage.attempts.forget_all(work.db, prefix)
    if of_second_factors:
        forget_second_factors(work, user)


def forget_second_factors(work: Work, user: User) -> None:
    """Forget the attempts at an account's second factors alone."""
    storage.attempts.forget(work.db, f"factor:{user.id}")
    storage.attempts.forget_all(work.db, f"factor:{user.id}@")


def unlock(work: Work, user: User, *, of_second_factors: bool = True) -> None:
    """Let an account be signed in to at once. of_second_factors: False leaves the tries at those counted."""
    forget(work, user, of_second_factors=of_second_factors)
    storage.users.set_locked(work.db, user.seq, None)


def check_interval(work: Work, last_sent: datetime | None) -> None:
    """Refuse a message that comes too soon after the last of its kind; None where there was none."""
    wait = last_sent + work.policy["otp-interval"] - work.now if last_sent is not None else timedelta()
    if wait > timedelta():
        seconds = ceil(wait.total_seconds())
        raise Denied(
            "general_rate_limit_exceeded",
            f"One was sent just now; another can be asked for in {seconds} seconds.",
            hint="Wait, or use the one that was sent.",
        )


def check_country(work: Work, phone: str) -> None:
    """Refuse a number where no text messages are sent to."""
    places = work.policy["sms-countries"]
    if places is not None and not any(contacts.is_number_of(phone, place) for place in places):
        raise Invalid(
            "general_argument_invalid",
            f"No messages are sent to the country or area of this number, +{contacts.calling_code(phone)}.",
            field="phone",
            hint="An operator sets the countries with: authctl security set sms-countries COUNTRIES",
        )


def count_message(work: Work, address: str, *, is_sms: bool) -> None:
    """Count a message before it is sent: to its address, and of text messages all in an hour.

    Raises Denied (general_rate_limit_exceeded), and then it is not counted.
    """
    _count_message(work, SENT + _hidden(address), "otp-hourly-limit", "to this address")
    if is_sms:
        _count_message(work, f"{SENT}sms", "sms-hourly-limit", "as SMS")


def _count_message(work: Work, bucket: str, policy: str, where: str) -> None:
    limit = work.policy[policy]
    counted = storage.attempts.count(work.db, bucket, work.now, work.now - SENDING_WINDOW)
    if limit and counted.count > limit:
        raise Denied(
            "general_rate_limit_exceeded",
            f"No more than {limit:,} messages are sent {where} in an hour.",
            hint=f"Try again later; an operator sets the limit with: authctl security set {policy} N",
        )


def purge(work: Work) -> int:
    """Remove the counts of windows that have passed and locks that have ended; how many there were."""
    kept = work.now - work.policy["sign-in-window"]
    return storage.purging.delete_attempts(work.db, work.now, kept, but=SENT) + storage.purging.delete_attempts(
        work.db, work.now, work.now - SENDING_WINDOW, prefix=SENT
    )


def source_of(ip: str | None) -> str | None:
    """What stands for a source: an IPv4 address, or the /64 that an IPv6 one is in."""
    if ip is None:
        return None
    address = ip_address(ip)
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def _hidden(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class _Counted(NamedTuple):
    """allowed: the bucket was open. locks: this attempt reached the limit, and the next ones are refused."""

    allowed: bool
    locks: bool


def _judge(work: Work, counted: storage.attempts.Bucket, user: User | None) -> _Counted:
    """What an attempt that was counted in a bucket means, which it may lock."""
    if counted.locked_until is not None:
        return _Counted(allowed=False, locks=False)
    if counted.count < work.policy["sign-in-attempts"]:
        return _Counted(allowed=True, locks=False)
    _lock(work, counted.name, user)
    return _Counted(allowed=True, locks=True)


def _lock(work: Work, bucket: str, user: User | None) -> None:
    until = work.now + work.policy["sign-in-lockout"]
    storage.attempts.lock(work.db, bucket, until)
    if user is not None and bucket == f"user:{user.id}":
        storage.users.set_locked(work.db, user.seq, until)
        work.record(EventName.USERS_LOCK, f"users/{user.id}", {"until": instant(until)}, user_id=user.id)
