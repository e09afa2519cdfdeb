"""Appwrite's `GET /users`, and with it the answers of its identities, teams and memberships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from authctl.transfer.records import DROPPED, Item, Linked, Member, Record, Secret
from authctl.transfer.sources import json_files
from authctl.transfer.sources.base import Base
from authctl.transfer.sources.field_reader import Fields, Wrong
from authctl.transfer.sources.joining import Joining

TYPICAL = ("emailVerification", "passwordUpdate", "registration", "accessedAt")
IGNORED = frozenset(
    (
        # Where rows are kept, and who may read them.
        *("$sequence", "$permissions", "$databaseId", "$collectionId"),
        # Said by $createdAt.
        "registration",
        # Found from the email; where messages go, which is the email, the phone, or a device's token.
        *("emailCanonical", "emailIsFree", "emailIsDisposable", "emailIsCorporate", "emailIsCanonical", "targets"),
    )
)
LISTS = ("identities", "memberships", "teams")

# Their name → ours, and which of hashOptions mean something with it. The others are of hashes that say all themselves.
HASHES: dict[str, tuple[str, tuple[str, ...]]] = {
    "argon2": ("argon2", ()),
    "bcrypt": ("bcrypt", ()),
    "md5": ("md5", ()),
    "sha": ("sha", ("version",)),
    "phpass": ("phpass", ()),
    "scrypt": ("scrypt", ("salt", "costCpu", "costMemory", "costParallel", "length")),
    "scryptMod": ("scrypt-modified", ("salt", "saltSeparator", "signerKey")),
}


class Appwrite(Base):
    name = "appwrite"
    refs = ("$id", "email", "phone")
    always = ("$id",)
    typical = TYPICAL
    ignored = IGNORED
    joins = True

    def recognises(self, head: bytes, name: str) -> bool:
        return b'"$id"' in head and (b'"emailVerification"' in head or b'"passwordUpdate"' in head)

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        mapping = _Mapping()
        for place, file in enumerate(files[1:], 1):
            mapping.joining.read(json_files.rows(file, LISTS, ("$id",)), place)
        users = json_files.rows(files[0], ("users",), (*TYPICAL, "$id"))
        return self.items(chain(users, mapping.joining.lost), mapping.record, start)


SOURCE = Appwrite()


@dataclass
class _Mapping:
    """What the other files say, by the user's id."""

    identities: dict[str, list[Linked]] = field(default_factory=dict)
    members: dict[str, list[Member]] = field(default_factory=dict)
    joining: Joining = field(init=False)

    def __post_init__(self) -> None:
        what = "Record {} of the identities, teams or memberships"
        self.joining = Joining(what, lambda values: values.text("userId"), self._keep, _loss)

    def _keep(self, user: str, values: Fields) -> None:
        if "providerUid" in values.given:
            self.identities.setdefault(user, []).extend(_linked(values))
        elif "teamId" in values.given and values.truth("confirm"):
            self.members.setdefault(user, []).append(_member(values))

    def record(self, values: Fields) -> Record:
        id = values.text("$id") or ""
        active = values.truth("status")
        record = Record(
            id=id,
            name=values.name("name"),
            email=values.text("email"),
            email_verified=values.truth("emailVerification"),
            phone=values.text("phone"),
            phone_verified=values.truth("phoneVerification"),
            blocked=None if active is None else not active,
            labels=values.texts("labels"),
            prefs=values.object("prefs"),
            created_at=values.moment("$createdAt") or values.moment("registration"),
            updated_at=values.moment("$updatedAt"),
            last_sign_in_at=values.moment("accessedAt"),
            password=_secret(values),
            password_updated_at=values.moment("passwordUpdate"),
            identities=self.identities.get(id, []),
            members=self.members.get(id, []),
        )
        values.notes += self.joining.notes.get(id, ())
        if values.truth("mfa"):
            record.mfa = bool(record.email_verified or record.phone_verified)
            values.no_factor("Appwrite's API does not export authenticators. Email and phone can still be factors.")
        return record


def _loss(given: Mapping[str, Any]) -> tuple[str, str]:
    return DROPPED, "members" if "teamId" in given else "identities"


def _secret(values: Fields) -> Secret | None:
    text, hash = values.text("password"), values.text("hash") or ""
    given = Fields(values.object("hashOptions") or {}, values.notes)
    if text is None:
        return None
    name, wanted = HASHES.get(hash, (hash, ()))
    options = {option: found for option in wanted if (found := given.text(option)) is not None}
    return Secret(text, name or None, options)


def _linked(values: Fields) -> list[Linked]:
    provider, uid = values.text("provider"), values.text("providerUid")
    if provider is None or uid is None:
        values.left_out("identities", provider or uid, "An identity needs provider and providerUid.")
        return []
    return [Linked(provider, uid, values.text("providerEmail"), values.moment("$createdAt"))]


def _member(values: Fields) -> Member:
    team = values.text("teamId")
    if team is None:
        raise Wrong("teamId", "The record has no teamId.")
    return Member(team, values.text("teamName") or team, values.texts("roles"), values.moment("joined"))
