"""PBKDF2 with SHA-1, SHA-2 and SHA-3, as passlib and Auth0 write it, and bare with its options.

Stored as `$authctl$pbkdf2-DIGEST$i=ITERATIONS$salt$key`: the same `$pbkdf2-sha384$…` means SHA-384 to most and SHA3-384
to Kratos, so no form of others' says everything.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from authctl.core.hashing import base
from authctl.core.hashing.base import Malformed, Option, Strength, TooCostly, Unnamed

MAX_WORK = 10_000_000  # iterations × blocks; 2.5 s
HEAVY_WORK = 3_000_000  # iterations × blocks; 0.7 s
# The iterations that OWASP asks for; a digest that it does not name is measured by SHA-256's.
STRONG_ITERATIONS = {"sha1": 1_300_000, "sha512": 210_000}
STRONG_OTHERWISE = 600_000
MAX_KEY = 512  # bytes; 389-DS derives 256
NAMES = tuple(name for name in base.DIGESTS if name not in ("md5", "sha512-224", "sha512-256"))
TWO_MEANINGS = ("sha224", "sha384")  # SHA-3 to Kratos, SHA-2 to everybody else

OPTIONS = (
    Option("digest", f"one of {', '.join(NAMES)}", ("version", "algorithm")),
    Option("iterations", "length in bytes", ("iterationCount", "i")),
    Option("salt", "the salt"),
    base.SALT_ENCODING,
    base.ENCODING,
)


@dataclass(frozen=True, slots=True, repr=False)
class Pbkdf2(base.StoredHash):
    digest: str
    iterations: int
    salt: bytes

    def __post_init__(self) -> None:
        base.check_digest(self.digest, NAMES)
        if self.iterations < 1:
            raise Malformed("The iterations of this PBKDF2 hash must be at least 1.")
        base.check_size(self.salt, 0, base.MAX_SALT_SIZE, "PBKDF2 salt")
        base.check_size(self.expected, 16, MAX_KEY, "PBKDF2 key")
        if self.iterations * self._blocks > MAX_WORK:
            raise TooCostly(f"The iterations of this PBKDF2 hash are above {MAX_WORK}, which is not supported.")

    def __str__(self) -> str:
        salt, expected = base.encode64(self.salt), base.encode64(self.expected)
        return f"{base.OWN}{self.algorithm}$i={self.iterations}${salt}${expected}"

    @property
    def algorithm(self) -> str:
        return f"pbkdf2-{self.digest}"

    @property
    def is_heavy(self) -> bool:
        return self.iterations * self._blocks > HEAVY_WORK

    @property
    def _blocks(self) -> int:
        return -(-len(self.expected) // base.DIGESTS[self.digest][1])

    @property
    def strength(self) -> Strength:
        enough = STRONG_ITERATIONS.get(self.digest, STRONG_OTHERWISE)
        return Strength.STRONG if self.iterations >= enough else Strength.LEGACY

    def compute(self, password: str) -> bytes:
        algorithm = base.DIGESTS[self.digest][0]
        return hashlib.pbkdf2_hmac(algorithm, base.octets(password), self.salt, self.iterations, len(self.expected))


def parse(stored: str) -> Pbkdf2:
    fields = stored.removeprefix(f"{base.OWN}pbkdf2-").split("$")
    if len(fields) != 4 or not fields[1].startswith("i="):
        raise Malformed("This stored PBKDF2 hash is damaged.")
    return build(fields[0], fields[1].removeprefix("i="), base.decode64(fields[2]), base.decode64(fields[3]))


def build(digest: str, iterations: str, salt: bytes, expected: bytes) -> Pbkdf2:
    return Pbkdf2(expected, digest, base.number(iterations, "PBKDF2 iterations"), salt)


def accept(text: str, name: str | None, options: base.Options) -> Pbkdf2:
    """passlib's and Auth0's forms, `pbkdf2_DIGEST$iterations$salt$key`, or a bare key with its options."""
    if text.startswith("$"):
        found = read_modular(text, named=name is not None)
    elif "$" in text:
        found = _underscored(text, options)
    else:
        return _bare(text, name, options)
    _check_name(found, name)
    return found


def read_modular(text: str, *, named: bool, sha3: bool = False) -> Pbkdf2:
    """`$pbkdf2-sha256$29000$salt$key` and `$pbkdf2-sha256$i=…,l=…$salt$key`; sha3: read as Kratos does."""
    fields = text.split("$")
    if len(fields) != 5 or not fields[1].startswith("pbkdf2"):
        raise Malformed("Not a PBKDF2 hash: $pbkdf2-sha256$i=…,l=…$salt$hash.")
    digest = fields[1].removeprefix("pbkdf2").removeprefix("-") or "sha1"
    if digest in TWO_MEANINGS and sha3:
        digest = f"sha3-{digest.removeprefix('sha')}"
    elif digest in TWO_MEANINGS and not named:
        raise Unnamed(f"{digest} means SHA-3 in Kratos and SHA-2 elsewhere. Name the hash kratos or pbkdf2.")
    expected = base.decode64(fields[4])
    costs = base.pairs(fields[2], "PBKDF2") if "=" in fields[2] else {"i": fields[2]}
    if "i" not in costs or costs.keys() - {"i", "l"}:
        raise Malformed("This PBKDF2 hash must have the parameter i and may have l.")
    if "l" in costs and base.number(costs["l"], "PBKDF2 length") != len(expected):
        raise Malformed("This PBKDF2 hash has another length than it says.")
    return build(digest, costs["i"], base.decode64(fields[3]), expected)


def _underscored(text: str, options: base.Options) -> Pbkdf2:
    """Clerk's form looks like Django's, but encodes its salt, and sometimes its key, in other ways."""
    fields = text.split("$")
    if len(fields) != 4 or not fields[0].startswith("pbkdf2_"):
        raise Malformed("Not a PBKDF2 hash: pbkdf2_sha256$iterations$salt$hash.")
    salt_encoding = options.choice("salt_encoding", base.SALT_ENCODINGS, "utf8")
    encoding = options.choice("encoding", base.ENCODINGS, "base64")
    salt, expected = base.decode(fields[2], salt_encoding), base.decode(fields[3], encoding)
    return build(fields[0].removeprefix("pbkdf2_"), fields[1], salt, expected)


def _bare(text: str, name: str | None, options: base.Options) -> Pbkdf2:
    digest = (name or "").removeprefix("pbkdf2").removeprefix("-") or options.choice("digest", NAMES)
    salt_encoding = options.choice("salt_encoding", base.SALT_ENCODINGS, "utf8")
    expected = base.decode(text, options.choice("encoding", base.ENCODINGS, "hex"))
    return Pbkdf2(expected, digest, options.whole("iterations"), options.decoded("salt", salt_encoding))


def _check_name(found: Pbkdf2, name: str | None) -> None:
    if name not in (None, "pbkdf2", found.algorithm):
        raise Malformed(f"This is {found.algorithm}, not {name}.")
