"""Which field of a user is what in a file whose names are the operator's own: --map, or a name that says it by itself.

Names are columns, or paths. Nothing is guessed of passwords: `password_hash` holds hashes, `plain_password` plain text;
what is only called `password` needs `hash_format`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authctl.core import hashing
from authctl.errors import Invalid, did_you_mean
from authctl.model import USER_COLUMNS, Json
from authctl.transfer.records import TEXTS, ImportedTotp, Linked, Record, Secret
from authctl.transfer.sources import field_reader, text_files, timestamps
from authctl.transfer.sources.field_reader import READERS, Fields, Wrong, base32, pairs
from authctl.transfer.sources.text_files import unreadable

# What a column may be.
TARGETS = (
    *(name for name in USER_COLUMNS if name not in ("locked_until", "codes_locked_until")),
    *("first_name", "last_name", "active", "blocked", "must_change", "totp"),
    *("password_hash", "plain_password", "hash", "salt", "password_updated_at"),
)
TARGETS_SHOWN = f"{', '.join(TARGETS)}, metadata.KEY, prefs.KEY, identity.PROVIDER"
# prefs.KEY, metadata.KEY: one key of it; identity.PROVIDER: the id that the account has there.
INSIDE = ("prefs", "metadata", "identity")
# Other spellings that say the same beyond doubt. A key is looked up without case, spaces and punctuation.
SPELLINGS = {
    "mail": "email",
    "emailaddress": "email",
    "fullname": "name",
    "emailadresse": "email",
    "userid": "id",
    "benutzername": "username",
    "vorname": "first_name",
    "nachname": "last_name",
    "totpsecret": "totp",
    **dict.fromkeys(("phonenumber", "telephone", "telefon", "telefonnummer"), "phone"),
}
PLAIN, SELF, NONE = "plain", "self", "none"

_LABELS = re.compile(r"[,;|\s]+")
_PHP_TEXT = re.compile(r's:[0-9]+:"([^"]*)"')

# What spreadsheets, databases and people write for true and false.
TRUE = field_reader.TRUE | {
    *("wahr", "ja", "j", "vrai", "oui", "verdadero", "sí", "si", "verdadeiro", "sim", "vero", "да", "истина"),
    *("x", "✓", "1.0", "1,0", "-1", "\x01", "\\x01", "b'1'"),
}
FALSE = field_reader.FALSE | {
    *("falsch", "nein", "faux", "non", "falso", "não", "нет", "ложь"),
    *("0.0", "0,0", "\x00", "\\x00", "b'0'"),
}
_ACTIVE = frozenset(("active", "activated", "enabled"))
_BLOCKED = frozenset(("blocked", "inactive", "deactivated", "disabled", "suspended", "locked", "banned"))
_VERIFIED = (frozenset(("verified", "confirmed")), frozenset(("unverified", "unconfirmed", "pending")))
# The words of single fields.
WORDS = {
    "active": (_ACTIVE, _BLOCKED),
    "blocked": (_BLOCKED, _ACTIVE),
    "mfa": (frozenset(("enabled",)), frozenset(("disabled",))),
    "email_verified": _VERIFIED,
    "phone_verified": _VERIFIED,
}
NAMING = ("id", "username", "email", "phone", "identity")  # one of them a user has


OPTIONS = {
    "map": 'column of each field: email=E-Mail,name="Full Name"; also metadata.KEY=…, prefs.KEY=…, identity.NAME=…',
    "hash_format": "what the password column holds: the name of a hash, self (hashes that name themselves), plain, "
    "or none to ignore it",
    "hash_options": "hash options: iterations=10000,salt_position=suffix,pepper_file=FILE",
    "date_format": "date format, as in strptime: %d.%m.%Y (default: ISO 8601, or epoch s or ms)",
}


def truth(values: Fields, name: str) -> bool | None:
    """A word for true or false, in several languages or as the field itself says it."""
    given = values.given.get(name)
    if not isinstance(given, str):
        return values.truth(name)
    word, (true, false) = given.casefold(), WORDS.get(name, ((), ()))
    if not word or word in TRUE or word in FALSE or word in true or word in false:
        return None if not word else word in TRUE or word in true
    raise Wrong(name, f"Invalid {name}: use true or false, not {text_files.ref(given)!r}.")


def _verified(values: Fields, name: str) -> bool | None:
    """Also by the time when it was verified; what cannot be read counts as not verified."""
    if timestamps.any_form(values.given.get(name)) is not None:
        return True
    try:
        return truth(values, name)
    except Wrong as wrong:
        values.left_out(name, values.given[name], f"{wrong} It counts as not verified.")
        return None


def _phone(values: Fields, name: str) -> str | None:
    """A number may have been one to a spreadsheet: 491512345678.0."""
    number = values.text(name)
    if number is not None and number.endswith(".0") and number[:-2].removeprefix("+").isdecimal():
        return number[:-2]
    return number


_COMPOSED = ("name", "prefs", "metadata", "mfa")  # of several cells
_ALONE = {name: read for name, (_, read) in READERS.items() if name not in _COMPOSED} | {
    "email_verified": _verified,
    "phone_verified": _verified,
    "phone": _phone,
}
_TIMES = (*(name for name, (_, read) in READERS.items() if read is Fields.moment), "password_updated_at")


@dataclass
class FieldMapping:
    """Which column is what, and how its cells are read.

    columns: target → column. named: the columns that a target was found for. alone: how each is read that is a field of
    a record by itself, and that the file has.
    """

    columns: dict[str, str]
    named: frozenset[str]
    password: str | None  # the name of the hash, or plain, self
    hash_options: dict[str, str]
    alone: dict[str, Callable[[Fields, str], Any]]
    inside: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: tuple[str, ...], options: Mapping[str, str]) -> FieldMapping:
        given = _given(names, options.get("map", ""))
        known = by_name(tuple(name for name in names if name not in given.values()))
        _check_doubles(names, {target: name for target, name in known.items() if target not in given})
        columns = known | given
        alone = _ALONE | dict.fromkeys(_TIMES, _date(options.get("date_format")))
        found = cls(
            columns,
            frozenset(columns.values()),
            _password(columns, options.get("hash_format")),
            hashing.options_said(dict(pairs(options.get("hash_options", ""), "hash_options"))),
            {target: read for target, read in alone.items() if target in columns},
        )
        _check_naming(names, columns)
        for target, column in columns.items():
            outer, dot, key = target.partition(".")
            if dot:
                found.inside.setdefault(outer, {})[key] = column
        return found

    def ref(self, cells: Mapping[str, Any]) -> str | None:
        return text_files.first(
            cells.get(self.columns[name]) for name in ("id", "username", "email") if name in self.columns
        )

    def record(self, row: Fields) -> Record:
        row.ask(*self.named)
        cells = {target: _bare(row.given.get(column)) for target, column in self.columns.items()}
        values = Fields(cells, row.notes)
        record = Record(
            name=values.name("name") or values.full_name("first_name", "last_name"),
            blocked=_is_blocked(values),
            labels=_labels(values),
            prefs=self._object(values, "prefs"),
            metadata=self._object(values, "metadata"),
            texts={name: values.text(name) for name in TEXTS},
            password=self._secret(row.given, values),
            must_change=bool(truth(values, "must_change")),
            identities=self._identities(values),
            **{target: read(values, target) for target, read in self.alone.items()},
        )
        if (key := values.text("totp")) is not None:
            record.totp = _totp(values, key)
        record.mfa = truth(values, "mfa")
        if record.mfa is None and record.totp:
            record.mfa = True
        return record

    def _secret(self, row: Mapping[str, Any], values: Fields) -> Secret | None:
        """A plain password keeps its spaces."""
        if self.password is None:
            return None
        if self.password == PLAIN:
            column = self.columns.get("plain_password") or self.columns["password"]
            return Secret(row[column], is_plain=True) if row.get(column) else None
        text = values.first("password_hash", "password")
        if text is None:
            return None
        options = dict(self.hash_options)
        if (salt := values.text("salt")) is not None:
            options["salt"] = salt
        default = None if self.password == SELF else self.password
        return Secret(text, values.text("hash") or default, options)

    def _object(self, values: Fields, name: str) -> Json | None:
        """A cell of JSON, and the cells of single keys."""
        found = values.object(name)
        keys = self.inside.get(name)
        if keys is None:
            return found
        cells = {key: values.get(f"{name}.{key}") for key in keys}
        return (found or {}) | {key: cell for key, cell in cells.items() if cell not in (None, "")}

    def _identities(self, values: Fields) -> list[Linked]:
        found = {provider: values.text(f"identity.{provider}") for provider in self.inside.get("identity", ())}
        return [Linked(provider, uid) for provider, uid in found.items() if uid is not None]


def _bare(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _totp(values: Fields, given: str) -> list[ImportedTotp]:
    """An authenticator by its secret, or by the URI that apps are shown; what is neither is lost."""
    try:
        if not given.lower().startswith("otpauth://"):
            return [ImportedTotp(base32(given, "totp"))]
        uri = urlsplit(given)
        said = Fields({name: texts[0] for name, texts in parse_qs(uri.query).items()}, values.notes)
        if uri.netloc.lower() != "totp":
            raise Wrong("totp", f"Unsupported authenticator type {text_files.ref(uri.netloc)!r}.")
        key = base32(said.text("secret") or "", "totp")
        algorithm = (said.text("algorithm") or "SHA1").upper()
        return [
            ImportedTotp(key, algorithm=algorithm, digits=said.whole("digits") or 6, period=said.whole("period") or 30)
        ]
    except (Wrong, ValueError) as wrong:
        values.no_factor(str(wrong) if isinstance(wrong, Wrong) else "The authenticator's URI is malformed.")
        return []


def _date(form: str | None) -> Callable[[Fields, str], datetime | None]:
    if not form:
        why = "Add the date format, as in --source-option date_format=%d.%m.%Y."
        return partial(Fields.moment, read=timestamps.any_form, why=why)
    return partial(Fields.moment, read=partial(timestamps.by_format, form=form), why=f"The date does not match {form}.")


def _is_blocked(values: Fields) -> bool | None:
    """By whichever of the three there is."""
    active, blocked = truth(values, "active"), truth(values, "blocked")
    if blocked is not None:
        return blocked
    if active is not None:
        return not active
    status = (values.text("status") or "").casefold()
    if not status or status in _ACTIVE or status in _BLOCKED:
        return status in _BLOCKED if status else None
    raise Wrong(
        "status",
        ("Invalid status: use active or blocked. Map a column of true and false to active or blocked instead."),
    )


def _labels(values: Fields) -> tuple[str, ...] | None:
    """Several in a cell, with commas, semicolons, bars or spaces between, or a list of JSON or PHP."""
    if isinstance(values.given.get("labels"), list):
        return values.texts("labels")
    text = values.text("labels")
    if text is None:
        return None
    if text.startswith("["):
        return values.texts("labels")
    if text.startswith("a:"):
        return tuple(_PHP_TEXT.findall(text))
    return tuple(word for word in _LABELS.split(text) if word)


# What the operator says


def by_name(names: tuple[str, ...]) -> dict[str, str]:
    """The columns that are called as a target."""
    known = {_plain(target): target for target in TARGETS} | SPELLINGS
    found: dict[str, str] = {}
    for name in names:
        target = known.get(_plain(name)) or (name if _is_inside(name) else None)
        if target is not None:
            found.setdefault(target, name)
    return found


def _check_doubles(names: tuple[str, ...], columns: Mapping[str, str]) -> None:
    """That no column is found by a name that another has, too. The second of them is called `name (2)`."""
    for target, name in columns.items():
        if f"{name} (2)" in names:
            first, second = (shlex.quote(f"{target}={each}") for each in (name, f"{name} (2)"))
            hint = f"Choose one: --map {first} for the first, --map {second} for the second."
            raise unreadable(f"Two columns are called {name[:40]!r}.", hint)


def _check_naming(names: tuple[str, ...], columns: Mapping[str, str]) -> None:
    """That there is something to know the users by."""
    if any(target.partition(".")[0] in NAMING for target in columns):
        return
    column = next((shlex.quote(name) for name in names if "mail" in name.casefold()), "COLUMN")
    hint = f"Name the columns, as in --map email={column}. The file has {shown(names)}."
    raise unreadable("No column looks like an id, email, phone or username.", hint)


def _given(names: tuple[str, ...], text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for target, column in pairs(text, "map"):
        if target not in TARGETS and not _is_inside(target):
            message = f"Unknown field {target[:40]!r}.{did_you_mean(target, TARGETS)}"
            raise _invalid("map", message, f"Fields: {TARGETS_SHOWN}.")
        if column not in names:
            message = f"Unknown column {column[:40]!r}.{did_you_mean(column, names)}"
            raise _invalid("map", message, f"Columns: {shown(names)}.")
        found[target] = column
    return found


def _password(columns: dict[str, str], form: str | None) -> str | None:
    """What the password column holds; what is left out is taken from the columns."""
    there = [target for target in ("password", "password_hash", "plain_password") if target in columns]
    if form == NONE:
        for target in there:
            del columns[target]
        return None
    _check_hash_name(form)
    if not there:
        if "hash" in columns:  # else accounts without passwords would be all that tells
            raise _invalid(
                "map",
                f"The column {columns['hash'][:40]!r} names the algorithm of passwords, but no column contains them.",
                f"If it contains hashes: --map password_hash={shlex.quote(columns['hash'][:40])}. To ignore it:"
                " --hash-format none",
            )
        if form is not None:
            raise _invalid("hash_format", "No column looks like a password.", "Name it: --map password=COLUMN")
        return None
    if len(there) > 1:
        raise _invalid("map", f"Only one column can be the password, not {' and '.join(there)}.", None)
    if there == ["plain_password"] or form == PLAIN:
        if form not in (None, PLAIN) or there == ["password_hash"]:
            raise _invalid("hash_format", "The passwords cannot be both plain and hashed.", None)
        return PLAIN
    if form is None and there == ["password"] and "hash" not in columns:
        raise _invalid(
            "hash_format",
            f"The column {columns['password'][:40]!r} may contain hashes or plain passwords.",
            "Choose one: --hash-format NAME, --hash-format plain, or --hash-format none to ignore the column.",
        )
    return form or SELF


def _check_hash_name(form: str | None) -> None:
    if form is None or form in (PLAIN, SELF):
        return
    from authctl.core.hashing import base, registry

    try:
        registry.find(form)
    except base.HashError as unknown:
        if base.plain(form) in registry.UNCHECKED_NAMES:
            raise _invalid("hash_format", str(unknown), "To ignore the column: --hash-format none") from None
        names = tuple(name for entry in registry.ENTRIES for name in (entry.name, *entry.aliases))
        known = ", ".join(entry.name for entry in registry.ENTRIES)
        message = f"{unknown}{did_you_mean(form, names)}"
        raise _invalid("hash_format", message, f"Use self, plain, none or one of {known}.") from None


def _is_inside(target: str) -> bool:
    outer, dot, key = target.partition(".")
    return bool(dot and key) and outer in INSIDE


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def shown(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name[:40]) for name in names[:20])


def _invalid(option: str, message: str, hint: str | None) -> Invalid:
    return Invalid("general_argument_invalid", message, field=option, hint=hint)
