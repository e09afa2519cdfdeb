"""One record's values, asked for by name and type, and the notes of what was lost on the way.

A value of the wrong type makes the record malformed, because nobody knows then what it means: Wrong is raised, and the
record refused. A value that is only not understood, such as a time in a foreign form, is left out with a note.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from authctl.core.values import contacts, identifiers
from authctl.errors import Invalid
from authctl.model import USER_COLUMNS, Json
from authctl.transfer.records import Note, Record, Refused
from authctl.transfer.sources import text_files, timestamps
from authctl.transfer.sources.text_files import SourceRow

TRUE = frozenset(("true", "t", "1", "yes", "y", "on"))
FALSE = frozenset(("false", "f", "0", "no", "n", "off"))


class Wrong(ValueError):
    """Why a record is malformed."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotAUser(ValueError):
    """Why a record is no user for us. ref: what names it, if that is nothing that names users."""

    def __init__(self, message: str, ref: str | None = None) -> None:
        super().__init__(message)
        self.ref = ref


class Fields:
    """Absent, null and empty text are all None, unless said otherwise. notes: what was left out, for the record."""

    __slots__ = ("given", "notes")

    def __init__(self, given: Mapping[str, Any], notes: list[Note] | None = None) -> None:
        self.given = given
        self.notes: list[Note] = [] if notes is None else notes

    def text(self, name: str) -> str | None:
        """A text, or a whole number as one, which is how some write ids."""
        value = self.given.get(name)
        if type(value) is str:
            return value or None
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise Wrong(name, f"{name} must be text, not {kind(value)}.")

    def name(self, *names: str) -> str | None:
        """The first of several names, or of several parts; other systems take longer ones than fit here."""
        return self.fitting(self.first(*names))

    def full_name(self, *parts: str) -> str | None:
        """A name from its parts."""
        return self.fitting(" ".join(found for name in parts if (found := self.text(name))) or None)

    def fitting(self, name: str | None) -> str | None:
        if name is None or len(name) <= identifiers.MAX_NAME:
            return name
        self.drop("name", f"The name has {len(name):,} characters; the first {identifiers.MAX_NAME} were kept.")
        return name[: identifiers.MAX_NAME]

    def free_phone(self, *names: str) -> str | None:
        """A phone from where the source takes any text for one; what is none is left out."""
        text = self.first(*names)
        if text is None:
            return None
        try:
            return contacts.phone(text)
        except Invalid:
            self.drop("phone", "The phone is not a number with + and the country's calling code; it was left out.")
            return None

    def fitting_id(self, *names: str) -> str | None:
        """The first that can be an id here; None gives the user a new one."""
        for name in names:
            try:
                return identifiers.identifier(self.text(name) or "")
            except Invalid:
                continue
        return None

    def login(self, text: str | None, email: str | None) -> tuple[str | None, str | None]:
        """Username and email, where the source lets people sign in with either under one name."""
        if text is None or not (text.startswith("+") or "@" in text):
            return text, email
        if "@" in text and email is None:
            return None, text
        if email is None or text.lower() != email.lower():
            self.drop("username", "The username looks like an email or a phone, and was left out.")
        return None, email

    def labels(self, names: Iterable[str]) -> tuple[str, ...]:
        """Roles and groups as labels; one that cannot be a label is left out."""
        kept: dict[str, None] = {}
        for name in names:
            try:
                kept[identifiers.label(name)] = None
            except Invalid:
                self.drop("labels", f"The role {text_files.ref(name)!r} cannot be a label, and was left out.")
        return tuple(kept)

    def first(self, *names: str) -> str | None:
        """The first of several texts that is there."""
        return next((found for name in names if (found := self.text(name)) is not None), None)

    def truth(self, name: str) -> bool | None:
        value = self.given.get(name)
        if value is None or value is True or value is False:
            return value
        if value == "":
            return None
        word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
        if word in TRUE or word in FALSE:
            return word in TRUE
        raise Wrong(name, f"{name} must be true or false.")

    def is_true(self, name: str) -> bool:
        """Whether a value is JSON's own true, and no word for it."""
        return self.given.get(name) is True

    def moment(self, name: str, read: Callable[[Any], datetime | None] = timestamps.iso) -> datetime | None:
        """A time, by whichever of `moments` reads this source's."""
        value = self.given.get(name)
        if value is None or value == "":
            return None
        found = read(value)
        if found is None:
            self.drop(name, f"{name} is not a time as this source writes them; it was left out.")
        return found

    def object(self, name: str) -> Json | None:
        """A JSON object, or the text of one; an empty list is what PHP makes of an empty object."""
        value = self.given.get(name)
        if type(value) is not dict:
            value = self._decoded(name)
        if value is None or value == []:
            return None if value is None else {}
        if isinstance(value, dict):
            return value
        raise Wrong(name, f"{name} must be an object, not {kind(value)}.")

    def items(self, name: str) -> list[Any]:
        """A JSON list, or the text of one."""
        value = self.given.get(name)
        if type(value) is list:
            return value
        value = self._decoded(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise Wrong(name, f"{name} must be a list, not {kind(value)}.")

    def objects(self, name: str) -> list[Fields]:
        """A list of objects, whose notes are this record's."""
        if self.given.get(name) is None:
            return []
        return [self._inside(name, value) for value in self.items(name)]

    def inside(self, name: str) -> Fields:
        """An object's own fields; of an absent one, none."""
        return Fields(self.object(name) or {}, self.notes)

    def texts(self, name: str) -> tuple[str, ...]:
        found = self.items(name)
        if not all(isinstance(value, str) for value in found):
            raise Wrong(name, f"{name} must be a list of texts.")
        return tuple(found)

    def whole(self, name: str) -> int | None:
        """A whole number, or the digits of one."""
        value = self.given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
        raise Wrong(name, f"{name} must be a whole number.")

    def drop(self, field: str | None, message: str) -> None:
        """Tell that something was left out."""
        self.notes.append(Note("import_value_dropped", field, message))

    def no_password(self, message: str) -> None:
        self.notes.append(Note("import_password_lost", "password", message))

    def no_factor(self, message: str) -> None:
        self.notes.append(Note("import_factor_lost", "mfa", message))

    def check_way_in(self, record: Record) -> None:
        """Tell where nobody could sign in to the account."""
        if not (record.email or record.phone or record.password or record.identities):
            self.notes.append(
                Note("import_no_way_in", None, "There is no email, phone, password or identity to sign in by.")
            )

    def _decoded(self, name: str) -> Any:
        value = self.given.get(name)
        if value is None or value == "":
            return None
        return parsed(value, name) if isinstance(value, str) else value

    def _inside(self, name: str, value: Any) -> Fields:
        if not isinstance(value, dict):
            raise Wrong(name, f"{name} must be a list of objects.")
        return Fields(value, self.notes)


_BY_TYPE: dict[object, Callable[[Fields, str], Any]] = {
    "str | None": Fields.text,
    "bool | None": Fields.truth,
    "datetime | None": Fields.moment,
    "Json | None": Fields.object,
}
# How the columns of users are read that a record has under the same name and as one value.
READERS = {
    each.name: _BY_TYPE[each.type] for each in fields(Record) if each.name in USER_COLUMNS and each.type in _BY_TYPE
}


def parsed(text: str, name: str) -> Any:
    """The value of a JSON text inside a record."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Wrong(name, f"{name} is not JSON.") from None


def base32(text: str, field: str) -> bytes:
    """The key of an authenticator from its usual text, in either case, with or without padding and spaces.

    What is left over of the last character counts for nothing, as in the apps; Auth0's own sample has 15 characters.
    """
    bare = text.replace(" ", "").replace("-", "").rstrip("=").upper()
    try:
        key = base64.b32decode(bare + "A" * (-len(bare) % 8))[: len(bare) * 5 // 8]
    except ValueError:
        key = b""
    if not key:
        raise Wrong(field, f"The secret of an authenticator in {field} is not base32.")
    return key


def kind(value: object) -> str:
    """What a value is, in JSON's words."""
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "text"}
    return names.get(type(value), "a list" if isinstance(value, list) else "an object")


