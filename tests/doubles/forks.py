"""Processes of authctl that need not start: forks of one that has loaded all of it, and nothing of the tests."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import authctl

FORKS = multiprocessing.get_context("forkserver")
PACKAGE = Path(authctl.__file__).parent
MODULES = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in sorted(PACKAGE.rglob("*.py"))]
FORKS.set_forkserver_preload([
    name.removesuffix(".__init__")
    for name in MODULES
    if not name.startswith(("authctl.__main__", "authctl.cli.completion.__main__", "authctl.storage.migrations"))
])  # fmt: skip


class AtTerminal:
    """A command that has begun to run at the terminal with that path, with a session of its own.

    environ: all its variables. stdin: a file that it reads instead of what is typed.
    """

    def __init__(self, words, environ, terminal, stdin=None):
        begun, begins = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(target=run, args=(begins, list(words), environ, os.getcwd(), terminal, stdin))
        self._process.start()
        begins.close()
        begun.recv_bytes()  # from now on it has the terminal open
        begun.close()
        self.pid = self._process.pid

    @property
    def state(self):
        """As Linux has it: a letter, R where it is busy."""
        with open(f"/proc/{self.pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self):
        """The exit status; that of a signal is negative."""
        self._process.join(60)
        assert self._process.exitcode is not None, "it goes on"
        return self._process.exitcode

    def close(self):
        self._process.kill()
        self.wait()
        self._process.close()


def run(begins, words, environ, folder, terminal, stdin):
    """The process: what `python -m authctl` is at its start."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    os.setsid()
    shown = os.open(terminal, os.O_RDWR)  # whoever leads a session without one has it as its terminal from then on
    typed = os.open(stdin, os.O_RDONLY) if stdin else shown
    for number, place in enumerate((typed, shown, shown)):
        os.dup2(place, number)
    for place in {typed, shown}:
        os.close(place)
    begins.send_bytes(b"begun")
    begins.close()
    code = "utf-8" if environ.get("PYTHONUTF8") != "0" else "ascii"
    sys.stdin = sys.__stdin__ = open(0, encoding=code, errors="surrogateescape")  # noqa: SIM115 - to its end
    sys.stdout = sys.__stdout__ = open(1, "w", encoding=code, errors="surrogateescape")  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, encoding=code, errors="backslashreplace")  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["authctl", *words]
    from authctl.__main__ import main

    sys.exit(main())
