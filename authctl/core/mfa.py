"""Multi-factor authentication: the verbs of `authctl mfa`. Which factors count, and when, is in `second_factors`.

Whether an account has a verified authenticator and unused recovery codes is kept with the user, in the same transaction
and under the lock of its row, so that signing in asks for nothing more. Challenges are in `challenges`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from authctl import core, storage
from authctl.core import challenges, otp, recovery_codes, sealing, second_factors, throttle, values
from authctl.core.directory import Directory, Group, flow, granted, reads, writes
from authctl.errors import Conflict, Denied, Invalid, NotFound
from authctl.model import Authenticator, Ended, EventName, Factor, Json, TokenEnded, User, UserFactor

if TYPE_CHECKING:
    from authctl.core.work import Work

MOST_AUTHENTICATORS = 10  # of one user, as Supabase has it
NAME = "authenticator"  # of an authenticator that nobody named


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

    def public(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}


def status(work: Work, user: str) -> MfaStatus:
    """What signing in asks of a user, and what the user has for it."""
    found = core.users.get(work, user)
    has = second_factors.available(work.policy, found)
    return MfaStatus(
        user_id=found.id,
        mfa=found.mfa,
        required=second_factors.is_required(work.policy, found),
        factors={str(factor): factor in has for factor in challenges.FACTORS},
        recovery_codes_left=len(storage.recovery_codes.list_unused(work.db, found.seq)),
        authenticators=sum(each.verified_at is not None for each in _authenticators(work, found)),
    )


def list_factors(work: Work, user: str) -> list[UserFactor]:
    """What a user may complete a sign-in with: authenticators, by their names, then email, phone and recovery codes.

    A session that is yet to be completed is told the kinds alone, and not whose they are.
    """
    found = core.users.get(work, user)
    factors = [each.as_factor() for each in _authenticators(work, found)]
    for kind, address, verified in (
        (Factor.EMAIL, found.email, found.email_verified),
        (Factor.PHONE, found.phone, found.phone_verified),
    ):
        if address is not None:
            factors.append(UserFactor(found.id, kind, verified, name=address))
    if found.recovery_code:
        factors.append(UserFactor(found.id, Factor.RECOVERY_CODE, verified=True))
    if work.person is not None and second_factors.lacks(work.policy, found, work.person.session):
        return [replace(factor, name=None) for factor in factors if factor.verified]
    return factors


def enable(work: Work, user: str) -> User:
    """Ask for two factors from now on, of every session but a person's own.

    A person must have signed in, or completed a challenge, in the last 30 minutes; that session goes on. Where the
    user has no second factor, none is asked for until there is one. Raises Denied (user_challenge_required).
    """
    before = core.users.get_locked(work, user)
    if before.mfa:
        return before
    second_factors.check_fresh(work, before)
    second_factors.keep(work)
    own = work.person.session.seq if work.person is not None else None
    storage.sessions.forget_factors(work.db, before.seq, but=own)
    core.notices.factors_changed(work, before, "two factors are asked for at sign-in")
    return core.users.save(work, before, replace(before, mfa=True), EventName.USERS_UPDATE_MFA, {"mfa": True})


def disable(work: Work, user: str) -> User:
    """Ask for one factor from now on; those that are set up stay. A person must have completed a challenge lately.

    Raises Denied (user_challenge_required).
    """
    before = core.users.get_locked(work, user)
    if not before.mfa:
        return before
    second_factors.check_recent(work, before)
    core.notices.factors_changed(work, before, "one factor is enough at sign-in")
    return core.users.save(work, before, replace(before, mfa=False), EventName.USERS_UPDATE_MFA, {"mfa": False})


# Authenticators


@dataclass(frozen=True, slots=True)
class NewAuthenticator:
    """An authenticator that is yet to be verified, and what an app needs for it; shown this once.

    secret: base32, to be typed in. uri: for a QR code.
    """

    factor: UserFactor
    secret: str = field(repr=False)
    uri: str = field(repr=False)

    def public(self) -> Json:
        return {"secret": self.secret, "uri": self.uri}


def create_authenticator(directory: Directory, user: str, *, name: str | None = None) -> NewAuthenticator:
    """Make the secret of an authenticator app, which counts once a code of it was verified.

    name: which it is, of several; `authenticator` without one. Made again before it is verified, it takes the place of
    the first. Raises Conflict (user_authenticator_already_verified), Invalid (user_authenticator_limit_exceeded,
    user_auth_method_unsupported), Denied (user_challenge_required).
    """
    issuer = core.messages.clean(directory.settings.application_name)
    return directory.write(_create_authenticator, user, _name(name) or NAME, issuer)


def _create_authenticator(work: Work, user: str, name: str, issuer: str) -> NewAuthenticator:
    found = core.users.get_locked(work, user)
    challenges.check_allowed(work, Factor.TOTP)
    second_factors.check_recent(work, found)
    present = _authenticators(work, found)
    same = next((each for each in present if each.name == name), None)
    if same is not None and same.verified_at is not None:
        raise Conflict(
            "user_authenticator_already_verified",
            f"The authenticator {values.shown(name)} is verified already.",
            field="name",
            hint="Give another one a name: --name NAME; or remove this: authctl mfa delete-authenticator",
        )
    if same is not None:
        storage.authenticators.delete(work.db, same.seq)
    elif len(present) >= MOST_AUTHENTICATORS:
        raise Invalid(
            "user_authenticator_limit_exceeded",
            f"The user has {MOST_AUTHENTICATORS} authenticators, and no more are taken.",
            field="user",
            hint="Remove one: authctl mfa delete-authenticator USER --name NAME",
        )
    totp = otp.Totp(work.random(otp.SECRET_SIZE))
    made = new_authenticator(work, found, totp, name)
    factor = storage.authenticators.insert(work.db, made, found.seq).as_factor()
    details = {"type": "totp", "name": name} | ({"replaced": same.id} if same is not None else {})
    work.record(EventName.USERS_MFA_FACTORS_CREATE, _resource(factor), details, user_id=found.id)
    work.changed(_resource(factor), None, factor.public())
    account = found.email or found.phone or found.username or found.id
    return NewAuthenticator(factor, otp.base32(totp.secret), otp.uri(totp, issuer=issuer, account=account))


def new_authenticator(work: Work, user: User, totp: otp.Totp, name: str, *, verified: bool = False) -> Authenticator:
    """An authenticator as it is stored, made here or taken in from another system; not stored yet."""
    id = work.new_id()
    return Authenticator(
        seq=0,
        id=id,
        user_id=user.id,
        name=name,
        sealed_secret=seal_secret(work.key, id, totp.secret, nonce=work.random(sealing.NONCE_SIZE)),
        algorithm=totp.algorithm,
        digits=totp.digits,
        period=totp.period,
        created_at=work.now,
        self_service=work.person is not None,
        verified_at=work.now if verified else None,
    )


def seal_secret(key: bytes, authenticator_id: str, secret: bytes, *, nonce: bytes) -> bytes:
    """An authenticator's secret as it is stored: it opens in that row and nowhere else."""
    return sealing.seal(key, secret, context=f"authenticators/{authenticator_id}", nonce=nonce)


