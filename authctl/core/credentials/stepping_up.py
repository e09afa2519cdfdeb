"""Stepping up: what a signed-in person gives once more before what is sensitive. What counts is decided here alone.

    signed in lately, with two factors where they are asked for ───────────────────────────────▶ go on
    else ──┬── the password again ──────────────────────────────┬── two factors are asked for: a second one ─▶ go on
           ├── there is none: a code sent to a proved address ──┤
           └── nor such an address, nor an identity ────────────┘

The policy recent-sign-in says what is lately. A factor that was added since the sign-in is a second one at the most,
and whoever adds one has stepped up for that.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime

from authctl.core.accounts import identities, lookup
from authctl.core.credentials import answers, attempts, factors
from authctl.core.credentials.answers import JudgedCode
from authctl.core.credentials.attempts import Attempt
from authctl.core.credentials.factors import POSSESSIONS, Possession
from authctl.core.policy import policies
from authctl.core.values import checks
from authctl.core.work.engine import Engine
from authctl.core.work.person import Given, Person
from authctl.core.work.unit import Actor, Work, granted
from authctl.errors import Denied, Invalid
from authctl.model import Session, User, is_ahead

BEGINNING = datetime.min.replace(tzinfo=UTC)
ADDRESSES = {Possession.MAILBOX, Possession.PHONE}


def step_up(directory: Engine, *, password: str | None = None, always_password: bool = False) -> None:
    """Refuse a person who neither signed in lately nor gives it again; nobody else is asked.

    password: the current one, unless the directory has it. always_password: ask for it even after a sign-in of just
    now. What is given is verified in any case, and counted like signing in; a code is used up.

    Raises Denied: user_challenge_required, which names what is missing, user_invalid_credentials, user_invalid_token.
    """
    if not directory.is_person:
        return
    given = (directory.given or Given()).and_password(password)
    if given.password is not None:
        checks.text(given.password, "password")
    # The attempts of a dry run are counted: it would be free tries.
    remembering = directory.acting(directory.actor)
    judged = granted(remembering.write(_judge, given)) if given.has_code else None
    person, actor = directory.read(_check, given.password, judged, always_password)
    if judged is not None and given.code is not None:
        answers.judge_slowly(directory, person.user, judged, given.code)
    if given.password is not None and person.user.password is not None:
        _confirm(directory, person, actor, given.password)
    if judged is not None:
        granted(directory.write(_settle, judged))


def since(work: Work) -> datetime:
    """Since when somebody has to have signed in, so that it was lately."""
    recent = work.policy["recent-sign-in"]
    return work.now - recent if recent is not None else BEGINNING


# What counts


def _check(work: Work, password: str | None, judged: JudgedCode | None, always_password: bool) -> tuple[Person, Actor]:
    """Refuse what is missing, before anything of what is given is used up."""
    person = work.person
    assert person is not None
    given = {POSSESSIONS[judged.factor]} if judged is not None else set()
    given |= {Possession.PASSWORD} if password is not None and person.user.password is not None else set()
    is_recent = person.session.created_at >= since(work)
    if person.user.password is not None and always_password and password is None:
        raise _password_missing()
    missing = _missing_first(work, person, given, is_recent=is_recent)
    if _is_second_missing(work, person, given, is_recent=is_recent):
        missing.append("code")
    if missing:
        raise _challenge_required(work, missing)
    return person, work.actor


def _missing_first(work: Work, person: Person, given: Set[Possession], *, is_recent: bool) -> list[str]:
    """What is missing of the first factor."""
    if is_recent or Possession.PASSWORD in given:
        return []
    if person.user.password is not None:
        return ["password"]
    return [] if given & ADDRESSES or not identities.has_proof(work, person.user) else ["challenge"]


def _is_second_missing(work: Work, person: Person, given: Set[Possession], *, is_recent: bool) -> bool:
    """Whether two factors are asked for, and fewer were shown. Recovery codes alone are not asked for."""
    user, session = person.user, person.session
    enrolled = factors.shown(factors.enrolled(work.policy, user))
    own = {Possession.PASSWORD} if user.password is not None else set()
    first = factors.shown(session.factors[:1])
    if not (enrolled and factors.is_asked(work.policy, user) and len(enrolled | own | first) > 1):
        return False
    shown = given | (first if is_recent else set())
    if session.mfa_at is not None and session.mfa_at >= since(work) and not is_ahead(session.mfa_at, work.now):
        shown |= factors.shown(session.factors[1:])
    return len(shown) < 2


# What can be missing, by the field that gives it: in words, and as options.
_MISSING = {
    "password": ("the current password", "--password-stdin"),
    "challenge": ("a code sent to a verified address", "--challenge ID --code CODE from: authctl mfa create-challenge"),
    "code": ("a second-factor code", "--code CODE"),
}


def _challenge_required(work: Work, missing: list[str]) -> Denied:
    words, options = zip(*(_MISSING[each] for each in missing), strict=True)
    recent = work.policy["recent-sign-in"]
    lately = f"a sign-in within {policies.shown('recent-sign-in', recent)[1]}" if recent else "a complete sign-in"
    return Denied(
        "user_challenge_required",
        f"This needs {lately}, or {' and '.join(words)}.",
        field=missing[0],
        hint=f"Sign in again, or add {' and '.join(options)}.",
    )


def _password_missing() -> Invalid:
    return Invalid(
        "general_argument_invalid",
        "This needs the current password.",
        field="password",
        hint="Pass it on standard input: --password-stdin",
    )


# What is given


def _confirm(directory: Engine, person: Person, actor: Actor, password: str) -> None:
    """That the password is right; counted within the session."""
    remembering = directory.operating().acting(actor, dry_run=directory.dry_run)
    refusal = attempts.attempt(
        remembering,
        f"id:{person.user.id}",
        password,
        right=_confirmed,
        wrong=_refuse_password,
        within=person.session,
    )
    if refusal is not None:
        raise refusal


def _confirmed(work: Work, user: User) -> Denied | None:
    return None


def _refuse_password(work: Work, attempt: Attempt) -> Denied | None:
    attempts.refuse(work, attempt, "confirmation")
    return Denied("user_invalid_credentials", "The current password is wrong.", field="password")


def _judge(work: Work, given: Given) -> JudgedCode | Denied:
    """Count the attempt at a code, and compare."""
    if given.code is None:
        raise Invalid("general_argument_invalid", "A challenge needs a code.", field="code")
    code = answers.typed(given.code)
    user, session = _locked(work)
    if given.challenge is None:
        return answers.judge(work, user, code)
    return answers.judge_challenge(work, user, session, checks.text(given.challenge, "challenge"), code)


def _locked(work: Work) -> tuple[User, Session]:
    """The account of the person who acts, its row locked, and the session."""
    assert work.person is not None
    return lookup.get_locked(work, f"id:{work.person.user.id}"), work.person.session


def _settle(work: Work, judged: JudgedCode) -> User | Denied:
    """Use the code up."""
    user, session = _locked(work)
    after = answers.settle(work, user, session, judged)
    if isinstance(after, User):
        answers.record(work, user.id, judged.challenge, {"confirmed": True})
    return after
