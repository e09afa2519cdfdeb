"""Auth0: a users export joined with the password file that support hands out, or a file for its bulk import.

The export is of a job, of the export extension, whose fields have headings, or of the Management API. In a job's CSV
every text begins with an apostrophe, against formulas. A password belongs to the user whose id, behind `auth0|`, is the
password's `alt_id`, else its `_id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from authctl.errors import Invalid
from authctl.transfer.records import Item, Linked, Note, Record, Refused, Secret, Skipped
from authctl.transfer.sources import csv_files, json_files, text_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import NOTHING, ROLES, Fields, Wrong, role_names, wants_labels
from authctl.transfer.sources.joining import Joining
from authctl.transfer.sources.text_files import SourceRow, unreadable

TYPICAL = ("email", "user_id", "Id", "passwordHash")
OWN = "auth0|"
NOT_IDENTITIES = ("auth0", "sms", "email")
# The names that everybody else has for them.
PROVIDERS = {"google-oauth2": "google", "windowslive": "microsoft"}
HASH = "\0passwordHash"  # what is joined; no column is called so
SET_AT = "\0passwordSetAt"
LOST = "\0passwordMissing"
LOST_PASSWORD = ("import_password_lost", "password")

DIGESTS = ("md5", "sha1", "sha256", "sha512")
PASSWORD_ENCODINGS = {
    "utf16le": "utf16le",
    "ucs2": "utf16le",
    "latin1": "latin1",
    "binary": "latin1",
    "ascii": "latin1",
}

OPTIONS = {**ROLES, "ids": "bare: drop auth0| from ids (default: keep it)"}

# What the bulk import takes, and nothing else: https://auth0.com/docs/manage-users/user-migration/bulk-user-import-database-schema-and-examples
BULK = frozenset(
    (
        *("user_id", "email", "email_verified", "username", "phone_number", "phone_verified", "name", "given_name"),
        *("family_name", "nickname", "picture", "blocked", "app_metadata", "user_metadata"),
        *("password_hash", "custom_password_hash", "mfa_factors"),
        *(HASH, SET_AT, LOST),
    )
)
PROFILE = ("nickname", "picture")
IGNORED = frozenset(
    (
        # What its own sign-ins leave.
        *("logins_count", "last_ip", "multifactor_last_modified", "clientID", "global_client_id"),
        # Under which name Auth0 knows the provider, and the provider's tokens.
        *("identities.*", "connection"),
    )
)
# What the extension calls otherwise than Auth0 does.
HEADINGS = {"Id": "user_id"}

_IDENTITY_COLUMN = re.compile(r"identities\[(\d{1,3})\]\.(\w+)")
_OBJECT_COLUMN = re.compile(r"(app_metadata|user_metadata)\.(.+)")
_USER_ID = re.compile(rb'"(?:user_id|Id)"\s*:\s*"[^"|]+\|')


class Auth0(Base):
    name = "auth0"
    refs = ("user_id", "email", "username", "phone_number")
    ignored = IGNORED
    options = OPTIONS
    joins = True

    def recognises(self, head: bytes, name: str) -> bool:
        """By ids with a bar, which others do not have; else by names that only Auth0 gives."""
        if text_files.is_json(head):
            known = (b'"custom_password_hash"', b'"password_set_date"', b'"_tmp_is_unique"')
            is_of_passwords = all(each in head for each in (b'"passwordHash"', b'"tenant"', b'"connection"'))
            return is_of_passwords or _USER_ID.search(head) is not None or any(each in head for each in known)
        columns = {name.removeprefix("'") for name in csv_files.header_of(head)}
        has_own = any(_IDENTITY_COLUMN.match(name) or _OBJECT_COLUMN.match(name) for name in columns)
        own = {"logins_count", "last_login", "app_metadata", "user_metadata", "email_verified", "blocked"}
        return ("user_id" in columns and (has_own or bool(own & columns))) or {"Id", "Email Verified"} <= columns

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        ids = options.get("ids")
        if ids not in (None, "bare"):
            raise Invalid(
                "general_argument_invalid", "Invalid --source-option ids: use bare, or leave it out.", field="ids"
            )
        mapping = _Mapping(wants_labels(options), ids == "bare")
        found = _rows(files[0])
        if len(files) > 1:
            found = _joined(found, _Passwords(files[1:]))
        return self.items(found, mapping.record, start)

    def _check_shape(self, values: Any) -> None:
        """A record has its id, or is of the bulk import's form."""
        if values.get("user_id") in NOTHING and not BULK.issuperset(values):
            raise Wrong("user_id", "The record has no user_id, so it is not from an Auth0 export.")


