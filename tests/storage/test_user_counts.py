"""The counter of users under the policy user-limit: what it holds is how many there are, whatever happens at once."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import sqlalchemy as sa
from doubles import processes
from doubles.given import Given

from authctl import storage
from authctl.core.accounts import records
from authctl.errors import AuthctlError, Conflict, Invalid
from authctl.model import NewUser
from authctl.storage.database import Database
from authctl.storage.tables import user_counts
from authctl.transfer import importing, journal
from authctl.transfer.records import Record

PASSWORD = "correct horse battery"
LIMIT = 1000


@pytest.fixture
def limited(directory):
    """A directory under a limit, with one user."""
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    directory.security.set("user-limit", LIMIT)
    return directory


def kept(directory):
    """What the counter says; None where none is kept."""
    return directory.database.read(
        lambda db: db.sqlalchemy.execute(sa.select(user_counts.c.users)).scalar_one_or_none()
    )


def is_exact(directory):
    return kept(directory) == directory.users.count()


def sign_up(directory, **fields):
    return directory.users.create(self_service=True, **fields)


def outcomes(*steps):
    """What each step comes to when all run at once: `done`, or the type of its error."""

    def run(step):
        try:
            step()
        except AuthctlError as error:
            return error.type
        return "done"

    with ThreadPoolExecutor(len(steps)) as threads:
        return Counter(threads.map(run, steps))


# As long as the policy is set


def test_a_count_is_kept_as_long_as_the_policy_is_set(directory):
    security = directory.security
    for number in range(3):
        directory.users.create(id=f"user{number}")
    assert kept(directory) is None
    for start, stop in (
        (lambda: security.set("user-limit", 5), lambda: security.reset(["user-limit"])),
        (lambda: security.set("user-limit", 5), lambda: security.set("user-limit", 0)),
        (lambda: security.apply({"user-limit": 5}), lambda: security.apply("recommended")),
        (lambda: security.apply({"user-limit": 5, "session-limit": 3}), lambda: security.reset(all=True)),
    ):
        start()
        assert kept(directory) == 3
        security.set("user-limit", 7)
        assert kept(directory) == 3
        stop()
        assert kept(directory) is None


def test_a_dry_run_of_the_policy_counts_nothing(directory):
    dry = directory.acting(directory.actor, dry_run=True)
    dry.security.set("user-limit", 5)
    assert kept(directory) is None
    directory.security.set("user-limit", 5)
    dry.security.reset(["user-limit"])
    assert kept(directory) == 0


def test_everybody_is_counted_where_the_count_was_lost(limited):
    limited.database.write(storage.user_counts.stop)
    sign_up(limited, id="bob")
    assert kept(limited) == 2


@pytest.mark.parametrize(("value", "count"), [("5", 1), ("0", None), (None, None)])
def test_the_schema_before_is_counted_when_it_is_migrated(directory, value, count):
    def make_older(db):
        storage.backups.clear(db)
        storage.schema.migrate(db, "0006")
        db.sqlalchemy.exec_driver_sql(
            "INSERT INTO users (id, name, email_verified, phone_verified, status, labels, prefs, metadata, mfa,"
            " password_must_change, password_self_service, created_at, updated_at)"
            " VALUES ('ada', '', false, false, 'active', '[]', '{}', '{}', false, false, false, 1, 1)"
        )
        if value is not None:
            db.sqlalchemy.exec_driver_sql(f"INSERT INTO policies (name, value) VALUES ('user-limit', '{value}')")
        storage.schema.migrate(db)

    directory.database.write(make_older)
    assert kept(directory) == count


# Each way that users come and go


def come(directory):
    """Each way that a user is made."""
    users, sessions, tokens, teams = directory.users, directory.sessions, directory.tokens, directory.teams
    teams.create("Maths", id="maths", owner="ada")
    yield lambda: users.create(id="bob", email="bob@example.com", if_absent=True)
    yield lambda: users.create(id="bob", email="bob@example.com", if_absent=True)
    yield lambda: sign_up(directory, email="cay@example.com", password=PASSWORD)
    yield sessions.create_anonymous
    yield lambda: sessions.create_with_identity("google", "1", email="dan@example.com", email_verified=True)
    yield lambda: sessions.create_with_identity("google", "1")
    yield lambda: tokens.create_email("eve@example.com", print_secret=True)
    yield lambda: tokens.create_phone("+14255550123", print_secret=True)
    yield lambda: teams.create_membership("maths", email="fay@example.com", invite=True, print_secret=True)
    yield lambda: teams.create_membership("maths", email="guy@example.com")


def test_however_users_come_and_go_they_are_counted(limited):
    for step in come(limited):
        step()
        assert is_exact(limited)
    assert limited.users.count() == 9
    for user in limited.users.list():
        limited.users.delete(user.id, force=True)
        assert is_exact(limited)
    assert kept(limited) == 0


def test_what_is_undone_is_not_counted(limited):
    dry = limited.acting(limited.actor, dry_run=True)
    dry.users.delete("ada")
    sign_up(dry, id="bob")
    with pytest.raises(Conflict):
        sign_up(limited, email="ada@example.com")
    with pytest.raises(ZeroDivisionError):
        limited.write(lambda work: storage.user_counts.add(work.db, 1)() / 0)
    with pytest.raises(AuthctlError):  # no mail server: the user that the message was for is taken back
        limited.tokens.create_email("cay@example.com")
    assert kept(limited) == limited.users.count() == 1


def test_an_import_and_its_undoing_are_counted(limited, tmp_path):
    file = tmp_path / "given"
    file.write_bytes(b"given")

    def take(directory, *ids):
        source = Given(*(Record(number, id, None, id=id) for number, id in enumerate(ids, 1)))
        return importing.import_users(directory, [str(file)], source=source, options=importing.Options())

    dry = limited.acting(limited.actor, dry_run=True)
    assert take(dry, "bob", "cay").counts["created"] == 2
    assert kept(limited) == 1
    made = take(limited, "bob", "cay", "ada", "bob", "dan")  # those that are there fail the batch at first
    assert made.counts["created"] == kept(limited) - 1 == 3
    assert journal.undo(limited, made.id).removed == 3
    assert kept(limited) == 1


# At once


def test_of_those_who_sign_up_at_once_as_many_get_in_as_there_is_room_for(limited):
    limited.security.set("user-limit", 5)
    steps = [lambda number=number: sign_up(limited, id=f"user{number}") for number in range(12)]
    assert outcomes(*steps, limited.sessions.create_anonymous) == {"done": 4, "user_count_exceeded": 9}
    assert kept(limited) == limited.users.count() == 5
    limited.users.delete("ada")
    assert sign_up(limited, id="bob")


def test_who_comes_last_is_refused_even_if_there_was_room_at_first(limited):
    limited.security.set("user-limit", 2)

    def sign_up_late(work):
        records.insert_new(work, NewUser(id="bob"))
        storage.user_counts.add(work.db, 1)  # as another does

    with pytest.raises(Invalid, match="limit of 2 accounts"):
        limited.write(sign_up_late)
    assert kept(limited) == limited.users.count() == 1


CHANGES = """
def run(directory, number):
    answers = []
    for turn in range(12):
        try:
            if number == 0:
                directory.security.set("user-limit", 1000 + turn % 3)
            elif number == 1:
                directory.security.set("user-limit", turn % 2 * 1000)
            elif number % 3 == 0:
                directory.users.create(id=f"u{number}x{turn}")
            elif number % 3 == 1:
                directory.users.create(id=f"u{number}x{turn}", self_service=True)
            else:
                directory.users.create(id=f"u{number}x{turn}", email=f"u{turn}@example.com")
                directory.users.delete(f"u{number}x{turn}")
        except AuthctlError as error:
            answers.append(error.type)
    return answers
