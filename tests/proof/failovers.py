"""Five promotions of a standby while applications sign in, redeem and change, directly and through PgBouncer.

Nothing that was answered is lost, nothing is done twice, no token is good again, and whoever tries again is served
within two seconds.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from types import SimpleNamespace
from typing import Any, NamedTuple

import sqlalchemy as sa
from conftest import CHEAP, home_in
from doubles import processes, visitors
from doubles.cluster import Cluster
from proof import invariants

from authctl.core.directory import opening
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError
from authctl.settings import load
from authctl.storage.tables import events, sessions

PROCESSES, THREADS = 8, 2  # every other one through PgBouncer
TOKENS = 150
BETWEEN = 0.5  # seconds in which all are served, before each promotion
# Seconds of the promotion, in which failures end. Where CI runs, others may take the machine's time, too.
WITHIN = 10.0 if os.environ.get("CI") else 2.0
HOW = ("planned", "fast", "immediate", "kill", "kill")  # see Cluster.promote
# What people are told while there is no primary.
UNAVAILABLE = ("database_unavailable", "database_read_only", "unknown")
CLOCK = SimpleNamespace(now=datetime(2026, 1, 2, tzinfo=UTC))  # stands still

Records = list[dict[str, Any]]


def run_round(place: None, counts: Counter[str], seed: int) -> None:
    dice = random.Random(seed)
    with trial() as (cluster, directory, folder, secrets), ThreadPoolExecutor(1) as beside:
        program = visitors.program(THREADS, secrets, folder)
        urls = [cluster.url, cluster.pooled_url]
        visits = beside.submit(processes.at_once, directory.settings.environ, urls, CLOCK, PROCESSES, program)
        try:
            wait_for_all(folder, visits, PROCESSES)
            promotions = [promote(cluster, directory, folder, secrets, how) for how in dice.sample(HOW, len(HOW))]
            sleep(BETWEEN)
        finally:
            (folder / "stop").touch()
            answers = visits.result()
        assert [status for status, _ in answers] == [0] * PROCESSES
        records = list(visitors.records(folder))
        check(directory, records, secrets)
        check_times(records, promotions, counts)
        check_whole(directory)


@contextmanager
def trial() -> Iterator[tuple[Cluster, Directory, Path, list[str]]]:
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="authctl-failovers-")))
        cluster = until_the_end.enter_context(Cluster())
        directory = until_the_end.enter_context(initialized(cluster.url, folder))
        yield cluster, directory, folder, visitors.prepare(directory, TOKENS)


@contextmanager
def initialized(url: str, folder: Path) -> Iterator[Directory]:
    """A new directory, whose key is in a home in that folder."""
    settings = load(home_in(folder), options={"database_url": url}, system_config=os.devnull)
    cheap = {"clock": lambda: CLOCK.now, "hash_parameters": CHEAP}
    with opening.open_directory(settings, Actor("proof"), **cheap) as directory:
        setup.initialize(directory, settings)
        yield directory


def wait_for_all(folder: Path, visits: Future[Any], processes: int) -> None:
    """Wait until each process has been served."""
    while not visits.done() and len({process_of(record) for record in visitors.records(folder)}) < processes:
        sleep(0.1)


class Promotion(NamedTuple):
    """When the old primary was gone, and when the new one was there."""

    how: str
    gone: float
    there: float


def promote(cluster: Cluster, directory: Directory, folder: Path, secrets: list[str], how: str) -> Promotion:
    """Promote the standby, see that all is there that was answered before, and make a new one."""
    sleep(BETWEEN)
    promotion = Promotion(how, *cluster.promote(how))
    answered = [record for record in visitors.records(folder) if record["end"] == "done"]
    cluster.renew()
    check(directory, answered, secrets)
    return promotion


def check(directory: Directory, records: Records, secrets: list[str]) -> None:
    """What was answered is there, once; what was refused is not; a token that was good is so no more."""
    found = [*_faults(directory, records), *_doubles(directory, records, secrets)]
    assert not found, found[:20]


def _faults(directory: Directory, records: Records) -> Iterator[str]:
    logged, kept = directory.read(lambda work: _stored(work.db.sqlalchemy))
    prefs = [directory.users.get_prefs(f"shared{number}") for number in range(visitors.SHARED)]
    for record in records:
        action, mark, end, what = (record[name] for name in ("action", "mark", "end", "what"))
        thread = mark.split()[1].rpartition(".")[0]
        times = logged[visitors.EVENTS[action], mark]
        if times != (end == "done") and (end != "unknown" or times > 1):
            yield f"{mark} ended as {end}, and is logged {times} times"
        if end != "done":
            continue
        if action == "sign-in" and what not in kept:
            yield f"the session of {mark} is lost"
        if action == "change" and prefs[what % visitors.SHARED].get(thread, -1) < what:
            yield f"the change of {mark} is lost"


def _stored(connection: sa.Connection) -> tuple[Counter[tuple[str, str]], set[str]]:
    """How often each event is logged for each reason, and the ids of the sessions."""
    marks = connection.execute(sa.select(events.c.name, events.c.reason).where(events.c.reason.is_not(None)))
    ids = connection.execute(sa.select(sessions.c.id)).scalars()
    return Counter((name, reason) for name, reason in marks), set(ids)


def _doubles(directory: Directory, records: Records, secrets: list[str]) -> Iterator[str]:
    """Tokens that were good twice, or would be."""
    used = Counter(record["what"] for record in records if (record["action"], record["end"]) == ("redeem", "done"))
    yield from (f"token {number} was good {times} times" for number, times in used.items() if times > 1)
    for number in sorted(used)[-10:]:
        try:
            directory.tokens.redeem(f"owner{number}", secrets[number], kind="token", ip=f"2001:db8:ffff:{number:x}::1")
            yield f"token {number} is good once more"
        except AuthctlError as error:
            if error.type != "user_invalid_token":
                yield f"token {number} is refused as {error.type}"


def check_whole(directory: Directory) -> None:
    """The log verifies, and all that is stored fits together."""
    verified = directory.security.verify_logs()
    assert not verified.problems, verified.problems
    assert not (found := invariants.problems(directory)), found


def check_times(records: Records, promotions: list[Promotion], counts: Counter[str]) -> None:
    """Failures are told as they should be, and end soon after each promotion."""
    counts["promotions"] += len(promotions)
    counts["actions"] += sum(record["end"] == "done" for record in records)
    failures = [record for record in records if record["end"] not in ("done", "user_invalid_token")]
    counts["failures"] += len(failures)
    counts["commits without an answer"] += sum(record["end"] == "unknown" for record in records)
    wrong = Counter(record["end"] for record in failures if record["end"] not in UNAVAILABLE)
    assert not wrong, wrong
    for place, name in enumerate(("directly", "through PgBouncer")):
        done = [each for each in records if process_of(each) % 2 == place and each["end"] == "done"]
        outage = max(
            min(record["ended"] for record in done if record["begun"] > each.there) - each.gone for each in promotions
        )
        for what, seconds in (("outage", outage), ("call", max(each["ended"] - each["begun"] for each in done))):
            note = f"ms of the longest {what} {name}"
            counts[note] = max(counts[note], round(1000 * seconds))
    for record in failures:
        before = [each for each in promotions if each.gone < record["ended"]]
        assert before, f"a failure before any promotion: {record}"
        assert record["ended"] - before[-1].there <= WITHIN, f"a failure long after a promotion: {record}"
        is_paused = before[-1].how == "planned" and process_of(record) % 2 == 1
        assert not is_paused, f"a failure behind a pause: {record}"


def process_of(record: dict[str, Any]) -> int:
    """The number of the process that wrote it: even ones talk to the servers, odd ones to PgBouncer."""
    return int(record["mark"].split()[1].split(".")[0])
