"""Sending in the background, so that nobody waits for a mail server.

take ──▶ waiting, 1,000 at most ──▶ a thread sends them in their order, and ends when none is left
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

ROOM = 1000  # that may wait: a few megabytes. Whoever causes more of them waits for the server.

T = TypeVar("T")

logger = logging.getLogger("authctl")


class Background(Generic[T]):
    """Sends what is left to it. A process that was forked begins with nothing: its parent sends what waits there.

    send: sends some, and says what went wrong.
    """

    def __init__(self, send: Callable[[Iterator[T], Callable[[str], None]], None]) -> None:
        self._send = send
        self._queues: dict[int, _Queue[T]] = {}  # by process: after a fork, nobody may open the parent's lock any more

    def take(self, some: Sequence[T]) -> bool:
        """Whether these will be sent: not where too many wait already, or Python ends and starts no thread any more."""
        queue = self._queues.setdefault(os.getpid(), _Queue())
        with queue.lock:
            if len(queue.waiting) + len(some) > ROOM:
                return False
            queue.waiting += some
            try:
                if queue.thread is None:
                    self._start(queue)
            except RuntimeError:
                queue.waiting.clear()
                return False
        return True

    def join(self) -> None:
        """Wait until all that waits has been sent, or given up."""
        queue = self._queues.get(os.getpid())
        thread = queue.thread if queue is not None else None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _start(self, queue: _Queue[T]) -> None:
        # No daemon: where Python ends, it waits until what people are to be told has been sent.
        thread = threading.Thread(target=self._run, args=(queue,), name="authctl-notices", daemon=False)
        thread.start()
        queue.thread = thread

    def _run(self, queue: _Queue[T]) -> None:
        try:
            while queue.has_more():
                self._send(queue.rest(), logger.warning)
        except BaseException:  # of one of them: the next thread goes on with the others
            with queue.lock, suppress(RuntimeError):
                queue.thread = None
                self._start(queue)
            raise


class _Queue(Generic[T]):
    """What waits in one process, and the thread that sends it."""

    def __init__(self) -> None:
        self.waiting: deque[T] = deque()
        self.thread: threading.Thread | None = None
        self.lock = threading.Lock()

    def has_more(self) -> bool:
        """Whether anything waits; where nothing does, its thread is to end."""
        with self.lock:
            if not self.waiting:
                self.thread = None
            return bool(self.waiting)

    def rest(self) -> Iterator[T]:
        """What waits, until nothing does."""
        while self.waiting:
            yield self.waiting.popleft()
