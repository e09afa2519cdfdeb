"""Signing in: every way to a new session, and all that follows from one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from authctl import storage
from authctl.core.accounts import endings, identities, lookup, naming, records, sources, ways_in
from authctl.core.accounts.identities import NewIdentity
from authctl.core.credentials import attempts, factors as credentials_factors, proofs
from authctl.core.credentials.proofs import Verdict
from authctl.core.crypto import digests
from authctl.core.messages import notices
from authctl.core.sessions import admission
from authctl.core.work.unit import granted
from authctl.errors import Conflict, Denied
from authctl.model import Ended, EventName, Factor, JsonObject, NewUser, Session, Status, User

if TYPE_CHECKING:
    from authctl.core.credentials.attempts import Attempt
    from authctl.core.work.engine import Engine
    from authctl.core.work.unit import Work


SECRET_SIZE = 32  # bytes; ASVS 7.2.3 asks for 16
# Whoever signs in by these has just had a mail, or was told by the provider.
NOT_ALERTED = {Factor.EMAIL, Factor.OAUTH2, Factor.ANONYMOUS}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session, with the secret that is shown this once.

    more_factors_required, verification_required: until a challenge is completed, or an address is verified, the session
    can do nothing else. ended: what of the account
    was of whoever had claimed the address that was just proved.
    """

    session: Session
    secret: str = field(repr=False)
    more_factors_required: bool = False
    verification_required: bool = False
    ended: tuple[str, ...] = ()

    def public(self) -> JsonObject:
        shown: JsonObject = {"secret": self.secret, "more_factors_required": self.more_factors_required}
        shown |= {"verification_required": True} if self.verification_required else {}
        return self.session.public(current=True) | shown | ({"ended": list(self.ended)} if self.ended else {})


# Signing in


def create(
    directory: Engine, user: str, password: str, *, ip: str | None = None, user_agent: str | None = None
) -> SignedIn:
    """Sign in with a password. user: id, email, phone or username. ip, user_agent: where the request came from.

    Raises Denied: user_invalid_credentials, the same and in the same time for an unknown user, a wrong password, none
    set, and a locked account; user_blocked, to who knows the password. Invalid (user_auth_method_unsupported).
    """
    directory = directory.from_request(ip, user_agent)
    return granted(
        attempts.attempt(
            directory, user, password, right=_sign_in_with_password, wrong=_refuse_password, check=_check_password_on
        )
    )


def _check_password_on(work: Work) -> None:
    ways_in.check(work, "password")


def _sign_in_with_password(work: Work, user: User) -> SignedIn | Denied:
    if user.status is Status.BLOCKED:
        attempts.record_refusal(work, user, "blocked")
        return admission.blocked()
    return sign_in(work, user, "email", (Factor.PASSWORD,))


def _refuse_password(work: Work, attempt: Attempt) -> Denied:
    return attempts.refuse(work, attempt, "credentials")


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
        expires_at=work.now + min(work.policy["session-duration"], work.policy["session-max-age"] or timedelta.max),
    )
    details = {"provider": provider, "factors": list(session.factors)}
    is_half = credentials_factors.lacks(work.policy, user, session)
    with work.db.ahead():
        storage.sessions.insert(work.db, session, user.seq, digests.digest(secret))
        _enforce_limit(work, user, is_complete=False if is_half else None)
        if Factor.SERVER not in factors:
            storage.users.set_signed_in(work.db, user.seq, work.now)
        work.record(EventName.USERS_SESSIONS_CREATE, f"users/{user.id}/sessions/{session.id}", details, user_id=user.id)
    work.changed(f"users/{user.id}/sessions/{session.id}", None, session.public())
    if _is_unusual(work, user, session):
        notices.signed_in(work, user, session)
    is_due = admission.unverified(work, user) is not None
    return SignedIn(session, secret, admission.lacks_factor(work, user, session), is_due)


def _is_unusual(work: Work, user: User, session: Session) -> bool:
    """Whether the person is told of a sign-in by the policy session-alerts: from a source that is not known to the
    account, but for the first one, which belongs to the sign-up."""
    if not work.policy["session-alerts"] or user.last_sign_in_at is None or not NOT_ALERTED.isdisjoint(session.factors):
        return False
    source = sources.find(work)
    return source is None or not sources.is_known(work, user, source)


def _enforce_limit(work: Work, user: User, *, is_complete: bool | None, kept: int = 0) -> None:
    """The oldest of too many sessions go, with the changes that were asked for in them. The user's row is locked, so
    that sign-ins at once count each other.

    Those that are yet to be completed count by themselves: the password alone ends nobody's session.
    """
    limit = work.policy["session-limit"]
    storage.sessions.end_surplus(
        work.db, user.seq, admission.live(work), limit, Ended.LIMIT, is_complete=is_complete, kept=kept
    )
    endings.end(work, user, endings.Cause.SESSION)


def create_anonymous(directory: Engine, *, ip: str | None = None, user_agent: str | None = None) -> SignedIn:
    """Make an account without credentials and sign in to it. It keeps its id when it gets an email and a password."""
    return directory.from_request(ip, user_agent).write(_create_anonymous)


def _create_anonymous(work: Work) -> SignedIn:
    ways_in.check(work, "anonymous")
    user = records.insert_new(work, NewUser())
    return sign_in(work, user, "anonymous", (Factor.ANONYMOUS,))


