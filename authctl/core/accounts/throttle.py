"""How guessing is slowed down: attempts at a credential are counted before they are made, by account and by source.

Each bucket is a machine of two states, kept in the database, so that every process counts in the same one:

                   attempt (count < limit)
                      ┌──────────┐
                      ▼          │           the attempt that reaches the limit
                    ┌──────────────┐ ───────────────────────────────────▶ ┌──────────────┐
       empty ─────▶ │     OPEN     │                                      │    LOCKED    │ ──┐ attempt: refused,
                    └──────────────┘ ◀─────────────────────────────────── └──────────────┘ ◀─┘ whatever it was
                      ▲          │     its time has passed, `users unlock`, `security unlock-source`,
                      └──────────┘     or the attempt that locked it was right
             `sign-in-window` has passed since the first: the count begins again

A lock lasts `sign-in-lockout`. Each further lock of the same bucket lasts twice as long as the one before, up to a day,
until a day has passed without one. Locks of a source that is known to the account do not grow.

An attempt is counted in a transaction of its own (`claim`), then made, which is slow, then judged (`settle`). Many at
once get no more tries than one after another, and a process that dies in between has used up its try, no more: the
window forgets it. The attempt that reaches the limit is still made; it locks the bucket meanwhile.

Which buckets an attempt counts in:
    source:ADDRESS      where --ip tells it (`sources`), at any accounts: up to `source-attempts`; all others up to
                        `sign-in-attempts`. Many sign in from one address, so that it has slots
                        (`storage.attempts.Source`)
    user:ID             for strangers to the account
    user:ID@ADDRESS     for a source that has signed in to the account before, not longer ago than
                        `known-source-expiry`: strangers cannot lock it out
    name:DIGEST         for a name that no account has, so that it looks and takes the same
    code:ID/KIND        for the codes of one kind, whichever of them was tried; code:ID@ADDRESS/KIND from a known source
    code:ID/session-ID  for the password that somebody who is signed in confirms a change with
    factor:ID           for second factors, whichever was tried in whichever challenge
    factor:ID@ADDRESS   for a source that has proved one before: whoever has the password alone gets no more tries by
                        signing in with it from many sources
A locked password does not stop codes, links or recoveries. Strangers can lock the codes of a kind, too; a code that was
sent still works then, but is good for one try only (`redeem`, `challenges`). Recovery codes that are too long to be
guessed pass a lock of second factors, and end it; an authenticator's codes wait for its end.
A source that is locked out is not counted against the account: it cannot lock out others by going on. Every lock ends
by itself, so nobody is ever locked out for good. A right password takes back what it counted itself and no more of its
source's count: who has an account of their own gets no more tries at those of others by signing in to it in between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from authctl import storage
from authctl.core.accounts import quotas, sources
from authctl.core.crypto import digests
from authctl.core.values import contacts, identifiers
from authctl.core.work import batches
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Denied, Invalid
from authctl.model import (
    CLOCKS_DIFFER,
    LONGEST_LOCK,
    EventName,
    JsonObject,
    TokenKind,
    User,
    instant,
    is_ahead,
    is_within,
)

_FACTOR = "factor:"  # begins the buckets of second factors, and the sources that are known for one
_LOCKS = "#locks"  # ends the name of what counts the locks of a bucket
LOCKED, SOURCE_LOCKED = "locked", "source_locked"  # why an attempt may not be made, as the log says it
LOCKS_REMEMBERED = timedelta(days=1)  # after the end of the last
SOURCE_STAYS_FRESH = timedelta(hours=1)  # known-source-expiry is a day or more: an hour less is no loss
_DOUBLINGS = 17  # from the shortest sign-in-lockout, a second, to more than the longest lock


@dataclass(frozen=True, slots=True)
class CountedAttempt:
    """An attempt that has been counted.

    refusal: why it may not be made at all, as the log says it, LOCKED or SOURCE_LOCKED. of_source: what counted it for
    its source. locks: the buckets that it locked. is_source_fresh: the source signed in to the account so lately that
    it need not be written again.
    """

    account: str
    source: str | None
    refusal: str | None
    of_source: storage.attempts.Bucket | None = None
    locks: tuple[str, ...] = ()
    is_source_fresh: bool = False

    @property
    def allowed(self) -> bool:
        return self.refusal is None

    @property
    def by_source(self) -> str | None:
        """The bucket that it was counted in by its source."""
        return self.of_source.name if self.of_source is not None else None


def claim(
    work: Work, user: User | None, name: str, *, code: str | None = None, is_second_factor: bool = False
) -> CountedAttempt:
    """Count an attempt at an account before it is made. name: what was given for it, where there is no such account.

    code: the kind of a code that was sent, which is guessed at apart from the password and locks nothing but itself.
    is_second_factor: so are second factors, all together.
    """
    source = sources.find(work)
    by_source = None
    if source is not None:
        by_source = storage.attempts.Source(f"source:{source}", work.policy["source-attempts"])
    account, known = _bucket(user, name, "", code, is_second_factor=is_second_factor), None
    if user is not None and source is not None:
        known = storage.attempts.KnownSource(
            user.seq,
            (_FACTOR if is_second_factor else "") + source,
            _bucket(user, name, f"@{source}", code, is_second_factor=is_second_factor),
            sources.known_since(work),
        )
    times = _times(work, work.policy["sign-in-window"])
    of_source, of_account = storage.attempts.count_both(work.db, by_source, account, known, times)
    by = _judge(work, of_source, "source-attempts") if of_source is not None else _Judged(allowed=True)
    if of_account is None or not by.allowed:
        return CountedAttempt(account, source, SOURCE_LOCKED, of_source)
    at = _judge(work, of_account, "sign-in-attempts", user=user, is_known=of_account.name != account)
    seen = of_account.seen_at
    is_fresh = seen is not None and seen > work.now - SOURCE_STAYS_FRESH and not is_ahead(seen, work.now)
    refusal = None if at.allowed else LOCKED
    return CountedAttempt(of_account.name, source, refusal, of_source, by.locks + at.locks, is_fresh)


def _times(work: Work, window: timedelta, longest: timedelta = LONGEST_LOCK) -> storage.attempts.Times:
    """What a count goes by. longest: how long a lock may last."""
    ahead = work.now + CLOCKS_DIFFER
    return storage.attempts.Times(work.now, work.now - window, ahead, ahead + longest)


def _bucket(user: User | None, name: str, source: str, code: str | None, *, is_second_factor: bool) -> str:
    """Which bucket counts attempts at an account. source: `@ADDRESS` of one that is known to it, else empty."""
    if user is None:
        # What was typed may be a password in the wrong place: it is not kept.
        return (_FACTOR if is_second_factor and code is None else "") + f"name:{digests.name(name)}"
    if code is not None:
        return _code_bucket(user, source) + code
    return (_FACTOR if is_second_factor else "user:") + _named(user) + source


def _named(user: User) -> str:
    """A user's id as buckets have it: another system's may hold what stands before a source there."""
    return identifiers.embedded(user.id, "@/#")


def _code_bucket(user: User, source: str = "") -> str:
    """How the buckets of the codes of a user begin."""
    return f"code:{_named(user)}{source}/"


def find_code_lock(work: Work, user: User, kind: str) -> datetime | None:
    """Until when the codes of that kind are locked for strangers to the account, if they are."""
    return _find_lock(work, _code_bucket(user) + kind)


def _find_lock(work: Work, bucket: str) -> datetime | None:
    """Until when a bucket is locked, if it is."""
    until = storage.attempts.find_lock(work.db, bucket)
    return until if until is not None and is_within(until, work.now, LONGEST_LOCK) else None


def succeed(work: Work, claim: CountedAttempt, user: User) -> None:
    """The attempt was right: its account's count begins again, its source's forgets this one."""
    is_shown = _is_shown(work, user, claim.account)
    storage.attempts.succeed(work.db, claim.account, claim.of_source, unlock=claim.by_source in claim.locks)
    for bucket in claim.locks:
        storage.attempts.uncount(work.db, bucket + _LOCKS)
    if claim.source is not None and not claim.is_source_fresh:
        known = _FACTOR if claim.account.startswith(_FACTOR) else ""
        storage.attempts.know(work.db, user.seq, known + claim.source, work.now)
    if is_shown:
        storage.users.set_codes_locked(work.db, user.seq, None)
    if user.locked_until is not None and claim.account == f"user:{_named(user)}":
        storage.users.set_locked(work.db, user.seq, None)


def _is_shown(work: Work, user: User, bucket: str) -> bool:
    """Whether that bucket of codes or second factors is the one whose lock the account shows."""
    until = user.codes_locked_until
    return until is not None and storage.attempts.find_lock(work.db, bucket) == until


def take_back(work: Work, claim: CountedAttempt) -> None:
    """The attempt does not count: it was right, and is to be made once more."""
    for bucket in filter(None, (claim.account, claim.by_source, *(bucket + _LOCKS for bucket in claim.locks))):
        storage.attempts.uncount(work.db, bucket)
    for bucket in claim.locks:
        storage.attempts.lock(work.db, bucket, None)


def forget(work: Work, user: User, *, of_second_factors: bool = True) -> None:
    """Forget every attempt at an account, also those of sources known to it."""
    for bucket in (f"user:{_named(user)}", f"user:{_named(user)}{_LOCKS}"):
        storage.attempts.forget(work.db, bucket)
    for prefix in (f"user:{_named(user)}@", f"code:{_named(user)}/", f"code:{_named(user)}@"):
        storage.attempts.forget_all(work.db, prefix)
    if of_second_factors:
        forget_second_factors(work, user)


def forget_second_factors(work: Work, user: User) -> None:
    """Forget the attempts at an account's second factors alone."""
    if _is_shown(work, user, _FACTOR + _named(user)):
        storage.users.set_codes_locked(work.db, user.seq, None)
    for bucket in (f"factor:{_named(user)}", f"factor:{_named(user)}{_LOCKS}"):
        storage.attempts.forget(work.db, bucket)
    storage.attempts.forget_all(work.db, f"factor:{_named(user)}@")


