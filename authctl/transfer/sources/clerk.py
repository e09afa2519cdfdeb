"""Clerk's users: the dashboard's CSV, which has hashes and authenticators, or JSON, which never has.

JSON is of the API, or of the JavaScript SDK, whose names are camelCase and become the API's before they are read.
Several addresses stand in one cell of the CSV, with a bar, a comma or a space between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from authctl.transfer.records import Item, Linked, Record, Refused, Secret
from authctl.transfer.sources import csv_files, json_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields
from authctl.transfer.sources.text_files import SourceRow

TYPICAL = ("email_addresses", "external_accounts", "public_metadata", "emailAddresses", "externalAccounts")
PROFILE = ("external_id", "legal_accepted_at")
IGNORED = frozenset(
    (
        # What users may do in Clerk, and how its own sign-ins went.
        *("delete_self_enabled", "create_organization_enabled", "create_organizations_limit", "bypass_client_trust"),
        *("verification_attempts_remaining", "lockout_expires_in_seconds", "two_factor_enabled"),
        *("mfa_enabled_at", "mfa_disabled_at", "password_last_updated_at", "primary_web3_wallet_id"),
        # Said by other fields: what the object is, an older name of the picture, the SDK's copy of the answer.
        *("object", "has_image", "profile_image_url", "_raw"),
        # How an address was verified, and the provider's copy of the profile.
        *("email_addresses.*", "phone_numbers.*", "external_accounts.*"),
    )
)

# Their name → ours, and its options. Those that Clerk does not describe are not in it, and never guessed: of
# md5_salted and sha256_salted it does not say on which side the salt is. https://clerk.com/docs/reference/backend/user/create-user
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
    "pbkdf2_sha512": ("pbkdf2-sha512", {"encoding": "hex"}),
    "pbkdf2_sha512_hex": ("pbkdf2-sha512", {"salt_encoding": "hex", "encoding": "hex"}),
    "scrypt_firebase": ("scrypt-modified", {}),
    "scrypt_werkzeug": ("werkzeug", {}),
    "ldap_ssha": ("ldap", {}),
}
SYMFONY = "sha512_symfony"
# Known to need what the file has not; the registry says why.
ELSEWHERE = ("bcrypt_peppered", "awscognito")

_BETWEEN = re.compile(r"[|,\s]+")
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Clerk(Base):
    name = "clerk"
    in_csv = ("primary_email_address", "password_digest")
    refs = ("id", "primary_email_address", "username")
    always = ("id",)
    typical = (*TYPICAL, "primary_email_address")
    ignored = IGNORED

    def recognises(self, head: bytes, name: str) -> bool:
        if text_files.is_json(head):
            return b'"primary_email_address_id"' in head or b'"primaryEmailAddressId"' in head
        return super().recognises(head, name)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        is_json, file = text_files.peeked(files[0])
        if is_json:
            found = map(_in_snake_case, json_files.rows(file, ("data", "users"), TYPICAL))
            return self.items(found, _api_user, start)
        return self.items(csv_files.Table(file, known=self.in_csv).rows(), _csv_user, start)


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
        record.totp += values.authenticators(key, "totp_secret")
        record.mfa = bool(record.totp)
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
        values.no_password("The user has no password digest.")
        return None
    if hasher in ELSEWHERE:
        return Secret(text, hasher)
    if hasher == SYMFONY:
        return _symfony(text)
    if hasher not in HASHERS:
        values.no_password(f"Unknown password format of Clerk: {text_files.ref(hasher)}. The user needs a reset.")
        return None
    name, options = HASHERS[hasher]
    return Secret(text.replace("_hex$", "$", 1), name, options)


def _symfony(text: str) -> Secret:
    """sha512_symfony$iterations$salt$hash; a text of another form is left to be refused."""
    prefix, *fields = text.split("$")
    if prefix != SYMFONY or len(fields) != 3:
        return Secret(text, "symfony")
    return Secret(fields[2], "symfony", {"iterations": fields[0], "salt": fields[1]})


# JSON


def _in_snake_case(row: SourceRow | Refused) -> SourceRow | Refused:
    """A record of the JavaScript SDK under the API's names; what is inside metadata stays as it is."""
    if not isinstance(row, SourceRow) or "emailAddresses" not in row.values:
        return row
    return row._replace(values=_snake(row.values, 5))


