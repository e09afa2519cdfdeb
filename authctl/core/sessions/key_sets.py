"""Sets of public keys (JWKS, RFC 7517 §5) of a directory, as other programs read them to verify its JWTs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from authctl.core.sessions import jwts
from authctl.core.values import json_objects
from authctl.model import Json, JwtAlgorithm, SigningKey

MAX_SIZE = 65_536  # bytes; a key has some 150
MAX_KEYS = 100
MAX_ID = 128  # characters
SHAPES = {  # what the key itself must be, so that no other kind is ever tried with an algorithm
    JwtAlgorithm.EDDSA: ("OKP", "Ed25519", ("x",)),  # RFC 8037 §2
    JwtAlgorithm.ES256: ("EC", "P-256", ("x", "y")),  # RFC 7518 §6.2.1
}
_EPOCH = datetime.fromtimestamp(0, UTC)


def read(text: bytes | str) -> dict[str, SigningKey]:
    """The keys of a set in JSON, by their ids. Raises ValueError for what is none."""
    if len(text) > MAX_SIZE:
        raise ValueError(f"it has more than {MAX_SIZE:,} bytes")
    try:
        found = json.loads(text, object_pairs_hook=json_objects.unique)
    except RecursionError:
        raise ValueError("it is not JSON") from None
    return keys(found)


def keys(found: object) -> dict[str, SigningKey]:
    """The same of a set that is parsed. Keys that cannot be of a directory are left out."""
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise ValueError(f"it is not a set of up to {MAX_KEYS} keys")
    read = [key for key in map(_key, listed) if key is not None]
    by_id = {key.id: key for key in read}
    if len(by_id) < len(read):
        raise ValueError("two of its keys have one id")
    return by_id


def _key(jwk: object) -> SigningKey | None:
    """A key that signs as a directory does, with its public half alone; None for any other."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    id, algorithm = jwk.get("kid"), _algorithm(jwk)
    if algorithm is None or not isinstance(id, str) or not 0 < len(id) <= MAX_ID:
        return None
    kind, curve, numbers = SHAPES[algorithm]
    public: Json = {"kty": kind, "crv": curve} | {name: jwk.get(name) for name in numbers}
    key = SigningKey(id, str(algorithm), public, None, _EPOCH)
    return key if jwts.is_key(key) else None


def _algorithm(jwk: dict[str, Any]) -> JwtAlgorithm | None:
    shape = (jwk.get("kty"), jwk.get("crv"))
    return next((each for each in SHAPES if jwk.get("alg") == str(each) and shape == SHAPES[each][:2]), None)
