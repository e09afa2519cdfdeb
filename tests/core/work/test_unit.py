"""Units of work: everything lands together or not at all, whatever happens in the middle."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from authctl import storage
from authctl.core.hashing import Parameters
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError
from authctl.model import EventName
from authctl.settings import load

CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def dump(database_url):
    """Everything that is in the database, the search index too, as text."""

    def read():
        if database_url.startswith("sqlite"):
            tables = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%' ORDER BY 1"
            with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
                return [
                    (name, connection.execute(f"SELECT * FROM '{name}' ORDER BY 1").fetchall())
                    for (name,) in connection.execute(tables).fetchall()
                ]
        with psycopg.connect(database_url) as connection:
            tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            return [
                (name, connection.execute(f"SELECT t::text FROM {name} t ORDER BY 1").fetchall())
                for (name,) in connection.execute(tables).fetchall()
            ]

    return read


@pytest.fixture
def ada(directory):
    return directory.users.create(id="ada", username="ada", email="ada@example.com", phone="+447911123456", name="Ada")


def every_write(users):
    yield lambda: users.create(id="bob", name="Bob", email="bob@example.com", password="correct horse battery")
    yield lambda: users.update_name("ada", "Countess")
    yield lambda: users.update_username("ada", "countess")
    yield lambda: users.update_locale("ada", "de")
    yield lambda: users.update_email("ada", "countess@example.com")
    yield lambda: users.update_phone("ada", "+447911123457")
    yield lambda: users.update_email_verification("ada", True)
    yield lambda: users.update_phone_verification("ada", True)
    yield lambda: users.update_labels("ada", ["staff"])
    yield lambda: users.update_prefs("ada", {"theme": "dark"})
    yield lambda: users.update_metadata("ada", {"crm": 7})
    yield lambda: users.update_status("ada", "blocked")
    yield lambda: users.update_password("ada", "correct horse battery")
    yield lambda: users.delete("ada")


def test_a_dry_run_changes_nothing(directory, ada, dump):
    before = dump()
    dry = directory.acting(directory.actor, dry_run=True)
    for step in every_write(dry.users):
        step()
        assert dump() == before
    resources = [change.resource for change in dry.changes]
    assert resources == ["users/bob"] + ["users/ada"] * 13
    assert (dry.changes[0].before, dry.changes[-1].after) == (None, None)
    assert (dry.changes[1].before["name"], dry.changes[1].after["name"]) == ("Ada", "Countess")
    assert directory.changes == []


def test_a_dry_run_is_refused_what_would_be_refused(directory, ada):
    dry = directory.acting(directory.actor, dry_run=True)
    with pytest.raises(AuthctlError) as refused:
        dry.users.create(email="ada@example.com")
    assert refused.value.type == "user_email_already_exists"
    assert dry.changes == []


def test_what_raises_leaves_nothing(directory, ada, dump):
    before = dump()

    def all_of_it(work):
        grace = replace(ada, id="grace", username="grace", email="grace@example.com", phone=None, name="Grace")
        storage.users.insert(work.db, grace, work.now)
        storage.users.update(work.db, ada, replace(ada, email="countess@example.com", name="Countess"))
        work.record(EventName.USERS_CREATE, "users/grace", {}, user_id="grace")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        directory.write(all_of_it)
    assert dump() == before
    assert directory.users.list(search="grace") == directory.users.list(search="countess") == []
    assert [user.id for user in directory.users.list(search="ada")] == ["ada"]


def test_a_refused_change_leaves_no_event(directory, ada, dump):
    directory.users.create(id="bob", email="bob@example.com")
    before = dump()
    for step in (
        lambda: directory.users.update_email("ada", "bob@example.com"),
        lambda: directory.users.create(id="ada"),
        lambda: directory.users.delete("nobody"),
        lambda: directory.users.update_labels("ada", ["not a label"]),
    ):
        with pytest.raises(AuthctlError):
            step()
        assert dump() == before


def test_each_change_writes_one_event(directory, ada):
    for step in every_write(directory.users):
        step()
    names = [event.name for event in directory.users.list_logs("ada", limit=100)]
    assert names[::-1] == [
        "users.create",
        "users.update.name",
        "users.update.username",
        "users.update.locale",
        "users.update.email",
        "users.update.phone",
        "users.update.email_verification",
        "users.update.phone_verification",
        "users.update.labels",
        "users.update.prefs",
        "users.update.metadata",
        "users.update.status",
        "users.update.password",
        "users.delete",
    ]


def test_an_event_says_who_and_why_and_when(directory, clock):
    actor = Actor("ci@example.com", os_user="runner", ip="203.0.113.7", reason="ticket 12; DROP TABLE users")
    directory.acting(actor).users.create(id="ada", name="Ada")
    (event,) = directory.users.list_logs("ada")
    assert (event.actor, event.os_user, event.ip, event.reason) == (
        "ci@example.com",
        "runner",
        "203.0.113.7",
        "ticket 12; DROP TABLE users",
    )
    assert (event.name, event.resource, event.time) == ("users.create", "users/ada", clock())


def test_events_hold_no_secret(directory, dump):
    directory.users.create(id="ada", prefs={"token": "hidden-pref"}, metadata={"note": "hidden-note"})
    directory.users.update_password("ada", "hidden-password")
    directory.users.update_prefs("ada", {"token": "hidden-pref-2"})
    directory.users.update_metadata("ada", {"note": "hidden-note-2"})
    directory.users.verify_password("ada", "hidden-wrong-password")
    for event in directory.users.list_logs("ada"):
        assert "hidden" not in str(event.public())
    assert "hidden-password" not in str(dump())


def test_the_time_of_a_unit_of_work_is_one(directory, clock):
    clock.now += timedelta(microseconds=999)
    user = directory.users.create(id="ada")
    (event,) = directory.users.list_logs("ada")
    assert user.created_at == user.updated_at == event.time == directory.users.get("ada").created_at
    assert user.created_at.microsecond % 1000 == 0


def test_the_actor_is_the_systems_user_where_nobody_is_named(home):
    del home["AUTHCTL_ACTOR"]
    settings = load(home, options={}, system_config=os.devnull)
    actor = Actor.of(settings, os_user=lambda: "ada", host=lambda: "engine")
    assert (actor.name, actor.os_user) == ("ada@engine", None)
    named = load(home | {"AUTHCTL_ACTOR": "ci"}, options={}, system_config=os.devnull)
    actor = Actor.of(named, os_user=lambda: "ada", host=lambda: "engine", reason="why", ip="203.0.113.7")
    assert (actor.name, actor.os_user, actor.reason, actor.ip) == ("ci", "ada", "why", "203.0.113.7")


# Killed

STOP_INSIDE = """
import sys, authctl
from authctl.core.accounts import records
from authctl.core.users import changes
with authctl.open(sys.argv[1]) as directory:
    def step(work):
        changes.update_username(work, "ada", "countess")
        changes.update_name(work, "ada", "Countess")
        records.delete(work, "bob")
        print("inside", flush=True)
        sys.stdin.read()
    directory.write(step)
