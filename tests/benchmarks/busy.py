"""What many wrong passwords at once take: the peak of the memory, and the longest wait.

    python tests/benchmarks/busy.py

64 and 40 threads sign in at once, each to an account of its own, with today's argon2: with one hash a core at a time,
as by default, and with as many as there are threads. Each time in a process of its own, of which the memory is that
which one sign-in before left. Nobody is refused for waiting, however long.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from make_users import _server, new_database
from timing import environ_of

import authctl
from authctl.core import hashing
from authctl.core.directory import opening
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.errors import Denied
from authctl.settings import load

THREADS = (64, 40)
AT_ONCE = {"one a core": 0, "no bound": 1024}


def refused(directory: authctl.Directory, number: int) -> float:
    """The seconds of a sign-in with a wrong password."""
    begun = time.perf_counter()
    try:
        directory.sessions.create(f"u{number}", "not the password")
    except Denied:
        return time.perf_counter() - begun
    raise SystemExit("a wrong password signed in")


def peak() -> float:
    """The most megabytes that this process ever took."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kibibytes on Linux


def sign_in(threads: int) -> None:
    """Sign in from so many threads at once, and print what it took."""
    with authctl.open() as directory:
        alone = min(refused(directory, max(THREADS)) for _ in range(3))
        before = peak()
        barrier = threading.Barrier(threads)

        def together(number: int) -> float:
            barrier.wait()
            return refused(directory, number)

        with ThreadPoolExecutor(threads) as pool:
            waits = list(pool.map(together, range(threads)))
    print(f"{alone * 1000:7.0f} ms{before:8.0f} MB{peak():8.0f} MB{max(waits):8.2f} s")


@contextmanager
def databases() -> Iterator[dict[str, dict[str, str]]]:
    """The variables of a machine with a new directory, on each database."""
    with tempfile.TemporaryDirectory(prefix="authctl-busy-") as name, _server(Path(name)) as server:
        urls = {
            "sqlite": f"sqlite:///{name}/authctl.db",
            "postgres": new_database(server, "authctl_benchmark_busy"),
        }
        yield {database: environ_of(Path(name), AUTHCTL_DATABASE_URL=url) for database, url in urls.items()}


def fill(environ: dict[str, str]) -> None:
    """Make the directory, a user for each thread, and one more for what is done alone."""
    settings = load(environ, system_config=os.devnull)
    with opening.open_directory(settings, Actor("benchmark")) as directory:
        setup.initialize(directory, settings)
        hash = hashing.hash_new("correct horse battery", salt=bytes(hashing.SALT_SIZE))
        for number in range(max(THREADS) + 1):
            directory.users.create(id=f"u{number}", password_hash=hash)


def main() -> None:
    print(f"{'':32}{'alone':>10}{'before':>11}{'peak':>11}{'longest':>10}")
    with databases() as environs:
        for database, environ in environs.items():
            fill(environ)
            for threads, (bound, at_once) in product(THREADS, AT_ONCE.items()):
                print(f"{database:9}{threads:3} at once, {bound:11}", end="", flush=True)
                limits = {"AUTHCTL_HASHING_AT_ONCE": str(at_once), "AUTHCTL_HASHING_LONGEST_WAIT": "600"}
                subprocess.run([sys.executable, __file__, str(threads)], env=environ | limits, check=True)


if __name__ == "__main__":
    sign_in(int(sys.argv[1])) if sys.argv[1:] else main()