@contextmanager
def joined(row: SourceRow | Refused, where: str) -> Iterator[Fields]:
    """The values of a row that users are joined with. Where it is malformed, the file as a whole is refused."""
    if isinstance(row, Refused):
        raise text_files.unreadable(f"{where}: {row.notes[0].message}")
    try:
        yield Fields(row.values)
    except Wrong as wrong:
        raise text_files.unreadable(f"{where}: {wrong}") from None


PLAIN = {"plain_passwords": "yes: take passwords in plain text too, and hash them here; no: leave them out (default)"}
ROLES = {"roles": "labels: make labels of the roles that the source has; none: leave them (default)"}


def wants_plain(options: Mapping[str, str]) -> bool:
    """Whether the operator takes passwords in plain text."""
    wish = options.get("plain_passwords")
    if wish not in (None, "yes", "no"):
        raise Invalid("general_argument_invalid", "plain_passwords must be yes or no.", field="plain_passwords")
    return wish == "yes"


def wants_labels(options: Mapping[str, str], option: str = "roles") -> bool:
    """Whether the operator asked for roles, or groups, as labels."""
    wish = options.get(option)
    if wish not in (None, "labels", "none"):
        raise Invalid("general_argument_invalid", f"{option} must be labels or none.", field=option)
    return wish == "labels"


def role_names(claims: Mapping[str, Any]) -> list[str]:
    """What claims say of roles: role, roles, and admin where it is true."""
    several = claims.get("roles")
    found = [claims.get("role"), *(several if isinstance(several, list) else [several])]
    if claims.get("admin") is True:
        found.append("admin")
    return [role for role in found if isinstance(role, str) and role]


_PAIR = re.compile(r"""\s*([A-Za-z_][\w.:-]*)\s*=\s*(?:"((?:[^"]|"")*)"|'([^']*)'|([^,"']?[^,"]*?))\s*(?:,|\Z)""")


def pairs(text: str, option: str) -> Iterator[tuple[str, str]]:
    """What an option lists: name=value,name="value, with a comma", in either quotes."""
    place = 0
    while place < len(text):
        match = _PAIR.match(text, place)
        if match is None:
            raise Invalid(
                "general_argument_invalid",
                f"{option} is not a list of name=value.",
                field=option,
                hint='Write, for example: email=E-Mail,name="Full Name".',
            )
        place = match.end()
        name, doubly, singly, bare = match.groups()
        yield name, doubly.replace('""', '"') if doubly is not None else bare if singly is None else singly
