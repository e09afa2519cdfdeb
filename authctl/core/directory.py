"""A directory that is open: the door for applications, and what the command line itself stands on.

    with authctl.open("postgresql://…") as directory:
        user = directory.users.create(email="ada@example.com", name="Ada")

It may be shared by threads. Its groups have the verbs of the commands; each verb is one or more units of work.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from authctl import storage
from authctl.core import sealing
from authctl.core.work import Actor, Work
from authctl.errors import Invalid
from authctl.model import Change, Clock, RandomBytes

if TYPE_CHECKING:
    from authctl.core.hashing import Parameters
    from authctl.core.users import Users
    from authctl.storage.database import Database
    from authctl.storage.schema import State

P = ParamSpec("P")
T = TypeVar("T")


class Directory:
    """A database with a directory in it, the key of its secrets, and who acts.

    find_key: the secret key of a fingerprint, 32 bytes; None where there is none, which is told at the first write.
    make_ready: makes or migrates the database where it is missing (None) or older; absent, that is an error.
    dry_run: undo every unit of work at its end. `changes` then tells what would have been.
    """

    def __init__(
        self,
        database: Database,
        *,
        find_key: Callable[[str], bytes | None],
        actor: Actor,
        clock: Clock,
        random_bytes: RandomBytes,
        hash_parameters: Parameters | None = None,
    ) -> None:
        self.database = database
        self.actor = actor
        self.clock = clock
        self.random_bytes = random_bytes
        self.dry_run = False
        self.changes: list[Change] = []
        self.make_ready: Callable[[State | None], None] | None = None
        self._find_key = find_key
        self._hash_parameters = hash_parameters
        self._state: State | None = None
        self._key: bytes | None = None

    # The groups.

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

    @property
    def hash_parameters(self) -> Parameters:
        from authctl.core import hashing

        return self._hash_parameters or hashing.TODAY

    # Units of work.

    def write(self, step: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `step` as one unit of work; again from its beginning where the database gives it up."""
        self.key  # noqa: B018 - a wrong key is told before anything is written
        works: list[Work] = []

        def run(db: Any) -> T:
            works.append(self.work(db))
            return step(works[-1], *args, **kwargs)

        result = self.database.write(run, rollback=self.dry_run)
        if self.dry_run:
            self.changes += works[-1].changes
        return result

    def read(self, step: Callable[Concatenate[Work, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `step` in a transaction that only reads."""
        self.state  # noqa: B018 - an unknown schema is told before anything is read
        return self.database.read(lambda db: step(self.work(db), *args, **kwargs))

    def stream(self, step: Callable[[Work], Iterator[T]]) -> Iterator[T]:
        """What `step` yields, one by one, from one transaction that stays open meanwhile."""
        self.state  # noqa: B018 - an unknown schema is told before anything is read
        return self.database.stream(lambda db: step(self.work(db)))

    def work(self, db: Any) -> Work:
        """A unit of work in that transaction."""
        now = self.clock()
        return Work(db, self.actor, now.replace(microsecond=now.microsecond // 1000 * 1000), self.random_bytes)

    # What the database says of itself.

    @property
    def state(self) -> State:
        """The schema's version and the key's fingerprint; refuses a database that this authctl cannot work on."""
        if self._state is None:
            if self.make_ready is not None:
                found = storage.schema.find_state(self.database)
                if found is None or storage.schema.is_older(found):
                    self.make_ready(found)
            state = storage.schema.get_state(self.database)
            storage.schema.check_version(state, self.database.describe())
            self._state = state
        return self._state

    @property
    def key(self) -> bytes:
        """The secret key; refuses a missing one, and one that is not this database's."""
        if self._key is None:
            self._key = self.find_key(self.state)
        return self._key

    def find_key(self, state: State) -> bytes:
        """The secret key of a database in that state; refuses a missing one, and a wrong one."""
        wanted, where = state.key_fingerprint, self.database.describe()
        if wanted is None:  # the schema was made by hand, and `authctl init` was not run yet
            raise storage.failures.not_initialized(where)
        key = self._find_key(wanted)
        if key is None:
            raise Invalid(
                "general_key_missing",
                f"The secret key {wanted} of {where} was not found.",
                field="secret_key",
                hint="Set secret_key_file (or AUTHCTL_SECRET_KEY_FILE) to the file that `authctl init` made.",
            )
        if (found := sealing.fingerprint(key)) != wanted:
            raise Invalid(
                "general_key_mismatch",
                f"The secret key {found} is not the one of {where}, which is {wanted}.",
                field="secret_key",
                hint="Check secret_key, secret_key_file and the database URL: they belong together.",
            )
        return key

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()

    def __enter__(self) -> Directory:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Directory({self.database.describe()!r})"


class Group:
    """The verbs of one kind of thing, bound to a directory."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory


class writes(Generic[P, T]):
    """A verb that is one unit of work: `verb(work, …)` in its module, `directory.group.verb(…)` at the door."""

    method = "write"

    def __init__(self, function: Callable[Concatenate[Work, P], T]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Callable[Concatenate[Work, P], T]: ...
    @overload
    def __get__(self, group: Group, owner: type) -> Callable[P, T]: ...
    def __get__(self, group: Group | None, owner: type) -> Any:
        if group is None:
            return self.function
        return _bound(self.function, getattr(group.directory, self.method))


class reads(writes[P, T]):
    """A verb that only reads."""

    method = "read"


class flow(Generic[P, T]):
    """A verb of several units of work, with slow steps between them: `verb(directory, …)` in its module."""

    def __init__(self, function: Callable[Concatenate[Directory, P], T]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Callable[Concatenate[Directory, P], T]: ...
    @overload
    def __get__(self, group: Group, owner: type) -> Callable[P, T]: ...
    def __get__(self, group: Group | None, owner: type) -> Any:
        if group is None:
            return self.function
        directory = group.directory
        return _bound(self.function, lambda function, *args, **kwargs: function(directory, *args, **kwargs))


def _bound(function: Callable[..., Any], run: Callable[..., Any]) -> Callable[..., Any]:
    def verb(*args: Any, **kwargs: Any) -> Any:
        return run(function, *args, **kwargs)

    verb.__name__ = function.__name__
    verb.__doc__ = function.__doc__
    verb.__wrapped__ = function  # type: ignore[attr-defined]
    return verb
