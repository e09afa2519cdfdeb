"""Sessions: signing in, being signed in, signing out; the verbs of `authctl sessions`.

A secret is 256 random bits, shown once and kept as its SHA-256. What a session may do is decided in one place, `admit`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from authctl import core, storage
from authctl.core import passwords, second_factors, throttle, values
from authctl.core.directory import Directory, Group, flow, granted, reads, writes
from authctl.errors import Conflict, Denied, Invalid, NotFound
from authctl.model import Ended, EventName, Factor, Json, Jwt, JwtClaims, Session, Status, User

if TYPE_CHECKING:
    from authctl.core.policy import Policy
    from authctl.core.work import Actor, Work

T = TypeVar("T")

SECRET_SIZE = 32  # bytes; ASVS 7.2.3 asks for 16
TOUCH = timedelta(minutes=1)  # how exactly it is known when a session was last used


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session, with the secret that is shown this once.

    more_factors_required: until a challenge is completed, the session can do nothing else.
    """

    session: Session
    secret: str = field(repr=False)
    more_factors_required: bool = False

    def public(self) -> Json:
        return self.session.public(current=True) | {
            "secret": self.secret,
            "more_factors_required": self.more_factors_required,
        }


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in: whom a unit of work acts for."""

    session: Session
    user: User

    def public(self) -> Json:
        return self.user.as_the_person_sees_it().public() | {"session": self.session.public(current=True)}


# Signing in


def create(
    directory: Directory, user: str, password: str, *, ip: str | None = None, user_agent: str | None = None
) -> SignedIn:
    """Sign in with a password. user: id, email, phone or username. ip, user_agent: where the request came from.

    Raises Denied: user_invalid_credentials, the same and in the same time for an unknown user, a wrong password, none
    set, and a locked account; user_blocked, to who knows the password.
    """
    directory = directory.from_request(ip, user_agent)
    return granted(_attempt(directory, user, password, right=_sign_in_with_password, wrong=_refuse_password))


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a password that has been counted, the account it is at, and the policy that it began with."""

    user: User | None
    claim: throttle.Claim
    policy: Policy


def _attempt(
    directory: Directory,
    user: str,
    password: str,
    *,
    right: Callable[[Work, User], T],
    wrong: Callable[[Work, Attempt], T],
) -> T:
    """Count an attempt at a password, verify it, and do what a right or a wrong one leads to.

    The attempts of a dry run are counted, and its refusals remembered: it would be free tries.
    """
    if not isinstance(password, str):  # as None, of a program that lost it
        raise Invalid("general_argument_invalid", "password must be text", field="password")
    remembering = directory.acting(directory.actor)
    attempt = remembering.write(_claim, user)
    verdict = passwords.judge(directory, attempt.user, password, allowed=attempt.claim.allowed)
    while verdict.is_right:
        settled = directory.write(_settle, attempt, verdict, right)
        if not isinstance(settled, Attempt):
            if directory.dry_run and attempt.user is not None:
                remembering.write(throttle.succeed, attempt.claim, attempt.user)
            return settled
        # The hash was replaced meanwhile, by a change or by another sign-in: what counts is what is set now.
        attempt = settled
        verdict = passwords.judge(directory, attempt.user, password)
    return remembering.write(wrong, attempt)


def _claim(work: Work, user: str) -> Attempt:
    storage.database.keep_plans(work.db)
    # Waited for by whoever signs in: a crash of the server may forget that somebody tried in the moment before it.
    storage.database.relax(work.db)
    work.ask_policy()
    # Locked before its attempts are, as everywhere: two that lock in different orders wait for each other.
    found = core.users.find(work, user, lock=True)
    return Attempt(found, throttle.claim(work, found, user), work.policy)


def _settle(work: Work, attempt: Attempt, verdict: passwords.Verdict, right: Callable[[Work, User], T]) -> T | Attempt:
    """Do what a right password leads to; or the attempt at what the account has become, to be judged again."""
    assert attempt.user is not None
    storage.database.keep_plans(work.db)
    work.obey(attempt.policy)
    user = storage.users.find(work.db, "id", attempt.user.id, lock=True)
    if user is None or _hash(user) != _hash(attempt.user):
        return replace(attempt, user=user)
    user = user.at(work.now)
    passwords.rehash(work, user, verdict)
    with storage.database.ahead(work.db):
        throttle.succeed(work, attempt.claim, user)
    return right(work, user)


