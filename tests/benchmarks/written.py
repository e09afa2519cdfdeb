"""What Postgres writes: bytes of tables and of its log a user, a sign-in, a wrong password and a sign-out.

    python tests/benchmarks/written.py [USERS] [SIGN-INS]

The users are imported, from a file of our own export. Then 1,000 of them, one here and one there, sign in again and
again from the address that they have signed in from before, and out again; and mistype their passwords. Tables count
with their indexes and search, by what they have grown; the log without the images of whole pages that follow each
checkpoint, since those depend on how often there is one. Nothing tidies up meanwhile. At last the sign-ins a second of
eight threads, from one address and from one each; also with a disk that is slow to hold a commit, as one on a network
is. Hashes cost next to nothing here. The aims are marked where they are missed.

The server is as in make_users.py; its `full_page_writes` are off while this runs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from imports import open_empty_with_key, write_file
from make_users import _server, new_database
from psycopg import sql
from timing import environ_of

from authctl.core import hashing
from authctl.core.directory import opening
from authctl.core.directory.directory import Directory
from authctl.core.work.unit import Actor
from authctl.errors import Denied
from authctl.settings import load
from authctl.transfer import importing

FREE = hashing.Parameters(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD, WRONG = "correct horse battery", "not the password"
PEOPLE, THREADS = 1_000, 8
DISK = 5  # milliseconds that a disk on a network may take
# The most bytes of tables and of the log.
MOST = {"user": {"tables": 1_200}, "sign-in": {"tables": 617, "log": 2_067}}
_SIZES = """
    SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


class Tally:
    """What something wrote, each time that it was done: bytes of each table and its indexes, and of the log."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db = db
        self.count = 0
        self.log = 0
        self.grown: Counter[str] = Counter()
        self.indexes: Counter[str] = Counter()

    @contextmanager
    def counting(self, count: int) -> Iterator[None]:
        """Add what is written meanwhile, by so many."""
        self.db.execute("CHECKPOINT")
        sizes, log = self._sizes(), self._log()
        yield
        self.count += count
        self.log += self._log() - log
        for name, (table, indexes) in self._sizes().items():
            self.grown[name] += table + indexes - sum(sizes[name])
            self.indexes[name] += indexes - sizes[name][1]

    def _sizes(self) -> dict[str, tuple[int, int]]:
        return {name: (table, indexes) for name, table, indexes in self.db.execute(_SIZES)}

    def _log(self) -> int:
        row = self.db.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
        assert row is not None
        return int(row[0])

    def show(self, what: str) -> None:
        """Print what each took."""
        took = {"tables": self.grown.total() / self.count, "log": self.log / self.count}
        missed = any(most is not None and took[of] > most for of, most in MOST.get(what, {}).items())
        print(f"{what:16}{took['tables']:8,.0f} of tables{took['log']:8,.0f} of log{'  !' * missed}")
        for name, grown in self.grown.most_common():
            if grown > 0:
                print(f"{grown / self.count:24,.0f} {name}, {self.indexes[name] / self.count:,.0f} in its indexes")
        sys.stdout.flush()


@contextmanager
def slow_disk(db: psycopg.Connection, milliseconds: int) -> Iterator[None]:
    """A server whose disk takes so much longer to hold what was committed."""
    db.execute(sql.SQL("ALTER SYSTEM SET commit_delay = {}").format(sql.Literal(milliseconds * 1000)))
    db.execute("ALTER SYSTEM SET commit_siblings = 0")
    db.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        db.execute("ALTER SYSTEM RESET commit_delay")
        db.execute("ALTER SYSTEM RESET commit_siblings")
        db.execute("SELECT pg_reload_conf()")


@contextmanager
def quiet(url: str) -> Iterator[psycopg.Connection]:
    """A connection to a server that writes no images of pages, and to a database that nobody tidies up."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("ALTER SYSTEM SET full_page_writes = off")
        db.execute("SELECT pg_reload_conf()")
        try:
            for (name,) in db.execute(_SIZES.replace(", pg_table_size(oid), pg_indexes_size(oid)", "")).fetchall():
                db.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = off)").format(sql.Identifier(name)))
            yield db
        finally:
            db.execute("ALTER SYSTEM RESET full_page_writes")
            db.execute("SELECT pg_reload_conf()")


