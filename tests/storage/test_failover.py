"""Two servers, one of which streams from the other: who is connected goes on with the one that was promoted."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psycopg
import pytest
from conftest import CHEAP, home_in
from doubles.postgres import Postgres, Standby

from authctl.core.directory import opening
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError, Denied, Unavailable
from authctl.settings import load
from authctl.storage.database import Database

AT_ONCE = 4


class Cluster:
    """A primary, and standbys of it that become the next one."""

    def __init__(self, until_the_end, home):
        self.until_the_end = until_the_end
        self.home = home
        self.primary = until_the_end.enter_context(Postgres())
        directory = self.open(self.primary)
        setup.initialize(directory, self.settings(self.primary))
        directory.users.create(id="ada")

    def new_standby(self):
        return self.until_the_end.enter_context(Standby(self.primary))

    def settings(self, *servers):
        return load(self.home, options={"database_url": url_of(*servers)}, system_config=os.devnull)

    def open(self, *servers):
        settings = self.settings(*servers)
        directory = opening.open_directory(settings, Actor("tester@example.com"), hash_parameters=CHEAP)
        return self.until_the_end.enter_context(directory)


def url_of(*servers):
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"


def asked(server, *statements):
    with psycopg.connect(f"host=127.0.0.1 port={server.port} user=postgres", autocommit=True) as connection:
        return [connection.execute(statement).fetchone()[0] for statement in statements]


def catch_up(primary, standby):
    [position] = asked(primary, "SELECT pg_current_wal_lsn()")
    while asked(standby, f"SELECT pg_last_wal_replay_lsn() >= '{position}'") != [True]:
        pass


def make_read_only(server):
    with psycopg.connect(f"host=127.0.0.1 port={server.port} user=postgres", autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
        while connection.execute("SHOW default_transaction_read_only").fetchone() != ("on",):
            pass


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with ExitStack() as until_the_end:
        yield Cluster(until_the_end, home_in(tmp_path_factory.mktemp("failover")))


def connect_all(directory):
    """Have as many connections as threads use at once."""
    together = threading.Barrier(AT_ONCE)
    everybody(lambda number: directory.database.read(lambda db: (db.ping(), together.wait())))


def everybody(step):
    """What a step answers, or is refused with, in as many threads as there are connections, each with its number."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [*threads.map(lambda number: outcome(lambda: step(number)), range(AT_ONCE))]


def outcome(step):
    try:
        return step()
    except AuthctlError as error:
        return type(error)


def prepared(cluster, *servers):
    """A directory that has its connections, and the secret of a session of ada's."""
    directory = cluster.open(*servers)
    connect_all(directory)
    return directory, directory.users.create_session("ada").secret


def test_an_old_primary_that_is_still_up_is_not_asked_any_more(cluster):
    old, new = cluster.primary, cluster.new_standby()
    directory, secret = prepared(cluster, old, new)
    catch_up(old, new)
    make_read_only(old)
    new.promote()
    cluster.primary = new
    cluster.open(new).sessions.delete(secret)
    assert everybody(lambda number: directory.sessions.get(secret)) == [Denied] * AT_ONCE
    for turn in range(2):
        made = everybody(lambda number, turn=turn: directory.users.create(id=f"fenced-{turn}-{number}").id)
        assert made == [f"fenced-{turn}-{number}" for number in range(AT_ONCE)]
    assert cluster.open(new).users.get("fenced-1-0").id == "fenced-1-0"


def test_writes_that_a_read_only_server_refuses_go_to_the_new_one(cluster):
    old, new = cluster.primary, cluster.new_standby()
    directory, _ = prepared(cluster, old, new)
    catch_up(old, new)
    make_read_only(old)
    new.promote()
    cluster.primary = new
    made = everybody(lambda number: directory.users.create(id=f"refused-{number}").id)
    assert made == [f"refused-{number}" for number in range(AT_ONCE)]


def test_a_primary_that_crashed_is_replaced(cluster):
    old, new = cluster.primary, cluster.new_standby()
    directory, secret = prepared(cluster, old, new)
    catch_up(old, new)
    old.stop()
    assert everybody(lambda number: directory.users.create()) == [Unavailable] * AT_ONCE
    url = url_of(old, new).replace("postgres@", "postgres:hidden@")
    with closing(Database(url)) as database, pytest.raises(Unavailable) as refused:
        database.read(lambda db: db.ping())
    assert refused.value.message == f"No server of {url.replace('hidden', '***')} accepts writes."
    new.promote()
    cluster.primary = new
    assert everybody(lambda number: directory.sessions.get(secret).user.id) == ["ada"] * AT_ONCE
    made = everybody(lambda number: directory.users.create(id=f"crashed-{number}").id)
    assert made == [f"crashed-{number}" for number in range(AT_ONCE)]


def test_the_log_is_followed_on_the_primary_alone_and_across_a_promotion(cluster):
    old, new = cluster.primary, cluster.new_standby()
    directory = cluster.open(old, new)
    directory.users.create(id="before")
    following = directory.security.follow_logs(lambda: None, limit=1)
    assert next(following).resource == "users/before"
    following.close()
    catch_up(old, new)
    settings = load(cluster.home, options={"database_url": new.url(sslmode="disable")}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester@example.com")) as alone:
        with pytest.raises(Unavailable) as refused:
            next(alone.security.follow_logs(lambda: None))
        assert (refused.value.type, "is a standby" in refused.value.message) == ("database_read_only", True)
    old.stop()
    new.promote()
    cluster.primary = new
    directory.users.create(id="behind")
    assert next(directory.security.follow_logs(lambda: None, after=following.cursor)).resource == "users/behind"


def test_a_commit_that_no_standby_has_is_not_taken_for_done(cluster):
    """Whoever waits for one is cancelled by an administrator, and told by the server that it is committed."""
    directory = cluster.open(cluster.primary)
    made, is_last = [], threading.Event()

    def write():
        while not is_last.is_set():
            made.append(f"confirmed-{len(made)}")
            directory.users.create(id=made[-1])

    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with (
        psycopg.connect(f"host=127.0.0.1 port={cluster.primary.port} user=postgres", autocommit=True) as administrator,
        ThreadPoolExecutor(1) as threads,
    ):
        set_standbys(administrator, "missing")
        step = threads.submit(outcome, write)
        while not (found := administrator.execute(waiting).fetchone()):
            pass
        is_last.set()
        administrator.execute("SELECT pg_cancel_backend(%s)", found)
        assert step.result() is Unavailable
        set_standbys(administrator, "")
    assert directory.users.get(made[-1]).id == made[-1]
    assert directory.users.create(id="confirmed").id == "confirmed"


def set_standbys(administrator, names):
    administrator.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
    administrator.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("step", ["write", "read", "stream"])
def test_after_a_restart_no_call_fails(cluster, step):
    directory, secret = prepared(cluster, cluster.primary)
    cluster.primary.restart()
    steps = {
        "write": lambda number: directory.users.update_name("ada", f"Ada {number}").id,
        "read": lambda number: directory.sessions.get(secret).user.id,
        "stream": lambda number: next(user.id for user in directory.users.iterate() if user.id == "ada"),
    }
    assert everybody(steps[step]) == ["ada"] * AT_ONCE
