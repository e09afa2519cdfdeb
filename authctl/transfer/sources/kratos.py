"""Identities of Ory Kratos' admin API, asked for with `include_credential` of password, oidc, totp, lookup_secret.

What the traits are called is up to each installation; `map` says it where it is not email, phone, username and name.
Recovery codes are plain text there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from authctl.errors import Invalid
from authctl.transfer.records import ImportedTotp, Item, Linked, Record, Secret
from authctl.transfer.sources import json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields, Wrong, base32, pairs

TYPICAL = ("schema_id", "traits")
TRAITS = {
    "email": ("email",),
    "phone": ("phone", "phone_number"),
    "username": ("username",),
    "name": ("name",),
}
PARTS = ("first", "last")
OPTIONS = {"map": "which trait is what, where it is called otherwise: email=mail,phone=mobile,name=full_name"}
# Nothing is lost with these: codes are sent anew, and the rest is read below.
KNOWN = ("password", "oidc", "totp", "lookup_secret", "code", "code_recovery", "link_recovery", "profile")


class Kratos(Base):
    name = "kratos"
    options = OPTIONS

    def recognises(self, head: bytes, name: str) -> bool:
        return b'"schema_id"' in head and b'"traits"' in head

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping = _Mapping(_traits(options.get("map", "")))
        return self.items(json_files.rows(files[0], ("identities",), TYPICAL), mapping.record, start)


SOURCE = Kratos()


def _traits(text: str) -> dict[str, tuple[str, ...]]:
    given = dict(pairs(text, "map"))
    if unknown := given.keys() - TRAITS.keys():
        raise Invalid(
            "general_argument_invalid", f"No trait can be {min(unknown)!r}.", field="map",
            hint=f"Use {', '.join(TRAITS)}.",
        )  # fmt: skip
    return TRAITS | {name: (trait,) for name, trait in given.items()}


class _Mapping:
    def __init__(self, traits: dict[str, tuple[str, ...]]) -> None:
        self._traits = traits

    def record(self, values: Fields) -> Record:
        traits = values.inside("traits")
        username, email = values.login(traits.first(*self._traits["username"]), traits.first(*self._traits["email"]))
        phone = traits.first(*self._traits["phone"])
        verified = {
            address.text("value"): address.truth("verified") for address in values.objects("verifiable_addresses")
        }
        state = values.text("state")
        used = {name for names in self._traits.values() for name in names}
        record = Record(
            id=values.text("id"),
            username=username,
            name=self._name(traits),
            email=email,
            email_verified=bool(verified.get(email)) if email else None,
            phone=phone,
            phone_verified=bool(verified.get(phone)) if phone else None,
            blocked=None if state is None else state == "inactive",
            prefs=traits.rest(*used),
            metadata=(values.object("metadata_public") or {}) | (values.object("metadata_admin") or {}),
            created_at=values.moment("created_at"),
            updated_at=values.moment("updated_at"),
        )
        _add_credentials(record, values)
        return record

    def _name(self, traits: Fields) -> str | None:
        """A text, or an object with first and last."""
        for name in self._traits["name"]:
            if isinstance(traits.get(name), dict):
                return traits.inside(name).full_name(*PARTS)
        return traits.name(*self._traits["name"])


def _add_credentials(record: Record, values: Fields) -> None:
    credentials = values.inside("credentials")
    for type in credentials.given:
        config = credentials.inside(type).inside("config")
        if type == "password":
            _add_password(record, config)
        elif type == "oidc":
            record.identities += [_linked(provider) for provider in config.objects("providers")]
        elif type == "totp":
            _add_totp(record, config)
        elif type == "lookup_secret":
            codes = config.objects("recovery_codes")
            record.recovery_codes += [
                text for each in codes if (text := each.text("code")) and not each.text("used_at")
            ]
        elif type not in KNOWN:
            values.no_factor(f"A credential of the type {text_files.ref(type)} is lost.")


def _add_password(record: Record, config: Fields) -> None:
    text = config.text("hashed_password")
    if text is not None:
        record.password = Secret(text, "kratos")
    elif config.truth("use_password_migration_hook"):
        config.no_password("The password is where Kratos' migration hook asks for it, not in Kratos.")
    else:
        config.no_password("The hash was left out of the answer; ask for it with include_credential=password.")


def _linked(provider: Fields) -> Linked:
    name, uid = provider.text("provider"), provider.text("subject")
    if name is None or uid is None:
        raise Wrong("credentials", "An identity needs provider and subject.")
    return Linked(name, uid)


def _add_totp(record: Record, config: Fields) -> None:
    """An otpauth URI: otpauth://totp/issuer:label?secret=…&algorithm=…&digits=…&period=…"""
    uri = config.text("totp_url")
    if uri is None:
        config.no_factor("The authenticator was left out of the answer; ask for it with include_credential=totp.")
        return
    try:
        parts = urlsplit(uri)
        said = {name: found[0] for name, found in parse_qs(parts.query, max_num_fields=32).items()}
    except ValueError:
        raise Wrong("credentials", "The authenticator's URI is malformed.") from None
    inner = Fields(said)
    record.totp.append(
        ImportedTotp(
            base32(said.get("secret", ""), "credentials"),
            name=unquote(parts.path).strip("/").rpartition(":")[2],
            algorithm=said.get("algorithm", "SHA1"),
            digits=inner.whole("digits") or 6,
            period=inner.whole("period") or 30,
        )
    )
    record.mfa = True
