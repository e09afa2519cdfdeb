"""LDIF (RFC 2849): an inetOrgPerson a user, below an entry that is there already. For slapadd, ldapadd, ldapmodify -a.

Without `version: 1`, which slapadd takes for an entry. Only what every directory has a place for is in it. A blocked
user has no password there, since a standard attribute to block one by is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from authctl.core.hashing import argon2, base, bcrypt, digests, md5_crypt, pbkdf2, sha_crypt
from authctl.core.hashing.base import StoredHash
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

BASE = "ou=people,dc=example,dc=com"
SALT_SIZE = 16  # bytes, of PBKDF2
WIDTH = 76  # columns, after which a line is folded
_SCHEMES = {"md5": "MD5", "sha1": "SHA", **{f"sha{size}": f"SHA{size}" for size in (256, 384, 512)}}
_CLASSES = ("top", "person", "organizationalPerson", "inetOrgPerson")
# RFC 2849's SAFE-STRING, and no space at the end.
_SAFE = re.compile(r"(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )")
_SPECIAL = re.compile(r'[",+<>;\\=\x00-\x1f\x7f]')  # RFC 4514 §2.4, and what is not to be seen


class Ldif(Target):
    file = "an LDIF file"
    system = "OpenLDAP"
    holds = parts("username name email phone locale")
    reasons: ClassVar = {
        "email": "the attribute mail allows ASCII only",
        "password": "LDAP has no standard way to block users, so blocked users are exported without a password",
    }
    between = "\n"
    options: ClassVar = {"base_dn": f"entry above the users (default: {BASE})"}

    def record(self, leaving: Leaving, lose: Lose) -> str:
        user, uid = leaving.user, leaving.login or leaving.user.id
        name = user.name if user.name.strip() else uid
        lines = [
            _line("dn", f"uid={_escaped(uid)},{self.given.get('base_dn', BASE)}"),
            *(_line("objectClass", each) for each in _CLASSES),
            *(_line("uid", uid), _line("cn", name), _line("sn", name.split()[-1])),
        ]
        if user.email and user.email.isascii():
            lines.append(_line("mail", user.email))
        elif user.email:
            lose("email")  # the attribute is ASCII
        if user.phone:
            lines.append(_line("mobile", user.phone))
        if user.locale:
            lines.append(_line("preferredLanguage", user.locale))
        if leaving.is_blocked and leaving.hash is not None:
            lose("password")
        elif hash := self.password(leaving, lose):
            lines.append(_line("userPassword", hash))
        return "".join(lines)

    def spell(self, found: StoredHash) -> str | None:
        match found:
            case digests.Digest(digest=digest, encoding="utf8", rounds=1) if digest in _SCHEMES:
                return _digest(found)
            case md5_crypt.Md5Crypt(mark="1") | sha_crypt.ShaCrypt() | bcrypt.Bcrypt(digest="", minor="a" | "b" | "y"):
                return f"{{CRYPT}}{found}"
            case argon2.Argon2() if hashes.is_common_argon2(found):
                return f"{{ARGON2}}{found}"
            case pbkdf2.Pbkdf2(digest="sha1" | "sha256" | "sha512" as digest) if _fits(found):
                salt, expected = (base.encode64(part).replace("+", ".") for part in (found.salt, found.expected))
                return f"{{PBKDF2-{digest.upper()}}}{found.iterations}${salt}${expected}"
        return None


def _fits(found: pbkdf2.Pbkdf2) -> bool:
    """OpenLDAP's module reads keys and salts of its own sizes alone."""
    return hashes.is_whole(found) and len(found.salt) == SALT_SIZE


def _digest(found: digests.Digest) -> str | None:
    """The schemes of RFC 2307 and their kin: the salt behind the password, and behind the digest."""
    if found.template == digests.ALONE:
        return f"{{{_SCHEMES[found.digest]}}}{hashes.base64(found.expected)}"
    if found.template == digests.SUFFIX:
        return f"{{S{_SCHEMES[found.digest]}}}{hashes.base64(found.expected + found.salt)}"
    return None


def _line(attribute: str, value: str) -> str:
    """An attribute, in base64 where its value asks for it, folded."""
    line = f"{attribute}: {value}" if _SAFE.fullmatch(value) else f"{attribute}:: {hashes.base64(value.encode())}"
    return "\n ".join(_folded(line)) + "\n"


def _folded(line: str) -> Iterator[str]:
    """The first part as wide as a line, the others leaving room for the space before them."""
    yield line[:WIDTH]
    for begin in range(WIDTH, len(line), WIDTH - 1):
        yield line[begin : begin + WIDTH - 1]


def _escaped(value: str) -> str:
    """A value as it stands in a name (RFC 4514 §2.4)."""
    escaped = _SPECIAL.sub(lambda found: f"\\{ord(found[0]):02x}", value)
    return f"\\{ord(escaped[0]):02x}{escaped[1:]}" if escaped[0] in " #" else escaped


TARGET = Ldif
