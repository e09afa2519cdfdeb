"""Our own file: JSON Lines, a user a line, from which everything comes back the same.

The names are those of the public shape; `password` is there only with --with-hashes, `totp` only with --with-secrets.
"""

from __future__ import annotations

from base64 import b32encode
from typing import Any

from authctl.model import Json, instant
from authctl.storage.tables import encode_json
from authctl.transfer.records import ImportedTotp, Linked
from authctl.transfer.targets import Leaving, Lose, Target, parts

HOLDS = parts(
    "id username name email email_verified phone phone_verified status blocked_until labels"
    " prefs metadata mfa must_change totp identities created_at last_sign_in_at"
)


class Authctl(Target):
    file = "a file of authctl"
    system = "authctl"
    holds = HOLDS

    def record(self, leaving: Leaving, lose: Lose) -> str:
        return encode_json(self.shape(leaving)) + "\n"

    def shape(self, leaving: Leaving) -> Json:
        """The user with everything that goes along."""
        user = leaving.user
        shape: dict[str, Any] = {
            "id": user.id,
            "username": user.username,
            "name": user.name,
            "email": user.email,
            "email_verified": user.email_verified,
            "phone": user.phone,
            "phone_verified": user.phone_verified,
            "status": str(user.status),
            "blocked_until": instant(user.blocked_until),
            "labels": list(user.labels),
            "prefs": user.prefs,
            "metadata": user.metadata,
            "mfa": user.mfa,
        }
        if self.with_hashes:
            shape["password"] = _password(leaving)
        if self.with_secrets:
            shape["totp"] = [_totp(totp) for totp in leaving.totp]
        return shape | {
            "identities": [_identity(linked) for linked in leaving.identities],
            "created_at": instant(user.created_at),
            "updated_at": instant(user.updated_at),
            "last_sign_in_at": instant(user.last_sign_in_at),
        }


def _password(leaving: Leaving) -> Json | None:
    password = leaving.user.password
    if password is None:
        return None
    return {
        "hash": leaving.hash,
        "algorithm": password.algorithm,
        "updated_at": instant(password.updated_at),
        "must_change": password.must_change,
    }


def _totp(totp: ImportedTotp) -> Json:
    return {
        "name": totp.name,
        "secret": b32encode(totp.secret).decode().rstrip("="),
        "algorithm": totp.algorithm,
        "digits": totp.digits,
        "period": totp.period,
    }


def _identity(linked: Linked) -> Json:
    return {
        "provider": linked.provider,
        "provider_uid": linked.provider_uid,
        "email": linked.email,
        "created_at": instant(linked.created_at),
    }


TARGET = Authctl
