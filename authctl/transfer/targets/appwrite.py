"""Appwrite's users, as `GET /v1/users` answers; hash, hashOptions and password are those of its POST /users/HASH."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from authctl.core.hashing import argon2, bcrypt, digests, firebase, phpass, scrypt
from authctl.core.hashing.base import StoredHash
from authctl.model import Json, instant
from authctl.storage.connection import encode_json
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}")
_FIXED = (14, 8)  # mem_cost and rounds, which Appwrite's modified scrypt does not read from anywhere


class Appwrite(Target):
    file = "an Appwrite user list"
    system = "Appwrite"
    holds = parts(
        "id name email email_verified phone phone_verified status labels prefs mfa created_at last_sign_in_at"
    )
    reasons: ClassVar = {"id": "Appwrite takes ids of 36 letters, digits, dots, dashes and underscores"}
    between = ",\n"

    def start(self) -> str:
        return '{"users":[\n'

    def end(self, users: int) -> str:
        return f'\n],"total":{users}}}\n'

    def record(self, leaving: Leaving, lose: Lose) -> str:
        user = leaving.user
        if not _ID.fullmatch(user.id):
            lose("id")
        password, hash, options = self.password(leaving, lose) or ("", "", {})
        return encode_json(
            {
                "$id": user.id,
                "$createdAt": _time(user.created_at),
                "$updatedAt": _time(user.updated_at),
                "name": user.name,
                "password": password,
                "hash": hash,
                "hashOptions": options,
                "registration": _time(user.created_at),
                "status": not leaving.is_blocked,
                "labels": list(user.labels),
                "passwordUpdate": _time(user.password.updated_at) if password and user.password else "",
                "email": user.email or "",
                "phone": user.phone or "",
                "emailVerification": user.email_verified,
                "phoneVerification": user.phone_verified,
                "mfa": user.mfa,
                "prefs": user.prefs,
                "targets": [],
                "accessedAt": _time(user.last_sign_in_at) if user.last_sign_in_at else "",
            }
        )

    def spell(self, found: StoredHash) -> tuple[str, str, Json] | None:
        match found:
            case argon2.Argon2(kind="i" | "id"):
                return str(found), "argon2", {"type": "argon2"}
            case bcrypt.Bcrypt(digest=""):
                return str(found), "bcrypt", {"type": "bcrypt"}
            case phpass.Phpass(mark="P"):
                return str(found), "phpass", {"type": "phpass"}
            case digests.Digest(digest="md5") if hashes.is_bare(found):
                return found.expected.hex(), "md5", {"type": "md5"}
            case digests.Digest() if hashes.is_bare(found):
                version = found.digest.replace("sha512-", "sha512/")
                return found.expected.hex(), "sha", {"type": "sha", "version": version}
            case scrypt.Scrypt():
                return _scrypt(found)
            case firebase.FirebaseScrypt() if (found.mem_cost, found.rounds) == _FIXED:
                return _firebase(found)
        return None


def _scrypt(found: scrypt.Scrypt) -> tuple[str, str, Json] | None:
    salt = hashes.text_of(found.salt)
    if not salt:
        return None
    options = {
        "type": "scrypt",
        "salt": salt,
        "costCpu": found.n,
        "costMemory": found.block,
        "costParallel": found.parallel,
        "length": len(found.expected),
    }
    return found.expected.hex(), "scrypt", options


def _firebase(found: firebase.FirebaseScrypt) -> tuple[str, str, Json]:
    options = {
        "type": "scryptMod",
        "salt": hashes.base64(found.salt),
        "saltSeparator": hashes.base64(found.separator),
        "signerKey": hashes.base64(found.signer_key),
    }
    return hashes.base64(found.expected), "scryptMod", options


def _time(time: datetime) -> str:
    """With its offset, as Appwrite has it."""
    return (instant(time) or "").replace("Z", "+00:00")


TARGET = Appwrite
