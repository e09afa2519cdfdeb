"""The nouns of a directory, as frozen records, and how each is shown to the outside (DESIGN §4.2).

`public()` is the shape that JSON answers, audit details and `--dry-run` share: what `repr` shows, unless a record says
otherwise. Fields with `repr=False`, secrets among them, are not in it. Times are aware datetimes in UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, reduce
from types import NoneType
from typing import Any, Literal

Json = dict[str, Any]  # as it is read and built
JsonObject = dict[str, object]  # as it is answered with: whoever looks into it says what they expect
Step = Callable[[int], None]  # tells of so many records done
Progress = Callable[[str, int | None], AbstractContextManager[Step]]  # opens a bar: its label, and how many there are
Waiting = Callable[[str], AbstractContextManager[object]]  # says what goes on, if it takes long
CLOCKS_DIFFER = timedelta(minutes=5)  # at most, on the machines that share a directory; as RFC 4120 §1.6 has it
LONGEST_LOCK = timedelta(days=1)
LONGEST_LIFE = timedelta(days=365)  # of what is redeemed once


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether a stored time can only come from a clock that was wrong: what depends on it is over."""
    return moment > now + CLOCKS_DIFFER


def is_within(until: datetime, now: datetime, longest: timedelta) -> bool:
    """Whether a stored end is still to come, and no further ahead than it may be."""
    return now < until and not is_ahead(until - longest, now)


class Public:
    """A record that is shown: the fields that its repr shows, by their names and in their order."""

    __slots__ = ()

    def public(self) -> JsonObject:
        record: Any = type(self)
        return {name: form(getattr(self, name)) for name in shown_fields(record)}


@cache
def shown_fields(record: type[Any]) -> tuple[str, ...]:
    """The names of the fields of a record that are shown."""
    return tuple(each.name for each in fields(record) if each.repr)


class Status(StrEnum):
    ACTIVE = "active"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Password:
    """What is stored of a password. `hash` says by itself which algorithm made it."""

    hash: str = field(repr=False)
    algorithm: str
    updated_at: datetime
    must_change: bool = False
    self_service: bool = False
    imported_by: str | None = None  # the import that brought the hash, as long as it is that one
    expires_at: datetime | None = None  # of one that was generated, and is yet to be changed

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and (self.expires_at <= now or is_ahead(self.updated_at, now))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """An account that is yet to be stored.

    A field that repr shows is shown to everybody who sees the account, and filtered, exported and imported by its name.
    """

    id: str = ""  # empty: one is made
    username: str | None = None
    username_self_service: bool = field(default=False, repr=False)  # chosen by a person, and not by an operator
    name: str = ""
    email: str | None = None
    email_verified: bool = False
    email_self_service: bool = field(default=False, repr=False)  # given by a person, and not by an operator
    phone: str | None = None
    phone_verified: bool = False
    phone_self_service: bool = field(default=False, repr=False)
    status: Status = Status.ACTIVE
    labels: tuple[str, ...] = ()
    prefs: JsonObject = field(default_factory=dict)
    mfa: bool = False
    totp: bool = field(default=False, repr=False)  # has a verified authenticator
    recovery_code: bool = field(default=False, repr=False)  # has one that is not used
    password: Password | None = None
    locked_until: datetime | None = None
    blocked_until: datetime | None = None
    codes_locked_until: datetime | None = None  # those of a kind, or of second factors
    metadata: JsonObject = field(default_factory=dict)
    locale: str | None = None  # BCP 47: what messages are written in
    pending_email: str | None = field(default=None, repr=False)  # to be the email once it is proved
    pending_email_session: int | None = field(default=None, repr=False)  # the number of the one that asked for it
    pending_phone: str | None = field(default=None, repr=False)
    pending_phone_session: int | None = field(default=None, repr=False)
    requested: bool = field(default=False, repr=False)  # made for a code, and untouched since


