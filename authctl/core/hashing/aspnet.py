"""What ASP.NET Identity stores, one block of bytes in base64: PBKDF2 with its parameters.

Version 2: 0x00, 16 bytes of salt, 32 of key; SHA-1, 1,000 iterations.
Version 3: 0x01, three numbers of four bytes (digest, iterations, size of the salt), the salt, the key.
"""

from __future__ import annotations

import struct

from authctl.core.hashing import base, pbkdf2
from authctl.core.hashing.base import Malformed

DIGESTS = ("sha1", "sha256", "sha512")  # KeyDerivationPrf
OLD_SALT, OLD_KEY, OLD_ITERATIONS = 16, 32, 1000
HEAD = struct.Struct(">BIII")


def accept(text: str, name: str | None, options: base.Options) -> pbkdf2.Pbkdf2:
    """Either version, by its first byte."""
    data = base.decode64(text)
    if data[:1] == b"\0" and len(data) == 1 + OLD_SALT + OLD_KEY:
        return pbkdf2.Pbkdf2(data[1 + OLD_SALT :], "sha1", OLD_ITERATIONS, data[1 : 1 + OLD_SALT])
    if data[:1] != b"\1" or len(data) < HEAD.size:
        raise Malformed("Not an ASP.NET Identity hash: base64 of bytes that begin with 0 or 1.")
    _, digest, iterations, size = HEAD.unpack_from(data)
    if digest >= len(DIGESTS) or size > len(data) - HEAD.size:
        raise Malformed("This ASP.NET Identity hash has an unknown digest or is cut off.")
    salt, expected = data[HEAD.size : HEAD.size + size], data[HEAD.size + size :]
    return pbkdf2.Pbkdf2(expected, DIGESTS[digest], iterations, salt)
