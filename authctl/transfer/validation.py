"""From what a file says to what is stored: every value of a record is held to the rules that `users create` has.

Nothing here asks the database, so it runs beside the inserting, in a process of its own. What is slow or needs the
secret key is left to the engine: plain passwords to be hashed, weak hashes to be wrapped, secrets to be sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from authctl.core import hashing
from authctl.core.credentials import password_rules
from authctl.core.crypto import generators, otp
from authctl.core.mfa import authenticators
from authctl.core.policy.policies import Policy
from authctl.core.values import checks, contacts, identifiers, json_objects
from authctl.errors import Invalid
from authctl.model import Json, RandomBytes, WeakHash, milliseconds, username_key
from authctl.storage import search_terms
from authctl.storage.bulk import UserRow
from authctl.transfer.records import Addresses, ImportedTotp, Item, Linked, Member, Note, Record, Refused, Skipped

T = TypeVar("T")

TOTP_KEY_SIZES = range(10, 129)  # bytes; Google Authenticator began with 80 bits, 1,024 are a block of SHA-512
MAX_CODE = 64  # characters


@dataclass(frozen=True, slots=True)
class Rules:
    """What an import is done by, as far as single records go.

    words: the form of search words, by the database's dialect. teams: whether memberships are taken in. keeps_raw:
    whether refused records are written out.
    """

    import_id: str
    now: datetime
    policy: Policy
    words: str
    weak_hash: WeakHash = WeakHash.KEEP
    teams: bool = False
    mark_unverified: bool = False
    addresses: Addresses = Addresses.GIVEN
    keeps_raw: bool = False


class IdentityRow(NamedTuple):
    """A row of identities, without the user's number. created_at: milliseconds."""

    id: str
    provider: str
    provider_uid: str
    email: str | None
    created_at: int
    email_verified: bool = False


class Extra(NamedTuple):
    """What few records have. plain: a password to be hashed. to_wrap, to_seal: what is left to do with the hash."""

    identities: tuple[IdentityRow, ...] = ()
    totp: tuple[ImportedTotp, ...] = ()
    recovery_codes: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    plain: str | None = None
    to_wrap: bool = False
    to_seal: bool = False

    @property
    def has_rows(self) -> bool:
        """Whether there is more to store than the user's own row."""
        return bool(self.identities or self.totp or self.recovery_codes or self.members)

    def __repr__(self) -> str:
        return "Extra(…)"


NOTHING = Extra()


class Checked(NamedTuple):
    """A record that is good to be stored, unless somebody has its id or address. words: what it is found by.

    has_id: whether the file says the id; else it was made here.
    """

    at: int
    ref: str | None
    has_id: bool
    row: UserRow
    words: str
    strength: str | None
    extra: Extra
    notes: tuple[Note, ...]
    raw: Any

    def __repr__(self) -> str:
        return f"Checked(at={self.at}, ref={self.ref!r})"


Outcome = Checked | Refused | Skipped


