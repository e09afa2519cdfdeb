"""Challenges: what a session is asked for before it may do anything, and how one is completed.

               claim                      settle (at once where no code is sent)
    none ───────────────▶ LIVE ──────────────────────────────▶ LIVE: the older one of its factor is REPLACED
                            │                                    │
                            │ withdraw                           ├─ completed ────────────────▶ USED
                            ▼                                    ├─ otp-attempts wrong codes ─▶ ATTEMPTS
                         WITHDRAWN                               └─ its time, or its session's, has passed

How the code leaves between claiming and settling is in `sending`. Completing is judging and settling, as redeeming a
token is. A wrong code is counted twice: of its challenge, and of the account, for all challenges and factors together,
so that new challenges bring no more tries. The refusal is returned, committed, and raised.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace
from datetime import timedelta

from authctl import storage
from authctl.core.accounts import throttle
from authctl.core.credentials import factors, passwords, proofs
from authctl.core.crypto import otp, sealing
from authctl.core.messages import compose, notices
from authctl.core.messages.builtin import MessageKind
from authctl.core.mfa import recovery_codes
from authctl.core.policy.policies import MFA_FACTORS
from authctl.core.sessions import admission, sign_in
from authctl.core.sessions.sign_in import SignedIn
from authctl.core.tokens import codes, mock_phones, sending
from authctl.core.values import checks
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work, granted
from authctl.delivery import Email, Sms
from authctl.delivery.messages import Channel
from authctl.errors import Denied, Invalid, NotFound
from authctl.model import Authenticator, Challenge, ChallengeEnded, EventName, Factor, Json, JsonObject, Session, User

FACTORS = (Factor.TOTP, Factor.EMAIL, Factor.PHONE, Factor.RECOVERY_CODE)
COMPLETING = (*FACTORS, Factor.PASSWORD)  # of what a session that is yet to be complete may be asked for
KEPT = timedelta(days=1)  # how long dead challenges are kept, as tokens are
_SENT = (Factor.EMAIL, Factor.PHONE)  # by a message


@dataclass(frozen=True, slots=True)
class NewChallenge:
    """A new challenge. secret: its code, where that is shown instead of sent."""

    challenge: Challenge
    secret: str | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        return self.challenge.id

    def public(self) -> JsonObject:
        return self.challenge.public() | ({"secret": self.secret} if self.secret is not None else {})


# Asking


@dataclass(frozen=True, slots=True)
class ChallengeClaim(sending.SendingClaim):
    """A challenge that is good from now on, and what it takes to send its code and to take it back."""

    session: Session
    created: NewChallenge


def create(
    directory: Engine,
    secret: str,
    factor: Factor | str,
    *,
    print_secret: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> NewChallenge:
    """Ask a session for a code of another factor than it was signed in with, and send the code where it is sent.

    secret: the session's, whatever else it may not do yet. factor: totp, email, phone or recovery_code; password for a
    session that was signed in to by an address that is not verified. print_secret: answer with the code instead of
    sending it; whoever asks does.

    Raises Invalid: user_factor_already_used (the first factor), user_auth_method_unsupported (by the policy),
    user_email_not_verified, user_phone_not_verified. NotFound: user_authenticator_not_found, user_email_not_found,
    user_phone_not_found, user_recovery_codes_not_found. Denied: general_rate_limit_exceeded, and what `sessions.get`
    raises. Unavailable where the message was refused, and then nothing has changed but the counts of the hour.
    """
    wanted = _factor(factor)
    directory = directory.from_request(ip, user_agent)
    claim = directory.write(_claim, directory, checks.text(secret, "secret"), wanted, print_secret)
    if claim.sending is not None and not directory.dry_run:
        sending.send(directory, claim, settle=_settle_sent, withdraw=_withdraw)
    return claim.created


def _factor(factor: Factor | str) -> Factor:
    if factor in COMPLETING:
        return Factor(factor)
    message = f"factor is one of {', '.join(COMPLETING)}; {checks.shown(factor)} is none of them."
    raise Invalid("general_argument_invalid", message, field="factor")


def _claim(work: Work, directory: Engine, secret: str, factor: Factor, print_secret: bool) -> ChallengeClaim:
    """Store the challenge, and write the message that is to be sent; an older one stays good until then."""
    person = admission.admit(work, secret, to_complete=True, lock=True)
    user = person.user
    address = _check(work, user, person.session, factor)
    mock = mock_phones.find_code(work, address) if factor is Factor.PHONE and address is not None else None
    to = address if mock is None and not print_secret else None
    channel = Channel.EMAIL if factor is Factor.EMAIL else Channel.SMS
    is_ours = to is None or not sending.check(
        work,
        directory,
        to,
        channel,
        last=storage.challenges.last_sent(work.db, user.seq, factor),
        is_essential=True,
    )
    code = mock or codes.new_code(work) if factor in _SENT and is_ours else None
    challenge = _new(work, user, person.session, factor, address, code)
    message = _message(directory, challenge, code) if to is not None and code is not None else None
    leaving = sending.Sending(to, channel, message) if to is not None else None
    claim = ChallengeClaim(work.actor, leaving, person.session, NewChallenge(challenge, code if print_secret else None))
    work.changed(_resource(challenge), None, challenge.public())
    if claim.sending is None:
        _end_older(work, claim, {})
    return claim


def _check(work: Work, user: User, session: Session, factor: Factor) -> str | None:
    """The address that a code of the factor goes to; refuses a factor that the session cannot be completed with."""
    if factor is not Factor.PASSWORD or factor not in factors.possible(work.policy, user, session):
        check_allowed(work, factor)
    if factors.first(session) == factor:
        raise Invalid(
            "user_factor_already_used",
            f"The session was signed in to by {factor}: its second factor is another one.",
            field="factor",
            hint="Use another, or sign in with the password: authctl sessions create",
        )
    if factor is Factor.TOTP and not user.totp:
        raise _missing("user_authenticator_not_found", "The user has no authenticator.")
    if factor is Factor.RECOVERY_CODE and not user.recovery_code:
        raise _missing("user_recovery_codes_not_found", "The user has no recovery codes.")
    if factor is Factor.EMAIL:
        if user.email is None:
            raise _missing("user_email_not_found", "The user has no email.")
        if not user.email_verified:
            raise Invalid("user_email_not_verified", "The email is not verified.", field="factor")
        return user.email
    if factor is Factor.PHONE:
        if user.phone is None:
            raise _missing("user_phone_not_found", "The user has no phone.")
        if not user.phone_verified:
            raise Invalid("user_phone_not_verified", "The phone is not verified.", field="factor")
        return user.phone
    return None


def check_allowed(work: Work, factor: Factor) -> None:
    """Refuse a factor that the policy mfa-factors does not name; recovery codes it always allows."""
    if factor is not Factor.RECOVERY_CODE and factor not in work.policy["mfa-factors"]:
        raise Invalid(
            "user_auth_method_unsupported",
            f"The policy does not allow {factor} as a second factor.",
            field="factor",
            hint="An operator sets it with: authctl security set mfa-factors totp,email,phone",
        )


def _missing(type: str, message: str) -> NotFound:
    return NotFound(type, message, field="factor", hint="See what there is with: authctl mfa list-factors USER")


def _new(work: Work, user: User, session: Session, factor: Factor, address: str | None, code: str | None) -> Challenge:
    """Store a new challenge. code: None where the factor has its own, or the provider makes it."""
    id, life = work.new_id(), work.policy["challenge-expiry"]
    challenge = Challenge(
        seq=0,
        id=id,
        user_id=user.id,
        session_id=session.id,
        factor=factor,
        created_at=work.now,
        expires_at=work.now + (min(life, codes.LONGEST_LIFE) if factor in _SENT else life),
        attempts_left=work.policy["otp-attempts"],
        digest=_digest(work, user.id, id, code) if code is not None else None,
        address=address,
    )
    return storage.challenges.insert(work.db, challenge, session.seq)


def _digest(work: Work, user_id: str, challenge_id: str, code: str) -> bytes:
    """What is kept of a code that was sent: as `codes.digest` has it, for another kind of row."""
    return sealing.digest(work.key, "code-digest", user_id, "challenge", challenge_id, code.encode("utf-8", "replace"))


def _message(directory: Engine, challenge: Challenge, code: str) -> Email | Sms:
    settings, to = directory.settings, challenge.address or ""
    if challenge.factor is Factor.PHONE:
        return compose.code_sms(settings, MessageKind.PHONE_CODE, to, code=code)
    life = challenge.expires_at - challenge.created_at
    return compose.secret_email(settings, MessageKind.EMAIL_CODE, to, secret=code, validity=life)


def _settle_sent(work: Work, claim: ChallengeClaim, said: Json) -> None:
    """The code is on its way: the interval begins."""
    storage.challenges.set_sent(work.db, claim.created.challenge.seq, work.now)
    _end_older(work, claim, said)


def _withdraw(work: Work, claim: ChallengeClaim, said: Json) -> None:
    """The message was refused: the challenge ends."""
    challenge = claim.created.challenge
    storage.challenges.end(work.db, challenge.seq, work.now, ChallengeEnded.WITHDRAWN)
    _record(work, EventName.USERS_MFA_CHALLENGES_CREATE, challenge, said)


def _end_older(work: Work, claim: ChallengeClaim, details: Json) -> None:
    """The challenge takes the place of older ones of its factor."""
    challenge = claim.created.challenge
    ended = storage.challenges.end_older(work.db, claim.session.seq, work.now, challenge.factor, challenge.seq)
    _record(work, EventName.USERS_MFA_CHALLENGES_CREATE, challenge, details | ({"replaced": ended} if ended else {}))


def _record(work: Work, event: EventName, challenge: Challenge, details: Json) -> None:
    factor = {"factor": str(challenge.factor)}
    work.record(event, _resource(challenge), factor | details, user_id=challenge.user_id)


def _resource(challenge: Challenge) -> str:
    return f"users/{challenge.user_id}/challenges/{challenge.id}"


# Answering


@dataclass(frozen=True, slots=True)
class JudgedChallenge:
    """A code that was right, or that the provider is to judge, or a password; and the attempt counted for it."""

    user: User
    challenge: Challenge
    claim: throttle.CountedAttempt
    code: str = field(repr=False)

    @property
    def is_slow(self) -> bool:
        """Whether it is yet to be judged, outside of any transaction."""
        factor = self.challenge.factor
        return factor is Factor.PASSWORD or (factor in _SENT and self.challenge.digest is None)


def complete(
    directory: Engine,
    secret: str,
    challenge: str,
    code: str,
    *,
    ip: str | None = None,
    user_agent: str | None = None,
) -> SignedIn:
    """Complete a challenge: the session has two factors from now on, and a new secret; the old one is dead at once.

    secret: the session's. challenge: its id. code: as it was typed, blanks and dashes do not matter; the password to a
    challenge of that. An address that the session began with is verified then. Raises Denied: user_invalid_token, the
    same for a wrong, expired, used and unknown one; and what `sessions.get` raises.
    """
    directory = directory.from_request(ip, user_agent)
    given, secret, id = typed(code), checks.text(secret, "secret"), checks.text(challenge, "challenge")
    # The attempts of a dry run are counted: it would be free tries.
    remembering = directory.acting(directory.actor)
    judged = granted(remembering.write(_judge, secret, id, given))
    if judged.is_slow and not _is_right_slowly(directory, judged, code):
        raise remembering.write(_refuse_wrong, judged.challenge)
    return granted(directory.write(_settle, secret, judged))


def _is_right_slowly(directory: Engine, judged: JudgedChallenge, given: str) -> bool:
    """Whether it is the password, or the provider's code."""
    if judged.challenge.factor is Factor.PASSWORD:
        return passwords.judge(directory, judged.user, given).is_right
    assert judged.challenge.address is not None
    return directory.transport.check_code(judged.challenge.address, judged.code)


