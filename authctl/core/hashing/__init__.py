"""Password hashes: making them, checking them, and taking in those of other systems.

Every stored hash is one string that says by itself what it is. `accept` decides about an incoming one by its shape and
cost, never by trying it; `verify` checks a password; `needs_rehash` says whether a good sign-in should replace it; and
`wrap` puts a weak one inside argon2id. Families are one small file each, listed in `registry`.

A string that `accept` says `holds_key` of carries a secret of the whole source (Firebase's signer key, an HMAC key):
the caller seals the string as a whole before it stores it, and unseals it before it calls anything here.

`verify` answers a fast imported hash in microseconds: the caller evens out the time of a failure with `dummy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from authctl import errors
from authctl.core.hashing import argon2, registry, shapes
from authctl.core.hashing.argon2 import SALT_SIZE, TODAY, Parameters
from authctl.core.hashing.shapes import HashError, Option, Strength

__all__ = [
    "SALT_SIZE",
    "TODAY",
    "HashError",
    "Imported",
    "Name",
    "Option",
    "Parameters",
    "Strength",
    "accept",
    "describe",
    "dummy",
    "hash_new",
    "holds_key",
    "names",
    "needs_rehash",
    "strength",
    "verify",
    "wrap",
]

HINTS = {
    "password_hash_unnamed": "Name it with --hash, for example --hash md5 or --hash django.",
    "password_hash_unsupported": "Create the user without a password, and send a recovery.",
    "password_hash_too_costly": "Create the user without a password, and send a recovery.",
    "password_hash_empty": "Leave the hash out to create the user without a password.",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """An incoming hash that was accepted. holds_key: whether `stored` must be sealed before it is stored."""

    stored: str = field(repr=False)
    algorithm: str
    strength: Strength
    warnings: tuple[str, ...] = ()
    holds_key: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A name that `--hash` takes, for help and completion."""

    name: str
    aliases: tuple[str, ...]
    help: str
    options: tuple[Option, ...]


def hash_new(password: str, *, parameters: Parameters = TODAY, salt: bytes) -> str:
    """argon2id of a new password, as it is stored. salt: 16 random bytes. Slow on purpose."""
    return str(argon2.new(shapes.octets(password), parameters, salt))


def verify(stored: str, password: str) -> bool:
    """Whether the password has this stored hash. Raises HashError only when the stored hash is damaged."""
    found = registry.parse(stored)
    try:
        size = len(shapes.octets(password))
    except UnicodeEncodeError:  # a lone surrogate: no password has one
        return False
    return size <= shapes.MAX_PASSWORD_SIZE and found.matches(password)


def accept(text: str, name: str | None = None, options: Mapping[str, str] | None = None) -> Imported:
    """Take in another system's hash, by the name of what made it, or by its own beginning where name is None.

    Raises Invalid: password_hash_invalid, password_hash_too_costly, password_hash_unsupported (known, needs a reset),
    password_hash_unnamed (the operator must say what it is), password_hash_empty (no password, or a locked one); the
    field is password_hash, hash or hash_option. No message holds the hash.
    """
    try:
        found = registry.accept(text, name, options or {})
    except HashError as error:
        raise errors.Invalid(error.type, str(error), field=error.field, hint=_hint(error, name)) from None
    return Imported(str(found), found.algorithm, found.strength, found.warnings, found.holds_key)


def describe(stored: str) -> str:
    """The algorithm's name: argon2id, bcrypt, firebase-scrypt, wrapped-md5 …"""
    return registry.parse(stored).algorithm


def strength(stored: str) -> Strength:
    return registry.parse(stored).strength


def holds_key(stored: str) -> bool:
    return registry.parse(stored).holds_key


def needs_rehash(stored: str, parameters: Parameters = TODAY) -> bool:
    """Whether a good sign-in should replace it: anything but argon2id at exactly these parameters."""
    found = registry.parse(stored)
    return not (isinstance(found, argon2.Argon2) and found.is_today(parameters))


def wrap(stored: str, *, parameters: Parameters = TODAY, salt: bytes) -> str:
    """argon2id over a weak hash's digest; the digest itself is not in the answer. Slow on purpose.

    Raises HashError when the hash is not weak. salt: 16 random bytes.
    """
    from authctl.core.hashing import wrapped

    return str(wrapped.wrap(registry.parse(stored), parameters, salt))


def dummy(parameters: Parameters = TODAY) -> str:
    """A stored hash that costs what others cost and that no password has, to verify against when there is no user."""
    return str(argon2.empty(parameters, bytes(SALT_SIZE)))


def names() -> tuple[Name, ...]:
    """All that `--hash` takes."""
    return tuple(
        Name(entry.name, entry.aliases, entry.help, registry.options_of(entry)) for entry in registry.ENTRIES
    )


def _hint(error: HashError, name: str | None) -> str | None:
    if isinstance(error, registry.UnknownName):
        return _nearest(name or "")
    return HINTS.get(error.type)


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    words = [word for entry in registry.ENTRIES for word in (entry.name, *entry.aliases)]
    near = get_close_matches(name[:32].lower(), words, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"It takes: {', '.join(entry.name for entry in registry.ENTRIES)}."
