"""From what a file says to what is stored: every value of a record is held to the rules that `users create` has.

Nothing here asks the database, so it runs beside the inserting, in a process of its own. What is slow or needs the
secret key is left to the engine: plain passwords to be hashed, weak hashes to be wrapped, secrets to be sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from authctl.core import hashing
from authctl.core.credentials import password_rules
from authctl.core.crypto import generators, otp
from authctl.core.mfa import authenticators
from authctl.core.policy import email_domains, policies
from authctl.core.policy.policies import Policy, verification_due
from authctl.core.values import checks, contacts, identifiers, json_objects
from authctl.errors import Invalid
from authctl.model import Json, RandomBytes, WeakHash, milliseconds, username_key
from authctl.storage import search_terms
from authctl.storage.bulk import UserRow
from authctl.transfer.records import (
    DROPPED,
    MEMBERSHIPS,
    NO_WAY_IN,
    Addresses,
    ImportedTotp,
    Item,
    Linked,
    Member,
    Note,
    Notes,
    Record,
    Refused,
    Skipped,
    WeakPasswords,
)
from authctl.transfer.sources.field_reader import may_be_secret

T = TypeVar("T")

TOTP_KEY_SIZES = range(10, 129)  # bytes; Google Authenticator began with 80 bits, 1,024 are a block of SHA-512
MAX_CODE = 64  # characters
MANY = 1_000  # records that each have names of their own
NAMES = ("id", "username", "email", "phone", "identities")
_TEXT_RULES = {"locale": identifiers.locale}  # of the columns of `records.TEXTS`; those that have none are like a name
LEFT_OUT = " It was left out."
KEPT = "imported"  # the key of metadata under which values are that a user came in without


@dataclass(frozen=True, slots=True)
class Rules:
    """What an import is done by, as far as single records go.

    teams: whether memberships are taken in. keeps_raw: whether refused records are written out. strict: whether a
    record is refused rather than a value left out. keeps_unread: whether fields that the source does not read are kept
    in metadata; None, and they count as lost.
    phone_region: the country of phones without a calling code. weak_passwords: what becomes of plain passwords that the
    policy would not take.
    """

    import_id: str
    now: datetime
    policy: Policy
    weak_hash: WeakHash = WeakHash.KEEP
    teams: bool = False
    mark_unverified: bool = False
    addresses: Addresses = Addresses.GIVEN
    keeps_raw: bool = False
    phone_region: str | None = None
    weak_passwords: WeakPasswords = WeakPasswords.KEEP
    strict: bool = False
    keeps_unread: bool | None = None


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
_NEW: dict[str, Any] = UserRow()._asdict()


class Checked(NamedTuple):
    """A record that is good to be stored, unless somebody has its id or address. words: what the row is found by.

    has_id: whether the file says the id; else it was made here. unread: names of what the source did not read.
    """

    at: int
    ref: str | None
    has_id: bool
    row: UserRow
    strength: str | None
    extra: Extra
    notes: tuple[Note, ...]
    raw: Any
    unread: tuple[str, ...] = ()
    words: str | None = None  # None: the row was changed since, and they are yet to be made

    def __repr__(self) -> str:
        return f"Checked(at={self.at}, ref={self.ref!r})"


Outcome = Checked | Refused | Skipped


@dataclass(slots=True)
class Checker:
    """Holds records to the rules, one after another."""

    rules: Rules
    random: RandomBytes
    _now: int = 0
    _phone: Callable[[str], str] = field(init=False)
    _is_bound: bool = field(init=False)  # whether the policy says how people may come in
    _names: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)  # so that equal ones are one object

    def __post_init__(self) -> None:
        self._now = milliseconds(self.rules.now)
        self._phone = partial(contacts.phone, region=self.rules.phone_region)
        names = ("email-domains", "sign-in-methods", "require-verified")
        self._is_bound = any(self.rules.policy[name] != policies.get(name).default for name in names)

    def __call__(self, item: Item) -> Outcome:
        if type(item) is not Record:
            return item  # type: ignore[return-value]
        check = _Fields(item)
        columns = self._columns(item, check)
        extra = self._extra(item, check)
        if extra is not NOTHING:
            columns |= {"totp": bool(extra.totp), "recovery_code": bool(extra.recovery_codes)}
        strength = None
        if item.password is not None:
            extra, strength = self._add_password(item, columns, extra, check)
        self._check_names(item, columns, extra, check)
        columns["metadata"] = self._metadata(item, check)
        row = UserRow._make(columns.values())
        if self._is_bound:
            check.notes += self._against_policy(row, has_password=bool(row.password_hash or extra.plain))
        raw = item.raw if self.rules.keeps_raw else None
        if self.rules.strict:
            check.refuse_losses()
        if check.refused:
            return Refused(item.at, item.ref, raw, [*check.refused, *check.notes])
        words = search_terms.document(row.id, row.username, row.name, row.email, row.phone, check.labels)
        unread = self._unread(item) if item.unread or item.members else ()
        notes = tuple(check.notes)
        return Checked(item.at, item.ref, bool(item.id), row, strength, extra, notes, raw, unread, words)

    def _against_policy(self, row: UserRow, *, has_password: bool) -> Iterator[Note]:
        """What the policy would refuse people themselves; an operator's import is not refused."""
        policy = self.rules.policy
        allowed, required = policy["email-domains"], policy["require-verified"]
        if allowed is not None and row.email and not email_domains.is_allowed(allowed, row.email):
            yield Note("import_policy_email", "email", f"The policy email-domains does not allow {row.email}.")
        if has_password and "password" not in policy["sign-in-methods"]:
            yield Note("import_policy_method", "password", "The policy sign-in-methods does not allow passwords.")
        if verification_due(required, email=row.email_verified, phone=row.phone_verified):
            message = f"The policy require-verified demands {'an address' if required == 'any' else f'the {required}'}."
            yield Note("import_policy_unverified", None, message)

    def _phone_hint(self, phone: str) -> str:
        """How to have a number read that begins with no calling code."""
        is_known = self.rules.phone_region is not None or phone.startswith(("+", "00"))
        return "" if is_known else " To import national numbers: --phone-region DE"

    def _unread(self, record: Record) -> tuple[str, ...]:
        """Names of what the record says and nobody takes; memberships are one, unless they are asked for."""
        names = tuple(record.unread) if self.rules.keeps_unread is None else ()
        if record.members and not self.rules.teams and self.rules.keeps_unread is not False:
            names += (MEMBERSHIPS,)
        if len(self._names) > MANY:
            self._names.clear()
        return self._names.setdefault(names, names)

    def _check_names(self, record: Record, columns: dict[str, Any], extra: Extra, check: _Fields) -> None:
        """Refuse a user whom nothing names: each run of the import would make another, whom nobody could find.

        Who has no name to sign in with is told.
        """
        if columns["email"] or columns["phone"]:
            return
        has_password = bool(columns.get("password_hash") or extra.plain)
        if not (record.id or columns["username"] or extra.identities):
            check.refused += [_said_alone(note) for note in check.notes if note.field in NAMES]
            if not check.refused:
                message = "The user has no id, email, phone, username or identity."
                check.refused.append(Note("import_record_invalid", None, message))
        elif has_password and not columns["username"]:
            check.notes.append(Note(NO_WAY_IN, None, "The password has no email, phone or username to sign in with."))
        elif not (has_password or extra.identities):
            check.notes.append(
                Note(NO_WAY_IN, None, "The user has no email, phone, password or identity to sign in with.")
            )

    def _metadata(self, record: Record, check: _Fields) -> str:
        """What the record has for it, and what the user came in without; what is too large goes."""
        if not (record.metadata or record.unread or check.notes):
            return "{}"
        given = dict(record.metadata or {})
        if record.unread and self.rules.keeps_unread:
            given = {name: value for name, value in record.unread.items() if not may_be_secret(name)} | given
        if not check.notes and not given:
            return "{}"
        kept = check.kept()
        if kept and KEPT not in given:
            given[KEPT] = kept
        return check.optional(_metadata, given, "metadata") or "{}"

    def _columns(self, record: Record, check: _Fields) -> dict[str, Any]:
        """What a record says for the columns of users, as they are stored; all of them, in the order of the table."""
        found, now = _NEW.copy(), self._now
        trusted = not self.rules.mark_unverified
        is_claimed = self.rules.addresses is Addresses.CLAIMED
        if record.username and (username := check.optional(identifiers.username, record.username, "username")):
            found["username"], found["username_key"] = username, username_key(username)
            found["username_self_service"] = is_claimed
        if record.email and (email := check.optional(contacts.email, record.email, "email")):
            found["email"], found["email_self_service"] = email, is_claimed
            found["email_verified"] = bool(record.email_verified) and trusted
        if record.phone and (phone := check.optional(self._phone, record.phone, "phone", self._phone_hint)):
            found["phone"], found["phone_self_service"] = phone, is_claimed
            found["phone_verified"] = bool(record.phone_verified) and trusted
        if record.labels:
            check.labels = check.several(identifiers.label, record.labels, "labels")
        if record.id:
            found["id"] = check(identifiers.imported_id, record.id) or ""
        else:
            found["id"] = generators.new_id(self.rules.now, self.random)
        if record.name:
            found["name"] = check.optional(identifiers.name, record.name, "name") or ""
        if check.labels:
            found["labels"] = check.optional(_labels, check.labels, "labels") or "[]"
        if record.blocked and (record.blocked_until is None or record.blocked_until > self.rules.now):
            found["status"] = "blocked"
            found["blocked_until"] = record.blocked_until and milliseconds(record.blocked_until)
        if record.prefs:
            found["prefs"] = check.optional(_prefs, record.prefs, "prefs") or "{}"
        found["mfa"] = bool(record.mfa)
        found["created_at"] = check.time("created_at", record.created_at, now, now)
        found["updated_at"] = check.time("updated_at", record.updated_at, now, now)
        found["last_sign_in_at"] = check.time("last_sign_in_at", record.last_sign_in_at, now, None)
        for name, text in record.texts.items():
            if text:
                rule = partial(_TEXT_RULES.get(name, identifiers.name), field=name)
                found[name] = check.optional(rule, text, name)
        return found

    # Passwords

    def _add_password(
        self, record: Record, columns: dict[str, Any], extra: Extra, check: _Fields
    ) -> tuple[Extra, str | None]:
        """Add the hash, where there is one that can be used; what is left to do for it, and its strength."""
        given = record.password
        assert given is not None
        stored = algorithm = strength = None
        must_change = record.must_change
        if given.is_plain:
            weak = self._weaknesses(given.text, UserRow(**columns), check)
            if weak is None:
                return extra, None
            must_change = must_change or weak
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
                message = f"{algorithm} is too easy to guess. The user needs a password reset."
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
            "password_must_change": must_change,
            "password_import": None if given.is_plain else self.rules.import_id,
        }
        return extra, strength

    def _weaknesses(self, password: str, row: UserRow, check: _Fields) -> bool | None:
        """Whether a plain password must be changed, since the policy is against it; None where it is left out."""
        if (why := hashing.not_plain(password)) is not None:
            check.notes.append(Note("import_password_lost", "password", why))
            return None
        choice, found = self.rules.weak_passwords, password_rules.limits(password)
        is_lost = bool(found)
        if not found and choice is not WeakPasswords.KEEP:
            found = password_rules.failures(password, self.rules.policy, user=row)
            is_lost = bool(found) and choice is WeakPasswords.REFUSE
        if is_lost:
            check.notes += [Note(problem.type, "password", problem.message) for problem in found]
            message = f"{found[0].message} The user was imported without the password."
            check.notes.append(Note("import_password_lost", "password", message))
            return None
        if found:
            check.notes += [Note("import_password_weak", "password", problem.message) for problem in found]
        return bool(found)

    # What few have

    def _extra(self, record: Record, check: _Fields) -> Extra:
        if not (record.identities or record.totp or record.recovery_codes or record.members):
            return NOTHING
        linked = check.several(_linked, record.identities, "identities")
        return Extra(
            identities=tuple(self._identity(each, check) for each in linked),
            totp=_few(check.several(_totp, record.totp, "totp"), check),
            recovery_codes=tuple(dict.fromkeys(check.several(_recovery_code, record.recovery_codes, "recovery_codes"))),
            members=check.several(_member, record.members, "members") if self.rules.teams else tuple(record.members),
        )

    def _identity(self, linked: Linked, check: _Fields) -> IdentityRow:
        email = check.optional(contacts.email, linked.email, "identities") if linked.email else None
        return IdentityRow(
            generators.new_id(self.rules.now, self.random),
            linked.provider,
            linked.provider_uid,
            email,
            check.time("identities", linked.created_at, self._now, self._now) or 0,
            linked.email_verified and bool(email) and not self.rules.mark_unverified,
        )


