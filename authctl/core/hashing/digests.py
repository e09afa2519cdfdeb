"""One round of MD5, SHA-1, SHA-2 or SHA-3, with or without salt: fast to guess, kept only until the first sign-in.

Stored as `$authctl$NAME$parameters$salt$digest`, where NAME is the digest (`md5`), the digest with salt (`md5-salted`)
or the LDAP scheme (`ssha`). Parameters: pf, where the salt stands; e, how passwords became bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from authctl.core.hashing import base
from authctl.core.hashing.base import Malformed, Option, Strength

PREFIX, SUFFIX, ALONE = "{SALT}{PASSWORD}", "{PASSWORD}{SALT}", "{PASSWORD}"
POSITIONS = {"prefix": PREFIX, "suffix": SUFFIX}
MAX_TEMPLATE = 96  # characters
LDAP = {"smd5": "md5", "ssha": "sha1", **{f"ssha{size}": f"sha{size}" for size in (224, 256, 384, 512)}}
PLACES = re.compile(r"(\{SALT\}|\{PASSWORD\})")

VERSIONS = tuple(base.DIGESTS)[1:]

OPTIONS = (
    Option("version", f"of sha: {', '.join(VERSIONS)} (default sha256)", ("passwordVersion", "digest")),
    Option("salt", "the salt, where there is one"),
    Option("salt_position", "prefix (default) or suffix", ("position", "saltOrder")),
    base.SALT_ENCODING,
    base.ENCODING,
    base.PASSWORD_ENCODING,
)


@dataclass(frozen=True, slots=True, repr=False)
class Digest(base.StoredHash):
    """scheme: the LDAP scheme that it came as, empty otherwise."""

    strength: ClassVar = Strength.WEAK

    digest: str
    salt: bytes = b""
    template: str = ALONE
    encoding: str = "utf8"
    scheme: str = ""

    def __post_init__(self) -> None:
        base.check_digest(self.digest)
        size = base.DIGESTS[self.digest][1]
        if len(self.expected) != size:
            raise Malformed(_wrong_size(self.digest, size, self.expected))
        base.check_size(self.salt, 0, base.MAX_SALT_SIZE, "salt")
        if len(self.template) > MAX_TEMPLATE or self.template.count("{PASSWORD}") != 1:
            raise Malformed("The salting template of this hash must name {PASSWORD} once, and be short.")
        if self.encoding not in base.PASSWORD_ENCODINGS:
            raise Malformed("The password encoding of this hash is not known.")

    def __str__(self) -> str:
        parts = (self.algorithm, self._parameters(), base.encode64(self.salt), base.encode64(self.expected))
        return base.OWN + "$".join(parts)

    def _parameters(self) -> str:
        found = []
        if self.template != ALONE and not self.scheme:
            short = {template: position for position, template in POSITIONS.items()}
            found.append(f"pf={short.get(self.template) or base.encode64(self.template.encode())}")
        if self.encoding != "utf8":
            found.append(f"e={self.encoding}")
        return ",".join(found)

    @property
    def algorithm(self) -> str:
        return self.scheme or (self.digest if self.template == ALONE else f"{self.digest}-salted")

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.salt:
            return base.fast(self.algorithm)
        return (f"{self.algorithm} without salt is found in tables; wrap it in argon2id, or reset the password.",)

    def compute(self, password: str) -> bytes:
        parts = {"{SALT}": self.salt, "{PASSWORD}": base.octets(password, self.encoding)}
        message = b"".join(parts.get(part, part.encode()) for part in PLACES.split(self.template))
        return base.digester(self.digest)(message)


def _wrong_size(digest: str, size: int, found: bytes) -> str:
    if len(found) == 2 * size and base.HEX.issuperset(found.decode("latin-1")):
        return f"This is base64 of the hexadecimal text of a {digest} digest; decode it once, and give the text as hex."
    return f"A {digest} digest has {size} bytes; this one has {len(found)}."


def parse(stored: str) -> Digest:
    fields = stored.removeprefix(base.OWN).split("$")
    if len(fields) != 4:
        raise Malformed("This stored digest is damaged.")
    name, parameters, salt, expected = fields
    found = base.pairs(parameters, name)
    if found.keys() - {"pf", "e"}:
        raise Malformed("This stored digest has parameters that are not known.")
    encoding = found.get("e", "utf8")
    if name in LDAP:
        return ldap(name, base.decode64(salt), base.decode64(expected))
    template = read_template(found["pf"]) if name.endswith("-salted") and "pf" in found else ALONE
    return Digest(base.decode64(expected), name.removesuffix("-salted"), base.decode64(salt), template, encoding)


def ldap(scheme: str, salt: bytes, expected: bytes) -> Digest:
    """A salted scheme of RFC 2307 and its kin."""
    return Digest(expected, LDAP[scheme], salt, SUFFIX, scheme=scheme)


def read_template(text: str) -> str:
    """prefix, suffix, or base64 of a text with {SALT} and {PASSWORD}."""
    if text in POSITIONS:
        return POSITIONS[text]
    try:
        return base.decode64(text).decode()
    except UnicodeDecodeError as error:
        raise Malformed("The salting template of this hash is not text.") from error


def accept(text: str, name: str | None, options: base.Options) -> Digest:
    """A digest in hex or base64, with its salt in the options."""
    digest = _digest(name or "", options)
    expected = base.decode(text, options.choice("encoding", base.ENCODINGS, "hex"))
    encoding = options.choice("password_encoding", base.PASSWORD_ENCODINGS, "utf8")
    if "salt" not in options:
        return Digest(expected, digest, encoding=encoding)
    salt = options.decoded("salt", options.choice("salt_encoding", base.SALT_ENCODINGS, "utf8"))
    position = options.choice("salt_position", ("prefix", "suffix", "postfix"), "prefix")
    return Digest(expected, digest, salt, POSITIONS[position.replace("postfix", "suffix")], encoding)


def _digest(name: str, options: base.Options) -> str:
    if name in base.DIGESTS:
        return name
    return options.choice("version", VERSIONS, "sha256")
