"""Text that can be stored, and how it is said what is wrong with a value: the other values stand on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from authctl.errors import Invalid, Problem

Given = TypeVar("Given")
Result = TypeVar("Result")
Options = ParamSpec("Options")


class Collector:
    """Collects what is wrong, so that one run names every wrong field.

    check = Collector()
    email = check(contacts.email, email)
    name = check(identifiers.name, name)
    check.done()
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.hint: str | None = None

    def __call__(
        self,
        rule: Callable[Concatenate[Given, Options], Result],
        value: Given | None,
        *args: Options.args,
        **options: Options.kwargs,
    ) -> Result | None:
        """The value by that rule; None for None, and for a value that is wrong."""
        if value is None:
            return None
        try:
            return rule(value, *args, **options)
        except Invalid as error:
            self.problems.extend(error.problems)
            self.hint = self.hint or error.hint
            return None

    def done(self) -> None:
        """Raise all that was found as one Invalid; return if nothing was."""
        if self.problems:
            raise Invalid.of(self.problems, hint=self.hint)


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def text(value: str, field: str) -> str:
    """Valid Unicode without U+0000 and lone surrogates, which Postgres would refuse."""
    if not isinstance(value, str):
        raise invalid(field, f"must be text, not {kind_of(value)}")
    if value.isascii() and "\0" not in value:
        return value
    found = _UNSTORABLE.search(value)
    if found is None:
        return value
    where = f"at character {found.start() + 1}"
    if found[0] == "\0":
        raise invalid(field, f"contains U+0000 {where}; remove it")
    raise invalid(
        field,
        f"not valid Unicode: U+{ord(found[0]):04X} {where}; use UTF-8",
        hint="Check the encoding of the terminal (locale) or file.",
    )


def shown(value: str, limit: int = 48) -> str:
    """A value as messages quote it: in quotes, control and bidi characters escaped, a long one shortened."""
    return repr(value if len(value) <= limit else value[: limit - 1] + "…")


def searched(name: str) -> str:
    """What a search for a name that was not found looks for, as a shell reads it: of an email, what is before the @."""
    from shlex import quote

    word = name.removeprefix("id:").partition("@")[0]
    return quote(word) if word.isprintable() and 0 < len(word) <= 48 else "TEXT"


def invalid(
    field: str,
    message: str,
    *,
    value: str | None = None,
    type: str = "general_argument_invalid",
    hint: str | None = None,
) -> Invalid:
    """That a field is wrong. value: what was given, where it helps to see it and is no secret."""
    given = "" if value is None else f" {shown(value)}"
    return Invalid(type, f"Invalid {field}{given}: {message}", field=field, hint=hint)


def kind_of(value: object) -> str:
    """What a value is, in JSON's words where it has one."""
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "text"}
    names |= {list: "a list", tuple: "a list", dict: "an object"}
    return names.get(type(value), f"a value of type {type(value).__name__}")
