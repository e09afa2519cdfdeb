"""Keys and their databases: made once, kept apart, and a wrong or missing one told before anything is written."""

import os
import sqlite3
import subprocess
import sys
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from authctl.core.crypto import sealing
from authctl.core.directory import opening
from authctl.core.maintenance import setup, status
from authctl.core.work.unit import Actor
from authctl.errors import Invalid, Unavailable
from authctl.settings import load

WRONG = b64encode(b"\x07" * 32).decode()
RIGHT = b64encode(b"\x08" * 32).decode()


@pytest.fixture
def opened(home):
    """Opens the directory that settings name; all are closed afterwards."""
    directories = []

    def open_it(url=None, **variables):
        options = {"database_url": url} if url else {}
        settings = load(home | variables, options=options, system_config=os.devnull)
        directories.append(opening.open_directory(settings, Actor("tester@example.com")))
        return directories[-1], settings

    yield open_it
    for directory in directories:
        directory.close()


@pytest.fixture
def content(database_url):
    """Reads all that is in the database, or in the file byte by byte; None where there is no file."""

    def read():
        if database_url.startswith("sqlite"):
            path = Path(database_url.removeprefix("sqlite:///"))
            files = sorted(path.parent.glob("*")) if path.parent.exists() else []
            return {file.name: file.read_bytes() for file in files if not file.name.endswith("-shm")}
        with psycopg.connect(database_url) as connection:
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            return {
                name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
                for (name,) in connection.execute(tables).fetchall()
            }

    return read


def files_of(home):
    return {
        path.relative_to(home["HOME"]).as_posix(): path.stat().st_mode & 0o777
        for path in Path(home["HOME"]).rglob("*")
        if path.is_file()
    }


# Making


def test_a_database_that_is_named_has_a_key_of_its_own_under_its_fingerprint(opened, home, database_url):
    directory, settings = opened(database_url)
    made = setup.initialize(directory, settings)
    assert made.created
    assert made.key_file == f"{home['HOME']}/.config/authctl/keys/{made.key_fingerprint}.key"
    assert files_of(home) == {f".config/authctl/keys/{made.key_fingerprint}.key": 0o600}
    assert Path(made.key_file).parent.stat().st_mode & 0o777 == 0o700
    assert directory.users.create(id="ada").id == "ada"


def test_initializing_again_changes_nothing(opened, home, database_url, content):
    directory, settings = opened(database_url)
    first = setup.initialize(directory, settings)
    directory.close()
    before, files = content(), files_of(home)
    again, settings = opened(database_url)
    second = setup.initialize(again, settings)
    again.close()
    assert (second.created, second.key_fingerprint, second.key_file) == (False, first.key_fingerprint, first.key_file)
    assert (content(), files_of(home)) == (before, files)


def test_two_databases_have_two_keys(opened, home, tmp_path):
    made = []
    for name in ("one.db", "two.db"):
        directory, settings = opened(f"sqlite:///{tmp_path}/{name}")
        made.append(setup.initialize(directory, settings))
    assert made[0].key_fingerprint != made[1].key_fingerprint
    assert len(files_of(home)) == 2
    for name in ("one.db", "two.db"):
        assert opened(f"sqlite:///{tmp_path}/{name}")[0].users.create(id="ada").id == "ada"


def test_a_key_that_is_given_is_used_and_written_nowhere(opened, home, database_url):
    directory, settings = opened(database_url, AUTHCTL_SECRET_KEY=RIGHT)
    made = setup.initialize(directory, settings)
    assert (made.key_file, made.key_fingerprint) == (None, sealing.fingerprint(b"\x08" * 32))
    assert files_of(home) == {}
    assert directory.users.create(id="ada").id == "ada"


def test_a_key_file_that_is_named_is_made_or_used(opened, home, tmp_path, database_url):
    place = tmp_path / "keys" / "mine.key"
    directory, settings = opened(database_url, AUTHCTL_SECRET_KEY_FILE=str(place))
    made = setup.initialize(directory, settings)
    assert made.key_file == str(place)
    assert place.stat().st_mode & 0o777 == 0o600
    before = place.read_bytes()
    other, settings = opened(f"sqlite:///{tmp_path}/other.db", AUTHCTL_SECRET_KEY_FILE=str(place))
    assert setup.initialize(other, settings).key_fingerprint == made.key_fingerprint
    assert place.read_bytes() == before