def _hash(user: User) -> str | None:
    return user.password.hash if user.password else None


def _sign_in_with_password(work: Work, user: User) -> SignedIn | Denied:
    if user.status is Status.BLOCKED:
        _record_refusal(work, user, "blocked")
        return blocked()
    return sign_in(work, user, "email", (Factor.PASSWORD,))


def _refuse_password(work: Work, attempt: Attempt) -> Denied:
    return _refuse(work, attempt, "credentials")


def _refuse(work: Work, attempt: Attempt, why: str) -> Denied:
    """A refusal is returned: it is remembered, then raised."""
    _record_refusal(work, attempt.user, attempt.claim.refusal or why)
    return invalid_credentials()


def _record_refusal(work: Work, user: User | None, why: str) -> None:
    """The operator may know why; who asked does not."""
    resource = f"users/{user.id}" if user else "users"
    work.record(EventName.USERS_SESSIONS_CREATE, resource, {"refused": why}, user_id=user.id if user else None)


def sign_in(work: Work, user: User, provider: str, factors: tuple[str, ...]) -> SignedIn:
    """Give a user a new session. All that follows from it is listed here."""
    secret = work.random(SECRET_SIZE).hex()
    session = Session(
        seq=0,
        id=work.new_id(),
        user_id=user.id,
        provider=provider,
        factors=tuple(str(factor) for factor in factors),
        ip=work.actor.ip,
        user_agent=work.actor.user_agent,
        created_at=work.now,
        used_at=work.now,
        expires_at=work.now + work.policy["session-duration"],
    )
    details = {"provider": provider, "factors": list(session.factors)}
    is_half = second_factors.lacks(work.policy, user, session)
    with storage.database.ahead(work.db):
        storage.sessions.insert(work.db, session, user.seq, digest(secret))
        _enforce_limit(work, user, is_complete=False if is_half else None)
        if Factor.SERVER not in factors:
            storage.users.set_signed_in(work.db, user.seq, work.now)
        work.record(EventName.USERS_SESSIONS_CREATE, f"users/{user.id}/sessions/{session.id}", details, user_id=user.id)
    work.changed(f"users/{user.id}/sessions/{session.id}", None, session.public())
    core.notices.signed_in(work, user, session)
    return SignedIn(session, secret, lacks_factor(work, user, session))


def _enforce_limit(work: Work, user: User, *, is_complete: bool | None, kept: int = 0) -> None:
    """The oldest of too many sessions go. The user's row is locked, so that sign-ins at once count each other.

    Those that are yet to be completed count by themselves: the password alone ends nobody's session.
    """
    limit = work.policy["session-limit"]
    storage.sessions.end_surplus(work.db, user.seq, _live(work), limit, Ended.LIMIT, is_complete=is_complete, kept=kept)


def create_anonymous(directory: Directory, *, ip: str | None = None, user_agent: str | None = None) -> SignedIn:
    """Make an account without credentials and sign in to it. It keeps its id when it gets an email and a password."""
    return directory.from_request(ip, user_agent).write(_create_anonymous)


def _create_anonymous(work: Work) -> SignedIn:
    core.users.check_room(work)
    user = core.users.insert_new(work, User(seq=0, id="", created_at=work.now, updated_at=work.now))
    return sign_in(work, user, "anonymous", (Factor.ANONYMOUS,))


def create_with_identity(
    directory: Directory,
    provider: str,
    provider_uid: str,
    *,
    email: str | None = None,
    email_verified: bool = False,
    ip: str | None = None,
    user_agent: str | None = None,
) -> SignedIn:
    """Sign in with an account elsewhere that the application has verified (OAuth2, OpenID Connect).

    email_verified: the provider says that it has verified the email. An identity that is linked signs in to its user.
    Else an email that both sides have verified links it; an email that nobody has makes a user; and an email of a user
    that one side has not verified is refused, since whoever signed up with another's address would get in.

    Raises Conflict (user_email_already_exists), Denied (user_blocked), Invalid (user_count_exceeded).
    """
    check = values.Check()
    provider_ = check(values.provider, provider)
    uid = check(values.provider_uid, provider_uid)
    address = check(values.email, email or None)
    check.done()
    assert provider_ is not None
    assert uid is not None
    directory = directory.from_request(ip, user_agent)
    try:
        return granted(directory.write(_sign_in_with_identity, provider_, uid, address, email_verified))
    except Conflict:
        # The same identity may have signed in for the first time twice at once: by now it is linked.
        return granted(directory.write(_sign_in_with_identity, provider_, uid, address, email_verified))