"""


def test_processes_that_set_the_policy_make_users_and_delete_them_leave_an_exact_count(
    limited, database_url, home, clock
):
    answers = processes.at_once(home, database_url, clock, 9, CHANGES)
    assert {status for status, _ in answers} == {0}
    assert {error for _, errors in answers for error in errors} <= {"user_email_already_exists", "user_not_found"}
    limited.security.set("user-limit", LIMIT)
    assert kept(limited) == limited.users.count() == 1 + 4 * 12
    assert limited.security.reset(["user-limit"])
    assert kept(limited) is None


@pytest.fixture
def postgres_only(directory):
    if directory.database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")


def wait_for_a_lock(directory):
    """Wait until somebody waits for a lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    deadline = time.monotonic() + 20
    with closing(Database(directory.settings.database_url)) as other:
        while not other.read(lambda db: db.sqlalchemy.exec_driver_sql(waiting).scalar_one()):
            assert time.monotonic() < deadline


def test_who_is_making_a_user_when_the_policy_is_set_is_counted(directory, postgres_only):
    def create(work):
        storage.users.insert(work.db, NewUser(id="ada"), work.now)
        setting.start()
        wait_for_a_lock(directory)
        work.at_end(storage.user_counts.add, work.db, 1)

    setting = threading.Thread(target=directory.security.set, args=("user-limit", LIMIT))
    directory.write(create)
    setting.join()
    assert kept(directory) == 1


def test_who_makes_a_user_while_everybody_is_counted_is_added_and_others_do_not_wait(directory, postgres_only):
    directory.users.create(id="ada")

    def count(work):
        storage.user_counts.start(work.db)
        creating.start()
        wait_for_a_lock(directory)
        directory.users.update_name("ada", "Ada")

    creating = threading.Thread(target=directory.users.create, kwargs={"id": "bob"})
    directory.write(count)
    creating.join()
    assert kept(directory) == directory.users.count() == 2


def test_who_signs_up_while_the_policy_is_reset_gets_in(limited, postgres_only):
    limited.security.set("user-limit", 2)

    def sign_up_late(work):
        records.insert_new(work, NewUser(id="bob"))
        limited.security.reset(["user-limit"])

    limited.write(sign_up_late)
    assert (kept(limited), limited.users.count()) == (None, 2)