def typed(code: str) -> str:
    """A code as it was typed."""
    return codes.normalized(checks.text(code, "code"))


def _judge(work: Work, secret: str, id: str, code: str) -> JudgedChallenge | Denied:
    """Count the attempt and compare; nothing is used up yet."""
    person = admission.admit(work, secret, to_complete=True, lock=True)
    user = person.user
    challenge = storage.challenges.find(work.db, person.session.seq, id)
    claim = throttle.claim(work, user, user.id, is_second_factor=True)
    if challenge is None:
        return _refuse(work, None, "unknown", user=user)
    # Whoever knows the password can lock second factors, so a code that was sent is still good for one try.
    is_only_try = claim.refusal == throttle.LOCKED and challenge.sent_at is not None
    if claim.refusal is not None and not is_only_try:
        return _refuse(work, challenge, claim.refusal)
    if (why := _why_dead(work, user, challenge)) is not None:
        return _refuse(work, challenge, why)
    if is_only_try:
        storage.challenges.use_up_attempts(work.db, challenge.seq)
    else:
        storage.challenges.count_attempt(work.db, challenge.seq)
    left = 0 if is_only_try else challenge.attempts_left - 1
    judged = JudgedChallenge(user, replace(challenge, attempts_left=left), claim, code)
    if judged.is_slow or _is_right(work, user, challenge, code):
        return judged
    return _refuse_wrong(work, judged.challenge)