def _snake(value: Any, depth: int) -> Any:
    """depth: how far down names are Clerk's own, lists counted."""
    if depth and isinstance(value, list):
        return [_snake(each, depth - 1) for each in value]
    if not depth or not isinstance(value, dict):
        return value
    named = {_CAPITAL.sub("_", name).lower(): each for name, each in value.items()}
    return {name: each if name.endswith("metadata") else _snake(each, depth - 1) for name, each in named.items()}


def _api_user(values: Fields) -> Record:
    email, email_verified, emails = _api_addresses(values, "email_address", "email_addresses")
    phone, phone_verified, phones = _api_addresses(values, "phone_number", "phone_numbers")
    others = {"other_emails": emails, "other_phones": phones}
    kept = values.kept(*PROFILE) | (values.kept("image_url") if values.get("has_image") is not False else {})
    claims = (values.object("public_metadata") or {}) | (values.object("private_metadata") or {})
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
        texts={"locale": values.text("locale")},
        metadata=kept | claims | {name: found for name, found in others.items() if found},
        created_at=values.moment("created_at", timestamps.epoch_milliseconds),
        updated_at=values.moment("updated_at", timestamps.epoch_milliseconds),
        last_sign_in_at=values.moment("last_sign_in_at", timestamps.epoch_milliseconds),
        must_change=bool(values.truth("requires_password_reset")),
        identities=[linked for account in values.objects("external_accounts") for linked in _linked(account)],
    )
    values.ask("image_url")
    if values.truth("locked"):
        values.left_out("locked", True, "Locks after wrong passwords end by themselves.")
    if values.truth("password_enabled"):
        values.no_password("Clerk's API does not export hashes. Use the dashboard's CSV.")
    _add_factors(record, values)
    return record


def _add_factors(record: Record, values: Fields) -> None:
    if values.truth("totp_enabled"):
        values.no_factor("Clerk's API does not export authenticators. Use the dashboard's CSV.")
    if values.truth("backup_code_enabled"):
        values.no_factor("Clerk does not export backup codes.")
    for phone in values.items("phone_numbers"):
        if not isinstance(phone, dict) or phone.get("reserved_for_second_factor") is not True:
            continue
        if phone.get("phone_number") == record.phone and record.phone_verified:
            record.mfa = True
        else:
            values.no_factor("Cannot import a second factor that texts another phone than the user's.")


def _api_addresses(values: Fields, one: str, several: str) -> tuple[str | None, bool | None, list[str]]:
    primary_id, primary, verified, others = values.text(f"primary_{one}_id"), None, None, []
    for address in values.objects(several):
        text, status = address.text(one), address.inside("verification").text("status")
        if text is not None and primary is None and address.text("id") == primary_id:
            primary, verified = text, status == "verified"
        elif text is not None:
            others.append(text)
    return primary, verified, others


def _linked(account: Fields) -> list[Linked]:
    """An account elsewhere: of oauth_google, by its number there, or a google_account, by its google_id."""
    kind = (account.text("object") or "").removesuffix("_account")
    provider = account.text("provider") or (kind if kind != "external" else None)
    uid = account.first("provider_user_id", f"{kind}_id", "external_id")
    if provider is None or uid is None:
        account.left_out("identities", provider, "An external account needs provider and provider_user_id.")
        return []
    is_verified = account.inside("verification").text("status") == "verified"
    return [Linked(provider.removeprefix("oauth_"), uid, account.text("email_address"), None, is_verified)]
