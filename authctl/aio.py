"""The same doors for asyncio: every verb is awaited, and a thread of a bounded pool does it.

    from authctl import aio

    async with aio.application("postgresql://authctl@localhost/authctl") as directory:
        signed_in = await directory.sessions.create("ada@example.com", "correct horse battery", ip="192.0.2.7")

A verb that is cancelled while a thread does it is done to its end: it may have happened, and never by half.
"""

from __future__ import annotations

import copy
from asyncio import shield, to_thread
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypedDict, TypeVar

import authctl
from authctl.core.directory import (
    application as applications,
    directory as directories,
    mfa,
    security,
    sessions,
    teams,
    tokens,
    users,
)
from authctl.core.directory.threads import Awaited, Follower as Follower, Threads

if TYPE_CHECKING:
    from typing import Self, Unpack

    from authctl.core.hashing import Parameters
    from authctl.model import Clock, Notices, RandomBytes

__all__ = ["Application", "Directory", "Follower", "application", "open"]

P = ParamSpec("P")
Sync = TypeVar("Sync", bound=directories.Door)
Door = TypeVar("Door", bound="_Door[Any]")


class Options(TypedDict, total=False):
    """What `authctl.open` takes besides the URL, and means by it."""

    key: str | None
    actor: str | None
    config: str | None
    profile: str | None
    pool_size: int | None
    pool_overflow: int | None
    pool_timeout: float | None
    pool_recycle: float | None
    hashing_at_once: int | None
    hashing_longest_wait: float | None
    notices: Notices
    clock: Clock | None
    random_bytes: RandomBytes | None
    hash_parameters: Parameters | None


def open(url: str | None = None, *, threads: int | None = None, **options: Unpack[Options]) -> Directory:
    """Open a directory for operators, as `authctl.open` does.

    threads: how many do its work; by default as many as there can be connections, so that none waits for another's.
    """
    return Directory(authctl.open(url, **options), threads=threads)


def application(url: str | None = None, *, threads: int | None = None, **options: Unpack[Options]) -> Application:
    """Open a directory for an application, as `authctl.application` does. threads: as `open` says."""
    return Application(authctl.application(url, **options), threads=threads)


class Users(Awaited, users.Users):
    """Accounts: the verbs of `authctl users`, awaited."""


class Teams(Awaited, teams.Teams):
    """Teams and their members: the verbs of `authctl teams`, awaited."""


class Sessions(Awaited, sessions.Sessions):
    """What a signed-in application does: the verbs of `authctl sessions`, awaited."""


class Tokens(Awaited, tokens.Tokens):
    """Tokens: the verbs of `authctl tokens`, awaited."""


class Mfa(Awaited, mfa.Mfa):
    """Second factors: the verbs of `authctl mfa`, awaited."""


class Security(Awaited, security.Security):
    """Policies and the audit log: the verbs of `authctl security`, awaited."""


class _derived(Generic[P]):
    """A method that answers with the same directory, for somebody else; nothing is awaited for it."""

    def __init__(self, method: Callable[Concatenate[Any, P], object]) -> None:
        self._method: Callable[..., Any] = method
        self.__doc__ = method.__doc__

    def __get__(self, door: Door, owner: type) -> Callable[P, Door]:
        def derive(*args: P.args, **kwargs: P.kwargs) -> Door:
            derived = copy.copy(door)
            derived.sync = self._method(door.sync, *args, **kwargs)
            return derived

        return derive


class _Door(Generic[Sync]):
    """sync: the same directory, whose verbs are not awaited. What it has besides verbs is there: `changes`, `actor`."""

    def __init__(self, sync: Sync, *, threads: int | None = None) -> None:
        pool = sync.settings.database
        self.sync = sync
        self._threads = Threads(1 + pool.pool_size + pool.pool_overflow if threads is None else threads)

    as_session = _derived(directories.Door.as_session)
    from_request = _derived(directories.Door.from_request)
    acting = _derived(directories.Door.acting)

    @property
    def users(self) -> Users:
        return Users(self.sync, self._threads)

    @property
    def teams(self) -> Teams:
        return Teams(self.sync, self._threads)

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.sync, self._threads)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.sync, self._threads)

    @property
    def mfa(self) -> Mfa:
        return Mfa(self.sync, self._threads)

    @property
    def security(self) -> Security:
        return Security(self.sync, self._threads)

    async def close(self) -> None:
        """Wait for what is running, and give the connections back. It can be used again afterwards."""
        await shield(to_thread(self._close))

    def _close(self) -> None:
        self._threads.close()
        self.sync.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()


class Directory(_Door[directories.Directory]):
    """A directory for operators, whose verbs are awaited."""


class Application(_Door[applications.Application]):
    """The door for applications, whose verbs are awaited."""
