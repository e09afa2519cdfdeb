"""Sessions: signing in, being signed in, signing out; the verbs of `authctl sessions`.

A secret is 256 random bits, shown once and kept as its SHA-256. What a session may do is decided in `admission`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from authctl import storage
from authctl.core.accounts import endings, lookup
from authctl.core.crypto import digests
from authctl.core.sessions import admission, jwts
from authctl.core.values import checks, identifiers, times
from authctl.core.work.engine import Engine
from authctl.core.work.person import Person
from authctl.core.work.unit import Work
from authctl.errors import NotFound
from authctl.model import Ended, EventName, Jwt, JwtClaims, Session, User

TOUCH = timedelta(minutes=1)  # how exactly it is known when a session was last used


def touch(work: Work, session: Session) -> None:
    """Remember that a session was used, to the minute."""
    if work.now - session.used_at >= TOUCH:
        storage.sessions.update(work.db, session.seq, used_at=work.now)


def get(directory: Engine, secret: str) -> Person:
    """Who is signed in with that secret: the account and the session.

    Raises Denied: user_unauthorized, user_blocked, user_password_reset_required, user_more_factors_required.
    """
    person, is_stale = directory.read(_look, secret)
    if is_stale:
        directory.write(touch, person.session)
    return person


def _look(work: Work, secret: str) -> tuple[Person, bool]:
    """The person, and whether its use should be noted: only where an idle time-out asks for it."""
    work.db.keep_plans()
    work.db.end_with_next()
    person = admission.admit(work, secret)
    has_timeout = work.policy["session-idle-timeout"] is not None
    return person, has_timeout and work.now - person.session.used_at >= TOUCH


def update(work: Work, secret: str) -> Session:
    """Extend a session by the policy's duration from now, but not beyond session-max-age from its beginning."""
    person = admission.admit(work, secret)
    session, longest = person.session, work.policy["session-max-age"]
    end = work.now + work.policy["session-duration"]
    if longest is not None:
        end = min(end, max(session.created_at + longest, session.expires_at))
    after = replace(session, expires_at=end, used_at=work.now)
    storage.sessions.update(work.db, after.seq, expires_at=after.expires_at, used_at=after.used_at)
    return _recorded(work, EventName.USERS_SESSIONS_UPDATE, session, after)


def delete(work: Work, secret: str) -> Session:
    """Sign out: end the session of that secret. Possible whatever else the session may not do yet."""
    session = storage.sessions.find_by_digest(work.db, digests.digest(secret))
    if session is None or not admission.is_live(work, session):
        raise admission.unauthorized()
    return _end(work, lookup.get_locked(work, f"id:{session.user_id}"), session, Ended.SIGNED_OUT)


def _end(work: Work, user: User, session: Session, reason: Ended) -> Session:
    storage.sessions.end(work.db, session.seq, work.now, reason)
    endings.end(work, user, endings.Cause.SESSION)
    after = replace(session, ended_at=work.now, ended_reason=str(reason))
    return _recorded(work, EventName.USERS_SESSIONS_DELETE, session, after)


def _recorded(work: Work, event: EventName, before: Session, after: Session) -> Session:
    resource = f"users/{after.user_id}/sessions/{after.id}"
    work.record(event, resource, {"reason": after.ended_reason} if after.ended_reason else {}, user_id=after.user_id)
    work.changed(resource, before.public(), after.public())
    return after


def create_jwt(work: Work, secret: str, *, duration: timedelta | str | int = timedelta(minutes=15)) -> Jwt:
    """A JWT that stands for the session, for programs that check signatures alone; it dies with the session.

    duration: a second to an hour, as a timedelta, in seconds, or as text (`15m`).
    """
    keys = storage.signing_keys.ask_live(work.db)
    person = admission.admit(work, secret)
    return jwts.create(work, keys, person.session, person.user, duration=times.duration(duration))


def verify_jwt(work: Work, token: str, *, audience: str | None = None) -> JwtClaims:
    """What a JWT says, if it is ours, for that audience, within its time, and its session may act now.

    Raises Denied: user_jwt_invalid, and what `get` raises of the session.
    """
    parsed = jwts.parse(token)
    work.db.keep_plans()
    work.ask_policy()  # whether or not there is such a session
    keys = storage.signing_keys.ask_all(work.db)
    work.db.end_with_next()
    found = storage.sessions.find_admitting_by_id(work.db, parsed.session_id)
    claims = jwts.verify(work, parsed, keys(), audience=audience)
    person = admission.admit_session(work, found)
    if person.user.id != claims.user_id:
        raise admission.unauthorized()
    return claims


# Of one user, for operators and for the person: `users list-sessions …`


def list_of(work: Work, user: str, *, ended: bool = False) -> list[Session]:
    """A user's live sessions, the newest first; ended: those that are over too, until they are purged."""
    found = storage.sessions.list_of_user(work.db, lookup.get(work, user).seq, None if ended else admission.live(work))
    acting = work.person.session.id if work.person else None
    return [replace(session, current=session.id == acting) for session in found]


def delete_of(work: Work, user: str, session: str) -> Session:
    """End one session of a user. Raises NotFound (user_session_not_found) for one that is not the user's, or over."""
    owner = lookup.get_locked(work, user)
    found = storage.sessions.find(work.db, owner.seq, identifiers.identifier(session))
    if found is None or not admission.is_live(work, found):
        raise NotFound(
            "user_session_not_found",
            f"The user has no active session {checks.shown(session)}.",
            field="session",
            hint="List them with: authctl users list-sessions USER",
        )
    return _end(work, owner, found, Ended.DELETED)


def delete_all_of(work: Work, user: str) -> int:
    """End all sessions of a user; how many there were."""
    found = lookup.get_locked(work, user)
    details = endings.end(work, found, endings.Cause.SIGNED_OUT)
    work.record(EventName.USERS_SESSIONS_DELETE, f"users/{found.id}/sessions", details, user_id=found.id)
    return int(details["sessions_ended"])


def delete_everybodys(work: Work) -> int:
    """End everybody's sessions; how many there were."""
    details = endings.end_everybodys(work)
    work.record(EventName.USERS_SESSIONS_DELETE, "users/sessions", details)
    return int(details["sessions_ended"])
