"""Disks that are full, broken or limited under every kind of command that changes something.

A round runs each kind once with one such fault: from some moment on nothing more is written (ENOSPC), or nothing works
any more (EIO); a small disk that has some bytes left, where one can be mounted; a limit on the size of files, or on how
many are open. What cannot be done is refused in plain words, changes nothing, and leaves nothing; what is stored can be
read meanwhile. With room again, the same command does as ever.
"""

from __future__ import annotations

import errno
import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from doubles.disks import fill
from proof import kills, scenes
from proof.kills import FIRST, KINDS, SECOND, Broken, Kind, Known
from proof.scenes import Ran, Scene, State

# The first asks for somebody who stays, whatever is done.
READING = ("users get u5 -o json", "users list -o json", "status -o json", "security list-logs -o json")
FULL = {"database_full", "file_unavailable"}
REFUSED = FULL | {"database_unavailable", "database_read_only", "database_damaged", "general_config_invalid"}


def run_round(place: Any, counts: Counter[str], seed: int, only: tuple[str, ...] = ()) -> None:
    """Take the disk from each kind once; what is wrong is told when all have had their turn."""
    scenery = scenes.of(place)
    broken = []
    for name in only or KINDS:
        try:
            deprive(scenery, name, random.Random(f"{seed} {name}"), counts)
        except Broken as error:
            broken.append(str(error))
    if broken:
        raise Broken("\n\n".join(broken))


def deprive(scenery: scenes.Scenery, name: str, dice: random.Random, counts: Counter[str]) -> None:
    kind = KINDS[name]
    variant = scenery.variant(kind.scene, dice)
    known = kills.learn(scenery, name, variant)
    kinds = ["full", "broken", "size", "files"] + (["small"] if os.geteuid() == 0 else [])
    what = dice.choice(kinds)
    with scenery.scene(variant) as scene, _disk(scene, what, dice) as filling:
        fault = _fault(what, known, dice)
        words = kills.words(scene, kind)
        deprived = scene.run(words, kind.stdin, FIRST, **fault)
        left = scene.state()
        lines = READING if what in ("full", "small") and kind.scene == "filled" else ()
        readings = [scene.run(line.split(), "", SECOND, **_still(fault)) for line in lines]
        if filling is not None:
            filling.unlink()
        again = scene.run(words, kind.stdin, SECOND)
        ended = scene.state()
        counts[f"on {what} disks" if what in ("full", "broken", "small") else f"within limits of {what}"] += 1
        story = [f"{name} on {variant}: {what}, {fault}", f"deprived: {deprived}", f"again: {again}"]
        wrongs = [
            *_wrongs(what, kind, known, deprived, left),
            *(f"Not even read: {ran}" for ran in readings if ran.status != 0),
            *kills.wrongs(kind, known, None, left, again, ended),
            *scene.problems(),
        ]
        for wrong in wrongs:
            raise Broken("\n  ".join([wrong, *story]))


def _fault(what: str, known: Known, dice: random.Random) -> dict[str, Any]:
    moment = dice.randint(1, known.first[0].moments)
    return {
        "full": {"at": moment, "error": errno.ENOSPC},
        "broken": {"at": moment, "error": errno.EIO},
        "size": {"limits": {"size": int(2 ** dice.uniform(12, 21))}},
        "files": {"limits": {"files": dice.randint(8, 30)}},
        "small": {},
    }[what]


def _still(fault: dict[str, Any]) -> dict[str, Any]:
    """The same disk, from the beginning on."""
    return fault | {"at": 1} if "at" in fault else fault


@contextmanager
def _disk(scene: Scene, what: str, dice: random.Random) -> Iterator[Path | None]:
    """Put the scene on a disk that has some bytes left; what takes the others."""
    if what != "small":
        yield None
        return
    aside = scene.folder.with_name("aside")
    scene.folder.rename(aside)
    scene.folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", scene.folder], check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", scene.folder], check=True)
        yield fill(scene.folder, int(2 ** dice.uniform(10, 21)))
    finally:
        subprocess.run(["umount", scene.folder], check=True)
        scene.folder.rmdir()
        aside.rename(scene.folder)


def _wrongs(what: str, kind: Kind, known: Known, ran: Ran, left: State) -> Iterator[str]:
    """What a command did wrong that had no disk."""
    if ran.signal or "Bug in authctl" in ran.err or "Traceback" in ran.err:
        yield "It has a bug."
        return
    if ran.status == known.first[0].status:
        if kind.is_whole and left.rows != known.first[1].rows:
            yield f"It says that it is done: {left.difference(known.first[1])}"
    else:
        if kind.is_whole and left.rows != known.before.rows:
            yield f"It is refused, and something has changed: {left.difference(known.before)}"
        type = _type(ran)
        if "-o json" in kind.line and type not in (FULL if what in ("full", "small") else REFUSED):
            yield f"It is refused with {type}."
    if what == "broken":  # where nothing can be removed
        return
    # What was refused waits in a file until the import is gone on with.
    if over := left.files - known.before.files - known.first[1].files - {"filling", "left.jsonl.part"}:
        yield f"Files are left over: {over}"


def _type(ran: Ran) -> str | None:
    """The type of the error that a command ended with."""
    for line in reversed(ran.err.splitlines()):
        if line.startswith('{"error"'):
            return str(json.loads(line)["error"]["type"])
    return None
