"""HMAC of the password under a key, as Auth0 imports it; the key is a secret, so the stored string must be sealed.

Stored as `$authctl$hmac-DIGEST$parameters$key$digest`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import ClassVar

from authctl.core.hashing import base
from authctl.core.hashing.base import Malformed, Option, Strength

OPTIONS = (
    Option("digest", f"one of {', '.join(base.DIGESTS)}", ("version",)),
    Option("key", "the key"),
    Option("key_encoding", "encoding of the key: utf8 (default), hex or base64"),
    base.ENCODING,
    base.PASSWORD_ENCODING,
)


@dataclass(frozen=True, slots=True, repr=False)
class Hmac(base.StoredHash):
    strength: ClassVar = Strength.WEAK
    holds_key: ClassVar = True

    digest: str
    key: bytes
    encoding: str = "utf8"

    def __post_init__(self) -> None:
        base.check_digest(self.digest)
        size = base.DIGESTS[self.digest][1]
        if len(self.expected) != size:
            raise Malformed(f"An HMAC of {self.digest} has {size} bytes; this one has {len(self.expected)}.")
        base.check_size(self.key, 1, base.MAX_SALT_SIZE, "HMAC key")
        if self.encoding not in base.PASSWORD_ENCODINGS:
            raise Malformed("Unknown password encoding.")

    def __str__(self) -> str:
        parameters = "" if self.encoding == "utf8" else f"e={self.encoding}"
        parts = (self.algorithm, parameters, base.encode64(self.key), base.encode64(self.expected))
        return base.OWN + "$".join(parts)

    @property
    def algorithm(self) -> str:
        return f"hmac-{self.digest}"

    def compute(self, password: str) -> bytes:
        return hmac.digest(self.key, base.octets(password, self.encoding), base.DIGESTS[self.digest][0])


def parse(stored: str) -> Hmac:
    fields = stored.removeprefix(f"{base.OWN}hmac-").split("$")
    if len(fields) != 4:
        raise Malformed("This stored HMAC is damaged.")
    found = base.pairs(fields[1], "HMAC")
    if found.keys() - {"e"}:
        raise Malformed("This stored HMAC has unknown parameters.")
    return Hmac(base.decode64(fields[3]), fields[0], base.decode64(fields[2]), found.get("e", "utf8"))


def accept(text: str, name: str | None, options: base.Options) -> Hmac:
    """An HMAC in hex or base64, with its key in the options."""
    implied = (name or "").removeprefix("hmac").removeprefix("-")
    digest = implied or options.choice("digest", tuple(base.DIGESTS))
    expected = base.decode(text, options.choice("encoding", base.ENCODINGS, "hex"))
    key = options.decoded("key", options.choice("key_encoding", base.SALT_ENCODINGS, "utf8"))
    return Hmac(expected, digest, key, options.choice("password_encoding", base.PASSWORD_ENCODINGS, "utf8"))
