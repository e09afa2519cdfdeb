"""What a step waits for, told on a terminal: a mail server, a locked database. The line goes away when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from authctl.cli.environment import Environment
from authctl.cli.escaping import visible

WAIT_SECONDS = 0.5  # what is shorter nobody wonders about

_WIPED = "\x1b[K"  # ECMA-48 §8.3.41: the rest of the line


class Waits:
    """Says on a terminal what is waited for, from half a second on: `with waits("Waiting for the database"): …`."""

    def __init__(self, environment: Environment) -> None:
        from threading import Lock

        self._environment, self._lock = environment, Lock()
        self._open: list[object] = []
        self._is_shown = False
        environment.status.wipe = self._wipe

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        wait = object()
        timer = self._environment.timer(WAIT_SECONDS, lambda: self._show(wait, what))
        self._open.append(wait)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._open.remove(wait)
            self._wipe()

    def _show(self, wait: object, what: str) -> None:
        """Write the line, if that is still waited for: a timer may be past cancelling."""
        from rich.cells import cell_len

        from authctl.cli.tables import cut

        environment, line = self._environment, f"{visible(what)} ..."
        with self._lock:
            if wait in self._open and not environment.status.has_bar:
                fitting = line if cell_len(line) < environment.columns else cut(line, environment.columns - 1, "...")
                environment.stderr.write(f"\r{fitting}{_WIPED}\r")
                environment.stderr.flush()
                self._is_shown = True

    def _wipe(self) -> None:
        with self._lock:
            if self._is_shown:
                self._environment.stderr.write(_WIPED)
                self._environment.stderr.flush()
                self._is_shown = False
