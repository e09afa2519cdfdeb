"""JSON objects, as values: preferences and metadata, from text or as dicts, and what merges into them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from authctl.core.values.checks import invalid, kind_of, shown, text
from authctl.errors import Invalid
from authctl.model import Json

MAX_JSON_BYTES = 65_535
MAX_JSON_DEPTH = 100  # far below where jq, Python and both databases need special settings

_JSON_HINT = """Write an object in single quotes: '{"theme": "dark"}'"""

# json.dumps would build one for every call.
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def prefs(value: str | Mapping[str, object], *, field: str = "prefs") -> Json:
    """A JSON object, from its text or as a dict: at most 65,535 bytes as compact UTF-8, nested at most 100 deep.

    Names given twice, NaN, infinities and numbers too large for a double are refused; integers keep every digit.
    A dict is copied, so that the caller's changes do not reach the record.
    """
    found = _parsed(value, field) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise invalid(field, f"must be a JSON object, not {kind_of(found)}", hint=_JSON_HINT)
    encoded = _encoded(found, field)
    copy: Json = found if isinstance(value, str) else json.loads(encoded)
    return copy


def _encoded(found: Json, field: str) -> str:
    """A checked object as the compact text that is stored."""
    _check_json(found, field)
    try:
        encoded = _COMPACT.encode(found)
    except ValueError:
        raise _long_number(field) from None
    if len(encoded.encode()) > MAX_JSON_BYTES:
        raise _too_large(field)
    return encoded


_FEW = 16  # members
_TEXT = frozenset((str,))
_FLAT = _TEXT | {int, bool, type(None)}
_quoted = json.encoder.encode_basestring


def json_text(value: Json, *, field: str) -> str:
    """A JSON object by the rules of prefs, as the compact text that is stored. A plain one is not walked."""
    if isinstance(value, dict) and len(value) <= _FEW and _TEXT.issuperset(map(type, value)):
        encoded = _flat_text(value, field)
        if encoded is not None and encoded.isascii() and "\\u0000" not in encoded and len(encoded) <= MAX_JSON_BYTES:
            return encoded
    return _encoded(value, field) if isinstance(value, dict) else _COMPACT.encode(prefs(value, field=field))


def _flat_text(value: Json, field: str) -> str | None:
    """The text of an object with nothing in its members; None of another."""
    kinds = set(map(type, value.values()))
    if kinds <= _TEXT:  # the encoder takes longer to begin
        return "{" + ",".join([f"{_quoted(name)}:{_quoted(text)}" for name, text in value.items()]) + "}"
    try:
        return _COMPACT.encode(value) if kinds <= _FLAT else None
    except ValueError:
        raise _long_number(field) from None


def metadata(value: str | Mapping[str, object], *, field: str = "metadata") -> Json:
    """A JSON object by the rules of prefs."""
    return prefs(value, field=field)


def merge(old: Json, patch: Json) -> Json:
    """`old` with `patch` merged in: objects at any depth, null removes a key (JSON Merge Patch, RFC 7396).

    Both must have passed `prefs`, which bounds how deep they are; the result may be too large, so it must pass it too.
    """
    merged = dict(old)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            before = merged.get(key)
            merged[key] = merge(before if isinstance(before, dict) else {}, value)
        else:
            merged[key] = value
    return merged


class RepeatedName(ValueError):
    """A JSON object has a name twice, so that two readers of it may differ."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def unique(pairs: list[tuple[str, Any]]) -> Json:
    """An object's pairs as a dict, for `json.loads(…, object_pairs_hook=unique)`. Raises RepeatedName."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedName(next(name for name in names if names.count(name) > 1))
    return found


def _parsed(value: str, field: str) -> Any:
    """JSON text as Python has it, without what only Python's reader takes."""

    def refuse_constant(constant: str) -> None:
        raise invalid(field, f"contains {constant}, which JSON does not have; use a number or null")

    try:
        return json.loads(text(value, field), parse_constant=refuse_constant, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        where = f"at line {error.lineno}, column {error.colno}"
        raise invalid(field, f"not JSON: {error.msg} {where}", hint=_JSON_HINT) from None
    except RecursionError:
        raise _too_deep(field) from None
    except RepeatedName as twice:
        raise invalid(field, f"contains {shown(twice.name)} twice; remove one") from None
    except ValueError:
        raise _long_number(field) from None


def _check_json(found: Json, field: str) -> None:
    """Every key and value at any depth, without recursion, so that no depth ends in a RecursionError."""
    waiting: list[tuple[Any, int]] = [(found, 1)]
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if seen > MAX_JSON_BYTES:  # each takes a byte at least; this ends values that hold themselves many times
            raise _too_large(field)
        if isinstance(item, str):
            text(item, field)
        elif isinstance(item, (dict, list, tuple)):
            if depth > MAX_JSON_DEPTH:
                raise _too_deep(field)
            if isinstance(item, dict):
                for key in item:
                    if not isinstance(key, str):
                        raise invalid(field, f"has {kind_of(key)} for a key; use text")
                    text(key, field)
                waiting.extend((value, depth + 1) for value in item.values())
            else:
                waiting.extend((value, depth + 1) for value in item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise invalid(field, "contains a number that is infinite, not a number, or too large; use a smaller one")
        elif item is not None and not isinstance(item, (bool, int, float)):
            raise invalid(field, f"contains {kind_of(item)}, which JSON does not have; use text")


def _too_deep(field: str) -> Invalid:
    return invalid(field, f"nested more than {MAX_JSON_DEPTH} levels deep; flatten it")


def _too_large(field: str) -> Invalid:
    return invalid(field, f"more than {MAX_JSON_BYTES:,} bytes as JSON; shorten it")


def _long_number(field: str) -> Invalid:
    return invalid(field, "contains an integer of thousands of digits; write it as text")
