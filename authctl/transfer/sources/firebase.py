"""Firebase Authentication: `auth:export` as JSON or CSV, and what the admin SDK and the Identity Toolkit answer.

The hashes need the project's parameters. The CSV has no header, and every line of it ends with a comma. It had 28
fields once, 29 until May 2026, 53 since:

    0 id · 1 email · 2 email verified · 3 hash · 4 salt · 5 name · 6 photo
    7–22 four providers, each of id, email, name, photo
    23 created · 24 signed in · 25 phone · 26 disabled · 27 claims, a JSON text · 28–51 six more providers
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from authctl.errors import Invalid
from authctl.transfer.records import Item, Linked, Note, Record, Refused, Secret, Skipped
from authctl.transfer.sources import csv_files, json_files, text_files, timestamps
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import ROLES, Fields, NotAUser, role_names, wants_labels
from authctl.transfer.sources.text_files import Form, SourceRow, Verbatim

TYPICAL = ("localId", "emailVerified", "providerData")
WIDTHS = frozenset((28, 29, 53))
PLACES = {
    "localId": 0,
    "email": 1,
    "emailVerified": 2,
    "passwordHash": 3,
    "salt": 4,
    "displayName": 5,
    "photoUrl": 6,
    "createdAt": 23,
    "lastSignedInAt": 24,
    "phoneNumber": 25,
    "disabled": 26,
    "customAttributes": 27,
}
PROVIDER_PLACES = {
    "google.com": 7,
    "facebook.com": 11,
    "twitter.com": 15,
    "github.com": 19,
    "apple.com": 28,
    "microsoft.com": 32,
    "gc.apple.com": 36,
    "playgames.google.com": 40,
    "linkedin.com": 44,
    "yahoo.com": 48,
}
# The names that everybody else has for them.
PROVIDERS = {
    f"{name}.com": name
    for name in ("google", "facebook", "twitter", "github", "apple", "microsoft", "linkedin", "yahoo")
}
NOT_IDENTITIES = ("password", "phone")
PROFILE = ("photoUrl", "photoURL", "screenName", "timeZone", "dateOfBirth", "tenantId")
IGNORED = frozenset(
    (
        # About its own tokens and hashes.
        *("tokensValidAfterTime", "validSince", "lastRefreshAt", "metadata.lastRefreshTime", "version"),
        # The provider's copy of the profile, which it gives again at each sign-in.
        *("providerUserInfo.*", "providerData.*"),
        # What a factor is called: it is the user's own phone, or lost and told.
        *("mfaInfo.*", "multiFactor.*"),
    )
)
EMULATED = "fakeHash:"  # how the emulator begins a password in plain text
REDACTED = "UkVEQUNURUQ="  # the hash for whoever may not read hashes: REDACTED, in base64

# Option → what the console, the export and the API call it, without case and underscores.
PARAMETERS = {
    "signer_key": ("base64signerkey", "signerkey"),
    "salt_separator": ("base64saltseparator", "saltseparator"),
    "rounds": ("rounds",),
    "mem_cost": ("memcost", "memorycost"),
}
OPTIONS = {
    "hash_config": "the project's password hash parameters, as the console shows them; none imports without passwords",
    "signer_key": "base64_signer_key of those parameters",
    "salt_separator": "base64_salt_separator of those parameters",
    "rounds": "rounds of those parameters",
    "mem_cost": "mem_cost of those parameters",
    **ROLES,
}
CONSOLE = (
    "Copy them from the console (Authentication, Users, the menu above the list, Password hash parameters) to a "
    "file and name it with --hash-config. To import without passwords: --source-option hash_config=none"
)

_PARAMETER = re.compile(r"[\"']?(\w+)[\"']?\s*[:=]\s*[\"']?([^\s,\"'}]+)")
_ID = re.compile(r"([A-Za-z0-9_-]{1,128}),")
_MILLISECONDS = re.compile(r"(?:[0-9]{11,14})?")


class Firebase(Base):
    name = "firebase"
    refs = ("localId", "uid", "email", "phoneNumber")
    always = ("localId", "uid")
    ignored = IGNORED
    options = OPTIONS
    asks_password = True

    def recognises(self, head: bytes, name: str) -> bool:
        """By what it calls ids, or by a first line of such a length with two times where they should be."""
        if text_files.is_json(head):
            return b'"localId"' in head or (b'"uid"' in head and b'"providerData"' in head)
        try:
            first = next(csv.reader([head.split(b"\n", 1)[0].decode()]), [])
        except (UnicodeDecodeError, csv.Error):
            return False
        return len(first) in WIDTHS and first[0] != "" and first[23] != "" and _has_times(first)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping = _Mapping(hash_parameters(options), wants_labels(options))
        is_json, file = text_files.peeked(files[0])
        if is_json:
            return self.items(json_files.rows(file, ("users",), TYPICAL), mapping.record, start)
        return self.items(_csv_rows(file), mapping.record, start)


SOURCE = Firebase()


def hash_parameters(options: Mapping[str, str]) -> dict[str, str] | None:
    """What all hashes of the project need; None where it is said that passwords stay behind.

    hash_config is the console's block, the API's object, or whatever names the parameters in such a way.
    """
    text = options.get("hash_config", "")
    if text.strip() == "none":
        return None
    words = {_plain(name): value for name, value in _PARAMETER.findall(text)}
    if words.get("algorithm", "SCRYPT").upper() != "SCRYPT":
        raise _invalid("These hash parameters are not for Firebase's SCRYPT.")
    found = {}
    for option, spellings in PARAMETERS.items():
        value = options.get(option) or next((words[word] for word in spellings if word in words), None)
        if value is None:
            raise _invalid(f"Firebase's hashes need the project's parameters: {option} is missing.")
        found[option] = value
    return found


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _invalid(message: str) -> Invalid:
    return Invalid("general_argument_invalid", message, field="hash_config", hint=CONSOLE)


def _csv_rows(file: Any) -> Iterator[SourceRow | Refused | Skipped]:
    """The lines of the CSV in the shape of the JSON."""
    text = text_files.opened(file)
    lines = csv_files.Lines(text_files.lines(text))
    form = Form()
    for at, cells, verbatim in csv_files.records(csv_files.reader(lines, ","), lines, WIDTHS):
        raw = Verbatim(verbatim, form)
        if isinstance(cells, str):
            yield _refused(at, raw, cells)
        elif not _has_times(cells):
            yield _refused(
                at, raw, "Fields 24 and 25 are not times in milliseconds, so the line is not from auth:export."
            )
        else:
            yield SourceRow(at, _shaped(cells), raw)


def _refused(at: int, raw: Verbatim, message: str) -> Refused:
    id = _ID.match(raw.text)
    return Refused(at, id and id[1], raw, [Note("import_record_invalid", None, message)])


def _has_times(cells: list[str]) -> bool:
    return all(_MILLISECONDS.fullmatch(cells[PLACES[name]]) for name in ("createdAt", "lastSignedInAt"))


def _shaped(cells: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: cells[place] for name, place in PLACES.items() if place < len(cells)}
    found["providerUserInfo"] = [
        {"providerId": provider, "rawId": uid, "email": email}
        for provider, place in PROVIDER_PLACES.items()
        for uid, email in [[*cells[place : place + 2], "", ""][:2]]
        if uid
    ]
    return found


class _Mapping:
    def __init__(self, parameters: Mapping[str, str] | None, labels: bool) -> None:
        self._parameters, self._labels = parameters, labels

    def record(self, values: Fields) -> Record:
        claims = values.object("customAttributes") or values.object("customClaims")
        phone, times = values.text("phoneNumber"), values.inside("metadata")
        record = Record(
            id=values.first("localId", "uid"),
            name=values.name("displayName"),
            email=values.text("email"),
            email_verified=values.truth("emailVerified"),
            phone=phone,
            phone_verified=True if phone else None,  # there is none in Firebase but by a text message
            blocked=bool(values.truth("disabled")),
            labels=values.labels(role_names(claims)) if self._labels and claims else None,
            texts={"locale": values.text("language")},
            metadata=values.kept(*PROFILE) | (claims or {}),
            created_at=values.moment("createdAt", _time) or times.moment("creationTime", _time),
            last_sign_in_at=values.moment("lastSignedInAt", _time)
            or values.moment("lastLoginAt", _time)
            or times.moment("lastSignInTime", _time),
            password_updated_at=values.moment("passwordUpdatedAt", _time),
        )
        has_password = _add_identities(record, values)
        self._add_password(record, values, has_password)
        _add_factors(record, values)
        if _is_anonymous(record) and not values.is_true("customAuth"):
            raise NotAUser("The account is anonymous: no email, phone or provider.")
        return record

    def _add_password(self, record: Record, values: Fields, has_one: bool) -> None:
        text, salt = values.text("passwordHash"), values.first("salt", "passwordSalt")
        if text is not None and text.startswith(EMULATED):
            values.no_password("The emulator does not export passwords.")
        elif text == REDACTED:
            values.no_password(
                "The hash is redacted. Reading hashes takes the permission firebaseauth.configs.getHashConfig."
            )
        elif text is not None and self._parameters is None:
            values.no_password("The password cannot be imported without hash parameters.")
        elif text is not None and self._parameters is not None:
            record.password = Secret(text, "scrypt-modified", {**self._parameters, "salt": salt or ""})
        elif has_one or _can_have_password(record, values):
            values.no_password("The user has no password, or Firebase imported it with another algorithm.")


def _time(value: Any) -> datetime | None:
    """Milliseconds since 1970 in exports, RFC 1123's dates in the admin SDK."""
    return timestamps.epoch_milliseconds(value) or timestamps.mail_date(value)