def _sign_in_with_identity(
    work: Work, provider: str, provider_uid: str, email: str | None, email_verified: bool
) -> SignedIn | Denied:
    identity = storage.identities.find_by_uid(work.db, provider, provider_uid)
    user = core.users.find(work, f"id:{identity.user_id}", lock=True) if identity is not None else None
    if user is None:  # the identity is new, or its user was deleted just now
        user = _user_of_identity(work, email, email_verified)
        core.identities.link(work, user, provider, provider_uid, email)
    if user.status is Status.BLOCKED:
        _record_refusal(work, user, "blocked")
        return blocked()
    return sign_in(work, user, provider, (Factor.OAUTH2,))


def _user_of_identity(work: Work, email: str | None, email_verified: bool) -> User:
    """The user that a new identity belongs to: the one whose email both sides have verified, or a new one."""
    present = core.users.find(work, f"email:{email}", lock=True) if email is not None else None
    if present is None:
        core.users.check_room(work)
        new = User(seq=0, id="", created_at=work.now, updated_at=work.now)
        return core.users.insert_new(work, replace(new, email=email, email_verified=bool(email) and email_verified))
    if present.email_verified and email_verified:
        return present
    raise Conflict(
        "user_email_already_exists",
        f"The email {email} belongs to a user, and is not verified on both sides.",
        field="email",
        hint="Sign in to that account and link the identity there: authctl users create-identity",
    )


def create_for(work: Work, user: str) -> SignedIn:
    """Make a session for a user, as the server: `users create-session`. A blocked user gets none."""
    found = core.users.get_locked(work, user)
    if found.status is Status.BLOCKED:
        raise blocked()
    return sign_in(work, found, "server", (Factor.SERVER,))


def verify_password(directory: Directory, user: str, password: str) -> bool:
    """Whether that is the user's password; counted and judged as signing in is."""
    return _attempt(directory, user, password, right=_verified, wrong=_not_verified)


def _verified(work: Work, user: User) -> bool:
    _record_verification(work, user, True)
    return True


def _not_verified(work: Work, attempt: Attempt) -> bool:
    _record_verification(work, attempt.user, False)
    return False


def _record_verification(work: Work, user: User | None, valid: bool) -> None:
    resource = f"users/{user.id}" if user else "users"
    work.record(EventName.USERS_VERIFY_PASSWORD, resource, {"valid": valid}, user_id=user.id if user else None)


# Being signed in