@dataclass(slots=True)
class Checker:
    """Holds records to the rules, one after another."""

    rules: Rules
    random: RandomBytes
    _now: int = 0

    def __post_init__(self) -> None:
        self._now = milliseconds(self.rules.now)

    def __call__(self, item: Item) -> Outcome:
        if type(item) is not Record:
            return item  # type: ignore[return-value]
        check = _Fields(item)
        if not (item.id or item.username or item.email or item.phone or item.identities):
            # Each run of the import would make another such account, that nobody could find or sign in to.
            message = "Nothing names this user: there is no id, email, phone, username or identity."
            check.refused.append(Note("import_record_invalid", None, message))
        columns = self._columns(item, check)
        extra = self._extra(item, check)
        strength = None
        if item.password is not None:
            extra, strength = self._add_password(item, columns, extra, check)
        row = UserRow(**columns)
        raw = item.raw if self.rules.keeps_raw else None
        if check.refused:
            return Refused(item.at, item.ref, raw, [*check.refused, *check.notes])
        document = search_terms.document(row.id, row.username, row.name, row.email, row.phone, item.labels or ())
        if self.rules.words == "postgresql":
            document = search_terms.tsvector(document)
        return Checked(item.at, item.ref, bool(item.id), row, document, strength, extra, tuple(check.notes), raw)

    def _columns(self, record: Record, check: _Fields) -> dict[str, Any]:
        """What a record says for the columns of users, as they are stored."""
        now = self._now
        username = check(identifiers.username, record.username) if record.username else None
        email = check(contacts.email, record.email) if record.email else None
        phone = check(contacts.phone, record.phone) if record.phone else None
        trusted = not self.rules.mark_unverified
        is_claimed = self.rules.addresses is Addresses.CLAIMED
        blocked_until = record.blocked_until
        is_blocked = bool(record.blocked) and (blocked_until is None or blocked_until > self.rules.now)
        return {
            "id": check(identifiers.identifier, record.id) or ""
            if record.id
            else generators.new_id(self.rules.now, self.random),
            "username": username,
            "username_key": username_key(username) if username else None,
            "username_self_service": is_claimed and username is not None,
            "name": check(identifiers.name, record.name) or "" if record.name else "",
            "email": email,
            "email_verified": bool(record.email_verified) and trusted and email is not None,
            "email_self_service": is_claimed and email is not None,
            "phone": phone,
            "phone_verified": bool(record.phone_verified) and trusted and phone is not None,
            "phone_self_service": is_claimed and phone is not None,
            "status": "blocked" if is_blocked else "active",
            "blocked_until": milliseconds(blocked_until) if is_blocked and blocked_until is not None else None,
            "labels": check(_labels, record.labels) or "[]" if record.labels else "[]",
            "prefs": check(_prefs, record.prefs) or "{}" if record.prefs else "{}",
            "metadata": check(_metadata, record.metadata) or "{}" if record.metadata else "{}",
            "mfa": bool(record.mfa),
            "totp": bool(record.totp),
            "recovery_code": bool(record.recovery_codes),
            "created_at": check.time("created_at", record.created_at, now, now),
            "updated_at": check.time("updated_at", record.updated_at, now, now),
            "last_sign_in_at": check.time("last_sign_in_at", record.last_sign_in_at, now, None),
            **{name: check(partial(identifiers.name, field=name), text) for name, text in record.texts.items() if text},
        }

    # Passwords

    def _add_password(
        self, record: Record, columns: dict[str, Any], extra: Extra, check: _Fields
    ) -> tuple[Extra, str | None]:
        """Add the hash, where there is one that can be used; what is left to do for it, and its strength."""
        given = record.password
        assert given is not None
        stored = algorithm = strength = None
        if given.is_plain:
            if not self._is_taken(given.text, UserRow(**columns), check):
                return extra, None
            extra = extra._replace(plain=given.text)
        else:
            try:
                found = hashing.accept(given.text, given.hash, given.options)
            except Invalid as error:
                check.notes += [Note(each.type, "password", each.message) for each in error.problems]
                return extra, None
            stored, algorithm, strength = found.stored, found.algorithm, str(found.strength)
            is_weak = strength == "weak"
            if is_weak and self.rules.weak_hash is WeakHash.RESET:
                message = f"{algorithm} is fast to guess, so the user has no password until it is reset."
                check.notes.append(Note("import_password_weak", "password", message))
                return extra, None
            to_wrap = is_weak and self.rules.weak_hash is WeakHash.WRAP
            if found.warnings and not to_wrap:
                check.notes += [Note("import_password_weak", "password", warning) for warning in found.warnings]
            if to_wrap or found.holds_key:
                extra = extra._replace(to_wrap=to_wrap, to_seal=found.holds_key)
        columns |= {
            "password_hash": stored,
            "password_algorithm": algorithm,
            "password_updated_at": check.time("password_updated_at", record.password_updated_at, self._now, self._now),
            "password_must_change": record.must_change,
            "password_import": None if given.is_plain else self.rules.import_id,
        }
        return extra, strength

    def _is_taken(self, password: str, row: UserRow, check: _Fields) -> bool:
        """Whether the policy takes a plain password; what it has against it is noted."""
        found = password_rules.failures(password, self.rules.policy, user=row)
        check.notes += [Note(problem.type, "password", problem.message) for problem in found]
        return not found

    # What few have

    def _extra(self, record: Record, check: _Fields) -> Extra:
        if not (record.identities or record.totp or record.recovery_codes or record.members):
            return NOTHING
        if record.totp:
            check(_number_of_authenticators, len(record.totp))
        codes = [check(_recovery_code, code) or "" for code in record.recovery_codes]
        return Extra(
            identities=tuple(self._identity(each, check) for each in record.identities),
            totp=tuple(filter(None, (check(_totp, each) for each in record.totp))),
            recovery_codes=tuple(dict.fromkeys(codes)),
            members=tuple(_member(each, check) for each in record.members)
            if self.rules.teams
            else tuple(record.members),
        )

    def _identity(self, linked: Linked, check: _Fields) -> IdentityRow:
        return IdentityRow(
            generators.new_id(self.rules.now, self.random),
            check(identifiers.provider, linked.provider) or "",
            check(identifiers.provider_uid, linked.provider_uid) or "",
            check(contacts.email, linked.email) if linked.email else None,
            check.time("identities", linked.created_at, self._now, self._now) or 0,
            linked.email_verified and bool(linked.email) and not self.rules.mark_unverified,
        )