def verify_authenticator(directory: Directory, user: str, code: str, *, name: str | None = None) -> UserFactor:
    """Verify an authenticator by a code of it: it counts from now on, and the session of a person is complete.

    name: which one; without it, the one that is not verified yet. Raises NotFound (user_authenticator_not_found),
    Conflict (user_authenticator_already_verified), and Denied (user_invalid_token) for a wrong code, which is counted.
    """
    given = challenges.typed(code)
    # The attempts of a dry run are counted: it would be free tries.
    remembering = directory.acting(directory.actor)
    claim = granted(remembering.write(_judge_authenticator, user, given, _name(name)))
    return granted(directory.write(_verify_authenticator, user, given, _name(name), claim))


def _judge_authenticator(work: Work, user: str, code: str, name: str | None) -> throttle.Claim | Denied:
    """Count the attempt, and compare."""
    found = core.users.get_locked(work, user)
    second_factors.check_recent(work, found)
    authenticator = _unverified(work, found, name)
    claim = throttle.claim(work, found, user, is_second_factor=True)
    if claim.allowed and challenges.step_of(work, authenticator, code) is not None:
        return claim
    return _refuse_authenticator(work, authenticator, claim.refusal or "wrong")


def _verify_authenticator(
    work: Work, user: str, code: str, name: str | None, claim: throttle.Claim
) -> UserFactor | Denied:
    """Use the code up. All that follows from a verified authenticator is listed here."""
    found = core.users.get_locked(work, user)
    authenticator = _unverified(work, found, name)
    step = challenges.step_of(work, authenticator, code)
    if step is None or not storage.authenticators.use_step(work.db, authenticator.seq, step, work.now):
        return _refuse_authenticator(work, authenticator, "wrong")
    storage.authenticators.set_verified(work.db, authenticator.seq, work.now)
    factor = replace(authenticator, verified_at=work.now, last_used_at=work.now).as_factor()
    throttle.succeed(work, claim, found)
    second_factors.prove(work, Factor.TOTP)
    core.notices.factors_changed(work, found, "an authenticator app was added")
    work.changed(_resource(factor), authenticator.as_factor().public(), factor.public())
    details = {"type": "totp", "name": factor.name, "verified": True}
    after = replace(found, totp=True)
    core.users.save(work, found, after, EventName.USERS_MFA_FACTORS_UPDATE, details, of=_place(factor))
    return factor


