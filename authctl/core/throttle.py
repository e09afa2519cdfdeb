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
A source that is locked out is not counted against the account: it cannot lock out others by going on. Every lock ends
by itself, so nobody is ever locked out for good. A right password takes back what it counted itself and no more of its
source's count: who has an account of their own gets no more tries at those of others by signing in to it in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from authctl import storage
from authctl.model import EventName, User, instant

if TYPE_CHECKING:
    from authctl.core.work import Work


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that has been counted.

    allowed: whether it may be made at all. locks_source: whether it was the one that locked its source.
    """

    account: str
    source: str | None
    allowed: bool
    locks_source: bool = False


def claim(work: Work, user: User | None, name: str) -> Claim:
    """Count an attempt at an account before it is made. name: what was given for it, where there is no such account."""
    source = source_of(work.actor.ip)
    account = _account(work, user, name, source)
    locks_source = False
    if source is not None:
        counted = _count(work, f"source:{source}", None)
        if not counted.allowed:
            return Claim(account, source, allowed=False)
        locks_source = counted.locks
    return Claim(account, source, _count(work, account, user).allowed, locks_source)


def succeed(work: Work, claim: Claim, user: User) -> None:
    """The attempt was right: its account's count begins again, its source's forgets this one."""
    storage.attempts.forget(work.db, claim.account)
    if claim.source is not None:
        storage.attempts.uncount(work.db, f"source:{claim.source}", unlock=claim.locks_source)
        storage.attempts.know(work.db, user.seq, claim.source, work.now)
    if user.locked_until is not None and "@" not in claim.account:
        storage.users.set_locked(work.db, user.seq, None)


def forget(work: Work, user: User) -> None:
    """Forget every attempt at an account, also those of sources known to it."""
    storage.attempts.forget(work.db, f"user:{user.id}")
    storage.attempts.forget_all(work.db, f"user:{user.id}@")


def unlock(work: Work, user: User) -> None:
    """Let an account be signed in to at once."""
    forget(work, user)
    storage.users.set_locked(work.db, user.seq, None)


def purge(work: Work) -> int:
    """Remove the counts of windows that have passed and locks that have ended; how many there were."""
    return storage.attempts.purge(work.db, work.now, work.now - work.policy["sign-in-window"])


def source_of(ip: str | None) -> str | None:
    """What stands for a source: an IPv4 address, or the /64 that an IPv6 one is in."""
    if ip is None:
        return None
    address = ip_address(ip)
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def _account(work: Work, user: User | None, name: str, source: str | None) -> str:
    if user is None:
        # What was typed may be a password in the wrong place: it is not kept.
        return f"name:{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
    if source is not None and storage.attempts.is_known(work.db, user.seq, source):
        return f"user:{user.id}@{source}"
    return f"user:{user.id}"


class _Counted(NamedTuple):
    """allowed: the bucket was open. locks: this attempt reached the limit, and the next ones are refused."""

    allowed: bool
    locks: bool


def _count(work: Work, bucket: str, user: User | None) -> _Counted:
    """Count one attempt in a bucket."""
    counted = storage.attempts.count(work.db, bucket, work.now, work.now - work.policy["sign-in-window"])
    if counted.locked_until is not None:
        return _Counted(allowed=False, locks=False)
    if counted.count < work.policy["sign-in-attempts"]:
        return _Counted(allowed=True, locks=False)
    _lock(work, bucket, user)
    return _Counted(allowed=True, locks=True)


def _lock(work: Work, bucket: str, user: User | None) -> None:
    until = work.now + work.policy["sign-in-lockout"]
    storage.attempts.lock(work.db, bucket, until)
    if user is not None and "@" not in bucket:
        storage.users.set_locked(work.db, user.seq, until)
        work.record(EventName.USERS_LOCK, f"users/{user.id}", {"until": instant(until)}, user_id=user.id)