def unlock(work: Work, user: User, *, of_second_factors: bool = True) -> User:
    """The account, which can be signed in to at once. of_second_factors: False leaves the tries at those counted."""
    forget(work, user, of_second_factors=of_second_factors)
    until = _find_lock(work, _FACTOR + _named(user))  # of second factors, where it stays
    storage.users.set_locked(work.db, user.seq, None)
    storage.users.set_codes_locked(work.db, user.seq, until)
    return replace(user, locked_until=None, codes_locked_until=until)


def check_interval(work: Work, last_sent: datetime | None) -> None:
    """Refuse a message that comes too soon after the last of its kind; None where there was none."""
    if last_sent is None or is_ahead(last_sent, work.now):
        return
    wait = last_sent + work.policy["otp-interval"] - work.now
    if wait > timedelta():
        seconds = ceil(wait.total_seconds())
        raise Denied(
            "general_rate_limit_exceeded",
            f"A message was just sent. You can ask for another in {seconds} seconds.",
            hint="Wait, or use the one you got.",
        )


def check_country(work: Work, phone: str) -> None:
    """Refuse a number where no text messages are sent to."""
    places = work.policy["sms-countries"]
    if places is not None and not any(contacts.is_number_of(phone, place) for place in places):
        raise Invalid(
            "general_argument_invalid",
            f"Messages to +{contacts.calling_code(phone)} numbers are not allowed.",
            field="phone",
            hint="An operator can allow the country: authctl security set sms-countries COUNTRIES",
        )


