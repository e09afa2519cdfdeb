"""A move to another server by logical replication while applications sign in, redeem and change, directly and through
PgBouncer: the sequences that it leaves behind are told, the named command sets them, and all is served again."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from doubles import processes, visitors
from doubles.cluster import wait_for
from doubles.postgres import Pooler, Postgres, server_program
from proof import failovers

from authctl.core.directory.directory import Directory

PROCESSES, THREADS = 4, 2  # every other one through PgBouncer
TOKENS = 60
SERVED = 1.0  # seconds in which all are served, before and after
COMMAND = "authctl upgrade --repair"
TOLD = (*failovers.UNAVAILABLE, "database_damaged")


def run_round(place: None, counts: Counter[str], seed: int) -> None:
    with move() as (servers, pooler, directory, folder), ThreadPoolExecutor(1) as beside:
        secrets = visitors.prepare(directory, TOKENS)
        urls = [directory.settings.database_url, pooler.url()]
        program = visitors.program(THREADS, secrets, folder)
        environ = directory.settings.environ
        visits = beside.submit(processes.at_once, environ, urls, failovers.CLOCK, PROCESSES, program)
        try:
            replicate(*servers)
            failovers.wait_for_all(folder, visits, PROCESSES)
            sleep(SERVED)
            cut_over(*servers, pooler)
            wait_until_told(folder, visits)
            assert COMMAND in run_command(environ, urls[0], "status").stderr
            mended = run_command(environ, urls[0], "upgrade", "--repair")
            assert mended.returncode == 0, mended.stderr
            repaired = monotonic()
            sleep(SERVED)
        finally:
            (folder / "stop").touch()
            visits.result()
        records = list(visitors.records(folder))
        failovers.check(directory, records, secrets)
        failovers.check_whole(directory)
    late = [record for record in records if record["end"] not in ("done", "user_invalid_token")]
    assert not (wrong := Counter(record["end"] for record in late if record["end"] not in TOLD)), wrong
    late = [record for record in late if record["begun"] > repaired]
    assert not late, late[:5]
    after = Counter(failovers.process_of(each) for each in records if each["begun"] > repaired)
    assert len(after) == PROCESSES, after
    counts["moves"] += 1
    counts["actions"] += sum(record["end"] == "done" for record in records)
    counts["failures"] += sum(record["end"] in TOLD for record in records)


@contextmanager
def move() -> Iterator[tuple[tuple[Postgres, Postgres], Pooler, Directory, Path]]:
    """The old server with a directory, the new one with its tables, and PgBouncer, which points to the old."""
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="authctl-cutovers-")))
        old, new = (until_the_end.enter_context(Postgres(settings={"wal_level": "logical"})) for _ in range(2))
        pooler = until_the_end.enter_context(Pooler(old, connections=10, server_login_retry=1))
        hosts = f"127.0.0.1:{old.port},127.0.0.1:{new.port}"
        url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"
        directory = until_the_end.enter_context(failovers.initialized(url, folder))
        copy_tables(old, new)
        yield (old, new), pooler, directory, folder


def copy_tables(old: Postgres, new: Postgres) -> None:
    """Make the tables that a replica is written into, without rows."""
    dump = [server_program("pg_dump"), "--schema-only", "-d", conninfo(old)]
    made = subprocess.run(dump, capture_output=True, check=True)
    fill = [server_program("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", conninfo(new)]
    subprocess.run(fill, input=made.stdout, capture_output=True, check=True)


def conninfo(server: Postgres) -> str:
    return f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres"


def replicate(old: Postgres, new: Postgres) -> None:
    """Have the new server receive all rows, and what becomes of them."""
    with connected(old) as connection:
        connection.execute("CREATE PUBLICATION move FOR ALL TABLES")
    with connected(new) as connection:
        connection.execute(f"CREATE SUBSCRIPTION move CONNECTION '{conninfo(old)}' PUBLICATION move")
        wait_for(connection, "SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel")


def cut_over(old: Postgres, new: Postgres, pooler: Pooler) -> None:
    """Let nobody write to the old server any more, wait until the new one has everything, and lead everybody there."""
    with connected(old) as connection, connected(new) as subscriber:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
        wait_for(connection, "SELECT current_setting('default_transaction_read_only') = 'on'")
        others = "backend_type = 'client backend' AND pid != pg_backend_pid()"
        connection.execute(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}")
        [[position]] = connection.execute("SELECT pg_current_wal_flush_lsn()").fetchall()
        wait_for(connection, f"SELECT confirmed_flush_lsn >= '{position}' FROM pg_replication_slots")
        subscriber.execute("DROP SUBSCRIPTION move")
    pooler.point_to(new)


def connected(server: Postgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(conninfo(server), autocommit=True)


def wait_until_told(folder: Path, visits: Future[Any]) -> None:
    """Wait until every process has heard that the sequences are behind."""
    while not visits.done():
        told = [each for each in visitors.records(folder) if each["end"] == "database_damaged"]
        assert all("sequences" in each["what"] for each in told), told
        if len({failovers.process_of(each) for each in told}) == PROCESSES:
            return
        sleep(0.1)


def run_command(environ: Mapping[str, str], url: str, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {**environ, "AUTHCTL_DATABASE_URL": url}
    command = [sys.executable, "-m", "authctl", *words]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
