"""Second factors: which an account has, which sessions are asked for one, and what proving one does to a session.

    signed in with one factor ──┬── nobody asks for two, or the account has none ─────▶ may do everything
                                ├── the policy asks for two, and there is none ───────▶ may only add one (`must_enrol`)
                                └── two are asked for, and there is another ──────────▶ may only complete (`lacks`)
                                                                                          │ a challenge, or proving a
                                    may do everything: `mfa_at` says since when ◀─────────┘ new factor in the session

The two differ: a session that was signed in to by email is not completed by email. A session that somebody else gave
(OAuth2, an operator, a token) counts as one factor, as a password does.

A session that was signed in to by an address that is not proved (`proofs`) may only be completed, too: by any other
factor, or by the password.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from authctl import storage
from authctl.core.accounts import standing
from authctl.core.accounts.standing import AddressKind
from authctl.errors import Denied
from authctl.model import Factor, Session, User

if TYPE_CHECKING:
    from authctl.core.policy.policies import Policy
    from authctl.core.work.unit import Work

RECENT = timedelta(minutes=30)  # how old a challenge may be for what is sensitive; Appwrite has 1,800 s


def enrolled(policy: Policy, user: User) -> Set[Factor]:
    """The second factors that a user has set up and the policy allows."""
    has = {Factor.TOTP: user.totp, Factor.EMAIL: user.email_verified, Factor.PHONE: user.phone_verified}
    return {factor for factor, is_there in has.items() if is_there and factor in policy["mfa-factors"]}


def available(policy: Policy, user: User) -> Set[Factor]:
    """The same, and recovery codes, which every policy allows."""
    return enrolled(policy, user) | ({Factor.RECOVERY_CODE} if user.recovery_code else set())


def is_required(policy: Policy, user: User) -> bool:
    """Whether the policy mfa-required is for that user."""
    whom = policy["mfa-required"]
    return whom == "all" or (whom != "off" and not set(whom).isdisjoint(user.labels))


def is_asked(policy: Policy, user: User) -> bool:
    """Whether a user who has two factors signs in with two: of their own will, or by the policy."""
    return user.mfa or is_required(policy, user)


def first(session: Session) -> str:
    """What a session was signed in to with."""
    return session.factors[0]


def possible(policy: Policy, user: User, session: Session) -> Set[Factor]:
    """What a challenge of that session may be of."""
    found = available(policy, user) - {Factor(first(session))}
    if unproved(user, session) and user.password is not None and not (found and is_asked(policy, user)):
        found |= {Factor.PASSWORD}
    return found


def unproved(user: User, session: Session) -> AddressKind | None:
    """By which address, that is not proved, a session was signed in to."""
    began = first(session)
    return next((kind for kind in standing.KINDS if kind == began and not getattr(user, f"{kind}_verified")), None)


def lacks(policy: Policy, user: User, session: Session) -> bool:
    """Whether two factors are asked of a user who can give two, and the session has one, or one of no proved address.

    Where the second would be the first again, a password makes two with it; without one there are no two to ask for.
    """
    if session.mfa_at is not None:
        return False
    if unproved(user, session):
        return True
    if not is_asked(policy, user):
        return False
    if possible(policy, user, session):
        return True
    return bool(available(policy, user)) and user.password is not None


def must_enrol(policy: Policy, user: User) -> bool:
    """Whether a user is to add a factor before anything else. Recovery codes are none: they stand in for one."""
    return is_required(policy, user) and bool(policy["mfa-factors"]) and not enrolled(policy, user)


def check_recent(work: Work, user: User, *, always: bool = False) -> None:
    """Refuse a person what is sensitive, where the account has a second factor that was not proved lately.

    always: also where none is asked for at sign-in. Raises Denied (user_challenge_required).
    """
    if work.is_operator:
        return
    assert work.person is not None
    policy, has = work.policy, available(work.policy, user)
    if not has or not (always or Factor.TOTP in has or (is_asked(policy, user) and enrolled(policy, user))):
        return
    session = work.person.session
    if possible(policy, user, session):
        # A session that was let go on with one factor (`keep`) has proved no second one.
        if session.mfa_at is None or len(session.factors) == 1 or session.mfa_at <= work.now - RECENT:
            raise _challenge_required("Complete one with: authctl mfa create-challenge")
    elif session.created_at <= work.now - RECENT:
        raise _challenge_required("This session can complete none: sign in again with: authctl sessions create")


def check_fresh(work: Work, user: User) -> None:
    """The same for asking for two factors from now on: having signed in lately is enough for that."""
    if work.person is not None and work.person.session.created_at <= work.now - RECENT:
        check_recent(work, user, always=True)


def _challenge_required(hint: str) -> Denied:
    minutes = int(RECENT.total_seconds() / 60)
    return Denied("user_challenge_required", f"This needs a challenge of the last {minutes} minutes.", hint=hint)


def proved(work: Work, session: Session, factor: Factor, **values: object) -> Session:
    """A session in which another factor was proved just now: it is complete. values: what else changes of its row."""
    factors = tuple(dict.fromkeys((*session.factors, str(factor))))
    storage.sessions.update(work.db, session.seq, factors=list(factors), mfa_at=work.now, **values)
    return replace(session, factors=factors, mfa_at=work.now)


def prove(work: Work, factor: Factor) -> None:
    """The person who acts has just proved a new factor: that session needs no challenge for it.

    What it was signed in to with is no second one.
    """
    if work.person is not None and first(work.person.session) != factor:
        proved(work, work.person.session, factor)


def keep(work: Work) -> None:
    """Let the session of the person who acts go on, where two factors are asked for from now on.

    That proves no second factor: for what is sensitive it is asked for one all the same.
    """
    if work.person is not None and (session := work.person.session).mfa_at is None:
        storage.sessions.update(work.db, session.seq, mfa_at=session.created_at)


def end_all(work: Work, user: User) -> User:
    """The account without second factors, and asked for none."""
    storage.authenticators.delete_of_user(work.db, user.seq)
    storage.recovery_codes.delete_of_user(work.db, user.seq)
    return replace(user, mfa=False, totp=False, recovery_code=False)


def reread(work: Work, user: User) -> User:
    """The account, with what is kept of its factors now. Its row is locked, so that it stays so."""
    authenticators = storage.authenticators.list_of_user(work.db, user.seq)
    return replace(
        user,
        totp=any(authenticator.verified_at is not None for authenticator in authenticators),
        recovery_code=bool(storage.recovery_codes.list_unused(work.db, user.seq)),
    )
