"""How long commands take at 1,000,000 users, as ratios to the same at 1,000, on both databases.

    python tests/benchmarks/scale.py [ROUNDS]

The databases stay in authctl-benchmarks in the folder for temporary files, so that a second run need not make them;
remove it when the schema has changed. First whole commands, as
processes; then the same in this process, where start-up hides nothing; then `users list --all`: its memory and speed.
The aim is at most 1.2 of each command, and for less than 200 MB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import timing
from make_users import COMMON, COMMON_LABEL, NOBODY, RARE, RARE_LABEL, databases, rows
from timing import AUTHCTL, environ_of, process

import authctl

SMALL, LARGE = 1_000, 1_000_000
MOST = 1.2
MOST_MEGABYTES = 200

Call = tuple[str, list[str], dict[str, Any]]  # what it is called, the words of the command line, the same from Python


def calls(middle: dict[str, Any], common_name: str) -> Iterator[Call]:
    """What is measured, for one directory."""
    yield "get by id", ["get", middle["id"]], {"user": middle["id"]}
    yield "get by email", ["get", middle["email"]], {"user": middle["email"]}
    yield "first page", ["list"], {}
    yield "middle page", ["list", "--after", middle["id"]], {"after": middle["id"]}
    for label, text in (("rare", RARE), ("two thirds", COMMON), ("nobody", NOBODY), ("two", f"{COMMON} {RARE}")):
        yield f"search {label}", ["list", "--search", text], {"search": text}
    for filter in (
        "status = blocked",
        "status = active",
        f"labels ~ {COMMON_LABEL}",
        f"labels ~ {RARE_LABEL}",
        f"name = {common_name}",
        "name = Nobody Atall",
        "mfa = true",
        "email_verified = false",
        "created_at > 2025-01-01",
    ):
        called = "name = (some have)" if common_name in filter else filter
        yield called, ["list", "--filter", filter], {"filters": [filter]}
    yield (
        "search and filter",
        ["list", "--search", COMMON, "--filter", "status = blocked"],
        {
            "search": COMMON,
            "filters": ["status = blocked"],
        },
    )


def middle_of(count: int) -> tuple[dict[str, Any], str]:
    """A user in the middle of the list, and a name that some have."""
    for number, (row, _) in enumerate(rows(count)):
        if number == count // 2:
            return row, row["name"]
    raise AssertionError(count)


def compare(title: str, small: dict[str, Callable[[], object]], large: dict[str, Callable[[], object]]) -> None:
    """Measure each at both sizes, and print the ratios of the medians; of the least too, for busy machines."""
    both = {(name, SMALL): action for name, action in small.items()}
    both |= {(name, LARGE): action for name, action in large.items()}
    taken = timing.taken(both, timing.rounds_asked_for(15))
    print(f"\n{title:32}{SMALL:>12,}{LARGE:>12,}   ratio   of the least")
    for name in small:
        at_small, at_large = median(taken[name, SMALL]), median(taken[name, LARGE])
        ratio, of_least = at_large / at_small, min(taken[name, LARGE]) / min(taken[name, SMALL])
        times = f"{at_small * 1000:9.1f} ms{at_large * 1000:9.1f} ms"
        print(f"{name:32}{times}{ratio:8.2f}{of_least:12.2f}{' !' * (of_least > MOST)}")
    sys.stdout.flush()


def commands(url: str, asked: list[Call]) -> dict[str, Callable[[], object]]:
    environ = environ_of(Path(tempfile.mkdtemp()), AUTHCTL_DATABASE_URL=url)
    return {name: process([AUTHCTL, "users", *words], environ) for name, words, _ in asked}


def verbs(directory: authctl.Directory, asked: list[Call]) -> dict[str, Callable[[], object]]:
    users = directory.users
    return {
        name: partial(users.get if words[0] == "get" else users.list, **arguments) for name, words, arguments in asked
    }


def stream(url: str) -> None:
    """Print how much memory and time a list of everybody takes."""
    environ = environ_of(Path(tempfile.mkdtemp()), AUTHCTL_DATABASE_URL=url)
    begun = time.perf_counter()
    process = subprocess.Popen(
        [AUTHCTL, "users", "list", "--all", "-o", "jsonl"], env=environ, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    megabytes = usage.ru_maxrss / 1024  # kibibytes on Linux
    speed = LARGE / (time.perf_counter() - begun)
    over = " !" * (megabytes > MOST_MEGABYTES)
    print(f"list --all of {LARGE:,}: {megabytes:.0f} MB at most{over}, {speed:,.0f} users a second")


def main() -> None:
    asked = {count: list(calls(*middle_of(count))) for count in (SMALL, LARGE)}
    folder = Path(tempfile.gettempdir()) / "authctl-benchmarks"
    with databases(folder, (SMALL, LARGE)) as urls:
        for dialect in ("sqlite", "postgres"):
            small, large = urls[dialect, SMALL], urls[dialect, LARGE]
            compare(f"{dialect}, commands", commands(small, asked[SMALL]), commands(large, asked[LARGE]))
            with authctl.open(small) as of_few, authctl.open(large) as of_many:
                compare(f"{dialect}, from Python", verbs(of_few, asked[SMALL]), verbs(of_many, asked[LARGE]))
            stream(large)


if __name__ == "__main__":
    main()
