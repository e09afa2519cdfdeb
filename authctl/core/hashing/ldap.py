"""The schemes of LDAP directories, Dovecot and Spring, `{SCHEME}text`: translated into the families they stand for."""

from __future__ import annotations

import re

from authctl.core.hashing import base, digests, pbkdf2, registry
from authctl.core.hashing.base import Malformed, NoPassword, Unsupported

SHAPE = re.compile(r"\{([A-Za-z0-9_.-]{1,32})\}(.*)")
PLAIN = {"md5": "md5", "sha": "sha1", **{f"sha{size}": f"sha{size}" for size in (1, 224, 256, 384, 512)}}
# What follows is a hash that names itself.
MODULAR = ("crypt", "argon2", "argon2i", "argon2id", "bcrypt", "blfcrypt", "md5crypt", "sha256crypt", "sha512crypt")
CLEAR = ("cleartext", "clear", "plain", "plaintext", "noop")
ELSEWHERE = ("sasl", "kerberos", "nt", "ntlm", "lanman", "md4", "pbkdf2sha256blob")


def accept(text: str, name: str | None, options: base.Options) -> base.StoredHash:
    """Scheme names in any case; digest first, salt after it."""
    match = SHAPE.fullmatch(text)
    if not match:
        raise Malformed("This is not a hash of an LDAP directory: {SCHEME} and what the scheme says.")
    scheme, rest = match.group(1), match.group(2)
    plain = base.plain(scheme)
    if plain in CLEAR:
        raise Malformed("This is a password in plain text, not a hash; give it as a password.")
    if plain in ELSEWHERE:
        raise Unsupported(f"The scheme {scheme} cannot be checked here; the password needs a reset.")
    if plain in MODULAR:
        return _modular(rest)
    if plain.startswith("pbkdf2"):
        return _pbkdf2(scheme, rest)
    if plain in PLAIN:
        return digests.Digest(base.decode64(rest), PLAIN[plain])
    if plain in digests.LDAP:
        return _salted(plain, base.decode64(rest))
    raise Unsupported("This scheme is not known; the password needs a reset.")


def _modular(rest: str) -> base.StoredHash:
    if rest.startswith(("!", "*")) or not rest:
        raise NoPassword("This account is locked: nothing matches its hash.")
    if not rest.startswith("$"):
        raise Unsupported("This is DES crypt, which is not checked; the password needs a reset.")
    return registry.accept(rest, None, {})


def _salted(scheme: str, data: bytes) -> digests.Digest:
    size = base.DIGESTS[digests.LDAP[scheme]][1]
    if len(data) < size:
        raise Malformed(f"A hash of the scheme {scheme.upper()} has at least {size} bytes; this one has {len(data)}.")
    return digests.ldap(scheme, data[size:], data[:size])


def _pbkdf2(scheme: str, rest: str) -> pbkdf2.Pbkdf2:
    """OpenLDAP's `{PBKDF2-SHA512}iterations$salt$key`; 389-DS writes one block of bytes instead."""
    fields = rest.split("$")
    if len(fields) != 3:
        raise Unsupported("This form of PBKDF2 cannot be checked here; the password needs a reset.")
    digest = base.plain(scheme).removeprefix("pbkdf2") or "sha1"
    return pbkdf2.build(digest, fields[0], base.decode64(fields[1]), base.decode64(fields[2]))