def _why_dead(work: Work, user: User, challenge: Challenge) -> str | None:
    """Why a challenge cannot be completed any more; None where it can."""
    if not challenge.is_live(work.now):
        return challenge.ended_reason or "expired"
    if challenge.attempts_left <= 0:
        return str(ChallengeEnded.ATTEMPTS)
    if challenge.factor in MFA_FACTORS and challenge.factor not in work.policy["mfa-factors"]:
        return "policy"
    if challenge.factor in _SENT:
        kind = str(challenge.factor)
        is_still = getattr(user, kind) == challenge.address and getattr(user, f"{kind}_verified")
        return None if is_still else "address"
    return None


def _is_right(work: Work, user: User, challenge: Challenge, code: str) -> bool:
    if challenge.factor is Factor.TOTP:
        return bool(_find_steps(work, user, code))
    if challenge.factor is Factor.RECOVERY_CODE:
        unused = storage.recovery_codes.list_unused(work.db, user.seq)
        return recovery_codes.matching(work, user, unused, code) is not None
    assert challenge.digest is not None
    return hmac.compare_digest(_digest(work, user.id, challenge.id, code), challenge.digest)


def _find_steps(work: Work, user: User, code: str) -> list[tuple[Authenticator, int]]:
    """The authenticators whose code it is, and the step: one that is not used yet. Every authenticator is compared.

    Two may have one secret, where another system had it so.
    """
    found = []
    for authenticator in storage.authenticators.list_of_user(work.db, user.seq):
        if authenticator.verified_at is not None:
            step = step_of(work, authenticator, code)
            if step is not None:
                found.append((authenticator, step))
    return found if all(step > authenticator.last_step for authenticator, step in found) else []


