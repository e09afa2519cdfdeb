"""Auth0: a users export joined with the password file that support hands out, or a file for its bulk import.

The export is JSON lines, or CSV in which every text begins with an apostrophe, against formulas. A password belongs to
the user whose id, behind `auth0|`, is the password's `alt_id`, else its `_id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from authctl.errors import Invalid
from authctl.transfer.records import ImportedTotp, Item, Linked, Note, Record, Refused, Secret, Skipped
from authctl.transfer.sources import csv_files, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import ROLES, Fields, Wrong, base32, joined, role_names, wants_labels
from authctl.transfer.sources.text_files import SourceRow, unreadable

TYPICAL = ("email", "user_id")
OWN = "auth0|"
NOT_IDENTITIES = ("auth0", "sms", "email")
# The names that everybody else has for them.
PROVIDERS = {"google-oauth2": "google", "windowslive": "microsoft"}
HASH = "\0passwordHash"  # what is joined; no column is called so
SET_AT = "\0passwordSetAt"
LOST = "\0passwordMissing"

DIGESTS = ("md5", "sha1", "sha256", "sha512")
PASSWORD_ENCODINGS = {
    "utf16le": "utf16le",
    "ucs2": "utf16le",
    "latin1": "latin1",
    "binary": "latin1",
    "ascii": "latin1",
}

OPTIONS = {**ROLES, "ids": "bare: ids without auth0| in front (default: as they are)"}

_IDENTITY_COLUMN = re.compile(r"identities\[(\d{1,3})\]\.(\w+)")


class Auth0(Base):
    name = "auth0"
    refs = ("user_id", "email", "username", "phone_number")
    options = OPTIONS
    joins = True

    def recognises(self, head: bytes, name: str) -> bool:
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start[:1] in (b"{", b"["):
            export = b'"user_id"' in head and (b'"identities"' in head or b'"app_metadata"' in head)
            return export or b'"custom_password_hash"' in head
        return start.startswith((b"user_id,", b'"user_id",')) or "logins_count" in csv_files.header_of(head)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        ids = options.get("ids")
        if ids not in (None, "bare"):
            raise Invalid("general_argument_invalid", "ids must be bare, or left out.", field="ids")
        mapping = _Mapping(wants_labels(options), ids == "bare")
        found = _rows(files[0])
        if len(files) > 1:
            found = _joined(found, _passwords(files[1:]))
        return self.items(found, mapping.record, start)


SOURCE = Auth0()


def _rows(file: Any) -> Iterator[SourceRow | Refused | Skipped]:
    is_json, file = text_files.peeked(file)
    if is_json:
        yield from json_files.rows(file, (), TYPICAL)
        return
    for row in csv_files.Table(file).rows():
        yield row._replace(values=_shaped(row.values)) if isinstance(row, SourceRow) else row


def _shaped(cells: Mapping[str, str]) -> dict[str, Any]:
    """Cells without their apostrophes, in the shape of the JSON."""
    found: dict[str, Any] = {}
    identities: dict[str, dict[str, str]] = {}
    for name, cell in cells.items():
        bare = cell.removeprefix("'")
        column = _IDENTITY_COLUMN.fullmatch(name.removeprefix("'"))
        if column is None:
            found[name.removeprefix("'")] = bare
        elif bare:
            identities.setdefault(column[1], {})[column[2]] = bare
    return {"identities": list(identities.values())} | found if identities else found


# The password file


def _passwords(files: list[Any]) -> dict[str, tuple[int, str, Any]]:
    """The id of the user, as it stands behind auth0| → (line, hash, when it was set)."""
    found = {}
    for file in files:
        for row in json_files.rows(file, (), ("passwordHash", "_id")):
            with joined(row, f"Line {row.at} of the password file") as values:
                id = values.text("alt_id") or values.inside("_id").text("$oid")
                text = values.text("passwordHash")
                set_at = values.inside("password_set_date").given.get("$date")
            if id is None or text is None:
                raise unreadable(f"Line {row.at} of the password file has no _id, or no passwordHash.")
            found[id.removeprefix(OWN)] = (row.at, text, set_at)
    return found


def _joined(
    found: Iterator[SourceRow | Refused | Skipped], passwords: dict[str, tuple[int, str, Any]]
) -> Iterator[SourceRow | Refused | Skipped]:
    """Users with their passwords, then the passwords that are left over."""
    for row in found:
        if isinstance(row, SourceRow) and isinstance(id := row.values.get("user_id"), str):
            password = passwords.pop(id.removeprefix(OWN), None)
            if password is not None:
                row.values[HASH], row.values[SET_AT] = password[1:]
            elif id.startswith(OWN):
                row.values[LOST] = True
        yield row
    for id, (line, _, _) in passwords.items():
        message = f"Line {line} of the password file belongs to no user of the export."
        yield Skipped(line, text_files.ref(id), [Note("import_password_lost", "password", message)])


# Users


class _Mapping:
    def __init__(self, labels: bool, bare: bool) -> None:
        self._labels, self._bare = labels, bare

    def record(self, values: Fields) -> Record:
        id, email = values.text("user_id"), values.text("email")
        app = values.object("app_metadata")
        username, email = values.login(values.text("username"), email)
        record = Record(
            id=id.removeprefix(OWN) if id and self._bare else id,
            username=username,
            name=_name(values, email),
            email=email,
            email_verified=values.truth("email_verified"),
            phone=values.text("phone_number"),
            phone_verified=values.truth("phone_verified"),
            blocked=values.truth("blocked"),
            labels=values.labels(role_names(app)) if self._labels and app else None,
            prefs=values.object("user_metadata"),
            metadata=app,
            created_at=values.moment("created_at"),
            updated_at=values.moment("updated_at"),
            last_sign_in_at=values.moment("last_login"),
            password=_secret(values),
            password_updated_at=values.moment(SET_AT) if SET_AT in values.given else None,
            identities=_identities(values),
        )
        _add_factors(record, values)
        return record


def _name(values: Fields, email: str | None) -> str | None:
    """Where nobody gave a name, Auth0 puts the email there."""
    name = values.text("name")
    if name is None or (email is not None and name.lower() == email.lower()):
        return values.full_name("given_name", "family_name")
    return values.fitting(name)


def _identities(values: Fields) -> list[Linked]:
    found = []
    for identity in values.objects("identities"):
        provider, uid = identity.text("provider"), identity.text("user_id")  # which may be a number
        if provider is None or uid is None:
            raise Wrong("identities", "An identity needs provider and user_id.")
        if provider not in NOT_IDENTITIES:
            profile = identity.inside("profileData")
            email, is_verified = profile.text("email"), profile.is_true("email_verified")
            found.append(Linked(PROVIDERS.get(provider, provider), uid, email, None, is_verified))
    return found


def _secret(values: Fields) -> Secret | None:
    joined, plain_form, custom = values.text(HASH), values.text("password_hash"), values.object("custom_password_hash")
    if plain_form is not None and custom is not None:
        raise Wrong("password_hash", "password_hash and custom_password_hash exclude each other.")
    if custom is not None:
        return _custom(Fields(custom, values.notes))
    if values.truth(LOST):
        values.no_password("The password file has no line for this user.")
    text = joined or plain_form
    return None if text is None else Secret(text, "bcrypt")


def _custom(custom: Fields) -> Secret | None:
    """The hash of the bulk import's form, each algorithm with what belongs to it."""
    algorithm = (custom.text("algorithm") or "").lower()
    hash, salt = custom.inside("hash"), custom.inside("salt")
    text = hash.text("value")
    if text is None:
        raise Wrong("custom_password_hash", "custom_password_hash has no hash.value.")
    if algorithm in ("bcrypt", "argon2", "pbkdf2", "ldap"):
        if salt.text("value") is not None:
            custom.no_password(f"A salt beside a hash of {algorithm}, which has its own, cannot be taken over.")
            return None
        return Secret(text, algorithm)
    options: dict[str, str | None] = {"encoding": hash.text("encoding")}
    if algorithm == "scrypt":
        options |= {
            "cpu": custom.text("cost") or "16384",
            "memory": custom.text("blockSize") or "8",
            "parallel": custom.text("parallelization") or "1",
            "length": custom.text("keylen"),
        }
    elif algorithm == "hmac":
        key = hash.inside("key")
        options |= {"digest": hash.text("digest"), "key": key.text("value"), "key_encoding": key.text("encoding")}
    if salt.text("value") is not None:
        options |= {"salt": salt.text("value"), "salt_encoding": salt.text("encoding")}
        if algorithm in DIGESTS:
            options["salt_position"] = salt.text("position")
    encoding = custom.inside("password").text("encoding")
    if encoding is not None and encoding not in ("utf8", "utf-8"):
        options["password_encoding"] = PASSWORD_ENCODINGS.get(encoding, encoding)
    return Secret(text, algorithm, {name: value for name, value in options.items() if value is not None})


def _add_factors(record: Record, values: Fields) -> None:
    for factor in values.objects("mfa_factors"):
        key, phone = factor.inside("totp").text("secret"), factor.inside("phone").text("value")
        email = factor.inside("email").text("value")
        if key is not None:
            record.totp.append(ImportedTotp(base32(key, "mfa_factors")))
        elif phone is not None and phone != record.phone:
            values.no_factor("A second factor by text message goes to another phone than the user's, and is lost.")
        elif email is not None and email != record.email:
            values.no_factor("A second factor by email goes to another address than the user's, and is lost.")
        record.mfa = bool(record.totp) or record.mfa
    if record.mfa is None and values.items("multifactor"):
        values.no_factor("The export says that there is a second factor, and does not have it.")
