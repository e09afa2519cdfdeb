"""What a sign-up costs under the policy user-limit, at 1,000 users and at 1,000,000, as ratios, on both databases.

    python tests/benchmarks/user_limit.py [ROUNDS] [MANY]

Beside it the same without the policy, how long setting it takes, and how many sign up in a second from THREADS threads.
The aim is at most 1.2 of a sign-up. The databases are new in every run.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import psycopg
import sqlalchemy as sa
import timing
from make_users import BATCH, _finish, _server, load, open_empty, rows

from authctl.core.directory.directory import Directory

FEW, MANY = 1_000, 1_000_000
LIMIT = 10_000_000
MOST = 1.2
THREADS, SIGN_UPS = 4, 400


def filled(url: str, count: int) -> Directory:
    """A new directory of that many users."""
    directory = open_empty(url)
    made = rows(count)
    while batch := list(islice(made, BATCH)):
        directory.database.write(partial(load, batch))
    _finish(directory.database, url)
    return directory


def seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def sign_ups_a_second(directory: Directory) -> float:
    def sign_up(number: int) -> None:
        directory.sessions.create_anonymous()

    with ThreadPoolExecutor(THREADS) as threads:
        return SIGN_UPS / seconds(lambda: list(threads.map(sign_up, range(SIGN_UPS))))


def compare(title: str, directories: dict[int, Directory], rounds: int) -> None:
    """Measure sign-ups at both sizes, without the policy and with it, and print the ratios."""
    few, many = directories
    print(f"\n{title:32}{few:>12,}{many:>12,}   ratio")
    for policy in ("without a limit", "under user-limit"):
        if policy == "under user-limit":
            took = [seconds(partial(each.security.set, "user-limit", LIMIT)) for each in directories.values()]
            print(f"{'setting it':32}{took[0] * 1000:9.1f} ms{took[1] * 1000:9.1f} ms")
        sign_ups = {count: each.sessions.create_anonymous for count, each in directories.items()}
        taken = timing.means(sign_ups, rounds)
        ratio = taken[many] / taken[few]
        times = f"{taken[few] * 1000:9.2f} ms{taken[many] * 1000:9.2f} ms"
        print(f"{f'sign-up {policy}':32}{times}{ratio:8.2f}{' !' * (ratio > MOST)}")
        a_second = [sign_ups_a_second(each) for each in directories.values()]
        print(f"{f'{THREADS} threads, {policy}':32}{a_second[0]:10.0f} /s{a_second[1]:10.0f} /s")
    sys.stdout.flush()


def main() -> None:
    rounds = timing.rounds_asked_for(200)
    counts = (FEW, int(sys.argv[2]) if len(sys.argv) > 2 else MANY)
    folder = Path(tempfile.mkdtemp(prefix="authctl-user-limit-"))
    compare("sqlite", {count: filled(f"sqlite:///{folder}/{count}/authctl.db", count) for count in counts}, rounds)
    with _server(folder) as server, psycopg.connect(server, autocommit=True) as connection:
        urls = {}
        for count in counts:
            name = f"authctl_benchmark_user_limit_{count}"
            connection.execute(f"DROP DATABASE IF EXISTS {name}")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            urls[count] = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        compare("postgres", {count: filled(url, count) for count, url in urls.items()}, rounds)
        for count in counts:
            connection.execute(f"DROP DATABASE authctl_benchmark_user_limit_{count} WITH (FORCE)")


if __name__ == "__main__":
    main()
