"""Many processes of many threads at one directory, whatever its transactions refuse each other by default.

No sign-in, redeem or change is refused that may be done, no token is good twice, and no change is lost.
"""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from doubles import contention, processes
from proof import faults
from proof.world import World

ISOLATIONS = ("read committed", "repeatable read", "serializable")


def run_round(
    places: Any, counts: Counter[str], seed: int, *, count: int = 4, threads: int = 3, tokens: int = 12
) -> None:
    """So many processes and threads, which all go through so many tokens."""
    with places.copy() as url, _isolated(url, ISOLATIONS[seed % 3]) as isolation, World(url, places.ready) as world:
        secrets = contention.prepare(world.operator, tokens)
        environ = {
            "HOME": os.devnull,
            "PATH": os.environ["PATH"],
            "AUTHCTL_SECRET_KEY": base64.b64encode(places.ready.key).decode(),
        }
        program = contention.program(threads, secrets)
        answers = processes.at_once(environ, url, world.clock, count, program)
        if [status for status, _ in answers] != [0] * count:
            raise faults.Bug(f"{isolation}: processes ended with {[status for status, _ in answers]}")
        steps = [tuple(step) for _, steps in answers for step in steps]
        counts["steps"] += len(steps)
        if found := contention.faults(world.operator, steps) or world.problems():
            raise faults.Wrong(f"{isolation}: {found}")


@contextmanager
def _isolated(url: str, isolation: str) -> Iterator[str]:
    """A database whose transactions have that isolation by default; SQLite has one of its own."""
    if not url.startswith("postgresql"):
        yield "sqlite"
        return
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = '{isolation}'")
    try:
        yield isolation
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_isolation')
