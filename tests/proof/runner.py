"""Running trials for some minutes: rounds with a seed each, what they find, and a table in the end."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import make_ready
from doubles.databases import Copies, Databases
from doubles.postgres import embedded
from proof import (
    attacker,
    clocks,
    cutovers,
    damage,
    disks,
    failovers,
    followers,
    fuzz,
    kills,
    machine,
    meetings,
    mutations,
    scenes,
    stress,
)
from proof.world import Files, Servers, memory

NOWHERE = "none"  # the place of a trial that asks for no database, or makes its own


@dataclass(frozen=True)
class Trial:
    """`run_round(place, counts, seed)` tries it once, counts what it does in plural words, and raises what it finds."""

    run_round: Callable[[Any, Counter[str], int], None]
    places: tuple[str, ...] = ("sqlite", "postgres")


TRIALS = {
    "attacker": Trial(attacker.run_round, ("sqlite", "postgres", "command line")),
    "cutovers": Trial(cutovers.run_round, (NOWHERE,)),
    "damage": Trial(damage.run_round),
    "mutations": Trial(mutations.run_round),
    "fuzz": Trial(fuzz.run_round, ("sqlite",)),
    "machine": Trial(machine.run_round),
    "stress": Trial(stress.run_round),
    "meetings": Trial(meetings.run_round),
    "clocks": Trial(clocks.run_round),
    "failovers": Trial(failovers.run_round, (NOWHERE,)),
    "followers": Trial(followers.run_round, (NOWHERE,)),
    "kills": Trial(kills.run_round),
    "moments": Trial(kills.run_moments),
    "disks": Trial(disks.run_round, ("sqlite",)),
}


@dataclass
class Outcome:
    """What became of a trial in a place."""

    trial: str
    place: str
    counts: Counter[str] = field(default_factory=Counter)
    has_failed: bool = False

    def row(self) -> list[str]:
        amounts, faults = (
            ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if name[0].isupper() == is_fault)
            for is_fault in (False, True)
        )
        return [self.trial, self.place, amounts, faults or "none"]


@contextlib.contextmanager
def sqlite() -> Iterator[Files]:
    with tempfile.TemporaryDirectory(prefix="authctl-proof-", dir=memory()) as name:
        folder = Path(name)
        ready = make_ready(f"sqlite:///{folder}/ready.db", folder)
        with scenes.closing_with(Files(folder / "ready.db", ready, folder)) as place:
            yield place


@contextlib.contextmanager
def postgres() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="authctl-proof-"))
    server = embedded(folder)
    try:
        with contextlib.closing(Databases(server.get_uri())) as databases:
            name = databases.create()
            ready = make_ready(databases.url_of(name), folder)
            copies = Copies(databases, name)
            with contextlib.closing(copies), scenes.closing_with(Servers(copies, ready)) as place:
                yield place
    finally:
        server.stop()
        shutil.rmtree(folder)


DATABASES = {"sqlite": sqlite, "postgres": postgres}
PLACES = {**DATABASES, NOWHERE: contextlib.nullcontext}


def run(
    minutes: float,
    seed: int | None,
    places: dict[str, Callable[[], AbstractContextManager[Any]]],
    only: Collection[str] = (),
    rounds: int | None = None,
) -> int:
    """Run the trials in those places by turns, and print what they find; 1 if that is anything.

    rounds: of each; None for as many as the minutes allow.
    """
    seed = secrets.randbelow(2**32) if seed is None else seed
    print(f"seed {seed}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the server is to be stopped then, too
    with contextlib.ExitStack() as stack:
        trials = {name: trial for name, trial in TRIALS.items() if not only or name in only}
        asked = {place for trial in trials.values() for place in trial.places}
        found = {name: stack.enter_context(come_by()) for name, come_by in places.items() if name in asked}
        outcomes = [Outcome(name, place) for name, trial in trials.items() for place in trial.places if place in found]
        ends = time.monotonic() + 60 * minutes
        numbers = itertools.count() if rounds is None else range(rounds)
        turns = ((number, outcome) for number in numbers for outcome in outcomes)
        with contextlib.suppress(KeyboardInterrupt):  # whoever ends it early is told what was done
            for number, outcome in turns:
                if rounds is None and time.monotonic() >= ends:
                    break
                run_round(outcome, found[outcome.place], seed + number)
    print_table([["trial", "database", "done", "faults"], *(outcome.row() for outcome in outcomes)])
    return int(any(outcome.has_failed for outcome in outcomes))


def run_round(outcome: Outcome, place: Any, seed: int) -> None:
    """One round; what it finds is printed, and it goes on."""
    outcome.counts["rounds"] += 1
    try:
        TRIALS[outcome.trial].run_round(place, outcome.counts, seed)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
        print(f"\n{outcome.trial} on {outcome.place}, --only {outcome.trial} --seed {seed}:")
        traceback.print_exception(error)
        sys.stdout.flush()
        outcome.counts[type(error).__name__] += 1
        outcome.has_failed = True


def print_table(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
