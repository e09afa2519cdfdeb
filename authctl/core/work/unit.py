"""One unit of work: everything that a rule may use, and everything that lands together or not at all.

The clock and the dice are here and nowhere else, so that tests set them. What is mailed waits in the outbox until
the transaction is through.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Flag, auto
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from authctl import storage
from authctl.core.crypto import generators, log_digests
from authctl.core.policy.policies import REASONED, Policy
from authctl.errors import Denied, Invalid
from authctl.model import Change, Event, EventName, Json, RandomBytes
from authctl.settings import Settings, os_user as system_user

if TYPE_CHECKING:
    from authctl.core.work.outbox import Notice
    from authctl.core.work.person import Person
    from authctl.storage.connection import Connection


P = ParamSpec("P")
T = TypeVar("T")


def granted(verdict: T | Denied) -> T:
    """A verdict that has been committed: what was asked for, or the refusal, which is raised now."""
    if isinstance(verdict, Denied):
        raise verdict
    return verdict


class By(Flag):
    """The kinds of actor, each of which has the rights that are granted to it by name.

    OPERATOR: who administers the directory. APPLICATION: what people sign up and sign in with. PERSON: who is signed
    in. PROGRAM: authctl itself, for what must be remembered whoever acts; no verb names it.
    """

    OPERATOR = auto()
    APPLICATION = auto()
    PERSON = auto()
    PROGRAM = auto()


OPERATOR, APPLICATION, PERSON = By.OPERATOR, By.APPLICATION, By.PERSON
OPERATOR_OR_PROGRAM = By.OPERATOR | By.PROGRAM


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the audit log writes it.

    name: `user@host`, or what AUTHCTL_ACTOR or the application says. os_user: the operating system's user, written
    beside a name that was given. ip: where a person's request came from. reason: why, in the actor's words.
    """

    name: str
    os_user: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    reason: str | None = None

    @classmethod
    def of(
        cls,
        settings: Settings,
        *,
        os_user: Callable[[], str] = system_user,
        host: Callable[[], str] | None = None,
        reason: str | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
    ) -> Actor:
        """The actor that the settings name, with the operating system's user beside it; else that user at this host."""
        if settings.origin("actor").kind == "default":
            name = f"{os_user()}@{host()}" if host else settings.actor
            return cls(name, None, ip=ip, user_agent=user_agent, reason=reason)
        return cls(settings.actor, os_user(), ip=ip, user_agent=user_agent, reason=reason)


def system_clock() -> datetime:
    return datetime.now(UTC)


def system_random_bytes(size: int) -> bytes:
    return os.urandom(size)


@dataclass(slots=True)
class Work:
    """A transaction under way, who acts in it, and when.

    person: who is signed in, where the unit of work is done for a person. signs: whether events get their digests, for
    which the directory's key must be at hand. about: what the details of every event say as well. unverified: what
    people typed in of users whom an operator named and nobody has verified, by the users' ids.
    """

    db: Connection
    by: By
    actor: Actor
    now: datetime
    random: RandomBytes
    find_key: Callable[[], bytes]
    make_log_key: Callable[[Work], bytes]
    changes: list[Change] = field(default_factory=list)
    outbox: list[Notice] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)  # for the operator, told when the transaction is through
    unverified: dict[str, str] = field(default_factory=dict)
    person: Person | None = None
    signs: bool = True
    about: Json = field(default_factory=dict)
    _ending: list[Callable[[], object]] = field(default_factory=list)
    _policy: Policy | None = None
    _asked: Callable[[], Json] | None = None
    _key: bytes | None = field(default=None, repr=False)
    _log_key: bytes | None = field(default=None, repr=False)

    @property
    def is_operator(self) -> bool:
        """Whether an operator acts, or authctl itself: who may do everything to every account and team."""
        return self.by in OPERATOR_OR_PROGRAM

    @property
    def key(self) -> bytes:
        """The directory's secret key, asked for when first needed; it stays that until the transaction ends."""
        if self._key is None:
            self._key = self.find_key()
        return self._key

    def use_key(self, key: bytes) -> None:
        """Go by that secret key, where the database cannot be asked yet which it is."""
        self._key = key

    def use_log_key(self, key: bytes) -> None:
        """Go by that key of the audit log, which this transaction has made."""
        self._log_key = key

    @property
    def log_key(self) -> bytes:
        """The key of the audit log's digests: the directory knows it, or the database has it, or it is made now."""
        if self._log_key is None:
            self._log_key = self.make_log_key(self)
        return self._log_key

    def require_log_key(self) -> None:
        """Have the key of the audit log from here on, whatever comes next."""
        self.log_key  # noqa: B018 - looking finds or makes it

    def require_key(self) -> None:
        """Have the secret key from here on, whatever comes next."""
        self.key  # noqa: B018 - looking finds or makes it

    @property
    def policy(self) -> Policy:
        """The security policy, read when first asked for."""
        if self._policy is None:
            self._policy = Policy(self._asked() if self._asked else storage.policies.read(self.db))
        return self._policy

    def load_policy(self) -> None:
        """Go by the policy as it is now, whatever this transaction makes of it."""
        self.policy  # noqa: B018 - looking finds or makes it

    def ask_policy(self) -> None:
        """Ask for the policy with the next statement: where every round trip counts."""
        self._asked = storage.policies.ask(self.db)

    def know_policies(self, stored: Json) -> None:
        """Go by the policies that were read with something else."""
        if self._policy is None:
            self._policy = Policy(stored)

    def obey(self, read: Policy) -> None:
        """Go by the policy that an earlier step of the same flow has read."""
        self._policy = read

    def act_for(self, person: Person) -> None:
        """Do the rest for a signed-in person: the log names the person, and the session is in use."""
        self.person = person
        self.actor = replace(self.actor, name=f"user:{person.user.id}", os_user=self.actor.os_user or self.actor.name)

    def at_end(self, step: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do that when all else of this transaction is done: for locks that others should not wait for longer."""
        self._ending.append(partial(step, *args, **kwargs))

    def end(self) -> None:
        """Do what was left for the end."""
        for step in self._ending:
            step()

    def new_id(self) -> str:
        return generators.new_id(self.now, self.random)

    def record(self, name: EventName, resource: str, details: Json | None = None, *, user_id: str | None = None) -> str:
        """Write an event into the audit log, in this transaction; its id. Details hold no secret.

        user_id: whose log it is in as well. Raises Invalid where the policy wants to know why, and nobody says.
        """
        self._check_reason(name)
        event = Event(
            id=self.new_id(),
            time=self.now,
            actor=self.actor.name,
            os_user=self.actor.os_user,
            name=str(name),
            resource=resource,
            details=(details or {}) | self.about,
            ip=self.actor.ip,
            reason=self.actor.reason,
        )
        row = storage.events.EventRow.of(event, user_id)
        storage.events.insert(self.db, row, log_digests.event_digest(self.log_key, row) if self.signs else None)
        return event.id

    def _check_reason(self, name: EventName) -> None:
        if self.actor.reason or self.by is not By.OPERATOR or name not in REASONED:
            return
        if self.policy["reason-required"]:
            raise Invalid(
                "general_argument_invalid",
                "This change needs a reason (policy reason-required).",
                field="reason",
                hint="Add --reason TEXT.",
            )

    def changed(self, resource: str, before: Json | None, after: Json | None) -> None:
        """Note a public change, for the answer of a dry run."""
        self.changes.append(Change(resource, before, after))
