"""Kills: every kind of command that changes something, ended by SIGKILL where it hurts, and then run once more.

A round kills each kind once: at one of the moments when it asks the operating system to change something, or at a
random time. Then everything is as before the command or as after it, never between; the same command ends as it would
have without the kill; nothing of it is left over; and what must hold of every directory holds. Commands that work in
batches may end between two of them, and come to the same in the end. Clock and dice are fixed, so that all of this is
known of runs that nobody kills.

The trial of moments goes through those of an upgrade from the oldest schema and of a restore, one after the other.
"""

from __future__ import annotations

import random
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from proof import scenes
from proof.scenes import Ran, Scenery, State

STRIDE = 7919  # a prime, by which one seed's moment is behind that of the one before
AT_A_TIME = 0.25  # of the kills; the others are at a moment
FIRST, SECOND = 1_000_000, 2_000_000  # what the dice of both runs begin with


class Broken(AssertionError):
    """What a kill has broken, with how it came about."""


@dataclass(frozen=True)
class Kind:
    """A command that changes something. line: what is run in the folder of a scene, with what it reads.

    is_whole: it is one unit of work; else only what stays of it in the end is compared. tells: what is to be found in
    what both runs say.
    """

    line: str
    stdin: str = ""
    scene: str = "filled"
    is_whole: bool = True
    tells: str = ""


IMPORTED = '"created": 26'
PASSWORD = "an excellent passphrase"
KINDS = {
    "init": Kind("init -o json", scene="empty"),
    "create": Kind("users create --id new --email new@example.com --password-stdin -o json", f"{PASSWORD}\n"),
    "update name": Kind("users update-name ada Countess -o json"),
    "update email": Kind("users update-email ada lovelace@example.com -o json"),
    "update password": Kind("users update-password ada --password-stdin -o json", f"{PASSWORD}\n"),
    "labels": Kind("users update-labels ada --add vip -o json"),
    "block": Kind("users update-status ada blocked --yes -o json"),
    "delete": Kind("users delete ada --yes -o json"),
    "delete several": Kind("users delete - --yes -o json", "u1\nu2\nu3\nu4\n", is_whole=False),
    "secure": Kind("users secure ada --yes -o json"),
    "merge": Kind("users merge eve ada --yes -o json"),
    "link": Kind("users create-identity ada github 4711 -o json"),
    "import": Kind("users import people.jsonl --from authctl --teams --yes -o json", is_whole=False, tells=IMPORTED),
    "import with files": Kind(
        "users import people.jsonl --from authctl --yes --report told.jsonl --rejects left.jsonl -o json",
        is_whole=False,
        tells=IMPORTED,
    ),
    "undo": Kind("users undo-import {import} --yes -o json", is_whole=False),
    "export": Kind("users export out.jsonl.gz --format authctl --yes -o json", is_whole=False),
    "team": Kind("teams create Physics --id physics -o json"),
    "team deleted": Kind("teams delete maths --yes -o json"),
    "member": Kind("teams create-membership maths --user-id u1 --roles owner -o json"),
    "sign-in": Kind("sessions create ada --password-stdin -o json", "correct horse battery\n", is_whole=False),
    "session": Kind("users create-session u1 -o json"),
    "sessions ended": Kind("users delete-sessions ada --yes -o json"),
    "token": Kind("tokens create u1 -o json"),
    "authenticator": Kind("mfa create-authenticator u1 -o json"),
    "recovery codes": Kind("mfa create-recovery-codes u1 -o json"),
    "mfa reset": Kind("mfa reset ada --yes -o json"),
    "policy": Kind("security set password-min-length 12 -o json"),
    "policies": Kind("security apply policies.toml --yes -o json"),
    "apply": Kind("apply school.toml --name school --yes -o json"),
    "pull": Kind("pull pulled.toml --yes", is_whole=False),
    "seal": Kind("security verify-logs -o json", is_whole=False),
    "purge": Kind("security purge --force --yes -o json", is_whole=False),
    "rotate key": Kind("security rotate-key --yes -o json"),
    "rotate jwt": Kind("security rotate-key --jwt --yes -o json"),
    "backup": Kind("backup one.backup -o json", is_whole=False),
    "backup with key": Kind("backup one.backup --with-key --yes -o json", is_whole=False),
    "backup kept": Kind("backup kept --keep 2 -o json", is_whole=False),
    "restore": Kind("restore made.backup -o json", scene="empty"),
    "upgrade": Kind("upgrade --yes -o json", scene="older"),
    "completion": Kind("completion bash --install --yes -o json"),
}
# What moves a whole directory, and from where: killed at each of its moments in turn.
MOVES = {"upgrade": f"older {scenes.VERSIONS[0]}", "restore": "empty"}


@dataclass(frozen=True)
class Known:
    """What a kind comes to that nobody kills: of the first run, of the second after it, and of the second alone."""

    before: State
    first: tuple[Ran, State]
    again: tuple[Ran, State]
    alone: tuple[Ran, State]


