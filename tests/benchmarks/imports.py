"""How fast an import is, as a share of what the database takes of the very same rows by its fastest way.

    python tests/benchmarks/imports.py [USERS] [sqlite|postgres|passwords] [--rounds 3]

Raw is `executemany` on SQLite and COPY on Postgres into the same tables and indexes, search and the journal of whom an
import made included, in batches of the same size, the making of the rows not counted; the database is set up for it and
brought up to date at the end as the import does. The import is the command, from a
file of our own export with bcrypt hashes to the last commit, parsing, checks and the start of Python included, so that
few users say little; its memory is that of all its processes together. A shared machine gives the one core of raw and
the two of an import now more, now less: both run in turn, and what counts is the round in the middle. The aim is 0.75
on SQLite and 0.7 on Postgres, under 200 MB at 1,000,000 users; and for plain passwords 0.95 of what argon2 alone does
on all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from make_users import _server, load, open_empty, rows

from authctl.core import hashing
from authctl.core.hashing import Parameters
from authctl.model import Import, ImportStatus, from_milliseconds, instant
from authctl.storage import bulk, imports
from authctl.storage.database import Database
from authctl.transfer import importing

if TYPE_CHECKING:
    import sqlalchemy as sa


LEAST = {"sqlite": 0.75, "postgres": 0.7}
MOST_MEGABYTES, LEAST_PLAIN = 200, 0.95
PLAIN = 20_000
CHEAP = Parameters(time_cost=1, memory_cost=1024, parallelism=1)
BCRYPT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def users(count: int) -> Iterator[tuple[dict[str, Any], str]]:
    """The rows of the other benchmarks, with bcrypt hashes."""
    dice = random.Random(7)
    for row, document in rows(count):
        salt_and_digest = "".join(dice.choices(BCRYPT, k=21)) + "u" + "".join(dice.choices(BCRYPT, k=30)) + "u"
        yield row | {"password_hash": "$2b$10$" + salt_and_digest, "password_algorithm": "bcrypt"}, document


def write_file(path: Path, count: int) -> None:
    """Our own export of them, as JSON Lines."""
    with path.open("w") as file:
        for row, _ in users(count):
            times = {
                name: instant(from_milliseconds(row[name])) for name in ("created_at", "updated_at", "last_sign_in_at")
            }
            names = ("id", "username", "name", "email", "email_verified", "phone", "phone_verified", "status", "mfa")
            public = {name: row[name] for name in names} | times
            public |= {name: json.loads(row[name]) for name in ("labels", "prefs", "metadata")}
            public["password"] = {
                "set": True,
                "algorithm": "bcrypt",
                "updated_at": instant(from_milliseconds(row["password_updated_at"])),
                "must_change": False,
                "hash": row["password_hash"],
            }
            file.write(json.dumps(public, ensure_ascii=False) + "\n")


def raw_seconds(url: str, count: int) -> float:
    """How long the database takes for the rows alone."""
    with open_empty(url) as directory:
        seq = directory.database.write(partial(begin_import, directory.clock()))
        made, taken = users(count), 0.0
        while batch := list(islice(made, importing.BATCH)):
            begun = time.perf_counter()
            directory.database.write(partial(load_all, seq, batch))
            taken += time.perf_counter() - begun
        begun = time.perf_counter()
        directory.database.write(bulk.finish)
        taken += time.perf_counter() - begun
    return taken


def begin_import(now: datetime, db: sa.Connection) -> int:
    """The number of an import that the rows belong to."""
    begun = Import(0, "raw", "authctl", [], {}, ImportStatus.UNFINISHED, {}, {}, "benchmark", now, now)
    return imports.insert(db, begun).seq


def load_all(seq: int, batch: list[tuple[dict[str, Any], str]], db: sa.Connection) -> None:
    """The users, and in the journal that this import made them."""
    bulk.prepare(db)
    load(batch, db)
    imports.insert_made(db, seq, [(row["seq"], row["id"], row["updated_at"]) for row, _ in batch])


def import_seconds(url: str, path: Path, home: str) -> tuple[float, int]:
    """How long the command takes, and the most megabytes that its processes held at once."""
    open_empty_with_key(url, home)
    environ = {"HOME": home, "PATH": os.environ["PATH"], "AUTHCTL_ACTOR": "benchmark", "AUTHCTL_DATABASE_URL": url}
    words = [sys.executable, "-m", "authctl", "users", "import", str(path), "--from", "authctl", "--quiet", "--json"]
    begun, most = time.perf_counter(), 0
    command = subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while command.poll() is None:
        most = max(most, held_by(command.pid))
        time.sleep(0.25)
    taken = time.perf_counter() - begun
    out, err = command.communicate()
    if command.returncode:
        raise SystemExit(err.decode())
    assert json.loads(out)["refused"] == 0
    return taken, most // 1024


def open_empty_with_key(url: str, home: str) -> None:
    environ = {"HOME": home, "PATH": os.environ["PATH"], "AUTHCTL_DATABASE_URL": url}
    subprocess.run([sys.executable, "-m", "authctl", "init", "--quiet"], env=environ, check=True, capture_output=True)


def held_by(pid: int) -> int:
    """The resident kilobytes of a process and its children."""
    try:
        held = next(
            int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
        )
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, StopIteration):
        return 0
    return held + sum(held_by(int(child)) for child in children)


@contextmanager
def database(kind: str, folder: Path, name: str) -> Iterator[str]:
    """The URL of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{name}/authctl.db"
        return
    import psycopg
    import sqlalchemy as sa

    (folder / f"server-{name}").mkdir()
    with _server(folder / f"server-{name}") as server:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def compare(kind: str, path: Path, count: int, folder: Path, rounds: int) -> bool:
    """Rounds of one run of each."""
    shares, most = [], 0
    for number in range(rounds):
        with database(kind, folder, f"raw{number}") as url:
            raw = raw_seconds(url, count)
        with database(kind, folder, f"imported{number}") as url:
            taken, megabytes = import_seconds(url, path, str(folder / "home"))
            checked(url, count)
        shares.append(raw / taken)
        most = max(most, megabytes)
        speeds = f"raw {count / raw:,.0f} a second, imported {count / taken:,.0f}"
        print(f"{kind}: {speeds}, {shares[-1]:.2f} of raw, {megabytes} MB", flush=True)
    share, aim = median(shares), LEAST[kind]
    print(f"{kind}: {share:.2f} of raw in the middle (aim {aim})", flush=True)
    return share >= aim and most < MOST_MEGABYTES