@dataclass(frozen=True, slots=True)
class UnlockedSource:
    """A source whose wrong attempts were forgotten. unlocked: whether it was locked."""

    source: str
    unlocked: bool

    def public(self) -> JsonObject:
        return {"source": self.source, "unlocked": self.unlocked}


def unlock_source(work: Work, address: str) -> UnlockedSource:
    """Let a source try again at once, and forget its wrong attempts, and what it has sent and made in this hour.

    address: an IP address, or the /64 of one. Accounts stay locked: `users.unlock` ends that.
    """
    source = sources.named(identifiers.address(address.removesuffix("/64"), field="address"))
    until = _find_lock(work, f"source:{source}")
    for bucket in (f"source:{source}", *quotas.of_source(source)):
        storage.attempts.forget(work.db, bucket)
    storage.attempts.forget_all(work.db, f"source:{source}#")  # its locks, and its slots
    unlocked = UnlockedSource(source, until is not None)
    work.record(EventName.SECURITY_SOURCES_UNLOCK, f"sources/{source}", {"unlocked": unlocked.unlocked})
    return unlocked


def purge(directory: Engine) -> int:
    """Remove the counts of windows that have passed and locks that have ended; how many there were."""
    now = directory.clock()
    window: timedelta = directory.read(lambda work: work.policy["sign-in-window"])
    over = storage.purging.attempts_over(now, now - window, quotas.HOURLY, now - quotas.WINDOW)
    return batches.remove_overdue(directory, "attempts", over)


