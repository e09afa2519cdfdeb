"""What a list may be asked: `--filter 'FIELD OP VALUE'`, `--sort`, pages; text in, a Listing out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import isinf
from typing import Any

from authctl.core.values import checks, identifiers, times
from authctl.errors import Invalid, NotFound, did_you_mean
from authctl.model import Filter, Listing

MAX_SEARCH = 256  # characters; facts/appwrite.md §0.2


class FieldType(StrEnum):
    """What a field holds, and so which operators it takes."""

    TEXT = "text"
    TIME = "time"
    FLAG = "true or false"
    STATUS = "active or blocked"
    CHOICE = "one of several words"
    NUMBER = "a whole number"
    MEMBERS = "a list"
    JSON = "an object, filtered by its keys"


_OPERATORS = {
    FieldType.TEXT: ("=", "!=", "<", "<=", ">", ">=", "~"),
    FieldType.TIME: ("=", "!=", "<", "<=", ">", ">="),
    FieldType.FLAG: ("=", "!="),
    FieldType.STATUS: ("=", "!="),
    FieldType.CHOICE: ("=", "!="),
    FieldType.NUMBER: ("=", "!=", "<", "<=", ">", ">="),
    FieldType.MEMBERS: ("~",),
    FieldType.JSON: ("=", "!=", "<", "<=", ">", ">=", "~"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field that lists are filtered and sorted by."""

    kind: FieldType
    nullable: bool = True
    normalize: Callable[[str], str | None] | None = None  # what stored values went through
    choices: tuple[str, ...] = ()  # of FieldType.CHOICE


def parse(
    fields: Mapping[str, Field],
    now: datetime,
    *,
    search: str | None = None,
    filters: Iterable[str] = (),
    sort: str = "-created_at",
    limit: int | None = 25,
    after: str | None = None,
    before: str | None = None,
) -> Listing:
    """A list as it was asked for; Invalid names everything that is wrong with it."""
    check = checks.Collector()
    found = [check(_filter, text, fields, now) for text in filters]
    keys = [key for each in sort.split(",") if (key := check(_sort_key, each.strip(), fields)) is not None]
    search = check(_search, search) or None
    check(identifiers.limit, limit)
    check(checks.text, after, "after")
    check(checks.text, before, "before")
    if after is not None and before is not None:
        check(_not_both, "before")
    check.done()
    return Listing(
        now=now,
        search=search,
        filters=tuple(filter for filter in found if filter is not None),
        sort=keys[0][0],
        descending=keys[0][1],
        limit=limit,
        after=after,
        before=before,
        further=tuple(keys[1:]),
    )


def position(asked: Listing, type: str, what: str, find: Callable[[str, str], Any]) -> Any:
    """Where a page goes on: the place of the id that it follows or precedes; None for the first page.

    find: the place of an id, which the option of that name has brought; None where nothing like it is listed. Raises
    NotFound of that type.
    """
    option, id = ("after", asked.after) if asked.after is not None else ("before", asked.before)
    if id is None:
        return None
    found = find(id, option)
    if found is None:
        raise NotFound(type, f"There is no {what} {checks.shown(id)} to continue from.", field=option)
    return found


def _search(text: str) -> str:
    if len(checks.text(text, "search")) <= MAX_SEARCH:
        return text
    raise Invalid(
        "general_argument_invalid", f"Invalid search: {len(text)} characters; use at most {MAX_SEARCH}.", field="search"
    )


# A field; of an object also the keys to a value, those with other characters in double quotes: metadata."first name".
# What JSON writes as an escape is in none: SQLite looks for keys as they are written.
_KEY = r"""[^\s.=!<>~'"\\\x00-\x1f]+|"[^"\\\x00-\x1f]+\""""
_FILTER = re.compile(rf"\s*([A-Za-z_]+)((?:\.(?:{_KEY}))*)\s*(!=|<=|>=|==?|<|>|~)\s*(.*?)\s*", re.DOTALL)


def _filter(text: str, fields: Mapping[str, Field], now: datetime) -> Filter:
    parsed = _FILTER.fullmatch(checks.text(text, "filter"))
    if parsed is None:
        raise Invalid(
            "general_argument_invalid",
            f"Invalid filter {checks.shown(text)}: use FIELD OP VALUE.",
            field="filter",
            hint="For example: --filter 'status = blocked' or --filter 'created_at >= 2026-01-01'",
        )
    name, keys, operator, value = parsed.groups()
    operator = operator.replace("==", "=")
    if name in fields and fields[name].kind is FieldType.JSON:
        path = tuple(key.strip('"') for key in re.findall(_KEY, keys))
        return _json_filter(name, path, operator, value)
    name += keys
    field = fields.get(name)
    if field is None:
        raise _unknown(name, fields, "filter")
    if operator not in _OPERATORS[field.kind]:
        raise Invalid(
            "general_argument_invalid",
            f"Invalid filter on {name}: use {' '.join(_OPERATORS[field.kind])}, not {operator}.",
            field="filter",
        )
    try:
        return Filter(name, operator, _value(name, field, operator, _unquoted(value), now))
    except Invalid as error:
        raise Invalid.of([replace(problem, field="filter") for problem in error.problems], hint=error.hint) from None