SOURCE = Auth0()
Row = SourceRow | Refused | Skipped


def _rows(file: Any) -> Iterator[Row]:
    is_json, file = text_files.peeked(file)
    found = json_files.rows(file, ("users",), TYPICAL) if is_json else csv_files.Table(file, known=TYPICAL).rows()
    first = next(found, None)
    if isinstance(first, SourceRow) and "passwordHash" in first.values and "user_id" not in first.values:
        raise unreadable("This is the password file. Name the users' export before it.")
    return map(_named if is_json else _shaped, chain(() if first is None else (first,), found))


def _shaped(row: Row) -> Row:
    """Cells without their apostrophes, in the shape of the JSON."""
    if not isinstance(row, SourceRow):
        return row
    found: dict[str, Any] = {}
    identities: dict[str, dict[str, str]] = {}
    for name, cell in row.values.items():
        name, bare = name.removeprefix("'"), cell.removeprefix("'")
        if column := _IDENTITY_COLUMN.fullmatch(name):
            if bare:
                identities.setdefault(column[1], {})[column[2]] = bare
        elif column := _OBJECT_COLUMN.fullmatch(name):
            inner = found.setdefault(column[1], {})
            if bare and isinstance(inner, dict):
                inner[column[2]] = bare
        else:
            found[name] = bare
    return _named(row._replace(values={"identities": list(identities.values())} | found if identities else found))


def _named(row: Row) -> Row:
    """The extension's headings as the names of fields: its Given Name is given_name."""
    if not isinstance(row, SourceRow) or "Id" not in row.values:
        return row
    named = {HEADINGS.get(name) or name.lower().replace(" ", "_"): value for name, value in row.values.items()}
    return row._replace(values=named)


# The password file


class _Passwords:
    """What the password files say. found: the id, as it stands behind auth0| → hash, when it was set, file and line."""

    def __init__(self, files: list[Any]) -> None:
        self.found: dict[str, tuple[str, Any, tuple[int, int]]] = {}
        self.joining = Joining("Line {} of the password file", _owner, self._keep, lambda given: LOST_PASSWORD)
        for place, file in enumerate(files, 1):
            self.joining.read(self._placed(json_files.rows(file, (), ("passwordHash", "_id")), place), place)

    def _placed(self, rows: Iterator[SourceRow | Refused], file: int) -> Iterator[SourceRow | Refused]:
        for row in rows:
            self._place = file, row.at
            yield row

    def _keep(self, id: str, values: Fields) -> None:
        text = values.text("passwordHash")
        if text is None:
            raise Wrong("passwordHash", "The line has no passwordHash.")
        self.found[id] = text, values.inside("password_set_date").given.get("$date"), self._place

    def why_lost(self, id: str) -> str:
        notes = self.joining.notes.get(id)
        return notes[0].message if notes else "The password file has no line for this user."

    def left(self) -> Iterator[Skipped]:
        """Lines that belong to no user of the export, and those that do not say to whom."""
        yield from self.joining.lost
        for id, (*_, (file, line)) in self.found.items():
            message = f"Line {line} of the password file belongs to no user in the export."
            yield Skipped(line, text_files.ref(id), [Note(*LOST_PASSWORD, message)], file)


def _owner(values: Fields) -> str:
    id = values.text("alt_id") or values.inside("_id").text("$oid")
    if id is None:
        raise Wrong("_id", "The line has no _id.")
    return id.removeprefix(OWN)


def _joined(found: Iterator[Row], passwords: _Passwords) -> Iterator[Row]:
    """Users with their passwords, then the passwords that are left over."""
    for row in found:
        if isinstance(row, SourceRow) and isinstance(id := row.values.get("user_id"), str):
            password = passwords.found.pop(own := id.removeprefix(OWN), None)
            if password is not None:
                row.values[HASH], row.values[SET_AT], _ = password
            elif id.startswith(OWN):
                row.values[LOST] = passwords.why_lost(own)
        yield row
    yield from passwords.left()