def _refuse_authenticator(work: Work, authenticator: Authenticator, why: str) -> Denied:
    """A refusal is returned: it is remembered, then raised."""
    factor = authenticator.as_factor()
    details = {"type": "totp", "refused": why}
    work.record(EventName.USERS_MFA_FACTORS_UPDATE, _resource(factor), details, user_id=factor.user_id)
    return challenges.invalid_code("Wait for the next code that the app shows, and compare the clocks.")


def delete_authenticator(work: Work, user: str, *, name: str | None = None, force: bool = False) -> UserFactor:
    """Remove an authenticator. name: which one, of several.

    force: also where two factors are asked for and this is the second: from then on one is enough, unless the policy
    says otherwise. Raises NotFound (user_authenticator_not_found), Conflict (user_last_factor), Denied
    (user_challenge_required).
    """
    before = core.users.get_locked(work, user)
    authenticator = _named(_authenticators(work, before), _name(name))
    second_factors.check_recent(work, before)
    storage.authenticators.delete(work.db, authenticator.seq)
    after = second_factors.reread(work, before)
    if second_factors.is_asked(work.policy, before) and before.totp and not second_factors.enrolled(work.policy, after):
        if not force:
            raise Conflict(
                "user_last_factor",
                "Two factors are asked for at sign-in, and this is the only second one.",
                field="user",
                hint="Add another first; or use --force, which also lets one factor be enough: see authctl mfa status",
            )
        after = replace(after, mfa=False)
    factor = authenticator.as_factor()
    if factor.verified:
        core.notices.factors_changed(work, before, "an authenticator app was removed")
    work.changed(_resource(factor), factor.public(), None)
    details = {"type": "totp", "name": factor.name} | ({} if after.mfa == before.mfa else {"mfa": after.mfa})
    after = replace(before, totp=after.totp, mfa=after.mfa)
    core.users.save(work, before, after, EventName.USERS_MFA_FACTORS_DELETE, details, of=_place(factor))
    return factor


def _authenticators(work: Work, user: User) -> list[Authenticator]:
    return storage.authenticators.list_of_user(work.db, user.seq)


def _unverified(work: Work, user: User, name: str | None) -> Authenticator:
    """The authenticator that is to be verified."""
    present = _authenticators(work, user)
    waiting = [each for each in present if each.verified_at is None]
    found = _named(present if name is not None or not waiting else waiting, name)
    if found.verified_at is not None:
        raise Conflict(
            "user_authenticator_already_verified",
            f"The authenticator {values.shown(found.name)} is verified already.",
            field="name",
        )
    return found


def _named(authenticators: list[Authenticator], name: str | None) -> Authenticator:
    """The authenticator of that name, or the only one."""
    found = [each for each in authenticators if name in (None, each.name)]
    if not found:
        raise NotFound(
            "user_authenticator_not_found",
            "The user has no authenticator."
            if name is None
            else f"The user has no authenticator {values.shown(name)}.",
            field="user" if name is None else "name",
            hint="See what there is with: authctl mfa list-factors USER",
        )
    if len(found) > 1:
        raise Invalid(
            "general_argument_invalid",
            f"The user has several authenticators: {', '.join(values.shown(each.name) for each in found)}.",
            field="name",
            hint="Say which one: --name NAME",
        )
    return found[0]


