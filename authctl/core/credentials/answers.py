"""Codes of second factors: each attempt is counted, the code compared, and a right one used up, once.

    judge ────────────────▶ (slow work) ────────▶ settle
    count, compare          ask the provider,     lock, look again, use the code up
                            verify a password

A code is an authenticator's, a recovery code, or the answer to a challenge. A wrong one is counted for the account, for
all of its challenges and factors together, so that new challenges bring no more tries, and for its challenge. The
refusal is returned, committed, and raised.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace

from authctl import storage
from authctl.core.accounts import throttle
from authctl.core.credentials import factors, passwords, recovery_codes
from authctl.core.crypto import otp, sealing
from authctl.core.messages import notices
from authctl.core.policy.policies import MFA_FACTORS
from authctl.core.values import checks
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Denied
from authctl.model import (
    CLOCKS_DIFFER,
    Authenticator,
    Challenge,
    ChallengeEnded,
    EventName,
    Factor,
    Json,
    Session,
    User,
)

OWN = (Factor.TOTP, Factor.RECOVERY_CODE)  # whose codes nobody sends
SENT = (Factor.EMAIL, Factor.PHONE)  # by a message


@dataclass(frozen=True, slots=True)
class JudgedCode:
    """A code that was right, or that the provider is to judge, or a password; and the attempt counted for it.

    challenge: that it answers; None for a code that was given without one.
    """

    factor: Factor
    claim: throttle.CountedAttempt
    code: str = field(repr=False)
    challenge: Challenge | None = None

    @property
    def is_slow(self) -> bool:
        """Whether it is yet to be judged, outside of any transaction."""
        is_the_providers = self.challenge is not None and self.factor in SENT and self.challenge.digest is None
        return is_the_providers or self.factor is Factor.PASSWORD


def typed(code: str) -> str:
    """A code as it was typed."""
    return normalized(checks.text(code, "code"))


def normalized(secret: str) -> str:
    """A code or secret as it was typed or pasted: blanks, dashes and capitals are not part of it."""
    return secret.strip().replace(" ", "").replace("-", "").lower()


# Judging


def judge(work: Work, user: User, code: str) -> JudgedCode | Denied:
    """Count an attempt at an account's own codes and compare; nothing is used up yet. The account's row is locked."""
    claim = throttle.claim(work, user, user.id, is_second_factor=True)
    available = factors.available(work.policy, user)
    tried = [each for each in OWN if each in available and (claim.allowed or _passes(claim, each, code))]
    factor = next((each for each in tried if _is_right(work, user, each, code)), None)
    if factor is None:
        return refuse(work, user, None, claim.refusal or "wrong")
    return JudgedCode(factor, claim, code)


def judge_challenge(work: Work, user: User, session: Session, id: str, code: str) -> JudgedCode | Denied:
    """The same for the answer to a challenge of a session."""
    challenge = storage.challenges.find(work.db, session.seq, id)
    claim = throttle.claim(work, user, user.id, is_second_factor=True)
    if challenge is None:
        return refuse(work, user, None, "unknown")
    # Whoever knows the password can lock second factors, so a code that was sent is still good for one try.
    is_only_try = claim.refusal == throttle.LOCKED and challenge.sent_at is not None
    if not (claim.allowed or is_only_try or _passes(claim, challenge.factor, code)):
        return refuse(work, user, challenge, str(claim.refusal))
    if (why := _why_dead(work, user, challenge)) is not None:
        return refuse(work, user, challenge, why)
    if is_only_try:
        storage.challenges.use_up_attempts(work.db, challenge.seq)
    else:
        storage.challenges.count_attempt(work.db, challenge.seq)
    left = 0 if is_only_try else challenge.attempts_left - 1
    judged = JudgedCode(challenge.factor, claim, code, replace(challenge, attempts_left=left))
    if judged.is_slow or _is_right(work, user, challenge.factor, code, challenge):
        return judged
    return _refuse_wrong(work, user, judged)


def judge_slowly(directory: Engine, user: User, judged: JudgedCode, given: str) -> None:
    """Verify a password, as it was given, or have the provider judge its own code; refuse a wrong one."""
    if judged.is_slow and not _is_right_slowly(directory, user, judged, given):
        raise directory.acting(directory.actor).write(_refuse_wrong, user, judged)


def _is_right_slowly(directory: Engine, user: User, judged: JudgedCode, given: str) -> bool:
    if judged.factor is Factor.PASSWORD:
        return passwords.judge(directory, user, given).is_right
    assert judged.challenge is not None
    assert judged.challenge.address is not None
    return directory.transport.check_code(judged.challenge.address, judged.code)


def _passes(claim: throttle.CountedAttempt, factor: Factor, code: str) -> bool:
    """Whether a code is compared although second factors are locked: nobody guesses a recovery code."""
    return claim.refusal == throttle.LOCKED and factor is Factor.RECOVERY_CODE and recovery_codes.is_unguessable(code)


def _why_dead(work: Work, user: User, challenge: Challenge) -> str | None:
    """Why a challenge cannot be completed any more; None where it can."""
    if not challenge.is_live(work.now):
        return challenge.ended_reason or "expired"
    if challenge.attempts_left <= 0:
        return str(ChallengeEnded.ATTEMPTS)
    if challenge.factor in MFA_FACTORS and challenge.factor not in work.policy["mfa-factors"]:
        return "policy"
    if challenge.factor in SENT:
        kind = str(challenge.factor)
        is_still = getattr(user, kind) == challenge.address and getattr(user, f"{kind}_verified")
        return None if is_still else "address"
    return None


def _is_right(work: Work, user: User, factor: Factor, code: str, challenge: Challenge | None = None) -> bool:
    if factor is Factor.TOTP:
        return bool(find_steps(work, user, code))
    if factor is Factor.RECOVERY_CODE:
        unused = storage.recovery_codes.list_unused(work.db, user.seq)
        return recovery_codes.matching(work, user, unused, code) is not None
    assert challenge is not None
    assert challenge.digest is not None
    return hmac.compare_digest(digest(work, user.id, challenge.id, code), challenge.digest)


def digest(work: Work, user_id: str, challenge_id: str, code: str) -> bytes:
    """What is kept of a code that a challenge sent, as is of tokens: it is bound to its row."""
    return sealing.digest(work.key, "code-digest", user_id, "challenge", challenge_id, code.encode("utf-8", "replace"))


def find_steps(work: Work, user: User, code: str) -> list[tuple[Authenticator, int]]:
    """The authenticators whose code it is, and the step: one that is not used yet. Every authenticator is compared.

    Two may have one secret, where another system had it so.
    """
    found = []
    for authenticator in storage.authenticators.list_of_user(work.db, user.seq):
        if authenticator.verified_at is not None:
            step = step_of(work, authenticator, code)
            if step is not None:
                found.append((authenticator, step))
    return found if all(_is_unused(work, authenticator, step) for authenticator, step in found) else []


def confirmed(work: Work, user: User, code: str) -> set[int]:
    """The numbers of the authenticators whose code it is, used or not."""
    found = storage.authenticators.list_of_user(work.db, user.seq)
    return {each.seq for each in found if step_of(work, each, code) is not None}


def step_of(work: Work, authenticator: Authenticator, code: str) -> int | None:
    """The step of that authenticator that a code is of, now; None for a wrong one."""
    secret = sealing.unseal(work.key, authenticator.sealed_secret, context=f"authenticators/{authenticator.id}")
    totp = otp.Totp(secret, authenticator.algorithm, authenticator.digits, authenticator.period)
    return otp.find_step(totp, code, work.now)


def _latest_step(work: Work, authenticator: Authenticator) -> int:
    """The last step that a code can have been taken of; none that a wrong clock has left behind it counts."""
    totp = otp.Totp(b"", period=authenticator.period)
    return otp.step_at(totp, work.now + CLOCKS_DIFFER) + otp.WINDOW


def _is_unused(work: Work, authenticator: Authenticator, step: int) -> bool:
    """Whether no code of that step, or of a later one, was taken."""
    return step > authenticator.last_step or authenticator.last_step > _latest_step(work, authenticator)


def use_step(work: Work, authenticator: Authenticator, step: int) -> bool:
    """Take the code of a step. False where it, or a later one, was taken already."""
    latest = _latest_step(work, authenticator)
    return storage.authenticators.use_step(work.db, authenticator.seq, step, latest, work.now)


# Settling


def settle(work: Work, user: User, session: Session | None, judged: JudgedCode) -> User | Denied:
    """Use a right code up; the account after that. Of many who have it at once, one gets here."""
    if judged.challenge is not None:
        assert session is not None
        challenge = storage.challenges.find(work.db, session.seq, judged.challenge.id)
        if challenge is None or not challenge.is_live(work.now):
            why = (challenge.ended_reason or "expired") if challenge is not None else "unknown"
            return refuse(work, user, judged.challenge, why)
    after = _use(work, user, judged)
    if after is None:
        return refuse(work, user, judged.challenge, "used")
    if judged.challenge is not None:
        storage.challenges.end(work.db, judged.challenge.seq, work.now, ChallengeEnded.USED)
    throttle.succeed(work, judged.claim, user)
    return after


def _use(work: Work, user: User, judged: JudgedCode) -> User | None:
    """Use an own code up, and the account after that; None where another did meanwhile."""
    if judged.factor is Factor.TOTP:
        found = find_steps(work, user, judged.code)
        used = [use_step(work, each, step) for each, step in found]
        if not used or not all(used):
            return None
    if judged.factor is Factor.RECOVERY_CODE:
        unused = storage.recovery_codes.list_unused(work.db, user.seq)
        kept = recovery_codes.matching(work, user, unused, judged.code)
        if kept is None or not storage.recovery_codes.use(work.db, user.seq, kept, work.now):
            return None
        return _tell_of_recovery(work, user, len(unused) - 1)
    return user


def _tell_of_recovery(work: Work, user: User, left: int) -> User:
    """A recovery code was used: tell the person, and have the account know when it was the last."""
    notices.factors_changed(work, user, f"a recovery code was used; {left or 'none'} left")
    if left:
        return user
    after = replace(user, recovery_code=False)
    storage.users.update(work.db, user, after)
    return after


# Refusing


def _refuse_wrong(work: Work, user: User, judged: JudgedCode) -> Denied:
    """The code was wrong; a challenge that has no attempts left ends."""
    challenge = judged.challenge
    assert challenge is not None
    if not challenge.attempts_left:
        storage.challenges.end(work.db, challenge.seq, work.now, ChallengeEnded.ATTEMPTS)
    return refuse(work, user, challenge, "wrong", attempts_left=challenge.attempts_left)


def refuse(
    work: Work, user: User, challenge: Challenge | None, why: str, *, attempts_left: int | None = None
) -> Denied:
    """The log has why, and how many attempts are left; who asked is not told."""
    details: Json = {"refused": why} | ({"attempts_left": attempts_left} if attempts_left is not None else {})
    record(work, user.id, challenge, details)
    return invalid_code()


def record(work: Work, user_id: str, challenge: Challenge | None, details: Json) -> None:
    """Write into the log what became of a code."""
    resource = f"users/{user_id}/challenges"
    if challenge is not None:
        resource, details = f"{resource}/{challenge.id}", {"factor": str(challenge.factor)} | details
    work.record(EventName.USERS_MFA_CHALLENGES_UPDATE, resource, details, user_id=user_id)


def invalid_code(
    hint: str = "Try the next code, a recovery code, or a new challenge: authctl mfa create-challenge",
) -> Denied:
    return Denied("user_invalid_token", "The code is wrong, expired or used.", field="code", hint=hint)