def test_a_malformed_key_is_told_before_anything_is_made(opened, database_url, content):
    before = content()
    directory, settings = opened(database_url, AUTHCTL_SECRET_KEY="hidden-value-7c1f")
    with pytest.raises(Invalid) as refused:
        setup.initialize(directory, settings)
    assert refused.value.field == "secret_key"
    assert "hidden-value" not in f"{refused.value} {refused.value.hint}"
    assert content() == before


def test_a_key_that_cannot_be_written_leaves_no_directory(opened, home, database_url):
    (Path(home["HOME"]) / ".config").write_text("a file where a folder would be")
    directory, settings = opened(database_url)
    with pytest.raises(Unavailable) as refused:
        setup.initialize(directory, settings)
    assert refused.value.type == "file_unavailable"
    (Path(home["HOME"]) / ".config").unlink()
    assert setup.initialize(directory, settings).created


# Using


@pytest.fixture
def made(opened, database_url, content):
    """A directory with a user in it, closed; what is in the database."""
    directory, settings = opened(database_url)
    setup.initialize(directory, settings)
    directory.users.create(id="ada")
    directory.close()
    return content()


def writes(directory):
    """One write of each way that writing goes."""
    yield lambda: directory.users.create(name="Grace")
    yield lambda: directory.users.update_name("ada", "Ada")
    yield lambda: directory.users.update_password("ada", "correct horse battery")
    yield lambda: directory.users.verify_password("ada", "correct horse battery")
    yield lambda: directory.users.delete("ada")
    yield lambda: directory.acting(directory.actor, dry_run=True).users.delete("ada")


def test_a_wrong_key_is_told_before_anything_is_written(opened, made, database_url, content):
    directory, settings = opened(database_url, AUTHCTL_SECRET_KEY=WRONG)
    for step in (*writes(directory), lambda: setup.initialize(directory, settings)):
        with pytest.raises(Invalid) as refused:
            step()
        assert (refused.value.type, refused.value.field) == ("general_key_mismatch", "secret_key")
        assert WRONG not in f"{refused.value} {refused.value.hint}"
    assert status.status(directory, settings)["key"]["state"] == "wrong"
    directory.close()
    assert content() == made


def test_a_missing_key_is_told_before_anything_is_written(opened, made, database_url, home, content):
    for path in Path(home["HOME"]).rglob("*.key"):
        path.unlink()
    directory, settings = opened(database_url)
    for step in (*writes(directory), lambda: setup.initialize(directory, settings)):
        with pytest.raises(Invalid) as refused:
            step()
        assert refused.value.type == "general_key_missing"
        assert "AUTHCTL_SECRET_KEY_FILE" in refused.value.hint
    assert directory.users.get("ada").id == "ada"  # what needs no secret can still be read
    assert status.status(directory, settings)["key"]["state"] == "missing"
    directory.close()
    assert content() == made
    assert files_of(home) == {}


def test_the_default_key_is_not_a_wrong_key_for_another_database(opened, made, home, database_url):
    opened()[0].users.create(id="ada")
    for path in Path(home["HOME"]).rglob("keys/*.key"):
        path.unlink()
    with pytest.raises(Invalid) as refused:
        opened(database_url)[0].users.create(name="Grace")
    assert refused.value.type == "general_key_missing"


def test_the_default_database_without_its_key_gets_no_new_one(opened, home):
    directory, settings = opened()
    directory.users.create(id="ada")
    directory.close()
    Path(settings.secret_key_file).unlink()
    directory, settings = opened()
    with pytest.raises(Invalid) as refused:
        directory.users.create(name="Grace")
    assert refused.value.type == "general_key_missing"
    assert not Path(settings.secret_key_file).exists()


def test_a_lost_database_is_made_anew_with_the_key_that_is_there(opened, home):
    directory, _ = opened()
    directory.users.create(id="ada")
    first = directory.state.key_fingerprint
    directory.close()
    for path in Path(directory.database.path).parent.iterdir():
        path.unlink()
    directory, _ = opened()
    directory.users.create(id="grace")
    assert directory.state.key_fingerprint == first


# Many at once

FIRST = """
import sys, authctl
with authctl.open() as directory:
    sys.stdin.readline()
    directory.users.create(name="One of eight")
"""


def test_eight_processes_on_a_fresh_machine_make_one_directory(home):
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", FIRST],
            env={**home, "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate() for process in processes] == [("", "")] * 8
    with closing(sqlite3.connect(Path(home["HOME"]) / ".local/share/authctl/authctl.db")) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (8,)
        assert connection.execute("SELECT count(*) FROM events WHERE name = 'directory.create'").fetchone() == (1,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert [name for name in files_of(home) if name.endswith(".key")] == [".config/authctl/secret.key"]
