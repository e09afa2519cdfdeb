"""The open directory: who acts in it, what a unit of work gives back, and what it shows of itself."""

import gc
import os
import threading

import pytest

from authctl.core.directory import opening
from authctl.core.work.unit import Actor
from authctl.errors import NotFound, Unavailable
from authctl.settings import load


def test_acting_is_for_another_and_leaves_this_as_it_is(directory):
    other = directory.acting(Actor("other@example.com"))
    other.users.create(id="ada")
    directory.users.update_name("ada", "Ada")
    assert [event.actor for event in directory.users.list_logs("ada")] == ["tester@example.com", "other@example.com"]
    assert (other.dry_run, directory.dry_run) == (False, False)
    assert other.database is directory.database


def test_a_dry_run_beside_the_directory_does_not_make_it_one(directory):
    dry = directory.acting(directory.actor, dry_run=True)
    dry.users.create(id="ada")
    directory.users.create(id="bob")
    assert [user.id for user in directory.users.list()] == ["bob"]
    assert [change.resource for change in dry.changes] == ["users/ada"]


def test_a_unit_of_work_gives_back_what_its_step_does(directory):
    assert directory.write(lambda work, *, word: (work.actor.name, word), word="x") == ("tester@example.com", "x")
    assert directory.read(lambda work, word: word, "y") == "y"


def test_a_read_writes_nothing(directory):
    directory.users.create(id="ada")
    seen = directory.read(lambda work: [work.changes, work.actor.name])
    assert seen == [[], "tester@example.com"]
    assert len(directory.users.list_logs("ada")) == 1


def test_a_dry_run_that_is_run_again_tells_its_changes_once(directory):
    if directory.database.dialect != "postgresql":
        pytest.skip("SQLite's writers wait for each other, and are never given up")
    runs = []

    def step(work):
        runs.append(work)
        work.changed("users/ada", None, {"run": len(runs)})
        if len(runs) < 3:
            work.db.sqlalchemy.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40P01'; END $$")

    dry = directory.acting(directory.actor, dry_run=True)
    dry.write(step)
    assert [change.after for change in dry.changes] == [{"run": 3}]


def test_a_stream_that_is_dropped_holds_nothing(directory):
    for number in range(30):
        directory.users.create(id=f"u{number}")
    for _ in range(40):  # more than there are connections
        stream = directory.users.iterate()
        next(stream)
        stream.close()
    directory.users.delete("u0")
    assert directory.users.count() == 29


def test_the_log_that_is_dropped_midway_holds_nothing(directory):
    directory.users.create(id="ada")
    directory.users.create(id="bob")
    for stream in (directory.security.iterate_logs(), directory.security.follow_logs(lambda: None)):
        next(stream)
        stream.close()
        del stream
        gc.collect()  # a cursor that is open is warned of, which is an error here


def test_a_stream_shows_one_moment(directory):
    for number in range(30):
        directory.users.create(id=f"u{number}")
    stream = directory.users.iterate(sort="created_at")
    first = next(stream)
    directory.users.create(id="later")
    directory.users.delete("u29")
    seen = [first.id, *(user.id for user in stream)]
    assert seen == [f"u{number}" for number in range(30)]


def test_writing_while_reading_a_stream(directory):
    for number in range(10):
        directory.users.create(id=f"u{number}")
    for user in directory.users.iterate():
        directory.users.delete(user.id)
    assert directory.users.count() == 0


def test_threads_that_first_use_it_at_once_agree(settings, directory):
    with opening.open_directory(settings, Actor("tester@example.com")) as fresh:
        starting = threading.Barrier(16)
        found = []

        def first_use():
            starting.wait(20)
            with pytest.raises(NotFound):
                fresh.users.delete("nobody")
            found.append(fresh.key)

        threads = [threading.Thread(target=first_use) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [directory.key] * 16


def test_nothing_of_it_shows_a_secret(home):
    url = "postgresql://ada:hidden-value@127.0.0.1:1/directory?sslpassword=hidden-value"
    settings = load(home, options={"database_url": url}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester@example.com")) as directory:
        with pytest.raises(Unavailable) as refused:
            directory.users.count()
        assert (
            "hidden-value" not in f"{directory!r} {refused.value} {refused.value.hint} {directory.database.describe()}"
        )
