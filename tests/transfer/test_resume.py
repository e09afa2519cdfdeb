"""An import that is killed at any moment, or whose database goes away, goes on: nothing lost, nothing twice.

AUTHCTL_TEST_KILLS and AUTHCTL_TEST_KILLED_USERS make more of it, such as 50 and 50,000.
"""

import json
import os
import random
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from doubles.databases import Databases
from doubles.importer import Importer
from doubles.postgres import embedded

from authctl import storage
from authctl.core.directory import opening
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.settings import load

KILLS = int(os.environ.get("AUTHCTL_TEST_KILLS", "12"))
USERS = int(os.environ.get("AUTHCTL_TEST_KILLED_USERS", "3000"))
BATCH = max(USERS // 60, 1)
BCRYPT = "$2b$10$abcdefghijklmnopqrstuuMW1JBS4iZ3DzZ0Wc3m0Ol1Uxiu3vVaG"

WEAK = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="  # of the word "secret"


def write_users(path, hash=BCRYPT):
    """Users with identities; every fiftieth is no good, every seventieth is there twice."""
    expected, refused = set(), 0
    with path.open("w") as file:
        for number in range(USERS):
            user = {
                "id": f"u{number}",
                "email": f"u{number}@example.com",
                "name": f"User {number}",
                "password": {"hash": hash},
                "identities": [{"provider": "google", "provider_uid": f"g{number}"}] if number % 10 == 0 else [],
            }
            if number % 50 == 7:
                user["id"] = "no\n"
            else:
                expected.add(user["id"])
            refused += number % 50 == 7
            file.write(json.dumps(user) + "\n")
            if number % 70 == 9:
                refused += 1
                file.write(json.dumps(user | {"id": f"again{number}", "email": user["email"].upper()}) + "\n")
    path.chmod(0o600)
    return expected, refused


@pytest.fixture
def started(home, tmp_path):
    """Starts the import as a process, up to where it begins; one that `waits` says more, and goes on line by line."""
    running = []

    def start(url, *, waits=False, **options):
        file, base = str(tmp_path / "users.jsonl"), str(tmp_path / "told")
        running.append(Importer(home, url, file, base, {"batch": BATCH} | options, waits=waits))
        assert running[-1].stdout.readline() == b"ready\n"
        return running[-1]

    yield start
    for process in running:
        process.end()


def check_whole(directory, tmp_path, expected, refused, hashes=("bcrypt", "strong")):
    """Exactly the users of the file, once, and a journal and a report that say so."""
    file = tmp_path / "told.report"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == refused
    assert len({line["at"] for line in lines}) == refused
    assert len((tmp_path / "told.rejects").read_text().splitlines()) == refused
    users = list(directory.users.iterate())
    assert {user.id for user in users} == expected
    assert len(users) == len(expected)

    def held(work):
        ask = work.db.sqlalchemy.exec_driver_sql
        journal = ask("SELECT status, counts, position FROM imports").all()
        return (
            [(status, json.loads(counts), json.loads(position)) for status, counts, position in journal],
            ask("SELECT count(*) FROM import_users WHERE created").scalar_one()
            + ask("SELECT coalesce(sum(last_user - first_user + 1), 0) FROM import_batches").scalar_one(),
            ask("SELECT count(*) FROM identities").scalar_one(),
            ask("SELECT count(*) FROM addresses").scalar_one(),
            [json.loads(row[0]) for row in ask("SELECT details FROM events WHERE name = 'users.imports.update'")],
        )

    ((status, counts, position),), brought, identities, addresses, events = directory.read(held)
    assert status == "finished"
    assert (counts["created"], counts["refused"]) == (len(expected), refused)
    algorithm, strength = hashes
    assert counts["hashes"] == {algorithm: {strength: len(expected)}}
    assert position["records"] == USERS + len(range(9, USERS, 70))
    assert brought == addresses == len(expected)
    assert identities == len([id for id in expected if int(id[1:]) % 10 == 0])
    assert sum(event["created"] for event in events) == len(expected)
    assert directory.users.count(search="user") == len(expected)


@pytest.fixture
def users_file(directory, tmp_path):
    """A file of users, and an empty directory; the users that are good, and how many records are not."""
    return write_users(tmp_path / "users.jsonl")


def test_killed_at_random_moments_it_goes_on(users_file, started, directory, database_url, tmp_path):
    expected, refused = users_file
    directory.security.set("user-limit", 1)  # for sign-ups
    dice = random.Random(20260102)
    finished = b""
    for _ in range(KILLS):
        process = started(database_url)
        # So many lines of progress, and a little work of our own that differs: then at once, wherever it is.
        for _ in range(dice.randrange(max(USERS // BATCH // KILLS, 2))):
            finished = process.stdout.readline()
        sum(range(dice.randrange(1_000_000)))
        assert not finished.startswith(b"finished"), "there was nothing left to be killed"
        process.kill()
        process.wait()
    last = started(database_url)
    out, err = last.communicate()
    assert (last.returncode, err) == (0, b"")
    assert b"finished" in out
    check_whole(directory, tmp_path, expected, refused)
    assert directory.read(lambda work: storage.user_counts.get(work.db)) == len(expected)


def test_killed_with_several_batches_in_the_making_it_goes_on(directory, database_url, started, tmp_path):
    """Others are read and hashed while one is being stored: none of them may be lost, or be there before its turn."""
    expected, refused = write_users(tmp_path / "users.jsonl", hash=WEAK)
    options = {"weak_hash": "wrap"}
    through = 0
    for turn in range(4):
        process = started(database_url, waits=True, **options)
        told = iter(process.stdout.readline, b"")
        assert next(told) == b"begun\n"
        ahead = 0
        for _ in range(turn):
            go_on(process)
            ahead = max(ahead, read_until_stored(told))
            through += BATCH
        # The next batch cannot be stored, so that the process is in the midst of that when it is killed.
        directory.write(killed_while_it_stores, process, told, ahead, through + 5 * BATCH)
        assert directory.read(position) == through
    out, err = started(database_url, **options).communicate()
    assert (err, b"finished" in out) == (b"", True)
    check_whole(directory, tmp_path, expected, refused, hashes=("wrapped-sha1", "legacy"))


def read_until_stored(told):
    """How many records the process has read when it has stored a batch."""
    found = 0
    for line in told:
        if line.startswith(b"stored"):
            return found
        found = records(line)
    raise AssertionError("it has ended")


def killed_while_it_stores(work, process, told, ahead, at_least):
    """Keep the process from storing until it has read that many records, and kill it. ahead: those read so far."""
    if work.db.dialect.name == "postgresql":
        work.db.sqlalchemy.exec_driver_sql("LOCK TABLE users IN EXCLUSIVE MODE")  # SQLite has one who writes at a time
    go_on(process)
    assert ahead >= at_least or any(line.startswith(b"read") and records(line) >= at_least for line in told)
    process.kill()
    process.wait()


def go_on(process):
    process.stdin.write(b"\n")


def records(line):
    return int(line.split()[1])


def position(work):
    return json.loads(work.db.sqlalchemy.exec_driver_sql("SELECT position FROM imports").scalar_one())["records"]


@pytest.fixture
def own_postgres():
    """A Postgres of this test's own, which it may stop: the server, and the URL of an empty database."""
    folder = Path(tempfile.mkdtemp(prefix="authctl-postgres-"))
    server = embedded(folder)
    with closing(Databases(server.get_uri())) as databases:
        url = databases.url_of(databases.create())
    yield server, url
    server.stop()
    shutil.rmtree(folder)


def test_a_database_that_stops_and_starts_loses_nothing(own_postgres, started, home, clock, dice, tmp_path):
    server, url = own_postgres
    settings = load(home, options={"database_url": url}, system_config=os.devnull)
    directory = opening.open_directory(settings, Actor("tester@example.com"), clock=clock, random_bytes=dice)
    setup.initialize(directory, settings)
    directory.close()  # connections that are kept would be stale after a stop
    expected, refused = write_users(tmp_path / "users.jsonl")
    for turn in range(3):
        process = started(url)
        for _ in range(5 * turn + 2):
            process.stdout.readline()
        server.stop()
        out, err = process.communicate()
        server.ensure_postgres_running()
        assert (process.returncode, err) == (7, b"")
        assert b"database_unavailable" in out
    last = started(url)
    out, err = last.communicate()
    assert (last.returncode, err) == (0, b"")
    with directory:
        check_whole(directory, tmp_path, expected, refused)
