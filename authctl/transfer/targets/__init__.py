"""The systems that users can leave for, one small file each. A new target is a file, and a line here.

A target writes users as its system reads them, one after the other. What its system has no place for it leaves out; the
flow in `export` counts that, by what `holds` says, and the target itself reports what hangs on a user's own values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, NamedTuple, cast

from authctl.core.hashing import registry
from authctl.core.hashing.base import HashError, StoredHash
from authctl.model import USER_COLUMNS, Status, User
from authctl.transfer.records import ImportedTotp, Linked, Member


class Name(NamedTuple):
    """module: where the target is, as TARGET; it is loaded when it is used."""

    module: str
    help: str


NAMES = {
    "authctl": Name("authctl", "JSON Lines; imports unchanged"),
    "csv": Name("plain_csv", "CSV; imports unchanged, no guard against formulas"),
    "appwrite": Name("appwrite", "users as Appwrite's API has them"),
    "supabase": Name("supabase", "CSV for \\copy into auth.users"),
    "firebase": Name("firebase", "JSON for firebase auth:import"),
    "auth0": Name("auth0", "JSON for Auth0's bulk import"),
    "keycloak": Name("keycloak", "JSON for Keycloak's partial import"),
    "django": Name("django", "a fixture of auth.user for loaddata"),
    "htpasswd": Name("htpasswd", "a password file for Apache or nginx"),
    "ldif": Name("ldif", "inetOrgPerson entries for slapadd or ldapadd"),
}

# The columns that a file may have no place for; the password is a part of its own, the others come about by themselves.
_DERIVED = ("password", "locked_until", "codes_locked_until", "updated_at")
COLUMNS = tuple(name for name in USER_COLUMNS if name not in _DERIVED)

DAMAGED = "damaged"  # in the place of the algorithm of a hash that cannot be read
Lose = Callable[[str], None]  # is told what of a user is left out: see `Target.record`


@dataclass(frozen=True, slots=True)
class Leaving:
    """A user with all that may go along. hash: as it is stored, and None unless hashes leave; so with totp's secrets.

    invitations: how many teams wait for an answer.
    """

    user: User
    hash: str | None = field(default=None, repr=False)
    totp: tuple[ImportedTotp, ...] = ()
    identities: tuple[Linked, ...] = ()
    memberships: tuple[Member, ...] = ()
    invitations: int = 0

    @property
    def is_blocked(self) -> bool:
        return self.user.status is Status.BLOCKED

    @property
    def login(self) -> str | None:
        """What the person signs in with, where a system wants a name for everybody."""
        return self.user.username or self.user.email


class Target(ABC):
    """A file for one system, made once an export.

    options: what `--target-option NAME=VALUE` may say, and its help. holds: the parts, of those that `export.PARTS`
    lists, that the file has a place for. reasons: why one of those may be left out. wants_hashes: it is nothing without
    them. frame, between: what stands before and behind all users, and between two.
    """

    file: ClassVar[str]  # as a sentence calls it: an htpasswd file
    system: ClassVar[str]  # who checks the hashes
    holds: ClassVar[frozenset[str]]
    reasons: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Mapping[str, str]] = {}
    wants_hashes: ClassVar[bool] = False
    frame: ClassVar[tuple[str, str]] = ("", "")
    between: ClassVar[str] = ""

    def __init__(self, options: Mapping[str, str], *, with_hashes: bool, with_secrets: bool) -> None:
        self.given = options
        self.with_hashes = with_hashes
        self.with_secrets = with_secrets

    def start(self) -> str:
        return self.frame[0]

    def end(self, users: int) -> str:
        return self.frame[1]

    @abstractmethod
    def record(self, leaving: Leaving, lose: Lose) -> str | None:
        """A user as text; None where the file cannot have the user, and `lose` was told `user:WHY`.

        `lose` takes a part (`id`, `identities`), what `refusal` says of a hash, or `user:WHY`, WHY one of those in
        `export.REASONS`.
        """

    def next_step(self) -> str | None:
        """What to do with the file, where its system must be told more than the file says."""
        return None

    def spell(self, found: StoredHash) -> Any:
        """A password hash as the system writes it, or None where it cannot check such a hash."""
        return None

    def refusal(self, found: StoredHash) -> str:
        """Why a hash is left out: `hash:ALGORITHM` that the system cannot check, `cost:ALGORITHM` of more work than it
        does, `run:KIND` that takes an export of its own."""
        return f"hash:{found.algorithm}"

    def password(self, leaving: Leaving, lose: Lose) -> Any:
        """The user's hash as the system writes it; None where there is none for it."""
        if leaving.hash is None:
            return None
        try:
            found = registry.parse(leaving.hash)
        except HashError:
            lose(f"hash:{DAMAGED}")
            return None
        spelled = self.spell(found)
        if spelled is None:
            lose(self.refusal(found))
        return spelled


def parts(words: str) -> frozenset[str]:
    """What a target holds, as words."""
    return frozenset(words.split())


def load(name: str) -> type[Target]:
    """A target by its name, which is one of NAMES."""
    return cast("type[Target]", import_module(f"{__name__}.{NAMES[name].module}").TARGET)