def create_with_identity(
    directory: Engine,
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
    Else an email that nobody has makes a user; a verified one of a user is a proof of that address, as a code that was
    sent there is (see `proofs`), and links it once the session is complete; and one of a user that is not verified is
    refused.

    Raises Conflict (user_email_already_exists), Denied (user_blocked), Invalid (user_count_exceeded).
    """
    new = identities.read(provider, provider_uid, email, email_verified=email_verified)
    directory = directory.from_request(ip, user_agent)
    try:
        return granted(directory.write(_sign_in_with_identity, new))
    except Conflict:
        # The same identity may have signed in for the first time twice at once: by now it is linked.
        return granted(directory.write(_sign_in_with_identity, new))


def _sign_in_with_identity(work: Work, new: NewIdentity) -> SignedIn | Denied:
    ways_in.check(work, "identity")
    identity = storage.identities.find_by_uid(work.db, new.provider, new.provider_uid)
    user = lookup.find(work, f"id:{identity.user_id}", lock=True) if identity is not None else None
    is_linked = user is not None  # else it is new, or its user was deleted just now
    present = user or _user_with(work, new)
    if present is not None and present.status is Status.BLOCKED:
        attempts.record_refusal(work, present, "blocked")
        return admission.blocked()
    verdict = _decide(work, present, new) if present is not None and not is_linked else Verdict.THEIRS
    if present is not None and verdict is Verdict.HALF:
        signed_in = sign_in(work, present, new.provider, (Factor.EMAIL,))  # by what the provider vouches for alone
        storage.identities.insert_waiting(work.db, new, signed_in.session.id)
        return signed_in
    proof = proofs.carry_out(work, present or _new_user(work, new), "email", verdict)
    factor = Factor.OAUTH2
    if proof.user.email_verified and proof.user.email in (new.email, identity.email if identity is not None else None):
        factor = Factor.EMAIL  # whoever reads the mailbox can sign in to the provider that has the same one
    signed_in = replace(sign_in(work, proof.user, new.provider, (factor,)), ended=proof.ended)
    if is_linked:
        return signed_in
    if present is not None and credentials_factors.lacks(work.policy, proof.user, signed_in.session):
        storage.identities.insert_waiting(work.db, new, signed_in.session.id)
        return signed_in
    identities.link(work, proof.user, new)
    if present is not None:
        _tell_of_link(work, proof.user, new)
    return signed_in


def _decide(work: Work, user: User, new: NewIdentity) -> Verdict:
    """What an email that a provider vouches for means for the user who has it."""
    is_proved = new.email is not None and identities.has_proved(work, user, new.email)
    return Verdict.THEIRS if is_proved else proofs.decide(work, user, "email")


def _new_user(work: Work, new: NewIdentity) -> User:
    """The account of an identity whose email nobody has; an unverified email is yet to be proved."""
    verified = NewUser(email=new.email, email_verified=True)
    return records.insert_new(work, verified if new.email_verified else NewUser(pending_email=new.email))


def _user_with(work: Work, new: NewIdentity) -> User | None:
    """The user who has the email of a new identity, of which the provider says that it is verified."""
    present = lookup.find(work, f"email:{new.email}", lock=True) if new.email is not None else None
    if present is None or new.email_verified:
        return present
    raise Conflict(
        "user_email_already_exists",
        f"The email {new.email} belongs to another user, and the provider has not verified it.",
        field="email",
        hint="Sign in to that account and link the identity there: authctl users create-identity",
    )


def create_for(work: Work, user: str, *, force: bool = False) -> SignedIn:
    """Make a session for a user, as the server: `users create-session`. A blocked user gets none.

    force: also where somebody typed in the address or username that names the account.
    """
    found = naming.get(work, user, force=force)
    if found.status is Status.BLOCKED:
        raise admission.blocked()
    return sign_in(work, found, "server", (Factor.SERVER,))


def renew(work: Work, user: User, session: Session, factor: Factor) -> tuple[Session, str]:
    """A session in which another factor was proved, with a new secret: the old one is dead at once (ASVS 7.2.4)."""
    secret = work.random(SECRET_SIZE).hex()
    after = credentials_factors.proved(work, session, factor, secret_digest=digests.digest(secret), used_at=work.now)
    _enforce_limit(work, user, is_complete=True, kept=session.seq)
    if session.factors[0] in (Factor.OAUTH2, Factor.EMAIL):
        _link_waiting(work, user, session)
    return replace(after, used_at=work.now), secret


def _link_waiting(work: Work, user: User, session: Session) -> None:
    """Link the identity that the session was signed in to with, if nobody has linked it, or taken its email, since."""
    waiting = storage.identities.take_waiting(work.db, session.seq)
    if waiting is None or storage.identities.find_by_uid(work.db, waiting.provider, waiting.provider_uid):
        return
    if identities.has_proved(work, user, waiting.email):
        new = NewIdentity(waiting.provider, waiting.provider_uid, waiting.email, email_verified=True)
        identities.link(work, user, new)
        _tell_of_link(work, user, new)


def _tell_of_link(work: Work, user: User, new: NewIdentity) -> None:
    notices.factors_changed(work, user, f"a sign-in with {new.provider} was added")
