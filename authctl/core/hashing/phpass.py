"""phpass, the portable hashes of WordPress up to 6.7, phpBB and others: MD5 stretched, `$P$` or `$H$`.

Drupal 7 to 10.0 has SHA-512 in the place of MD5, cut to 43 characters: `$S$`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from authctl.core.hashing import base, bcrypt
from authctl.core.hashing.base import Malformed, Strength

MIN_LOG2, MAX_LOG2 = 7, 18  # 2^18 digests take 0.1 s of MD5, 0.3 s of SHA-512
SHAPE = re.compile(r"\$([PHS])\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]+)")
DIGESTS = {"P": ("md5", 16), "S": ("sha512", 64)}  # mark → digest, and its size
LENGTHS = {"P": 22, "S": 43}


def _order(size: int) -> tuple[tuple[int, ...], ...]:
    """Three bytes at a time, the first lowest, and one alone at the end."""
    return (*((first + 2, first + 1, first) for first in range(0, size - 1, 3)), (size - 1,))


@dataclass(frozen=True, slots=True, repr=False)
class Phpass(base.StoredHash):
    """expected: the characters at the end. mark: P, or S of Drupal."""

    blank: ClassVar = b"."

    log2_rounds: int
    salt: str
    mark: str = "P"

    def __post_init__(self) -> None:
        base.check_range(self.log2_rounds, MIN_LOG2, MAX_LOG2, "phpass exponent")
        if len(self.expected) != LENGTHS[self.mark]:
            raise Malformed(f"This {self.algorithm} hash must have {LENGTHS[self.mark]} characters after its salt.")

    @property
    def algorithm(self) -> str:
        return "drupal-sha512" if self.mark == "S" else "phpass"

    @property
    def strength(self) -> Strength:
        return Strength.LEGACY if self.mark == "S" else Strength.WEAK

    def __str__(self) -> str:
        return f"${self.mark}${chr(base.CRYPT_ALPHABET[self.log2_rounds])}{self.salt}{self.expected.decode()}"

    def compute(self, password: str) -> bytes:
        name, size = DIGESTS[self.mark]
        secret, digested = base.octets(password), base.digester(name)
        digest = digested(self.salt.encode() + secret)
        for _ in range(1 << self.log2_rounds):
            digest = digested(digest + secret)
        return base.encode_crypt(digest, _order(size))[: LENGTHS[self.mark]]


def parse(stored: str) -> Phpass:
    match = SHAPE.fullmatch(stored)
    if not match:
        raise Malformed("Not a phpass hash: $P$ or $H$, and 31 characters; or Drupal's $S$, and 52.")
    mark, rounds, salt, expected = match.groups()
    return Phpass(expected.encode(), base.CRYPT_ALPHABET.index(rounds.encode()), salt, "S" if mark == "S" else "P")


def accept(text: str, name: str | None, options: base.Options) -> base.StoredHash:
    """Where phpass found a better crypt it used that: Appwrite stores a `$2a$` under the same name."""
    if text.startswith("$2"):
        return bcrypt.accept(text, None, options)
    return parse(text)
