"""Second factors: which an account has, which sessions are asked for one, and what proving one does to a session.

    signed in with one factor ──┬── nobody asks for two, or the account has none ─────▶ may do everything
                                ├── the policy asks for two, and there is none ───────▶ may only add one (`must_enrol`)
                                └── two are asked for, and there is another ──────────▶ may only complete (`lacks`)
                                                                                          │ a challenge, or proving a
                                    may do everything: `mfa_at` says since when ◀─────────┘ new factor in the session

The two are different possessions: whoever reads the mailbox has one, be it by a code, a link, a recovery, or a provider
whose email is the account's. A session that somebody else gave (OAuth2, an operator, a token) counts as one factor, as
a password does.

A session that was signed in to by an address that is not proved (`proofs`) may only be completed, too: by any other
factor, or by the password.
"""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import replace
from enum import StrEnum

from authctl import storage
from authctl.core.accounts import records, standing
from authctl.core.accounts.standing import AddressKind
from authctl.core.policy.policies import Policy
from authctl.core.work.unit import Work
from authctl.model import EventName, Factor, Session, TokenKind, User


class Possession(StrEnum):
    """What somebody knows or has. A second factor is another one than the first."""

    PASSWORD = "password"  # noqa: S105 - a class of factors
    MAILBOX = "mailbox"
    PHONE = "phone"
    AUTHENTICATOR = "authenticator"
    RECOVERY_CODE = "recovery_code"
    PROVIDER = "provider"
    OPERATOR = "operator"


# What each factor and each kind of token shows, by its word. Being anonymous shows nothing. A session of a provider
# whose email is the account's has the factor email.
POSSESSIONS: dict[str, Possession] = {
    Factor.PASSWORD: Possession.PASSWORD,
    Factor.EMAIL: Possession.MAILBOX,
    Factor.PHONE: Possession.PHONE,
    Factor.TOTP: Possession.AUTHENTICATOR,
    Factor.RECOVERY_CODE: Possession.RECOVERY_CODE,
    Factor.OAUTH2: Possession.PROVIDER,
    Factor.SERVER: Possession.OPERATOR,
    TokenKind.TOKEN: Possession.OPERATOR,
    TokenKind.EMAIL: Possession.MAILBOX,
    TokenKind.MAGIC_URL: Possession.MAILBOX,
    TokenKind.EMAIL_VERIFICATION: Possession.MAILBOX,
    TokenKind.EMAIL_CHANGE: Possession.MAILBOX,
    TokenKind.RECOVERY: Possession.MAILBOX,
    TokenKind.PHONE: Possession.PHONE,
    TokenKind.PHONE_VERIFICATION: Possession.PHONE,
    TokenKind.PHONE_CHANGE: Possession.PHONE,
}


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


def shown(factors: Collection[str]) -> Set[Possession]:
    """What those factors show."""
    return {POSSESSIONS[factor] for factor in factors if factor in POSSESSIONS}


def first(session: Session) -> Possession | None:
    """What a session was signed in to with; None for an anonymous one."""
    return POSSESSIONS.get(session.factors[0])


def others(policy: Policy, user: User, than: Possession | None) -> Set[Factor]:
    """The second factors of a user that show another possession than that one."""
    return {factor for factor in available(policy, user) if POSSESSIONS[factor] is not than}


def asks_second(policy: Policy, user: User, first: Possession | None) -> bool:
    """Whether whoever has shown that possession is asked for another one, which the user can show.

    Where the second would be the first again, a password makes two with it; without one there are no two to ask for.
    """
    if not is_asked(policy, user):
        return False
    return bool(others(policy, user, first)) or (bool(available(policy, user)) and user.password is not None)


def possible(policy: Policy, user: User, session: Session) -> Set[Factor]:
    """What completes that session."""
    found = others(policy, user, first(session))
    if unproved(user, session) and user.password is not None and not (found and is_asked(policy, user)):
        found |= {Factor.PASSWORD}
    return found


def unproved(user: User, session: Session) -> AddressKind | None:
    """By which address, that is not proved, a session was signed in to."""
    began = session.factors[0]
    return next((kind for kind in standing.KINDS if kind == began and not getattr(user, f"{kind}_verified")), None)


def lacks(policy: Policy, user: User, session: Session) -> bool:
    """Whether two factors are asked of a user who can give two and the session has one, or one of no proved address."""
    if session.mfa_at is not None:
        return False
    return unproved(user, session) is not None or asks_second(policy, user, first(session))


def must_enrol(policy: Policy, user: User) -> bool:
    """Whether a user is to add a factor before anything else. Recovery codes are none: they stand in for one."""
    return is_required(policy, user) and bool(policy["mfa-factors"]) and not enrolled(policy, user)


def proved(work: Work, session: Session, factor: Factor, **values: object) -> Session:
    """A session in which another factor was proved just now: it is complete. values: what else changes of its row."""
    factors = tuple(dict.fromkeys((*session.factors, str(factor))))
    storage.sessions.update(work.db, session.seq, factors=list(factors), mfa_at=work.now, **values)
    return replace(session, factors=factors, mfa_at=work.now)


def prove(work: Work, factor: Factor) -> None:
    """The person who acts has just proved a new factor: that session needs no challenge for it.

    What it was signed in to with is no second one.
    """
    if work.person is not None and first(work.person.session) is not POSSESSIONS[factor]:
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


def end_unconfirmed(work: Work, user: User, confirmed: Collection[int], *, has_code: bool) -> User:
    """The account without the factors that whoever recovers it has not confirmed: they may be an intruder's.

    confirmed: the numbers of the authenticators whose code was given. has_code: whether any code was, so that the
    recovery codes stay.
    """
    unconfirmed = [each for each in storage.authenticators.list_of_user(work.db, user.seq) if each.seq not in confirmed]
    for authenticator in unconfirmed:
        storage.authenticators.delete(work.db, authenticator.seq)
    codes = 0 if has_code else storage.recovery_codes.delete_of_user(work.db, user.seq)
    if not (unconfirmed or codes):
        return user
    details = {"authenticators": len(unconfirmed), "recovery_codes": codes, "because": "recovery"}
    return records.save(work, user, reread(work, user), EventName.USERS_MFA_FACTORS_DELETE, details, of="factors")


def reread(work: Work, user: User) -> User:
    """The account, with what is kept of its factors now. Its row is locked, so that it stays so."""
    authenticators = storage.authenticators.list_of_user(work.db, user.seq)
    return replace(
        user,
        totp=any(authenticator.verified_at is not None for authenticator in authenticators),
        recovery_code=bool(storage.recovery_codes.list_unused(work.db, user.seq)),
    )