def digest(secret: str) -> bytes:
    """What is kept of a secret: 256 random bits need no slower hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _live(work: Work) -> Any:
    idle = work.policy["session-idle-timeout"]
    return storage.sessions.Live(work.now) if idle is None else storage.sessions.Live(work.now, work.now - idle)


def admit(
    work: Work, secret: str, *, to_complete: bool = False, to_add_factor: bool = False, to_change_password: bool = False
) -> Person:
    """Who it is that a secret belongs to, if that session may act now. Every right of a session is decided here.

    to_complete, to_add_factor, to_change_password: for the steps that a session may take which may not yet take others.
    Raises Denied: user_unauthorized (no such session, ended, past its time, idle for too long), user_blocked,
    user_more_factors_required, user_password_reset_required.
    """
    session = storage.sessions.find_by_digest(work.db, digest(secret))
    return admit_session(
        work,
        session,
        to_complete=to_complete,
        to_add_factor=to_add_factor,
        to_change_password=to_change_password,
    )


def admit_session(
    work: Work,
    session: Session | None,
    *,
    to_complete: bool = False,
    to_add_factor: bool = False,
    to_change_password: bool = False,
) -> Person:
    """The same for a session that was found otherwise; None where there was none."""
    user = core.users.find(work, f"id:{session.user_id}") if session is not None else None
    if session is None or user is None:
        raise unauthorized()
    if user.status is Status.BLOCKED:
        raise blocked()
    if not is_live(work, session):
        raise unauthorized()
    person = Person(session, user)
    if to_complete:
        return person
    if second_factors.lacks(work.policy, user, session):
        raise Denied(
            "user_more_factors_required",
            "More factors are required to complete the sign-in.",
            hint="Complete a challenge: authctl mfa create-challenge",
        )
    if second_factors.must_enrol(work.policy, user):
        if to_add_factor:
            return person
        raise Denied(
            "user_more_factors_required",
            "A second factor must be added before anything else.",
            hint="Add one: authctl mfa create-authenticator --as-session",
        )
    if not to_change_password and user.password is not None and user.password.must_change:
        raise Denied(
            "user_password_reset_required",
            "The password must be changed before anything else.",
            hint="Change it with: authctl users update-password --as-session",
        )
    return person


def is_live(work: Work, session: Session) -> bool:
    """Whether a session has not ended, is within its time, and was not idle for too long."""
    idle = work.policy["session-idle-timeout"]
    if session.ended_at is not None or session.expires_at <= work.now:
        return False
    return idle is None or session.used_at > work.now - idle


def lacks_factor(work: Work, user: User, session: Session) -> bool:
    """Whether a session may only complete its sign-in, or add a second factor."""
    return second_factors.lacks(work.policy, user, session) or second_factors.must_enrol(work.policy, user)


def renew(work: Work, user: User, session: Session, factor: Factor) -> tuple[Session, str]:
    """A session in which another factor was proved, with a new secret: the old one is dead at once (ASVS 7.2.4)."""
    secret = work.random(SECRET_SIZE).hex()
    after = second_factors.proved(work, session, factor, secret_digest=digest(secret), used_at=work.now)
    _enforce_limit(work, user, is_complete=True, kept=session.seq)
    return replace(after, used_at=work.now), secret


def touch(work: Work, session: Session) -> None:
    """Remember that a session was used, to the minute."""
    if work.now - session.used_at >= TOUCH:
        storage.sessions.update(work.db, session.seq, used_at=work.now)


def get(directory: Directory, secret: str) -> Person:
    """Who is signed in with that secret: the account and the session.

    Raises Denied: user_unauthorized, user_blocked, user_password_reset_required, user_more_factors_required.
    """
    person, is_stale = directory.read(_look, secret)
    if is_stale:
        directory.write(touch, person.session)
    return person


def _look(work: Work, secret: str) -> tuple[Person, bool]:
    """The person, and whether its use should be noted: only where an idle time-out asks for it."""
    person = admit(work, secret)
    has_timeout = work.policy["session-idle-timeout"] is not None
    return person, has_timeout and work.now - person.session.used_at >= TOUCH


def update(work: Work, secret: str) -> Session:
    """Extend a session by the policy's duration from now."""
    person = admit(work, secret)
    after = replace(person.session, expires_at=work.now + work.policy["session-duration"], used_at=work.now)
    storage.sessions.update(work.db, after.seq, expires_at=after.expires_at, used_at=after.used_at)
    return _recorded(work, EventName.USERS_SESSIONS_UPDATE, person.session, after)


def delete(work: Work, secret: str) -> Session:
    """Sign out: end the session of that secret. Possible whatever else the session may not do yet."""
    session = storage.sessions.find_by_digest(work.db, digest(secret))
    if session is None or not is_live(work, session):
        raise unauthorized()
    return _end(work, session, Ended.SIGNED_OUT)


def _end(work: Work, session: Session, reason: Ended) -> Session:
    storage.sessions.end(work.db, [session.seq], work.now, reason)
    after = replace(session, ended_at=work.now, ended_reason=str(reason))
    return _recorded(work, EventName.USERS_SESSIONS_DELETE, session, after)


def _recorded(work: Work, event: EventName, before: Session, after: Session) -> Session:
    resource = f"users/{after.user_id}/sessions/{after.id}"
    work.record(event, resource, {"reason": after.ended_reason} if after.ended_reason else {}, user_id=after.user_id)
    work.changed(resource, before.public(), after.public())
    return after


def create_jwt(work: Work, secret: str, *, duration: timedelta | str = timedelta(minutes=15)) -> Jwt:
    """A JWT that stands for the session, for programs that check signatures alone; it dies with the session.

    duration: a second to an hour, as a timedelta or as `values.duration` reads it (`15m`).
    """
    person = admit(work, secret)
    length = values.duration(duration) if isinstance(duration, str) else duration
    return core.jwts.create(work, person.session, person.user, duration=length)