def _name(name: str | None) -> str | None:
    """The name of an authenticator, checked; None for none."""
    return values.name(name) or None if name is not None else None


def _place(factor: UserFactor) -> str:
    return f"factors/{factor.id}"


def _resource(factor: UserFactor) -> str:
    return f"users/{factor.user_id}/{_place(factor)}"


# Recovery codes


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """What signs in once each where another factor is lost; shown this once."""

    user_id: str
    codes: tuple[str, ...] = field(repr=False)

    def public(self) -> Json:
        return {"recovery_codes": list(self.codes)}


def create_recovery_codes(work: Work, user: str) -> RecoveryCodes:
    """Make six recovery codes. Raises Conflict (user_recovery_codes_already_exists) while any of a former set is left.

    Denied (user_challenge_required).
    """
    before = core.users.get_locked(work, user)
    if before.recovery_code:
        raise Conflict(
            "user_recovery_codes_already_exists",
            "The user has recovery codes already, and they are shown only once.",
            field="user",
            hint="Make new ones, which ends the old: authctl mfa regenerate-recovery-codes USER",
        )
    second_factors.check_recent(work, before)
    return _make_codes(work, before, EventName.USERS_MFA_RECOVERY_CODES_CREATE, "recovery codes were made")


def regenerate_recovery_codes(work: Work, user: str) -> RecoveryCodes:
    """Make six new recovery codes, and end the old ones. A person must have completed a challenge lately.

    Raises NotFound (user_recovery_codes_not_found) where there never were any, Denied (user_challenge_required).
    """
    before = core.users.get_locked(work, user)
    if not storage.recovery_codes.has_any(work.db, before.seq):
        raise NotFound(
            "user_recovery_codes_not_found",
            "The user has no recovery codes.",
            field="user",
            hint="Make some: authctl mfa create-recovery-codes USER",
        )
    second_factors.check_recent(work, before, always=True)
    return _make_codes(work, before, EventName.USERS_MFA_RECOVERY_CODES_UPDATE, "new recovery codes were made")


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
    if second_factors.is_asked(work.policy, before):
        second_factors.keep(work)  # the session must not be asked for one of the codes that it has just been given
    core.notices.factors_changed(work, before, change)
    after = replace(before, recovery_code=True)
    core.users.save(work, before, after, event, {"codes": len(codes)}, of="recovery_codes")
    return RecoveryCodes(before.id, codes)


# By operators


def reset(work: Work, user: str) -> User:
    """Let a user who has lost every second factor in with one: all that follows from it is listed here.

    Authenticators, recovery codes, sessions and tokens end; the addresses stay, and two factors are not asked for
    unless the policy says so. Why is to be said in the actor's reason, which the log keeps.
    """
    before = core.users.get_locked(work, user)
    details = {
        "authenticators": storage.authenticators.delete_of_user(work.db, before.seq),
        "recovery_codes": storage.recovery_codes.delete_of_user(work.db, before.seq),
        "sessions_ended": storage.sessions.end_of_user(work.db, before.seq, work.now, Ended.FACTORS_RESET),
        "tokens_ended": storage.tokens.end_of_user(work.db, before.seq, work.now, TokenEnded.FACTORS_RESET),
    }
    throttle.forget_second_factors(work, before)
    core.notices.factors_changed(work, before, "every second factor was removed")
    after = replace(before, mfa=False, totp=False, recovery_code=False)
    return core.users.save(work, before, after, EventName.USERS_MFA_RESET, details)


class Mfa(Group):
    """Second factors: the same verbs as the commands of `authctl mfa`."""

    status = reads(status, person=True, to_add_factor=True)
    list_factors = reads(list_factors, person=True, to_complete=True)
    enable = writes(enable, person=True)
    disable = writes(disable, person=True)
    create_authenticator = flow(create_authenticator, person=True, to_add_factor=True)
    verify_authenticator = flow(verify_authenticator, person=True, to_add_factor=True)
    delete_authenticator = writes(delete_authenticator, person=True)
    create_recovery_codes = writes(create_recovery_codes, person=True, to_add_factor=True)
    regenerate_recovery_codes = writes(regenerate_recovery_codes, person=True)
    create_challenge = flow(challenges.create)
    complete_challenge = flow(challenges.complete)
    reset = writes(reset)
