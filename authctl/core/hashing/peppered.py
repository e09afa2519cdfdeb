"""A hash of password and pepper, a secret of the whole source: the stored string must be sealed.

Stored as `$authctl$peppered$POSITION$PEPPER$HASH`, where HASH is as it is stored without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from authctl.core.hashing import base, registry
from authctl.core.hashing.base import Malformed, Strength
from authctl.errors import Invalid

MARK = f"{base.OWN}peppered$"
POSITIONS = ("suffix", "prefix")


@dataclass(frozen=True, slots=True, repr=False)
class Peppered(base.StoredHash):
    holds_key: ClassVar = True

    inner: base.StoredHash
    pepper: str
    position: str

    def __post_init__(self) -> None:
        if isinstance(self.inner, Peppered) or self.inner.algorithm.startswith("wrapped-"):
            raise Malformed("Only unwrapped hashes without a pepper can get one.")
        if self.position not in POSITIONS or not 1 <= len(base.octets(self.pepper)) <= base.MAX_PEPPER_SIZE:
            raise Malformed("The pepper of this hash is damaged.")

    def __str__(self) -> str:
        return f"{MARK}{self.position}${base.encode64(base.octets(self.pepper))}${self.inner}"

    @property
    def algorithm(self) -> str:
        return f"peppered-{self.inner.algorithm}"

    @property
    def strength(self) -> Strength:
        return self.inner.strength

    @property
    def memory(self) -> int:
        return self.inner.memory

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.inner.warnings

    def compute(self, password: str) -> bytes:
        return self.inner.compute(self.pepper + password if self.position == "prefix" else password + self.pepper)

    def without_digest(self) -> Self:
        inner = self.inner.without_digest()
        return replace(self, inner=inner, expected=inner.expected)


def add(inner: base.StoredHash, options: base.Options) -> Peppered:
    """The hash with the pepper that the options have."""
    position = options.choice("pepper_position", POSITIONS, "suffix")
    return Peppered(inner.expected, inner, base.pepper(options), position)


def parse(stored: str) -> Peppered:
    position, _, rest = stored.removeprefix(MARK).partition("$")
    pepper, _, inner = rest.partition("$")
    found = registry.parse(inner)
    return Peppered(found.expected, found, base.decode64(pepper).decode("utf-8", "surrogateescape"), position)


def options_said(given: Mapping[str, str]) -> dict[str, str]:
    """The options with the pepper of its file; on the command line itself everybody on the machine could read it."""
    names = {base.plain(name): name for name in given}
    if "pepper" in names:
        raise _invalid("Others can read a pepper on the command line.", "Put it in a private file: pepper_file=FILE")
    options = dict(given)
    if "pepperfile" in names:
        options["pepper"] = _first_line(options.pop(names["pepperfile"]))
    return options


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            return file.readline(base.MAX_TEXT + 1).rstrip("\r\n")
    except OSError as error:
        raise _invalid(f"Cannot read the pepper's file: {error.strerror}.", None) from None


def _invalid(message: str, hint: str | None) -> Invalid:
    return Invalid("general_argument_invalid", message, field="hash_option", hint=hint)
