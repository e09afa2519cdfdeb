"""What Django stores, `HASHER$…`: translated into the families it stands for."""

from __future__ import annotations

import re

from authctl.core.hashing import argon2, base, bcrypt, digests, pbkdf2, scrypt
from authctl.core.hashing.base import Malformed, NoPassword, Unsupported

BARE_MD5 = re.compile(r"[0-9a-f]{32}")
DIGESTS = ("md5", "sha1")


def accept(text: str, name: str | None, options: base.Options) -> base.StoredHash:
    """Salts are plain text here, not base64."""
    if text.startswith("!"):
        raise NoPassword("Django marks this password as unusable.")
    if BARE_MD5.fullmatch(text):  # Django's own rule, and only reached where Django was named
        return digests.Digest(base.decode_hex(text), "md5")
    hasher, _, rest = text.partition("$")
    if hasher == "argon2":
        return argon2.parse(f"${rest}")
    if hasher == "bcrypt":
        return bcrypt.accept(rest, "bcrypt", options)
    if hasher == "bcrypt_sha256":
        return bcrypt.parse(f"{base.OWN}{bcrypt.DJANGO}{rest}")
    if hasher == "scrypt":
        return _scrypt(rest)
    if hasher.startswith("pbkdf2_"):
        return _pbkdf2(hasher.removeprefix("pbkdf2_"), rest)
    if hasher in DIGESTS:
        return _digest(hasher, rest)
    if hasher == "crypt":
        raise Unsupported("DES crypt hashes are not supported. The password needs a reset.")
    raise Malformed("Not a Django password hash: it must begin with a Django hasher's name and $.")


def _scrypt(rest: str) -> scrypt.Scrypt:
    fields = rest.split("$")
    if len(fields) != 5:
        raise Malformed("Not a Django scrypt hash: scrypt$N$salt$r$p$hash.")
    n, block, parallel = (base.number(fields[place], "scrypt parameters") for place in (0, 2, 3))
    return scrypt.Scrypt(base.decode64(fields[4]), n, block, parallel, fields[1].encode())


def _pbkdf2(digest: str, rest: str) -> pbkdf2.Pbkdf2:
    fields = rest.split("$")
    if len(fields) != 3:
        raise Malformed("Not a Django PBKDF2 hash: pbkdf2_sha256$iterations$salt$hash.")
    base.check_digest(digest, pbkdf2.NAMES)
    return pbkdf2.build(digest, fields[0], fields[1].encode(), base.decode64(fields[2]))


def _digest(digest: str, rest: str) -> digests.Digest:
    salt, dollar, expected = rest.partition("$")
    if not dollar:
        raise Malformed(f"Not a Django salted digest: {digest}$salt$hash.")
    template = digests.PREFIX if salt else digests.ALONE
    return digests.Digest(base.decode_hex(expected), digest, salt.encode(), template)
