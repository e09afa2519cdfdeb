"""The schemes of LDAP directories, Dovecot and Spring, `{SCHEME}text`: translated into the families they stand for."""

from __future__ import annotations

import re

from authctl.core.hashing import base, digests, pbkdf2, recognition, registry
from authctl.core.hashing.base import Malformed, NoPassword, Unsupported

SHAPE = re.compile(r"\{([A-Za-z0-9_.-]{1,32})\}(.*)")
PLAIN = {"md5": "md5", "sha": "sha1", **{f"sha{size}": f"sha{size}" for size in (1, 224, 256, 384, 512)}}
# What follows is a hash that names itself.
MODULAR = ("crypt", "argon2", "argon2i", "argon2id", "bcrypt", "blfcrypt", "md5crypt", "sha256crypt", "sha512crypt")
CLEAR = ("cleartext", "clear", "plain", "plaintext", "noop")
# What cannot be checked here, and why.
ELSEWHERE = {
    **dict.fromkeys(("sasl", "kerberos"), "a reference to a password elsewhere"),
    **dict.fromkeys(("nt", "ntlm"), "an NT hash"),
    "lanman": "a LAN Manager hash",
    "md4": "an MD4 hash",
}
BLOCK_SALT_SIZE, BLOCK_KEY_SIZE = 64, 256  # bytes; 389-DS' pbkdf2_pwd.c, behind four of iterations


def accept(text: str, name: str | None, options: base.Options) -> base.StoredHash:
    """Scheme names in any case; digest first, salt after it."""
    match = SHAPE.fullmatch(text)
    if not match:
        raise Malformed("Not an LDAP hash: {SCHEME} and what the scheme says.")
    scheme, rest = match.group(1), match.group(2)
    plain = base.plain(scheme)
    if plain in CLEAR:
        raise Malformed("This is a plain-text password, not a hash. Import it as a password.")
    if plain in ELSEWHERE:
        raise Unsupported(
            f"{ELSEWHERE[plain][0].upper()}{ELSEWHERE[plain][1:]} is not supported. The password needs a reset."
        )
    if plain in MODULAR:
        return _modular(rest)
    if plain.startswith("pbkdf2"):
        return _pbkdf2(scheme, rest)
    if plain in PLAIN:
        return digests.Digest(base.decode64(rest), PLAIN[plain])
    if plain in digests.LDAP:
        return _salted(plain, base.decode64(rest))
    raise Unsupported("Unknown LDAP scheme. The password needs a reset.")


def _modular(rest: str) -> base.StoredHash:
    if rest.startswith(("!", "*")) or not rest or recognition.is_lock(rest):
        raise NoPassword("The password is locked: nothing matches its hash.")
    if not rest.startswith("$"):
        what = recognition.unchecked(rest) or recognition.DES
        raise Unsupported(f"{what[0].upper()}{what[1:]} is not supported. The password needs a reset.")
    return registry.accept(rest, None, {})


def _salted(scheme: str, data: bytes) -> digests.Digest:
    size = base.DIGESTS[digests.LDAP[scheme]][1]
    if len(data) < size:
        raise Malformed(f"A hash of the scheme {scheme.upper()} has at least {size} bytes; this one has {len(data)}.")
    return digests.ldap(scheme, data[size:], data[:size])


def _pbkdf2(scheme: str, rest: str) -> pbkdf2.Pbkdf2:
    """OpenLDAP's `{PBKDF2-SHA512}iterations$salt$key`; in 389-DS one block of bytes of the three."""
    fields = rest.split("$")
    digest = base.plain(scheme).removeprefix("pbkdf2") or "sha1"
    if len(fields) == 3:
        return pbkdf2.build(digest, fields[0], base.decode64(fields[1]), base.decode64(fields[2]))
    data = base.decode64(rest)
    if len(data) != 4 + BLOCK_SALT_SIZE + BLOCK_KEY_SIZE:
        raise Malformed("Not an LDAP PBKDF2 hash: iterations$salt$key, or the 324 bytes of 389-DS.")
    salt, expected = data[4 : 4 + BLOCK_SALT_SIZE], data[4 + BLOCK_SALT_SIZE :]
    return pbkdf2.Pbkdf2(expected, digest, int.from_bytes(data[:4]), salt)
