"""Users of Okta's API, which gives no hashes away, of a file made to create users with, or of its CSV template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from authctl.transfer.records import Item, Record, Refused, Secret
from authctl.transfer.sources import csv_files, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields, NotAUser, Wrong
from authctl.transfer.sources.text_files import SourceRow

TYPICAL = ("profile", "credentials")
MUST_CHANGE = ("LOCKED_OUT", "RECOVERY", "PASSWORD_EXPIRED")
OWN_PROVIDERS = ("OKTA", "IMPORT")
NOT_METADATA = ("login", "email", "firstName", "lastName", "displayName", "mobilePhone")
DIGESTS = {"SHA-512": "sha512", "SHA-256": "sha256", "SHA-1": "sha1", "MD5": "md5"}


class Okta(Base):
    name = "okta"
    always = ("profile",)
    in_csv = ("login", "firstName", "lastName", "email")

    def recognises(self, head: bytes, name: str) -> bool:
        if not text_files.is_json(head):
            return super().recognises(head, name)
        return b'"profile"' in head and b'"login"' in head and (b'"credentials"' in head or b'"statusChanged"' in head)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        is_json, file = text_files.peeked(files[0])
        rows = (
            json_files.rows(file, (), TYPICAL)
            if is_json
            else map(_shaped, csv_files.Table(file, known=("login", "email")).rows())
        )
        return self.items(rows, _record, start, _ref)


SOURCE = Okta()


def _shaped(row: SourceRow | Refused) -> SourceRow | Refused:
    """A row of the template, whose columns are those of a profile, in the shape of the JSON."""
    if isinstance(row, Refused):
        return row
    outer = {name: row.values.get(name) or row.values.get(name.capitalize()) for name in ("id", "status")}
    profile = {name: cell for name, cell in row.values.items() if name.lower() not in outer}
    return row._replace(values=outer | {"profile": profile})


def _ref(values: Any) -> str | None:
    profile = values.get("profile")
    return text_files.first((values.get("id"), profile.get("login") if isinstance(profile, dict) else None))


def _record(values: Fields) -> Record:
    status = values.text("status")
    if status == "DEPROVISIONED":
        raise NotAUser("The user is deactivated: DEPROVISIONED.")
    profile, credentials = values.inside("profile"), values.inside("credentials")
    username, email = values.login(profile.text("login"), profile.text("email"))
    record = Record(
        id=values.text("id"),
        username=username,
        name=profile.full_name("firstName", "lastName") or profile.name("displayName"),
        email=email,
        email_verified=_is_verified(credentials, email),
        phone=profile.first("mobilePhone"),
        blocked=None if status is None else status == "SUSPENDED",
        texts={"locale": profile.text("preferredLanguage") or profile.text("locale")},
        metadata=profile.rest(*NOT_METADATA),
        created_at=values.moment("created"),
        updated_at=values.moment("lastUpdated"),
        last_sign_in_at=values.moment("lastLogin"),
        password=_secret(credentials.inside("password")),
        password_updated_at=values.moment("passwordChanged"),
        must_change=status in MUST_CHANGE,
    )
    provider = credentials.inside("provider")
    if provider.text("type") not in (None, *OWN_PROVIDERS):
        values.no_password(f"The user signs in with {text_files.ref(provider.text('type'))}, which has the password.")
    return record


def _is_verified(credentials: Fields, email: str | None) -> bool | None:
    if email is None:
        return None
    emails = credentials.objects("emails")
    verified = {(each.text("value") or "").lower() for each in emails if each.text("status") == "VERIFIED"}
    return email.lower() in verified


def _secret(password: Fields) -> Secret | None:
    """What the API's answer never has, and the request that makes a user may have."""
    plain = password.text("value")
    if plain is not None:
        return Secret(plain, is_plain=True)
    hash = password.inside("hash")
    algorithm, value, salt = hash.text("algorithm"), hash.text("value"), hash.text("salt")
    if algorithm is None:
        return None
    if value is None:
        raise Wrong("credentials", "The hash in credentials has no value.")
    if algorithm == "BCRYPT":
        return Secret(f"$2a${hash.whole('workFactor') or 0:02d}${salt or ''}{value}", "bcrypt")
    options = {"encoding": "base64"} | ({"salt": salt, "salt_encoding": "base64"} if salt is not None else {})
    if algorithm == "PBKDF2":
        digest = (hash.text("digestAlgorithm") or "").partition("_")[0].lower()
        return Secret(value, "pbkdf2", options | {"digest": digest, "iterations": hash.text("iterationCount") or ""})
    if salt is not None:
        options["salt_position"] = (hash.text("saltOrder") or "PREFIX").lower()
    return Secret(value, DIGESTS.get(algorithm, algorithm), options)
