"""phpass, the portable hashes of WordPress up to 6.7, phpBB and others: MD5 stretched, `$P$` or `$H$`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from authctl.core.hashing import base, bcrypt
from authctl.core.hashing.base import Malformed, Strength

MIN_LOG2, MAX_LOG2 = 7, 18  # 2^18 digests take 0.1 s
SHAPE = re.compile(r"\$[PH]\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})")
# Three bytes at a time, the first lowest, and one alone at the end.
ORDER = (*((first + 2, first + 1, first) for first in range(0, 15, 3)), (15,))


@dataclass(frozen=True, slots=True, repr=False)
class Phpass(base.StoredHash):
    """expected: the 22 characters at the end."""

    algorithm: ClassVar = "phpass"
    strength: ClassVar = Strength.WEAK
    blank: ClassVar = b"."

    log2_rounds: int
    salt: str

    def __post_init__(self) -> None:
        base.check_range(self.log2_rounds, MIN_LOG2, MAX_LOG2, "phpass exponent")

    def __str__(self) -> str:
        return f"$P${chr(base.CRYPT_ALPHABET[self.log2_rounds])}{self.salt}{self.expected.decode()}"

    def compute(self, password: str) -> bytes:
        secret, md5 = base.octets(password), base.digester("md5")
        digest = md5(self.salt.encode() + secret)
        for _ in range(1 << self.log2_rounds):
            digest = md5(digest + secret)
        return base.encode_crypt(digest, ORDER)


def parse(stored: str) -> Phpass:
    match = SHAPE.fullmatch(stored)
    if not match:
        raise Malformed("This is not a phpass hash: $P$ or $H$, and 31 characters.")
    rounds, salt, expected = match.groups()
    return Phpass(expected.encode(), base.CRYPT_ALPHABET.index(rounds.encode()), salt)


def accept(text: str, name: str | None, options: base.Options) -> base.StoredHash:
    """Where phpass found a better crypt it used that: Appwrite stores a `$2a$` under the same name."""
    if text.startswith("$2"):
        return bcrypt.accept(text, None, options)
    return parse(text)
