"""A hundred writers whose transactions take up to 20 seconds, and followers of the log that are killed again and again,
across a promotion: each event comes once, and those of a resource in the order in which they happened."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from conftest import home_in
from doubles.cluster import Cluster

from authctl.core.directory import opening
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import setup
from authctl.core.users import changes
from authctl.core.work.unit import Actor, Work
from authctl.errors import Unavailable
from authctl.model import Event
from authctl.settings import load

WRITERS, USERS = 100, 60
WRITING = 40.0  # seconds in which transactions begin
LONGEST = 20.0  # seconds of a transaction
LIFE = 4.0  # seconds that a follower lives, at most
PATIENCE = 120.0  # seconds for what is left in the end

# Keeps each event in one transaction with the cursor behind it.
FOLLOWER = """
import sqlite3, sys, time
import authctl

url, path = sys.argv[1:]
inbox = sqlite3.connect(path)
inbox.execute("PRAGMA synchronous = OFF")  # which a killed process does not need
inbox.execute("CREATE TABLE IF NOT EXISTS came (number INTEGER PRIMARY KEY, id TEXT, cursor TEXT)")
last = inbox.execute("SELECT cursor FROM came ORDER BY number DESC LIMIT 1").fetchone()
with authctl.open(url, actor="follower") as directory:
    wait = lambda: time.sleep(0.2)
    following = directory.security.follow_logs(wait, limit=None, after=last[0] if last else None)
    for event in following:
        with inbox:
            inbox.execute("INSERT INTO came (id, cursor) VALUES (?, ?)", (event.id, following.cursor))
"""


def run_round(place: None, counts: Counter[str], seed: int) -> None:
    dice = random.Random(seed)
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="authctl-followers-")))
        cluster = until_the_end.enter_context(Cluster(settings={"max_connections": 2 * WRITERS}))
        environ = environ_of(cluster, folder)
        directory = until_the_end.enter_context(opening.open_directory(load(environ), Actor("proof")))
        setup.initialize(directory, directory.settings)
        for number in range(USERS):
            directory.users.create(id=f"user{number}")
        writers = Writers(directory, seed)
        followers = [Command(environ, folder), Program(environ, folder)]
        for follower in followers:
            until_the_end.callback(follower.kill)
        write(cluster, writers, lambda: live(followers, dice, counts))
        logged = list(directory.security.iterate_logs())[::-1]
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends and any(len(each.came()) < len(logged) for each in followers):
            for each in followers:
                each.start()
            time.sleep(0.2)
        counts["events"] += len(logged)
        for follower in followers:
            check(follower, logged, writers)


def environ_of(cluster: Cluster, folder: Path) -> dict[str, str]:
    return home_in(folder) | {
        "AUTHCTL_DATABASE_URL": cluster.url,
        "AUTHCTL_DATABASE_POOL_SIZE": str(WRITERS),
        "AUTHCTL_DATABASE_LOCK_TIMEOUT": "300",
        "AUTHCTL_DATABASE_STATEMENT_TIMEOUT": "300",
    }


def write(cluster: Cluster, writers: Writers, meanwhile: Callable[[], None]) -> None:
    """Let all write, promote the standby in their midst, and wait for the last transaction."""
    begun, is_promoted = time.monotonic(), False
    with ThreadPoolExecutor(WRITERS) as threads:
        written = [threads.submit(writers.run, number) for number in range(WRITERS)]
        try:
            while not all(each.done() for each in written):
                meanwhile()
                writers.is_over = time.monotonic() > begun + WRITING
                if not is_promoted and time.monotonic() > begun + WRITING / 2:
                    is_promoted = True
                    cluster.promote("kill")
                    cluster.renew()
        finally:
            writers.is_over = True
    for each in written:
        each.result()


def live(followers: list[Follower], dice: random.Random, counts: Counter[str]) -> None:
    """Start those that are down, and kill one."""
    for follower in followers:
        follower.start()
    time.sleep(dice.uniform(0, LIFE))
    counts["kills"] += dice.choice(followers).kill()


class Writers:
    """Transactions of up to 20 seconds. order: what happened to each user, while it was locked."""

    def __init__(self, directory: Directory, seed: int) -> None:
        self.directory = directory
        self.seed = seed
        self.is_over = False
        self.order = defaultdict[str, list[str]](list)

    def run(self, number: int) -> None:
        dice = random.Random(f"{self.seed} {number}")
        turn = 0
        while not self.is_over:
            turn += 1
            user, mark = f"user{dice.randrange(USERS)}", f"{number}-{turn}"
            actor = Actor("writer", reason=mark)
            with suppress(Unavailable):  # in the promotion
                self.directory.acting(actor).write(self._step, user, mark, LONGEST * dice.random() ** 3)

    def _step(self, work: Work, user: str, mark: str, seconds: float) -> None:
        changes.update_name(work, user, mark)
        if mark in self.order[user]:  # before it was given up
            self.order[user].remove(mark)
        self.order[user].append(mark)
        time.sleep(seconds)


class Follower:
    """A process that follows, and what came to it."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self.environ = environ
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.process is None or self.process.poll() is not None:
            self.starts += 1
            with open(self.folder / f"{type(self).__name__}-{self.starts:04}", "wb") as out:
                self.process = subprocess.Popen(self.words, env=self.environ, stdout=out, stderr=subprocess.DEVNULL)

    def kill(self) -> bool:
        """Kill it; whether it ran."""
        if self.process is None or self.process.poll() is not None:
            return False
        self.process.kill()
        self.process.wait()
        return True

    @property
    def words(self) -> list[str]:
        raise NotImplementedError

    def came(self) -> list[str]:
        """The ids of the events that came, in their order."""
        raise NotImplementedError


class Command(Follower):
    """`--follow --state`: what was being handed over when it was killed may come again."""

    @property
    def words(self) -> list[str]:
        following = ["security", "list-logs", "--follow", "--state", str(self.folder / "state"), "--all", "-o", "jsonl"]
        return [sys.executable, "-m", "authctl", *following]

    def came(self) -> list[str]:
        found: list[str] = []
        for file in sorted(self.folder.glob("Command-*")):
            ids = [json.loads(line)["id"] for line in file.read_text().split("\n")[:-1]]
            found += ids[1:] if found and ids[:1] == found[-1:] else ids
        return found


class Program(Follower):
    """The same in Python, with a cursor kept beside each event."""

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox.db"

    @property
    def words(self) -> list[str]:
        return [sys.executable, "-c", FOLLOWER, self.environ["AUTHCTL_DATABASE_URL"], str(self.inbox)]

    def came(self) -> list[str]:
        with closing(sqlite3.connect(self.inbox)) as inbox, suppress(sqlite3.OperationalError):  # not there yet
            return [row[0] for row in inbox.execute("SELECT id FROM came ORDER BY number")]
        return []


def check(follower: Follower, logged: list[Event], writers: Writers) -> None:
    """Everything came, once, and what was done to each user as it was done."""
    name, came = type(follower).__name__, follower.came()
    twice = [id for id, times in Counter(came).items() if times > 1]
    assert not twice, f"{name}: {len(twice)} events came twice"
    events = {event.id: event for event in logged}
    assert set(came) == events.keys(), f"{name}: {len(events.keys() - set(came))} events never came"
    marks = {event.reason for event in logged}
    shown = defaultdict[str, list[str]](list)
    for event in (events[id] for id in came):
        if event.reason is not None:
            shown[event.resource.removeprefix("users/")].append(event.reason)
    for user, order in writers.order.items():
        assert shown[user] == [mark for mark in order if mark in marks], f"{name}: {user} in another order"
