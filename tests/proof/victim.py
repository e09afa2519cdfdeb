"""Runs command lines for the proof, each in a process of its own that meets a fault where it is told to.

    PYTHONPATH=tests python -m proof.victim

It imports everything once, and lets imports and purges work in small batches. For each line of JSON on stdin it forks a
process that runs one command, and answers with its status, the signal that ended it, and how many moments it came by. A
moment is what the operating system is asked for to change something: a write, a truncation, a name that is made, moved
or removed, an answer of Postgres that is waited for. At the moment `at`, or after `delay` seconds, the process is
killed, or `error` is what the operating system says then, and from then on.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import io
import json
import os
import pkgutil
import resource
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from conftest import CHEAP, Dice

import authctl
from authctl.cli import app
from authctl.cli.environment import Environment
from authctl.storage import postgres, purging, sqlite
from authctl.transfer import importing

NEEDING_SPACE = {"os.link", "os.rename", "os.mkdir"}
CHANGES = NEEDING_SPACE | {"os.remove", "os.rmdir", "os.chmod", "os.truncate"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# SQLite's own system calls, as its VFS names them, with what each is given; all answer with a number.
LONG, POINTER, INT = ctypes.c_long, ctypes.c_void_p, ctypes.c_int
CALLS = {
    "pwrite64": (LONG, INT, POINTER, ctypes.c_size_t, LONG),
    "pwrite": (LONG, INT, POINTER, ctypes.c_size_t, LONG),
    "write": (LONG, INT, POINTER, ctypes.c_size_t),
    "ftruncate": (INT, INT, LONG),
    "unlink": (INT, ctypes.c_char_p),
}
NEEDING_NONE = {"ftruncate", "unlink"}
LIMITS = {"files": resource.RLIMIT_NOFILE, "size": resource.RLIMIT_FSIZE}


class Moments:
    """Counts what changes something, and does at one moment what it is told to."""

    def __init__(self, at: int, error: int) -> None:
        self.count, self.at, self.error = 0, at, error
        self._kept: list[Any] = []  # which C calls

    def come(self, *, needs_space: bool = True) -> int:
        """What the operating system says; 0 where it does what it is asked for."""
        self.count += 1
        if self.at and self.count >= self.at and (needs_space or self.error != errno.ENOSPC):
            if not self.error:
                os.kill(os.getpid(), signal.SIGKILL)
            return self.error
        return 0

    def come_in_python(self, *, needs_space: bool = True) -> None:
        if code := self.come(needs_space=needs_space):
            raise OSError(code, os.strerror(code))

    def watch(self) -> None:
        sys.addaudithook(self._heard)
        os.fsync = self._before(os.fsync)
        wait = postgres.Connection.wait

        def waited(connection: Any, *given: Any, **named: Any) -> Any:
            if not self.error:  # a disk of the server's is another trial
                self.come()
            answer = wait(connection, *given, **named)
            if not self.error:
                self.come()
            return answer

        postgres.Connection.wait = waited  # type: ignore[method-assign]
        self._watch_sqlite()

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def called(*given: Any) -> Any:
            self.come_in_python()
            return call(*given)

        return called

    def _heard(self, event: str, given: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and isinstance(given[2], int) and given[2] & WRITING):
            if event == "open" and given[0] == os.devnull:
                return
            self.come_in_python(needs_space=event not in CHANGES - NEEDING_SPACE)

    def _watch_sqlite(self) -> None:
        """Put functions of ours in the place of the system calls of SQLite's VFS."""
        vfs = _vfs()
        if vfs is None:
            return
        for name, (answer, *given) in CALLS.items():
            kind = ctypes.CFUNCTYPE(answer, *given, use_errno=True)
            address = vfs.get(name)
            if not address:
                continue
            ours = kind(self._instead_of(name, kind(address)))
            self._kept.append(ours)
            vfs.set(name, ours)

    def _instead_of(self, name: str, call: Callable[..., int]) -> Callable[..., int]:
        def called(*given: Any) -> int:
            if code := self.come(needs_space=name not in NEEDING_NONE):
                ctypes.set_errno(code)
                return -1
            return call(*given)

        return called


