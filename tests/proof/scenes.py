"""Directories for the trials of kills and disks, each as it was made once, and what became of it afterwards."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from conftest import CHEAP, START, Clock, Dice
from doubles import older
from doubles.databases import Copies, Databases
from proof import invariants
from proof.world import Servers, memory

from authctl import storage
from authctl.core.directory import opening
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import backup, setup
from authctl.core.work.unit import Actor
from authctl.settings import load
from authctl.storage import search_terms
from authctl.storage.tables import metadata
from authctl.transfer.journal import Imports

TESTS = Path(__file__).parents[1]
NOW = START.replace(month=4)  # some time after the scenes were made
VERSIONS = [f"{number:04}" for number in range(1, int(storage.state.HEAD))]

# Numbers that a sequence gave, and what is made of them: on Postgres a kill leaves gaps between them.
NUMBERS = re.compile(r"seq$|_seq$|^digest$|^up_to$|^behind$|^sealed$")
# What is compared of commands that work in batches: what the directory is about.
CONTENT = ("users", "user_names", "addresses", "identities", "teams", "memberships", "passwords", "authenticators")
# What may be called otherwise in another run: a key and a whole copy, which a kill leaves; and databases of a server.
OTHERWISE = [
    (re.compile(r"/keys/\w{16}\.key\b"), "/keys/KEY"),
    (re.compile(r"(\.schema-\d{4})\.\d+"), r"\1"),
    (re.compile(r"authctl_test_\d+_\d+"), "DATABASE"),
]


@dataclass(frozen=True)
class Ran:
    """What became of a command. moments: how many it came by."""

    status: int
    signal: int
    moments: int
    out: str
    err: str
    seconds: float = field(compare=False)

    def ends_as(self, other: Ran) -> bool:
        """Whether it answers as another does."""
        return (self.status, plain(self.out)) == (other.status, plain(other.out))

    def __str__(self) -> str:
        how = f"signal {self.signal}" if self.signal else f"status {self.status}"
        return f"{how}, {self.out[:300]!r}, {self.err[:600]!r}"


@dataclass(frozen=True)
class State:
    """What a directory holds, by table, and which files there are."""

    rows: dict[str, list[str]]
    files: frozenset[str]

    @property
    def content(self) -> dict[str, list[str]]:
        """Memberships by their number: their ids are thrown anew by a second run."""
        found = {name: rows for name, rows in self.rows.items() if name in CONTENT}
        return found | {"memberships": [str(len(self.rows.get("memberships", [])))]}

    def difference(self, other: State, *, content: bool = False) -> str:
        mine, others = (self.content, other.content) if content else (self.rows, other.rows)
        lines = []
        for name in sorted({*mine, *others}):
            more, less = (
                [row for row in one.get(name, []) if row not in another.get(name, [])]
                for one, another in ((mine, others), (others, mine))
            )
            if more or less:
                lines.append(f"{name}: +{more[:3]} -{less[:3]}")
        return "; ".join(lines)[:2000]


class Scene:
    """One directory in a folder of its own, to be run commands on."""

    def __init__(self, scenery: Scenery, folder: Path, url: str, names: dict[str, str]) -> None:
        self.scenery, self.folder, self.url, self.names = scenery, folder, url, names

    @property
    def environ(self) -> dict[str, str]:
        return environ_of(self.folder) | {"AUTHCTL_DATABASE_URL": self.url}

    def run(self, words: list[str], stdin: str, dice: int, **fault: Any) -> Ran:
        out, err = self.scenery.folder / "stdout", self.scenery.folder / "stderr"
        began = time.perf_counter()
        status, signal, moments = self.scenery.victim.run(
            words=words,
            stdin=stdin,
            environ=self.environ,
            folder=str(self.folder),
            dice=dice,
            now=NOW.isoformat(),
            stdout=str(out),
            stderr=str(err),
            **fault,
        )
        return Ran(status, signal, moments, out.read_text(), err.read_text(), time.perf_counter() - began)

    def state(self) -> State:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        names = {str(path.relative_to(self.folder)) for path in found}
        files = {name for name in names if not re.search(r"\.db-(wal|shm)$", name)}
        return State(self.scenery.rows(self), frozenset(map(plain, files)))

    def problems(self) -> list[str]:
        """What is wrong with what is stored, as far as there is a directory."""
        with open_it(self.url, self.folder) as directory:
            state = storage.state.find_state(directory.database)
            if state is None or storage.state.is_older(state):
                return []
            verified = directory.security.verify_logs()
            broken = [f"the log does not verify: {verified.problems}"] if verified.problems else []
            return broken + invariants.problems(directory)


class Victim:
    """The process that runs commands; see victim.py."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "proof.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
        )

    def run(self, **given: Any) -> tuple[int, int, int]:
        into, out = self._process.stdin, self._process.stdout
        assert into is not None
        assert out is not None
        into.write(json.dumps(given) + "\n")
        status, signal, moments = json.loads(out.readline())
        return status, signal, moments

    def close(self) -> None:
        self._process.communicate()


