"""What Keycloak exports of a password: the value of `secretData`, with salt and costs as options."""

from __future__ import annotations

from authctl.core.hashing import argon2, base, pbkdf2, registry
from authctl.core.hashing.base import Option
from authctl.core.hashing.parameters import Parameters

DIGESTS = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}
VERSIONS = {"1.0": 16, "1.3": 19}

OPTIONS = (
    Option("algorithm", f"one of {', '.join(DIGESTS)}, argon2"),
    Option("salt", "base64"),
    Option("iterations", "hashIterations", ("hashIterations",)),
    Option("type", "variant of argon2: id (default), i or d"),
    Option("version", "argon2's: 1.3 (default) or 1.0"),
    Option("memory", "memory of argon2, in KiB"),
    Option("parallelism", "argon2's"),
    Option("length", "length of argon2's hash in bytes; checked if given", ("hashLength",)),
)


def accept(text: str, name: str | None, options: base.Options) -> base.StoredHash:
    """A provider from outside may have put a hash that names itself in the value."""
    if text.startswith("$"):
        return registry.accept(text, None, {})
    algorithm = options.choice("algorithm", (*DIGESTS, "argon2"))
    salt, expected = options.decoded("salt", "base64"), base.decode64(text)
    iterations = options.whole("iterations")
    if algorithm != "argon2":
        return pbkdf2.Pbkdf2(expected, DIGESTS[algorithm], iterations, salt)
    if options.whole("length", len(expected)) != len(expected):
        raise base.Malformed("This argon2 hash has another length than its option says.")
    kind = options.choice("type", ("id", "i", "d"), "id")
    version = VERSIONS[options.choice("version", tuple(VERSIONS), "1.3")]
    memory, lanes = options.whole("memory"), options.whole("parallelism")
    return argon2.Argon2(expected, kind, version, Parameters(iterations, memory, lanes, len(expected)), salt)
