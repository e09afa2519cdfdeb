"""Challenges: what a session is asked for before it may do anything, and how one is completed.

               claim                      settle (at once where no code is sent)
    none ───────────────▶ LIVE ──────────────────────────────▶ LIVE: the older one of its factor is REPLACED
                            │                                    │
                            │ withdraw                           ├─ completed ────────────────▶ USED
                            ▼                                    ├─ otp-attempts wrong codes ─▶ ATTEMPTS
                         WITHDRAWN                               └─ its time, or its session's, has passed

How the code leaves between claiming and settling is in `sending`, and how it is judged in `credentials.answers`. A
session that is complete may ask for a challenge of its first factor, too, to give the answer with what it confirms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from authctl import storage
from authctl.core.credentials import answers, factors, proofs
from authctl.core.credentials.answers import SENT, JudgedCode
from authctl.core.messages import compose
from authctl.core.messages.builtin import MessageKind
from authctl.core.sessions import admission, sign_in
from authctl.core.sessions.sign_in import SignedIn
from authctl.core.tokens import codes, mock_phones, sending
from authctl.core.values import checks
from authctl.core.work import batches
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work, granted
from authctl.delivery import Email, Sms
from authctl.delivery.messages import Channel
from authctl.errors import Denied, Invalid, NotFound
from authctl.model import Challenge, ChallengeEnded, EventName, Factor, Json, JsonObject, Session, User

FACTORS = (Factor.TOTP, Factor.EMAIL, Factor.PHONE, Factor.RECOVERY_CODE)
COMPLETING = (*FACTORS, Factor.PASSWORD)  # of what a session that is yet to be complete may be asked for
KEPT = timedelta(days=1)  # how long dead challenges are kept, as tokens are


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

    A session that is complete may ask for any, to give the code with what it confirms: `as_session(…, challenge=…)`.

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
    message = f"Invalid factor {checks.shown(factor)}: use {', '.join(COMPLETING)}."
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
        last=storage.challenges.last_sent(work.db, user.seq, factor, work.now),
        is_essential=True,
    )
    code = mock or codes.new_code(work) if factor in SENT and is_ours else None
    challenge = _new(work, user, person.session, factor, address, code)
    message = _message(directory, user, challenge, code) if to is not None and code is not None else None
    leaving = sending.Sending(to, channel, message) if to is not None else None
    claim = ChallengeClaim(work.actor, leaving, person.session, NewChallenge(challenge, code if print_secret else None))
    work.changed(_resource(challenge), None, challenge.public())
    if claim.sending is None:
        _end_older(work, claim, {})
    else:
        _record(work, EventName.USERS_MFA_CHALLENGES_CREATE, challenge, sending.UNDER_WAY)
    return claim


def _check(work: Work, user: User, session: Session, factor: Factor) -> str | None:
    """The address that a code of the factor goes to; refuses a factor that the session cannot be completed with."""
    if factor is not Factor.PASSWORD or factor not in factors.possible(work.policy, user, session):
        check_allowed(work, factor)
    if factors.lacks(work.policy, user, session):
        check_second(session, factor)
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


def check_second(session: Session, factor: Factor) -> None:
    """Refuse a factor that shows what the session was signed in to with: it would be no second one."""
    if factors.first(session) is factors.POSSESSIONS[factor]:
        raise Invalid(
            "user_factor_already_used",
            f"The session was signed in with {factor}. Use another second factor.",
            field="factor",
            hint="Use another one, or sign in with the password: authctl sessions create",
        )


def check_allowed(work: Work, factor: Factor) -> None:
    """Refuse a factor that the policy mfa-factors does not name; recovery codes it always allows."""
    if factor is Factor.PASSWORD:
        raise Invalid(
            "user_auth_method_unsupported",
            "The password only completes sign-ins with an unverified address.",
            field="factor",
            hint="See what completes this one: authctl mfa list-factors USER",
        )
    if factor is not Factor.RECOVERY_CODE and factor not in work.policy["mfa-factors"]:
        raise Invalid(
            "user_auth_method_unsupported",
            f"The policy does not allow {factor} as a second factor.",
            field="factor",
            hint="An operator can allow it: authctl security set mfa-factors totp,email,phone",
        )


def _missing(type: str, message: str) -> NotFound:
    return NotFound(type, message, field="factor", hint="List them with: authctl mfa list-factors USER")


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
        expires_at=work.now + (min(life, codes.LONGEST_LIFE) if factor in SENT else life),
        attempts_left=work.policy["otp-attempts"],
        digest=answers.digest(work, user.id, id, code) if code is not None else None,
        address=address,
    )
    return storage.challenges.insert(work.db, challenge, session.seq)


def _message(directory: Engine, user: User, challenge: Challenge, code: str) -> Email | Sms:
    settings, to = directory.settings.for_reader(user.locale), challenge.address or ""
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
    same for a wrong, expired, used and unknown one; and what `sessions.get` raises. Invalid (user_factor_already_used)
    for a challenge of the first factor: that is given with what it confirms (`as_session`).
    """
    directory = directory.from_request(ip, user_agent)
    given, secret, id = answers.typed(code), checks.text(secret, "secret"), checks.text(challenge, "challenge")
    # The attempts of a dry run are counted: it would be free tries.
    remembering = directory.acting(directory.actor)
    judged, user = granted(remembering.write(_judge, secret, id, given))
    answers.judge_slowly(directory, user, judged, code)
    return granted(directory.write(_settle, secret, judged))


def _judge(work: Work, secret: str, id: str, code: str) -> tuple[JudgedCode, User] | Denied:
    """Count the attempt and compare; nothing is used up yet."""
    person = admission.admit(work, secret, to_complete=True, lock=True)
    judged = answers.judge_challenge(work, person.user, person.session, id, code)
    if isinstance(judged, Denied):
        return judged
    check_second(person.session, judged.factor)
    return judged, person.user


def _settle(work: Work, secret: str, judged: JudgedCode) -> SignedIn | Denied:
    """Use the code up, and complete the session."""
    person = admission.admit(work, secret, to_complete=True, lock=True)
    user = person.user
    after = answers.settle(work, user, person.session, judged)
    if isinstance(after, Denied):
        return after
    after = proofs.complete(work, after, person.session)
    storage.challenges.end_of_session(work.db, person.session.seq, work.now)
    session, new_secret = sign_in.renew(work, after, person.session, judged.factor)
    answers.record(work, user.id, judged.challenge, {"completed": True, "session": session.id})
    work.changed(f"users/{user.id}/sessions/{session.id}", person.session.public(), session.public())
    return SignedIn(session, new_secret, admission.lacks_factor(work, after, session))


def purge(directory: Engine) -> int:
    """Remove challenges that expired a day ago, some at a time; how many there were."""
    return batches.remove(
        directory,
        "challenges",
        lambda work: storage.purging.count_challenges(work.db, work.now - KEPT),
        lambda work: storage.purging.delete_challenges(work.db, work.now - KEPT),
    )