class _Fields:
    """The values of one record: what is wrong with them, and what is to be said. labels: those that are taken."""

    __slots__ = ("labels", "notes", "refused")

    def __init__(self, record: Record) -> None:
        self.labels: tuple[str, ...] = ()
        self.refused: list[Note] = []
        self.notes = Notes(record.notes)

    def __call__(self, rule: Callable[[Any], T], value: Any) -> T | None:
        """The value by that rule; None where it is wrong, and the record refused."""
        try:
            return rule(value)
        except Invalid as error:
            self.refused += [Note(each.type, each.field, each.message) for each in error.problems]
            return None

    def optional(
        self, rule: Callable[[Any], T], value: Any, field: str, hint: Callable[[Any], str] = lambda value: ""
    ) -> T | None:
        """The value by that rule; one that is wrong is left out, and costs nobody the user."""
        try:
            return rule(value)
        except Invalid as error:
            for each in error.problems:
                self.notes.add(_left_out(field, value, each.message, hint(value)))
            return None

    def several(self, rule: Callable[[Any], T], values: Iterable[Any], field: str) -> tuple[T, ...]:
        """Those of the values that are right by that rule."""
        found = (self.optional(rule, value, field) for value in values)
        return tuple(value for value in found if value is not None)

    def refuse_losses(self) -> None:
        """Have every value that was left out refuse the record."""
        losses = (DROPPED, "import_factor_lost")
        self.refused += [_said_alone(note) for note in self.notes if note.type in losses]
        self.notes = Notes(note for note in self.notes if note.type not in losses)

    def kept(self) -> Json:
        """What was left out and is no secret, by field; several of one as a list."""
        found: dict[str, list[Any]] = {}
        for note in self.notes:
            if note.value is not None and note.field is not None:
                found.setdefault(note.field, []).append(note.value)
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}

    def time(self, name: str, value: datetime | None, now: int, otherwise: Any) -> Any:
        """A time that has come, in milliseconds; any other is left out."""
        if value is None:
            return otherwise
        found = milliseconds(value)
        if found <= now:
            return found
        self.notes.append(Note(DROPPED, name, f"The time {name} is in the future.{LEFT_OUT}", value.isoformat()))
        return otherwise


