"""The arguments of verbs, held to their annotations: whatever a program passes by mistake is Invalid, never a bug.

Annotations are read as they are written, without resolving them. What a text may say is checked by the verb itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from authctl.core.values import checks
from authctl.errors import Invalid
from authctl.model import JwtAlgorithm, WeakHash

Read = Callable[[Any], Any]  # the value as a verb takes it; _Wrong where it is of another type

BITS = 64  # of a number, with its sign: Python prints a few thousand digits, and databases store no more than this


class _Wrong(Exception):
    """Says what was given instead, without the value, which may be a secret."""


class Arguments:
    """What a function takes after its first argument, which the directory gives."""

    def __init__(self, function: Callable[..., Any]) -> None:
        code = function.__code__
        self._positional = code.co_varnames[1 : code.co_argcount]
        named = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        self._types = {name: _types(function.__annotations__[name]) for name in named}

    def read(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments as the function takes them; Invalid names one that is of a wrong type.

        Those that the function does not have are passed on: it is for Python to refuse them.
        """
        positional = [self._read(name, value) for name, value in zip(self._positional, given, strict=False)]
        positional += given[len(positional) :]
        return positional, {name: self._read(name, value) for name, value in named.items()}

    def _read(self, name: str, value: Any) -> Any:
        types = self._types.get(name, (_TYPES["object"],))
        found = ""
        for read, _ in types:
            try:
                return read(value)
            except _Wrong as wrong:
                found = found or str(wrong)
        words = " or ".join(words for _, words in types)
        message = f"The argument '{name}' must be {words}, not {found or _kind(value)}."
        raise Invalid("general_argument_invalid", message, field=name)


def _kind(value: Any) -> str:
    return "None" if value is None else checks.kind_of(value)


# What annotations take


def _instance(of: type) -> Read:
    def read(value: Any) -> Any:
        if isinstance(value, of):
            return value
        raise _Wrong

    return read


def _anything(value: Any) -> Any:
    return value


def _whole_number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong
    if value.bit_length() >= BITS:
        raise _Wrong(f"a number over {BITS} bits")
    return value


def _time(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise _Wrong
    if value.utcoffset() is None:
        raise _Wrong("a time without a zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise _Wrong("a time before the year 1 or after 9999 in UTC") from None


def _list(value: Any) -> list[str]:
    """A list that can be read more than once, as a generator cannot."""
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise _Wrong
    return [_within(item, "a list") for item in value]


def _object(item: Read) -> Read:
    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _Wrong
        return {_within(name, "an object"): item(each) for name, each in value.items()}

    return read


def _within(value: Any, container: str) -> str:
    if isinstance(value, str):
        return value
    raise _Wrong(f"{container} with {_kind(value)} in it")


def _function(value: Any) -> Any:
    if callable(value):
        return value
    raise _Wrong


def _word(words: type[StrEnum]) -> tuple[Read, str]:
    def read(value: Any) -> StrEnum:
        if value in tuple(words):
            return words(value)
        raise _Wrong("another text" if isinstance(value, str) else "")

    return read, " or ".join(words)


_TEXT = (_instance(str), "text")
_WORDS = {"JwtAlgorithm": _word(JwtAlgorithm), "WeakHash": _word(WeakHash)}  # or the same as text

# What reads an annotation's values, and how those are called.
_TYPES: dict[str, tuple[Read, str]] = {
    "str": _TEXT,
    "int": (_whole_number, "a whole number"),
    "bool": (_instance(bool), "True or False"),
    "None": (_instance(type(None)), "None"),
    "datetime": (_time, "a time with its zone"),
    "timedelta": (_instance(timedelta), "a duration"),
    "Iterable[str]": (_list, "a list of text"),
    "Mapping[str, str]": (_object(lambda value: _within(value, "an object")), "an object of text"),
    "Mapping[str, object]": (_object(_anything), "an object"),
    "object": (_anything, "anything"),
    "Callable[[], object]": (_function, "a function"),
    "Progress": (_function, "a function"),
    **_WORDS,
    **dict.fromkeys(("Channel", "Factor", "Side", "Status", "TokenKind"), _TEXT),  # their verbs read what people type
}


def _types(annotation: str) -> tuple[tuple[Read, str], ...]:
    parts = annotation.split(" | ")
    if not _WORDS.keys().isdisjoint(parts):
        parts = [part for part in parts if part != "str"]
    # What verbs of imports and exports take besides is read by them.
    return tuple(dict.fromkeys(_TYPES.get(part, _TYPES["object"]) for part in parts))
