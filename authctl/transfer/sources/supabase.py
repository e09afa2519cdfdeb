"""Supabase's `auth.users`, as CSV or as JSON rows, and with it `auth.identities` and `auth.mfa_factors`.

Columns are read by name, since their order and number vary with age. Tokens are never read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from authctl.transfer.records import ImportedTotp, Item, Linked, Record, Refused, Secret
from authctl.transfer.sources import csv_files, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import (
    ROLES,
    Fields,
    NotAUser,
    Wrong,
    base32,
    joined,
    role_names,
    wants_labels,
)
from authctl.transfer.sources.text_files import SourceRow, unreadable

TYPICAL = ("encrypted_password", "raw_user_meta_data", "raw_app_meta_data")
NAMES = ("full_name", "name", "display_name")
NOT_IDENTITIES = ("email", "phone")
NOT_METADATA = ("provider", "providers")
INFINITY = "infinity"  # what Postgres calls a time that never comes
ENCRYPTED = "{"  # how an envelope of a database with encryption begins


class Supabase(Base):
    name = "supabase"
    in_json = ("encrypted_password", "raw_user_meta_data")
    in_csv = ("encrypted_password", "aud")
    refs = ("id", "email", "phone")
    options = ROLES
    joins = True

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping = _Mapping(wants_labels(options))
        for file in files[1:]:
            mapping.join(file)
        return self.items(_rows(files[0], TYPICAL), mapping.record, start)


SOURCE = Supabase()


def _rows(file: Any, typical: tuple[str, ...]) -> Iterator[SourceRow | Refused]:
    """The rows of a table, from either form. typical: columns of which it has one at least."""
    is_json, file = text_files.peeked(file)
    if is_json:
        return json_files.rows(file, (), typical)
    table = csv_files.Table(file)
    if not set(table.names) & set(typical):
        raise unreadable("This is no table of Supabase's: give auth.users first, with the names of its columns.")
    return table.rows()


@dataclass
class _Mapping:
    """What the other tables say, by the user's id."""

    labels: bool
    identities: dict[str, list[Linked]] = field(default_factory=dict)
    factors: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # (type, name, secret or phone)

    def join(self, file: Any) -> None:
        for row in _rows(file, ("identity_data", "provider_id", "factor_type")):
            with joined(row, f"Line {row.at} of the identities or factors") as values:
                self._keep(values)

    def _keep(self, values: Fields) -> None:
        user = values.text("user_id")
        if user is None:
            raise Wrong("user_id", "user_id is missing.")
        if "factor_type" in values.given:
            if values.text("status") == "verified":
                type, name = values.text("factor_type") or "", values.text("friendly_name") or ""
                key = values.text("secret") if type == "totp" else values.text("phone")
                self.factors.setdefault(user, []).append((type, name, key or ""))
            return
        provider = values.text("provider") or ""
        data = values.inside("identity_data")
        uid = values.text("provider_id") or data.text("sub") or values.text("id")
        if provider in NOT_IDENTITIES or provider.startswith("sso:") or uid is None:
            return
        email, is_verified = values.text("email") or data.text("email"), data.is_true("email_verified")
        linked = Linked(provider, uid, email, values.moment("created_at"), is_verified)
        self.identities.setdefault(user, []).append(linked)

    def record(self, values: Fields) -> Record:
        id = values.text("id")
        if values.text("deleted_at") is not None:
            raise NotAUser("The user is deleted: deleted_at is set.")
        if values.truth("is_anonymous"):
            raise NotAUser("An anonymous user.")
        name, prefs = _profile(values)
        app = {
            key: value for key, value in (values.object("raw_app_meta_data") or {}).items() if key not in NOT_METADATA
        }
        banned = values.text("banned_until")
        record = Record(
            id=id,
            name=name,
            email=values.text("email"),
            email_verified=_is_set(values, "email_confirmed_at"),
            phone=_phone(values.text("phone")),
            phone_verified=_is_set(values, "phone_confirmed_at"),
            blocked=banned is not None,
            blocked_until=values.moment("banned_until") if banned != INFINITY else None,
            labels=values.labels(role_names(app)) if self.labels else None,
            prefs=prefs,
            metadata=app,
            created_at=values.moment("created_at"),
            updated_at=values.moment("updated_at"),
            last_sign_in_at=values.moment("last_sign_in_at"),
            password=_secret(values),
            identities=self.identities.get(id or "", []),
        )
        if values.truth("is_sso_user"):
            values.drop("identities", "The user signs in by single sign-on, which is not carried over.")
        self._add_factors(record, values)
        return record

    def _add_factors(self, record: Record, values: Fields) -> None:
        for type, name, key in self.factors.get(record.id or "", ()):
            if type == "totp" and key and not key.startswith(ENCRYPTED):
                record.totp.append(ImportedTotp(base32(key, "totp"), name))
            elif type == "totp":
                values.no_factor("An authenticator is lost: its secret is encrypted with a key of the source.")
            elif type != "phone" or _phone(key) != record.phone:
                values.no_factor(f"A second factor of the type {text_files.ref(type)} is lost.")
            record.mfa = bool(record.totp) or (type == "phone" and _phone(key) == record.phone) or record.mfa


def _profile(values: Fields) -> tuple[str | None, dict[str, Any]]:
    """The name, and what else users may change of themselves."""
    data = values.object("raw_user_meta_data") or {}
    for key in NAMES:
        if isinstance(data.get(key), str) and data[key]:
            return values.fitting(data[key]), {other: value for other, value in data.items() if other != key}
    return None, data


def _is_set(values: Fields, name: str) -> bool | None:
    return values.text(name) is not None if name in values.given else None


def _phone(text: str | None) -> str | None:
    """E.164, which Supabase stores without its plus."""
    return f"+{text}" if text and text.isdigit() else text


def _secret(values: Fields) -> Secret | None:
    text = values.text("encrypted_password")
    if text is not None and text.startswith(ENCRYPTED):
        values.no_password(
            "The hash is encrypted with a key of the source; export it from a database without, or reset it."
        )
        return None
    return None if text is None else Secret(text)
