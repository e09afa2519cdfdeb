"""JWTs: short proofs of a session, that other programs check with the public keys alone.

    no key ──first JWT──> live ──rotate──> retired ──an hour later──> purged
                          signs, verifies  verifies only

The newest live key signs. A retired key has lost its private half, and verifies until the longest JWT that it may
have signed has expired. The key decides which algorithm is taken; the header of a token only ever has to agree.

A token proves that the session lived when it was made. Whether it lives now is in the directory: `sessions` asks that
of the claims that `verify` answers with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.values import json_objects
from authctl.errors import Denied, Invalid
from authctl.model import (
    CLOCKS_DIFFER,
    EventName,
    Json,
    JsonObject,
    Jwt,
    JwtAlgorithm,
    JwtClaims,
    RandomBytes,
    Session,
    SigningKey,
    User,
    is_within,
)

if TYPE_CHECKING:
    from jwt import PyJWK

    from authctl.core.work.unit import Work

SHORTEST = timedelta(seconds=1)
DEFAULT = timedelta(minutes=15)
LONGEST = timedelta(hours=1)  # what a session's end takes to reach those who check the signature alone

# Other kinds of tokens never have this claim with this value, as RFC 8725 §3.12 asks. The header says plain `JWT`,
# not a type of our own, since verifiers in use refuse types that they do not know.
PURPOSE = {"token_use": "session"}

_MAX_SIZE = 8192  # characters; ours have some 400, and HTTP servers take headers of 8 KiB
_SHAPE = r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
_PRIVATE_KEY_SIZE = 32  # bytes; Ed25519's seed (RFC 8032 §5.1.5), and P-256's number
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SP 800-186 §3.2.1.3


# Making and checking


def create(
    work: Work,
    live_keys: Callable[[], list[SigningKey]],
    session: Session,
    user: User,
    *,
    duration: timedelta = DEFAULT,
) -> Jwt:
    """A JWT of a session that lives; it never outlives the session.

    live_keys: tells those that sign, the newest first. duration: from a second to an hour. The first JWT of a directory
    makes its signing key.
    """
    if not SHORTEST <= duration <= LONGEST:
        raise Invalid("general_argument_invalid", "The duration must be from 1 second to 1 hour.", field="duration")
    key = _signing_key(work, live_keys())
    issued = work.now.replace(microsecond=0)  # JWTs count whole seconds
    expires = min(issued + duration, session.expires_at.replace(microsecond=0))
    claims = {
        "iss": work.policy["jwt-issuer"],
        "sub": user.id,
        "sid": session.id,
        "iat": int(issued.timestamp()),
        "exp": int(expires.timestamp()),
        "jti": work.new_id(),
    }
    if audience := work.policy["jwt-audience"]:
        claims["aud"] = audience
    return Jwt(sign(key, _unsealed(work, key), claims), expires)


class Unverified(NamedTuple):
    """A JWT as it was taken apart: whoever has made it, and whatever it claims."""

    header: Json
    claims: Json
    signed: bytes
    signature: bytes

    @property
    def session_id(self) -> str:
        """Of the session that it claims to be of; empty where it claims none."""
        claimed = self.claims.get("sid")
        return claimed if isinstance(claimed, str) and claimed.isascii() and "\0" not in claimed else ""


def parse(token: str) -> Unverified:
    """A JWT in the shape of ours, for `verify`. Raises Denied (user_jwt_invalid)."""
    if len(token) > _MAX_SIZE or not re.fullmatch(_SHAPE, token):
        raise _denied()
    signed, _, signature = token.rpartition(".")
    header, claims = signed.split(".")
    return Unverified(_object(_decode(header)), _object(_decode(claims)), signed.encode(), _decode(signature))


def verify(work: Work, token: Unverified, keys: Iterable[SigningKey], *, audience: str | None = None) -> JwtClaims:
    """What a JWT of ours says, to whom its session is still to be judged.

    keys: all that there are. audience: whom it must be for; without one, whom the policy says. Raises Denied
    (user_jwt_invalid), one answer for all that may be wrong.
    """
    return read(
        token,
        _kept(work, keys),
        issuer=work.policy["jwt-issuer"],
        audience=audience if audience is not None else work.policy["jwt-audience"],
        now=work.now,
    )


def sign(key: SigningKey, private_key: bytes, claims: Json) -> str:
    """The claims as a JWT of ours."""
    from jwt import PyJWS

    payload = json.dumps(PURPOSE | claims, separators=(",", ":"), ensure_ascii=False).encode()
    signer = PyJWS(algorithms=[key.algorithm])
    return signer.encode(payload, _jwk(key, private_key), algorithm=key.algorithm, headers=_header(key))


def read(
    token: Unverified, keys: Iterable[SigningKey], *, issuer: str, audience: str | None, now: datetime
) -> JwtClaims:
    """The claims of a JWT that one of the keys signed, for that audience, and that has not expired at that moment."""
    key = next((key for key in keys if token.header == _header(key)), None)
    if key is None or not _is_signed(token, key):
        raise _denied()
    claims = token.claims
    _check(claims, issuer=issuer, audience=audience or None, now=now)
    return JwtClaims(
        id=claims["jti"],
        user_id=claims["sub"],
        session_id=claims["sid"],
        issuer=issuer,
        audience=audience or None,
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        key_id=key.id,
    )


def _header(key: SigningKey) -> Json:
    """All that the header of our tokens says, and may say: nothing in it ever names another key or algorithm."""
    return {"alg": key.algorithm, "kid": key.id, "typ": "JWT"}


def _is_signed(token: Unverified, key: SigningKey) -> bool:
    """Whether the signature is the key's.

    Only that is PyJWT's to check: its own decoding reads claims by a clock of its own, and takes the last of two claims
    of one name.
    """
    public = _public_key(key.algorithm, tuple(key.public_jwk.items()))
    return public.Algorithm.verify(token.signed, public.key, token.signature)


def is_key(key: SigningKey) -> bool:
    """Whether its public half is a key: of whatever else says that it is one, no signature can be checked."""
    from jwt import PyJWTError

    if not all(isinstance(each, str) for each in key.public_jwk.values()):
        return False
    try:
        _public_key(key.algorithm, tuple(key.public_jwk.items()))
    except (PyJWTError, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _public_key(algorithm: str, jwk: tuple[tuple[str, Any], ...]) -> PyJWK:
    """The public half as PyJWT takes it, read once."""
    from jwt import PyJWK

    return PyJWK(dict(jwk), algorithm=str(JwtAlgorithm(algorithm)))


def _check(claims: Json, *, issuer: str, audience: str | None, now: datetime) -> None:
    """Refuse claims that are not for here and now. There is no leeway: the clock that counts is this one.

    A token from another host whose clock is ahead is good at once, so there is no `nbf`, and `iat` may lie ahead; one
    that ends further ahead than it may was made by a clock that was wrong.
    """
    texts = all(isinstance(claims.get(name), str) for name in ("sub", "sid", "jti"))
    times = all(type(claims.get(name)) is int for name in ("iat", "exp"))
    ours = all(claims.get(name) == value for name, value in (PURPOSE | {"iss": issuer, "aud": audience}).items())
    if not (texts and times and ours):
        raise _denied()
    seconds = LONGEST.total_seconds()
    latest = now.timestamp() + CLOCKS_DIFFER.total_seconds() + seconds
    if not 0 < claims["exp"] - claims["iat"] <= seconds or not now.timestamp() < claims["exp"] <= latest:
        raise _denied()


def _decode(segment: str) -> bytes:
    from base64 import urlsafe_b64decode

    try:
        return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise _denied() from None


def _object(octets: bytes) -> Json:
    """A JSON object in which every name stands once, so that no two readers of it can differ."""
    try:
        found = json.loads(octets.decode(), object_pairs_hook=json_objects.unique)
    except (ValueError, RecursionError):
        raise _denied() from None
    if not isinstance(found, dict):
        raise _denied()
    return found


def _denied() -> Denied:
    return Denied(
        "user_jwt_invalid",
        "The JWT is invalid or expired.",
        field="jwt",
        hint="Get a new one: authctl sessions create-jwt",
    )


# Keys


def jwks(work: Work) -> JsonObject:
    """The public keys, as other programs read them (RFC 7517): those that sign, and those whose JWTs still live."""
    return {"keys": [_public_jwk(key) for key in _kept(work, storage.signing_keys.list_all(work.db))]}


def rotate(work: Work, *, algorithm: JwtAlgorithm = JwtAlgorithm.EDDSA, forget: bool = False) -> SigningKey:
    """Sign with a new key from now on; the JWTs of the older ones are taken until they expire.

    forget: drop the older keys at once, and all their JWTs, as when others have got hold of one.
    """
    storage.state.lock_fingerprint(work.db)
    key = _new_key(work, algorithm)
    retired = storage.signing_keys.retire_before(work.db, key.id, work.now)
    forgotten = storage.signing_keys.purge(work.db, work.now if forget else work.now - LONGEST)
    details = {"algorithm": key.algorithm, "retired": retired, "purged": forgotten}
    work.record(EventName.SECURITY_KEYS_ROTATE, f"signing_keys/{key.id}", details)
    return key


def purge(work: Work) -> int:
    """Remove retired keys whose last JWT has expired; how many."""
    return len(storage.signing_keys.purge(work.db, work.now - LONGEST))


def _kept(work: Work, keys: Iterable[SigningKey]) -> list[SigningKey]:
    """Those whose JWTs may live yet."""
    return [key for key in keys if key.retired_at is None or is_within(key.retired_at + LONGEST, work.now, LONGEST)]


def _signing_key(work: Work, live: list[SigningKey]) -> SigningKey:
    """The newest live key; the first one is made here. Of two who make it at once, the second takes the first's."""
    if not live:
        storage.state.lock_fingerprint(work.db)
        live = storage.signing_keys.list_live(work.db) or [_new_key(work, JwtAlgorithm.EDDSA)]
    return live[0]


