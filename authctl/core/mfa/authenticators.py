"""Authenticator apps: added, verified by a code, removed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from authctl import storage
from authctl.core.accounts import endings, lookup, records, throttle
from authctl.core.credentials import answers, factors, stepping_up
from authctl.core.crypto import otp, sealing
from authctl.core.messages import compose, notices
from authctl.core.mfa import challenges
from authctl.core.values import checks, identifiers
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work, granted
from authctl.errors import Conflict, Denied, Invalid, NotFound
from authctl.model import Authenticator, EventName, Factor, JsonObject, User, UserFactor

MOST_AUTHENTICATORS = 10  # of one user, as Supabase has it
NAME = "authenticator"  # of an authenticator that nobody named


# Authenticators


@dataclass(frozen=True, slots=True)
class NewAuthenticator:
    """An authenticator that is yet to be verified, and what an app needs for it; shown this once.

    secret: base32, to be typed in. uri: for a QR code.
    """

    factor: UserFactor
    secret: str = field(repr=False)
    uri: str = field(repr=False)

    def public(self) -> JsonObject:
        return {"secret": self.secret, "uri": self.uri}


def create_authenticator(directory: Engine, user: str, *, name: str | None = None) -> NewAuthenticator:
    """Make the secret of an authenticator app, which counts once a code of it was verified.

    name: which it is, of several; `authenticator` without one. Made again before it is verified, it takes the place of
    the first. Raises Conflict (user_authenticator_already_verified), Invalid (user_authenticator_limit_exceeded,
    user_auth_method_unsupported), Denied (user_challenge_required).
    """
    issuer = compose.clean(directory.settings.application_name)
    return directory.write(_create_authenticator, user, _name(name) or NAME, issuer)


def _create_authenticator(work: Work, user: str, name: str, issuer: str) -> NewAuthenticator:
    found = lookup.get_locked(work, user)
    challenges.check_allowed(work, Factor.TOTP)
    present = list_of_user(work, found)
    same = next((each for each in present if each.name == name), None)
    if same is not None and same.verified_at is not None:
        raise Conflict(
            "user_authenticator_already_verified",
            f"The authenticator {checks.shown(name)} already exists.",
            field="name",
            hint=(
                "Give this one another name with --name NAME, or delete the old one: authctl mfa delete-authenticator"
            ),
        )
    if same is not None:
        storage.authenticators.delete(work.db, same.seq)
    elif len(present) >= MOST_AUTHENTICATORS:
        raise Invalid(
            "user_authenticator_limit_exceeded",
            f"The user already has {MOST_AUTHENTICATORS} authenticators, which is the limit.",
            field="user",
            hint="Delete one: authctl mfa delete-authenticator USER --name NAME",
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


def verify_authenticator(directory: Engine, user: str, code: str, *, name: str | None = None) -> UserFactor:
    """Verify an authenticator by a code of it: it counts from now on, and the session of a person is complete.

    name: which one; without it, the one that is not verified yet. Raises NotFound (user_authenticator_not_found),
    Conflict (user_authenticator_already_verified), and Denied (user_invalid_token) for a wrong code, which is counted.
    """
    given = answers.typed(code)
    # The attempts of a dry run are counted: it would be free tries.
    remembering = directory.acting(directory.actor)
    claim = granted(remembering.write(_judge_authenticator, user, given, _name(name)))
    return granted(directory.write(_verify_authenticator, user, given, _name(name), claim))


def _judge_authenticator(work: Work, user: str, code: str, name: str | None) -> throttle.CountedAttempt | Denied:
    """Count the attempt, and compare."""
    found = lookup.get_locked(work, user)
    authenticator = _unverified(work, found, name)
    claim = throttle.claim(work, found, user, is_second_factor=True)
    if claim.allowed and answers.step_of(work, authenticator, code) is not None:
        return claim
    return _refuse_authenticator(work, authenticator, claim.refusal or "wrong")


def _verify_authenticator(
    work: Work, user: str, code: str, name: str | None, claim: throttle.CountedAttempt
) -> UserFactor | Denied:
    """Use the code up. All that follows from a verified authenticator is listed here."""
    found = lookup.get_locked(work, user)
    authenticator = _unverified(work, found, name)
    step = answers.step_of(work, authenticator, code)
    if step is None or not answers.use_step(work, authenticator, step):
        return _refuse_authenticator(work, authenticator, "wrong")
    storage.authenticators.set_verified(work.db, authenticator.seq, work.now)
    factor = replace(authenticator, verified_at=work.now, last_used_at=work.now).as_factor()
    throttle.succeed(work, claim, found)
    factors.prove(work, Factor.TOTP)
    notices.factors_changed(work, found, "an authenticator app was added")
    work.changed(_resource(factor), authenticator.as_factor().public(), factor.public())
    details = {"type": "totp", "name": factor.name, "verified": True}
    details |= endings.end(work, found, endings.Cause.FACTOR_ADDED)
    after = replace(found, totp=True)
    records.save(work, found, after, EventName.USERS_MFA_FACTORS_UPDATE, details, of=_place(factor))
    return factor


def _refuse_authenticator(work: Work, authenticator: Authenticator, why: str) -> Denied:
    """A refusal is returned: it is remembered, then raised."""
    factor = authenticator.as_factor()
    details = {"type": "totp", "refused": why}
    work.record(EventName.USERS_MFA_FACTORS_UPDATE, _resource(factor), details, user_id=factor.user_id)
    return answers.invalid_code("Wait for the next code in the app, and compare the clocks.")


def delete_authenticator(work: Work, user: str, *, name: str | None = None, force: bool = False) -> UserFactor:
    """Remove an authenticator. Where two factors are still asked for, each session completes a challenge again.

    name: which one, of several. force: also where two factors are asked for and this is the second: from then on one is
    enough, unless the policy says otherwise. Raises NotFound (user_authenticator_not_found), Conflict
    (user_last_factor), Denied (user_challenge_required).
    """
    before = lookup.get_locked(work, user)
    authenticator = _named(list_of_user(work, before), _name(name))
    storage.authenticators.delete(work.db, authenticator.seq)
    after = factors.reread(work, before)
    if factors.is_asked(work.policy, before) and before.totp and not factors.enrolled(work.policy, after):
        if not force:
            raise Conflict(
                "user_last_factor",
                "Sign-ins need two factors, and this is the only second one.",
                field="user",
                hint=(
                    "Add another one first. Or add --force, which also turns off two-factor sign-in. See: "
                    "authctl mfa status"
                ),
            )
        after = replace(after, mfa=False)
    factor = authenticator.as_factor()
    if factor.verified:
        notices.factors_changed(work, before, "an authenticator app was removed")
    work.changed(_resource(factor), factor.public(), None)
    details = {"type": "totp", "name": factor.name} | ({} if after.mfa == before.mfa else {"mfa": after.mfa})
    if factor.verified:
        details |= endings.end(work, before, endings.Cause.FACTOR_REMOVED)
    after = replace(before, totp=after.totp, mfa=after.mfa)
    records.save(work, before, after, EventName.USERS_MFA_FACTORS_DELETE, details, of=_place(factor))
    return factor


def list_of_user(work: Work, user: User) -> list[Authenticator]:
    return storage.authenticators.list_of_user(work.db, user.seq)


def _unverified(work: Work, user: User, name: str | None) -> Authenticator:
    """The authenticator that is to be verified, soon after the person who made it has stepped up for that."""
    present = list_of_user(work, user)
    waiting = [each for each in present if each.verified_at is None]
    found = _named(present if name is not None or not waiting else waiting, name)
    if found.verified_at is not None:
        raise Conflict(
            "user_authenticator_already_verified",
            f"The authenticator {checks.shown(found.name)} is already verified.",
            field="name",
        )
    if work.person is not None and found.self_service and found.created_at < stepping_up.since(work):
        message = f"The authenticator {checks.shown(found.name)} was not verified in time."
        hint = "Create it again: authctl mfa create-authenticator"
        raise Denied("user_challenge_required", message, field="name", hint=hint)
    return found


def _named(authenticators: list[Authenticator], name: str | None) -> Authenticator:
    """The authenticator of that name, or the only one."""
    found = [each for each in authenticators if name in (None, each.name)]
    if not found:
        raise NotFound(
            "user_authenticator_not_found",
            "The user has no authenticator."
            if name is None
            else f"The user has no authenticator {checks.shown(name)}.",
            field="user" if name is None else "name",
            hint="List them with: authctl mfa list-factors USER",
        )
    if len(found) > 1:
        raise Invalid(
            "general_argument_invalid",
            f"The user has several authenticators: {', '.join(checks.shown(each.name) for each in found)}.",
            field="name",
            hint="Name one: --name NAME",
        )
    return found[0]


def _name(name: str | None) -> str | None:
    """The name of an authenticator, checked; None for none."""
    return identifiers.name(name) or None if name is not None else None


def _place(factor: UserFactor) -> str:
    return f"factors/{factor.id}"


def _resource(factor: UserFactor) -> str:
    return f"users/{factor.user_id}/{_place(factor)}"