class _Vfs(ctypes.Structure):
    """The beginning and the end of `sqlite3_vfs`; what is between is nobody's concern here."""

    _fields_ = (
        ("version", INT),
        ("file_size", INT),
        ("longest_path", INT),
        ("next", POINTER),
        ("name", ctypes.c_char_p),
        ("data", POINTER),
        *((f"method_{number}", POINTER) for number in range(13)),
        ("set_system_call", ctypes.CFUNCTYPE(INT, POINTER, ctypes.c_char_p, POINTER)),
        ("get_system_call", ctypes.CFUNCTYPE(POINTER, POINTER, ctypes.c_char_p)),
    )

    def get(self, name: str) -> int | None:
        return self.get_system_call(ctypes.addressof(self), name.encode())  # type: ignore[no-any-return]

    def set(self, name: str, function: Any) -> None:
        self.set_system_call(ctypes.addressof(self), name.encode(), ctypes.cast(function, POINTER))


def _vfs() -> _Vfs | None:
    """The VFS of the library that the driver has loaded; None where that is part of the driver."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "libsqlite3" in line}
    if not paths:
        return None
    find = ctypes.CDLL(paths.pop()).sqlite3_vfs_find
    find.restype = ctypes.POINTER(_Vfs)
    return find(None).contents  # type: ignore[no-any-return]


def connect_quickly() -> None:
    """Spare the waiting for a disk: what kills a process takes nothing from the disk."""
    connect = sqlite.connect

    def connected(path: str, lock_timeout: float) -> Any:
        connection = connect(path, lock_timeout)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    sqlite.connect = connected


def run(given: dict[str, Any], tell: int) -> int:
    """One command, in a process of its own."""
    for name, limit in given.get("limits", {}).items():
        resource.setrlimit(LIMITS[name], (limit, resource.getrlimit(LIMITS[name])[1]))
    os.chdir(given["folder"])
    os.environ.clear()
    os.environ.update(given["environ"])
    dice = Dice()
    dice.count = given["dice"]
    moments = Moments(given.get("at", 0), given.get("error", 0))
    with open(given["stdout"], "w") as out, open(given["stderr"], "w") as err:
        environment = Environment(
            stdin=io.TextIOWrapper(io.BytesIO(given["stdin"].encode())),
            stdout=out,
            stderr=err,
            environ=given["environ"],
            clock=lambda: datetime.fromisoformat(given["now"]),
            random_bytes=dice,
            hash_parameters=CHEAP,
        )
        moments.watch()
        if delay := given.get("delay"):
            signal.setitimer(signal.ITIMER_REAL, delay)  # whose signal nobody hears: it ends the process
        status = int(app.run(given["words"], environment))
        out.flush()
    count = moments.count
    moments.at = 0
    os.write(tell, str(count).encode())
    return status


def answer(given: dict[str, Any]) -> tuple[int, int, int]:
    listen, tell = os.pipe()
    process = os.fork()
    if not process:
        status = 70
        try:
            status = run(given, tell)
        except BaseException:  # noqa: BLE001 - it is told, and this process must not go on
            import traceback

            with open(given["stderr"], "a") as err:
                traceback.print_exc(file=err)
        finally:
            os._exit(status)
    os.close(tell)
    with open(listen) as told:
        count = int(told.read() or 0)
    _, ended = os.waitpid(process, 0)
    if os.WIFSIGNALED(ended):
        return -1, os.WTERMSIG(ended), count
    return os.WEXITSTATUS(ended), 0, count


def main() -> None:
    for name in ("sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)
    skipped = ("authctl.__main__", "authctl.storage.migrations")
    for module in pkgutil.walk_packages(authctl.__path__, "authctl."):
        if not module.name.startswith(skipped):
            importlib.import_module(module.name)
    connect_quickly()
    purging.BATCH = 3
    create = importing.Options.__init__
    assert create.__defaults__ is not None
    create.__defaults__ = (*create.__defaults__[:-1], 7)  # of `batch`, its last field
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