def purge_known_sources(directory: Engine) -> int:
    """Forget the sources whose last sign-in is older than known-source-expiry; how many there were."""
    since = directory.read(sources.known_since)
    return batches.remove_overdue(directory, "known_sources", storage.purging.known_sources_over(since))


class _Judged(NamedTuple):
    """allowed: the bucket was open. locks: the bucket, if this attempt locked it in a way that grows."""

    allowed: bool
    locks: tuple[str, ...] = ()


def _judge(
    work: Work, counted: storage.attempts.Bucket, limit: str, *, user: User | None = None, is_known: bool = False
) -> _Judged:
    """What an attempt that was counted in a bucket means, which it may lock. limit: the policy that says when.

    is_known: whether it is the bucket of a source that is known to the account.
    """
    if counted.locked_until is not None:
        return _Judged(allowed=False)
    if counted.count < work.policy[limit]:
        return _Judged(allowed=True)
    _lock(work, counted.name, user, lasts=work.policy["sign-in-lockout"] if is_known else _growing(work, counted.name))
    return _Judged(allowed=True, locks=() if is_known else (counted.name,))


def _growing(work: Work, bucket: str) -> timedelta:
    """Count another lock of a bucket; how long it lasts."""
    times = _times(work, timedelta(), LONGEST_LOCK + LOCKS_REMEMBERED)
    counted = storage.attempts.count(work.db, bucket + _LOCKS, times)
    doubled: timedelta = work.policy["sign-in-lockout"] * 2 ** min(counted.count - 1, _DOUBLINGS)
    lasts = min(doubled, LONGEST_LOCK)
    storage.attempts.lock(work.db, counted.name, work.now + lasts + LOCKS_REMEMBERED)
    return lasts


def _lock(work: Work, bucket: str, user: User | None, *, lasts: timedelta) -> None:
    until = work.now + lasts
    storage.attempts.lock(work.db, bucket, until)
    if user is not None and (
        bucket == _FACTOR + _named(user) or bucket.removeprefix(_code_bucket(user)) in tuple(TokenKind)
    ):
        storage.users.set_codes_locked(work.db, user.seq, until)
    if user is not None and bucket == f"user:{_named(user)}":
        storage.users.set_locked(work.db, user.seq, until)
        work.record(EventName.USERS_LOCK, f"users/{user.id}", {"until": instant(until)}, user_id=user.id)
