"""What a session may do: decided here, and nowhere else."""

from __future__ import annotations

from authctl import storage
from authctl.core.credentials import factors
from authctl.core.crypto import digests
from authctl.core.policy import policies
from authctl.core.work.person import Person
from authctl.core.work.unit import Work
from authctl.errors import Denied
from authctl.model import CLOCKS_DIFFER, EPOCH, Session, Status, User, is_ahead
from authctl.storage.sessions import Admitting


def live(work: Work) -> storage.sessions.Live:
    """What a session must be to be alive now."""
    idle = work.policy["session-idle-timeout"]
    return storage.sessions.Live(work.now, work.now - idle if idle is not None else EPOCH, work.now + CLOCKS_DIFFER)


def admit(
    work: Work,
    secret: str,
    *,
    to_complete: bool = False,
    to_add_factor: bool = False,
    to_change_password: bool = False,
    to_prove: bool = False,
    lock: bool = False,
) -> Person:
    """Who it is that a secret belongs to, if that session may act now. Every right of a session is decided here.

    to_complete, to_add_factor, to_change_password, to_prove: for the steps that a session may take which may not yet
    take others. lock: keep others from changing the account until this unit of work is through. Raises Denied:
    user_unauthorized (no such session, ended, past its time, idle for too long), user_blocked,
    user_more_factors_required, user_password_reset_required, user_verification_required.
    """
    # A program that has lost the secret, or a request without a cookie, acts for nobody.
    is_text = isinstance(secret, str)
    found = storage.sessions.find_admitting(work.db, digests.digest(secret), lock=lock) if is_text else None
    return admit_session(
        work,
        found,
        to_complete=to_complete,
        to_add_factor=to_add_factor,
        to_change_password=to_change_password,
        to_prove=to_prove,
    )


def admit_session(
    work: Work,
    found: Admitting | None,
    *,
    to_complete: bool = False,
    to_add_factor: bool = False,
    to_change_password: bool = False,
    to_prove: bool = False,
) -> Person:
    """The same for a session that was found otherwise; None where there was none."""
    if found is None:
        raise unauthorized()
    session, user = found.session, found.user.at(work.now)
    work.know_policies(found.policies)
    if user.status is Status.BLOCKED:
        raise blocked()
    if not is_live(work, session):
        raise unauthorized()
    person = Person(session, user)
    if to_complete:
        return person
    if factors.lacks(work.policy, user, session):
        raise Denied(
            "user_more_factors_required",
            "The sign-in needs more factors.",
            hint="Complete a challenge: authctl mfa create-challenge",
        )
    if factors.must_enrol(work.policy, user):
        if to_add_factor:
            return person
        raise Denied(
            "user_more_factors_required",
            "You must add a second factor first.",
            hint=f"Add one: {_own_command('mfa create-authenticator', user)}",
        )
    if not to_change_password and user.password is not None and user.password.must_change:
        raise Denied(
            "user_password_reset_required",
            "You must change the password first.",
            hint=f"Change it: {_own_command('users update-password', user)}",
        )
    if not to_prove and (missing := unverified(work, user)) is not None:
        raise Denied(
            "user_verification_required",
            f"Verify {'an email or a phone' if missing == 'any' else f'the {missing}'} before anything else.",
            hint=_way_to_verify(user, "phone" if missing == "phone" else "email"),
        )
    return person


def _way_to_verify(user: User, kind: str) -> str:
    """What somebody types who has to verify an address, and may have none yet."""
    if getattr(user, kind) is None:
        return f"Give the account one: {_own_command(f'users update-{kind}', user, kind.upper())}"
    return f"Send a message with: {_own_command(f'tokens create-{kind}-verification', user)}"


def _own_command(command: str, user: User, *more: str) -> str:
    """A command about an account for the person whose it is."""
    from shlex import quote

    return " ".join(["authctl", command, quote(user.id), *more, "--as-session"])


def unverified(work: Work, user: User) -> str | None:
    """What the policy require-verified asks for, and the account has not verified yet; None where nothing is due."""
    required: str = work.policy["require-verified"]
    is_due = policies.verification_due(required, email=user.email_verified, phone=user.phone_verified)
    return required if is_due else None


def is_live(work: Work, session: Session) -> bool:
    """Whether a session has not ended, is within its time, and was not idle for too long."""
    idle = work.policy["session-idle-timeout"]
    if session.ended_at is not None or session.expires_at <= work.now or is_ahead(session.used_at, work.now):
        return False
    return idle is None or session.used_at > work.now - idle


def lacks_factor(work: Work, user: User, session: Session) -> bool:
    """Whether a session may only complete its sign-in, or add a second factor."""
    return factors.lacks(work.policy, user, session) or factors.must_enrol(work.policy, user)


def unauthorized() -> Denied:
    return Denied(
        "user_unauthorized",
        "User (role: guests) missing scope (account)",
        hint="The session is unknown or has ended. Sign in with: authctl sessions create USER",
    )


def blocked() -> Denied:
    return Denied("user_blocked", "The user is blocked.", hint="An operator can find out why: authctl users list-logs")