def step_of(work: Work, authenticator: Authenticator, code: str) -> int | None:
    """The step of that authenticator that a code is of, now; None for a wrong one."""
    secret = sealing.unseal(work.key, authenticator.sealed_secret, context=f"authenticators/{authenticator.id}")
    totp = otp.Totp(secret, authenticator.algorithm, authenticator.digits, authenticator.period)
    return otp.find_step(totp, code, work.now)


def _settle(work: Work, secret: str, judged: JudgedChallenge) -> SignedIn | Denied:
    """Use the code up, and complete the session. Of many who have the right code at once, one gets here."""
    person = admission.admit(work, secret, to_complete=True, lock=True)
    user = person.user
    challenge = storage.challenges.find(work.db, person.session.seq, judged.challenge.id)
    if challenge is None:
        return _refuse(work, judged.challenge, "unknown")
    if not challenge.is_live(work.now):
        return _refuse(work, challenge, challenge.ended_reason or "expired")
    after = _use(work, user, challenge, judged.code)
    if after is None:
        return _refuse(work, challenge, "used")
    after = proofs.complete(work, after, person.session)
    storage.challenges.end(work.db, challenge.seq, work.now, ChallengeEnded.USED)
    storage.challenges.end_of_session(work.db, person.session.seq, work.now)
    throttle.succeed(work, judged.claim, user)
    session, new_secret = sign_in.renew(work, user, person.session, challenge.factor)
    _record(work, EventName.USERS_MFA_CHALLENGES_UPDATE, challenge, {"completed": True, "session": session.id})
    work.changed(f"users/{user.id}/sessions/{session.id}", person.session.public(), session.public())
    return SignedIn(session, new_secret, admission.lacks_factor(work, after, session))