class _Fields:
    """The values of one record: what is wrong with them, and what is to be said."""

    __slots__ = ("notes", "refused")

    def __init__(self, record: Record) -> None:
        self.refused: list[Note] = []
        self.notes = list(record.notes)

    def __call__(self, rule: Callable[[Any], T], value: Any) -> T | None:
        """The value by that rule; None where it is wrong, and the record refused."""
        try:
            return rule(value)
        except Invalid as error:
            self.refused += [Note(each.type, each.field, each.message) for each in error.problems]
            return None

    def time(self, name: str, value: datetime | None, now: int, otherwise: Any) -> Any:
        """A time that has come, in milliseconds; one that has not becomes the present."""
        if value is None:
            return otherwise
        found = milliseconds(value)
        if found <= now:
            return found
        self.notes.append(Note("import_time_ahead", name, f"{name} is yet to come; the present was put there."))
        return now


def _labels(given: Iterable[str]) -> str:
    """As the JSON that is stored; none of them has a character that JSON escapes."""
    return '["' + '","'.join(identifiers.labels(given)) + '"]'


def _prefs(given: Json) -> str:
    return json_objects.json_text(given, field="prefs")


def _metadata(given: Json) -> str:
    return json_objects.json_text(given, field="metadata")


def _number_of_authenticators(given: int) -> None:
    most = authenticators.MOST_AUTHENTICATORS
    if given > most:
        message = f"totp holds {given} authenticators; a user may have {most}"
        raise Invalid("user_authenticator_limit_exceeded", message, field="totp")


def _totp(given: ImportedTotp) -> ImportedTotp:
    try:
        found = otp.new(given.secret, algorithm=given.algorithm, digits=given.digits, period=given.period)
    except Invalid as error:
        raise Invalid(error.type, f"totp is none that apps have: {error.message}", field="totp") from None
    if len(given.secret) not in TOTP_KEY_SIZES:
        least, most = TOTP_KEY_SIZES[0], TOTP_KEY_SIZES[-1]
        message = f"totp has a key of {len(given.secret)} bytes; use {least} to {most}"
        raise Invalid("general_argument_invalid", message, field="totp")
    return replace(given, name=identifiers.name(given.name, field="totp"), algorithm=found.algorithm)


def _recovery_code(code: str) -> str:
    if 1 <= len(checks.text(code, "recovery_codes")) <= MAX_CODE:
        return code
    message = f"recovery_codes holds one of {len(code)} characters; use 1 to {MAX_CODE}"
    raise Invalid("general_argument_invalid", message, field="recovery_codes")


def _member(given: Member, check: _Fields) -> Member:
    team = check(identifiers.identifier, given.team) if given.team else None
    name = check(_team_name, given.name or given.team or "")
    return Member(team, name or "", check(identifiers.roles, given.roles) or (), given.joined_at)


def _team_name(name: str) -> str:
    if identifiers.name(name, field="members").strip():
        return name
    raise Invalid("general_argument_invalid", "members holds a team without a name", field="members")
