"""An attempt at a password: counted, verified, and what a right or a wrong one leads to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from authctl import storage
from authctl.core.accounts import lookup, throttle
from authctl.core.credentials import passwords
from authctl.core.policy.policies import Policy
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Denied
from authctl.model import EventName, Session, User

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a password that has been counted, the account it is at, and the policy that it began with."""

    user: User | None
    claim: throttle.CountedAttempt
    policy: Policy
    is_expired: bool = False  # whether the password is one that was generated, and that nobody has changed in time
    is_damaged: bool = False  # whether its stored hash is none that any password could have


def attempt(
    directory: Engine,
    user: str,
    password: str,
    *,
    right: Callable[[Work, User], T],
    wrong: Callable[[Work, Attempt], T],
    within: Session | None = None,
    check: Callable[[Work], None] | None = None,
) -> T:
    """Count an attempt at a password, verify it, and do what a right or a wrong one leads to.

    within: the session of whoever is signed in already; wrong ones lock that alone, and nobody out elsewhere. check:
    refuses the attempt before it is counted.
    The attempts of a dry run are counted, and its refusals remembered: it would be free tries.
    """
    remembering = directory.acting(directory.actor)
    attempt = remembering.write(_claim, user, f"session-{within.id}" if within is not None else None, check)
    verdict = passwords.judge(
        directory, attempt.user, password, allowed=attempt.claim.allowed and not attempt.is_expired
    )
    while verdict.is_right:
        settled = directory.write(_settle, attempt, verdict, right)
        if not isinstance(settled, Attempt):
            if directory.dry_run and attempt.user is not None:
                remembering.write(throttle.succeed, attempt.claim, attempt.user)
            return settled
        # The hash was replaced meanwhile, by a change or by another sign-in: what counts is what is set now.
        attempt = settled
        verdict = passwords.judge(directory, attempt.user, password, allowed=not attempt.is_expired)
    return remembering.write(wrong, replace(attempt, is_damaged=verdict.is_damaged))


def _claim(work: Work, user: str, code: str | None, check: Callable[[Work], None] | None) -> Attempt:
    work.db.keep_plans()
    # Waited for by whoever signs in: a crash of the server may forget that somebody tried in the moment before it.
    work.db.relax()
    work.ask_policy()
    # Locked before its attempts are, as everywhere: two that lock in different orders wait for each other.
    found = lookup.find(work, user, lock=True)
    if check is not None:
        check(work)
    claim = throttle.claim(work, found, user, code=code)
    return Attempt(found, claim, work.policy, _is_expired(work, found))


def _settle(work: Work, attempt: Attempt, verdict: passwords.Verdict, right: Callable[[Work, User], T]) -> T | Attempt:
    """Do what a right password leads to; or the attempt at what the account has become, to be judged again."""
    assert attempt.user is not None
    work.db.keep_plans()
    work.obey(attempt.policy)
    user = storage.users.find_again(work.db, attempt.user.seq)
    if user is None or _hash(user) != _hash(attempt.user):
        return replace(attempt, user=user, is_expired=_is_expired(work, user))
    user = user.at(work.now)
    passwords.rehash(work, user, verdict)
    answer = right(work, user)  # before: by then the source is known
    with work.db.ahead():
        throttle.succeed(work, attempt.claim, user)
    return answer


def _is_expired(work: Work, user: User | None) -> bool:
    return user is not None and user.password is not None and user.password.is_expired(work.now)


def _hash(user: User) -> str | None:
    return user.password.hash if user.password else None


def refuse(work: Work, attempt: Attempt, why: str) -> Denied:
    """A refusal is returned: it is remembered, then raised."""
    why = "expired" if attempt.is_expired else "damaged hash" if attempt.is_damaged else why
    record_refusal(work, attempt.user, attempt.claim.refusal or why)
    return invalid_credentials()


def record_refusal(work: Work, user: User | None, why: str) -> None:
    """The operator may know why; who asked does not."""
    resource = f"users/{user.id}" if user else "users"
    work.record(EventName.USERS_SESSIONS_CREATE, resource, {"refused": why}, user_id=user.id if user else None)


def verify_password(directory: Engine, user: str, password: str) -> bool:
    """Whether that is the user's password; counted and judged as signing in is."""
    return attempt(directory, user, password, right=_verified, wrong=_not_verified)


def _verified(work: Work, user: User) -> bool:
    _record_verification(work, user, True)
    return True


def _not_verified(work: Work, attempt: Attempt) -> bool:
    _record_verification(work, attempt.user, False)
    return False


def _record_verification(work: Work, user: User | None, valid: bool) -> None:
    resource = f"users/{user.id}" if user else "users"
    work.record(EventName.USERS_VERIFY_PASSWORD, resource, {"valid": valid}, user_id=user.id if user else None)


# Answers


def invalid_credentials() -> Denied:
    return Denied("user_invalid_credentials", "Wrong user or password.")