"""

CREATE_FOR_EVER = """
import itertools, sys, authctl
with authctl.open(sys.argv[1]) as directory:
    for number in itertools.count():
        user = directory.users.create(email=f"user{number}@example.com", name="Word")
        directory.users.update_email(user.id, f"user{number}@example.org")
        print(user.id, flush=True)
"""


@pytest.fixture
def started(database_url, home):
    """Starts a script on the database, in a process of its own."""
    processes = []

    def start(script):
        process = subprocess.Popen(
            [sys.executable, "-c", script, database_url],
            env={**os.environ, **home},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_killed_inside_a_unit_of_work_nothing_has_happened(directory, ada, started):
    directory.users.create(id="bob", name="Bob")
    process = started(STOP_INSIDE)
    assert process.stdout.readline() == "inside\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert directory.users.update_name("bob", "Robert").name == "Robert"  # nobody holds a lock
    assert directory.users.get("ada") == ada
    assert [user.id for user in directory.users.list(search="ada")] == ["ada"]
    assert directory.users.list(search="countess") == []
    assert [event.name for event in directory.users.list_logs("ada")] == ["users.create"]


def test_killed_at_any_moment_every_unit_of_work_is_whole(directory, started):
    process = started(CREATE_FOR_EVER)
    done = [process.stdout.readline().strip() for _ in range(40)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    users = list(directory.users.iterate())
    assert set(done) <= {user.id for user in users}
    for user in users:
        names = [event.name for event in directory.users.list_logs(user.id)]
        moved = user.email.endswith(".org")
        assert names == (["users.update.email"] if moved else []) + ["users.create"]
        assert directory.users.get(user.email) == user
        assert directory.users.list(search=user.email) == [user]
    assert directory.users.count(search="word") == len(users)
    addresses = "SELECT count(*) FROM addresses"
    assert directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(addresses).scalar_one()) == len(users)