def _new_key(work: Work, algorithm: JwtAlgorithm) -> SigningKey:
    private_key, jwk = new_key_pair(algorithm, work.random)
    id = work.new_id()
    sealed = sealing.seal(work.key, private_key, context=_context(id), nonce=work.random(sealing.NONCE_SIZE))
    key = SigningKey(id, str(algorithm), jwk, sealed, work.now)
    storage.signing_keys.insert(work.db, key)
    work.record(EventName.SECURITY_KEYS_CREATE, f"signing_keys/{id}", {"algorithm": key.algorithm})
    return key


def new_key_pair(algorithm: JwtAlgorithm, random: RandomBytes) -> tuple[bytes, Json]:
    """A private key of 32 bytes, and its public half as a JWK."""
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm

    if algorithm is JwtAlgorithm.EDDSA:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        seed = random(_PRIVATE_KEY_SIZE)
        public_key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        return seed, OKPAlgorithm.to_jwk(public_key, as_dict=True)
    from cryptography.hazmat.primitives.asymmetric import ec

    number = _p256_number(random)
    public = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    return number.to_bytes(_PRIVATE_KEY_SIZE, "big"), ECAlgorithm.to_jwk(public, as_dict=True)


def _p256_number(random: RandomBytes) -> int:
    """A private key of P-256, each as likely as another: testing candidates, FIPS 186-5 §A.2.2."""
    while (candidate := int.from_bytes(random(_PRIVATE_KEY_SIZE), "big")) > _P256_ORDER - 2:
        pass
    return candidate + 1


def _context(id: str) -> str:
    return f"signing_keys/{id}"


def _unsealed(work: Work, key: SigningKey) -> bytes:
    assert key.sealed_private_key is not None
    return sealing.unseal(work.key, key.sealed_private_key, context=_context(key.id))


def _public_jwk(key: SigningKey) -> Json:
    return key.public_jwk | {"kid": key.id, "alg": key.algorithm, "use": "sig"}


def _jwk(key: SigningKey, private_key: bytes) -> PyJWK:
    """The key as PyJWT takes it, bound to its algorithm."""
    from base64 import urlsafe_b64encode

    from jwt import PyJWK

    private = {"d": urlsafe_b64encode(private_key).decode().rstrip("=")}
    return PyJWK(key.public_jwk | private, algorithm=str(JwtAlgorithm(key.algorithm)))