def people_of(db: psycopg.Connection) -> list[str]:
    """The ids of some users, who all get the same password."""
    hashed = hashing.hash_new(PASSWORD, parameters=FREE, salt=bytes(16))
    found = db.execute(
        "UPDATE users SET password_hash = %s, password_algorithm = 'argon2id', status = 'active'"
        " WHERE seq IN (SELECT seq FROM users ORDER BY md5(id) LIMIT %s) RETURNING id",
        (hashed, PEOPLE),
    ).fetchall()
    db.execute("VACUUM ANALYZE")
    return [id for (id,) in found]


def sign_in(directory: Directory, user: str, ip: str, password: str = PASSWORD) -> str:
    with suppress(Denied):
        return directory.sessions.create(user, password, ip=ip).secret
    assert password == WRONG
    return ""


def sign_in_and_out(directory: Directory, db: psycopg.Connection, people: list[str], count: int) -> None:
    """Show what sign-ins, sign-outs and wrong passwords take. Nobody has more sessions than may be."""
    ips = {user: f"198.18.{number >> 8}.{number & 255}" for number, user in enumerate(people)}
    tallies = {"sign-in": Tally(db), "sign-out": Tally(db), "wrong password": Tally(db)}
    for turn in range(1 + max(1, count // len(people))):
        if turn == 1:  # in the first, the addresses become known
            db.execute("VACUUM ANALYZE")
            tallies = {what: Tally(db) for what in tallies}
        with tallies["sign-in"].counting(len(people)):
            secrets = [sign_in(directory, user, ips[user]) for user in people]
        with tallies["sign-out"].counting(len(people)):
            for secret in secrets:
                directory.sessions.delete(secret)
        with tallies["wrong password"].counting(len(people)):
            for user in people:
                sign_in(directory, user, ips[user], WRONG)
    for what, tally in tallies.items():
        tally.show(what)


def speed(directory: Directory, people: list[str], count: int, ip: str) -> float:
    """The sign-ins a second of eight threads. ip: with a place for the number of the thread, or without."""

    def sign_in_in_turn(thread: int) -> None:
        mine = people[thread::THREADS]
        for number in range(count // THREADS):
            sign_in(directory, mine[number % len(mine)], ip.format(thread))

    begun = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(sign_in_in_turn, range(THREADS)))
    return count / (time.perf_counter() - begun)


def main() -> None:
    users, count = (int(word) for word in (sys.argv[1:] + ["100000", "10000"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory(prefix="authctl-written-") as made, _server(Path(made)) as server:
        url = new_database(server, "authctl_benchmark_written")
        path = Path(made) / "users.jsonl"
        write_file(path, users)
        path.chmod(0o600)
        open_empty_with_key(url, made)
        settings = load(environ_of(Path(made)), options={"database_url": url}, system_config="/dev/null")
        directory = opening.open_directory(settings, Actor("benchmark"), hash_parameters=FREE)
        with directory, quiet(url) as db:
            imported = Tally(db)
            with imported.counting(users):
                importing.import_users(directory, [str(path)], source="authctl")
            imported.show("user")
            people = people_of(db)
            sign_in_and_out(directory, db, people, count)
            for milliseconds in (0, DISK):
                with slow_disk(db, milliseconds):
                    for called, ip in (("one address", "192.0.2.7"), ("many addresses", "198.51.100.{}")) * 2:
                        signed_in = speed(directory, people, count // 4, ip)
                        print(
                            f"sign-ins a second from {called}, disk + {milliseconds} ms: {signed_in:,.0f}", flush=True
                        )


if __name__ == "__main__":
    main()
