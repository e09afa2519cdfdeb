"""Password hashes: making them, checking them, and taking in those of other systems.

Every stored hash is one string that says by itself what it is. `accept` decides about an incoming one by its shape and
cost, never by trying it; `verify` checks a password; `needs_rehash` says whether a good sign-in should replace it; and
`wrap` puts a weak one inside argon2id. Families are one small file each, listed in `registry`.

A string that `holds_key` is true of carries a secret of the whole source (Firebase's signer key, an HMAC key): the
caller seals it as a whole before storing it, and unseals it before calling anything here.

`verify` answers a fast imported hash in microseconds: the caller evens out the time of a failure with `dummy`.

New passwords are hashed in NFC (NIST SP 800-63B-4 §3.1.1.2): some keyboards send é as one character, others as two. A
password in another form is also tried as typed, because hashes of other systems and older ones hold that. How many
forms are tried depends only on what was typed, so that the time tells nothing of the account.

Every command imports this file, so what it needs is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from authctl.core.hashing.parameters import SALT_SIZE as SALT_SIZE, TODAY as TODAY, Parameters as Parameters
from authctl.errors import did_you_mean

if TYPE_CHECKING:
    from authctl.core.hashing.base import HashError, Imported, StoredHash, Strength
    from authctl.core.hashing.registry import HashName

LONGEST = 1024  # characters; NFC makes one of up to four, and a password has 256 (UAX #15)
RESET = "Create the user without a password and send a recovery."
HINTS = {
    "password_hash_unnamed": "Name it with --hash, such as --hash md5 or --hash django.",
    "password_hash_unsupported": RESET,
    "password_hash_too_costly": RESET,
    "password_hash_empty": "Leave out the hash to create the user without a password.",
}


def hash_new(password: str, *, parameters: Parameters = TODAY, salt: bytes) -> str:
    """argon2id of a new password, as it is stored. salt: 16 random bytes. Slow on purpose."""
    from authctl.core.hashing import argon2, base

    with _in_memory():
        return str(argon2.new(base.octets(composed(password)), parameters, salt))


def composed(password: str) -> str:
    """A password in NFC, as new ones are hashed; as it is where it is longer than any password in another form."""
    if password.isascii() or len(password) > LONGEST:
        return password
    from unicodedata import normalize

    return normalize("NFC", password)


def verify(stored: str | StoredHash, password: str) -> bool:
    """Whether the password has this stored hash, in NFC or as typed. As slow for two forms as for two passwords.

    Raises HashError only when the stored hash is damaged, Unavailable (general_busy) when memory runs out, which is no
    wrong password.
    """
    return matching(stored, password) is not None


def matching(stored: str | StoredHash, password: str) -> str | None:
    """The form of a password that has this stored hash; None where neither has. Else as `verify`."""
    from authctl.core.hashing import argon2

    found = _parse(stored)
    forms = dict.fromkeys((composed(password), password))
    # Other systems hash what is typed; ours is most likely in NFC.
    ordered = forms if isinstance(found, argon2.Argon2) else reversed(forms)
    with _in_memory():
        return next((form for form in ordered if found.verify(form)), None)


def is_damaged(stored: str) -> bool:
    """Whether a stored hash says nothing that a password could be verified against."""
    return read(stored) is None


def read(stored: str) -> StoredHash | None:
    """A stored hash taken apart, for whoever asks several things of it; None where it is damaged."""
    from authctl.core.hashing import base

    try:
        return _parse(stored)
    except base.HashError:
        return None


def weight(stored: str | StoredHash, parameters: Parameters = TODAY) -> int:
    """How many times the memory of a new hash it takes to verify this one."""
    return max(1, _parse(stored).memory // (parameters.memory_cost << 10))


def accept(text: str, name: str | None = None, options: Mapping[str, str] | None = None) -> Imported:
    """Take in another system's hash, by the name of what made it, or by its own beginning where name is None.

    Raises Invalid: password_hash_invalid, password_hash_too_costly, password_hash_unsupported (known, needs a reset),
    password_hash_unnamed (the operator must say what it is), password_hash_empty (no password, or a locked one); the
    field is password_hash, hash or hash_option. No message holds the hash.
    """
    if name is None and not options and (plain := _accept_bcrypt()(text)) is not None:
        return plain
    from authctl.core.hashing import base, registry

    try:
        found = registry.accept(text, name, options or {})
    except base.HashError as error:
        from authctl import errors

        raise errors.Invalid(error.type, str(error), field=error.field, hint=_hint(error, name)) from None
    return base.Imported(str(found), found.algorithm, found.strength, found.warnings, found.holds_key)


@cache  # an import statement takes longer than what it is for
def _accept_bcrypt() -> Callable[[str], Imported | None]:
    from authctl.core.hashing import bcrypt

    return bcrypt.accept_plain


def options_said(given: Mapping[str, str]) -> dict[str, str]:
    """Hash options of a command line: a pepper is in the file that `pepper_file` names. Raises Invalid."""
    from authctl.core.hashing import peppered

    return peppered.options_said(given)


def not_plain(text: str, *, des: bool = False) -> str | None:
    """Why a text is no password in plain text: it looks like a hash or a lock. None where it may be one.

    des: whether DES crypt is likely where it comes from; many a password of 13 letters looks like it.
    """
    from authctl.core.hashing import recognition

    return recognition.not_plain(text, des=des)


def describe(stored: str) -> str:
    """The algorithm's name: argon2id, bcrypt, firebase-scrypt, wrapped-md5 …"""
    return _parse(stored).algorithm


