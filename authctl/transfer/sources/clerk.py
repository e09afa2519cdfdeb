"""Clerk's users: the dashboard's CSV, which has hashes and authenticators, or the API's JSON, which never has.

Several addresses stand in one cell of the CSV, with a bar, a comma or a space between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from authctl.transfer.records import ImportedTotp, Item, Linked, Record, Secret
from authctl.transfer.sources import csv_files, json_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields, Wrong, base32

TYPICAL = ("email_addresses", "external_accounts", "public_metadata")

# Their name → ours, and its options. Those that Clerk does not describe are not in it, and never guessed.
HASHERS: dict[str, tuple[str, dict[str, str]]] = {
    "bcrypt": ("bcrypt", {}),
    "bcrypt_sha256_django": ("django", {}),
    "argon2i": ("argon2", {}),
    "argon2id": ("argon2", {}),
    "md5": ("md5", {}),
    "sha256": ("sha256", {}),
    "phpass": ("phpass", {}),
    "md5_phpass": ("phpass", {}),
    "pbkdf2_sha1": ("pbkdf2-sha1", {"encoding": "hex"}),
    "pbkdf2_sha256": ("pbkdf2-sha256", {"salt_encoding": "base64"}),
    "pbkdf2_sha256_django": ("django", {}),
    "pbkdf2_sha512": ("pbkdf2-sha512", {"salt_encoding": "base64"}),
    "scrypt_firebase": ("scrypt-modified", {}),
    "scrypt_werkzeug": ("werkzeug", {}),
    "ldap_ssha": ("ldap", {}),
}
# Known to need what the file has not; the registry says why.
ELSEWHERE = ("bcrypt_peppered", "awscognito")

_BETWEEN = re.compile(r"[|,\s]+")


class Clerk(Base):
    name = "clerk"
    in_json = ("primary_email_address_id",)
    in_csv = ("primary_email_address", "password_digest")
    refs = ("id", "primary_email_address", "username")

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        is_json, file = text_files.peeked(files[0])
        if is_json:
            return self.items(json_files.rows(file, ("data", "users"), TYPICAL), _api_user, start)
        return self.items(csv_files.Table(file).rows(), _csv_user, start)


SOURCE = Clerk()


# The dashboard's CSV


def _csv_user(values: Fields) -> Record:
    email, email_verified, emails = _addresses(values, "email_address", "email_addresses")
    phone, phone_verified, phones = _addresses(values, "phone_number", "phone_numbers")
    others = {"other_emails": emails, "other_phones": phones}
    record = Record(
        id=values.text("id"),
        username=values.text("username"),
        name=values.full_name("first_name", "last_name"),
        email=email,
        email_verified=email_verified,
        phone=phone,
        phone_verified=phone_verified,
        metadata={name: found for name, found in others.items() if found},
        password=_secret(values),
    )
    if (key := values.text("totp_secret")) is not None:
        record.totp.append(ImportedTotp(base32(key, "totp_secret")))
        record.mfa = True
    return record


def _addresses(values: Fields, one: str, several: str) -> tuple[str | None, bool | None, list[str]]:
    """The primary address, whether it is verified, and the others."""
    verified, unverified = _split(values, f"verified_{several}"), _split(values, f"unverified_{several}")
    primary = values.text(f"primary_{one}") or next(iter(verified + unverified), None)
    others = [address for address in dict.fromkeys(verified + unverified) if address != primary]
    return primary, primary in verified if primary else None, others


def _split(values: Fields, name: str) -> list[str]:
    return [address for address in _BETWEEN.split(values.text(name) or "") if address]


def _secret(values: Fields) -> Secret | None:
    text, hasher = values.text("password_digest"), values.text("password_hasher") or ""
    if text is None:
        values.no_password("There is no digest: the user has no password.")
        return None
    if hasher in ELSEWHERE:
        return Secret(text, hasher)
    if hasher not in HASHERS:
        values.no_password(
            f"How Clerk writes a password of {text_files.ref(hasher)} is not known here; it needs a reset."
        )
        return None
    name, options = HASHERS[hasher]
    return Secret(text, name, options)


# The API's JSON


def _api_user(values: Fields) -> Record:
    email, email_verified, emails = _api_addresses(values, "email_address", "email_addresses")
    phone, phone_verified, phones = _api_addresses(values, "phone_number", "phone_numbers")
    others = {"other_emails": emails, "other_phones": phones}
    metadata = (values.object("public_metadata") or {}) | (values.object("private_metadata") or {})
    record = Record(
        id=values.text("id"),
        username=values.text("username"),
        name=values.full_name("first_name", "last_name"),
        email=email,
        email_verified=email_verified,
        phone=phone,
        phone_verified=phone_verified,
        blocked=values.truth("banned"),
        prefs=values.object("unsafe_metadata"),
        metadata=metadata | {name: found for name, found in others.items() if found},
        created_at=values.moment("created_at", timestamps.epoch_milliseconds),
        updated_at=values.moment("updated_at", timestamps.epoch_milliseconds),
        last_sign_in_at=values.moment("last_sign_in_at", timestamps.epoch_milliseconds),
        identities=[_linked(account) for account in values.objects("external_accounts")],
    )
    if values.truth("password_enabled"):
        values.no_password("Clerk's API never gives hashes away; the dashboard's CSV has them.")
    if values.truth("totp_enabled"):
        values.no_factor("Clerk's API never gives authenticators away; the dashboard's CSV has them.")
    return record


def _api_addresses(values: Fields, one: str, several: str) -> tuple[str | None, bool | None, list[str]]:
    primary_id, primary, verified, others = values.text(f"primary_{one}_id"), None, None, []
    for address in values.objects(several):
        text = address.text(one)
        if text is not None and primary is None and address.text("id") == primary_id:
            primary, verified = text, address.inside("verification").text("status") == "verified"
        elif text is not None:
            others.append(text)
    return primary, verified, others


def _linked(account: Fields) -> Linked:
    provider, uid = account.text("provider"), account.first("provider_user_id", "external_id")
    if provider is None or uid is None:
        raise Wrong("external_accounts", "An external account needs provider and provider_user_id.")
    is_verified = account.inside("verification").text("status") == "verified"
    return Linked(provider.removeprefix("oauth_"), uid, account.text("email_address"), None, is_verified)
