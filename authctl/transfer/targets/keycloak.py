"""Keycloak's users for a realm's partial import: credentials are JSON in texts, attributes lists of texts."""

from __future__ import annotations

from typing import ClassVar

from authctl.core.crypto import otp
from authctl.core.hashing import argon2, pbkdf2
from authctl.core.hashing.base import StoredHash
from authctl.model import Json, milliseconds
from authctl.storage.connection import encode_json
from authctl.transfer.records import ImportedTotp
from authctl.transfer.targets import Leaving, Lose, Target, hashes, parts

_PBKDF2 = {"sha1": "pbkdf2", "sha256": "pbkdf2-sha256", "sha512": "pbkdf2-sha512"}
_VERSIONS = {16: "1.0", 19: "1.3"}


class Keycloak(Target):
    file = "a Keycloak file"
    system = "Keycloak"
    holds = parts(
        "id username name email email_verified phone phone_verified locale status must_change totp identities"
        " memberships created_at"
    )
    reasons: ClassVar = {
        "username": "Keycloak keeps usernames in lower case",
        "memberships": "Keycloak identifies groups by name, which must be unique and without a slash",
    }
    frame = ('{"users":[\n', "")
    between = ",\n"

    def __init__(self, *given: object, **more: bool) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self._groups: dict[str, str | None] = {}  # the team of each

    def end(self, users: int) -> str:
        groups = [{"name": name, "path": f"/{name}"} for name in self._groups]
        return f'\n],"groups":{encode_json(groups)}}}\n'

    def record(self, leaving: Leaving, lose: Lose) -> str:
        user = leaving.user
        username = (leaving.login or user.id).lower()
        if user.username and username != user.username:
            lose("username")  # in lower case only
        first, _, last = user.name.rpartition(" ")
        shape: Json = {
            "id": user.id,
            "username": username,
            "enabled": not leaving.is_blocked,
            "emailVerified": user.email_verified,
            "createdTimestamp": milliseconds(user.created_at),
            "firstName": first or last,
            "lastName": last if first else "",
            "credentials": self._credentials(leaving, lose),
            "requiredActions": ["UPDATE_PASSWORD"] if user.password and user.password.must_change else [],
            "federatedIdentities": [
                {
                    "identityProvider": linked.provider,
                    "userId": linked.provider_uid,
                    "userName": linked.email or linked.provider_uid,
                }
                for linked in leaving.identities
            ],
        }
        if groups := self._groups_of(leaving, lose):
            shape["groups"] = groups
        if user.email:
            shape["email"] = user.email
        attributes: Json = {"locale": [user.locale]} if user.locale else {}
        if user.phone:
            verified = "true" if user.phone_verified else "false"
            attributes |= {"phoneNumber": [user.phone], "phoneNumberVerified": [verified]}
        if attributes:
            shape["attributes"] = attributes
        return encode_json(shape)

    def _groups_of(self, leaving: Leaving, lose: Lose) -> list[str]:
        """The paths of groups that are called as the teams."""
        found = []
        for member in leaving.memberships:
            if "/" in member.name or self._groups.setdefault(member.name, member.team) != member.team:
                lose("memberships")
            else:
                found.append(f"/{member.name}")
        return found

    def _credentials(self, leaving: Leaving, lose: Lose) -> list[Json]:
        password, set_at = self.password(leaving, lose), leaving.user.password
        found = [_totp(totp) for totp in leaving.totp]
        if password is None or set_at is None:
            return found
        return [{"type": "password", "createdDate": milliseconds(set_at.updated_at)} | password, *found]

    def spell(self, found: StoredHash) -> Json | None:
        match found:
            case argon2.Argon2():
                cost = found.parameters
                additional = {
                    "type": [found.kind],
                    "version": [_VERSIONS[found.version]],
                    "memory": [str(cost.memory_cost)],
                    "parallelism": [str(cost.parallelism)],
                    "hashLength": [str(cost.tag_size)],
                }
                return _hash(found.expected, found.salt, cost.time_cost, "argon2", additional)
            case pbkdf2.Pbkdf2(digest=digest) if digest in _PBKDF2:
                return _hash(found.expected, found.salt, found.iterations, _PBKDF2[digest], {})
        return None


def _hash(expected: bytes, salt: bytes, iterations: int, algorithm: str, additional: Json) -> Json:
    secret = {"value": hashes.base64(expected), "salt": hashes.base64(salt), "additionalParameters": {}}
    data = {"hashIterations": iterations, "algorithm": algorithm, "additionalParameters": additional}
    return {"secretData": encode_json(secret), "credentialData": encode_json(data)}


def _totp(totp: ImportedTotp) -> Json:
    data = {
        "subType": "totp",
        "digits": totp.digits,
        "counter": 0,
        "period": totp.period,
        "algorithm": f"Hmac{totp.algorithm}",
        "secretEncoding": "BASE32",
    }
    return {
        "type": "otp",
        "userLabel": totp.name,
        "secretData": encode_json({"value": otp.base32(totp.secret)}),
        "credentialData": encode_json(data),
    }


TARGET = Keycloak
