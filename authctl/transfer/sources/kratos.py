"""Identities of Ory Kratos: its admin API's and `kratos list identities`, or the body of a PATCH batch that makes them.

Asked for with `include_credential` of password, oidc, totp, lookup_secret; without it, they only say names. What the
traits are called is up to each installation; `map` says it where it is not email, phone, username, name and locale.
Recovery codes are plain text there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from authctl.core.values import contacts
from authctl.errors import Invalid
from authctl.transfer.records import ImportedTotp, Item, Linked, Record, Refused, Secret
from authctl.transfer.sources import json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields, Wrong, base32, pairs
from authctl.transfer.sources.text_files import SourceRow

TYPICAL = ("schema_id", "traits", "create")
TRAITS = {
    "email": ("email",),
    "phone": ("phone", "phone_number"),
    "username": ("username",),
    "name": ("name",),
    "locale": ("locale",),
}
PARTS = ("first", "last")
OPTIONS = {"map": "names of the traits: email=mail,phone=mobile,name=full_name"}
# Nothing is lost with these: codes are sent anew, and the rest is read below.
KNOWN = ("code", "code_recovery", "link_recovery", "profile")


class Kratos(Base):
    name = "kratos"
    refs = ("id", "external_id", "patch_id")
    always = ("schema_id", "traits")
    # The place of its form, and when it was blocked last.
    ignored = frozenset(("patch_id", "schema_url", "state_changed_at"))
    options = OPTIONS

    def recognises(self, head: bytes, name: str) -> bool:
        return b'"schema_id"' in head and b'"traits"' in head

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping = _Mapping(_traits(options.get("map", "")))
        return self.items(_unwrapped(json_files.rows(files[0], ("identities",), TYPICAL)), mapping.record, start)


SOURCE = Kratos()


def _unwrapped(rows: Iterable[SourceRow | Refused]) -> Iterator[SourceRow | Refused]:
    """The identities that a batch makes: {"create": {…}, "patch_id": …}."""
    for row in rows:
        if isinstance(row, SourceRow) and isinstance(identity := row.values.get("create"), dict):
            patch = {"patch_id": row.values.get("patch_id")}
            yield row._replace(values=patch | identity)
        else:
            yield row


def _traits(text: str) -> dict[str, tuple[str, ...]]:
    given = dict(pairs(text, "map"))
    if unknown := given.keys() - TRAITS.keys():
        raise Invalid(
            "general_argument_invalid", f"Unknown trait {min(unknown)!r}.", field="map",
            hint=f"Use {', '.join(TRAITS)}.",
        )  # fmt: skip
    return TRAITS | {name: (trait,) for name, trait in given.items()}


class _Mapping:
    def __init__(self, traits: dict[str, tuple[str, ...]]) -> None:
        self._traits = traits

    def record(self, values: Fields) -> Record:
        traits = values.inside("traits")
        username, email = values.login(traits.first(*self._traits["username"]), traits.first(*self._traits["email"]))
        state = values.text("state")
        used = {name for names in self._traits.values() for name in names}
        record = Record(
            id=values.text("id"),
            username=username,
            name=self._name(traits),
            email=email,
            phone=traits.first(*self._traits["phone"]),
            blocked=None if state is None else state == "inactive",
            texts={"locale": traits.first(*self._traits["locale"])},
            prefs=traits.rest(*used),
            metadata=_metadata(values),
            created_at=values.moment("created_at"),
            updated_at=values.moment("updated_at"),
        )
        if values.given.get("schema_id") == "default":
            values.ask("schema_id")
        _add_credentials(record, values)
        _add_addresses(record, values)
        return record

    def _name(self, traits: Fields) -> str | None:
        """A text, or an object with first and last."""
        for name in self._traits["name"]:
            if isinstance(traits.get(name), dict):
                return traits.inside(name).full_name(*PARTS)
        return traits.name(*self._traits["name"])


def _metadata(values: Fields) -> dict[str, Any]:
    """Both kinds, and what names the user elsewhere."""
    public, admin = values.object("metadata_public") or {}, values.object("metadata_admin") or {}
    for name in sorted(public.keys() & admin.keys()):
        if public[name] != admin[name]:
            values.left_out(f"metadata_public.{name}", public[name], "It differs from metadata_admin.")
    names = ("external_id", "organization_id")
    return {name: found for name in names if (found := values.text(name))} | public | admin


def _add_addresses(record: Record, values: Fields) -> None:
    """What is verified, by case no more than Kratos does, and what there is besides the email and the phone."""
    verified: dict[str, bool] = {}
    others: dict[str, str] = {}
    for name in ("verifiable_addresses", "recovery_addresses"):
        for address in values.objects(name):
            text, is_verified = address.text("value"), address.is_true("verified")
            address.ask(*address.given)
            if text:
                verified[_folded(text)] = verified.get(_folded(text), False) or is_verified
                if is_verified or name == "recovery_addresses":
                    others.setdefault(_folded(text), text)
    for column in ("email", "phone"):
        if (own := getattr(record, column)) is not None:
            setattr(record, f"{column}_verified", verified.get(_folded(own), False))
            others.pop(_folded(own), None)
    for text in others.values():
        values.left_out("addresses", text, "A user can have one email and one phone.")


def _folded(address: str) -> str:
    """An address as two are compared."""
    try:
        return address.lower() if "@" in address else contacts.phone(address)
    except Invalid:
        return address.lower()


# Credentials. Besides what is read, each has only versions, times and tokens in it, which mean nothing elsewhere.


def _add_credentials(record: Record, values: Fields) -> None:
    """One that is malformed costs itself, not the user."""
    credentials = Fields(values.object("credentials") or {}, values.notes)
    for type, add in ADDING.items():
        given = credentials.given.get(type)
        if given is None:
            continue
        credential = Fields(given if isinstance(given, dict) else {}, values.notes)
        config = credential.given.get("config")
        add(record, credential, Fields(config if isinstance(config, dict) else {}, values.notes))
    for type in credentials.given:
        if type not in ADDING and type not in KNOWN:
            values.no_factor(f"Cannot import a credential of the type {text_files.ref(type)}.")


def _add_password(record: Record, credential: Fields, config: Fields) -> None:
    _add_names(record, credential)
    plain, text = config.text("password"), config.text("hashed_password")
    if text is not None:
        record.password = Secret(text, "kratos")
        record.password_updated_at = credential.moment("updated_at")
    elif plain is not None:
        record.password = Secret(plain, is_plain=True)
    elif config.given.get("use_password_migration_hook"):
        config.no_password("The password is with Kratos' migration hook, not in Kratos.")
    else:
        config.no_password("The export has no hash. Export it with include_credential=password.")


def _add_names(record: Record, credential: Fields) -> None:
    """Names to sign in with that no trait says: a schema may call them anything."""
    for name in credential.texts("identifiers"):
        column = "email" if "@" in name else "phone" if name.startswith("+") else "username"
        own = getattr(record, column)
        if own is None:
            setattr(record, column, name)
        elif _folded(own) != _folded(name):
            credential.left_out("identifiers", name, f"The user has another {column}.")


def _add_identities(record: Record, credential: Fields, config: Fields) -> None:
    """Accounts elsewhere; where the answer has no more of them, their identifiers say it: google:1234."""
    names = [tuple(name.partition(":")[::2]) for name in credential.texts("identifiers")]
    for provider in config.objects("providers"):
        names.append((provider.text("provider") or "", provider.text("subject") or ""))
    for name, uid in dict.fromkeys(names):
        if name and uid:
            record.identities.append(Linked(name, uid))
        else:
            said = {"provider": name, "subject": uid}
            credential.left_out("identities", said, "An identity needs provider and subject.")


def _add_codes(record: Record, credential: Fields, config: Fields) -> None:
    if "recovery_codes" not in config.given:
        config.no_factor("The export has no recovery codes. Export them with include_credential=lookup_secret.")
    codes = config.objects("recovery_codes")
    record.recovery_codes += [text for each in codes if (text := each.text("code")) and not each.given.get("used_at")]


def _add_totp(record: Record, credential: Fields, config: Fields) -> None:
    """An otpauth URI: otpauth://totp/issuer:label?secret=…&algorithm=…&digits=…&period=…"""
    uri = config.text("totp_url")
    if uri is None:
        config.no_factor("The export has no authenticator. Export it with include_credential=totp.")
        return
    try:
        record.totp.append(_authenticator(uri))
    except (ValueError, Wrong):
        config.no_factor("The authenticator's URI is malformed.")
    else:
        record.mfa = True


def _authenticator(uri: str) -> ImportedTotp:
    """Raises ValueError or Wrong."""
    parts = urlsplit(uri)
    said = {name: found[0] for name, found in parse_qs(parts.query, max_num_fields=32).items()}
    return ImportedTotp(
        base32(said.get("secret", ""), "credentials"),
        name=unquote(parts.path).strip("/").rpartition(":")[2],
        algorithm=said.get("algorithm", "SHA1"),
        digits=int(said.get("digits", 6)),
        period=int(said.get("period", 30)),
    )


ADDING = {
    "password": _add_password,
    "oidc": _add_identities,
    "saml": _add_identities,
    "totp": _add_totp,
    "lookup_secret": _add_codes,
}
