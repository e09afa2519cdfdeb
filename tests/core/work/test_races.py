"""Many at once, in processes and threads of their own, on both databases: no lost update, no duplicate."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles import processes

from authctl.errors import Conflict, NotFound

# What each process runs; it is an actor of its own.
RUN = """
from dataclasses import replace

from authctl import storage
from authctl.core.work.unit import Actor

def run(directory, number):
    return step(directory.acting(Actor(f"process{number}@example.com")), number)
"""

CREATE = """
def step(directory, number):
    try:
        return directory.users.create(email="ada@example.com", name=f"Process {number}").name
    except AuthctlError as error:
        return [error.type, int(error.status)]
"""

COUNT = """
def step(directory, number):
    for turn in range(200):
        directory.write(add_one)

def add_one(work):
    before = storage.users.find(work.db, "id", "shared", lock=True)
    storage.users.update(work.db, before, replace(before, prefs={"count": before.prefs["count"] + 1}))
"""

MERGE = """
def step(directory, number):
    for turn in range(50):
        directory.users.update_prefs("shared", {f"{number}.{turn}": turn}, merge=True)
        directory.users.update_labels("shared", add=[f"p{number}t{turn}"])
"""


@pytest.fixture
def at_once(directory, database_url, home, clock):
    """Runs a step in processes that begin together; what each answered."""

    def run(step, count):
        answers = processes.at_once(home, database_url, clock, count, RUN + step)
        assert [status for status, _ in answers] == [0] * count
        return [answer for _, answer in answers]

    return run


def test_of_eight_that_create_one_email_one_succeeds(at_once, directory):
    answers = at_once(CREATE, 8)
    refused = [answer for answer in answers if answer == ["user_email_already_exists", 5]]
    assert (len(answers), len(refused)) == (8, 7)
    assert directory.users.get("ada@example.com").name in answers
    assert directory.users.count() == directory.users.count(search="ada@example.com") == 1


def test_of_800_reads_before_writes_none_is_lost(at_once, directory):
    directory.users.create(id="shared", prefs={"count": 0})
    at_once(COUNT, 4)
    assert directory.users.get_prefs("shared") == {"count": 800}


def test_merges_of_many_all_stand(at_once, directory):
    directory.users.create(id="shared")
    at_once(MERGE, 4)
    user = directory.users.get("shared")
    assert user.prefs == {f"{number}.{turn}": turn for number in range(4) for turn in range(50)}
    assert set(user.labels) == {f"p{number}t{turn}" for number in range(4) for turn in range(50)}
    events = Counter(event.actor for event in directory.users.list_logs("shared", limit=1000))
    assert events == {"tester@example.com": 1} | {f"process{number}@example.com": 100 for number in range(4)}


# Threads


def outcomes(steps):
    """What each step comes to when all run at once: its value, or its error."""
    with ThreadPoolExecutor(len(steps)) as threads:
        running = [threads.submit(step) for step in steps]
    return [future.exception() or future.result() for future in running]


@pytest.mark.parametrize("turn", range(5))
def test_an_update_and_a_delete_at_once_leave_all_or_nothing(directory, turn):
    directory.users.create(id="ada", email="ada@example.com", name="Ada")
    updated, deleted = outcomes(
        [
            lambda: directory.users.update_email("ada", "countess@example.com"),
            lambda: directory.users.delete("ada"),
        ]
    )
    assert deleted.id == "ada"
    assert isinstance(updated, NotFound) or updated.email == "countess@example.com"
    assert (directory.users.count(), directory.users.list(search="ada"), directory.users.list(search="countess")) == (
        0,
        [],
        [],
    )
    directory.users.create(email="countess@example.com")
    directory.users.create(email="ada@example.com")


def test_of_many_deletes_one_succeeds(directory):
    directory.users.create(id="ada")
    ended = outcomes([lambda: directory.users.delete("ada")] * 8)
    assert sorted(type(end).__name__ for end in ended) == ["NotFound"] * 7 + ["User"]
    assert [event.name for event in directory.users.list_logs("ada")] == ["users.delete", "users.create"]


def test_two_that_swap_emails_never_share_one(directory):
    directory.users.create(id="ada", email="ada@example.com")
    directory.users.create(id="bob", email="bob@example.com")
    ended = outcomes(
        [
            lambda: directory.users.update_email("ada", "bob@example.com"),
            lambda: directory.users.update_email("bob", "ada@example.com"),
        ]
    )
    assert [type(end) for end in ended] == [Conflict, Conflict]
    assert (directory.users.get("ada").email, directory.users.get("bob").email) == (
        "ada@example.com",
        "bob@example.com",
    )


def test_of_many_that_take_one_username_one_succeeds(directory):
    for number in range(8):
        directory.users.create(id=f"u{number}")
    ended = outcomes(
        [lambda number=number: directory.users.update_username(f"u{number}", "ÄDA"[:3]) for number in range(8)]
    )
    assert Counter(type(end).__name__ for end in ended) == {"User": 1, "Conflict": 7}
    assert directory.users.get("äda").username == "ÄDA"
