"""Firebase's users as `firebase auth:import users.json` reads them.

The hashes are good with the project's own hash parameters alone, which the import is told by its --hash-key and
--salt-separator; they are a secret, and not in the file. So it has hashes of one project: the first that comes.
"""

from __future__ import annotations

from datetime import datetime

from authctl.core.hashing import firebase
from authctl.core.hashing.base import StoredHash
from authctl.model import Json, milliseconds
from authctl.storage.connection import encode_json
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

MAX_CLAIMS = 1000  # characters of customAttributes
# Ours → Firebase's; the import refuses a whole file for any other.
PROVIDERS = {name: f"{name}.com" for name in ("google", "facebook", "twitter", "github", "apple", "microsoft", "yahoo")}


class Firebase(Target):
    file = "a file for Firebase"
    system = "Firebase"
    holds = parts(
        "id name email email_verified phone phone_verified status metadata identities created_at last_sign_in_at"
    )
    frame = ('{"users":[\n', "\n]}\n")
    between = ",\n"
    _project: tuple[object, ...] | None = None

    def record(self, leaving: Leaving, lose: Lose) -> str:
        user = leaving.user
        shape: Json = {"localId": user.id, "emailVerified": user.email_verified, "createdAt": _time(user.created_at)}
        if user.email:
            shape["email"] = user.email
        if user.name:
            shape["displayName"] = user.name
        if user.last_sign_in_at:
            shape["lastSignedInAt"] = _time(user.last_sign_in_at)
        if user.phone and user.phone_verified:
            shape["phoneNumber"] = user.phone
        elif user.phone:
            lose("phone")  # a phone is verified there, always
        if leaving.is_blocked:
            shape["disabled"] = True
        claims = encode_json(user.metadata)
        if len(claims) > MAX_CLAIMS:
            lose("metadata")
        elif user.metadata:
            shape["customAttributes"] = claims
        shape["providerUserInfo"] = _providers(leaving, lose)
        return encode_json(shape | (self.password(leaving, lose) or {}))

    def spell(self, found: StoredHash) -> Json | None:
        if not isinstance(found, firebase.FirebaseScrypt):
            return None
        project = (found.signer_key, found.separator, found.rounds, found.mem_cost)
        self._project = self._project or project
        if project != self._project:
            return None
        return {"passwordHash": hashes.base64(found.expected), "salt": hashes.base64(found.salt)}


def _providers(leaving: Leaving, lose: Lose) -> list[Json]:
    found = []
    for linked in leaving.identities:
        provider = linked.provider if linked.provider in PROVIDERS.values() else PROVIDERS.get(linked.provider)
        if provider is None:
            lose("identities")
            continue
        email = {"email": linked.email} if linked.email else {}
        found.append({"providerId": provider, "rawId": linked.provider_uid} | email)
    return found


def _time(time: datetime) -> str:
    """Milliseconds since the epoch, as text."""
    return str(milliseconds(time))


TARGET = Firebase
