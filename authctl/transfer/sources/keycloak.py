"""A realm or users file of Keycloak's `kc.sh export`. What is secret stands in JSON texts inside the JSON.

Authenticators: without `secretEncoding` the text itself is the key; with BASE32 it is the usual encoding of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from authctl.errors import Invalid
from authctl.transfer.records import ImportedTotp, Item, Linked, Member, Record, Secret
from authctl.transfer.sources import json_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import EVERY, ROLES, TRUE, Fields, NotAUser, Wrong, base32, wants_labels

TYPICAL = ("username", "createdTimestamp")
PHONES = ("phoneNumber", "phone_number", "mobile")
PHONES_VERIFIED = ("phoneNumberVerified", "phone_number_verified")
# What every realm gives to everybody, and the clients that Keycloak itself has.
ROLES_OF_ALL = ("offline_access", "uma_authorization")
OWN_CLIENTS = ("account", "account-console", "broker", "realm-management", "security-admin-console", "admin-cli")
# Their parameters of argon2 → our options.
ARGON2 = {
    "type": "type",
    "version": "version",
    "memory": "memory",
    "parallelism": "parallelism",
    "hashLength": "length",
}

OPTIONS = {
    **ROLES,
    "groups": "teams or labels: what becomes of the groups; none: leave them (default)",
}


class Keycloak(Base):
    name = "keycloak"
    in_folder = r"(.+)-users-[0-9]+\.json(?:\.gz)?"
    refs = ("id", "username")
    options = OPTIONS

    def recognises(self, head: bytes, name: str) -> bool:
        return b'"createdTimestamp"' in head or (b'"realm"' in head and b'"sslRequired"' in head) or _is_realm(head)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        groups = options.get("groups", "none")
        if groups not in ("teams", "labels", "none"):
            raise Invalid("general_argument_invalid", "groups must be teams, labels or none.", field="groups")
        mapping = _Mapping(wants_labels(options), groups)
        return self.items(json_files.rows(files[0], ("users",), TYPICAL), mapping.record, start)


SOURCE = Keycloak()


def _is_realm(head: bytes) -> bool:
    return b'"keycloakVersion"' in head


@dataclass
class _Mapping:
    roles: bool
    groups: str

    def record(self, values: Fields) -> Record:
        login = values.text("username")
        if _is_service_account(values, login):
            raise NotAUser("A service account: it belongs to a client, not to a person.")
        username, email = values.login(login, values.text("email"))
        enabled = values.truth("enabled")
        record = Record(
            id=values.text("id"),
            username=username,
            name=values.full_name("firstName", "lastName"),
            email=email,
            email_verified=values.truth("emailVerified"),
            blocked=None if enabled is None else not enabled,
            labels=values.labels(self._labels(values)) if self.roles or self.groups == "labels" else None,
            created_at=values.moment("createdTimestamp", timestamps.epoch_milliseconds),
            must_change="UPDATE_PASSWORD" in values.texts("requiredActions"),
            identities=[_linked(identity) for identity in values.objects("federatedIdentities")],
            members=_members(values) if self.groups == "teams" else [],
        )
        _add_attributes(record, values)
        _add_credentials(record, values)
        if values.text("federationLink") is not None and record.password is None:
            values.no_password("The password is in the directory that Keycloak federates, not in Keycloak.")
        return record

    def _labels(self, values: Fields) -> list[str]:
        found = [path.rpartition("/")[2] for path in values.texts("groups")] if self.groups == "labels" else []
        if self.roles:
            found += values.texts("realmRoles")
            clients = values.object("clientRoles") or {}
            for client in Fields(clients).given:
                found += Fields(clients).texts(client) if client not in OWN_CLIENTS else ()
        return [role for role in found if role not in ROLES_OF_ALL and not role.startswith("default-roles-")]


def _is_service_account(values: Fields, username: str | None) -> bool:
    links = values.first("serviceAccountClientId", "serviceAccountClientLink")
    return links is not None or (username or "").startswith("service-account-")


def _linked(identity: Fields) -> Linked:
    provider, uid = identity.text("identityProvider"), identity.text("userId")
    if provider is None or uid is None:
        raise Wrong("federatedIdentities", "A federated identity needs identityProvider and userId.")
    name = identity.text("userName") or ""
    return Linked(provider, uid, name if "@" in name else None)


def _members(values: Fields) -> list[Member]:
    """Groups are paths: /staff/editors."""
    return [Member(None, name) for path in values.texts("groups") if (name := path.strip("/"))]


def _add_attributes(record: Record, values: Fields) -> None:
    """Lists of texts; a phone among them is one by custom alone. The others are for operators."""
    attributes = {
        name: found[0] if isinstance(found, list) and len(found) == 1 else found
        for name, found in (values.object("attributes") or {}).items()
    }
    inner = Fields(attributes, values.notes)
    record.phone = inner.first(*PHONES)
    verified = inner.first(*PHONES_VERIFIED)
    record.phone_verified = verified.lower() in TRUE if verified and record.phone else None
    record.metadata = {key: value for key, value in attributes.items() if key not in (*PHONES, *PHONES_VERIFIED)}


def _add_credentials(record: Record, values: Fields) -> None:
    """One that is malformed costs itself, not the user."""
    for credential in values.objects("credentials", EVERY):
        type = credential.text("type")
        if type == "password":
            try:
                record.password = _secret(record, credential)
            except Wrong as wrong:
                values.no_password(f"The password is malformed: {wrong}")
            record.password_updated_at = credential.moment("createdDate", timestamps.epoch_milliseconds)
        elif type in ("otp", "totp"):
            try:
                _add_totp(record, credential)
            except Wrong as wrong:
                values.no_factor(f"An authenticator is malformed: {wrong}")
        else:
            values.no_factor(f"A credential of the type {text_files.ref(type)} is lost.")
    record.mfa = True if record.totp else None


def _secret(record: Record, credential: Fields) -> Secret:
    """In the form since version 8, in the one before, or in clear, as people write it into files by hand."""
    plain = credential.text("value")
    if plain is not None:
        record.must_change = record.must_change or bool(credential.truth("temporary"))
        return Secret(plain, is_plain=True)
    if credential.text("hashedSaltedValue") is not None:
        secret, data = credential, credential
        value = secret.text("hashedSaltedValue")
    else:
        secret, data = credential.inside("secretData"), credential.inside("credentialData")
        value = secret.text("value")
    if value is None:
        raise Wrong("credentials", "there is no value in it.")
    if value.startswith("$"):
        return Secret(value, "keycloak")  # of another provider, and says all by itself
    options = {
        "algorithm": data.text("algorithm"),
        "iterations": data.text("hashIterations"),
        "salt": secret.text("salt"),
    }
    if options["algorithm"] == "argon2":
        more = data.inside("additionalParameters")
        options |= {ours: (more.texts(theirs) or (None,))[0] for theirs, ours in ARGON2.items()}
    return Secret(value, "keycloak", {name: option for name, option in options.items() if option is not None})


def _add_totp(record: Record, credential: Fields) -> None:
    secret, data = credential.inside("secretData"), credential.inside("credentialData")
    value = secret.text("value")
    if value is None:
        raise Wrong("credentials", "there is no value in it.")
    if data.text("subType") == "hotp":
        credential.no_factor("A counter-based authenticator (HOTP) is lost: only time-based ones are known here.")
        return
    try:
        key = base32(value, "credentials") if data.text("secretEncoding") == "BASE32" else value.encode()
    except UnicodeEncodeError:
        raise Wrong("credentials", "its secret is not valid Unicode.") from None
    record.totp.append(
        ImportedTotp(
            key,
            name=credential.text("userLabel") or "",
            algorithm=(data.text("algorithm") or "HmacSHA1").removeprefix("Hmac"),
            digits=data.whole("digits") or 6,
            period=data.whole("period") or 30,
        )
    )
