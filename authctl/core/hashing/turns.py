"""Hashing in turns: one hash takes tens of megabytes and every core, so only some are computed at once.

A hash that takes more memory than those of today takes the turns of several, up to all: it waits until so many are
free, and those behind it wait too.

take ──▶ one of `at_once` is free ──▶ run ──▶ give back: the longest waiting is next
  └────▶ wait, first come first served ──▶ `longest_wait` has passed ──▶ general_busy
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from authctl.errors import Unavailable


class Turns:
    """Lets so many threads at once do what is slow, in the order they came. at_once: 0 for as many as there are cores.

    longest_wait: seconds; who would wait longer is refused (Unavailable, general_busy).
    """

    def __init__(self, at_once: int, longest_wait: float) -> None:
        self._at_once = at_once or len(os.sched_getaffinity(0))
        self._longest_wait = longest_wait
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._free = self._at_once
        self._waiting: deque[tuple[threading.Lock, int]] = deque()

    @contextmanager
    def turn(self, weight: int = 1) -> Iterator[None]:
        """Wait for a turn, or for as many as the weight says, and give them on at the end."""
        weight = min(weight, self._at_once)
        if self._process != os.getpid():  # a fork: the threads that had a turn or waited are the parent's
            self._begin_anew()
        self._take(weight)
        try:
            yield
        finally:
            self._give_back(weight)

    def _take(self, weight: int) -> None:
        with self._lock:
            if self._free >= weight and not self._waiting:
                self._free -= weight
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append((gate, weight))
        if gate.acquire(timeout=self._longest_wait):
            return
        with self._lock:
            if (gate, weight) not in self._waiting:  # it was this one's turn in the last moment
                return
            self._waiting.remove((gate, weight))
            self._call_next()  # who waited behind it may need less
        raise Unavailable(
            "general_busy",
            f"Too many passwords are being checked: no free slot within {self._longest_wait:g} seconds.",
            hint="Try again in a moment.",
        )

    def _give_back(self, weight: int) -> None:
        with self._lock:
            self._free += weight
            self._call_next()

    def _call_next(self) -> None:
        while self._waiting and self._waiting[0][1] <= self._free:
            gate, weight = self._waiting.popleft()
            self._free -= weight
            gate.release()
