"""Users of Keycloak: a realm or users file of `kc.sh export`, or the list of its REST API, which has no credentials.

What is secret stands in JSON texts inside the JSON. Authenticators: without `secretEncoding` the text itself is the
key; with BASE32 it is the usual encoding of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from authctl.errors import Invalid
from authctl.transfer.records import ImportedTotp, Item, Linked, Member, Record, Secret
from authctl.transfer.sources import json_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import (
    EVERY,
    NOTHING,
    ROLES,
    TRUE,
    Fields,
    NotAUser,
    Wrong,
    base32,
    wants_labels,
)

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

# What the user is told to do there, of which nothing is left to do here.
DONE = ("UPDATE_PASSWORD", "VERIFY_EMAIL")
# Keycloak separates the names of groups with /, and writes a / in a name as ~/.
_SLASH = re.compile(r"(?<!~)/")

OPTIONS = {
    **ROLES,
    "groups": "teams or labels: import groups as these; none: ignore them (default)",
}


class Keycloak(Base):
    name = "keycloak"
    in_folder = r"(.+?)(?:-federated)?-users-[0-9]+\.json(?:\.gz)?"
    refs = ("id", "username")
    always = ("username",)
    # What Keycloak makes for whoever asks, and what only its own clients and sessions are about.
    ignored = frozenset(("access", "clientConsents", "notBefore", "origin", "self", "userProfileMetadata"))
    options = OPTIONS
    takes: Mapping[str, str] = {
        "realmRoles": "--source-option roles=labels",
        "clientRoles": "--source-option roles=labels",
        "groups": "--source-option groups=teams --teams",
    }

    def recognises(self, head: bytes, name: str) -> bool:
        return b'"createdTimestamp"' in head or (b'"realm"' in head and b'"sslRequired"' in head) or _is_realm(head)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        groups = options.get("groups", "none")
        if groups not in ("teams", "labels", "none"):
            raise Invalid(
                "general_argument_invalid", "Invalid --source-option groups: use teams, labels or none.", field="groups"
            )
        mapping = _Mapping(wants_labels(options), groups)
        return self.items(json_files.rows(files[0], ("users", "federatedUsers"), TYPICAL), mapping.record, start)

    def _check_shape(self, values: Any) -> None:
        if str(values.get("id")).startswith("f:"):
            raise NotAUser("The user is federated: the account is in the directory behind Keycloak.")
        super()._check_shape(values)


SOURCE = Keycloak()


def _is_realm(head: bytes) -> bool:
    return b'"keycloakVersion"' in head


@dataclass
class _Mapping:
    roles: bool
    groups: str

    def record(self, values: Fields) -> Record:
        login, address = values.text("username"), values.text("email")
        if _is_service_account(values, login):
            raise NotAUser("The account belongs to a service, not a person.")
        username, email = values.login(login, address)
        enabled, is_verified = values.truth("enabled"), values.truth("emailVerified")
        record = Record(
            id=values.text("id"),
            username=username,
            name=values.full_name("firstName", "lastName"),
            email=email,
            email_verified=is_verified if address else None,
            blocked=None if enabled is None else not enabled,
            labels=values.labels(self._labels(values)) if self.roles or self.groups == "labels" else None,
            created_at=values.moment("createdTimestamp", timestamps.epoch_milliseconds),
            must_change=_must_change(values),
            identities=_identities(values),
            members=_members(values) if self.groups == "teams" else [],
        )
        _add_attributes(record, values)
        _add_credentials(record, values)
        _tell_what_is_elsewhere(record, values)
        _ask_what_says_nothing(values)
        return record

    def _labels(self, values: Fields) -> list[str]:
        found = [_names(path)[-1] for path in values.texts("groups") if _names(path)] if self.groups == "labels" else []
        return [*found, *_roles(values)] if self.roles else found


def _roles(values: Fields) -> list[str]:
    """The roles of the realm and of its clients, without those that everybody has."""
    found = list(values.texts("realmRoles"))
    clients = values.object("clientRoles") or {}
    for client in clients:
        found += Fields(clients, values.notes).texts(client) if client not in OWN_CLIENTS else ()
    return [role for role in found if not _is_of_all(role)]


def _is_of_all(role: str) -> bool:
    return role in ROLES_OF_ALL or role.startswith("default-roles-")


def _ask_what_says_nothing(values: Fields) -> None:
    """Count as read the roles that everybody has, which are nothing to tell."""
    roles, clients = values.given.get("realmRoles"), values.given.get("clientRoles")
    if isinstance(roles, list) and all(isinstance(role, str) and _is_of_all(role) for role in roles):
        values.ask("realmRoles")
    if isinstance(clients, dict) and clients.keys() <= set(OWN_CLIENTS):
        values.ask("clientRoles")


def _is_service_account(values: Fields, username: str | None) -> bool:
    links = values.first("serviceAccountClientId", "serviceAccountClientLink")
    return links is not None or (username or "").startswith("service-account-")


def _must_change(values: Fields) -> bool:
    """Whether the password must be changed; other things that users are told to do there are lost."""
    actions = values.texts("requiredActions")
    for action in actions:
        if action not in DONE:
            values.left_out("requiredActions", action, "Only UPDATE_PASSWORD is supported.")
    return "UPDATE_PASSWORD" in actions


def _identities(values: Fields) -> list[Linked]:
    found = []
    for identity in values.objects("federatedIdentities"):
        provider, uid, name = (identity.text(each) for each in ("identityProvider", "userId", "userName"))
        if provider and uid:
            found.append(Linked(provider, uid, name if name and "@" in name else None))
        else:
            said = {"identityProvider": provider, "userId": uid, "userName": name}
            values.left_out("federatedIdentities", said, "An identity needs identityProvider and userId.")
    return found


def _members(values: Fields) -> list[Member]:
    """Groups are paths, and a group in another is a team of both names: /staff/editors becomes staff/editors."""
    return [Member(None, "/".join(names)) for path in values.texts("groups") if (names := _names(path))]


def _names(path: str) -> list[str]:
    """The names of a group and of those above it, from the top."""
    return [name.replace("~/", "/") for name in _SLASH.split(path) if name]


def _add_attributes(record: Record, values: Fields) -> None:
    """Lists of texts; a phone among them is one by custom alone. The others are for operators."""
    given = values.object("attributes") or {}
    attributes = {name: value for name, found in given.items() if (value := _value(found)) not in NOTHING}
    name = next((name for name in PHONES if name in attributes), None)
    if name is not None:
        numbers = attributes.pop(name)
        if isinstance(numbers, list):
            attributes[name] = numbers  # the others are kept
            numbers = numbers[0]
        record.phone = Fields({name: numbers}, values.notes).text(name)
    words = [attributes.pop(name) for name in PHONES_VERIFIED if name in attributes]
    record.phone_verified = str(words[0]).lower() in TRUE if words and record.phone else None
    record.texts = {"locale": Fields({"locale": attributes.pop("locale", None)}, values.notes).text("locale")}
    record.metadata = attributes


def _value(found: Any) -> Any:
    """What an attribute says: one value by itself, several as a list."""
    if not isinstance(found, list):
        return found
    said = [value for value in found if value not in NOTHING]
    return said[0] if len(said) == 1 else said


def _tell_what_is_elsewhere(record: Record, values: Fields) -> None:
    """Tell of the password or factor that the user has, where it is not in the file."""
    types = values.texts("disableableCredentialTypes")
    if values.text("federationLink") is not None and record.password is None:
        values.no_password("The password is in the directory behind Keycloak.")
    elif "password" in types and "credentials" not in values.given:
        values.no_password("Keycloak's REST API does not export passwords. Use kc.sh export.")
    if values.is_true("totp") and not values.given.get("credentials"):
        values.no_factor("Keycloak's REST API does not export authenticators. Use kc.sh export.")


def _add_credentials(record: Record, values: Fields) -> None:
    """One that is malformed costs itself, not the user."""
    for credential in values.objects("credentials", EVERY):
        credential.ask(*credential.given)  # which comes in as a whole, or is told as a whole
        try:
            _add_credential(record, credential)
        except Wrong as wrong:
            if credential.given.get("type") == "password":
                values.no_password(f"The password is malformed: {wrong}")
            else:
                values.no_factor(f"An authenticator is malformed: {wrong}")
    record.mfa = True if record.totp else None


def _add_credential(record: Record, credential: Fields) -> None:
    type = credential.text("type")
    if type == "password":
        record.password = _secret(credential)
        record.password_updated_at = credential.moment("createdDate", timestamps.epoch_milliseconds)
        record.must_change = record.must_change or credential.is_true("temporary")
    elif type in ("otp", "totp"):
        _add_totp(record, credential)
    elif type != "password-history":
        credential.no_factor(f"Cannot import a credential of the type {text_files.ref(type)}.")


def _data(credential: Fields, name: str) -> Fields:
    """An object inside a credential, often as its JSON text."""
    return Fields(credential.object(name) or {}, credential.notes, essential=EVERY)


def _secret(credential: Fields) -> Secret:
    """In the form since version 8, in the one before, or in clear, as people write it into files by hand."""
    plain = credential.text("value")
    if plain is not None:
        return Secret(plain, is_plain=True)
    if credential.text("hashedSaltedValue") is not None:
        secret, data = credential, credential
        value = secret.text("hashedSaltedValue")
    else:
        secret, data = _data(credential, "secretData"), _data(credential, "credentialData")
        value = secret.text("value")
    if value is None:
        raise Wrong("credentials", "it has no value.")
    if value.startswith("$"):
        return Secret(value, "keycloak")  # of another provider, and says all by itself
    options = {
        "algorithm": data.text("algorithm"),
        "iterations": data.text("hashIterations"),
        "salt": secret.text("salt"),
    }
    if options["algorithm"] == "argon2":
        more = _data(data, "additionalParameters")
        options |= {ours: (more.texts(theirs) or (None,))[0] for theirs, ours in ARGON2.items()}
    return Secret(value, "keycloak", {name: option for name, option in options.items() if option is not None})


def _add_totp(record: Record, credential: Fields) -> None:
    secret, data = _data(credential, "secretData"), _data(credential, "credentialData")
    value = secret.text("value")
    if value is None:
        raise Wrong("credentials", "it has no value.")
    if data.text("subType") == "hotp":
        credential.no_factor("Cannot import a counter-based authenticator (HOTP).")
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
