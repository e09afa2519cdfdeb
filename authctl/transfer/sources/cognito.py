"""AWS Cognito: `list-users` as JSON, or the import job's CSV, in which a comma is written with a backslash before it.

No password and no authenticator ever leaves Cognito.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from authctl.transfer.records import Item, Linked, Record
from authctl.transfer.sources import csv_files, json_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import NOTHING, Fields, Wrong

TYPICAL = ("Username", "Attributes")
USERNAME = "cognito:username"
MFA = "cognito:mfa_enabled"
CUSTOM = "custom:"
MUST_CHANGE = ("FORCE_CHANGE_PASSWORD", "RESET_REQUIRED", "COMPROMISED")

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


class Cognito(Base):
    name = "cognito"
    refs = ("Username", USERNAME, "sub", "email", "phone_number")

    def recognises(self, head: bytes, name: str) -> bool:
        return b'"UserStatus"' in head or b'"UserCreateDate"' in head or USERNAME in csv_files.header_of(head, ",")

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        is_json, file = text_files.peeked(files[0])
        if is_json:
            return self.items(json_files.rows(file, ("Users",), TYPICAL), _api_user, start)
        table = csv_files.Table(file, delimiter=",", escape="\\")
        return self.items(table.rows(), _record, start)


SOURCE = Cognito()


def _api_user(values: Fields) -> Record:
    """The answer of the API in the shape of the CSV, and what only the API has."""
    listed = values.objects("Attributes") or values.objects("UserAttributes")
    attributes: dict[str, Any] = {each.text("Name") or "": each.text("Value") for each in listed}
    record = _record(Fields(attributes | {USERNAME: values.text("Username")}, values.notes))
    status, enabled = values.text("UserStatus"), values.truth("Enabled")
    record.blocked = None if enabled is None else not enabled
    record.must_change = status in MUST_CHANGE
    record.created_at = values.moment("UserCreateDate", timestamps.either)
    record.updated_at = values.moment("UserLastModifiedDate", timestamps.either)
    if (values.items("MFAOptions") or values.items("UserMFASettingList")) and not record.phone_verified:
        values.no_factor("A second factor is lost: Cognito does not give it away.")
    return record


def _record(values: Fields) -> Record:
    id = values.fitting_id("sub", USERNAME)
    login = values.text(USERNAME)
    # Where people sign in by email, Cognito makes the username up.
    if login is not None and _UUID.fullmatch(login):
        login = None
    username, email = values.login(login or values.text("preferred_username"), values.text("email"))
    record = Record(
        id=id,
        username=username,
        name=values.name("name") or values.full_name("given_name", "family_name"),
        email=email,
        email_verified=values.truth("email_verified"),
        phone=values.first("phone_number"),
        phone_verified=values.truth("phone_number_verified"),
        metadata={
            name.removeprefix(CUSTOM): value
            for name in values.given
            if name.startswith(CUSTOM) and (value := values.get(name)) not in NOTHING
        },
        updated_at=values.moment("updated_at", timestamps.either),
        identities=[_linked(identity) for identity in values.objects("identities")],
    )
    if values.truth(MFA):
        record.mfa = bool(record.phone and record.phone_verified)
        if not record.mfa:
            values.no_factor("A second factor is lost: Cognito does not give it away.")
    return record


def _linked(identity: Fields) -> Linked:
    provider, uid = identity.text("providerName"), identity.text("userId")
    if provider is None or uid is None:
        raise Wrong("identities", "An identity needs providerName and userId.")
    return Linked(provider, uid, None, identity.moment("dateCreated", timestamps.epoch_milliseconds))
