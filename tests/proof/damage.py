"""Bytes of a file and rows of a database that change by themselves: what can be told of it is.

One round damages a copy, and asks it everything that only reads. Nothing may end in a bug, or not at all. Where the
check-up finds nothing at all, everybody must still be there, by the names that are unique; where the log verifies, it
must say what it said.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from proof import faults
from proof.filled import Originals, originals
from proof.lines import Lines, Said

from authctl.storage.tables import metadata

PEOPLE = "users list --all --output jsonl --fields id,username,email,phone"
LOGS = "security list-logs --all --output jsonl"
VERIFY = "security verify-logs --all --dry-run"
CHECK = "security check --deep --output jsonl"
READING = (
    PEOPLE,
    LOGS,
    "users get id:ada --output json",
    "users get ada@example.com",
    "users list --search lovelace",
    "users list --filter 'labels ~ staff' --sort email",
    "users list --filter 'mfa = false' --count",
    "users list-sessions id:ada",
    "users list-identities id:ada",
    "users list-logs id:ada",
    "users list-memberships id:ada",
    "users list-imports",
    "mfa list-factors id:grace",
    "tokens list id:user1 --all",
    "teams list --all",
    "teams list-memberships maths --all",
    "security show",
    "security show-jwks",
    "security list-mock-phones",
    "status",
    "users export FOLDER/users.jsonl",
    "backup FOLDER/directory.backup",
    VERIFY,
    CHECK,
)
# What is always found in it, or says nothing of rows.
ROWS = ("damaged", "wrong", "contradictory", "log")
PLAIN = {sa.Text: ("", "x", "{", "[]", '{"a":1}', "active", "ada", "\u202e"), sa.LargeBinary: (b"", b"\0" * 40, b"x")}
NUMBERS = (0, 1, -1, 2**31, 2**62, -(2**62), 9 * 10**18)


def run_round(places: Any, counts: Counter[str], seed: int) -> None:
    """One copy, damaged in one way."""
    dice = random.Random(seed)
    with originals(places) as filled, filled.copy() as url:
        lines = Lines(url, places.ready.key, filled.folder)
        before = {line: lines.run(line) for line in (PEOPLE, LOGS)}
        ways = [rows] if url.startswith("postgresql") else [rows, octets, octets, pages, cut]
        way = dice.choice(ways)
        try:
            what = way(url, dice)
            counts["databases damaged"] += what is not None
            said = {line: _ask(lines, line, filled, counts) for line in READING}
            _judge(before, said)
        except faults.Fault as fault:
            fault.add_note(f"{way.__name__}: {what}")
            raise


def _ask(lines: Lines, line: str, filled: Originals, counts: Counter[str]) -> Said:
    folder = filled.folder / "out"
    folder.mkdir(exist_ok=True)
    try:
        said = lines.run(line.replace("FOLDER", str(folder)))
    finally:
        shutil.rmtree(folder)
    counts["answers" if said.is_done else "refusals"] += 1
    return said


def _judge(before: dict[str, Said], said: dict[str, Said]) -> None:
    """Raise Wrong where something is wrong that claims to be right."""
    found = [each for each in said[CHECK].rows() if any(word in each["id"] for word in ROWS)] if said[CHECK].out else []
    if said[CHECK].is_done and not found and _people(said[PEOPLE]) != _people(before[PEOPLE]):
        raise faults.Wrong("the check-up finds nothing, and users are others")
    if said[VERIFY].is_done and said[LOGS].is_done and said[LOGS].out != before[LOGS].out:
        raise faults.Wrong("the log verifies, and says something else")


def _people(said: Said) -> object:
    return sorted(said.out.splitlines()), said.status


# Ways


def octets(url: str, dice: random.Random) -> str:
    """One byte or some."""
    content = bytearray(_path(url).read_bytes())
    places = [dice.randrange(len(content)) for _ in range(dice.choice([1, 1, 1, 4, 64]))]
    for place in places:
        content[place] = dice.choice([content[place] ^ 1 << dice.randrange(8), dice.randrange(256), 0, 255])
    _path(url).write_bytes(content)
    return f"bytes {places}"


def pages(url: str, dice: random.Random) -> str:
    """Pages that are zeroed, or have the content of another."""
    content, size = bytearray(_path(url).read_bytes()), 4096
    count = len(content) // size
    changed = [dice.randrange(count) for _ in range(dice.choice([1, 1, 3]))]
    for page in changed:
        other = dice.randrange(count)
        filling = dice.choice([bytes(size), content[other * size :][:size]])
        content[page * size : (page + 1) * size] = filling
    _path(url).write_bytes(content)
    return f"pages {changed}"


def cut(url: str, dice: random.Random) -> str:
    """A file that ends early."""
    content = _path(url).read_bytes()
    end = dice.choice([0, 1, 100, 4096, dice.randrange(len(content)), len(content) - dice.randrange(1, 4096)])
    _path(url).write_bytes(content[:end])
    return f"ends at {end} of {len(content)}"


def rows(url: str, dice: random.Random) -> str | None:
    """Some value in some row, or a row that is gone."""
    table = dice.choice(metadata.sorted_tables)
    column = dice.choice(list(table.columns))
    if dice.randrange(4) == 0:
        change, value = f"DELETE FROM {table.name}", None
    else:
        change, value = f"UPDATE {table.name} SET {column.name} = :value", _value(column, dice, url)
    execute = _sqlite if url.startswith("sqlite") else _postgres
    is_done = execute(url, change, value, table.name, dice)
    return f"{change} ({value!r})" if is_done else None


def _value(column: sa.Column[Any], dice: random.Random, url: str) -> Any:
    kind = column.type.impl if isinstance(column.type, sa.types.TypeDecorator) else column.type
    if url.startswith("sqlite") and dice.randrange(3) == 0:
        return dice.choice([None, "x", b"\xff", 1.5, 7, "{"])  # of any type
    if isinstance(kind, sa.Boolean):
        return dice.choice([True, False])
    if isinstance(kind, sa.Integer):
        return dice.choice(NUMBERS)
    return dice.choice(PLAIN[sa.LargeBinary if isinstance(kind, sa.LargeBinary) else sa.Text])


def _sqlite(url: str, change: str, value: Any, table: str, dice: random.Random) -> bool:
    with closing(sqlite3.connect(_path(url), isolation_level=None)) as connection:
        count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        row = f" WHERE rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET {dice.randrange(count or 1)})"
        return _is_taken(lambda: connection.execute(change + row, {"value": value}), sqlite3.Error)


def _postgres(url: str, change: str, value: Any, table: str, dice: random.Random) -> bool:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no key is looked at
        [count] = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
        row = f" WHERE ctid = (SELECT ctid FROM {table} LIMIT 1 OFFSET {dice.randrange(count or 1)})"
        statement = change.replace(":value", "%(value)s") + row
        return _is_taken(lambda: connection.execute(statement, {"value": value}), psycopg.Error)


def _is_taken(run: Callable[[], object], failure: type[Exception]) -> bool:
    """Whether the database takes a change at all."""
    try:
        run()
    except failure:
        return False
    return True


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))
