"""Any JSON: a list of records, one a line, or a list inside an object. Which field is what, the operator says by paths.

--map id=_id.$oid,email=emails.0.address,name=profile.fullName,password=passwordHash --hash-format bcrypt

What mongoexport wraps ($oid, $date, $numberLong …) is unwrapped, so that a path may name the wrapper or not.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from authctl.model import Json
from authctl.transfer.records import Addresses, Item, Record, Refused
from authctl.transfer.sources import field_mapping, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_mapping import FieldMapping
from authctl.transfer.sources.field_reader import Fields, kind, pairs
from authctl.transfer.sources.text_files import SourceRow, unreadable

FIRST, FIRST_SIZE = 100, 1 << 22  # records that tell which fields there are, and characters of them
DEPTH = 4  # of the paths that are proposed

# A record has one of these, beside what is mapped; an object without any that has a list of objects is none.
TYPICAL = {
    *("id", "_id", "uid", "uuid", "userId", "user_id", "sub", "email", "mail", "emails", "username", "userName"),
    *("user_name", "login", "phone", "password", "passwordHash", "password_hash", "createdAt", "created_at"),
}
# What a field probably is, by the end of its path without case and punctuation; only ever proposed.
LIKELY = {
    **dict.fromkeys(("id", "uid", "uuid", "pk", "sub", "userid", "guid"), "id"),
    **dict.fromkeys(("email", "mail", "emailaddress", "primaryemail"), "email"),
    **dict.fromkeys(("username", "login", "nickname", "loginname"), "username"),
    **dict.fromkeys(("phone", "phonenumber", "mobile", "primaryphone", "telephone"), "phone"),
    **dict.fromkeys(("name", "fullname", "displayname"), "name"),
    **dict.fromkeys(("password", "passwordhash", "hashedpassword", "encryptedpassword", "passworddigest"), "password"),
    **dict.fromkeys(("createdat", "created", "datejoined", "creationtime"), "created_at"),
}
_WRAPPERS = ("$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid", "$symbol")
_NUMBERS = ("$numberLong", "$numberInt")


class PlainJson(Base):
    name = "json"
    addresses = Addresses.GIVEN
    options = field_mapping.OPTIONS | {"root": "path to the list of users, such as data.users (default: detected)"}

    def recognises(self, head: bytes, name: str) -> bool:
        return text_files.is_json(head)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping, rows = _mapped(files[0], options)
        return self.items(rows, mapping.record, start, mapping.ref)

    def found(self, file: Any, options: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Which field is what, and what more is likely, both target → path."""
        mapping, rows = _mapped(file, options)
        first = [row.values for row in _beginning(rows) if isinstance(row, SourceRow)]
        likely = {target: path for target, path in _likely(first).items() if path not in mapping.fields.named}
        return mapping.fields.columns, {t: path for t, path in likely.items() if t not in mapping.fields.columns}


SOURCE = PlainJson()


class _Mapping:
    """The operator's mapping, over records whose mapped paths are spread out."""

    def __init__(self, fields: FieldMapping, inner: frozenset[str]) -> None:
        self.fields, self.ref = fields, fields.ref
        self._inner = inner
        self._secrets = [
            path for target, path in fields.columns.items() if target in ("password", "password_hash", "plain_password")
        ]

    def spread(self, row: SourceRow | Refused) -> SourceRow | Refused:
        return row._replace(values=dict(_spread(row.values, self._inner))) if isinstance(row, SourceRow) else row

    def record(self, values: Fields) -> Record:
        given = dict(values.given)
        for path in self._secrets:
            if given.get(path) is not None and not isinstance(given[path], str):
                values.no_password(f"The password must be text, not {kind(given[path])}.")
                given[path] = None
        return self.fields.record(values.reshaped(given))


def _mapped(file: Any, options: Mapping[str, str]) -> tuple[_Mapping, Iterator[SourceRow | Refused]]:
    given = {target: _unwrapped_path(path) for target, path in pairs(options.get("map", ""), "map")}
    root = tuple(name for name in options.get("root", "").split(".") if name)
    typical = TYPICAL | {path.partition(".")[0] for path in given.values()}
    rows = (_plain(row) for row in json_files.rows(file, (), typical, root))
    first = list(_beginning(rows))
    inner = frozenset(_beginnings(given.values()))
    known = [dict(_spread(row.values, inner)) for row in first if isinstance(row, SourceRow)]
    names = dict.fromkeys(name for values in known for name in values)
    # Where a record has a text instead of what a path leads into, the path is no typing error.
    names |= dict.fromkeys(path for path in given.values() if any(part in names for part in _beginnings([path])))
    if (later := next(rows, None)) is not None:
        first.append(later)
        names |= dict.fromkeys(given.values())  # a later record may have what these have not
    if known and not any(target.partition(".")[0] in field_mapping.NAMING for target in (*given, *_by_name(names))):
        raise _unnamed(known, names)
    if not known:
        names |= dict.fromkeys(given.values()) or {"id": None}
    text = ",".join(f'{target}="{path.replace(chr(34), chr(34) * 2)}"' for target, path in given.items())
    mapping = _Mapping(FieldMapping.of(tuple(names), {**options, "map": text}), inner)
    return mapping, map(mapping.spread, chain(first, rows))


