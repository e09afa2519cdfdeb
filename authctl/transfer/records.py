"""What passes between sources and the engine: a user as a file tells of one, and what is to be said of it.

A source puts into a Record what the file says, mapped but not judged: the engine holds every value to the rules that
`users create` holds it to. What the source itself finds odd it adds as notes; what it cannot read it yields as Refused,
and what is no user for us as Skipped. Nothing here, and no message, holds a hash or a secret in its repr.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from authctl.model import USER_COLUMNS, Json


class Addresses(StrEnum):
    """Who gave the emails, phones and usernames of a source: an operator, or each user."""

    GIVEN = "given"
    CLAIMED = "claimed"


class WeakPasswords(StrEnum):
    """What becomes of plain passwords that the policy for new ones would not take."""

    KEEP = "keep"
    CHANGE = "change"
    REFUSE = "refuse"


class Note(NamedTuple):
    """One thing to say of a record, in the report. type: a word of `errors.TYPES` or one that begins `import_`.

    value: what the record had there, JSON, where it is left out and no secret: it is kept in the user's metadata.
    """

    type: str
    field: str | None
    message: str  # without the value where it is a secret
    value: Any = None


DROPPED = "import_value_dropped"
MOST_NOTES = 1_000  # of what was left out of a record; more of them take a hundred times the record's memory


class Notes(list[Note]):
    """What is to be said of a record."""

    def add(self, note: Note) -> None:
        """Say this of what was left out, unless as much was said."""
        if len(self) < MOST_NOTES:
            self.append(note)
        elif len(self) == MOST_NOTES:
            self.append(Note(DROPPED, note.field, f"More than {MOST_NOTES:,} values were left out."))


NO_WAY_IN = "import_no_way_in"
# What the policy would have refused people themselves: the user comes in, and whoever imports is told.
AGAINST_POLICY = {
    "import_policy_email": "an email that email-domains does not allow",
    "import_policy_method": "a password, which sign-in-methods does not allow",
    "import_policy_unverified": "no verified address, as require-verified demands, and must verify one first",
}
MERGED = "import_merged"  # the record became a part of another user
UNREAD = "import_field_unread"  # never a note: what a source does not read is counted alone
MEMBERSHIPS = "memberships"  # what counts as unread where teams are not asked for
LOST_PASSWORD = "import_password_lost"  # noqa: S105 - the type of a note
LOSSES = frozenset((DROPPED, UNREAD, LOST_PASSWORD, "import_factor_lost"))
# Why a hash is no password here, though there was one; an empty or locked one is none.
LOST_HASHES = frozenset(f"password_hash_{why}" for why in ("invalid", "too_costly", "unsupported", "unnamed"))


@dataclass(slots=True)
class Secret:
    """What a file has for a password. hash: the name that `hashing.accept` is told; None where the text says it."""

    text: str = field(repr=False)
    hash: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_plain: bool = False


@dataclass(slots=True)
class ImportedTotp:
    """An authenticator that has been verified. secret: the key's octets, decoded."""

    secret: bytes = field(repr=False)
    name: str = ""
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30  # seconds


@dataclass(slots=True)
class Linked:
    """An account elsewhere. email_verified: the source documents that the provider has verified the email."""

    provider: str
    provider_uid: str
    email: str | None = None
    created_at: datetime | None = None
    email_verified: bool = False


@dataclass(slots=True)
class Member:
    """A confirmed membership. team: an id where the source has one, else None and a name."""

    team: str | None
    name: str
    roles: tuple[str, ...] = ()
    joined_at: datetime | None = None


@dataclass(slots=True)
class Record:
    """A user as a file tells of one.

    at: the line in text formats, the place counted from 1 in arrays. ref: the source's id or what else names it to its
    owner. raw: the record as the source can write it again, for the file of refused ones: JSON, or bytes in it. Times
    are aware datetimes.
    None means that the file says nothing, which an update leaves as it is. texts: by name, the columns of TEXTS.
    unread: by name, what the file says that nothing here is made of.
    """

    at: int = 0
    ref: str | None = None
    raw: Any = field(default=None, repr=False)
    id: str | None = None
    username: str | None = None
    name: str | None = None
    email: str | None = None
    email_verified: bool | None = None
    phone: str | None = None
    phone_verified: bool | None = None
    blocked: bool | None = None
    blocked_until: datetime | None = None
    labels: tuple[str, ...] | None = None
    prefs: Json | None = None
    metadata: Json | None = None
    mfa: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_sign_in_at: datetime | None = None
    texts: Mapping[str, str | None] = field(default_factory=dict)
    password: Secret | None = None
    password_updated_at: datetime | None = None
    must_change: bool = False
    totp: list[ImportedTotp] = field(default_factory=list)
    recovery_codes: list[str] = field(default_factory=list, repr=False)
    identities: list[Linked] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unread: Mapping[str, Any] = field(default_factory=dict, repr=False)


# The columns of users that have no field of their own in a Record: `validation` has their rules.
TEXTS = tuple(
    name for name, type in USER_COLUMNS.items() if type == "str | None" and name not in Record.__dataclass_fields__
)


@dataclass(slots=True)
class Refused:
    """A record that cannot be taken in, and why."""

    at: int
    ref: str | None
    raw: Any = field(repr=False)
    notes: list[Note] = field(default_factory=list)


@dataclass(slots=True)
class Skipped:
    """A record that is no user for us (a deleted one, a service account, a group), and why.

    file: which of the import's files it is in, counted from the one that is read.
    """

    at: int
    ref: str | None
    notes: list[Note] = field(default_factory=list)
    file: int = 0


Item = Record | Refused | Skipped


class Source(Protocol):
    """How one system's files are read. Each module of `sources` has one, as SOURCE; it is listed in `sources.NAMES`.

    options: the names of what `--source-option NAME=VALUE` may say, with `_` for `-`, and their help; any other is
    refused. joins: the files behind the first are what it is joined with; else each is read as a first, by itself.
    asks_password: its hashes hang on settings that the operator gives, so that one is better proved on a password.
    addresses: who gave them, as a rule. takes: by a field that it leaves out, what takes it along.
    in_folder: a pattern of the names of users' files where its export is a folder; its group says of which export.
    """

    name: str
    help: str
    options: Mapping[str, str]
    joins: bool
    asks_password: bool
    addresses: Addresses
    takes: Mapping[str, str]
    in_folder: str | None

    def recognises(self, head: bytes, name: str) -> bool:
        """Whether a file that begins so (64 KiB at most) and has that name is this system's."""

    def read(self, files: list[Any], options: Mapping[str, str], start: int) -> Iterator[Item]:
        """The records of the first of these open binary files (`io.BufferedReader`, decompressed), in constant memory.

        start: how many records of it are through already and are only passed over. The other files are what it is
        joined with, such as passwords, identities and factors beside users; there are none where it does not join.
        Raises Invalid (import_file_invalid) where the file as a whole is not readable; a bad record is yielded.
        """

    def rejects(self, raws: Iterator[Any]) -> Iterator[bytes]:
        """Refused records as a file of this system again, to be mended and imported."""
