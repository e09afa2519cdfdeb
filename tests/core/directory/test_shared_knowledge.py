"""What an open directory finds out once, and all its copies know: the state of its database, and its keys."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from conftest import CHEAP
from doubles.statements import statements

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.directory import opening
from authctl.core.work.unit import Actor

PASSWORD = "correct horse battery"
_watching = []


@pytest.fixture(scope="session")
def audit_hook():
    """Hears of every file that this process opens. Python has no way to take one away again."""

    def heard(event, arguments):
        if event == "open" and _watching:
            _watching[-1].append(arguments[0])

    sys.addaudithook(heard)


@contextmanager
def opened_files():
    """The paths of the files that are opened meanwhile."""
    paths = []
    _watching.append(paths)
    try:
        yield paths
    finally:
        _watching.pop()


@pytest.fixture
def fresh(directory, settings, clock, dice):
    """The same directory as an application opens it, which knows nothing of it yet."""
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    actor = Actor("application")
    with opening.open_directory(settings, actor, clock=clock, random_bytes=dice, hash_parameters=CHEAP) as opened:
        yield opened


def key_files(home):
    folder = os.path.join(home["HOME"], ".config", "authctl")
    return {os.path.join(path, name) for path, _, names in os.walk(folder) for name in names if name.endswith(".key")}


def test_twenty_sign_ins_ask_for_the_state_and_the_key_once(fresh, home, audit_hook):
    keys = key_files(home)
    assert keys
    with opened_files() as paths, statements() as sent:
        for number in range(20):
            fresh.sessions.create("ada@example.com", PASSWORD, ip=f"192.0.2.{number}", user_agent="curl")
    assert len([path for path in paths if path in keys]) == 1
    assert len([text for text in sent if "alembic_version" in text]) == 1
    assert len([text for text in sent if "key_fingerprint" in text or "peppers" in text]) == 2  # and the log's key
    assert len([text for text in sent if text.startswith("INSERT INTO sessions")]) == 20


def test_what_one_copy_finds_out_all_know(fresh, home, audit_hook):
    secret = fresh.sessions.create("ada", PASSWORD).secret
    with opened_files() as paths, statements() as sent:
        fresh.as_session(secret).users.update_name("ada", "Ada")
        fresh.acting(Actor("somebody else")).users.update_name("ada", "Ada Lovelace")
        fresh.acting(fresh.actor, dry_run=True).users.delete("ada")
        fresh.sessions.create("ada", PASSWORD, ip="192.0.2.7")
    assert not key_files(home) & {*paths}
    assert not [text for text in sent if "alembic_version" in text or "peppers" in text]


def test_each_transaction_goes_by_the_key_whose_fingerprint_it_holds(fresh, database_url, home):
    """One thread reads since before another process replaces the key, and one writes after that."""
    begun, rotated, written = threading.Event(), threading.Event(), threading.Event()
    found = {}

    def read(work):
        storage.users.find(work.db, "id", "ada")  # from here on SQLite shows the database as it is now
        begun.set()
        assert written.wait(60)
        found["reader"] = work.key, storage.state.hold_fingerprint(work.db)

    def write(work):
        found["writer"] = work.key, storage.state.hold_fingerprint(work.db)

    def reader():
        fresh.read(read)

    def writer():
        assert rotated.wait(60)
        fresh.write(write)
        written.set()

    before = fresh.key
    threads = [threading.Thread(target=run) for run in (reader, writer)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    subprocess.run(
        [sys.executable, "-m", "authctl", "security", "rotate-key", "--yes", "--database", database_url],
        env={**os.environ, **home},
        check=True,
        capture_output=True,
    )
    rotated.set()
    for thread in threads:
        thread.join()
    for key, held in found.values():
        assert sealing.fingerprint(key) == held
    assert found["writer"][0] != before
    assert (found["reader"][0] == before) == (fresh.database.dialect == "sqlite")  # Postgres shows what is committed
    assert fresh.read(lambda work: work.key) == fresh.key == found["writer"][0]
    assert fresh.sessions.create("ada", PASSWORD)
