"""Auth0's bulk import: an array of users, each with an email. Auth0 takes files of 500 kB, about a thousand users."""

from __future__ import annotations

import re
from typing import ClassVar

from authctl.core.crypto import otp
from authctl.core.hashing import argon2, base, bcrypt, digests, hmacs, pbkdf2, scrypt
from authctl.core.hashing.base import StoredHash
from authctl.model import Json
from authctl.storage.connection import encode_json
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

_DIGESTS = ("md5", "sha1", "sha256", "sha512")
_USUAL_TOTP = ("SHA1", 6, 30)
OWN = "auth0|"  # which the import puts before every id
_ELSEWHERE = re.compile(r"[a-z][a-z0-9-]*\|")  # how the ids of other connections begin: google-oauth2|, samlp|


class Auth0(Target):
    file = "an Auth0 bulk import"
    system = "Auth0"
    holds = parts("id username name email email_verified phone phone_verified status prefs metadata totp")
    reasons: ClassVar = {
        "id": "Auth0 imports database users, and gives new ids to those of another connection",
        "totp": "Auth0 imports only authenticators with SHA1, 6 digits and 30 seconds",
    }
    frame = ("[\n", "\n]\n")
    between = ",\n"

    def record(self, leaving: Leaving, lose: Lose) -> str | None:
        user = leaving.user
        if user.email is None:
            lose("user:email")
            return None
        shape: Json = {"email": user.email, "email_verified": user.email_verified}
        id = user.id.removeprefix(OWN)
        if _ELSEWHERE.match(id):
            lose("id")
        else:
            shape = {"user_id": id} | shape
        if user.username:
            shape["username"] = user.username
        if user.name:
            shape["name"] = user.name
        if user.phone:
            shape |= {"phone_number": user.phone, "phone_verified": user.phone_verified}
        if leaving.is_blocked:
            shape["blocked"] = True
        if user.prefs:
            shape["user_metadata"] = user.prefs
        if user.metadata:
            shape["app_metadata"] = user.metadata
        if factors := _factors(leaving, lose):
            shape["mfa_factors"] = factors
        return encode_json(shape | (self.password(leaving, lose) or {}))

    def spell(self, found: StoredHash) -> Json | None:
        match found:
            case bcrypt.Bcrypt(digest="", minor="a" | "b"):
                return {"password_hash": str(found)}
            case argon2.Argon2():
                return _custom("argon2", str(found))
            case pbkdf2.Pbkdf2(digest="sha1" | "sha256" | "sha512"):
                return _custom("pbkdf2", _phc(found))
            case scrypt.Scrypt():
                return _scrypt(found)
            case hmacs.Hmac(digest=digest) if digest in _DIGESTS:
                return _hmac(found)
            case digests.Digest(digest=digest, rounds=1) if digest in _DIGESTS:
                return _digest(found)
        return None


def _custom(algorithm: str, value: str, encoding: str = "utf8", **more: object) -> Json:
    return {"custom_password_hash": {"algorithm": algorithm, "hash": {"value": value, "encoding": encoding}, **more}}


def _password(encoding: str) -> Json:
    """How the password became bytes, where that is not the usual way."""
    return {} if encoding == "utf8" else {"password": {"encoding": encoding}}


def _phc(found: pbkdf2.Pbkdf2) -> str:
    salt, expected = base.encode64(found.salt), base.encode64(found.expected)
    return f"$pbkdf2-{found.digest}$i={found.iterations},l={len(found.expected)}${salt}${expected}"


def _scrypt(found: scrypt.Scrypt) -> Json:
    return _custom(
        "scrypt",
        hashes.base64(found.expected),
        "base64",
        salt={"value": hashes.base64(found.salt), "encoding": "base64"},
        keylen=len(found.expected),
        cost=found.n,
        blockSize=found.block,
        parallelization=found.parallel,
    )


def _hmac(found: hmacs.Hmac) -> Json:
    shape = _custom("hmac", hashes.base64(found.expected), "base64", **_password(found.encoding))
    key = {"value": hashes.base64(found.key), "encoding": "base64"}
    shape["custom_password_hash"]["hash"] |= {"digest": found.digest, "key": key}
    return shape


def _digest(found: digests.Digest) -> Json | None:
    position = hashes.salt_position(found)
    salt: Json = {}
    if position is not None:
        salt = {"salt": {"value": hashes.base64(found.salt), "encoding": "base64", "position": position}}
    elif found.template != digests.ALONE:
        return None
    return _custom(found.digest, found.expected.hex(), "hex", **salt, **_password(found.encoding))


def _factors(leaving: Leaving, lose: Lose) -> list[Json]:
    found = []
    for totp in leaving.totp:
        if (totp.algorithm, totp.digits, totp.period) == _USUAL_TOTP:
            found.append({"totp": {"secret": otp.base32(totp.secret)}})
        else:
            lose("totp")
    return found


TARGET = Auth0