# Users


class _Mapping:
    def __init__(self, labels: bool, bare: bool) -> None:
        self._labels, self._bare = labels, bare

    def record(self, values: Fields) -> Record:
        values.ask(HASH, SET_AT, LOST)
        id, email = values.text("user_id"), values.text("email")
        app = values.object("app_metadata")
        username, email = values.login(values.text("username"), email)
        name = _name(values, email)
        record = Record(
            id=id.removeprefix(OWN) if id and self._bare else id,
            username=username,
            name=name,
            email=email,
            email_verified=values.truth("email_verified"),
            phone=values.text("phone_number"),
            phone_verified=values.truth("phone_verified"),
            blocked=values.truth("blocked"),
            labels=values.labels(role_names(app)) if self._labels and app else None,
            prefs=values.object("user_metadata"),
            texts={"locale": values.text("locale")},
            metadata=values.kept(*PROFILE) | values.parts_of(name, "given_name", "family_name") | (app or {}),
            created_at=values.moment("created_at"),
            updated_at=values.moment("updated_at"),
            last_sign_in_at=values.moment("last_login"),
            password=_secret(values),
            password_updated_at=values.moment(SET_AT if SET_AT in values.given else "last_password_reset"),
            identities=_identities(values, id),
        )
        _add_factors(record, values)
        return record


def _name(values: Fields, email: str | None) -> str | None:
    """Where nobody gave a name, Auth0 puts the email there."""
    name = values.text("name")
    if name is None or (email is not None and name.lower() == email.lower()):
        return values.full_name("given_name", "family_name")
    return values.fitting(name)


def _identities(values: Fields, id: str | None) -> list[Linked]:
    listed = values.objects("identities")
    if not listed and id and "|" in id:
        first, _, number = id.partition("|")
        return [] if first in NOT_IDENTITIES else [Linked(PROVIDERS.get(first, first), number)]
    found = []
    for identity in listed:
        provider, uid = identity.text("provider"), identity.text("user_id")  # which may be a number
        if provider in NOT_IDENTITIES:
            continue
        if provider is None or uid is None:
            values.left_out("identities", provider or uid, "An identity needs provider and user_id.")
            continue
        # The rest of the profile is a copy, which the provider gives again at each sign-in.
        profile = Fields(identity.object("profileData") or {}, values.notes)
        email, is_verified = profile.text("email"), profile.is_true("email_verified")
        found.append(Linked(PROVIDERS.get(provider, provider), uid, email, None, is_verified))
    return found


def _secret(values: Fields) -> Secret | None:
    joined, plain_form, custom = values.text(HASH), values.text("password_hash"), values.object("custom_password_hash")
    if plain_form is not None and custom is not None:
        raise Wrong("password_hash", "The record has both password_hash and custom_password_hash.")
    if custom is not None:
        return _custom(Fields(custom, values.notes))
    if why := values.text(LOST):
        values.no_password(why)
    text = joined or plain_form
    if text is None and not values.given.get(LOST) and (values.text("user_id") or "").startswith(OWN):
        values.no_password(
            "Auth0's exports contain no passwords. Ask its support for the password file and name it after the export."
        )
    return None if text is None else Secret(text, "bcrypt")


def _custom(custom: Fields) -> Secret | None:
    """The hash of the bulk import's form, each algorithm with what belongs to it."""
    algorithm = (custom.text("algorithm") or "").lower()
    hash, salt = custom.inside("hash"), custom.inside("salt")
    text = hash.text("value")
    if text is None:
        raise Wrong("custom_password_hash", "The custom_password_hash has no hash.value.")
    if algorithm in ("bcrypt", "argon2", "pbkdf2", "ldap"):
        if salt.text("value") is not None:
            custom.no_password(f"The hash has a salt beside it, but {algorithm} hashes contain their own.")
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
            record.totp += values.authenticators(key, "mfa_factors")
        elif phone is not None and phone != record.phone:
            values.no_factor("Cannot import a second factor that texts another phone than the user's.")
        elif email is not None and email != record.email:
            values.no_factor("Cannot import a second factor that mails another address than the user's.")
        record.mfa = bool(record.totp) or record.mfa
    if record.mfa is None and values.items("multifactor"):
        values.no_factor("The export mentions a second factor but does not contain it.")
