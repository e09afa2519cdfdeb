"""Supabase's auth.users as CSV, for `\\copy auth.users (…) from FILE csv header` with the columns of the first line.

An empty cell is NULL and a quoted empty one is empty text, as Postgres reads CSV: GoTrue does not start on tokens that
are NULL. Identities and factors are tables of their own there.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import ClassVar

from authctl.core.hashing import argon2, bcrypt, firebase
from authctl.core.hashing.base import StoredHash
from authctl.model import Json, User, instant
from authctl.storage.connection import encode_json
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_URL_NAMESPACE = bytes.fromhex("6ba7b8119dad11d180b400c04fd430c8")  # RFC 9562 §6.6
_FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)
MAX_HASH = 255  # characters; the column is varchar(255)
MAX_TIME = 20  # of argon2; GoTrue stops there

_TOKENS = (
    "confirmation_token",
    "recovery_token",
    "email_change_token_new",
    "email_change",
    "phone_change",
    "phone_change_token",
    "email_change_token_current",
    "reauthentication_token",
)
_NAMES = ("full_name", "name", "display_name")  # in the user's data, where others look for a name


class Supabase(Target):
    file = "Supabase's auth.users"
    system = "Supabase"
    holds = parts(
        "id name email email_verified phone phone_verified status blocked_until prefs metadata created_at"
        " last_sign_in_at"
    )
    reasons: ClassVar = {
        "id": "Supabase's ids are UUIDs; each is derived from the id here and stays the same",
        "metadata": "Supabase uses `provider` and `providers` of app_metadata itself",
        "prefs": f"the name replaces {', '.join(_NAMES)} in user_metadata",
    }

    def start(self) -> str:
        return ",".join(_COLUMNS) + "\n"

    def record(self, leaving: Leaving, lose: Lose) -> str:
        cells = _cells(leaving, lose) | {"encrypted_password": self.password(leaving, lose) or ""}
        return ",".join(_cell(cells[column]) for column in _COLUMNS) + "\n"

    def spell(self, found: StoredHash) -> str | None:
        match found:
            case bcrypt.Bcrypt(digest="", minor="a" | "b" | "y"):
                return str(found)
            case argon2.Argon2() if hashes.is_common_argon2(found) and found.parameters.time_cost <= MAX_TIME:
                return _fitting(str(found))
            case firebase.FirebaseScrypt():
                return _fitting(_firebase(found))
        return None


def _firebase(found: firebase.FirebaseScrypt) -> str:
    separator, key = hashes.base64(found.separator), hashes.base64(found.signer_key)
    costs = f"v=1,n={found.mem_cost},r={found.rounds},p=1,ss={separator},sk={key}"
    return f"$fbscrypt${costs}${hashes.base64(found.salt)}${hashes.base64(found.expected)}"


def _fitting(hash: str) -> str | None:
    return hash if len(hash) <= MAX_HASH else None


def _cells(leaving: Leaving, lose: Lose) -> dict[str, str | None]:
    user = leaving.user
    if not _UUID.fullmatch(user.id):
        lose("id")
    ban = (user.blocked_until or _FOR_EVER) if leaving.is_blocked else None
    return dict.fromkeys(_TOKENS, "") | {
        "instance_id": "00000000-0000-0000-0000-000000000000",
        "id": user.id if _UUID.fullmatch(user.id) else uuid_of(user.id),
        "aud": "authenticated",
        "role": "authenticated",
        "email": user.email,
        # Whether an address is verified is known here, and not since when.
        "email_confirmed_at": instant(user.created_at) if user.email_verified else None,
        "last_sign_in_at": instant(user.last_sign_in_at),
        "raw_app_meta_data": encode_json(_app_data(leaving, lose)),
        "raw_user_meta_data": encode_json(_user_data(user, lose)),
        "created_at": instant(user.created_at),
        "updated_at": instant(user.updated_at),
        "phone": user.phone and user.phone.removeprefix("+"),
        "phone_confirmed_at": instant(user.created_at) if user.phone_verified else None,
        "banned_until": instant(ban),
        "is_sso_user": "false",
        "is_anonymous": "false",
    }


_COLUMNS = (
    "instance_id", "id", "aud", "role", "email", "encrypted_password", "email_confirmed_at", *_TOKENS,
    "last_sign_in_at", "raw_app_meta_data", "raw_user_meta_data", "created_at", "updated_at", "phone",
    "phone_confirmed_at", "banned_until", "is_sso_user", "is_anonymous",
)  # fmt: skip


def uuid_of(id: str) -> str:
    """A UUID in the place of an id that is none: version 5 of RFC 9562 of `authctl:ID`, so always the same."""
    digest = hashlib.sha1(_URL_NAMESPACE + f"authctl:{id}".encode(), usedforsecurity=False).digest()
    octets = bytearray(digest[:16])
    octets[6], octets[8] = octets[6] & 0x0F | 0x50, octets[8] & 0x3F | 0x80
    text = octets.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _app_data(leaving: Leaving, lose: Lose) -> Json:
    """The operators' data, with how the person signs in; GoTrue wants that said."""
    user = leaving.user
    if {"provider", "providers"} & set(user.metadata):
        lose("metadata")
    own = [name for name, value in (("email", user.email), ("phone", user.phone)) if value]
    providers = [*own, *dict.fromkeys(linked.provider for linked in leaving.identities)] or ["email"]
    return user.metadata | {"provider": providers[0], "providers": providers}


def _user_data(user: User, lose: Lose) -> Json:
    if set(_NAMES) & set(user.prefs):
        lose("prefs")
    return user.prefs | ({"full_name": user.name} if user.name else {})


def _cell(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


TARGET = Supabase
