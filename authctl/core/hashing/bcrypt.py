"""bcrypt (2a, 2b, 2x, 2y), and the composites that digest the password first: Django's, passlib's, WordPress's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Self

from authctl.core.hashing import base
from authctl.core.hashing.base import Malformed, Strength, TooCostly, Unsupported

MIN_COST, MAX_COST = 4, 15  # 15 takes 2 s; Appwrite's own test hash has it
WARN_COST = 13
STRONG_COST = 10  # OWASP's least
READ_SIZE = 72  # bytes; bcrypt never reads further, and every source cut silently

ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
SHAPE = re.compile(r"\$2([abxy])\$([0-9]{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})")
# What most files have by the million: of a usual cost, without bits that carry nothing, it is stored as it is.
PLAIN = re.compile(
    rf"\$2[aby]\$1[0-{WARN_COST % 10}]\$[./A-Za-z0-9]{{21}}[{ALPHABET[::16]}][./A-Za-z0-9]{{30}}[{ALPHABET[::4]}]"
)
PASSLIB_2 = re.compile(r"\$bcrypt-sha256\$v=2,t=2([aby]),r=([0-9]{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})")
PASSLIB_1 = re.compile(r"\$bcrypt-sha256\$2([aby]),([0-9]{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})")
PHP_TRIMMED = " \t\n\r\0\x0b"  # what PHP's trim() takes off, which WordPress applies to passwords

DJANGO = "django-bcrypt-sha256"
PASSLIB = "passlib-bcrypt-sha256"
PASSLIB_OLD = "passlib-bcrypt-sha256-v1"
WORDPRESS = "wordpress-bcrypt"
FAULTY = "bcrypt-2x"  # the name for --hash
COMPOSITES = (DJANGO, PASSLIB_OLD, PASSLIB, WORDPRESS)


@dataclass(frozen=True, slots=True, repr=False)
class Bcrypt(base.StoredHash):
    """expected: the 31 characters at the end. digest: what the password goes through first, empty for nothing."""

    minor: str
    cost: int
    salt: str
    digest: str = ""

    def __post_init__(self) -> None:
        if self.cost > MAX_COST:
            raise TooCostly(f"The cost of this bcrypt hash is above {MAX_COST}, which is not supported.")
        if self.cost < MIN_COST:
            raise Malformed(f"The cost of this bcrypt hash must be at least {MIN_COST}.")

    @classmethod
    def of(cls, match: re.Match[str], digest: str = "") -> Self:
        """From the text; clears the bits that carry nothing, as crypt does, and bcrypt 5 refuses."""
        minor, cost, salt, expected = match.groups()
        return cls(_clear(expected, 2).encode(), minor, int(cost), _clear(salt, 4), digest)

    def __str__(self) -> str:
        own = f"{base.OWN}{self.digest}" if self.digest else ""
        return f"{own}$2{self.minor}${self.cost:02d}${self.salt}{self.expected.decode()}"

    @property
    def algorithm(self) -> str:
        return self.digest.removesuffix("-v1") or "bcrypt"

    @property
    def strength(self) -> Strength:
        return Strength.STRONG if self.cost >= STRONG_COST else Strength.LEGACY

    @property
    def warnings(self) -> tuple[str, ...]:
        found = []
        if self.minor == "x":
            found.append("$2x$ hashes come from a faulty bcrypt: non-ASCII passwords will not match.")
        if self.cost > WARN_COST:
            found.append(f"bcrypt of cost {self.cost} takes a second or more at the first sign-in.")
        return tuple(found)

    def compute(self, password: str) -> bytes:
        """2b is what all four mean where they were made without fault."""
        import bcrypt

        secret = self._digested(password)[:READ_SIZE]
        return bcrypt.hashpw(secret, f"$2b${self.cost:02d}${self.salt}".encode())[29:]

    def _digested(self, password: str) -> bytes:
        if self.digest == WORDPRESS:
            secret = base.octets(password.strip(PHP_TRIMMED))
            return base64.b64encode(hmac.digest(b"wp-sha384", secret, "sha384"))
        secret = base.octets(password)
        if self.digest == DJANGO:
            return hashlib.sha256(secret).hexdigest().encode()
        if self.digest == PASSLIB:
            return base64.b64encode(hmac.digest(self.salt.encode(), secret, "sha256"))
        if self.digest == PASSLIB_OLD:
            return base64.b64encode(hashlib.sha256(secret).digest())
        return secret


def accept_plain(text: str) -> base.Imported | None:
    """Strong bcrypt that is stored as it comes, with nothing to be said of it; None for all else."""
    return base.Imported(text, "bcrypt", Strength.STRONG) if PLAIN.fullmatch(text) else None


def parse(stored: str) -> Bcrypt:
    digest = ""
    if stored.startswith(base.OWN):
        digest, dollar, stored = stored.removeprefix(base.OWN).partition("$")
        stored = dollar + stored
        if digest not in COMPOSITES:
            raise Malformed("This stored bcrypt hash has an unknown form.")
    return _bcrypt(stored, digest)


def accept(text: str, name: str | None, options: base.Options) -> Bcrypt:
    """`$2b$…`, WordPress's `$wp$2y$…`, passlib's `$bcrypt-sha256$…`."""
    if text.startswith("$wp$"):
        return _bcrypt(text.removeprefix("$wp"), WORDPRESS)
    if match := PASSLIB_2.fullmatch(text):
        return Bcrypt.of(match, PASSLIB)
    if match := PASSLIB_1.fullmatch(text):
        return Bcrypt.of(match, PASSLIB_OLD)
    if text.startswith("$bcrypt-sha256$"):
        raise Malformed("Not a passlib bcrypt-sha256 hash: $bcrypt-sha256$v=2,t=2b,r=…$salt$hash.")
    if name in ("bcrypt-sha256", "passlib-bcrypt-sha256"):
        raise Malformed("Not a bcrypt-sha256 hash. Name it bcrypt, or django if it is from Django.")
    _check_faulty(text, name)
    return _bcrypt(text)


def _check_faulty(text: str, name: str | None) -> None:
    """$2x$ is taken only where somebody says so who knows it: what it was made with cannot be told from correct."""
    if (name == FAULTY) != text.startswith("$2x$"):
        if name == FAULTY:
            raise Malformed("Not a $2x$ hash. Name it bcrypt.")
        raise Unsupported(
            "$2x$ hashes come from a faulty bcrypt and match ASCII passwords only. Reset the password, or import "
            f"it with the name {FAULTY}."
        )


def _bcrypt(text: str, digest: str = "") -> Bcrypt:
    match = SHAPE.fullmatch(text)
    if match:
        return Bcrypt.of(match, digest)
    if text.startswith(("$2$", "$2z$")):
        raise Unsupported("bcrypt's first version, $2$, is not supported. The password needs a reset.")
    raise Malformed("Not a bcrypt hash: $2b$, two digits of cost, $, and 53 characters.")


def _clear(text: str, bits: int) -> str:
    """The text with the lowest bits of its last character cleared."""
    return text[:-1] + ALPHABET[ALPHABET.index(text[-1]) >> bits << bits]
