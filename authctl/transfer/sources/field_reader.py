"""One record's values, asked for by name and type, and the notes of what was lost on the way.

A value that is not understood, such as a time in a foreign form or a list in the place of a text, is left out with a
note. Where it decides what becomes of the user, as an id and a block do, the record is malformed: Wrong is raised, and
the record refused. What nobody asks for is known in the end, so that no field is lost in silence.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any

from authctl.core.values import checks, identifiers
from authctl.errors import Invalid
from authctl.model import USER_COLUMNS, Json
from authctl.transfer.records import DROPPED, ImportedTotp, Note, Notes, Record
from authctl.transfer.sources import timestamps

MOST_OBJECTS = 10_000  # of a list, of which each takes a hundred times the memory of `{}`
NOTHING: tuple[Any, ...] = (None, "", [], {})
NO_TIMES = ("0000-00-00", "0001-01-01", "1601-01-01")  # what MySQL, Go and .NET, and Windows write where there is none
TRUE = frozenset(("true", "t", "1", "yes", "y", "on"))
FALSE = frozenset(("false", "f", "0", "no", "n", "off"))


class _All(tuple[str, ...]):
    """Has every name."""

    def __contains__(self, name: object) -> bool:
        return True


EVERY = _All()


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
    """Absent, null and empty text are all None, unless said otherwise. notes: what was left out, for the record.

    essential: names of which a wrong value makes the record malformed; EVERY is handed on to objects inside.
    """

    __slots__ = ("_asked", "_essential", "_inner", "given", "notes")

    def __init__(
        self, given: Mapping[str, Any], notes: Notes | None = None, *, essential: Collection[str] = ()
    ) -> None:
        self.given = given
        self.notes = Notes() if notes is None else notes
        self._asked: set[str] = set()
        self._essential = essential
        self._inner: list[tuple[str, Fields]] = []

    def get(self, name: str) -> Any:
        """A value as it stands."""
        self._asked.add(name)
        return self.given.get(name)

    def reshaped(self, given: Mapping[str, Any]) -> Fields:
        """The same record, its values under the same names in another form."""
        found = Fields(given, self.notes, essential=self._essential)
        found._asked = self._asked
        return found

    def ask(self, *names: str) -> None:
        """Count these as read: another way looks at them."""
        self._asked.update(names)

    def rest(self, *but: str) -> Json:
        """All that says anything and was not asked for yet, as it stands."""
        self._asked.update(but)
        found = {name: value for name, value in self.given.items() if name not in self._asked and value not in NOTHING}
        self._asked.update(found)
        return found

    def kept(self, *names: str) -> Json:
        """What these say, as it stands: for the user's metadata, since no column has it."""
        self._asked.update(names)
        given = self.given
        return {name: given[name] for name in names if name in given and given[name] not in NOTHING}

    def parts_of(self, name: str | None, *parts: str) -> Json:
        """The parts of a name, for the user's metadata, unless the name is made of them."""
        found = self.kept(*parts)
        return {} if name == " ".join(map(str, found.values())) else found

    def unread(self, ignored: Collection[str] = ()) -> Json:
        """What says anything and nobody asked for; names inside objects are joined with dots."""
        found: Json = {}
        if not self.given.keys() <= self._asked:
            for name, value in self.given.items():
                if name not in self._asked and name not in ignored and value not in NOTHING:
                    found[name] = value
        for outer, inner in self._inner:
            if (inside := inner.unread()) and f"{outer}.*" not in ignored:
                for name, value in inside.items():
                    if (path := f"{outer}.{name}") not in ignored:
                        found.setdefault(path, value)
        return found

    def text(self, name: str) -> str | None:
        """A text, or a whole number as one, which is how some write ids."""
        self._asked.add(name)
        value = self.given.get(name)
        if type(value) is str:
            return value or None
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self._wrong(name, "text", value)
        return None

    def name(self, *names: str) -> str | None:
        """The first of several names, or of several parts; other systems take longer ones than fit here."""
        return self.fitting(self.first(*names))

    def full_name(self, *parts: str) -> str | None:
        """A name from its parts."""
        return self.fitting(" ".join(found for name in parts if (found := self.text(name))) or None)

    def fitting(self, name: str | None) -> str | None:
        if name is None or len(name) <= identifiers.MAX_NAME:
            return name
        self.drop("name", f"The name has {len(name):,} characters. The first {identifiers.MAX_NAME} were kept.", name)
        return name[: identifiers.MAX_NAME]

    def fitting_id(self, *names: str) -> str | None:
        """The first that can be an id here; None gives the user a new one."""
        for name in names:
            try:
                return identifiers.imported_id(self.text(name) or "")
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
            self.left_out("username", text, "It looks like an email or a phone.")
        return None, email

    def labels(self, names: Iterable[str]) -> tuple[str, ...]:
        """Roles and groups as labels; one that cannot be a label is left out."""
        kept: dict[str, None] = {}
        for name in names:
            try:
                kept[identifiers.label(name)] = None
            except Invalid:
                self.left_out("labels", name, "A label has 1 to 36 letters and digits.")
        return tuple(kept)

    def first(self, *names: str) -> str | None:
        """The first of several texts that is there."""
        return next((found for name in names if (found := self.text(name)) is not None), None)

    def truth(self, name: str) -> bool | None:
        """Whether; a word that is neither makes the record malformed, since it may be what blocks the user."""
        self._asked.add(name)
        value = self.given.get(name)
        if value is None or value is True or value is False:
            return value
        if value == "":
            return None
        word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
        if word in TRUE or word in FALSE:
            return word in TRUE
        raise Wrong(name, f"Invalid {name}: use true or false.")

    def is_true(self, name: str) -> bool:
        """Whether a value is JSON's own true, and no word for it."""
        return self.get(name) is True

    def moment(
        self,
        name: str,
        read: Callable[[Any], datetime | None] = timestamps.iso,
        why: str = "The time is malformed.",
    ) -> datetime | None:
        """A time, by whichever of `timestamps` reads this source's. why: what is wrong with one that it cannot read."""
        self._asked.add(name)
        value = self.given.get(name)
        if value is None or value == "":
            return None
        found = read(value)
        if found is None and not (type(value) is str and value.startswith(NO_TIMES)):
            self.left_out(name, value, why)
        return found

    def object(self, name: str) -> Json | None:
        """A JSON object, or the text of one; an empty list is what PHP makes of an empty object."""
        self._asked.add(name)
        value = self.given.get(name)
        if type(value) is not dict:
            value = self._decoded(name)
        if value is None or value == []:
            return None if value is None else {}
        if isinstance(value, dict):
            return value
        self._wrong(name, "an object", value)
        return None

    def items(self, name: str) -> list[Any]:
        """A JSON list, or the text of one."""
        self._asked.add(name)
        value = self.given.get(name)
        if type(value) is list:
            return value
        value = self._decoded(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self._wrong(name, "a list", value)
        return []

    def objects(self, name: str, essential: Collection[str] = ()) -> list[Fields]:
        """A list of objects, whose notes are this record's."""
        if self.get(name) is None:
            return []
        found = list(islice(self._of(dict, name, "objects"), MOST_OBJECTS + 1))
        if len(found) > MOST_OBJECTS:
            self.drop(name, f"Only the first {MOST_OBJECTS:,} of {name} were read.")
        return [self._inside(name, value, essential) for value in found[:MOST_OBJECTS]]

    def inside(self, name: str) -> Fields:
        """An object's own fields; of an absent one, none."""
        if self.get(name) is None:
            return Fields({}, self.notes)
        return self._inside(name, self.object(name) or {})

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(self._of(str, name, "texts"))

    def whole(self, name: str) -> int | None:
        """A whole number, or the digits of one."""
        self._asked.add(name)
        value = self.given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
        self._wrong(name, "a whole number", value)
        return None

    def columns(self, readers: Mapping[str, Reader]) -> Json:
        """What each of these readers makes of the value of its name; those that are absent are left out."""
        self._asked.update(readers)
        found, given = {}, self.given
        for name, (plain, read) in readers.items():
            if (value := given.get(name)) is not None:
                found[name] = value if type(value) is plain and value != "" else read(self, name)
        return found

    def authenticators(self, text: str, field: str, name: str = "") -> list[ImportedTotp]:
        """One authenticator, from its secret in base32; none where the secret is no such text."""
        try:
            return [ImportedTotp(base32(text, field), name)]
        except Wrong as wrong:
            self.no_factor(str(wrong))
            return []

    def left_out(self, field: str, value: Any, why: str) -> None:
        """Tell that a value was left out, and keep it for the user's metadata. why: a sentence."""
        self.notes.add(left_out(field, value, why))

    def drop(self, field: str | None, message: str, value: Any = None) -> None:
        """Tell that something was left out, in a sentence. value: what is kept of it in the user's metadata."""
        self.notes.add(Note(DROPPED, field, message, value))

    def no_password(self, message: str) -> None:
        self.notes.add(Note("import_password_lost", "password", message))

    def no_factor(self, message: str) -> None:
        self.notes.add(Note("import_factor_lost", "mfa", message))

    def _wrong(self, name: str, what: str, value: Any) -> None:
        """Leave out a value of another type than it should be. Raises Wrong where the record hangs on it."""
        if name in self._essential:
            raise Wrong(name, f"Invalid {name}: must be {what}, not {kind(value)}.")
        self.left_out(name, value, f"It must be {what}, not {kind(value)}.")

    def _of(self, type: type, name: str, what: str) -> Iterator[Any]:
        """What of a list has that type."""
        for value in self.items(name):
            if isinstance(value, type):
                yield value
            else:
                self._wrong(name, f"a list of {what}", value)

    def _decoded(self, name: str) -> Any:
        value = self.get(name)
        if value is None or value == "":
            return None
        try:
            return parsed(value, name) if isinstance(value, str) else value
        except Wrong:
            if name in self._essential:
                raise
        self.left_out(name, value, "It is not JSON.")
        return None

    def _inside(self, name: str, value: Json, essential: Collection[str] = ()) -> Fields:
        inner = Fields(value, self.notes, essential=EVERY if self._essential is EVERY else essential)
        self._inner.append((name, inner))
        return inner


# How a column is read; and of which type it is taken as it stands, but for empty texts.
Reader = tuple[type | None, Callable[[Fields, str], Any]]
_BY_TYPE: dict[object, Reader] = {
    "str | None": (str, Fields.text),
    "bool | None": (bool, Fields.truth),
    "datetime | None": (None, Fields.moment),
    "Json | None": (dict, Fields.object),
}
# How the columns of users are read that a record has under the same name and as one value.
READERS = {
    each.name: _BY_TYPE[each.type] for each in fields(Record) if each.name in USER_COLUMNS and each.type in _BY_TYPE
}


def left_out(field: str, value: Any, why: str) -> Note:
    """The note of a value that was left out; one that may be a secret is neither quoted nor kept. why: a sentence."""
    if may_be_secret(field):
        return Note(DROPPED, field, f"Left out {field}. {why}")
    quoted = checks.shown(value if isinstance(value, str) else json.dumps(value, default=str))
    return Note(DROPPED, field, f"Left out {field} {quoted}. {why}", value)


def may_be_secret(name: str) -> bool:
    """Whether a field may hold a secret, by its name."""
    return _SECRET.search(name) is not None


_SECRET = re.compile(
    r"pass(?:wd|word|phrase|code)?(?![a-z])|pwd|credential|secret|token|hash|salt|totp|otp|private.?key|recovery", re.I
)


def parsed(text: str, name: str) -> Any:
    """The value of a JSON text inside a record."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Wrong(name, f"Invalid {name}: not JSON.") from None


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
        raise Wrong(field, f"The authenticator secret in {field} is not base32.")
    return key


def kind(value: object) -> str:
    """What a value is, in JSON's words."""
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "text"}
    return names.get(type(value), "a list" if isinstance(value, list) else "an object")


PLAIN = {"plain_passwords": "yes: import plain-text passwords too, hashed here; no: ignore them (default)"}
ROLES = {"roles": "labels: import roles as labels; none: ignore them (default)"}


def wants_plain(options: Mapping[str, str]) -> bool:
    """Whether the operator takes passwords in plain text."""
    wish = options.get("plain_passwords")
    if wish not in (None, "yes", "no"):
        raise Invalid(
            "general_argument_invalid",
            "Invalid --source-option plain_passwords: use yes or no.",
            field="plain_passwords",
        )
    return wish == "yes"


def wants_labels(options: Mapping[str, str], option: str = "roles") -> bool:
    """Whether the operator asked for roles, or groups, as labels."""
    wish = options.get(option)
    if wish not in (None, "labels", "none"):
        raise Invalid(
            "general_argument_invalid", f"Invalid --source-option {option}: use labels or none.", field=option
        )
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
                f"Invalid {option}: use a list of NAME=VALUE.",
                field=option,
                hint='For example: email=E-Mail,name="Full Name".',
            )
        place = match.end()
        name, doubly, singly, bare = match.groups()
        yield name, doubly.replace('""', '"') if doubly is not None else bare if singly is None else singly
