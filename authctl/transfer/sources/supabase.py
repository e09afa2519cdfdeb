"""Supabase's `auth.users`, as CSV or as JSON rows, and with it `auth.identities` and `auth.mfa_factors`.

Columns are read by name, since their order and number vary with age. Tokens are never read. The answers of the Admin
API, such as `auth.admin.listUsers()`, have identities and factors inside, and no hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from authctl.transfer.records import DROPPED, Item, Linked, Record, Refused, Secret
from authctl.transfer.sources import csv_files, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import (
    ROLES,
    Fields,
    NotAUser,
    Wrong,
    role_names,
    wants_labels,
)
from authctl.transfer.sources.joining import Joining
from authctl.transfer.sources.text_files import SourceRow, unreadable

TYPICAL = ("encrypted_password", "raw_user_meta_data", "raw_app_meta_data", "app_metadata", "user_metadata")
IGNORED = frozenset(
    (
        # What is on its way: tokens, and when they were sent.
        *("confirmation_token", "recovery_token", "email_change_token_new", "email_change_token_current"),
        *("phone_change_token", "reauthentication_token", "action_link", "email_change_confirm_status"),
        *("invited_at", "confirmation_sent_at", "recovery_sent_at", "email_change_sent_at", "phone_change_sent_at"),
        "reauthentication_sent_at",
        # The same in every row, or said by other columns.
        *("instance_id", "aud", "confirmed_at"),
        # The provider's copy of the profile, and how often it was used; what a factor is called.
        *("identities.*", "factors.*"),
    )
)
ORDINARY = (None, "", "authenticated")  # the role of whoever is signed in
T = TypeVar("T")
NAMES = ("full_name", "name", "display_name")
NOT_IDENTITIES = ("email", "phone")
NOT_METADATA = ("provider", "providers")
INFINITY = "infinity"  # what Postgres calls a time that never comes
ENCRYPTED = "{"  # how an envelope of a database with encryption begins


class Supabase(Base):
    name = "supabase"
    always = ("id",)
    typical = TYPICAL
    ignored = IGNORED
    in_csv = ("encrypted_password", "aud")
    refs = ("id", "email", "phone")
    options = ROLES
    joins = True

    def recognises(self, head: bytes, name: str) -> bool:
        """By the columns of hash or metadata; the Admin API's metadata is Auth0's too, which has no aud."""
        if not text_files.is_json(head):
            return super().recognises(head, name)
        has = {each for each in (*TYPICAL, "aud") if f'"{each}"'.encode() in head}
        return {"encrypted_password", "raw_user_meta_data"} <= has or {"app_metadata", "user_metadata", "aud"} <= has

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping = _Mapping(wants_labels(options))
        for place, file in enumerate(files[1:], 1):
            mapping.joining.read(_rows(file, ("identity_data", "provider_id", "factor_type")), place)
        return self.items(chain(_rows(files[0], TYPICAL), mapping.joining.lost), mapping.record, start)


SOURCE = Supabase()


def _rows(file: Any, typical: tuple[str, ...]) -> Iterator[SourceRow | Refused]:
    """The rows of a table, from either form. typical: columns of which it has one at least."""
    is_json, file = text_files.peeked(file)
    if is_json:
        return json_files.rows(file, ("users",), typical)
    table = csv_files.Table(file)
    if not set(table.names) & set(typical):
        raise unreadable("The file is not a Supabase table with column names. Name auth.users first.")
    return table.rows()


class Factor(NamedTuple):
    """key: the secret of an authenticator, or the phone."""

    type: str
    name: str
    key: str


@dataclass
class _Mapping:
    """What the other tables say, by the user's id."""

    labels: bool
    identities: dict[str, list[Linked]] = field(default_factory=dict)
    factors: dict[str, list[Factor]] = field(default_factory=dict)
    joining: Joining = field(init=False)

    def __post_init__(self) -> None:
        self.joining = Joining("Line {} of the identities or factors", _owner, self._keep, _loss)

    def _keep(self, user: str, values: Fields) -> None:
        if "factor_type" in values.given:
            self.factors.setdefault(user, []).extend(_factor(values))
        else:
            self.identities.setdefault(user, []).extend(_linked(values))

    def record(self, values: Fields) -> Record:
        id = values.text("id") or ""
        if values.text("deleted_at") is not None:
            raise NotAUser("The user is deleted: deleted_at is set.")
        if values.truth("is_anonymous"):
            raise NotAUser("The user is anonymous.")
        name, prefs = _profile(values)
        app = values.object("raw_app_meta_data") or values.object("app_metadata") or {}
        metadata = {key: value for key, value in app.items() if key not in NOT_METADATA}
        if values.get("role") not in ORDINARY:
            metadata = values.kept("role") | metadata
        if values.truth("is_super_admin"):
            metadata = {"is_super_admin": True} | metadata
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
            metadata=metadata,
            created_at=values.moment("created_at"),
            updated_at=values.moment("updated_at"),
            last_sign_in_at=values.moment("last_sign_in_at"),
            password=_secret(values, app),
            identities=self.identities.get(id) or _inside(values, "identities", _linked),
        )
        if values.truth("is_sso_user"):
            values.drop("identities", "The user signs in with single sign-on, which cannot be imported.")
        _add_factors(record, values, self.factors.get(id) or _inside(values, "factors", _factor))
        values.notes += self.joining.notes.get(id, ())
        return record


