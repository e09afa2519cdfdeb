"""Processes of authctl that need not start: forks of one that has loaded all of it, and nothing of the tests."""

import ast
import atexit
import functools
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from multiprocessing import connection
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
    """The process of a command at a terminal."""
    os.setsid()
    shown = os.open(terminal, os.O_RDWR)  # whoever leads a session without one has it as its terminal from then on
    typed = os.open(stdin, os.O_RDONLY) if stdin else shown
    begins.send_bytes(b"begun")
    begins.close()
    sys.exit(become(words, environ, folder, (typed, shown, shown)))


def become(words, environ, folder, files):
    """Be what `python -m authctl` is at its start, with those files for stdin, stdout and stderr; the exit status."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    for number, file in enumerate(files):
        os.dup2(file, number)
    for file in {*files}:
        os.close(file)
    code = "utf-8" if environ.get("PYTHONUTF8") != "0" else "ascii"
    sys.stdin = sys.__stdin__ = open(0, encoding=code, errors="surrogateescape")  # noqa: SIM115 - to its end
    sys.stdout = sys.__stdout__ = open(1, "w", encoding=code, errors="surrogateescape")  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, encoding=code, errors="backslashreplace")  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["authctl", *words]
    from authctl.__main__ import main

    return main()


# What a shell starts: it hands its words, variables and files to whoever forks, and ends as the fork ends.
PROGRAM = """#!{python} -ISB
import os, socket, sys
with socket.socket(socket.AF_UNIX) as forks:
    forks.connect({path!r})
    socket.send_fds(forks, [b"."], [0, 1, 2])
    forks.sendall(repr([sys.argv[1:], dict(os.environ), os.getcwd()]).encode())
    forks.shutdown(socket.SHUT_WR)
    sys.exit(forks.recv(1)[0])
"""


@functools.cache
def program():
    """The path of an `authctl` for shells, and for all who send it no signals: what it is told to do, a fork does."""
    folder = Path(tempfile.mkdtemp(prefix="authctl-forks-"))
    atexit.register(shutil.rmtree, folder)
    path, started = str(folder / "socket"), folder / "authctl"
    until, ends = FORKS.Pipe(duplex=False)
    atexit.register(ends.close)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        FORKS.Process(target=serve, args=(listener, until)).start()
    until.close()
    started.write_text(PROGRAM.format(python=sys.executable, path=path))
    started.chmod(0o700)
    return started


def serve(listener, until):
    """Fork for each that connects, until the tests have ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while until not in connection.wait([listener, until]):
        asking, _ = listener.accept()
        if not os.fork():
            listener.close()
            answer(asking)
        asking.close()


def answer(asking):
    """The fork."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _, files, _, _ = socket.recv_fds(asking, 1, 3)
        words, environ, folder = ast.literal_eval(asking.makefile().read())
        status = become(words, environ, folder, files)
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - as an interpreter tells it at its end
        traceback.print_exc()
    finally:
        asking.send(bytes([status]))
        os._exit(status)