def _beginning(rows: Iterator[SourceRow | Refused]) -> Iterator[SourceRow | Refused]:
    """The first rows; fewer where they are large, since they are held in memory."""
    size = 0
    for row in islice(rows, FIRST):
        yield row
        size += len(row.raw.text)
        if size > FIRST_SIZE:
            return


def _by_name(names: Mapping[str, None]) -> dict[str, str]:
    return field_mapping.by_name(tuple(names))


def _unnamed(records: list[Json], names: Mapping[str, None]) -> Exception:
    """That nothing names the users, with a mapping to copy."""
    likely = _likely(records)
    text = ",".join(f"{target}={path}" for target, path in likely.items())
    hint = f"Name the fields, as in --map email=PATH. The file has {field_mapping.shown(tuple(names))}."
    if (root := _root(records, likely)) is not None:
        hint = f"If {root} is the list of users: --source-option {shlex.quote(f'root={root}')}"
    elif any(target in field_mapping.NAMING for target in likely):
        hint = f"If this looks right: --map {shlex.quote(text)}" + (
            " --hash-format NAME" if "password" in likely else ""
        )
    return unreadable("No field looks like an id, email, phone or username.", hint)


def _root(records: list[Json], likely: Mapping[str, str]) -> str | None:
    """The list that seems to hold the users, where the file is one object around it: several fields are inside."""
    lists = [path.partition(".0.")[0] for path in likely.values() if ".0." in path]
    found = next((name for name in lists if lists.count(name) > 1), None)
    return found if len(records) == 1 else None


def _likely(records: list[Json]) -> dict[str, str]:
    """What a field probably is, target → path, by the ends of the paths; an email also by its text."""
    found: dict[str, str] = {}
    leaves = dict(leaf for record in reversed(records) for leaf in _leaves(record, "", DEPTH))
    for path, value in leaves.items():
        words = [word for word in path.split(".") if not word.isdecimal()]
        target = LIKELY.get("".join(filter(str.isalnum, words[-1] if words else "")).lower())
        if target is None and isinstance(value, str) and "@" in value and " " not in value:
            target = "email"
        if target is not None:
            found.setdefault(target, path)
    return found


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The values inside, of lists the first, each with its path."""
    for name, inner in _members(value):
        if isinstance(value, list) and name != "0":
            return
        here = f"{path}.{name}" if path else name
        if isinstance(inner, (dict, list)) and depth:
            yield from _leaves(inner, here, depth - 1)
        elif inner is not None:
            yield here, inner


def _spread(value: Any, inner: frozenset[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """The members of an object; those that a mapped path goes into are spread out by their own members."""
    for name, member in _members(value):
        here = f"{path}.{name}" if path else name
        if here in inner and isinstance(member, (dict, list)):
            yield from _spread(member, inner, here)
        else:
            yield here, member


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    return iter(value.items()) if isinstance(value, dict) else ((str(at), one) for at, one in enumerate(value))


def _beginnings(paths: Any) -> Iterator[str]:
    """The paths that lead to these."""
    for path in paths:
        words = path.split(".")
        yield from (".".join(words[:end]) for end in range(1, len(words)))


def _unwrapped_path(path: str) -> str:
    return ".".join(word for word in path.split(".") if word not in _WRAPPERS) or path


def _plain(row: SourceRow | Refused) -> SourceRow | Refused:
    if isinstance(row, Refused) or not ("$" in row.raw.text or "\\u0024" in row.raw.text):
        return row
    return row._replace(values=_unwrapped(row.values))


def _unwrapped(value: Any) -> Any:
    """A value without what MongoDB's extended JSON wraps it in; a binary is its base64."""
    if isinstance(value, list):
        return [_unwrapped(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, inner)] = value.items()
        if name in _NUMBERS and isinstance(inner, str) and inner.removeprefix("-").isdecimal() and len(inner) < 20:
            return int(inner)
        if name in _WRAPPERS:
            return _unwrapped(inner)
        if name == "$binary" and isinstance(inner, dict):
            return inner.get("base64")
    return {name: _unwrapped(inner) for name, inner in value.items()}
