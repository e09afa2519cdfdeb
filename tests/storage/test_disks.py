"""SQLite files on full disks, files that change under an open directory, and what is no file."""

import os
import shutil
import socket
from contextlib import closing

import pytest
from conftest import CHEAP, copy_file
from doubles.disks import fill, small_disk

from authctl.core.directory import opening
from authctl.core.maintenance import backup, key_files, setup
from authctl.core.work.unit import Actor
from authctl.errors import Unavailable
from authctl.settings import load
from authctl.storage import sqlite


@pytest.fixture
def open_at(home, ready_file):
    """Opens a directory with one user at a path, which is made where nothing is there."""
    made_once, ready = ready_file

    def open_(path):
        settings = load(home, options={"database_url": f"sqlite:///{path}"}, system_config=os.devnull)
        if not os.path.lexists(path):
            copy_file(made_once, settings.database_url)
            key_files.keep_key(settings, ready.key)
            with opening.open_directory(settings, Actor("tester"), hash_parameters=CHEAP) as directory:
                directory.users.create(id="ada", name="Ada", email="ada@example.com")
        return opening.open_directory(settings, Actor("tester"), hash_parameters=CHEAP)

    return open_


@pytest.fixture
def disk():
    with small_disk("2m") as folder:
        yield folder


def refusal(call, *given, **named):
    with pytest.raises(Unavailable) as refused:
        call(*given, **named)
    return refused.value


# A full disk


def test_a_full_disk_is_read_from(open_at, disk, tmp_path):
    with open_at(disk / "authctl.db"):
        pass
    filling = fill(disk)
    with open_at(disk / "authctl.db") as directory:
        assert directory.users.get("ada").name == "Ada"
        assert [user.id for user in directory.users.list(search="ada")] == ["ada"]
        assert [user.id for user in directory.users.iterate()] == ["ada"]
        error = refusal(directory.users.create, id="grace")
        assert (error.type, error.hint) == ("database_full", "Nothing was changed. Free some space and try again.")
        assert backup.backup(directory, str(tmp_path / "elsewhere.backup")).users == 1
        filling.unlink()
        directory.users.create(id="grace")
        assert directory.users.count() == 2


def test_a_full_disk_is_read_from_with_a_log_that_a_kill_left(open_at, disk):
    path = disk / "authctl.db"
    with open_at(path) as directory:
        directory.users.create(id="grace")
        for name in ("authctl.db", "authctl.db-wal"):
            shutil.copy(disk / name, disk / f"killed-{name}")
    fill(disk)
    with open_at(disk / "killed-authctl.db") as directory:
        assert directory.users.count() == 2


@pytest.mark.parametrize("spare", [8192, 40_000, 100_000])
def test_what_does_not_fit_on_a_disk_is_told_and_nothing_is_changed(open_at, disk, spare):
    with open_at(disk / "authctl.db"):
        pass
    fill(disk, spare)
    with open_at(disk / "authctl.db") as directory:
        error = refusal(directory.users.create, id="grace", metadata={"text": "x" * 16_000})
        assert error.type == "database_full"
        assert [user.id for user in directory.users.list()] == ["ada"]
    with open_at(disk / "authctl.db") as directory:
        assert [user.id for user in directory.users.list()] == ["ada"]


def test_a_backup_to_a_full_disk_names_the_backup(open_at, disk, tmp_path):
    fill(disk, 100_000)
    with open_at(tmp_path / "authctl.db") as directory:
        error = refusal(backup.backup, directory, str(disk / "one.backup"))
    assert error.message == f"Cannot write {disk}/one.backup: no space left on device."
    assert error.hint == "Free some space, or name a file on another disk."
    assert [path.name for path in disk.iterdir()] == ["filling"]


def test_an_upgrade_on_a_full_disk_leaves_no_part_of_its_copy(open_at, disk, monkeypatch):
    with open_at(disk / "authctl.db") as directory:
        fill(disk, 100_000)
        monkeypatch.setattr("authctl.storage.state.HEAD", "9999")
        error = refusal(setup.upgrade, directory)
    assert error.message.startswith(f"Cannot write {disk}/authctl.db.schema-")
    assert sorted(path.name for path in disk.iterdir()) == ["authctl.db", "filling"]


# Another file under the name


@pytest.mark.parametrize("change", ["moved over", "moved away"])
def test_a_file_that_is_replaced_under_an_open_directory_is_noticed(open_at, tmp_path, change):
    path, other = tmp_path / "authctl.db", tmp_path / "other.db"
    open_at(other).close()
    with open_at(path) as directory:
        directory.users.create(id="grace")
        if change == "moved over":
            os.replace(other, path)
        else:
            path.rename(tmp_path / "elsewhere.db")
        for step in (directory.users.count, lambda: directory.users.create(id="alan")):
            error = refusal(step)
            assert error.type == "database_unavailable"
            assert "was moved, deleted or replaced while it was in use" in error.message
            assert "Stop every program that uses it." in error.hint


def test_connections_of_other_threads_notice_it_too(open_at, tmp_path):
    path = tmp_path / "authctl.db"
    with open_at(path) as directory:
        database = directory.database
        for held in database.stream(lambda db: iter([1])):
            assert held
            assert directory.users.count() == 1  # by a connection of the pool
            os.replace(shutil.copy(path, tmp_path / "copy.db"), path)
            assert "replaced" in refusal(directory.users.count).message


def test_no_database_is_made_beside_the_log_of_another(open_at, tmp_path):
    path = tmp_path / "authctl.db"
    with open_at(path) as directory:
        directory.users.create(id="grace")
        path.rename(tmp_path / "moved.db")
        with opening.open_directory(directory.settings, Actor("tester")) as another:
            error = refusal(setup.initialize, another, another.settings)
    assert error.message == f"{path}-wal contains the latest changes of a database whose file is gone."
    (tmp_path / "authctl.db-wal").rename(tmp_path / "moved.db-wal")
    with open_at(tmp_path / "moved.db") as directory:
        assert directory.users.count() == 2


# What is no file, or was for reading alone


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
def test_what_is_no_file_is_no_database(home, tmp_path, kind):
    path = tmp_path / kind
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        elif kind == "socket":
            listening.bind(str(path))
        else:
            path.symlink_to(os.devnull)
        settings = load(home, options={"database_url": f"sqlite:///{path}"}, system_config=os.devnull)
        with opening.open_directory(settings, Actor("tester")) as directory:
            for step in (directory.users.count, lambda: setup.initialize(directory, settings)):
                assert refusal(step).message == f"The database {path} is not a regular file."


def test_a_log_that_was_made_read_only_is_written_to_again(open_at, tmp_path):
    path = tmp_path / "authctl.db"
    with open_at(path) as directory:
        assert directory.users.count() == 1
        for ending in ("-wal", "-shm"):  # as SQLite makes them beside a file without the right to write
            os.chmod(f"{path}{ending}", 0o444)
        sqlite.connect(str(path), 0).close()
        modes = {os.stat(f"{path}{ending}").st_mode & 0o777 for ending in ("", "-wal", "-shm")}
    assert modes == {0o600}


def test_a_log_that_has_grown_is_cut_when_it_begins_anew(open_at, tmp_path):
    with open_at(tmp_path / "authctl.db") as directory:
        directory.database.write(lambda db: db.driver.execute("CREATE TABLE large AS SELECT zeroblob(8000000)"))
        assert os.path.getsize(tmp_path / "authctl.db-wal") > 8_000_000
        for id in ("alan", "mary"):
            directory.users.create(id=id)
        assert os.path.getsize(tmp_path / "authctl.db-wal") <= sqlite.LOG_BYTES