def _owner(values: Fields) -> str:
    user = values.text("user_id")
    if user is None:
        raise Wrong("user_id", "The row has no user_id.")
    return user


def _loss(given: Mapping[str, Any]) -> tuple[str, str]:
    return ("import_factor_lost", "mfa") if "factor_type" in given else (DROPPED, "identities")


def _inside(values: Fields, name: str, read: Callable[[Fields], list[T]]) -> list[T]:
    """What the Admin API's answer has of another table."""
    return [found for each in values.objects(name) for found in read(each)]


def _linked(values: Fields) -> list[Linked]:
    """A row of auth.identities; one of the user's own email or phone is none."""
    provider = values.text("provider") or ""
    data = values.inside("identity_data")
    uid = values.text("provider_id") or data.text("sub") or values.text("id")
    if provider in NOT_IDENTITIES or provider.startswith("sso:"):
        return []
    if uid is None:
        values.left_out("identities", provider, "An identity needs provider and provider_id.")
        return []
    email, is_verified = values.text("email") or data.text("email"), data.is_true("email_verified")
    return [Linked(provider, uid, email, values.moment("created_at"), is_verified)]


def _factor(values: Fields) -> list[Factor]:
    """A row of auth.mfa_factors; one that was never verified is none."""
    if values.text("status") != "verified":
        return []
    type, name = values.text("factor_type") or "", values.text("friendly_name") or ""
    return [Factor(type, name, values.text("secret" if type == "totp" else "phone") or "")]


def _add_factors(record: Record, values: Fields, factors: list[Factor]) -> None:
    for type, name, key in factors:
        is_own = type == "phone" and record.phone is not None and _phone(key) == record.phone
        if type == "totp" and key and not key.startswith(ENCRYPTED):
            record.totp += values.authenticators(key, "totp", name)
        elif type == "totp" and key:
            values.no_factor("Cannot import an authenticator whose secret is encrypted.")
        elif type == "totp":
            values.no_factor("The authenticator's secret is in auth.mfa_factors. Name that file after this one.")
        elif not is_own:
            values.no_factor(f"Cannot import a second factor of the type {text_files.ref(type)}.")
        record.mfa = bool(record.totp) or is_own or record.mfa


def _profile(values: Fields) -> tuple[str | None, dict[str, Any]]:
    """The name, and what else users may change of themselves."""
    data = values.object("raw_user_meta_data") or values.object("user_metadata") or {}
    for key in NAMES:
        if isinstance(data.get(key), str) and data[key]:
            return values.fitting(data[key]), {other: value for other, value in data.items() if other != key}
    return None, data


def _is_set(values: Fields, name: str) -> bool | None:
    return values.text(name) is not None if name in values.given else None


def _phone(text: str | None) -> str | None:
    """E.164, which Supabase stores without its plus."""
    return f"+{text}" if text and text.isdigit() else text


def _secret(values: Fields, app: Mapping[str, Any]) -> Secret | None:
    text = values.text("encrypted_password")
    if text is not None and text.startswith(ENCRYPTED):
        values.no_password(
            "The hash is encrypted with a key of the source. Export it unencrypted, or reset the password."
        )
        return None
    if text is None and "encrypted_password" not in values.given and _signs_in_by_itself(app):
        values.no_password("The Admin API does not export hashes. Export the table auth.users instead.")
    return None if text is None else Secret(text)


def _signs_in_by_itself(app: Mapping[str, Any]) -> bool:
    """Whether the user may have a password, as the metadata says of providers."""
    several = app.get("providers")
    providers = several if isinstance(several, list) else [app.get("provider")]
    return any(each in NOT_IDENTITIES for each in providers)
