"""Verbs that are awaited: a thread of a bounded pool does each, from beginning to end.

    await verb ──> waits for a thread ──> runs ──> answers
                   │ cancelled here       │ cancelled here
                   never begins           runs to its end, and nobody hears its answer

So no cancellation leaves a transaction open or half a unit of work behind, and a verb that was cancelled may have
happened.
"""

from __future__ import annotations

import logging
import os
from asyncio import CancelledError, shield, wrap_future
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from itertools import islice
from threading import Lock
from types import MethodType
from typing import Any, Generic, TypeVar, get_origin

from authctl.core.audit.following import Following
from authctl.core.work.engine import Engine
from authctl.errors import AuthctlError, Invalid
from authctl.model import Event

AT_ONCE = 100  # items of a stream that a thread reads before the loop has its turn

S = TypeVar("S")
T = TypeVar("T")

logger = logging.getLogger("authctl")


class Threads:
    """So many threads, which all groups of a directory share. May be used from several loops, and survives a fork.

    What has a connection goes on in as many of its own: all others may be waiting for that connection.
    """

    def __init__(self, size: int) -> None:
        if not isinstance(size, int) or size < 1:
            raise Invalid("general_argument_invalid", "There must be at least one thread.", field="threads")
        self._size = size
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._executors = [ThreadPoolExecutor(self._size, thread_name_prefix="authctl") for _ in range(2)]

    def submit(self, step: Callable[[], T], *, connected: bool = False) -> Future[T]:
        """Have a thread do it, in the context of whoever asks. connected: it has a connection."""
        if self._process != os.getpid():
            self._begin_anew()
        return self._executors[connected].submit(copy_context().run, step)

    async def run(self, step: Callable[[], T], *, connected: bool = False) -> T:
        """Wait until a thread has done it."""
        doing = self.submit(step, connected=connected)
        try:
            return await wrap_future(doing)
        except CancelledError:
            doing.add_done_callback(_log_bug)
            raise

    def close(self) -> None:
        """Wait until all is done that was asked for. What is asked for later has threads of its own."""
        is_own, executors = self._process == os.getpid(), self._executors
        self._begin_anew()
        for executor in executors if is_own else ():
            executor.shutdown()


def _log_bug(done: Future[Any]) -> None:
    """Tell of a failure that nobody waits for any more; errors of ours are heard by the door."""
    error = None if done.cancelled() else done.exception()
    if error is not None and not isinstance(error, AuthctlError):
        logger.error("A verb that was cancelled has failed.", exc_info=error)


class Awaited:
    """A group of verbs that are awaited; streams are for `async for`. Comes before the group itself, as a base."""

    def __init__(self, directory: Engine, threads: Threads) -> None:
        self.directory = directory
        self._threads = threads

    def _bind(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method of a group, awaited."""
        returned: Any = method.__annotations__["return"]
        answer: Callable[..., Any] = self._threads.run
        if returned is Following:
            answer = self._follow
        elif get_origin(returned) is Iterator:
            answer = self._stream

        @wraps(method)
        def awaited(group: Awaited, /, *args: Any, **kwargs: Any) -> Any:
            return answer(partial(method, group, *args, **kwargs))

        return MethodType(awaited, self)

    async def _stream(self, begin: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        stream = _Lent(begin)
        try:
            while items := await self._threads.run(partial(stream.use, _take), connected=stream.is_begun):
                for item in items:
                    yield item
        finally:
            self._threads.submit(stream.close, connected=True)  # behind what a thread may still be reading

    def _follow(self, begin: Callable[[], Following]) -> Follower:
        return Follower(self._threads, _Lent(begin))


def _take(stream: Iterator[T]) -> list[T]:
    return list(islice(stream, AT_ONCE))


class _Lent(Generic[S]):
    """A stream that threads use one after another. The first begins it."""

    def __init__(self, begin: Callable[[], S]) -> None:
        self._begin = begin
        self._begun: S | None = None
        self._lock = Lock()

    def use(self, step: Callable[[S], T]) -> T:
        with self._lock:
            if self._begun is None:
                self._begun = self._begin()
            return step(self._begun)

    @property
    def is_begun(self) -> bool:
        return self._begun is not None

    def close(self) -> None:
        with self._lock:
            if self._begun is not None:
                self._begun.close()  # type: ignore[attr-defined]


class Follower(AsyncIterator[Event]):
    """The events of an awaited `follow_logs`, one after another, without end.

    A step that is cancelled, as by a time limit, loses nothing: the next answers with what it would have. `aclose`
    gives the connection back.
    """

    def __init__(self, threads: Threads, following: _Lent[Following]) -> None:
        self._threads = threads
        self._following = following
        self._looking: Future[tuple[Event | None, str, Callable[[], object]]] | None = None
        self._cursor: str | None = None

    @property
    def cursor(self) -> str | None:
        """Where to go on behind the event that came last, for `after`; None where none has come."""
        return self._cursor

    async def __anext__(self) -> Event:
        while True:
            event, cursor, wait = await self._look()
            if event is not None:
                self._cursor = cursor
                return event
            waited = wait()
            if isinstance(waited, Awaitable):
                await waited

    async def _look(self) -> tuple[Event | None, str, Callable[[], object]]:
        """The next event, and the cursor behind it, by the look that is under way or by a new one."""
        if self._looking is None:
            step = partial(self._following.use, _look)
            self._looking = self._threads.submit(step, connected=self._following.is_begun)
        try:
            found = await shield(wrap_future(self._looking))
        except Exception:
            self._looking = None
            raise
        self._looking = None
        return found

    async def aclose(self) -> None:
        """End it, and what it reads."""
        await self._threads.run(self._following.close, connected=True)


def _look(following: Following) -> tuple[Event | None, str, Callable[[], object]]:
    return following.look(), following.cursor, following.wait