def checked(url: str, count: int) -> None:
    held = Database(url)
    found = held.read(lambda db: db.sqlalchemy.exec_driver_sql("SELECT count(*) FROM users").scalar_one())
    held.close()
    assert found == count, f"{found:,} users of {count:,}"


def compare_plain(folder: Path) -> bool:
    """Plain passwords, against argon2 alone in as many threads as there are cores."""
    path = folder / "plain.csv"
    with path.open("w") as file:
        file.write("id,plain_password\n")
        file.writelines(f"u{number},correct horse {number}\n" for number in range(PLAIN))
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        made = pool.map(lambda number: hashing.hash_new(f"correct horse {number}", parameters=CHEAP, salt=bytes(16)),
                        range(PLAIN))  # fmt: skip
        assert sum(1 for _ in made) == PLAIN
    alone = time.perf_counter() - begun
    with open_empty(f"sqlite:///{folder}/plain/authctl.db") as directory:
        directory._hash_parameters = CHEAP
        begun = time.perf_counter()
        journal = importing.import_users(directory, [str(path)], source="csv")
        taken = time.perf_counter() - begun
    assert journal.counts["created"] == PLAIN, journal.counts
    print(f"plain: argon2 alone {PLAIN / alone:,.0f} a second, imported {alone / taken:.2f} of that", flush=True)
    return alone / taken >= LEAST_PLAIN


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("users", nargs="?", type=int, default=1_000_000)
    parser.add_argument("kinds", nargs="*", default=["sqlite", "postgres", "passwords"])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="authctl-imports-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "home").mkdir()
        path = folder / "users.jsonl"
        if set(given.kinds) - {"passwords"}:
            write_file(path, given.users)
            path.chmod(0o600)
        for kind in given.kinds:
            if kind == "passwords":
                good = compare_plain(folder) and good
            else:
                good = compare(kind, path, given.users, folder, given.rounds) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
