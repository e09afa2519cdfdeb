"""Backups that are not what was written: refused with nothing changed, or restored soundly; never by half.

Bytes are changed of a signed backup: what is restored all the same is what was saved. Or records are dropped, doubled,
altered and reordered by somebody who makes the checksums anew, and an operator takes the backup without a signature:
what is restored breaks no invariant.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from conftest import START
from proof import faults
from proof.damage import NUMBERS
from proof.filled import Originals, originals
from proof.lines import Lines
from proof.world import World

from authctl.core.maintenance import backup_files, invariants
from authctl.core.maintenance.backup_files import Manifest, Sum
from authctl.model import instant
from authctl.storage import backups, state
from authctl.storage.backups import Part

ODD: Sequence[Any] = (
    "",
    "x",
    "{",
    "[]",
    "active",
    "ada",
    "ada@example.com",
    None,
    True,
    b"",
    b"\0" * 40,
    *NUMBERS,
)


def run_round(places: Any, counts: Counter[str], seed: int) -> None:
    """One backup, changed in one way."""
    dice = random.Random(seed)
    with originals(places) as filled:
        file = filled.folder / "changed.backup"
        file.unlink(missing_ok=True)
        try:
            what, is_signed = _changed_backup(places, filled, file, dice)
            _restore(places, filled, file, what, is_signed, counts)
        finally:
            file.unlink(missing_ok=True)


def _changed_backup(places: Any, filled: Any, file: Path, dice: random.Random) -> tuple[str, bool]:
    """How a backup was changed, and whether it claims to be signed."""
    kept = filled.folder / "whole.backup"
    if not filled.kept:
        with filled.copy() as url:
            Lines(url, places.ready.key, filled.folder).run(f"backup {kept}")
            with World(url, places.ready) as world:
                with closing(world.operator.database.stream(backups.parts)) as found:
                    filled.kept["parts"] = [Part(each.table, each.columns, [*map(list, each.rows)]) for each in found]
                filled.kept["sums"] = backup_files.sums(iter(filled.kept["parts"]), lambda count: None)
                filled.kept["fingerprint"] = world.operator.state.key_fingerprint
    if dice.randrange(2):
        content = bytearray(kept.read_bytes())
        what = _change_octets(content, dice)
        file.write_bytes(content)
        return what, True
    parts = [Part(each.table, each.columns, [[*row] for row in each.rows]) for each in filled.kept["parts"]]
    what = ", ".join(_change_rows(parts, dice) for _ in range(dice.choice([1, 1, 2, 5])))

    def manifest_of(sums: tuple[Sum, ...]) -> Manifest:
        return Manifest(instant(START) or "", state.HEAD, filled.kept["fingerprint"], sums)

    backup_files.write(str(file), iter(parts), manifest_of, lambda count: None)
    return what, False


def _change_octets(content: bytearray, dice: random.Random) -> str:
    place = dice.randrange(len(content))
    match dice.choice(["flip", "flip", "several", "cut", "without", "twice", "appended"]):
        case "flip":
            content[place] ^= 1 << dice.randrange(8)
            return f"bit in byte {place}"
        case "several":
            for _ in range(20):
                content[dice.randrange(len(content))] = dice.randrange(256)
            return "20 bytes"
        case "cut":
            del content[place:]
            return f"cut at {place}"
        case "without":
            del content[place : place + dice.choice([1, 512, 4096])]
            return f"without some bytes at {place}"
        case "twice":
            content[place:place] = content[place : place + 4096]
            return f"4096 bytes twice at {place}"
    content += bytes(dice.choice([1, 4096]))
    return "zeros at the end"


def _change_rows(parts: list[Part], dice: random.Random) -> str:
    part = dice.choice([each for each in parts if each.rows])
    rows: list[Any] = part.rows  # type: ignore[assignment]
    place = dice.randrange(len(rows))
    match dice.choice(["drop", "drop", "double", "alter", "alter", "alter", "alter", "reorder", "empty", "move"]):
        case "drop":
            del rows[place]
            return f"a row of {part.table} dropped"
        case "double":
            rows.append([*rows[place]])
            return f"a row of {part.table} twice"
        case "alter":
            column = dice.randrange(len(part.columns))
            values = [*ODD, rows[dice.randrange(len(rows))][column]]
            rows[place][column] = value = dice.choice(values)
            return f"{part.table}.{part.columns[column]} = {value!r}"
        case "reorder":
            dice.shuffle(rows)
            return f"rows of {part.table} in another order"
        case "empty":
            rows.clear()
            return f"no rows of {part.table}"
    parts.append(parts.pop(dice.randrange(len(parts))))
    return "a table behind all others"


def _restore(places: Any, filled: Originals, file: Path, what: str, is_signed: bool, counts: Counter[str]) -> None:
    """Restore it, and raise Wrong where that was neither refused nor sound."""
    with places.copy() as url:
        lines = Lines(url, places.ready.key, filled.folder)
        try:
            said = lines.run(["restore", str(file), *([] if is_signed else ["--unsigned"]), "--output", "json"])
            counts["restored" if said.is_done else "refused"] += 1
            with World(url, places.ready) as world:
                if not said.is_done:
                    if not world.operator.database.read(backups.is_fresh):
                        raise faults.Wrong("refused, and something was written")
                elif is_signed:
                    _compare(world, filled.kept["sums"])
                else:
                    _check(world)
        except faults.Fault as fault:
            fault.add_note(what)
            raise


def _compare(world: World, wanted: tuple[Sum, ...]) -> None:
    """What a restore adds by itself is its event, and when the backup was made."""
    with closing(world.operator.database.stream(backups.parts)) as parts:
        found = backup_files.sums(parts, lambda count: None)
    others = [each.table for each, its in zip(found, wanted, strict=True) if each != its]
    if set(others) - {"events", "directory"}:
        raise faults.Wrong(f"restored otherwise than saved: {others}")


def _check(world: World) -> None:
    """Whether what was restored is sound, as the check-up finds it."""
    wanted = [*invariants.OF_BACKUPS, *invariants.MENDED]
    found = world.operator.database.read(lambda db: [*invariants.find(db, world.clock.now, wanted=wanted)])
    if found:
        raise faults.Wrong("; ".join(each.message for each in found))
