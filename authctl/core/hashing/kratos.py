"""What Ory Kratos stores: PHC forms with meanings of its own, and templates for salted digests."""

from __future__ import annotations

from authctl.core.hashing import base, digests, hmacs, pbkdf2, registry, scrypt
from authctl.core.hashing.base import Malformed

DIGESTS = ("md5", "sha1", "sha256", "sha512")


def accept(text: str, name: str | None, options: base.Options) -> base.StoredHash:
    """Its `ln` of scrypt is N itself, and its sha224 and sha384 of PBKDF2 are SHA-3."""
    if text.startswith("$scrypt$"):
        return scrypt.read_phc(text, kratos=True)
    if text.startswith("$pbkdf2"):
        return pbkdf2.read_modular(text, named=True, sha3=True)
    if text.startswith("$hmac-"):
        return _hmac(text)
    fields = text.split("$")
    if len(fields) > 1 and fields[1] in DIGESTS:
        return _digest(fields)
    if name is None:
        raise Malformed("Not a Kratos hash: $sha256$pf=…$salt$hash or $hmac-sha256$hash$key.")
    return registry.accept(text, None, {})


def _digest(fields: list[str]) -> digests.Digest:
    """`$md5$hash`, or `$sha256$pf=template$salt$hash`."""
    if len(fields) == 3:
        return digests.Digest(base.decode64(fields[2]), fields[1])
    if len(fields) != 5 or not fields[2].startswith("pf="):
        raise Malformed(f"Not a Kratos digest: ${fields[1]}$pf=…$salt$hash.")
    template = digests.read_template(fields[2].removeprefix("pf="))
    return digests.Digest(base.decode64(fields[4]), fields[1], base.decode64(fields[3]), template)


def _hmac(text: str) -> hmacs.Hmac:
    """`$hmac-sha256$hash$key`, where hash is base64 of the hexadecimal text."""
    fields = text.split("$")
    if len(fields) != 4:
        raise Malformed("Not a Kratos HMAC: $hmac-sha256$hash$key.")
    try:
        digest = base.decode_hex(base.decode64(fields[2]).decode("ascii"))
    except UnicodeDecodeError as error:
        raise Malformed("A Kratos HMAC must be base64 of hexadecimal text.") from error
    return hmacs.Hmac(digest, fields[1].removeprefix("hmac-"), base.decode64(fields[3]))