def _said_alone(note: Note) -> Note:
    """What is wrong with a value, where the record is refused."""
    return note._replace(message=note.message.replace(LEFT_OUT, ""))


def _left_out(field: str, value: Any, why: str, hint: str = "") -> Note:
    """The note of a value of ours that was left out; nothing is kept of a factor."""
    message = f"{why.rstrip('.')}.{LEFT_OUT}{hint}"
    if field in ("totp", "recovery_codes"):
        return Note("import_factor_lost", field, message)
    return Note(DROPPED, field, message, value if isinstance(value, (str, dict, list)) else str(value))


def _labels(given: Iterable[str]) -> str:
    """Checked labels as the JSON that is stored; none of them has a character that JSON escapes."""
    return '["' + '","'.join(identifiers.distinct_labels(given)) + '"]'


def _prefs(given: Json) -> str:
    return json_objects.json_text(given, field="prefs")


def _metadata(given: Json) -> str:
    return json_objects.json_text(given, field="metadata")


def _few(given: tuple[ImportedTotp, ...], check: _Fields) -> tuple[ImportedTotp, ...]:
    """As many authenticators as a user may have."""
    most = authenticators.MOST_AUTHENTICATORS
    if len(given) > most:
        message = f"The user has {len(given)} authenticators. A user can have {most}; the rest was left out."
        check.notes.append(Note("import_factor_lost", "totp", message))
    return given[:most]