def strength(stored: str) -> Strength:
    """strong, legacy or weak."""
    return _parse(stored).strength


def holds_key(stored: str) -> bool:
    """Whether the string must be sealed before it is stored."""
    return _parse(stored).holds_key


def needs_rehash(stored: str | StoredHash, parameters: Parameters = TODAY) -> bool:
    """Whether a good sign-in should replace it: anything but argon2id at exactly these parameters."""
    from authctl.core.hashing import argon2

    found = _parse(stored)
    return not (isinstance(found, argon2.Argon2) and found.is_today(parameters))


def wrap(stored: str, *, parameters: Parameters = TODAY, salt: bytes) -> str:
    """argon2id over a weak hash's digest; the digest itself is not in the answer. Slow on purpose.

    Raises HashError when the hash is not weak. salt: 16 random bytes.
    """
    from authctl.core.hashing import wrapped

    with _in_memory():
        return str(wrapped.wrap(_parse(stored), parameters, salt))


def wraps(stored: str, weak: str) -> bool:
    """Whether a stored hash is that weak one, wrapped. As slow as wrapping it."""
    from authctl.core.hashing import wrapped

    found = _parse(stored)
    return isinstance(found, wrapped.Wrapped) and found.wraps(_parse(weak))


def dummy(parameters: Parameters = TODAY) -> StoredHash:
    """A hash that costs what others cost and that no password has, to verify against when there is no user."""
    from authctl.core.hashing import argon2

    return argon2.empty(parameters, bytes(SALT_SIZE))


def names() -> tuple[HashName, ...]:
    """All that `--hash` takes, for help and completion: name, aliases, help, options."""
    from authctl.core.hashing import registry

    return registry.ENTRIES


@contextmanager
def _in_memory() -> Iterator[None]:
    """Hashing, for which there may be no memory."""
    try:
        yield
    except MemoryError:
        from authctl.errors import Unavailable

        raise Unavailable(
            "general_busy", "Not enough memory to hash a password.", hint="Try again in a moment."
        ) from None


def _parse(stored: str | StoredHash) -> StoredHash:
    if not isinstance(stored, str):
        return stored
    from authctl.core.hashing import registry

    return registry.parse(stored)


def _hint(error: HashError, name: str | None) -> str | None:
    from authctl.core.hashing import registry

    if not isinstance(error, registry.UnknownName):
        return HINTS.get(error.type)
    suggestion = did_you_mean(name or "", (word for _, word in registry.words().values()))
    return suggestion.strip() or f"Options: {', '.join(entry.name for entry in registry.ENTRIES)}."
