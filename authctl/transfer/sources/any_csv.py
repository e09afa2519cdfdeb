"""Any CSV whose first row names its columns. Which column is what, the operator says; our own names need no saying.

--source-option 'map=email=E-Mail,name="Full Name",password_hash=Password Hash,metadata.plan=Plan'

Nothing is guessed of passwords: `password_hash` holds hashes, `plain_password` plain text; a column that is only called
`password` needs `hash_format`. Columns that nothing maps are left out, or kept in metadata by `unmapped=metadata`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from authctl.core import hashing
from authctl.errors import Invalid, did_you_mean
from authctl.model import USER_COLUMNS, Json
from authctl.transfer.records import TEXTS, Addresses, ImportedTotp, Item, Linked, Record, Secret
from authctl.transfer.sources import csv_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import READERS, Fields, Wrong, base32, pairs
from authctl.transfer.sources.text_files import unreadable

# What a column may be.
TARGETS = (
    *(name for name in USER_COLUMNS if name not in ("locked_until", "codes_locked_until")),
    *("first_name", "last_name", "active", "blocked", "must_change", "totp"),
    *("password_hash", "plain_password", "hash", "salt", "password_updated_at"),
)
# prefs.KEY, metadata.KEY: one key of it; identity.PROVIDER: the id that the account has there.
INSIDE = ("prefs", "metadata", "identity")
# Other spellings that say the same beyond doubt. A key is looked up without case, spaces and punctuation.
SPELLINGS = {"mail": "email", "emailaddress": "email", "phonenumber": "phone", "fullname": "name", "userid": "id"}
PLAIN, SELF, NONE = "plain", "self", "none"

_LABELS = re.compile(r"[,;|\s]+")


OPTIONS = {
    "map": 'which column is what: email=E-Mail,name="Full Name"; also metadata.KEY=…, prefs.KEY=…, identity.NAME=…',
    "hash_format": "what the password column holds: the name of a hash, self (hashes that name themselves), plain,"
    " or none to leave it out",
    "hash_options": "options of those hashes: iterations=10000,salt_position=suffix,pepper_file=FILE",
    "date_format": "how dates are written, in strptime's words: %d.%m.%Y (default: ISO 8601, or epoch s or ms)",
    **csv_files.DELIMITER,
    **text_files.ENCODING,
}


class PlainCsv(Base):
    name = "csv"
    addresses = Addresses.GIVEN
    options = OPTIONS

    def recognises(self, head: bytes, name: str) -> bool:
        """By a first row of several cells, or by the name where there is text at all."""
        first = head.split(b"\n", 1)[0].strip()
        if not first or first[:1] in (b"{", b"["):
            return False
        return name.lower().removesuffix(".gz").endswith((".csv", ".tsv")) or len(csv_files.header_of(head)) > 1

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        table = csv_files.Table(files[0], options)
        mapping = _Mapping.of(table.names, options)
        return self.items(table.rows(), mapping.record, start, mapping.ref)


SOURCE = PlainCsv()


_COMPOSED = ("name", "prefs", "metadata")  # of several cells
_ALONE = {name: read for name, read in READERS.items() if name not in _COMPOSED} | {"phone": Fields.free_phone}
_TIMES = (*(name for name, read in READERS.items() if read is Fields.moment), "password_updated_at")


@dataclass
class _Mapping:
    """Which column is what, and how its cells are read.

    columns: target → column. known: the columns that the operator, or a name, says something of. alone: how each is
    read that is a field of a record by itself, and that the file has.
    """

    columns: dict[str, str]
    known: frozenset[str]
    password: str | None  # the name of the hash, or plain, self
    hash_options: dict[str, str]
    alone: dict[str, Callable[[Fields, str], Any]]
    inside: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: tuple[str, ...], options: Mapping[str, str]) -> _Mapping:
        if len(set(names)) < len(names):
            raise unreadable("Two columns have the same name.", "Rename one of them in the first row.")
        given = _given(names, options.get("map", ""))
        columns = _by_name(tuple(name for name in names if name not in given.values())) | given
        known = frozenset(columns.values())
        alone = _ALONE | dict.fromkeys(_TIMES, partial(Fields.moment, read=_date(options.get("date_format"))))
        found = cls(
            columns,
            known,
            _password(columns, options.get("hash_format")),
            hashing.options_said(dict(pairs(options.get("hash_options", ""), "hash_options"))),
            {target: read for target, read in alone.items() if target in columns},
        )
        for target, column in columns.items():
            outer, dot, key = target.partition(".")
            if dot:
                found.inside.setdefault(outer, {})[key] = column
        return found

    def ref(self, cells: Mapping[str, str]) -> str | None:
        return text_files.first(
            cells[self.columns[name]] for name in ("id", "username", "email") if name in self.columns
        )

    def record(self, row: Fields) -> Record:
        row.ask(*self.known)
        cells = {target: row.given[column].strip() for target, column in self.columns.items()}
        values = Fields(cells, row.notes)
        record = Record(
            name=values.name("name") or values.full_name("first_name", "last_name"),
            blocked=_is_blocked(values),
            labels=_labels(values),
            prefs=self._object(values, "prefs"),
            metadata=self._object(values, "metadata"),
            texts={name: values.text(name) for name in TEXTS},
            password=self._secret(row.given, values),
            must_change=bool(values.truth("must_change")),
            identities=self._identities(values),
            **{target: read(values, target) for target, read in self.alone.items()},
        )
        if (key := values.text("totp")) is not None:
            record.totp.append(ImportedTotp(base32(key, "totp")))
        return record

    def _secret(self, row: Mapping[str, str], values: Fields) -> Secret | None:
        """A plain password keeps its spaces."""
        if self.password is None:
            return None
        if self.password == PLAIN:
            column = self.columns.get("plain_password") or self.columns["password"]
            return Secret(row[column], is_plain=True) if row[column] else None
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
        cells = {key: values.text(f"{name}.{key}") for key in keys}
        return (found or {}) | {key: cell for key, cell in cells.items() if cell is not None}

    def _identities(self, values: Fields) -> list[Linked]:
        found = {provider: values.text(f"identity.{provider}") for provider in self.inside.get("identity", ())}
        return [Linked(provider, uid) for provider, uid in found.items() if uid is not None]


def _date(form: str | None) -> Callable[[Any], datetime | None]:
    return timestamps.either if not form else lambda value: timestamps.by_format(value, form)


def _is_blocked(values: Fields) -> bool | None:
    """By whichever of the three there is."""
    active, blocked = values.truth("active"), values.truth("blocked")
    if blocked is not None:
        return blocked
    if active is not None:
        return not active
    status = (values.text("status") or "").lower()
    if status in ("", "active", "blocked"):
        return None if not status else status == "blocked"
    raise Wrong("status", "status must be active or blocked; map a column of true and false to active or blocked.")


def _labels(values: Fields) -> tuple[str, ...] | None:
    """Several in a cell, with commas, semicolons, bars or spaces between, or a JSON list of them."""
    text = values.text("labels")
    if text is None:
        return None
    if text.startswith("["):
        return values.texts("labels")
    return tuple(word for word in _LABELS.split(text) if word)


# What the operator says


def _by_name(names: tuple[str, ...]) -> dict[str, str]:
    """The columns that are called as a target."""
    known = {_plain(target): target for target in TARGETS} | SPELLINGS
    found: dict[str, str] = {}
    for name in names:
        target = known.get(_plain(name)) or (name if _is_inside(name) else None)
        if target is not None:
            found.setdefault(target, name)
    return found


def _given(names: tuple[str, ...], text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for target, column in pairs(text, "map"):
        if target not in TARGETS and not _is_inside(target):
            raise _invalid("map", f"There is nothing called {target[:40]!r} to map a column to.", _targets_hint())
        if column not in names:
            raise _invalid("map", f"The file has no column {column[:40]!r}.", f"It has: {_shown(names)}.")
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
                f"The column {columns['hash'][:40]!r} is to name the hash of each password, and no column has those.",
                f"If it has them itself: --map password_hash={shlex.quote(columns['hash'][:40])}; to leave it out:"
                " --hash-format none",
            )
        if form is not None:
            raise _invalid("hash_format", "No column of the file is the password.", "Name it: --map password=COLUMN")
        return None
    if len(there) > 1:
        raise _invalid("map", f"Only one column can be the password, not {' and '.join(there)}.", None)
    if there == ["plain_password"] or form == PLAIN:
        if form not in (None, PLAIN) or there == ["password_hash"]:
            raise _invalid("hash_format", "The passwords are said to be plain, and to be hashes too.", None)
        return PLAIN
    if form is None and there == ["password"] and "hash" not in columns:
        raise _invalid(
            "hash_format",
            f"The column {columns['password'][:40]!r} may hold hashes or plain passwords; that is never guessed.",
            "Say which: --hash-format NAME, --hash-format plain, or --hash-format none to leave the column out.",
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
            raise _invalid("hash_format", str(unknown), "--hash-format none leaves the column out.") from None
        names = tuple(name for entry in registry.ENTRIES for name in (entry.name, *entry.aliases))
        known = ", ".join(entry.name for entry in registry.ENTRIES)
        message = f"{unknown}{did_you_mean(form, names)}"
        raise _invalid("hash_format", message, f"It is one of {known}; or self, plain or none.") from None


def _is_inside(target: str) -> bool:
    outer, dot, key = target.partition(".")
    return bool(dot and key) and outer in INSIDE


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _shown(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name[:40]) for name in names[:20])


def _targets_hint() -> str:
    return f"Use one of {', '.join(TARGETS)}, or metadata.KEY, prefs.KEY, identity.PROVIDER."


def _invalid(option: str, message: str, hint: str | None) -> Invalid:
    return Invalid("general_argument_invalid", message, field=option, hint=hint)
