"""Two imports of the same people in opposite orders at the same moment: each waits for what the other has taken.

On Postgres that is a deadlock, of which the server ends one. Both imports come to their ends nevertheless, everybody is
there once, as one of the files says, and no record is refused.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from time import sleep
from typing import Any

import psycopg
from proof import faults
from proof.world import World, memory

from authctl.model import Import
from authctl.transfer.importing import OnConflict, Options, import_users

PEOPLE = 40
# Each user takes the server a while, so that both are in the middle when they meet.
SLOW = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.004); RETURN NEW; END';
CREATE TRIGGER slowly BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION slowly();
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
CONNECTED = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
)


def run_round(places: Any, counts: Counter[str], seed: int, *, batch: int | None = None) -> None:
    """batch: of how many records; None for any."""
    dice = random.Random(seed)
    on_conflict = dice.choice([OnConflict.SKIP, OnConflict.UPDATE])
    options = Options(on_conflict=on_conflict, teams=True, batch=batch or dice.randint(PEOPLE // 4, PEOPLE))
    order = dice.sample(range(PEOPLE), PEOPLE)
    with (
        places.copy() as url,
        _meeting(url, counts),
        TemporaryDirectory(prefix="authctl-meetings-", dir=memory()) as folder,
        ExitStack() as worlds,
        ThreadPoolExecutor(2) as both,
    ):
        opened = [worlds.enter_context(World(url, places.ready)) for _ in range(2)]
        opened[1].dice.count += 1_000_000
        paths = [_write(Path(folder), number, order[:: 1 - 2 * number]) for number in range(2)]
        start = Barrier(2)

        def run(number: int) -> Import:
            meet: Any = {"options": options, "begun": lambda journal: start.wait(60)}
            return import_users(opened[number].operator, [str(paths[number])], source="authctl", **meet)

        done = [*both.map(run, range(2))]
        counts["imports"] += 2
        if found := [*_wrongs(opened[0], done, options)] or opened[0].problems():
            raise faults.Wrong(f"{options}: {found}")


def _write(folder: Path, number: int, order: list[int]) -> Path:
    """A file of all people, whose names and usernames say which file it is."""
    records = (
        {
            "id": f"p{each}",
            "email": f"p{each}@example.com",
            "username": f"p{each}-{number}",
            "name": f"Person {each} of {number}",
            "memberships": [{"team_id": f"team{each % 3}", "team_name": "Team", "roles": ["member"]}],
        }
        for each in order
    )
    path = folder / f"{number}.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    path.chmod(0o600)
    return path


def _wrongs(world: World, done: list[Import], options: Options) -> Iterator[str]:
    for each in done:
        if each.status != "finished" or each.counts["refused"] or sum(_ends(each)) != PEOPLE:
            yield f"an import ended as {each.status}, {each.counts}"
    if sum(each.counts["created"] for each in done) != PEOPLE:
        yield "Not everybody was created once."
    found = {user.id: (user.name, user.username) for user in world.operator.users.list(limit=1_000)}
    for each in range(PEOPLE):
        if found.pop(f"p{each}", None) not in [(f"Person {each} of {of}", f"p{each}-{of}") for of in range(2)]:
            yield f"p{each} is not as a file says."
    yield from found
    members = sum(len(world.operator.teams.list_memberships(f"team{each}", limit=1_000)) for each in range(3))
    if members != PEOPLE:
        yield f"There are {members} memberships."


def _ends(journal: Import) -> Iterator[int]:
    return (journal.counts[name] for name in ("created", "updated", "skipped"))


@contextmanager
def _meeting(url: str, counts: Counter[str]) -> Iterator[None]:
    """Have the server work slowly and look for deadlocks soon, and count them once all others are gone."""
    if not url.startswith("postgresql"):
        yield
        return
    with psycopg.connect(url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(SLOW)
        connection.execute(f"ALTER DATABASE \"{name}\" SET deadlock_timeout = '10ms'")
        [[before]], connected = connection.execute(DEADLOCKS).fetchall(), connection.execute(CONNECTED).fetchone()
        yield
        while connection.execute(CONNECTED).fetchone() != connected:
            sleep(0.001)
        [[after]] = connection.execute(DEADLOCKS).fetchall()
        connection.execute(f'ALTER DATABASE "{name}" RESET deadlock_timeout')
        counts["deadlocks"] += after - before
