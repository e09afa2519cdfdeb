"""What a driver's failure is called: an SQLite file that cannot be used is named with its owner and mode."""

import errno
import grp
import os
import pwd
import sqlite3

import psycopg
import pytest

from authctl.storage import driver_errors


def failure(name):
    error = sqlite3.OperationalError("in the driver's words")
    error.sqlite_errorname = name
    return error


def owner(path):
    found = os.stat(path)
    return f"{pwd.getpwuid(found.st_uid).pw_name}:{grp.getgrgid(found.st_gid).gr_name}"


@pytest.mark.parametrize(
    ("name", "what"),
    [("SQLITE_CANTOPEN", "Cannot open the database {}"), ("SQLITE_READONLY", "The database {} is not writable")],
)
def test_owner_and_mode_are_named(tmp_path, name, what):
    file = tmp_path / "directory.db"
    file.touch(0o600)
    tmp_path.chmod(0o2750)
    error = driver_errors.translate("sqlite", failure(name), str(file))
    assert error.message == (
        f"{what.format(file)}. The file is {owner(file)} 0600. The folder is {owner(tmp_path)} 2750."
    )


def test_whoever_has_no_name_here_is_numbered(tmp_path, monkeypatch):
    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(grp, "getgrgid", unknown)
    file = tmp_path / "directory.db"
    file.touch(0o640)
    error = driver_errors.translate("sqlite", failure("SQLITE_CANTOPEN"), str(file))
    assert f"The file is {os.geteuid()}:{os.getegid()} 0640." in error.message


def test_a_folder_that_nobody_may_look_into_does_not_hide_that_a_file_may_be_there(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *given, **named: False)
    error = driver_errors.translate("sqlite", failure("SQLITE_CANTOPEN"), str(tmp_path / "directory.db"))
    assert "The folder is" in error.message


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_FULL", errno.ENOSPC),
        ("SQLITE_IOERR_SHMSIZE", errno.ENOSPC),
        ("SQLITE_IOERR_FSYNC", errno.EIO),
        ("SQLITE_CORRUPT", None),
    ],
)
def test_what_keeps_a_copy_from_being_written_is_a_failure_of_its_disk(name, code):
    failure = sqlite3.OperationalError()
    failure.sqlite_errorname = name
    found = driver_errors.of_full_disk(failure, "one.backup")
    assert (found and (found.errno, found.filename)) == (code and (code, "one.backup"))


def test_a_database_of_another_encoding_is_told():
    error = driver_errors.translate("postgresql", psycopg.errors.UntranslatableCharacter(), "postgresql://db/authctl")
    assert error.message == "The database postgresql://db/authctl is not in UTF-8, so it cannot hold every character."
