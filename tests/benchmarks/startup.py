"""How long commands take to start, as ratios in one run: to bare Python, and on Postgres to the driver's one query.

    python tests/benchmarks/startup.py [ROUNDS]

Each ratio is printed with the most it may be, marked where it is more; `sessions create` is counted without its argon2.
Run it with the Python whose pip installed authctl: scripts made by an old pip import `re`, which --version then pays
for.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import timing
from make_users import _server, new_database
from timing import AUTHCTL, environ_of, process

PASSWORD = "correct horse battery"
BARE, ARGON2, QUERY = "bare Python", "argon2", "typer + psycopg + query"
# The least that any command of Typer's on Postgres does.
QUERIES = """
import typer, psycopg
with psycopg.connect({url!r}) as db:
    print(db.execute("SELECT * FROM users WHERE email = %s", ["ada@example.com"]).fetchone())
"""
VERIFIES = """
import time
from authctl.core import hashing
hash = hashing.hash_new("correct horse battery", salt=bytes(16))
begun = time.perf_counter()
hashing.verify(hash, "correct horse battery")
print(time.perf_counter() - begun)
"""

# Each command with the most that it may be, of bare Python and on Postgres of the query.
STATIC = {"--version": 1.5, "--help": 6.0, "users gte": 6.0}
READS = ("users get ada", "users list", "teams get staff", "sessions get")
WRITES = ("users create --name Grace", "users update-name ada Ada", "sessions create ada --password-stdin")
FILTERED = "users list --filter name=Ada"
MOST_READ, MOST_WRITTEN, MOST_ON_POSTGRES = 12.0, 15.0, 1.4


def main() -> None:
    rounds = timing.rounds_asked_for(15)
    with tempfile.TemporaryDirectory() as folder, _server(home := Path(folder)) as server:
        urls = {"sqlite": f"sqlite:///{home}/authctl.db", "postgres": new_database(server, "startup")}
        actions: dict[str, Callable[[], object]] = {BARE: process([sys.executable, "-c", "pass"], environ_of(home))}
        actions[QUERY] = process([sys.executable, "-c", QUERIES.format(url=urls["postgres"])], environ_of(home))
        for line in STATIC:
            status = 2 if line == "users gte" else 0
            actions[line] = process([AUTHCTL, *line.split()], environ_of(home), status=status)
        for database, url in urls.items():
            run = prepared(environ_of(home, AUTHCTL_DATABASE_URL=url))
            actions |= {f"{line} on {database}": partial(run, line) for line in (*READS, *WRITES, FILTERED)}
        taken = timing.medians(actions, rounds)
        taken[ARGON2] = verification(home, rounds)
    show(taken)


def prepared(environ: dict[str, str]) -> Callable[[str], None]:
    """Makes a directory with a user, a team and a session in it; what runs a command there."""

    def command(line: str, given: str = "") -> str:
        words = [AUTHCTL, *line.split()]
        ended = subprocess.run(words, env=environ, input=given, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise SystemExit(f"{line} ended with {ended.returncode}:\n{ended.stderr}")
        return ended.stdout

    command("init --quiet")
    command("security set session-limit 100")
    command("users create --id ada --email ada@example.com --password-stdin", PASSWORD)
    command("teams create Staff --id staff")
    secret = command("sessions create ada --password-stdin --fields secret", PASSWORD).strip()
    given = {"sessions get": secret, WRITES[2]: PASSWORD}
    return lambda line: command(line, given.get(line, "")) and None


def verification(home: Path, rounds: int) -> float:
    """The median seconds of argon2 alone."""
    words = [sys.executable, "-c", VERIFIES]
    runs = [subprocess.run(words, env=environ_of(home), capture_output=True, check=True) for _ in range(rounds)]
    return sorted(float(run.stdout) for run in runs)[rounds // 2]


def show(taken: dict[str, float]) -> None:
    for base in (BARE, QUERY, ARGON2):
        print(f"{base:44}{taken[base] * 1000:8.1f} ms")
    print(f"\n{'':44}{'ms':>8}{'ratio':>8}{'at most':>9}")
    for name, seconds in taken.items():
        if name in (BARE, QUERY, ARGON2):
            continue
        line, _, database = name.partition(" on ")
        alone = seconds - (taken[ARGON2] if line == WRITES[2] else 0)
        ratio = alone / taken[QUERY if database == "postgres" else BARE]
        most = most_of(line, database)
        mark = "!" if most is not None and ratio > most else ""
        print(f"{name:44}{alone * 1000:8.1f}{ratio:8.2f}{most or '':>9}{mark:>2}")


def most_of(line: str, database: str) -> float | None:
    if line == FILTERED:
        return None
    if line in STATIC:
        return STATIC[line]
    if database == "postgres":
        return MOST_ON_POSTGRES
    return MOST_READ if line in READS else MOST_WRITTEN


if __name__ == "__main__":
    main()
