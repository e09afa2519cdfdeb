"""md5-crypt (`$1$`) and Apache's variant of it (`$apr1$`): a thousand rounds of MD5."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from authctl.core.hashing import base
from authctl.core.hashing.base import Malformed, Strength

NAMES = {"1": "md5-crypt", "apr1": "apr1"}
SHAPE = re.compile(r"\$(1|apr1)\$([^$:\s]{0,8})\$([./0-9A-Za-z]{22})")
ROUNDS = 1000
ORDER = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5), (11,))


@dataclass(frozen=True, slots=True, repr=False)
class Md5Crypt(base.StoredHash):
    """mark: 1 or apr1; expected: the 22 characters at the end."""

    strength: ClassVar = Strength.WEAK
    blank: ClassVar = b"."

    mark: str
    salt: str

    def __str__(self) -> str:
        return f"${self.mark}${self.salt}${self.expected.decode()}"

    @property
    def algorithm(self) -> str:
        return NAMES[self.mark]

    def compute(self, password: str) -> bytes:
        secret, salt, md5 = base.octets(password), self.salt.encode(), base.digester("md5")
        digest = md5(secret + f"${self.mark}$".encode() + salt + self._filler(secret))
        for turn in range(ROUNDS):
            data = secret if turn & 1 else digest
            data += salt if turn % 3 else b""
            data += secret if turn % 7 else b""
            digest = md5(data + (digest if turn & 1 else secret))
        return base.encode_crypt(digest, ORDER)

    def _filler(self, secret: bytes) -> bytes:
        """As much of a digest as the password is long, then a byte for each bit of that length."""
        digest, length = base.digester("md5")(secret + self.salt.encode() + secret), len(secret)
        filler = bytearray((digest * (length // 16 + 1))[:length])
        while length:
            filler += b"\0" if length & 1 else secret[:1]
            length >>= 1
        return bytes(filler)


def parse(stored: str) -> Md5Crypt:
    match = SHAPE.fullmatch(stored)
    if not match:
        raise Malformed("Not an md5-crypt hash: $1$ or $apr1$, up to 8 characters of salt, $, 22 characters.")
    mark, salt, expected = match.groups()
    return Md5Crypt(expected.encode(), mark, salt)


def accept(text: str, name: str | None, options: base.Options) -> Md5Crypt:
    """As it is; Kratos writes `$md5-crypt$` for `$1$`."""
    found = parse(text.replace("$md5-crypt$", "$1$", 1) if text.startswith("$md5-crypt$") else text)
    if name in NAMES.values() and found.algorithm != name:
        raise Malformed(f"This is {found.algorithm}, not {name}.")
    return found
