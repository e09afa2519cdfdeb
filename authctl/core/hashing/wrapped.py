"""A weak hash inside argon2id: argon2id over the digest that the old recipe makes, without that digest.

Stored as `$authctl$wrapped-NAME:ARGON2ID:RECIPE`, where RECIPE is the old stored string with its digest blanked out.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from authctl.core.hashing import argon2, base, registry
from authctl.core.hashing.base import Malformed, Strength
from authctl.core.hashing.parameters import Parameters

MARK = f"{base.OWN}wrapped-"


@dataclass(frozen=True, slots=True, repr=False)
class Wrapped(base.StoredHash):
    """expected: argon2id's tag."""

    outer: argon2.Argon2
    recipe: base.StoredHash

    def __post_init__(self) -> None:
        check_weak(self.recipe)

    def __str__(self) -> str:
        return f"{MARK}{self.recipe.algorithm}:{self.outer}:{self.recipe}"

    @property
    def algorithm(self) -> str:
        return f"wrapped-{self.recipe.algorithm}"

    @property
    def strength(self) -> Strength:
        return self.outer.strength

    @property
    def memory(self) -> int:
        return self.outer.memory

    @property
    def holds_key(self) -> bool:
        return self.recipe.holds_key

    def compute(self, password: str) -> bytes:
        return self.outer.compute_from(self.recipe.compute(password))

    def wraps(self, weak: base.StoredHash) -> bool:
        """Whether that is the weak hash inside."""
        if self.recipe != weak.without_digest():
            return False
        return hmac.compare_digest(self.outer.compute_from(weak.expected), self.expected)


def check_weak(found: base.StoredHash) -> None:
    if found.strength is not Strength.WEAK:
        raise Malformed("Only weak hashes can be wrapped in argon2id.")


def wrap(weak: base.StoredHash, parameters: Parameters, salt: bytes) -> Wrapped:
    """Slow on purpose."""
    check_weak(weak)
    outer = argon2.new(weak.expected, parameters, salt)
    return Wrapped(outer.expected, outer, weak.without_digest())


def parse(stored: str) -> Wrapped:
    name, _, rest = stored.removeprefix(MARK).partition(":")
    phc, _, recipe = rest.partition(":")
    outer = argon2.parse(phc)
    if recipe.startswith(MARK):
        raise Malformed("The hash is already wrapped.")
    found = Wrapped(outer.expected, outer, registry.parse(recipe))
    if found.recipe.algorithm != name or outer.kind != "id" or found.recipe != found.recipe.without_digest():
        raise Malformed("This stored wrapped hash is damaged.")
    return found
