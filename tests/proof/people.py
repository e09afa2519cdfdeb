"""Who takes part in the trial, what belongs to whom, and what somebody has or knows of an account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

PEOPLE = ("ada", "sam", "eve")  # the owner; a stranger with addresses of their own; the intruder
EMAILS = {
    "ada": ("ada@example.com", "ada@example.org"),
    "sam": ("sam@example.com",),
    "eve": ("eve@example.com", "eve@example.org"),
}
PHONES = {"ada": ("+14255550101", "+14255550102"), "sam": ("+14255550104",), "eve": ("+14255550103",)}
OWNERS = {address: person for kind in (EMAILS, PHONES) for person, own in kind.items() for address in own}

# What the intruder holds of the owner's: one of them.
LOOT = ("session", "password", "mailbox", "phone")
BEHIND = {"mailbox": EMAILS["ada"][0], "phone": PHONES["ada"][0]}  # the address of each


def kind_of(address: str) -> str:
    return "email" if "@" in address else "phone"


@dataclass
class Letter:
    """A message with a secret. readers: who has seen it. asker: who had it sent. place: what else its link names.

    address: what its token is about, which is not always where it went. at: when. is_over: it need not work any more.
    """

    to: str
    secret: str
    readers: set[str]
    kind: str = ""
    user: str = ""
    token: str | None = None
    asker: str = ""
    address: str | None = None
    at: datetime | None = None
    is_over: bool = False
    place: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    """A session's secret. loot: what it was got by, where that is the owner's."""

    secret: str = field(repr=False)
    user: str
    loot: str | None = None


@dataclass(frozen=True)
class Known:
    """A password, by when it was set, and who knows it."""

    text: str
    at: datetime
    who: frozenset[str]
    stolen: bool = False


@dataclass
class Person:
    """What somebody has: sessions, the newest first; authenticators and recovery codes, by account."""

    name: str
    reads: set[str]
    sessions: list[Held] = field(default_factory=list)
    authenticators: dict[str, str] = field(default_factory=dict)  # a factor's id → its secret
    codes: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """An account at one moment, and whose each part of it is.

    identities: whose each is, and the email that it has there. authenticators: the verified ones, each with its owner.
    codes: who made the recovery codes. knowers: who knows the password. given: the addresses that nobody typed in.
    """

    id: str
    email: str | None
    email_proved: bool
    phone: str | None
    phone_proved: bool
    identities: frozenset[tuple[str, str | None]]
    authenticators: frozenset[tuple[str, str]]
    codes: str | None
    mfa: bool
    pending: frozenset[str]
    password_at: datetime | None
    knowers: frozenset[str]
    given: frozenset[str] = frozenset()

    @property
    def proved(self) -> Iterator[str]:
        """The addresses that are proved."""
        for kind in ("email", "phone"):
            if getattr(self, f"{kind}_proved"):
                yield getattr(self, kind)

    @property
    def names(self) -> set[str | None]:
        """Every address that stands here, whatever as."""
        return {self.email, self.phone, *self.pending, *(email for _, email in self.identities)}

    @property
    def home(self) -> frozenset[str]:
        """Who has a proof here: the owners of proved addresses, and those whose identity signs in."""
        return frozenset(OWNERS[address] for address in self.proved) | self.linked

    @property
    def linked(self) -> frozenset[str]:
        """Whose identities sign in."""
        return frozenset(owner for owner, _ in self.identities)

    @property
    def credentials(self) -> tuple[object, ...]:
        """All that only stepping up may change."""
        return (
            self.email,
            self.email_proved,
            self.phone,
            self.phone_proved,
            self.identities,
            self.authenticators,
            self.codes,
            self.mfa,
            self.password_at,
        )

    @property
    def is_in_force(self) -> bool:
        """Whether two possessions are asked for: it is on, and there are two."""
        seconds = [self.email_proved, self.phone_proved, bool(self.authenticators), self.codes is not None]
        return self.mfa and any(seconds) and sum(seconds) + (self.password_at is not None) >= 2

    def goods(self, person: str) -> set[tuple[str, object]]:
        """What is that person's here."""
        goods: set[tuple[str, object]] = {(kind_of(each), each) for each in self.proved if OWNERS[each] == person}
        goods |= {("authenticator", id) for owner, id in self.authenticators if owner == person}
        goods |= {("identity", person)} if person in self.linked else set()
        goods |= {("password", self.password_at)} if person in self.knowers else set()
        goods |= {("recovery codes", None)} if self.codes == person else set()
        return goods | ({("mfa", None)} if self.mfa and person in self.home else set())
