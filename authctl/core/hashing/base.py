"""What every family of hashes is made of: the errors, the shared base, options, and the encodings.

    HashError                  what is wrong with a text, for `accept` to turn into an error with a field
    ├── Malformed              not the shape that its own beginning, or the name given, promises
    ├── TooCostly              well formed, but checking a password against it would take too long
    ├── Unsupported            known, and cannot be checked here: the password needs a reset
    ├── Unnamed                does not say what made it
    ├── NoPassword             empty, locked, or made to match nothing
    └── WrongOption            a `--hash-option` is missing, unknown or malformed

None of their messages holds any part of the text.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import string
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar, Protocol, Self

MAX_TEXT = 1024  # characters; every hash of real systems is shorter, and expressions must not run on megabytes
MAX_PASSWORD_SIZE = 1024  # bytes; sha-crypt grows with the square of the length: 100 kB took 46 s
MAX_SALT_SIZE = 256  # bytes
MAX_PEPPER_SIZE = 256  # bytes
OWN = "$authctl$"  # the beginning of what is stored where no common form says everything


class HashError(ValueError):
    """What is wrong with a hash; `type` and `field` are those of the error that `accept` raises."""

    type = "password_hash_invalid"
    field = "password_hash"


class Malformed(HashError):
    pass


class TooCostly(HashError):
    type = "password_hash_too_costly"


class Unsupported(HashError):
    type = "password_hash_unsupported"


class Unnamed(HashError):
    type = "password_hash_unnamed"


class NoPassword(HashError):
    type = "password_hash_empty"


class WrongOption(HashError):
    field = "hash_option"


class Strength(StrEnum):
    """strong: OWASP's parameters or above; legacy: slow, but below them; weak: unsalted, or fast on a graphics card."""

    STRONG = "strong"
    LEGACY = "legacy"
    WEAK = "weak"


STRENGTHS = {
    Strength.STRONG: "as slow to guess as OWASP asks today: argon2id, bcrypt of cost 10 and more, scrypt and "
    "PBKDF2 with enough rounds",
    Strength.LEGACY: "slow to guess, but below that: Firebase's scrypt, sha-crypt, Drupal's, bcrypt below cost 10, "
    "PBKDF2 with fewer rounds",
    Strength.WEAK: "fast to guess: MD5, SHA-1, SHA-2, SHA-3 and HMAC, salted or not, phpass, md5-crypt and apr1",
}


@dataclass(frozen=True, slots=True, repr=False)
class StoredHash(ABC):
    """One stored hash, taken apart; making one checks its shape and its cost. `str()` is what is stored."""

    blank: ClassVar = b"\0"  # what takes the place of each byte of a digest that is taken away

    expected: bytes

    @property
    @abstractmethod
    def algorithm(self) -> str:
        """Its name, as `describe` tells it."""

    @property
    def strength(self) -> Strength:
        return Strength.LEGACY

    @property
    def holds_key(self) -> bool:
        """Whether the stored string carries a secret that serves more than this one account."""
        return False

    @property
    def memory(self) -> int:
        """Bytes that it takes to verify it; 0 where that is next to nothing."""
        return 0

    @property
    def is_heavy(self) -> bool:
        """Whether verifying it takes half a second or more, or very much memory."""
        return False

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.is_heavy:
            return (f"{self.algorithm} of this cost takes a second or more, or much memory, at the first sign-in.",)
        return fast(self.algorithm) if self.strength is Strength.WEAK else ()

    @abstractmethod
    def compute(self, password: str) -> bytes:
        """What `expected` would be for this password."""

    def verify(self, password: str) -> bool:
        """Whether it is this password's; false for what no password can be."""
        try:
            size = len(octets(password))
        except UnicodeEncodeError:  # a lone surrogate
            return False
        return size <= MAX_PASSWORD_SIZE and hmac.compare_digest(self.compute(password), self.expected)

    def without_digest(self) -> Self:
        """The same recipe with nothing left to compare with, and nothing to crack."""
        return replace(self, expected=self.blank * len(self.expected))


def fast(algorithm: str) -> tuple[str, ...]:
    return (f"{algorithm} is easy to guess. Wrap it in argon2id, or let the next sign-in replace it.",)


