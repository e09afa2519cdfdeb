"""Multi-factor authentication: the verbs of `authctl mfa`. Which factors count, and when, is in `credentials.factors`.

Whether an account has a verified authenticator and unused recovery codes is kept with the user, in the same transaction
and under the lock of its row, so that signing in asks for nothing more. Challenges are in `challenges`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from authctl import storage
from authctl.core.accounts import endings, lookup, records, throttle
from authctl.core.credentials import factors as credentials_factors, recovery_codes
from authctl.core.messages import notices
from authctl.core.mfa import authenticators, challenges
from authctl.core.work.unit import Work
from authctl.errors import Conflict, NotFound
from authctl.model import EventName, Factor, JsonObject, User, UserFactor

# What is set up


@dataclass(frozen=True, slots=True)
class MfaStatus:
    """What signing in asks of a user. mfa: by choice; required: by the policy mfa-required.

    factors: those that the policy allows and the user has. authenticators: how many are verified.
    """

    user_id: str
    mfa: bool
    required: bool
    factors: dict[str, bool]
    recovery_codes_left: int
    authenticators: int

    @property
    def recovery_needs_operator(self) -> bool:
        """Whether the email, which recovers a password, is the only second factor of somebody who is asked for two."""
        has = {name for name, is_there in self.factors.items() if is_there}
        return (self.mfa or self.required) and has == {Factor.EMAIL}

    def public(self) -> JsonObject:
        return {name: getattr(self, name) for name in self.__slots__}


def status(work: Work, user: str) -> MfaStatus:
    """What signing in asks of a user, and what the user has for it."""
    found = lookup.get(work, user)
    has = credentials_factors.available(work.policy, found)
    return MfaStatus(
        user_id=found.id,
        mfa=found.mfa,
        required=credentials_factors.is_required(work.policy, found),
        factors={str(factor): factor in has for factor in challenges.FACTORS},
        recovery_codes_left=len(storage.recovery_codes.list_unused(work.db, found.seq)),
        authenticators=sum(each.verified_at is not None for each in authenticators.list_of_user(work, found)),
    )


def list_factors(work: Work, user: str) -> list[UserFactor]:
    """What a user may complete a sign-in with: authenticators, by their names, then email, phone and recovery codes.

    A session that is yet to be completed is told the kinds alone, and not whose they are.
    """
    found = lookup.get(work, user)
    factors = [each.as_factor() for each in authenticators.list_of_user(work, found)]
    for kind, address, verified in (
        (Factor.EMAIL, found.email, found.email_verified),
        (Factor.PHONE, found.phone, found.phone_verified),
    ):
        if address is not None:
            factors.append(UserFactor(user_id=found.id, type=kind, name=address, verified=verified))
    if found.recovery_code:
        factors.append(UserFactor(user_id=found.id, type=Factor.RECOVERY_CODE, verified=True))
    if work.person is not None and credentials_factors.lacks(work.policy, found, work.person.session):
        return [replace(factor, name=None) for factor in factors if factor.verified]
    return factors


def enable(work: Work, user: str) -> User:
    """Ask for two factors from now on, of every session but a person's own.

    Where the user has no second factor, none is asked for until there is one. Where the email is the only one, a
    forgotten password takes an operator. Raises Denied (user_challenge_required).
    """
    before = lookup.get_locked(work, user)
    if before.mfa:
        return before
    credentials_factors.keep(work)
    own = work.person.session.seq if work.person is not None else 0
    storage.sessions.forget_factors(work.db, before.seq, kept=own)
    notices.factors_changed(work, before, "sign-ins now need two factors")
    return records.save(work, before, replace(before, mfa=True), EventName.USERS_UPDATE_MFA, {"mfa": True})


def disable(work: Work, user: str) -> User:
    """Ask for one factor from now on; those that are set up stay.

    Raises Denied (user_challenge_required).
    """
    before = lookup.get_locked(work, user)
    if not before.mfa:
        return before
    notices.factors_changed(work, before, "sign-ins now need one factor")
    details = {"mfa": False} | endings.end(work, before, endings.Cause.FACTOR_REMOVED)
    return records.save(work, before, replace(before, mfa=False), EventName.USERS_UPDATE_MFA, details)


# Recovery codes


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """What signs in once each where another factor is lost; shown this once."""

    user_id: str
    codes: tuple[str, ...] = field(repr=False)

    def public(self) -> JsonObject:
        return {"recovery_codes": list(self.codes)}


def create_recovery_codes(work: Work, user: str) -> RecoveryCodes:
    """Make six recovery codes. Raises Conflict (user_recovery_codes_already_exists) while any of a former set is left.

    Denied (user_challenge_required).
    """
    before = lookup.get_locked(work, user)
    if before.recovery_code:
        raise Conflict(
            "user_recovery_codes_already_exists",
            "The user already has recovery codes. They are shown only once.",
            field="user",
            hint="Replace them: authctl mfa regenerate-recovery-codes USER",
        )
    return _make_codes(work, before, EventName.USERS_MFA_RECOVERY_CODES_CREATE, "recovery codes were created")


def regenerate_recovery_codes(work: Work, user: str) -> RecoveryCodes:
    """Make six new recovery codes, and end the old ones.

    Raises NotFound (user_recovery_codes_not_found) where there never were any, Denied (user_challenge_required).
    """
    before = lookup.get_locked(work, user)
    if not storage.recovery_codes.has_any(work.db, before.seq):
        raise NotFound(
            "user_recovery_codes_not_found",
            "The user has no recovery codes.",
            field="user",
            hint="Create them: authctl mfa create-recovery-codes USER",
        )
    return _make_codes(work, before, EventName.USERS_MFA_RECOVERY_CODES_UPDATE, "new recovery codes were created")


def _make_codes(work: Work, before: User, event: EventName, change: str) -> RecoveryCodes:
    """Put a new set of codes in the place of what there was."""
    codes = recovery_codes.new(work.random)
    pepper = recovery_codes.pepper(work)
    storage.recovery_codes.delete_of_user(work.db, before.seq)
    storage.recovery_codes.insert(
        work.db,
        before.seq,
        [recovery_codes.digest(pepper, before.id, code) for code in codes],
        work.now,
        self_service=work.person is not None,
    )
    if credentials_factors.is_asked(work.policy, before):
        credentials_factors.keep(work)  # the session must not be asked for one of the codes that it has just been given
    notices.factors_changed(work, before, change)
    after = replace(before, recovery_code=True)
    records.save(work, before, after, event, {"codes": len(codes)}, of="recovery_codes")
    return RecoveryCodes(before.id, codes)


# By operators


def reset(work: Work, user: str) -> User:
    """Let a user who has lost every second factor in with one: all that follows from it is listed here.

    Authenticators, recovery codes, sessions and tokens end; the addresses stay, and two factors are not asked for
    unless the policy says so. Why is to be said in the actor's reason, which the log keeps.
    """
    before = lookup.get_locked(work, user)
    details = {
        "authenticators": storage.authenticators.delete_of_user(work.db, before.seq),
        "recovery_codes": storage.recovery_codes.delete_of_user(work.db, before.seq),
    } | endings.end(work, before, endings.Cause.FACTORS_RESET)
    throttle.forget_second_factors(work, before)
    notices.factors_changed(work, before, "every second factor was removed")
    after = replace(before, mfa=False, totp=False, recovery_code=False)
    return records.save(work, before, after, EventName.USERS_MFA_RESET, details)
