"""Command lines in this process, each of which must end, in time, and with anything but a bug."""

from __future__ import annotations

import base64
import io
import json
import os
import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from conftest import CHEAP, Clock
from proof import faults

from authctl.cli import app
from authctl.cli.environment import Environment
from authctl.errors import ExitStatus

LONGEST = 120  # seconds of the processor that one line may take; none should take one


class Hangs(BaseException):
    """A line takes too long. No handler of errors keeps it."""


@dataclass(frozen=True)
class Said:
    """What a command line answered."""

    line: str
    status: int
    out: str
    err: str

    @property
    def is_done(self) -> bool:
        return self.status == ExitStatus.DONE

    def rows(self) -> list[dict[str, Any]]:
        """What it said as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Lines:
    """Runs command lines on a directory. key: its secret key."""

    def __init__(self, url: str, key: bytes, folder: Path, clock: Callable[[], datetime] | None = None) -> None:
        self.clock = clock or Clock()
        self.environ = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "AUTHCTL_ACTOR": "proof@example.com",
            "AUTHCTL_DATABASE_URL": url,
            "AUTHCTL_SECRET_KEY": base64.b64encode(key).decode(),
        }

    def run(self, line: str | Sequence[str], stdin: str = "", **environ: str) -> Said:
        """Raises Bug, or Hang."""
        words = shlex.split(line) if isinstance(line, str) else [*line]
        streams = {"stdin": io.StringIO(stdin), "stdout": io.StringIO(), "stderr": io.StringIO()}
        environment = Environment(
            **streams, environ=self.environ | environ, clock=self.clock, hash_parameters=CHEAP, sleep=lambda _: None
        )
        line = shlex.join(words)
        try:
            with in_time(line):
                status = int(app.run(words, environment))
        except Exception as error:
            raise faults.Bug(f"{line}: {type(error).__name__}") from error
        said = Said(line, status, streams["stdout"].getvalue(), streams["stderr"].getvalue())
        if status == ExitStatus.UNEXPECTED or "Traceback" in said.err or "Bug in authctl" in said.err:
            raise faults.Bug(f"{line}: {said.err}")
        return said


@contextmanager
def in_time(what: str) -> Iterator[None]:
    """Raise Hang where a block takes the processor too long."""

    def give_up(number: int, frame: object) -> None:
        raise Hangs

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    except Hangs:
        raise faults.Hang(what) from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
