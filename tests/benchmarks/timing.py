"""How the benchmarks measure: interleaved runs in random order and their medians, so that noise meets all alike."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)

AUTHCTL = str(Path(sys.executable).with_name("authctl"))  # the script that pip made


def medians(actions: Mapping[Name, Callable[[], object]], rounds: int) -> dict[Name, float]:
    """The median seconds of each action."""
    return {name: median(seconds) for name, seconds in taken(actions, rounds).items()}


def means(actions: Mapping[Name, Callable[[], object]], rounds: int) -> dict[Name, float]:
    """The mean seconds of each action, without its quickest and its slowest tenth: less by chance than the median."""
    return {name: _trimmed_mean(sorted(seconds)) for name, seconds in taken(actions, rounds).items()}


def _trimmed_mean(ordered: list[float]) -> float:
    tenth = len(ordered) // 10
    return mean(ordered[tenth : len(ordered) - tenth])


def taken(actions: Mapping[Name, Callable[[], object]], rounds: int) -> dict[Name, list[float]]:
    """The seconds of each run of each action, after one run of each that is not counted."""
    taken: dict[Name, list[float]] = {name: [] for name in actions}
    order = list(actions)
    for action in actions.values():
        action()
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            begun = time.perf_counter()
            actions[name]()
            taken[name].append(time.perf_counter() - begun)
    return taken


def process(words: Sequence[str], environ: Mapping[str, str], *, status: int = 0) -> Callable[[], None]:
    """Runs a command to its end, its output thrown away; a status other than the one expected is an error."""

    def run() -> None:
        ended = subprocess.run(words, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if ended.returncode != status:
            raise SystemExit(f"{' '.join(words)} ended with {ended.returncode}:\n{ended.stderr.decode()}")

    return run


def environ_of(home: Path, **variables: str) -> dict[str, str]:
    """The variables of an empty machine; bytecode is cached, as it is for whoever installs with pip."""
    return {"HOME": str(home), "PATH": os.environ["PATH"], "AUTHCTL_ACTOR": "benchmark"} | variables


def rounds_asked_for(default: int) -> int:
    """The number of rounds: the first argument, or the default."""
    return int(sys.argv[1]) if len(sys.argv) > 1 else default