def _use(work: Work, user: User, challenge: Challenge, code: str) -> User | None:
    """Use a right code up, and the account after that; None where another did meanwhile."""
    if challenge.factor is Factor.TOTP:
        found = _find_steps(work, user, code)
        used = [storage.authenticators.use_step(work.db, each.seq, step, work.now) for each, step in found]
        if not used or not all(used):
            return None
    if challenge.factor is Factor.RECOVERY_CODE:
        unused = storage.recovery_codes.list_unused(work.db, user.seq)
        digest = recovery_codes.matching(work, user, unused, code)
        if digest is None or not storage.recovery_codes.use(work.db, user.seq, digest, work.now):
            return None
        return _tell_of_recovery(work, user, len(unused) - 1)
    return user


def _tell_of_recovery(work: Work, user: User, left: int) -> User:
    """A recovery code was used: tell the person, and have the account know when it was the last."""
    notices.factors_changed(work, user, f"a recovery code was used, and {left or 'none'} of them are left")
    if left:
        return user
    after = replace(user, recovery_code=False)
    storage.users.update(work.db, user, after)
    return after


def _refuse_wrong(work: Work, challenge: Challenge) -> Denied:
    """The code was wrong; a challenge that has no attempts left ends."""
    if not challenge.attempts_left:
        storage.challenges.end(work.db, challenge.seq, work.now, ChallengeEnded.ATTEMPTS)
    return _refuse(work, challenge, "wrong", attempts_left=challenge.attempts_left)


def _refuse(
    work: Work, challenge: Challenge | None, why: str, *, user: User | None = None, attempts_left: int | None = None
) -> Denied:
    """The log has why, and how many attempts are left; who asked is not told."""
    details: Json = {"refused": why} | ({"attempts_left": attempts_left} if attempts_left is not None else {})
    if challenge is not None:
        _record(work, EventName.USERS_MFA_CHALLENGES_UPDATE, challenge, details)
    elif user is not None:
        resource = f"users/{user.id}/challenges"
        work.record(EventName.USERS_MFA_CHALLENGES_UPDATE, resource, details, user_id=user.id)
    return invalid_code()


def invalid_code(hint: str = "Try the next code, or ask for a new challenge: authctl mfa create-challenge") -> Denied:
    return Denied("user_invalid_token", "The code is wrong, expired or used.", field="code", hint=hint)


def purge(directory: Engine) -> int:
    """Remove challenges that expired a day ago, some at a time; how many there were."""
    if directory.dry_run:
        return directory.read(lambda work: storage.purging.count_challenges(work.db, work.now - KEPT))
    total = 0
    while removed := directory.write(lambda work: storage.purging.delete_challenges(work.db, work.now - KEPT)):
        total += removed
    return total