def _json_filter(name: str, path: tuple[str, ...], operator: str, text: str) -> Filter:
    """A condition on a value in an object. In quotes it is a text, whatever it looks like."""
    label = f"filter on {'.'.join((name, *path))}"
    if not path:
        message = f"Invalid {label}: add a key, as in {name}.plan."
        raise Invalid("general_argument_invalid", message, field="filter")
    value = _unquoted(text)
    if value == text and operator != "~":
        return Filter(name, operator, _json_value(text, operator, label), path)
    if operator == "~" and not value:
        raise Invalid("general_argument_invalid", f"Invalid {label}: add a value after ~.", field="filter")
    return Filter(name, operator, value, path)


_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
_WORDS: dict[str, Any] = {"": None, "null": None, "true": True, "false": False}


def _json_value(text: str, operator: str, label: str) -> Any:
    """What a word without quotes is: null, true or false, a number, or a text."""
    if text in _WORDS:
        if operator not in ("=", "!="):
            message = f"Invalid {label}: use = or !=, not {operator}, or put the text in quotes."
            raise Invalid("general_argument_invalid", message, field="filter")
        return _WORDS[text]
    if _NUMBER.fullmatch(text) is None:
        return text
    number = float(text)
    if isinf(number):
        raise Invalid("general_argument_invalid", f"Invalid {label}: the number is too large.", field="filter")
    return number


def _unquoted(value: str) -> str:
    """The value without the quotes that keep its spaces."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


def _value(name: str, field: Field, operator: str, value: str, now: datetime) -> Any:
    label = f"filter on {name}"
    if value == "" and field.kind is not FieldType.FLAG:
        if field.nullable and operator in ("=", "!="):
            return None
        if field.kind is not FieldType.TEXT or operator == "~":
            raise Invalid("general_argument_invalid", f"Invalid {label}: add a value after {operator}.", field="filter")
    match field.kind:
        case FieldType.FLAG:
            return identifiers.boolean(value, field=label)
        case FieldType.STATUS:
            return str(identifiers.status(value, field=label))
        case FieldType.TIME:
            # As --since and --until take them: `2h` is two hours ago, and two hours ahead where a time is an end.
            return times.moment(value, now, bare="ahead" if name.endswith("_until") else "ago", field=label)
        case FieldType.CHOICE:
            return _choice(value, field.choices, label)
        case FieldType.NUMBER:
            return _number(value, label)
    if field.normalize is not None and operator != "~":
        return field.normalize(value) or value
    return value


def _choice(value: str, choices: tuple[str, ...], label: str) -> str:
    if value.lower() in choices:
        return value.lower()
    message = f"Invalid {label}: {checks.shown(value)}; use {' or '.join(choices)}."
    raise Invalid("general_argument_invalid", message, field="filter")


def _number(value: str, label: str) -> int:
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    message = f"Invalid {label}: {checks.shown(value)}; use a whole number."
    raise Invalid("general_argument_invalid", message, field="filter")


def _sort_key(sort: str, fields: Mapping[str, Field]) -> tuple[str, bool]:
    """A field to sort by, and whether descending."""
    name = sort.removeprefix("-")
    unsortable = {FieldType.MEMBERS: "a list", FieldType.JSON: "an object"}
    held = name if name in fields else name.partition(".")[0]
    if held in fields and (kind := unsortable.get(fields[held].kind)):
        inside = "" if held == name else "inside "
        message = f"Cannot sort by {checks.shown(name)}, which is {inside}{kind}."
        raise Invalid("general_argument_invalid", message, field="sort")
    if name not in fields:
        sortable = [each for each, field in fields.items() if field.kind not in unsortable]
        raise _unknown(name, sortable, "sort", to=" to sort by")
    return name, sort.startswith("-")


def _not_both(field: str) -> None:
    raise Invalid("general_argument_invalid", "Use only one of after and before.", field=field)


def _unknown(name: str, fields: Iterable[str], option: str, *, to: str = "") -> Invalid:
    return Invalid(
        "general_argument_invalid",
        f"Unknown field {checks.shown(name)}{to}.{did_you_mean(name, fields)}",
        field=option,
        hint=f"Fields: {', '.join(fields)}.",
    )
