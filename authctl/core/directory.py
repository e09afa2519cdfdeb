"""A directory that is open: the door for applications, and what the command line itself stands on.

    with authctl.open("postgresql://…") as directory:
        user = directory.users.create(email="ada@example.com", name="Ada")

It may be shared by threads. Its groups have the verbs of the commands; each verb is one or more units of work.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from authctl import storage
from authctl.core import logs, sealing, values
from authctl.core.work import Actor, Work
from authctl.errors import Denied, Invalid, Unavailable
from authctl.model import Change, Clock, RandomBytes

if TYPE_CHECKING:
    from authctl.core.hashing import Parameters
    from authctl.core.mfa import Mfa
    from authctl.core.security import Security
    from authctl.core.sessions import Sessions
    from authctl.core.teams import Teams
    from authctl.core.tokens import Tokens
    from authctl.core.users import Users
    from authctl.delivery import Transport
    from authctl.settings import Settings
    from authctl.storage.database import Database
    from authctl.storage.schema import State

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class _Shared:
    """What a directory and its copies find out once, for all of them: each request of an application has a copy."""

    log_key: bytes | None = field(default=None, repr=False)


class Directory:
    """A database with a directory in it, the key of its secrets, and who acts.

    find_key: the secret key of a fingerprint, 32 bytes; None where there is none, which is told at the first write.
    settings: what it was opened with; mails and text messages are written and sent by them.
    make_ready: makes or migrates the database where it is missing (None) or older; absent, that is an error.
    dry_run: undo every unit of work at its end. `changes` then tells what would have been.
    warn: is told what an operator should know of what is being done, a sentence each.
    """

    def __init__(
        self,
        database: Database,
        *,
        find_key: Callable[[str], bytes | None],
        settings: Settings,
        actor: Actor,
        clock: Clock,
        random_bytes: RandomBytes,
        hash_parameters: Parameters | None = None,
    ) -> None:
        self.database = database
        self.settings = settings
        self.actor = actor
        self.clock = clock
        self.random_bytes = random_bytes
        self.dry_run = False
        self._session: str | None = None
        self._admission: dict[str, bool] = {}
        self.changes: list[Change] = []
        self.make_ready: Callable[[State | None], None] | None = None
        self.warn: Callable[[str], None] = lambda message: None
        self._find_key = find_key
        self._hash_parameters = hash_parameters
        self._state: State | None = None
        self._key: bytes | None = None
        self._shared = _Shared()

    # The groups.

    @property
    def mfa(self) -> Mfa:
        """Second factors and challenges: every verb of `authctl mfa`."""
        from authctl.core.mfa import Mfa

        return Mfa(self)

    @property
    def sessions(self) -> Sessions:
        """What a signed-in application does: every verb of `authctl sessions`."""
        from authctl.core.sessions import Sessions

        return Sessions(self)

    @property
    def security(self) -> Security:
        """Policies, the audit log, and what a password would get: every verb of `authctl security`."""
        from authctl.core.security import Security

        return Security(self)

    @property
    def teams(self) -> Teams:
        """Teams and their members: every verb of `authctl teams`."""
        from authctl.core.teams import Teams

        return Teams(self)

    @property
    def tokens(self) -> Tokens:
        """Codes, links and tokens that sign in, verify and change: every verb of `authctl tokens`."""
        from authctl.core.tokens import Tokens

        return Tokens(self)

    @property
    def users(self) -> Users:
        """Accounts: every verb of `authctl users`."""
        from authctl.core.users import Users

        return Users(self)

    # Who acts, and how.

    def acting(self, actor: Actor, *, dry_run: bool = False) -> Directory:
        """The same directory for another actor, or as a dry run. Shares the connections."""
        directory = copy.copy(self)
        directory.actor = actor
        directory.dry_run = dry_run
        directory.changes = []
        return directory

    def as_session(self, secret: str) -> Directory:
        """The same directory as a signed-in person sees it: the own account alone, by the rules for persons."""
        directory = copy.copy(self)
        directory._session = secret
        return directory

    @property
    def is_person(self) -> bool:
        """Whether a signed-in person acts, and not an operator."""
        return self._session is not None

    def admitting(self, **admission: bool) -> Directory:
        """The same for a step that a session may take before it may take others: see `sessions.admit`."""
        directory = copy.copy(self)
        directory._admission = admission
        return directory

    def operating(self) -> Directory:
        """The same directory as the program itself, for what must be remembered of a person."""
        directory = copy.copy(self)
        directory._session = None
        return directory

    def from_request(self, ip: str | None, user_agent: str | None) -> Directory:
        """The same for a request that came from there, as the log and new sessions say."""
        if ip is None and user_agent is None:
            return self
        directory = copy.copy(self)
        directory.actor = replace(
            self.actor,
            ip=values.address(ip) if ip is not None else self.actor.ip,
            user_agent=values.user_agent(user_agent) if user_agent is not None else self.actor.user_agent,
        )
        return directory

    @property
    def hash_parameters(self) -> Parameters:
        from authctl.core import hashing

        return self._hash_parameters or hashing.TODAY

    # What leaves.

    @property
    def transport(self) -> Transport:
        """By which mails and text messages go out, after commit. In a dry run it checks, and sends nothing."""
        from authctl.delivery import Transport

        return Transport(
            self.settings,
            clock=self.clock,
            random_bytes=self.random_bytes,
            console=self.warn,
            dry_run=self.dry_run,
        )

    # Units of work.

    def write(self, step: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `step` as one unit of work; again from its beginning where the database gives it up."""
        self.key  # noqa: B018 - a wrong key is told before anything is written
        log_key = self.find_log_key()
        works: list[Work] = []

        def run(db: Any) -> T:
            work = self.work(db, log_key)
            work.log_key  # noqa: B018 - made now where there is none yet: statements may be sent unanswered later
            works.append(self._admitted(work))
            return step(works[-1], *args, **kwargs)

        result = self.database.write(run, rollback=self.dry_run)
        if self.dry_run:
            self.changes += works[-1].changes
        elif works[-1].outbox:
            from authctl.core import notices

            notices.send(self, works[-1].outbox)
        return result

    def read(self, step: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `step` in a transaction that only reads."""
        self.state  # noqa: B018 - an unknown schema is told before anything is read
        return self.database.read(lambda db: step(self._admitted(self.work(db)), *args, **kwargs))

    def stream(self, step: Callable[[Work], Iterator[T]]) -> Iterator[T]:
        """What `step` yields, one by one, from one transaction that stays open meanwhile."""
        self.state  # noqa: B018 - an unknown schema is told before anything is read
        return self.database.stream(lambda db: step(self._admitted(self.work(db))))

    def _admitted(self, work: Work) -> Work:
        """The unit of work, done for the person whose session it is, if that may act now."""
        if self._session is not None:
            from authctl.core import sessions

            work.act_for(sessions.admit(work, self._session, **self._admission))
        return work

    def work(self, db: Any, log_key: bytes | None = None) -> Work:
        """A unit of work in that transaction."""
        now = self.clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return Work(db, self.actor, now, self.random_bytes, partial(self._key_within, db), _log_key=log_key)

    def find_log_key(self) -> bytes | None:
        """The key of the audit log's digests, asked for once and known from then on: it stays the same.

        None where there is none yet. Read in a transaction of its own: what another makes may be undone with it.
        """
        if self._shared.log_key is None:
            sealed, held = self.database.read(storage.peppers.find_log_key)
            if sealed is not None:
                self._shared.log_key = logs.unseal_key(self._key_of(held), sealed)
        return self._shared.log_key

    def forget(self) -> None:
        """Ask anew for what was known of the database: it holds another directory now."""
        self._state = self._key = self._shared.log_key = None

    def _key_within(self, db: Any) -> bytes:
        """The secret key for that transaction, as long as it lasts."""
        return self._key_of(storage.sealed.hold_fingerprint(db))

    def _key_of(self, held: str | None) -> bytes:
        """The secret key of that fingerprint; another process may have given the directory a new one meanwhile."""
        if held != self.state.key_fingerprint:
            self._state, self._key = replace(self.state, key_fingerprint=held), None
        return self.key

    # What the database says of itself.

    @property
    def state(self) -> State:
        """The schema's version and the key's fingerprint; refuses a database that this authctl cannot work on."""
        if self._state is None:
            state = self._made_ready() or storage.schema.get_state(self.database)
            storage.schema.check_version(state, self.database.describe())
            if state.key_fingerprint is None:  # the schema was made by hand; `authctl init` will give it a key
                return state
            self._state = state
        return self._state

    def _made_ready(self) -> State | None:
        """What the default database says of itself, if it needed nothing; made or migrated where it did."""
        if self.make_ready is None:
            return None
        found = storage.schema.find_state(self.database)
        if found is not None and not storage.schema.is_older(found):
            return found
        self.make_ready(found)
        return None

    @property
    def key(self) -> bytes:
        """The secret key; refuses a missing one, and one that is not this database's."""
        if self._key is None:
            self._key = self.find_key(self.state)
        return self._key

    def find_key(self, state: State) -> bytes:
        """The secret key of a database in that state; refuses a missing one, and a wrong one."""
        wanted, where = state.key_fingerprint, self.database.describe()
        if wanted is None:
            raise storage.failures.not_initialized(where)
        key = self._find_key(wanted)
        if key is None:
            path = self.settings.secret_key_file
            looked = f" It was looked for as {path}." if path is not None else ""
            raise Invalid(
                "general_key_missing",
                f"The secret key {wanted} of {where} was not found.",
                field="secret_key",
                hint=f"Set secret_key_file (or AUTHCTL_SECRET_KEY_FILE) to the file that `authctl init` made.{looked}",
            )
        if (found := sealing.fingerprint(key)) != wanted:
            raise Invalid(
                "general_key_mismatch",
                f"The secret key {found} is not the one of {where}, which is {wanted}.",
                field="secret_key",
                hint="Check secret_key, secret_key_file and the database URL: they belong together.",
            )
        return key

    def find_own_key(self, state: State) -> bytes | None:
        """The same key; None where it is not at hand."""
        try:
            return self.find_key(state)
        except (Invalid, Unavailable):
            return None

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Directory({self.database.describe()!r})"


def granted(verdict: T | Denied) -> T:
    """A verdict that has been committed: what was asked for, or the refusal, which is raised now."""
    if isinstance(verdict, Denied):
        raise verdict
    return verdict


class Group:
    """The verbs of one kind of thing, bound to a directory."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory


class writes(Generic[P, T]):
    """A verb that is one unit of work: `verb(work, …)` in its module, `directory.group.verb(…)` at the door.

    person: a signed-in person may use it, for the own account; the others are for operators. admission: for what of
    `sessions.admit` the person may use it before other verbs.
    """

    method = "write"

    def __init__(self, function: Callable[Concatenate[Work, P], T], *, person: bool = False, **admission: bool) -> None:
        self.function = function
        self.person = person
        self.admission = admission
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Callable[Concatenate[Work, P], T]: ...
    @overload
    def __get__(self, group: Group, owner: type) -> Callable[P, T]: ...
    def __get__(self, group: Group | None, owner: type) -> Any:
        if group is None:
            return self.function
        directory = _admitting(group.directory, self.person, self.admission)
        return _bound(self.function, getattr(directory, self.method))


class reads(writes[P, T]):
    """A verb that only reads."""

    method = "read"


class flow(Generic[P, T]):
    """A verb of several units of work, with slow steps between them: `verb(directory, …)` in its module."""

    def __init__(
        self, function: Callable[Concatenate[Directory, P], T], *, person: bool = False, **admission: bool
    ) -> None:
        self.function = function
        self.person = person
        self.admission = admission
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Callable[Concatenate[Directory, P], T]: ...
    @overload
    def __get__(self, group: Group, owner: type) -> Callable[P, T]: ...
    def __get__(self, group: Group | None, owner: type) -> Any:
        if group is None:
            return self.function
        directory = _admitting(group.directory, self.person, self.admission)
        return _bound(self.function, lambda function, *args, **kwargs: function(directory, *args, **kwargs))


def _admitting(directory: Directory, person: bool, admission: dict[str, bool]) -> Directory:
    """The directory for a verb; refuses a person what is for operators."""
    if directory.is_person and not person:
        raise Denied("user_unauthorized", "This is for operators; a person sees and changes only the own account.")
    return directory.admitting(**admission) if directory.is_person and admission else directory


def _bound(function: Callable[..., Any], run: Callable[..., Any]) -> Callable[..., Any]:
    def verb(*args: Any, **kwargs: Any) -> Any:
        return run(function, *args, **kwargs)

    verb.__name__ = function.__name__
    verb.__doc__ = function.__doc__
    verb.__wrapped__ = function  # type: ignore[attr-defined]
    return verb
