"""The secret key, and all that is done with it: secrets at rest are sealed, short codes are digested.

    secret key ─┬─ fingerprint                what a database remembers of its key
                ├─ HKDF "authctl seal v1" ────── AES-256-GCM: private keys, authenticators, peppers, foreign hashes
                └─ HKDF "authctl digest PURPOSE v1" ─ HMAC-SHA256: codes too short for a plain digest

A sealed secret is one row of bytes, and says by itself what opens it:

    version (1 byte) │ key id (8: the key's fingerprint) │ nonce (12) │ ciphertext │ tag (16)

Its context, such as `signing_keys/ID`, is authenticated along with it, so that a sealed secret opens in its own row
and nowhere else. In a column of text it is `sealed:` and base64url.

Everything that is sealed is listed in `storage/sealed.py`: that list is what a new secret key is rolled out by.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from authctl.errors import AuthctlError, Invalid, Unavailable
from authctl.model import RandomBytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_SIZE = 32  # bytes

# Random nonces of 96 bits: NIST SP 800-38D §8.3 allows 2**32 of them under one key, which keeps the odds of two alike
# below 2**-32. Four thousand million seals are ten million users, each sealed four hundred times over; and a new
# secret key starts anew.
NONCE_SIZE = 12  # bytes

_VERSION = b"\x01"
_KEY_ID_SIZE = 8  # bytes
_HEADER_SIZE = len(_VERSION) + _KEY_ID_SIZE
_TAG_SIZE = 16  # bytes
TEXT_PREFIX = "sealed:"


def new_key(random: RandomBytes) -> bytes:
    return random(KEY_SIZE)


def fingerprint(key: bytes) -> str:
    """What a database remembers of its key: enough to tell a wrong one, nothing that helps to find it."""
    return hmac.digest(key, b"authctl key fingerprint v1", hashlib.sha256)[:_KEY_ID_SIZE].hex()


# Sealing


def seal(key: bytes, plaintext: bytes, *, context: str, nonce: bytes) -> bytes:
    """Encrypt a secret for the row that `context` names. nonce: 12 random bytes, never used again."""
    assert len(nonce) == NONCE_SIZE
    header = _VERSION + bytes.fromhex(fingerprint(key))
    return header + nonce + _cipher(key).encrypt(nonce, plaintext, header + context.encode())


def unseal(key: bytes, sealed: bytes, *, context: str) -> bytes:
    """The secret that was sealed for that row.

    Raises Invalid (general_key_mismatch) where another key sealed it, and Unavailable (general_secret_damaged) where
    it was changed, or comes from another row.
    """
    from cryptography.exceptions import InvalidTag

    if sealed[:1] != _VERSION or len(sealed) < _HEADER_SIZE + NONCE_SIZE + _TAG_SIZE:
        raise _damaged(context)
    header, nonce, rest = sealed[:_HEADER_SIZE], sealed[_HEADER_SIZE:][:NONCE_SIZE], sealed[_HEADER_SIZE + NONCE_SIZE :]
    if (wanted := header[1:].hex()) != fingerprint(key):
        raise _other_key(context, wanted, fingerprint(key))
    try:
        return _cipher(key).decrypt(nonce, rest, header + context.encode())
    except InvalidTag:
        raise _damaged(context) from None


def seal_text(key: bytes, text: str, *, context: str, nonce: bytes) -> str:
    """The same for a column of text."""
    from base64 import urlsafe_b64encode

    sealed = seal(key, text.encode(), context=context, nonce=nonce)
    return TEXT_PREFIX + urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal_text(key: bytes, sealed: str, *, context: str) -> str:
    """The text that was sealed for that row. Raises as `unseal` does."""
    from base64 import urlsafe_b64decode

    assert is_sealed_text(sealed)
    encoded = sealed.removeprefix(TEXT_PREFIX)
    try:
        octets = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        raise _damaged(context) from None
    return unseal(key, octets, context=context).decode()


def is_sealed_text(text: str) -> bool:
    return text.startswith(TEXT_PREFIX)


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_subkey(key, "seal"))


def _other_key(context: str, wanted: str, given: str) -> AuthctlError:
    return Invalid(
        "general_key_mismatch",
        f"{context} is sealed with the secret key {wanted}, but the key here is {given}.",
        field="secret_key",
        hint=f"Set secret_key_file or AUTHCTL_SECRET_KEY_FILE to the file with the key {wanted}.",
    )


def _damaged(context: str) -> AuthctlError:
    return Unavailable(
        "general_secret_damaged",
        f"The sealed secret of {context} does not open: it was changed or moved.",
        hint="Restore the row from a backup, or replace the secret.",
    )


# Digests


def digest(key: bytes, purpose: str, *parts: str | bytes) -> bytes:
    """What is stored of a short code: 32 bytes, of no help without the key.

    parts: the code, and all that it is bound to (user, kind, row); each is digested with its length, so that no two
    lists of parts are alike.
    """
    message = bytearray()
    for part in parts:
        octets = part.encode() if isinstance(part, str) else part
        message += len(octets).to_bytes(8, "big") + octets
    return hmac.digest(_subkey(key, f"digest {purpose}"), message, hashlib.sha256)


def _subkey(key: bytes, purpose: str) -> bytes:
    """A key for one purpose, by HKDF-SHA256 without salt (RFC 5869).

    A subkey as long as one digest takes two calls of HMAC, which saves loading a library where only codes are checked.
    """
    extracted = hmac.digest(bytes(32), key, hashlib.sha256)
    return hmac.digest(extracted, f"authctl {purpose} v1".encode() + b"\x01", hashlib.sha256)
