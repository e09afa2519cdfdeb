"""The arguments of verbs, held to their annotations: whatever a program passes by mistake is Invalid, never a bug.

Annotations are read as they are written, without resolving them. What a text may say is checked by the verb itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from authctl.core.values import checks
from authctl.errors import Invalid

Is = Callable[[Any], bool]


def _is_aware(value: Any) -> bool:
    return isinstance(value, datetime) and value.utcoffset() is not None


_TEXT: tuple[Is, str] = (lambda value: isinstance(value, str), "text")
_OBJECT: tuple[Is, str] = (lambda value: isinstance(value, Mapping), "an object")

# What an annotation takes, and how that is said. Members of a StrEnum are text.
_TYPES: dict[str, tuple[Is, str]] = {
    "str": _TEXT,
    "int": (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number"),
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "None": (lambda value: value is None, "None"),
    "datetime": (_is_aware, "a time with its zone"),
    "timedelta": (lambda value: isinstance(value, timedelta), "a duration"),
    "Iterable[str]": (lambda value: isinstance(value, Iterable) and not isinstance(value, str | bytes), "a list"),
    "Json": _OBJECT,
    "Mapping[str, str]": _OBJECT,
    "Mapping[str, Any]": _OBJECT,
    "Any": (lambda value: True, "anything"),
    "Callable[[], None]": (callable, "a function"),
    "Progress": (callable, "a function"),
    **dict.fromkeys(("Channel", "Factor", "JwtAlgorithm", "Status", "TokenKind", "WeakHash"), _TEXT),
}


class Arguments:
    """What a function takes after its first argument, which the directory gives."""

    def __init__(self, function: Callable[..., Any]) -> None:
        code = function.__code__
        self._positional = code.co_varnames[1 : code.co_argcount]
        named = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        self._types = {name: _alternatives(function.__annotations__[name]) for name in named}

    def check(self, given: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        """Refuse values of the wrong type, as Invalid with the name. Their number is for Python to check."""
        for name, value in (*zip(self._positional, given, strict=False), *named.items()):
            types = self._types.get(name)
            if types is not None and not any(each not in _TYPES or _TYPES[each][0](value) for each in types):
                raise _wrong(name, types, value)


def _alternatives(annotation: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in annotation.split(" | ")))


def _wrong(name: str, types: tuple[str, ...], value: Any) -> Invalid:
    words = " or ".join(dict.fromkeys(_TYPES[each][1] for each in types))
    found = "a time without a zone" if isinstance(value, datetime) else checks.kind_of(value)
    found = "None" if value is None else found
    return Invalid("general_argument_invalid", f"The argument '{name}' must be {words}, not {found}.", field=name)
