"""A hash of password and pepper, a secret of the whole source: the stored string must be sealed.

Stored as `$authctl$peppered$POSITION$PEPPER$HASH`, where HASH is as it is stored without one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from authctl.core.hashing import base, registry
from authctl.core.hashing.base import Malformed, Strength

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
            raise Malformed("A pepper goes to a hash that has none, and is not wrapped.")
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
