"""Imports that meet others at work: who deletes a user meanwhile, and who waits for what the import has."""

import io
import json
import time
from contextlib import suppress
from threading import Thread

import psycopg
import pytest
from doubles.given import Given

from authctl import storage
from authctl.transfer import importing
from authctl.transfer.journal import Imports
from authctl.transfer.records import Record


class Meanwhile(list):
    """Keys of a batch; before they are asked for, something happens."""

    def __init__(self, happens):
        self.happens = happens

    def __len__(self):
        self.happens()
        return 0


def test_a_user_who_is_deleted_between_two_questions_is_gone(directory, opened, database_url):
    directory.users.create(id="ada", email="ada@example.com", phone="+442079460123", username="ada")
    directory.users.create(id="bob")
    other, deleted = opened({}), []

    def delete():
        if not deleted and database_url.startswith("postgresql"):
            deleted.append(other.users.delete("ada"))

    def find(work):
        keys = storage.imports.Keys(
            ["ada", "bob"], ["ada"], ["ada"], ["ada@example.com"], ["+442079460123"], Meanwhile(delete)
        )
        return storage.imports.find_owners(work.db, keys)

    owners = directory.read(find)
    found = set().union(*(each.values() for each in (owners.ids, owners.names, owners.emails, owners.phones)))
    assert found == owners.users.keys()
    assert {user.id for user in owners.users.values()} == ({"bob"} if deleted else {"ada", "bob"})


def test_two_that_wait_for_each_other_end_in_a_retry(directory, database_url, tmp_path):
    """Another process takes one name and then waits for the import's, which waits for that one."""
    if not database_url.startswith("postgresql"):
        pytest.skip("on SQLite writers exclude each other")
    directory.users.create(id="owner")
    (tmp_path / "given").write_text("given")
    given = Given(Record(1, "x", None, id="x"), Record(2, "y", None, id="y"))
    done = []

    def run():
        done.append(importing.import_users(directory, [str(tmp_path / "given")], source=given).counts)

    take = "INSERT INTO user_names (name, user_seq) SELECT %s, seq FROM users WHERE id = 'owner'"
    with psycopg.connect(database_url) as other, psycopg.connect(database_url, autocommit=True) as watching:
        other.execute(take, ("y",))
        importer = Thread(target=run)
        importer.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        until = time.monotonic() + 60
        while not watching.execute(waiting).fetchone()[0] and time.monotonic() < until:
            pass
        with suppress(psycopg.errors.DeadlockDetected):  # the server chooses either
            other.execute(take, ("x",))
        other.rollback()
        importer.join()
    assert done[0]["created"] == 2


class Killed(BaseException):
    pass


def test_an_import_that_is_killed_before_it_answers_answers_when_it_is_run_again(directory, tmp_path):
    file, report = tmp_path / "given", tmp_path / "report"
    file.write_text("given")
    given = Given(Record(1, "x", None, id="x"), Record(2, "y", None, id="y"))
    options = {"source": given, "report": str(report)}

    def kill(journal):
        raise Killed

    with pytest.raises(Killed):
        importing.import_users(directory, [str(file)], answer=kill, **options)
    answers = []
    journal = importing.import_users(directory, [str(file)], answer=answers.append, **options)
    assert answers == [journal]
    assert (journal.counts["created"], journal.counts["skipped"], str(journal.status)) == (2, 0, "finished")
    (listed,) = Imports(directory).list()
    assert listed == journal
    report.unlink()
    assert importing.import_users(directory, [str(file)], **options).counts["skipped"] == 2


def test_the_command_answers_before_the_import_counts_as_finished(directory, authctl, database_url, tmp_path):
    class Gone(io.StringIO):
        def write(self, text):
            raise KeyboardInterrupt

    file = tmp_path / "users.csv"
    file.write_text("id,email\nx,x@example.com\n")
    file.chmod(0o600)
    env = {"AUTHCTL_DATABASE_URL": database_url}
    line = f"users import {file} --from csv -o json"
    assert authctl(line, env=env, stdout=Gone()).status == 130
    ran = authctl(line, env=env)
    assert (ran.status, json.loads(ran.stdout)["created"]) == (0, 1)