def verify_jwt(work: Work, token: str, *, audience: str | None = None) -> JwtClaims:
    """What a JWT says, if it is ours, for that audience, within its time, and its session may act now.

    Raises Denied: user_jwt_invalid, and what `get` raises of the session.
    """
    claims = core.jwts.verify(work, token, audience=audience)
    person = admit_session(work, storage.sessions.find_by_id(work.db, claims.session_id))
    if person.user.id != claims.user_id:
        raise unauthorized()
    return claims


# Of one user, for operators and for the person: `users list-sessions …`


def list_of(work: Work, user: str, *, ended: bool = False) -> list[Session]:
    """A user's live sessions, the newest first; ended: those that are over too, until they are purged."""
    found = storage.sessions.list_of_user(work.db, core.users.get(work, user).seq, None if ended else _live(work))
    acting = work.person.session.id if work.person else None
    return [replace(session, current=session.id == acting) for session in found]


def delete_of(work: Work, user: str, session: str) -> Session:
    """End one session of a user. Raises NotFound (user_session_not_found) for one that is not the user's, or over."""
    found = storage.sessions.find(work.db, core.users.get_locked(work, user).seq, values.identifier(session))
    if found is None or not is_live(work, found):
        raise NotFound(
            "user_session_not_found",
            f"The user has no live session {values.shown(session)}.",
            field="session",
            hint="List them with: authctl users list-sessions USER",
        )
    return _end(work, found, Ended.DELETED)


def delete_all_of(work: Work, user: str) -> int:
    """End all sessions of a user; how many there were."""
    found = core.users.get_locked(work, user)
    ended = storage.sessions.end_of_user(work.db, found.seq, work.now, Ended.DELETED)
    details = {"sessions_ended": ended}
    work.record(EventName.USERS_SESSIONS_DELETE, f"users/{found.id}/sessions", details, user_id=found.id)
    return ended


def delete_everybodys(work: Work) -> int:
    """End everybody's sessions; how many there were."""
    ended = storage.sessions.end_all(work.db, work.now, Ended.DELETED)
    work.record(EventName.USERS_SESSIONS_DELETE, "users/sessions", {"sessions_ended": ended})
    return ended


# Acting for a person


def confirm(directory: Directory, password: str | None) -> None:
    """Where a person acts: that it is the person, by the current password, and by the second factor where one is used.

    Counted like signing in. An account without a password has none to confirm: where it has an address to sign in by,
    it must have done so lately. Raises Denied (user_invalid_credentials, user_challenge_required).
    """
    if not directory.is_person:
        return
    person, actor = directory.read(_recently_proved)
    if person.user.password is None:
        return
    if password is None:
        raise Invalid(
            "general_argument_invalid",
            "The current password is needed.",
            field="password",
            hint="Send it as a line of standard input: --password-stdin",
        )
    remembering = directory.operating().acting(actor, dry_run=directory.dry_run)
    refusal = _attempt(remembering, f"id:{person.user.id}", password, right=_confirmed, wrong=_refuse_confirmation)
    if refusal is not None:
        raise refusal


def _recently_proved(work: Work) -> tuple[Person, Actor]:
    assert work.person is not None
    second_factors.check_recent(work, work.person.user)
    if work.person.user.password is None:
        second_factors.check_fresh(work, work.person.user)
    return work.person, work.actor


def _confirmed(work: Work, user: User) -> Denied | None:
    return None


def _refuse_confirmation(work: Work, attempt: Attempt) -> Denied | None:
    _refuse(work, attempt, "confirmation")
    return Denied("user_invalid_credentials", "The current password is wrong.")


# Answers


def invalid_credentials() -> Denied:
    return Denied("user_invalid_credentials", "The user or the password is wrong.")


def unauthorized() -> Denied:
    return Denied(
        "user_unauthorized",
        "User (role: guests) missing scope (account)",
        hint="The session is unknown or over. Sign in with: authctl sessions create USER",
    )


def blocked() -> Denied:
    return Denied("user_blocked", "The user is blocked.", hint="An operator can say why: authctl users list-logs")


class Sessions(Group):
    """What a signed-in application does: the verbs of `authctl sessions`."""

    create = flow(create)
    create_anonymous = flow(create_anonymous)
    create_with_identity = flow(create_with_identity)
    get = flow(get)
    update = writes(update)
    delete = writes(delete)
    create_jwt = writes(create_jwt)
    verify_jwt = reads(verify_jwt)