@dataclass(frozen=True, slots=True, kw_only=True)
class User(NewUser):
    """An account. `seq` is the row's number in storage; it never leaves the program."""

    seq: int = field(repr=False, compare=False)
    id: str
    created_at: datetime
    updated_at: datetime
    last_sign_in_at: datetime | None = None
    former_ids: tuple[str, ...] | None = field(default=None, repr=False, compare=False)  # None where not asked for

    def at(self, now: datetime) -> User:
        """The account at that moment: a block or a lock whose end has come is over."""
        user = self
        if user.blocked_until is not None and user.blocked_until <= now:
            user = replace(user, status=Status.ACTIVE, blocked_until=None)
        if user.locked_until is not None and not is_within(user.locked_until, now, LONGEST_LOCK):
            user = replace(user, locked_until=None)
        if user.codes_locked_until is not None and not is_within(user.codes_locked_until, now, LONGEST_LOCK):
            user = replace(user, codes_locked_until=None)
        return user

    def as_the_person_sees_it(self) -> User:
        """Without what operators keep about the person."""
        return replace(self, metadata={})

    def public(self) -> JsonObject:
        """Each of USER_COLUMNS by its name; what proves the person, in two objects; what is yet to be proved."""
        shown: JsonObject = {}
        for name in USER_COLUMNS:
            if name == "password":
                shown |= self._proofs()
            else:
                shown[name] = form(getattr(self, name))
            if name == "locale":
                shown["pending"] = {"email": self.pending_email, "phone": self.pending_phone}
        return shown if self.former_ids is None else shown | {"former_ids": [*self.former_ids]}

    def _proofs(self) -> JsonObject:
        """What a person can prove to be this user with; secrets are not in it."""
        password = self.password
        return {
            "factors": {
                "totp": self.totp,
                "email": self.email_verified,
                "phone": self.phone_verified,
                "recovery_code": self.recovery_code,
            },
            "password": {
                "set": password is not None,
                "algorithm": password.algorithm if password else None,
                "updated_at": instant(password.updated_at) if password else None,
                "must_change": password.must_change if password else False,
                "expires_at": instant(password.expires_at) if password else None,
            },
        }


# What is shown of an account, in this order, with the types as they are written above.
USER_COLUMNS = {each.name: str(each.type) for each in fields(User) if each.repr}


class Side(StrEnum):
    """Which of two accounts that become one."""

    FROM = "FROM"
    INTO = "INTO"


class WeakHash(StrEnum):
    """What becomes of an imported password hash that is fast to guess at."""

    KEEP = "keep"
    WRAP = "wrap"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Identity(Public):
    """An account elsewhere (`provider`, `provider_uid`) by which a person signs in here.

    email_verified: whether the provider vouches for the email, so that the user holds it while the identity stays. Any
    other is shown, and means nothing.
    """

    id: str
    user_id: str
    provider: str
    provider_uid: str
    email: str | None
    created_at: datetime
    email_verified: bool = False


class Factor(StrEnum):
    """How a session was signed in to; multi-factor authentication asks for two different ones."""

    PASSWORD = "password"  # noqa: S105 - the name of a factor
    EMAIL = "email"
    PHONE = "phone"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    TOKEN = "token"  # noqa: S105 - the name of a factor
    SERVER = "server"
    ANONYMOUS = "anonymous"
    OAUTH2 = "oauth2"


