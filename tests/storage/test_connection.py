"""The light connection over the drivers: what it sends, undoes and refuses, on both databases."""

import select
import threading
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from authctl import storage
from authctl.errors import Conflict, Unavailable
from authctl.model import NewUser
from authctl.storage import compiled
from authctl.storage.database import Database, Pool
from authctl.storage.tables import policies, users


def put(db, name, value=1):
    db.run(compiled.POLICIES_PUT, {"name": name, "value": value})


def names(db):
    return sorted(row.name for row in db.rows(compiled.POLICIES_READ, {}))


def test_what_sqlalchemy_does_is_in_the_same_transaction(directory):
    def step(db):
        put(db, "one")
        db.sqlalchemy.execute(policies.insert().values(name="two", value=2))
        put(db, "three")
        assert names(db) == ["one", "three", "two"]
        raise KeyError

    with pytest.raises(KeyError):
        directory.database.write(step)
    assert directory.database.read(names) == []


@pytest.mark.parametrize("is_ahead", [False, True], ids=["waited for", "sent ahead"])
def test_a_violation_is_told_as_whoever_stored_the_row_said(directory, is_ahead):
    directory.users.create(id="ada", email="ada@example.com")

    def step(work):
        with ExitStack() as ahead:
            if is_ahead:
                ahead.enter_context(work.db.ahead())
            work.db.on_violation(lambda constraint: Conflict("team_already_exists", constraint))
            work.db.run(compiled.USERS_INSERT_ADDRESS, {"address": "ada@example.com", "user_seq": 1})
        put(work.db, "lost")

    with pytest.raises(Conflict) as refused:
        directory.write(step)
    assert refused.value.type == "team_already_exists"
    assert refused.value.message in ("addresses_pkey.", "addresses_address_key.")
    assert directory.database.read(names) == []


def test_a_violation_that_nobody_foresaw_is_no_conflict_and_shows_no_value(directory):
    directory.users.create(id="ada", email="hidden@example.com")
    values = {"address": "hidden@example.com", "user_seq": 1}
    with pytest.raises(Unavailable) as failed:
        directory.database.write(lambda db: db.run(compiled.USERS_INSERT_ADDRESS, values))
    assert "hidden" not in str(failed.value)


def undone(db):
    with db.savepoint():
        put(db, "undone")
        raise KeyError


def test_a_step_is_undone_alone(directory):
    def step(db):
        put(db, "before")
        with pytest.raises(KeyError):
            undone(db)
        with db.savepoint():
            put(db, "kept")

    directory.database.write(step)
    assert directory.database.read(names) == ["before", "kept"]


@pytest.mark.parametrize("is_told", [False, True])
def test_a_step_whose_violation_was_sent_ahead_is_undone_alone(directory, is_told):
    """is_told: the answer comes before it is asked for, as from a server that is quick."""
    directory.users.create(id="ada", email="ada@example.com")

    def twice(db):
        with db.savepoint():
            with db.ahead():
                put(db, "undone")
                db.run(compiled.USERS_INSERT_ADDRESS, {"address": "ada@example.com", "user_seq": 1})
            if is_told:
                assert db.dialect.name == "sqlite" or select.select([db.driver.fileno()], [], [], 60)[0]
                put(db, "undone as well")

    def step(db):
        put(db, "before")
        with pytest.raises(db.dialect.Violation):
            twice(db)
        put(db, "after")

    directory.database.write(step)
    assert directory.database.read(names) == ["after", "before"]


def test_nothing_is_asked_after_the_end(directory):
    def step(db):
        db.end_with_next()
        assert names(db) == []
        with pytest.raises(AssertionError, match="the transaction has ended"):
            names(db)

    if directory.database.dialect == "postgresql":
        directory.database.read(step)
    assert directory.database.read(names) == []


def test_a_refusal_before_the_last_statement_leaves_the_connection_in_order(directory):
    def step(db):
        db.end_with_next()
        raise KeyError

    with pytest.raises(KeyError):
        directory.database.read(step)
    directory.database.write(lambda db: put(db, "later"))
    assert directory.database.read(names) == ["later"]


def test_an_interruption_within_sqlalchemy_costs_its_own_step_alone(directory):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    def step(work):
        storage.users.insert(work.db, NewUser(id="ada"), work.now)
        sa.event.listen(work.db.sqlalchemy, "before_cursor_execute", interrupt)
        work.db.sqlalchemy.execute(sa.select(policies))

    with pytest.raises(KeyboardInterrupt):
        directory.write(step)
    assert directory.users.count() == 0
    assert directory.users.create(id="ada").id == "ada"


def test_a_stream_that_is_broken_off_ends_with_its_transaction(directory, caplog):
    """And not when whoever knows of the failure lets go of it: the connection may be closed by then."""
    for number in range(3):
        directory.users.create(id=f"user{number}")
    kept = []

    def step(db):
        kept.append(db.stream(sa.select(users.c.id), size=1))
        next(kept[0])
        raise KeyError

    with pytest.raises(KeyError):
        directory.database.read(step)
    directory.database.close()
    kept[0].close()
    assert caplog.records == []


@pytest.mark.parametrize("isolation", ["serializable", "repeatable read"])
def test_what_the_database_takes_for_its_default_is_not_taken(postgres_url, isolation):
    url = f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-c%20default_transaction_isolation%3D"
    database = Database(url + isolation.replace(" ", "\\%20"))

    def asked(db):
        shown = ("transaction_isolation", "lock_timeout", "statement_timeout")
        return [db.driver.execute(f"SHOW {name}").fetchone()[0] for name in shown]

    assert database.read(asked) == database.write(asked) == ["read committed", "30s", "1min"]
    assert database.write(lambda db: db.driver.execute("SHOW default_transaction_isolation").fetchone()) == (isolation,)
    database.close()


def test_a_server_that_is_gone_without_a_word_is_noticed(postgres_url):
    database = Database(postgres_url)
    parameters = database.read(lambda db: db.driver.info.get_parameters())
    database.close()
    wanted = {
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
        "tcp_user_timeout": "60000",
    }
    assert wanted.items() <= parameters.items()


def test_threads_beyond_the_pool_are_told_so(directory, settings):
    database = Database(settings.database_url, pool=Pool(size=1, overflow=1, timeout=0))
    entered, leave = threading.Barrier(4), threading.Event()

    def hold(db):
        entered.wait()
        leave.wait()

    holders = [threading.Thread(target=database.read, args=(hold,)) for _ in range(3)]
    for holder in holders:
        holder.start()
    entered.wait()
    with pytest.raises(Unavailable) as refused:
        database.read(names)
    leave.set()
    for holder in holders:
        holder.join()
    assert refused.value.message == "Every connection to the database is in use."
    assert database.read(names) == []
    database.close()