def run_round(place: Any, counts: Counter[str], seed: int, only: tuple[str, ...] = ()) -> None:
    """Kill each kind once; what is broken is told when all have had their turn."""
    scenery = scenes.of(place)
    broken = []
    for name in only or KINDS:
        try:
            kill(scenery, name, seed, counts)
        except Broken as error:
            broken.append(str(error))
    if broken:
        raise Broken("\n\n".join(broken))


def kill(scenery: Scenery, name: str, seed: int, counts: Counter[str]) -> None:
    """Kill one kind. As many seeds in a row as it has moments come to each of them."""
    dice = random.Random(f"{seed} {name}")
    variant = scenery.variant(KINDS[name].scene, dice)
    first, _ = learn(scenery, name, variant).first
    if dice.random() < AT_A_TIME:
        kill_with(scenery, name, variant, counts, delay=dice.uniform(0.0001, first.seconds))
    else:
        kill_with(scenery, name, variant, counts, at=1 + seed * STRIDE % first.moments)


def run_moments(place: Any, counts: Counter[str], seed: int, *, count: int = 8) -> None:
    """Kill what moves a whole directory at so many moments of each, at which the next seed goes on."""
    scenery = scenes.of(place)
    for name, variant in MOVES.items():
        first, _ = learn(scenery, name, variant).first
        counts[f"moments of {name}"] = first.moments
        for number in range(seed * count, (seed + 1) * count):
            kill_with(scenery, name, variant, counts, at=1 + number % first.moments)


def kill_with(scenery: Scenery, name: str, variant: str, counts: Counter[str], **fault: Any) -> None:
    """Kill one kind at a moment or a time, and look at what becomes of it."""
    kind, known = KINDS[name], learn(scenery, name, variant)
    first, _ = known.first
    with scenery.scene(variant) as scene:
        killed = scene.run(words(scene, kind), kind.stdin, FIRST, **fault)
        left = scene.state()
        again = scene.run(words(scene, kind), kind.stdin, SECOND)
        ended = scene.state()
        counts["kills" if killed.signal else "survivors"] += 1
        story = [
            f"{name} on {variant}: {fault} of {first.moments} moments, {first.seconds:.3f} s",
            f"killed: {killed}",
            f"again: {again}",
        ]
        for wrong in (*wrongs(kind, known, killed, left, again, ended), *scene.problems()):
            raise Broken("\n  ".join([wrong, *story]))


def words(scene: Any, kind: Kind) -> list[str]:
    return [word.format_map(scene.names) for word in shlex.split(kind.line)]


def learn(scenery: Scenery, name: str, variant: str) -> Known:
    """What a kind comes to in a scene, found out once."""
    known: Known | None = scenery.known.get((name, variant))
    if known is None:
        known = scenery.known[name, variant] = _learn(scenery, KINDS[name], variant)
    return known


def _learn(scenery: Scenery, kind: Kind, variant: str) -> Known:
    with scenery.scene(variant) as scene:
        before = scene.state()
        first = scene.run(words(scene, kind), kind.stdin, FIRST), scene.state()
        again = scene.run(words(scene, kind), kind.stdin, SECOND), scene.state()
    with scenery.scene(variant) as scene:
        alone = scene.run(words(scene, kind), kind.stdin, SECOND), scene.state()
    if first[0].status not in (0, 8):
        raise Broken(f"{kind.line} does not even work unharmed: {first[0]}")
    return Known(before, first, again, alone)


def wrongs(kind: Kind, known: Known, killed: Ran | None, left: State, again: Ran, ended: State) -> Iterator[str]:
    """What is not as it should be after a kill, if there was one, and after the second run."""
    if killed is not None and not killed.signal and not killed.ends_as(known.first[0]):
        yield "The command failed without being killed."
    if again.signal or "Bug in authctl" in again.err:
        yield "The second run failed."
    if kind.is_whole:
        if left.rows == known.first[1].rows:
            wanted = known.again
        elif left.rows == known.before.rows:
            wanted = known.alone
        else:
            yield f"It is neither before nor after: {left.difference(known.before)}"
            return
        is_same = known.before.rows == known.first[1].rows
        possible = [known.again, known.alone] if is_same else [wanted]
        if not any(again.ends_as(ran) for ran, _ in possible):
            yield f"The second run ends otherwise than {possible[0][0]}"
        if ended.rows not in [state.rows for _, state in possible]:
            yield f"The second run comes to something else: {ended.difference(wanted[1])}"
    else:
        if again.status not in {known.alone[0].status, known.again[0].status}:
            yield f"The second run ends otherwise than {known.alone[0]} or {known.again[0]}"
        if ended.content not in (known.alone[1].content, known.again[1].content):
            yield f"The second run comes to something else: {ended.difference(known.alone[1], content=True)}"
        if killed is not None and kind.tells not in killed.out + again.out:
            yield "Nobody was told the result."
    if ended.files - known.alone[1].files - known.again[1].files:
        yield f"Files are left over: {ended.files - known.alone[1].files}"
