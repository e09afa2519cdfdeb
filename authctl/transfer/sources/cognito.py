"""AWS Cognito: the answers of `list-users` and `admin-get-user` as JSON, or the import job's CSV.

In the CSV a comma is written with a backslash before it. No password and no authenticator ever leaves Cognito.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from authctl.transfer.records import Item, Linked, Record, Refused
from authctl.transfer.sources import csv_files, json_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields
from authctl.transfer.sources.text_files import SourceRow

TYPICAL = ("Username", "Attributes", "UserAttributes")
USERNAME = "cognito:username"
MFA = "cognito:mfa_enabled"
CUSTOM = ("custom:", "dev:custom:")
MUST_CHANGE = ("FORCE_CHANGE_PASSWORD", "RESET_REQUIRED", "COMPROMISED")
DISABLED = ("ARCHIVED", "COMPROMISED")  # no longer active, or disabled for a threat, as the API's UserType says
PROFILE = (*("nickname", "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "address"),)

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class Cognito(Base):
    name = "cognito"
    refs = ("Username", USERNAME, "sub", "email", "phone_number")
    always = ("Username", USERNAME)
    ignored = frozenset(("identities.*", "PreferredMfaSetting"))

    def recognises(self, head: bytes, name: str) -> bool:
        if text_files.is_json(head):
            return b'"UserStatus"' in head or b'"UserCreateDate"' in head
        return USERNAME in csv_files.header_of(head, ",")

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        is_json, file = text_files.peeked(files[0])
        if is_json:
            found = map(_flat, json_files.rows(file, ("Users",), TYPICAL))
            return self.items(found, _api_user, start)
        table = csv_files.Table(file, delimiter=",", escape="\\", known=(USERNAME,))
        return self.items(table.rows(), _record, start)


SOURCE = Cognito()


def _flat(row: SourceRow | Refused) -> SourceRow | Refused:
    """An answer of the API with its attributes under their own names, as the CSV has them."""
    if not isinstance(row, SourceRow):
        return row
    values = dict(row.values)
    for several in ("Attributes", "UserAttributes"):
        listed = values.get(several)
        if isinstance(listed, list) and all(isinstance(each, dict) for each in listed):
            attributes = {name: each.get("Value") for each in listed if isinstance(name := each.get("Name"), str)}
            values = attributes | {name: value for name, value in values.items() if name != several}
    return row._replace(values=values)


def _api_user(values: Fields) -> Record:
    """What the CSV has too, and what only the API has."""
    record = _record(values)
    status, enabled = values.text("UserStatus"), values.truth("Enabled")
    record.blocked = True if status in DISABLED else None if enabled is None else not enabled
    record.must_change = status in MUST_CHANGE
    record.created_at = values.moment("UserCreateDate", timestamps.either)
    record.updated_at = values.moment("UserLastModifiedDate", timestamps.either)
    if status in ("CONFIRMED", *MUST_CHANGE):
        values.no_password("Cognito does not export passwords.")
    _add_factors(record, values)
    return record


def _add_factors(record: Record, values: Fields) -> None:
    """Codes by text message and email go on where they go to the user's own; authenticators are lost."""
    factors = {*values.texts("UserMFASettingList"), *(["SMS_MFA"] if values.items("MFAOptions") else [])}
    own = {"SMS_MFA": record.phone and record.phone_verified, "EMAIL_OTP": record.email and record.email_verified}
    for factor in sorted(factors):
        if own.get(factor):
            record.mfa = True
        else:
            values.no_factor(f"Cognito does not export this second factor: {text_files.ref(factor)}.")


def _record(values: Fields) -> Record:
    identities = [linked for identity in values.objects("identities") for linked in _linked(identity)]
    id, login = values.first("sub", "Username", USERNAME), values.first("Username", USERNAME)
    # Where people sign in by email, or from elsewhere, Cognito makes the username up.
    made_up = {f"{each.provider}_{each.provider_uid}".lower() for each in identities}
    if login is not None and (_UUID.fullmatch(login) or login.lower() in made_up):
        login = None
    username, email = values.login(login or values.text("preferred_username"), values.text("email"))
    name = values.name("name") or values.full_name("given_name", "family_name")
    kept = values.kept(*PROFILE, *(["preferred_username"] if login else []))
    kept |= values.parts_of(name, "given_name", "middle_name", "family_name")
    custom = values.kept(*(each for each in values.given if each.startswith(CUSTOM)))
    record = Record(
        id=id,
        username=username,
        name=name,
        email=email,
        email_verified=values.truth("email_verified"),
        phone=values.first("phone_number"),
        phone_verified=values.truth("phone_number_verified"),
        texts={"locale": values.text("locale")},
        metadata=kept | {name.partition("custom:")[2]: value for name, value in custom.items()},
        updated_at=values.moment("updated_at", timestamps.either),
        identities=identities,
    )
    if values.truth(MFA):
        record.mfa = bool(record.phone and record.phone_verified)
        if not record.mfa:
            values.no_factor("Cognito does not export second factors.")
    return record


def _linked(identity: Fields) -> list[Linked]:
    provider, uid = identity.text("providerName"), identity.text("userId")
    if provider is None or uid is None:
        identity.left_out("identities", provider or uid, "An identity needs providerName and userId.")
        return []
    return [Linked(provider, uid, None, identity.moment("dateCreated", timestamps.epoch_milliseconds))]
