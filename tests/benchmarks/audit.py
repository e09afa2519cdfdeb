"""What verifying and clearing an audit log cost, and how long a writer waits beside them, on both databases.

    python tests/benchmarks/audit.py [EVENTS]

The log has that many events (300,000 where nothing is said), two a minute and more than half of them due. First how
many events each verification reads, and its seconds: the first, one after 100 more, one of all. Then another process
writes one event after the other, beside nothing, beside each of those, a purge of what is due, and on Postgres a vacuum
and one that does not end while the log is verified. Its longest wait is to be below 200 ms beside all of them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median

import psycopg
import sqlalchemy as sa
from make_users import _server

import authctl
from authctl import storage
from authctl.core.crypto import log_digests
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import setup
from authctl.model import EventName, milliseconds

EVENTS = 300_000
NEW = 100  # events between two verifications
MOST = 0.2  # seconds
BETWEEN = 0.005  # seconds between two events of the writer
ALONE = 3.0  # seconds
BATCH = 10_000
KEY = b64encode(bytes(range(32))).decode()


def rows(directory: Directory, count: int) -> Iterator[tuple[object, ...]]:
    """Events of sign-ins with their digests, two a minute until now."""
    key, end = directory.find_log_key(), datetime.now(UTC)
    assert key is not None
    for number in range(count):
        time = milliseconds(end - timedelta(seconds=30 * (count - number)))
        user = f"user{number % 997}"
        row = storage.events.EventRow(
            f"event{number}", time, "benchmark", None, "users.sessions.create", f"users/{user}", user,
            '{"provider":"password"}', "192.0.2.1", None,
        )  # fmt: skip
        yield (*row, log_digests.event_digest(key, row))


def fill(directory: Directory, count: int) -> None:
    columns = (*storage.events.EventRow._fields, "digest")
    made = rows(directory, count)
    while batch := list(islice(made, BATCH)):
        directory.database.write(lambda db, batch=batch: storage.bulk.insert(db, "events", columns, batch))


@contextmanager
def directories(folder: Path) -> Iterator[dict[str, str]]:
    """The URLs of new directories on both databases."""
    with _server(folder) as server, psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS authctl_benchmark_audit WITH (FORCE)")
        connection.execute("CREATE DATABASE authctl_benchmark_audit TEMPLATE template0 ENCODING 'UTF8'")
        postgres = sa.make_url(server).set(database="authctl_benchmark_audit").render_as_string(False)
        yield {"sqlite": f"sqlite:///{folder}/audit/authctl.db", "postgres": postgres}


def record(directory: Directory) -> None:
    directory.write(lambda work: work.record(EventName.USERS_NOTIFY, "users/ada"))


# The writer


def write(url: str) -> None:
    """Write event after event until stdin ends; tells the seconds of each."""
    import select

    taken = []
    with authctl.open(url, key=KEY) as directory:
        record(directory)
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], BETWEEN)[0]:
            begun = time.perf_counter()
            record(directory)
            taken.append(time.perf_counter() - begun)
    print(*taken)


def beside(url: str, action: Callable[[], object]) -> list[float]:
    """The seconds of each event that another process writes while something is done."""
    words = [sys.executable, __file__, "write", url]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        action()
        writer.stdin.close()
        return [float(seconds) for seconds in writer.stdout.read().split()]


def show_waits(name: str, url: str, called: str, action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    taken = beside(url, action)
    seconds = time.perf_counter() - begun
    longest = max(taken)
    print(
        f"{name:9} writer beside {called:28} longest {longest * 1000:8.1f} ms, median {median(taken) * 1000:6.2f} ms"
        f" of {len(taken):,} in {seconds:.1f} s",
        flush=True,
    )
    return longest


# What is measured


def show_verification(name: str, called: str, directory: Directory, *, whole: bool = False) -> None:
    begun = time.perf_counter()
    found = directory.security.verify_logs(whole=whole)
    assert found.is_good, found
    print(f"{name:9} {called:18} read {found.events:9,} events in {time.perf_counter() - begun:7.3f} s", flush=True)


def vacuum(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (FREEZE, DISABLE_PAGE_SKIPPING) events")


def verify_beside_a_vacuum_without_end(directory: Directory, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        for _ in range(5):
            assert directory.security.verify_logs().is_good


def measure(name: str, url: str, count: int) -> float:
    with authctl.open(url, key=KEY) as directory:
        setup.initialize(directory, directory.settings)
        directory.database.write(lambda db: db.sqlalchemy.exec_driver_sql("DELETE FROM events"))  # which is not due
        fill(directory, count)
        show_verification(name, "first run", directory)
        for _ in range(NEW):
            record(directory)
        show_verification(name, "second run", directory)
        show_verification(name, "--all", directory, whole=True)
        waits = partial(show_waits, name, url)
        verify = directory.security.verify_logs
        alone = waits("nothing", lambda: time.sleep(ALONE))
        longest = [waits("verify-logs", verify), waits("verify-logs --all", lambda: verify(whole=True))]
        if name == "postgres":
            longest.append(waits("a vacuum, verify-logs", lambda: (vacuum(url), verify(), vacuum(url))))
            longest.append(waits("verify-logs in a vacuum", lambda: verify_beside_a_vacuum_without_end(directory, url)))
        due = timedelta(seconds=30 * count * 0.4)
        directory.security.set("log-retention", f"{max(1, due // timedelta(days=1))}d")
        removed = []
        longest.append(waits("purge", lambda: removed.append(directory.security.purge().events)))
        print(f"{name:9} purge removed {removed[0]:,} events", flush=True)
        show_verification(name, "after it, --all", directory, whole=True)
        print(f"{name:9} longest wait {max(longest) * 1000:.1f} ms ({alone * 1000:.1f} ms alone)", flush=True)
        return max(longest)


def main() -> int:
    if sys.argv[1:2] == ["write"]:
        write(sys.argv[2])
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory(prefix="authctl-audit-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with directories(Path(folder)) as urls:
            worst = max(measure(name, url, count) for name, url in urls.items())
    print(f"longest wait: {worst * 1000:.1f} ms; at most {MOST * 1000:.0f}")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
