"""Whether anything is refused, done twice or lost where a database's transactions refuse each other by default.

    PYTHONPATH=tests python tests/benchmarks/isolation.py [SECONDS]

Eight processes of four threads each sign in, redeem tokens and change accounts, all the same ones, for so many seconds
(20) on a Postgres database whose default isolation is serializable, and on one where it is repeatable read. Each token
must be good once. It ends with 1 where something was amiss.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psycopg
import timing
from doubles import contention, processes
from make_users import _server, new_database

from authctl.core import hashing
from authctl.core.directory import opening
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.settings import load

PROCESSES, THREADS = 8, 4
TOKENS_A_SECOND = 10  # more than are gone through
FREE = hashing.Parameters(time_cost=1, memory_cost=8, parallelism=1)
CLOCK = SimpleNamespace(now=datetime(2026, 1, 2, tzinfo=UTC))  # stands still


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """The URLs of new databases, by their default isolation."""
    with tempfile.TemporaryDirectory(prefix="authctl-isolation-") as name, _server(Path(name)) as server:
        urls = {}
        for isolation in ("serializable", "repeatable read"):
            database = f"authctl_benchmark_{isolation.replace(' ', '_')}"
            urls[isolation] = new_database(server, database)
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"ALTER DATABASE {database} SET default_transaction_isolation = '{isolation}'")
        yield urls


def contend(isolation: str, url: str, seconds: int) -> bool:
    """Print what was done, and what was amiss; whether anything was."""
    with tempfile.TemporaryDirectory() as home:
        environ = timing.environ_of(Path(home))
        settings = load(environ, options={"database_url": url}, system_config=os.devnull)
        with opening.open_directory(
            settings, Actor("benchmark"), clock=lambda: CLOCK.now, hash_parameters=FREE
        ) as directory:
            setup.initialize(directory, settings)
            secrets = contention.prepare(directory, seconds * TOKENS_A_SECOND)
            program = contention.program(THREADS, secrets, seconds)
            answers = processes.at_once(environ, url, CLOCK, PROCESSES, program)
            assert [status for status, _ in answers] == [0] * PROCESSES
            steps = [tuple(step) for _, steps in answers for step in steps]
            faults = contention.faults(directory, steps)
    done = contention.done(steps)
    print(f"{isolation}: {', '.join(f'{count} × {step}' for step, count in done.items())} in {seconds} s")
    print(
        "".join(f"    {count} {fault}\n" for fault, count in faults.items()) or "    nothing amiss\n",
        end="",
        flush=True,
    )
    return bool(faults)


def main() -> int:
    seconds = timing.rounds_asked_for(20)
    with databases() as urls:
        amiss = [contend(isolation, url, seconds) for isolation, url in urls.items()]
    return int(any(amiss))


if __name__ == "__main__":
    sys.exit(main())