def _can_have_password(record: Record, values: Fields) -> bool:
    return bool(record.email and not record.identities and not record.phone and not values.is_true("emailLinkSignin"))


def _add_identities(record: Record, values: Fields) -> bool:
    """Whether there is a password among them."""
    has_password = False
    for info in (*values.objects("providerUserInfo"), *values.objects("providerData")):
        provider, uid, email = info.text("providerId"), info.first("rawId", "uid"), info.text("email")
        has_password = has_password or provider == "password"
        if provider in NOT_IDENTITIES:
            continue
        if provider is None or uid is None:
            values.left_out("identities", provider or uid, "An identity needs providerId and rawId.")
        else:
            record.identities.append(Linked(PROVIDERS.get(provider, provider), uid, email))
    return has_password


def _add_factors(record: Record, values: Fields) -> None:
    """The phone of a second factor is kept where it is the user's own; authenticators never leave Firebase."""
    for factor in (*values.objects("mfaInfo"), *values.inside("multiFactor").objects("enrolledFactors")):
        phone = factor.first("unobfuscatedPhoneInfo", "phoneInfo", "phoneNumber")
        if phone is not None and phone == record.phone:
            record.mfa = True
        elif phone is not None:
            values.no_factor("Cannot import a second factor that texts another phone than the user's.")
        else:
            values.no_factor("Firebase does not export authenticators.")


def _is_anonymous(record: Record) -> bool:
    return not (record.email or record.phone or record.identities or record.name or record.metadata)