class Scenery:
    """The scenes of a place, made when they are first asked for: `filled`, `empty`, and `older` by its schema."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="authctl-scenes-", dir=memory()))
        self.known: dict[tuple[str, str], Any] = {}
        self._names: dict[str, dict[str, str]] = {}

    @cached_property
    def victim(self) -> Victim:
        return Victim()

    def variant(self, scene: str, dice: random.Random) -> str:
        return f"{scene} {dice.choice(VERSIONS)}" if scene == "older" else scene

    def made(self, variant: str) -> Path:
        """The folder of a scene as it was made."""
        folder = self.folder / variant.replace(" ", "-")
        if not folder.exists():
            folder.mkdir()
            url = self.new_url(variant, folder)
            self._names[variant] = make(variant, url, folder, self)
        return folder

    @contextmanager
    def scene(self, variant: str) -> Iterator[Scene]:
        """A copy of one, to be changed."""
        made = self.made(variant)
        folder = self.folder / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
        with self.copied(variant, folder) as url:
            yield Scene(self, folder, url, self._names[variant])

    def new_url(self, variant: str, folder: Path) -> str:
        raise NotImplementedError

    def copied(self, variant: str, folder: Path) -> Any:
        raise NotImplementedError

    def rows(self, scene: Scene) -> dict[str, list[str]]:
        raise NotImplementedError

    def close(self) -> None:
        if "victim" in self.__dict__:
            self.victim.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class FileScenery(Scenery):
    """Of SQLite files."""

    def new_url(self, variant: str, folder: Path) -> str:
        return f"sqlite:///{folder}/a.db"

    @contextmanager
    def copied(self, variant: str, folder: Path) -> Iterator[str]:
        yield f"sqlite:///{folder}/a.db"

    def rows(self, scene: Scene) -> dict[str, list[str]]:
        """Read from a copy: looking at it must not clear up."""
        copy = self.folder / "looked-at.db"
        for ending in ("", "-wal", "-journal"):
            Path(f"{copy}{ending}").unlink(missing_ok=True)
            with_ending = scene.folder / f"a.db{ending}"
            if with_ending.exists():
                shutil.copyfile(with_ending, f"{copy}{ending}")
        if not copy.exists():
            return {}
        with closing(sqlite3.connect(copy)) as db:
            names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            return {name: _plain(db.execute(f"SELECT * FROM {name}")) for name in names if _is_ours(name)}


class ServerScenery(Scenery):
    """Of Postgres databases, copies of which are cleared for the next rather than dropped."""

    def __init__(self, databases: Databases) -> None:
        super().__init__()
        self.databases = databases
        self._templates: dict[str, str] = {}
        self._copies: dict[str, Copies] = {}

    def new_url(self, variant: str, folder: Path) -> str:
        self._templates[variant] = self.databases.create()
        return self.databases.url_of(self._templates[variant])

    @contextmanager
    def copied(self, variant: str, folder: Path) -> Iterator[str]:
        template = self._templates[variant]
        if variant == "filled":
            copies = self._copies.setdefault(variant, None) or Copies(self.databases, template)
            self._copies[variant] = copies
            taken = copies.take()
            try:
                yield self.databases.url_of(taken.name)
            finally:
                copies.give_back(taken)
            return
        name = self.databases.create(template)
        try:
            yield self.databases.url_of(name)
        finally:
            self.databases.drop(name)

    def rows(self, scene: Scene) -> dict[str, list[str]]:
        """When nobody of the killed is at it any more."""
        name = psycopg.conninfo.conninfo_to_dict(scene.url)["dbname"]
        left = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
            " AND application_name <> 'copies' AND state <> 'idle'"
        )
        while self.databases.connection.execute(left, [name]).fetchone() != (0,):
            time.sleep(0.001)
        with closing(psycopg.connect(scene.url, autocommit=True)) as db:
            found = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            return {name: _plain(db.execute(f"SELECT * FROM {name}")) for (name,) in found if _is_ours(name)}

    def close(self) -> None:
        for copies in self._copies.values():
            copies.close()
        for template in self._templates.values():
            self.databases.drop(template)
        super().close()


def plain(text: str) -> str:
    """A text without what may be called otherwise in another run."""
    for pattern, word in OTHERWISE:
        text = pattern.sub(word, text)
    return text


def _is_ours(name: str) -> bool:
    return name in metadata.tables or name == "alembic_version"


def _plain(cursor: Any) -> list[str]:
    """Rows without what depends on numbers that were skipped."""
    columns = [place for place, each in enumerate(cursor.description) if not NUMBERS.search(each[0])]
    return sorted(repr([row[place] for place in columns]) for row in cursor.fetchall())


_made: dict[int, Scenery] = {}  # by their places


def of(place: Any) -> Scenery:
    """The scenery of a place, made when it is first asked for."""
    scenery = _made.get(id(place))
    if scenery is None:
        scenery = ServerScenery(place.copies.databases) if isinstance(place, Servers) else FileScenery()
        _made[id(place)] = scenery
    return scenery


@contextmanager
def closing_with(place: Any) -> Iterator[Any]:
    """A place, whose scenery goes with it if it has one."""
    try:
        yield place
    finally:
        scenery = _made.pop(id(place), None)
        if scenery is not None:
            scenery.close()


# How they are made


def environ_of(folder: Path) -> dict[str, str]:
    return {"HOME": f"{folder}/home", "PATH": os.environ["PATH"], "AUTHCTL_ACTOR": "operator"}


def open_it(url: str, folder: Path, clock: Clock | None = None, dice: Dice | None = None) -> Directory:
    settings = load(environ_of(folder), options={"database_url": url}, system_config=os.devnull)
    clock = clock or (lambda: NOW)  # type: ignore[assignment]
    named: dict[str, Any] = {"clock": clock, "random_bytes": dice or Dice(), "hash_parameters": CHEAP}
    return opening.open_directory(settings, Actor("operator"), **named)


def make(variant: str, url: str, folder: Path, scenery: Scenery) -> dict[str, str]:
    """Make a scene; the names of what is in it that commands ask for."""
    (folder / "home").mkdir()
    write_files(folder)
    if variant == "empty":
        with scenery.scene("filled") as scene, open_it(scene.url, scene.folder) as directory:
            backup.backup(directory, str(folder / "made.backup"), with_key=True)
            shutil.copytree(scene.folder / "home", folder / "home", dirs_exist_ok=True)
        return {}
    with open_it(url, folder, Clock(), dice := Dice()) as directory:
        setup.initialize(directory, directory.settings)
        if variant == "filled":
            return fill(directory, folder, dice)
        make_older(directory, variant.removeprefix("older "))
        return {}


def fill(directory: Directory, folder: Path, dice: Dice) -> dict[str, str]:
    """People, teams, and something of everything that can end."""
    clock = directory.clock
    users = directory.users
    for name in ("ada", "eve"):
        users.create(id=name, name=name.title(), email=f"{name}@example.com", password="correct horse battery")
        users.update_email_verification(name, True)
    for number in range(1, 6):
        users.create(id=f"u{number}", name=f"User {number}", phone=f"+1425555010{number}")
    directory.teams.create("Maths", id="maths")
    for name in ("ada", "u2", "u3"):
        directory.teams.create_membership("maths", user=name, roles=["member"])
    for name in ("ada", "eve", "u1", "u2"):
        for _ in range(3):
            users.create_session(name)
            directory.tokens.create(name)
    directory.mfa.create_recovery_codes("ada")
    users.create_identity("ada", "google", "1843")
    done = Imports(directory).run([str(folder / "earlier.jsonl")], source="authctl")
    directory.security.set("log-retention", "30d")
    clock.forward(days=40)  # type: ignore[attr-defined]
    users.update_name("ada", "Ada Lovelace")
    directory.security.verify_logs()
    return {"import": done.id}


def make_older(directory: Directory, version: str) -> None:
    """A directory of an older version, with accounts in it if that version could have them as they are known."""
    if version >= older.VERSION:
        older.make(directory)
        directory.database.write(lambda db: (storage.schema.migrate(db, version), _index(db, version)))
        return
    fingerprint = directory.state.key_fingerprint
    assert fingerprint is not None

    def step(db: Any) -> None:
        storage.backups.clear(db)
        storage.schema.migrate(db, version)
        storage.schema.set_key_fingerprint(db, fingerprint)

    directory.database.write(step)


def _index(db: Any, version: str) -> None:
    """Let accounts be found by their words, as the version keeps them."""
    users = metadata.tables["users"].c
    columns = (users[name] for name in ("seq", "id", "username", "name", "email", "phone", "labels"))
    for row in db.sqlalchemy.execute(sa.select(*columns)).all():
        document = storage.users.document(row)
        if db.dialect.name == "postgresql" and version < "0020":  # then it kept the place of each word
            words = enumerate(document.split(" "), 1)
            document = " ".join(f"'{word}':{place}" for place, word in words if word != search_terms.SEPARATOR)
        storage.search_index.insert(db, row.seq, document)


def write_files(folder: Path) -> None:
    """What commands read."""

    def people(name: str, first: int, count: int) -> None:
        lines = [
            {
                "id": f"p{number}" if number % 7 else "a wrong id",
                "email": f"p{number}@example.net",
                "name": f"Person {number}",
                "memberships": [{"team_id": "guests", "team_name": "Guests", "roles": []}] if number % 3 == 0 else [],
            }
            for number in range(first, first + count)
        ]
        path = folder / name
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        path.chmod(0o600)

    people("earlier.jsonl", 100, 12)
    people("people.jsonl", 200, 30)
    (folder / "kept").mkdir()
    (folder / "policies.toml").write_text('password-min-length = 10\nsession-duration = "20d"\n')
    (folder / "school.toml").write_text(SCHOOL)


SCHOOL = """
[[teams]]
id = "chemistry"
name = "Chemistry"

[[users]]
id = "marie"
name = "Marie"
email = "marie@example.com"

[[users]]
id = "ada"
labels = ["pioneer"]

[policy]
password-min-length = 9
"""