def _totp(given: ImportedTotp) -> ImportedTotp:
    try:
        found = otp.new(given.secret, algorithm=given.algorithm, digits=given.digits, period=given.period)
    except Invalid as error:
        raise Invalid(error.type, f"No app supports this authenticator: {error.message}", field="totp") from None
    if len(given.secret) not in TOTP_KEY_SIZES:
        least, most = TOTP_KEY_SIZES[0], TOTP_KEY_SIZES[-1]
        message = f"The authenticator's key has {len(given.secret)} bytes; use {least} to {most}"
        raise Invalid("general_argument_invalid", message, field="totp")
    return replace(given, name=identifiers.name(given.name, field="totp"), algorithm=found.algorithm)


def _recovery_code(code: str) -> str:
    if 1 <= len(checks.text(code, "recovery_codes")) <= MAX_CODE:
        return code
    message = f"A recovery code has {len(code)} characters; use 1 to {MAX_CODE}"
    raise Invalid("general_argument_invalid", message, field="recovery_codes")


def _linked(given: Linked) -> Linked:
    provider, uid = identifiers.provider(given.provider), identifiers.provider_uid(given.provider_uid)
    return replace(given, provider=provider, provider_uid=uid)


def _member(given: Member) -> Member:
    team = identifiers.identifier(given.team) if given.team else None
    name = _team_name(given.name or given.team or "")
    return Member(team, name, identifiers.roles(given.roles), given.joined_at)


def _team_name(name: str) -> str:
    if identifiers.name(name, field="members").strip():
        return name
    raise Invalid("general_argument_invalid", "A membership has a team without a name", field="members")