class Family(Protocol):
    """What a file in this package offers to the registry."""

    def accept(self, text: str, name: str | None, options: Options) -> StoredHash: ...


class StoredFamily(Protocol):
    """A family that is stored in its own form, not translated into another's."""

    def parse(self, stored: str) -> StoredHash: ...


@dataclass(frozen=True, slots=True)
class Imported:
    """An incoming hash that was accepted. holds_key: whether `stored` must be sealed before it is stored."""

    stored: str = field(repr=False)
    algorithm: str
    strength: Strength
    warnings: tuple[str, ...] = ()
    holds_key: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One `--hash-option`. Case, `-` and `_` in its names do not matter."""

    name: str
    help: str
    aliases: tuple[str, ...] = ()


class Options:
    """The options given with a hash; remembers which were used, so that none is ignored silently."""

    def __init__(self, given: Mapping[str, str], declared: Sequence[Option] = ()) -> None:
        self._values: dict[str, str] = {}
        self._used: set[str] = set()
        if not given:
            return
        known = {plain(word): option.name for option in declared for word in (option.name, *option.aliases)}
        for key, value in given.items():
            name = known.get(plain(key))
            if name is None:
                allowed = ", ".join(option.name for option in declared) or "none"
                raise WrongOption(f"Unknown hash option. This hash allows: {allowed}.")
            if name in self._values:
                raise WrongOption(f"The hash option {name} is given twice.")
            if len(value) > MAX_TEXT:
                raise WrongOption(f"The hash option {name} is longer than {MAX_TEXT} characters.")
            self._values[name] = value

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        self._used.add(name)
        if name not in self._values:
            raise WrongOption(f"This hash needs the option {name}.")
        return self._values[name]

    def whole(self, name: str, default: int | None = None) -> int:
        if default is not None and name not in self:
            return default
        try:
            return number(self.text(name), name)
        except Malformed as error:
            raise WrongOption(f"The hash option {name} must be a whole number.") from error

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        if default is not None and name not in self:
            return default
        value = plain(self.text(name))
        for choice in choices:
            if plain(choice) == value:
                return choice
        raise WrongOption(f"The hash option {name} must be one of: {', '.join(choices)}.")

    def decoded(self, name: str, encoding: str) -> bytes:
        """The bytes that an option stands for; encoding: utf8, hex or base64."""
        try:
            return decode(self.text(name), encoding)
        except Malformed as error:
            raise WrongOption(f"The hash option {name} is not {encoding}.") from error

    def check_all_used(self) -> None:
        for name in self._values:
            if name not in self._used:
                raise WrongOption(f"This hash contains the option {name} itself. Leave it out.")


ENCODINGS = ("hex", "base64")
SALT_ENCODINGS = ("utf8", "hex", "base64")
ENCODING = Option("encoding", "encoding of the hash: hex (default) or base64")
SALT_ENCODING = Option("salt_encoding", "encoding of the salt: utf8 (default), hex or base64")
PASSWORD_ENCODING = Option("password_encoding", "encoding of passwords in the source: utf8, utf16le, latin1")
PASSWORD_ENCODINGS = ("utf8", "utf16le", "latin1")
PEPPER = (
    Option("pepper", "a secret of the whole source, added to each password; commands read it from pepper_file"),
    Option("pepper_position", "suffix (default): after the password; or prefix"),
)

# name → (hashlib's name, size in bytes). A closed list: hashlib itself would take more than people ever store.
DIGESTS = {
    "md5": ("md5", 16),
    "sha1": ("sha1", 20),
    "sha224": ("sha224", 28),
    "sha256": ("sha256", 32),
    "sha384": ("sha384", 48),
    "sha512": ("sha512", 64),
    "sha512-224": ("sha512_224", 28),
    "sha512-256": ("sha512_256", 32),
    "sha3-224": ("sha3_224", 28),
    "sha3-256": ("sha3_256", 32),
    "sha3-384": ("sha3_384", 48),
    "sha3-512": ("sha3_512", 64),
}

MAX_DIGITS = 18
HEX = frozenset(string.hexdigits)
BASE64 = frozenset(string.ascii_letters + string.digits + "+/-_.")
# The URL alphabet, and passlib's with `.` for `+`, as standard base64.
STANDARD = str.maketrans("-_.", "+/+")
CRYPT_ALPHABET = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def pepper(options: Options) -> str:
    """The pepper that is given, empty for none."""
    if "pepper" not in options:
        return ""
    found = options.text("pepper")
    if not 1 <= len(found.encode("utf-8", "surrogateescape")) <= MAX_PEPPER_SIZE:
        raise WrongOption(f"The hash option pepper must have 1 to {MAX_PEPPER_SIZE} bytes.")
    return found


def with_pepper(text: str, options: Options, password: str, pepper: str) -> str:
    """A text with the pepper before or after what stands for the password in it."""
    position = options.choice("pepper_position", ("suffix", "prefix"), "suffix")
    return text.replace(password, pepper + password if position == "prefix" else password + pepper)


def digester(name: str) -> Callable[[bytes], bytes]:
    """The digest of this name as a function of bytes."""
    algorithm = DIGESTS[name][0]

    def digest(data: bytes) -> bytes:
        return hashlib.new(algorithm, data, usedforsecurity=False).digest()

    return digest


def check_digest(name: str, among: Sequence[str] = tuple(DIGESTS)) -> str:
    if name not in among:
        raise Malformed(f"The digest of this hash is not one of: {', '.join(among)}.")
    return name


def octets(password: str, encoding: str = "utf8") -> bytes:
    """The bytes of a password as the source made them; latin1 keeps the low byte of each UTF-16 unit, as Node does."""
    if encoding == "utf16le":
        return password.encode("utf-16-le")
    if encoding == "latin1":
        return password.encode("utf-16-le")[::2]
    return password.encode("utf-8", "surrogateescape")


def number(text: str, what: str) -> int:
    """A whole number without sign, leading zeros or foreign digits."""
    if not (text.isascii() and text.isdigit()) or len(text) > MAX_DIGITS or (text[0] == "0" and text != "0"):
        raise Malformed(f"The {what} of this hash must be a whole number without leading zeros.")
    return int(text)


def check_range(value: int, least: int, most: int, what: str) -> None:
    """Below the range is malformed; above it is too costly."""
    if value < least:
        raise Malformed(f"The {what} of this hash must be at least {least}.")
    if value > most:
        raise TooCostly(f"The {what} of this hash is above {most}, which is not supported.")


def check_size(data: bytes, least: int, most: int, what: str) -> None:
    if not least <= len(data) <= most:
        raise Malformed(f"The {what} of this hash must have {least} to {most} bytes.")


def decode(text: str, encoding: str) -> bytes:
    if encoding == "hex":
        return decode_hex(text)
    if encoding == "base64":
        return decode64(text)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Malformed("A text of this hash is not valid Unicode.") from error


def decode64(text: str) -> bytes:
    """Base64 in any of its alphabets, padded or not."""
    bare = text.rstrip("=")
    if not BASE64.issuperset(bare) or len(text) - len(bare) > 2 or len(bare) % 4 == 1:
        raise Malformed("A part of this hash is not base64.")
    return base64.b64decode(bare.translate(STANDARD) + "=" * (-len(bare) % 4))


def encode64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def decode_hex(text: str) -> bytes:
    if not HEX.issuperset(text) or len(text) % 2:
        raise Malformed("A part of this hash is not hexadecimal.")
    return bytes.fromhex(text)


def encode_crypt(data: Sequence[int], order: Sequence[Sequence[int]]) -> bytes:
    """crypt's own base64: groups of bytes, the last named lowest, six bits at a time from below."""
    out = bytearray()
    for group in order:
        value = 0
        for index in group:
            value = value << 8 | data[index]
        for _ in range((len(group) * 8 + 5) // 6):
            out.append(CRYPT_ALPHABET[value & 63])
            value >>= 6
    return bytes(out)


def pairs(text: str, what: str) -> dict[str, str]:
    """`a=1,b=2` as a dictionary; empty text is none."""
    found: dict[str, str] = {}
    for item in text.split(",") if text else ():
        key, equals, value = item.partition("=")
        if not equals or key in found:
            raise Malformed(f"The parameters of this {what} hash are malformed.")
        found[key] = value
    return found


def plain(word: str) -> str:
    """A name without case, `-`, `_` and `/`, so that every system's spelling is found."""
    return word.lower().replace("-", "").replace("_", "").replace("/", "")