class Ended(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    DELETED = "deleted"
    LIMIT = "session_limit"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    BLOCKED = "blocked"
    FACTORS_RESET = "factors_reset"
    OWNER_CHANGED = "owner_changed"  # somebody else has proved an address of the account
    FACTORS_CHANGED = "factors_changed"  # the identity that it was signed in to by was removed
    ADDRESS_CHANGED = "address_changed"  # the one that it was signed in to by
    SECURED = "secured"  # the account was taken, and is given back
    CHANGE_CANCELLED = "change_cancelled"  # by the old address
    MERGED = "merged"  # the account and another one became one


@dataclass(frozen=True, slots=True)
class Session(Public):
    """A signed-in person, or what is left of one. The secret is known only to whom it was given."""

    seq: int = field(repr=False, compare=False)
    id: str
    user_id: str
    provider: str
    factors: tuple[str, ...]
    ip: str | None
    user_agent: str | None
    created_at: datetime
    used_at: datetime = field(repr=False)
    expires_at: datetime
    mfa_at: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str | None = None
    current: bool = field(default=False, compare=False)

    def public(self, *, current: bool = False) -> JsonObject:
        return Public.public(self) | {"current": current or self.current}


class TokenKind(StrEnum):
    """What a token is for, by the word of the command that makes it."""

    TOKEN = "token"  # noqa: S105 - a kind
    EMAIL = "email"
    PHONE = "phone"
    MAGIC_URL = "magic-url"
    EMAIL_VERIFICATION = "email-verification"
    PHONE_VERIFICATION = "phone-verification"
    RECOVERY = "recovery"
    EMAIL_CHANGE = "email-change"
    PHONE_CHANGE = "phone-change"
    CHANGE_CANCEL = "change-cancel"
    CHANGE_CONFIRM = "change-confirm"


class TokenEnded(StrEnum):
    """Why a token ended before its time."""

    USED = "used"
    REPLACED = "replaced"  # by a newer one of its kind
    WITHDRAWN = "withdrawn"  # its message was refused
    ATTEMPTS = "attempts"  # too many wrong ones
    DELETED = "deleted"
    BLOCKED = "blocked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    FACTORS_RESET = "factors_reset"
    FACTORS_CHANGED = "factors_changed"
    SESSION_ENDED = "session_ended"  # that a change was asked for in
    OWNER_CHANGED = "owner_changed"  # somebody else has proved an address of the account
    ADDRESS_CHANGED = "address_changed"  # the one that it was sent to
    SECURED = "secured"  # the account was taken, and is given back
    CHANGE_CANCELLED = "change_cancelled"  # by the old address
    MERGED = "merged"  # the account and another one became one


@dataclass(frozen=True, slots=True)
class Token(Public):
    """What is redeemed once. `digest` is None where the provider made the code; `attempts_left` where none count.

    session_seq: the session that a person asked for it in, by its number. by_operator: an operator asked for it;
    of what cancels a change, an operator had given the address.
    """

    seq: int = field(repr=False, compare=False)
    id: str
    user_id: str
    kind: TokenKind
    created_at: datetime
    expires_at: datetime
    digest: bytes | None = field(default=None, repr=False)
    attempts_left: int | None = None
    address: str | None = field(default=None, repr=False)
    session_seq: int | None = field(default=None, repr=False)
    by_operator: bool = field(default=False, repr=False)
    sent_at: datetime | None = field(default=None, repr=False)
    ended_at: datetime | None = field(default=None, repr=False)
    ended_reason: str | None = field(default=None, repr=False)
    locked_until: datetime | None = field(default=None, repr=False)  # in lists: while it is good for one try only

    @property
    def is_code(self) -> bool:
        """Whether it is short enough to be guessed at, so that attempts are counted."""
        return self.attempts_left is not None

    def is_live(self, now: datetime) -> bool:
        is_due = is_ahead(self.created_at, now) or not is_within(self.expires_at, now, LONGEST_LIFE)
        return self.ended_at is None and not is_due

    def listed(self) -> JsonObject:
        """The same for operators, with what became of it."""
        over = {"ended_at": instant(self.ended_at), "ended_reason": self.ended_reason}
        return self.public() | {"locked_until": instant(self.locked_until)} | over


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFactor(Public):
    """What a user may complete a sign-in with: an authenticator, which has an id, or what the account itself has."""

    id: str | None = None
    user_id: str
    type: Factor
    name: str | None = None  # an authenticator's, or the address
    verified: bool
    created_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Authenticator:
    """An app that makes codes (RFC 6238). A code of the step `last_step`, or of one before it, is used."""

    seq: int = field(repr=False, compare=False)
    id: str
    user_id: str
    name: str
    sealed_secret: bytes = field(repr=False)
    algorithm: str
    digits: int
    period: int  # seconds
    created_at: datetime
    last_step: int = 0
    self_service: bool = False
    verified_at: datetime | None = None
    last_used_at: datetime | None = None

    def as_factor(self) -> UserFactor:
        return UserFactor(
            user_id=self.user_id,
            type=Factor.TOTP,
            verified=self.verified_at is not None,
            id=self.id,
            name=self.name,
            created_at=self.created_at,
            last_used_at=self.last_used_at,
        )


class ChallengeEnded(StrEnum):
    """Why a challenge ended before its time."""

    USED = "used"
    REPLACED = "replaced"  # by a newer one of its session
    WITHDRAWN = "withdrawn"  # its message was refused
    ATTEMPTS = "attempts"  # too many wrong codes
    FACTORS_CHANGED = "factors_changed"  # a factor or identity of the account was removed


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a session is asked for: a code of a factor. `digest` is of one that was sent, which not every factor has."""

    seq: int = field(repr=False, compare=False)
    id: str
    user_id: str
    session_id: str
    factor: Factor
    created_at: datetime
    expires_at: datetime
    attempts_left: int
    digest: bytes | None = field(default=None, repr=False)
    address: str | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str | None = None

    def is_live(self, now: datetime) -> bool:
        return self.ended_at is None and self.expires_at > now and not is_ahead(self.created_at, now)

    def public(self) -> JsonObject:
        return {"id": self.id, "factor": str(self.factor), "expires_at": instant(self.expires_at)}


@dataclass(frozen=True, slots=True)
class MockPhone:
    """A number that nothing is sent to, and the code that is right for it."""

    phone: str
    code: str = field(repr=False)
    created_at: datetime

    def public(self) -> JsonObject:
        return {"phone": self.phone, "code": self.code, "created_at": instant(self.created_at)}


class JwtAlgorithm(StrEnum):
    """What JWTs are signed with, by the names of RFC 8037 and RFC 7518."""

    EDDSA = "EdDSA"  # Ed25519
    ES256 = "ES256"  # ECDSA on P-256, for verifiers that do not know EdDSA


@dataclass(frozen=True, slots=True)
class SigningKey(Public):
    """A key that JWTs are signed with. `public_jwk` is its public half (RFC 7517); a retired one has no other."""

    id: str
    algorithm: str
    public_jwk: JsonObject = field(repr=False)
    sealed_private_key: bytes | None = field(repr=False)
    created_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Jwt:
    """A JWT that was just made: whoever has it is the user until then, unless the session ends."""

    jwt: str = field(repr=False)
    expires_at: datetime

    def public(self) -> JsonObject:
        return {"jwt": self.jwt, "expires_at": instant(self.expires_at)}


@dataclass(frozen=True, slots=True)
class JwtClaims(Public):
    """What a verified JWT says. `id` is the token's own; `key_id` the key's that signed it."""

    id: str
    user_id: str
    session_id: str
    issuer: str
    audience: str | None
    issued_at: datetime
    expires_at: datetime
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Team(Public):
    """A group of users, with roles in it. `members` are the confirmed ones, counted where it is shown."""

    seq: int = field(repr=False, compare=False)
    id: str
    name: str
    prefs: JsonObject = field(default_factory=dict)
    members: int = 0
    created_at: datetime
    updated_at: datetime


OWNER = "owner"  # the role whose members run their team


class MembershipStatus(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Membership(Public):
    """What makes a user a member of a team, or invites one. What the policy hides from a member is None.

    user_id: None as long as a person's invitation to an address is not accepted. invited_as: that address; once it is
    accepted, only if it is not the account's.
    """

    seq: int = field(repr=False, compare=False)
    id: str
    team_id: str
    team_name: str
    user_id: str | None
    user_name: str | None
    user_email: str | None
    roles: tuple[str, ...]
    status: MembershipStatus
    invited_at: datetime
    joined_at: datetime | None = None
    mfa: bool | None = False
    invited_as: str | None = None
    invited_name: str | None = field(default=None, repr=False)  # of an account that accepting makes

    @property
    def is_confirmed(self) -> bool:
        return self.status is MembershipStatus.CONFIRMED

    @property
    def is_owner(self) -> bool:
        return self.is_confirmed and OWNER in self.roles


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a pending membership is accepted with: the digest of a secret, and the address that it went to."""

    seq: int = field(repr=False, compare=False)
    digest: bytes = field(repr=False)
    address: str | None
    expires_at: datetime


class ImportStatus(StrEnum):
    UNFINISHED = "unfinished"  # under way, or waiting to be gone on with
    FINISHED = "finished"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Import:
    """An import, how far it has come, and what became of its records.

    files: the name, size and digest of each. position: which of them, the records of it that are through, and how long
    the report and the file of refused records were then.
    """

    seq: int = field(repr=False, compare=False)
    id: str
    source: str
    files: list[Json]
    options: Json
    status: ImportStatus
    position: Json
    counts: Json
    actor: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None

    def public(self) -> JsonObject:
        return {
            "id": self.id,
            "source": self.source,
            "files": [file["name"] for file in self.files],
            "options": self.options,
            "status": str(self.status),
            **self.counts,
            "actor": self.actor,
            "created_at": instant(self.created_at),
            "updated_at": instant(self.updated_at),
            "ended_at": instant(self.ended_at),
        }


@dataclass(frozen=True, slots=True)
class Event(Public):
    """One row of the audit log. `name` follows Appwrite's grammar; `details` hold no secret."""

    id: str
    time: datetime
    actor: str
    os_user: str | None
    name: str
    resource: str
    details: JsonObject
    ip: str | None = None
    reason: str | None = None

    def as_the_person_sees_it(self) -> Event:
        """What was done to a person, without who of the operators did it, and why."""
        return replace(self, actor="operator", os_user=None, details={}, ip=None, reason=None)


class EventName(StrEnum):
    """The names of events, in Appwrite's grammar: the noun in the plural, the verb, and what it changed."""

    DIRECTORY_CREATE = "directory.create"
    DIRECTORY_UPDATE_SCHEMA = "directory.update.schema"
    DIRECTORY_REPAIR = "directory.repair"
    DIRECTORY_BACKUP = "directory.backup"
    DIRECTORY_RESTORE = "directory.restore"
    USERS_CREATE = "users.create"
    USERS_DELETE = "users.delete"
    USERS_UPDATE_NAME = "users.update.name"
    USERS_UPDATE_USERNAME = "users.update.username"
    USERS_UPDATE_EMAIL = "users.update.email"
    USERS_UPDATE_PHONE = "users.update.phone"
    USERS_UPDATE_PASSWORD = "users.update.password"  # noqa: S105 - the name of an event
    USERS_UPDATE_LABELS = "users.update.labels"
    USERS_UPDATE_PREFS = "users.update.prefs"
    USERS_UPDATE_METADATA = "users.update.metadata"
    USERS_UPDATE_LOCALE = "users.update.locale"
    USERS_UPDATE_STATUS = "users.update.status"
    USERS_UPDATE_EMAIL_VERIFICATION = "users.update.email_verification"
    USERS_UPDATE_PHONE_VERIFICATION = "users.update.phone_verification"
    USERS_SESSIONS_CREATE = "users.sessions.create"
    USERS_SESSIONS_UPDATE = "users.sessions.update"
    USERS_SESSIONS_DELETE = "users.sessions.delete"
    USERS_IDENTITIES_CREATE = "users.identities.create"
    USERS_IDENTITIES_DELETE = "users.identities.delete"
    USERS_IMPORTS_CREATE = "users.imports.create"
    USERS_IMPORTS_UPDATE = "users.imports.update"
    USERS_IMPORTS_DELETE = "users.imports.delete"
    USERS_UNLOCK = "users.unlock"
    USERS_SECURE = "users.secure"
    USERS_MERGE = "users.merge"
    USERS_LOCK = "users.lock"
    USERS_EXPORT = "users.export"
    USERS_TOKENS_CREATE = "users.tokens.create"
    USERS_TOKENS_UPDATE = "users.tokens.update"
    USERS_TOKENS_DELETE = "users.tokens.delete"
    USERS_VERIFICATION_CREATE = "users.verification.create"
    USERS_VERIFICATION_UPDATE = "users.verification.update"
    USERS_RECOVERY_CREATE = "users.recovery.create"
    USERS_RECOVERY_UPDATE = "users.recovery.update"
    USERS_UPDATE_MFA = "users.update.mfa"
    USERS_MFA_FACTORS_CREATE = "users.mfa.factors.create"
    USERS_MFA_FACTORS_UPDATE = "users.mfa.factors.update"
    USERS_MFA_FACTORS_DELETE = "users.mfa.factors.delete"
    USERS_MFA_RECOVERY_CODES_CREATE = "users.mfa.recovery_codes.create"
    USERS_MFA_RECOVERY_CODES_UPDATE = "users.mfa.recovery_codes.update"
    USERS_MFA_CHALLENGES_CREATE = "users.mfa.challenges.create"
    USERS_MFA_CHALLENGES_UPDATE = "users.mfa.challenges.update"
    USERS_MFA_RESET = "users.mfa.reset"
    USERS_NOTIFY = "users.notify"
    TEAMS_CREATE = "teams.create"
    TEAMS_UPDATE_NAME = "teams.update.name"
    TEAMS_UPDATE_PREFS = "teams.update.prefs"
    TEAMS_DELETE = "teams.delete"
    TEAMS_MEMBERSHIPS_CREATE = "teams.memberships.create"
    TEAMS_MEMBERSHIPS_UPDATE = "teams.memberships.update"
    TEAMS_MEMBERSHIPS_UPDATE_STATUS = "teams.memberships.update.status"
    TEAMS_MEMBERSHIPS_DELETE = "teams.memberships.delete"
    SECURITY_UPDATE_POLICY = "security.update.policy"
    SECURITY_MOCK_PHONES_CREATE = "security.mock_phones.create"
    SECURITY_MOCK_PHONES_DELETE = "security.mock_phones.delete"
    SECURITY_SOURCES_UNLOCK = "security.sources.unlock"
    SECURITY_PURGE = "security.purge"
    SECURITY_LOGS_VERIFY = "security.logs.verify"
    SECURITY_KEYS_CREATE = "security.keys.create"
    SECURITY_KEYS_ROTATE = "security.keys.rotate"
    USERS_VERIFY_PASSWORD = "users.verify.password"  # noqa: S105 - the name of an event


@dataclass(frozen=True, slots=True)
class Change:
    """What a unit of work did to one resource: its public shape before and after; None where it did not exist."""

    resource: str
    before: JsonObject | None
    after: JsonObject | None

    def public(self) -> JsonObject:
        """Of a resource that stays, only what differs."""
        before, after = self.before, self.after
        if before is not None and after is not None:
            names = [name for name in after if before.get(name) != after[name]]
            before, after = {name: before.get(name) for name in names}, {name: after[name] for name in names}
        return {"resource": self.resource, "before": before, "after": after}


def instant(time: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and `Z`, as every JSON answer has it."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


_PLAIN = frozenset((str, bool, int, float, NoneType, dict, list))


def form(value: object) -> object:
    """A field's value as JSON has it."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, tuple):
        return [form(each) for each in value]
    return value.public() if isinstance(value, Public) else str(value)


def fold(text: str) -> str:
    """What two texts share that differ only in case or in the form of their characters (NFKC)."""
    if text.isascii():
        return text.lower()
    from unicodedata import normalize

    return normalize("NFKC", normalize("NFKC", text).casefold())


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(time: datetime) -> int:
    """An aware datetime as storage and many other systems have it: since the epoch."""
    return (time - EPOCH) // _MILLISECOND


def from_milliseconds(value: int) -> datetime:
    return EPOCH + value * _MILLISECOND


BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u
_TIME_SIZE = 9  # characters that an id begins with


def made_at(id: str) -> datetime:
    """When an id was made, by what it begins with; the epoch where that is no time, as in an id from elsewhere."""
    digits = [BASE32.find(character) for character in id[:_TIME_SIZE]]
    return EPOCH if -1 in digits else from_milliseconds(reduce(lambda number, digit: number << 5 | digit, digits, 0))


def username_key(username: str) -> str:
    """What is unique of usernames in a directory."""
    return fold(username)


def name_keys(id: str, username_key: str | None) -> tuple[str, ...]:
    """What is unique of an account's id and username together, which are often one and the same."""
    key = fold(id)
    return (key,) if username_key is None or username_key == key else (key, username_key)


Clock = Callable[[], datetime]
RandomBytes = Callable[[int], bytes]
Notices = Literal["at-once", "background"]  # when notices are sent: before the verb answers, or by a thread


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition of a list: `field` is public, `op` one of = != < <= > >= ~, `value` already of the field's type.

    path: the keys to a value in a JSON object.
    """

    field: str
    op: str
    value: Any
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list asks for, at a moment. `after` and `before` are ids; at most one of them is given.

    limit: how many at the most; None for all. further: fields that sort what is alike so far, and whether descending.
    """

    now: datetime
    search: str | None = None
    filters: tuple[Filter, ...] = ()
    sort: str = "created_at"
    descending: bool = True
    limit: int | None = 25
    after: str | None = None
    before: str | None = None
    further: tuple[tuple[str, bool], ...] = ()

    @property
    def order(self) -> tuple[tuple[str, bool], ...]:
        """All fields that it is sorted by, and whether descending."""
        return ((self.sort, self.descending), *self.further)

    @property
    def is_plain(self) -> bool:
        """Whether nobody filters, searches or sorts it, or reads it backwards: the newest first."""
        is_asked = self.search is not None or self.filters or self.before is not None or self.further
        return not is_asked and self.sort in ("created_at", "invited_at") and self.descending
