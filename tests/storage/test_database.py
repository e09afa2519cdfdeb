"""Databases that fail, each in its own way: the right error, without secrets, and nothing lost."""

import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from conftest import CHEAP, copy_file
from doubles import people
from doubles.disks import small_disk
from doubles.postgres import Pooler, Postgres
from sqlalchemy.exc import IntegrityError

from authctl import storage
from authctl.core.directory import opening
from authctl.core.maintenance import backup, key_files, setup
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError, Conflict, Unavailable
from authctl.settings import load
from authctl.storage import bulk, driver_errors, postgres
from authctl.storage.database import ATTEMPTS, Database
from authctl.transfer.exporting import Exports

PASSWORD = "correct horse battery"
MARK = "hidden-value-7c1f"  # stands in every secret and every value that no error may show


def refusal(step):
    """The error that a step ends with, in which no marked value is."""
    with pytest.raises(AuthctlError) as refused:
        step()
    return refusal_of(refused.value)


def refusal_of(error):
    assert MARK not in "".join(traceback.format_exception(error)) + f"{error.message} {error.hint}"
    for word in ("psycopg", "sqlalchemy", "sqlite3."):
        assert word not in error.message
    return error


@pytest.fixture
def reopened(home):
    """Opens the directory of a URL, with settings of the test's own in the environment; it is closed afterwards."""

    def open_it(url, **variables):
        settings = load(home | variables, options={"database_url": url}, system_config=os.devnull)
        return directories.enter_context(
            opening.open_directory(settings, Actor("tester@example.com"), hash_parameters=CHEAP)
        )

    with ExitStack() as directories:
        yield open_it


# SQLite


@pytest.fixture
def file(tmp_path, home, ready_file):
    """An SQLite directory with one user in it, closed; the path."""
    path = tmp_path / "authctl.db"
    settings = load(home, options={"database_url": f"sqlite:///{path}"}, system_config=os.devnull)
    made_once, ready = ready_file
    copy_file(made_once, settings.database_url)
    key_files.keep_key(settings, ready.key)
    with opening.open_directory(settings, Actor("tester@example.com")) as directory:
        directory.users.create(id="ada", name="Ada", email="ada@example.com")
    return path


@pytest.fixture
def opened(file, reopened):
    with reopened(f"sqlite:///{file}", AUTHCTL_DATABASE_LOCK_TIMEOUT="0.05") as directory:
        yield directory


def is_intact(file):
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_missing_file_is_told_and_not_made(tmp_path, reopened):
    error = refusal(lambda: reopened(f"sqlite:///{tmp_path}/none/authctl.db").users.count())
    assert (error.type, error.status) == ("database_unavailable", 7)
    assert "There is no database at" in error.message
    assert "authctl init" in error.hint
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["with space.db", "per%20cent.db", "que'ry#1.db", "Grüße-😀.db"])
def test_any_path_is_taken_as_it_is(tmp_path, home, name):
    settings = load(home, options={"database_url": f"sqlite:///{tmp_path}/{name}"}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester@example.com")) as directory:
        setup.initialize(directory, settings)
        assert directory.users.count() == 0
    assert {path.name for path in tmp_path.iterdir()} == {"home", name}


def test_writers_of_another_program_are_waited_for_no_longer_than_said(opened, file):
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        error = refusal(lambda: opened.users.create(name=MARK))
        assert (error.type, error.status) == ("database_locked", 7)
        assert opened.users.get("ada").name == "Ada"  # readers go on
    opened.users.create(name="Grace")
    assert opened.users.count() == 2


def test_a_folder_is_no_database(tmp_path, reopened):
    assert refusal(lambda: reopened(f"sqlite:///{tmp_path}").users.count()).type == "database_unavailable"


def test_a_text_file_is_no_database(tmp_path, home, reopened):
    text = tmp_path / "notes.txt"
    text.write_text("This is my diary, and not a database. " * 40)
    before = text.read_bytes()
    directory = reopened(f"sqlite:///{text}")
    assert refusal(lambda: directory.users.count()).type == "database_foreign"
    settings = load(home, options={"database_url": f"sqlite:///{text}"}, system_config=os.devnull)
    assert refusal(lambda: setup.initialize(directory, settings)).type == "database_foreign"
    assert text.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE users (id INTEGER, name TEXT)",
        "CREATE TABLE alembic_version (version_num TEXT)",
        "CREATE TABLE notes (text TEXT)",
        "PRAGMA application_id = 1234",
        "CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE directory (name TEXT, value TEXT)",
        "CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE directory (path TEXT)",
    ],
)
def test_another_programs_file_is_told_and_not_touched(tmp_path, home, statement):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.executescript(statement)
    before = path.read_bytes()
    settings = load(home, options={"database_url": f"sqlite:///{path}"}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester@example.com")) as directory:
        assert refusal(lambda: directory.users.count()).type == "database_foreign"
        assert refusal(lambda: directory.users.create(name=MARK)).type == "database_foreign"
        assert refusal(lambda: setup.initialize(directory, settings)).type == "database_foreign"
        assert refusal(lambda: setup.upgrade(directory)).type == "database_foreign"
    assert path.read_bytes() == before


def test_an_empty_file_is_a_database_without_a_directory(tmp_path, reopened):
    (tmp_path / "empty.db").touch()
    error = refusal(lambda: reopened(f"sqlite:///{tmp_path}/empty.db").users.count())
    assert (error.type, error.hint) == ("database_not_initialized", "Create one with: authctl init")


def test_a_damaged_file_is_told(opened, file):
    for number in range(200):
        opened.users.create(name=f"User {number}", metadata={"text": "x" * 500})
    opened.close()
    content = bytearray(file.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    file.write_bytes(content)
    assert refusal(lambda: list(opened.users.iterate())).type == "database_damaged"


def test_half_a_file_is_told(opened, file):
    for number in range(50):
        opened.users.create(name=f"User {number}", metadata={"text": "x" * 2000})
    opened.close()
    os.truncate(file, file.stat().st_size // 2)
    assert refusal(lambda: list(opened.users.iterate())).type == "database_damaged"


def fill(directory):
    """Make users until there is no space, the error, and how many there are."""
    made = directory.users.count()
    while made < 10_000:
        try:
            directory.users.create(name=MARK, metadata={"text": "x" * 5000})
        except Unavailable as error:
            return refusal_of(error), made
        made += 1
    raise AssertionError("there was space for everybody")


def test_a_full_database_is_told_and_nothing_lost(opened, file):
    opened.database.read(lambda db: db.sqlalchemy.exec_driver_sql("PRAGMA max_page_count = 120").scalar())
    error, made = fill(opened)
    assert (error.type, error.status) == ("database_full", 7)
    assert opened.users.count() == made
    assert opened.users.get("ada").email == "ada@example.com"
    opened.database.read(lambda db: db.sqlalchemy.exec_driver_sql("PRAGMA max_page_count = 100000").scalar())
    opened.users.create(name="Grace")
    assert opened.users.count(search="grace") == 1
    assert opened.users.count(search=MARK) == made - 1
    assert is_intact(file)


def test_a_full_disk_is_told_and_nothing_lost(file, reopened):
    with small_disk() as folder:
        path = folder / "authctl.db"
        shutil.copy(file, path)
        with reopened(f"sqlite:///{path}") as directory:
            error, made = fill(directory)
            assert (error.type, error.status) == ("database_full", 7)
            assert directory.users.count() == made
        assert is_intact(path)


def test_a_file_that_may_not_grow_is_told_and_nothing_lost(opened, file):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, limits[1]))
        error, made = fill(opened)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (error.type, error.status) == ("database_unavailable", 7)
    assert opened.users.count() == made
    opened.users.create(name="Grace")
    assert is_intact(file)


# Without the right to write


@pytest.fixture
def public_folder():
    """A folder that other users of the machine can come to; the one of pytest is the owner's alone."""
    from pathlib import Path

    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def without_rights(*paths):
    """As a user who may read these and write none of them; root becomes somebody else for that."""
    modes = {path: path.stat().st_mode & 0o777 for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.parametrize("beside", [False, True], ids=["file", "folder"])
def test_what_may_not_be_written_is_still_read(public_folder, file, reopened, beside):
    path = shutil.copy(file, public_folder / "authctl.db")
    directory = reopened(f"sqlite:///{path}")
    assert directory.key  # its file is out of reach for the other user
    directory.close()
    with without_rights(path, *([public_folder] if beside else [])):
        assert [user.id for user in directory.users.iterate()] == ["ada"]
        assert [user.id for user in directory.users.list(search="ada")] == ["ada"]
        assert directory.users.get("ada").name == "Ada"
        assert refusal(lambda: directory.users.create(name=MARK)).type == "database_read_only"
        assert directory.users.count() == 1


WRITER = """
import sys, authctl
with authctl.open(sys.argv[1]) as directory:
    directory.users.create(id="grace")
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_reader_without_rights_sees_what_writers_do(public_folder, file, home, reopened):
    path = shutil.copy(file, public_folder / "authctl.db")
    path.chmod(0o644)
    url = f"sqlite:///{path}"
    with reopened(url) as directory:
        with without_rights(public_folder):
            assert directory.users.count() == 1
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, url],
            env={**os.environ, **home},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with writer:
            assert writer.stdout.readline() == "ready\n"
            with without_rights(public_folder):  # while another has it open, in the write-ahead log
                assert directory.users.count() == 2
            writer.stdin.close()
        with without_rights(public_folder):
            assert directory.users.get("grace").id == "grace"


# Postgres


@pytest.fixture
def info(postgres_url):
    """The parts of the test database's URL, as libpq has them."""
    return psycopg.conninfo.conninfo_to_dict(postgres_url)


@pytest.fixture
def postgres_url(request):
    """The URL of an empty database, or of an empty directory where the test wants it `on_postgres`."""
    if "on_postgres" in request.fixturenames:
        return request.getfixturevalue("ready_postgres_url")
    return request.getfixturevalue("new_postgres_url")()


@pytest.fixture
def on_postgres(postgres_url, ready_copies, home):
    """An empty directory on Postgres, that waits for nobody long; and its settings."""
    variables = {"AUTHCTL_DATABASE_LOCK_TIMEOUT": "0.2", "AUTHCTL_DATABASE_STATEMENT_TIMEOUT": "20"}
    settings = load(home | variables, options={"database_url": postgres_url}, system_config=os.devnull)
    _, ready = ready_copies
    key_files.keep_key(settings, ready.key)
    with opening.open_directory(settings, Actor("tester@example.com"), hash_parameters=CHEAP) as directory:
        directory.users.create(id="ada", name="Ada")
        directory.database.read(lambda db: db.sqlalchemy)  # which asks the server what it is, the first time
        yield directory


def with_parameters(url, **parameters):
    parsed = sa.make_url(url)
    return parsed.update_query_dict(parameters).render_as_string(hide_password=False)


def test_a_server_that_is_down_is_told(reopened):
    error = refusal(lambda: reopened(f"postgresql://ada:{MARK}@127.0.0.1:1/directory").users.count())
    assert (error.type, error.status) == ("database_unavailable", 7)
    assert error.message == "Nothing is listening at postgresql://ada:***@127.0.0.1:1/directory."


def test_a_host_that_is_not_known_is_told(reopened):
    error = refusal(lambda: reopened(f"postgresql://ada:{MARK}@host.invalid/directory").users.count())
    assert error.message == "Cannot find the host of postgresql://ada:***@host.invalid/directory."


def test_a_server_that_does_not_answer_is_given_up(reopened):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://ada:{MARK}@127.0.0.1:{silent.getsockname()[1]}/directory"
        error = refusal(lambda: reopened(url, AUTHCTL_DATABASE_CONNECT_TIMEOUT="1").users.count())
    assert (error.type, "did not answer in time" in error.message) == ("database_unavailable", True)


def test_a_database_that_is_not_there_is_told(postgres_url, reopened):
    url = sa.make_url(postgres_url).set(database="nowhere").render_as_string(hide_password=False)
    error = refusal(lambda: reopened(url).users.count())
    assert (error.type, "There is no database" in error.message) == ("database_unavailable", True)
    assert "createdb" in error.hint


@contextmanager
def role(postgres, name, options=""):
    postgres.execute(f"CREATE ROLE {name} LOGIN {options}")
    try:
        yield name
    finally:
        postgres.execute(f"DROP ROLE {name}")


def as_role(url, name, password=None):
    return sa.make_url(url).set(username=name, password=password).render_as_string(hide_password=False)


def test_an_unknown_user_is_told(postgres_url, reopened):
    error = refusal(lambda: reopened(as_role(postgres_url, "nobody_here", MARK)).users.count())
    assert (error.type, "rejected the user or password" in error.message) == ("database_unavailable", True)


def test_a_wrong_password_is_told(postgres, postgres_url, reopened):
    place = postgres.execute("SHOW hba_file").fetchone()[0]
    if not (os.access(place, os.W_OK) and psycopg.conninfo.conninfo_to_dict(postgres_url)["host"].startswith("/")):
        pytest.skip("who may sign in without a password is said on the server's own machine")
    with role(postgres, "authctl_test_password", "PASSWORD 'right'"), open(place, "r+") as rules:
        before = rules.read()
        try:
            rewrite(rules, f"local all authctl_test_password scram-sha-256\n{before}")
            postgres.execute("SELECT pg_reload_conf()")
            url = as_role(postgres_url, "authctl_test_password", MARK)
            error = refusal(lambda: reopened(url).users.count())
            while "holds no directory" in error.message:  # the server has not read its rules yet
                error = refusal(lambda: reopened(url).users.count())
            assert "rejected the user or password" in error.message
            right = as_role(postgres_url, "authctl_test_password", "right")
            assert refusal(lambda: reopened(right).users.count()).type == "database_not_initialized"
        finally:
            rewrite(rules, before)
            postgres.execute("SELECT pg_reload_conf()")


def rewrite(file, text):
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def test_a_server_without_a_free_place_is_told(postgres, postgres_url, reopened):
    with role(postgres, "authctl_test_crowd", "CONNECTION LIMIT 0"):
        error = refusal(lambda: reopened(as_role(postgres_url, "authctl_test_crowd")).users.count())
    assert (error.type, "accepts no more connections" in error.message) == ("database_unavailable", True)


@pytest.mark.parametrize("parameters", [{"options": "-c no_such_setting=1"}, {"no_such_word": "1"}])
def test_an_unknown_option_in_the_url_is_told(postgres_url, reopened, parameters):
    error = refusal(lambda: reopened(with_parameters(postgres_url, **parameters)).users.count())
    assert (error.type, "has an unknown option" in error.message) == ("database_unavailable", True)


def test_options_of_the_url_stand_beside_ours(postgres_url):
    with closing(Database(with_parameters(postgres_url, options="-c work_mem=5MB"), statement_timeout=7)) as database:
        asked = "SELECT current_setting('work_mem'), current_setting('statement_timeout')"
        assert database.read(lambda db: db.sqlalchemy.exec_driver_sql(asked).one()) == ("5MB", "7s")


def test_a_schema_of_its_own_beside_other_programs(postgres_url, home):
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("CREATE TABLE users (id int)")
        url = with_parameters(postgres_url, options="-csearch_path=authctl")
        settings = load(home, options={"database_url": url}, system_config=os.devnull)
        with opening.open_directory(settings, Actor("tester@example.com")) as directory:
            error = refusal(lambda: setup.initialize(directory, settings))
            assert (error.type, "CREATE SCHEMA" in error.hint) == ("database_unavailable", True)
            other.execute("CREATE SCHEMA authctl")
            setup.initialize(directory, settings)
            directory.users.create(id="ada")
            assert directory.users.count() == 1
        assert other.execute("SELECT count(*) FROM public.users").fetchone() == (0,)


@pytest.mark.parametrize("table", ["users", "alembic_version", "directory"])
def test_another_programs_tables_are_told_and_not_touched(postgres_url, home, table):
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(f"CREATE TABLE {table} (version_num text)")
        settings = load(home, options={"database_url": postgres_url}, system_config=os.devnull)
        with opening.open_directory(settings, Actor("tester@example.com")) as directory:
            assert refusal(lambda: directory.users.count()).type == "database_foreign"
            assert refusal(lambda: setup.initialize(directory, settings)).type == "database_foreign"
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert other.execute(tables).fetchall() == [(table,)]


def test_tables_of_the_same_names_but_other_columns_are_another_programs(postgres_url, reopened):
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("CREATE TABLE alembic_version (version_num text); CREATE TABLE directory (path text)")
        assert refusal(lambda: reopened(postgres_url).users.count()).type == "database_foreign"


def test_a_user_without_rights_is_told_and_nothing_made(postgres, postgres_url, home):
    with role(postgres, "authctl_test_guest"):
        url = as_role(postgres_url, "authctl_test_guest")
        settings = load(home, options={"database_url": url}, system_config=os.devnull)
        with opening.open_directory(settings, Actor("tester@example.com")) as directory:
            error = refusal(lambda: setup.initialize(directory, settings))
    assert (error.type, error.status) == ("database_read_only", 7)
    assert not any("key" in name for _, _, names in os.walk(home["HOME"]) for name in names)


def test_a_standby_is_read_only(on_postgres, postgres_url, reopened):
    with reopened(with_parameters(postgres_url, options="-c default_transaction_read_only=on")) as standby:
        assert standby.users.get("ada").name == "Ada"
        assert refusal(lambda: standby.users.create(name=MARK)).type == "database_read_only"


def test_a_slow_statement_is_given_up(postgres_url):
    with closing(Database(postgres_url, statement_timeout=0.05)) as database:
        error = refusal(lambda: database.read(lambda db: db.sqlalchemy.exec_driver_sql("SELECT pg_sleep(20)").all()))
    assert (error.type, error.status) == ("database_timeout", 7)


def test_without_a_limit_statements_are_not_given_up(postgres_url):
    with closing(Database(postgres_url, statement_timeout=0)) as database:
        assert database.read(lambda db: db.sqlalchemy.exec_driver_sql("SHOW statement_timeout").scalar_one()) == "0"


def test_a_row_that_another_holds_is_waited_for_no_longer_than_said(on_postgres, postgres_url):
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT * FROM users WHERE id = 'ada' FOR UPDATE")
        error = refusal(lambda: on_postgres.users.update_name("ada", MARK))
        assert (error.type, error.status) == ("database_locked", 7)
        assert on_postgres.users.get("ada").name == "Ada"  # readers go on
    assert on_postgres.users.update_name("ada", "Countess").name == "Countess"


# Connections that are lost

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"


def test_a_connection_that_died_unused_is_replaced(on_postgres, postgres, info):
    assert on_postgres.users.count() == 1
    for step in (on_postgres.users.count, lambda: on_postgres.users.create(name="Grace").seq):
        postgres.execute(TERMINATE, (info["dbname"],))
        assert step() > 0
    assert on_postgres.users.count() == 2


MANY = storage.backups.BATCH + 1  # users, whose rows are read in two goes


def test_a_stream_that_loses_its_connection_says_so_wherever_it_is_read(on_postgres, postgres, info):
    for place in (0, 1):  # the tables, and the rows of the first
        with closing(on_postgres.database.stream(storage.backups.parts)) as parts:
            unread = (parts, next(parts).rows)[place]
            postgres.execute(TERMINATE, (info["dbname"],))
            error = refusal(lambda unread=unread: [*unread])
        assert (error.type, error.status) == ("database_unavailable", 7)
        assert on_postgres.users.count() == 1


def test_a_backup_that_loses_its_connection_says_so_and_leaves_no_file(on_postgres, postgres, info, tmp_path):
    on_postgres.write(lambda work: [people.insert(work, f"u{n}", None, (), (), False, False, {}) for n in range(MANY)])

    @contextmanager
    def progress(label, total):
        yield lambda count: postgres.execute(TERMINATE, (info["dbname"],))

    folder = tmp_path / "backups"
    folder.mkdir()
    error = refusal(lambda: backup.backup(on_postgres, str(folder / "one.backup"), progress=progress))
    assert (error.type, error.status) == ("database_unavailable", 7)
    assert [*folder.iterdir()] == []


def test_an_export_that_loses_its_connection_says_so(on_postgres, postgres, info):
    on_postgres.write(lambda work: [people.insert(work, f"u{n}", None, (), (), False, False, {}) for n in range(MANY)])
    text = Exports(on_postgres).users("authctl").text()
    assert [next(text), next(text)][0] == ""
    postgres.execute(TERMINATE, (info["dbname"],))
    error = refusal(lambda: [*text])
    assert (error.type, error.status) == ("database_unavailable", 7)


def test_a_unit_of_work_that_loses_its_connection_is_done_once(on_postgres, postgres, info):
    runs = []

    def step(work):
        runs.append(work)
        work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('first', '1')")
        if len(runs) == 1:
            postgres.execute(TERMINATE, (info["dbname"],))
        work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('second', '2')")

    on_postgres.write(step)
    assert len(runs) == 2
    count = "SELECT count(*) FROM policies"
    assert on_postgres.read(lambda work: work.db.sqlalchemy.exec_driver_sql(count).scalar_one()) == 2


def test_statements_that_are_sent_ahead_are_lost_and_done_again_together(on_postgres, postgres, info):
    runs = []

    def step(work):
        runs.append(work)
        with work.db.ahead():
            work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('first', '1')")
            if len(runs) == 1:
                postgres.execute(TERMINATE, (info["dbname"],))
            work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('second', '2')")
        work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('third', '3')")

    on_postgres.write(step)
    assert len(runs) == 2
    assert count_policies(on_postgres) == 3


def count_policies(directory):
    count = "SELECT count(*) FROM policies"
    return directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(count).scalar_one())


def test_what_fails_of_statements_that_are_sent_ahead_is_told_by_one_that_follows(on_postgres):
    def step(work):
        try:
            with work.db.ahead():
                for name in ("first", "first", "second"):
                    work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES (%s, '1')", (name,))
            work.db.sqlalchemy.exec_driver_sql("SELECT 1").one()
        except IntegrityError as error:
            raise Conflict("user_changed", driver_errors.violation(error.orig)) from None

    assert refusal(lambda: on_postgres.write(step)).message == "policies_pkey."
    assert count_policies(on_postgres) == 0


def test_what_fails_of_statements_that_are_sent_ahead_is_told_by_the_commit(on_postgres):
    def step(work):
        with work.db.ahead():
            for name in ("first", "first"):
                work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES (%s, '1')", (name,))

    for directory in (on_postgres, on_postgres.acting(on_postgres.actor, dry_run=True)):
        error = refusal(lambda directory=directory: directory.write(step))
        assert "SQLSTATE 23505" in error.message
        assert count_policies(on_postgres) == 0


def test_a_statement_whose_answer_is_read_may_be_in_one_transaction_with_those_sent_ahead_and_with_copy(on_postgres):
    def step(work):
        with work.db.ahead():
            work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('first', '1')")
        assert work.db.sqlalchemy.exec_driver_sql("SELECT name FROM policies").scalars().all() == ["first"]
        with work.db.ahead():
            work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('second', '2')")
        bulk.insert(work.db, "policies", ("name", "value"), [("third", "3")])
        with work.db.ahead():
            work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('fourth', '4')")
        assert work.db.sqlalchemy.exec_driver_sql("SELECT count(*) FROM policies").scalar_one() == 4
        with work.db.sqlalchemy.begin_nested() as savepoint:
            work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('fifth', '5')")
            savepoint.rollback()

    on_postgres.write(step)
    assert count_policies(on_postgres) == 4


@pytest.fixture
def waits(monkeypatch):
    """One for each answer that Postgres is waited for."""
    found = []
    sync = psycopg.Pipeline.sync
    monkeypatch.setattr(psycopg.Pipeline, "sync", lambda pipe: (found.append(pipe), sync(pipe)))
    fetch = psycopg.Pipeline._fetch_gen

    def fetching(pipe, *, flush):  # of what was asked ahead, if no other statement has come since
        found.extend([pipe] * flush)
        return fetch(pipe, flush=flush)

    monkeypatch.setattr(psycopg.Pipeline, "_fetch_gen", fetching)
    return found


def test_a_unit_of_work_waits_for_as_few_answers_as_it_reads(on_postgres, waits):
    """BEGIN goes with the first statement, COMMIT with the last."""

    def step(work):
        assert work.db.sqlalchemy.exec_driver_sql("SELECT 1").scalar_one() == 1
        with work.db.ahead():
            for name in ("first", "second"):
                work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES (%s, '1')", (name,))

    on_postgres.key  # noqa: B018 - asked for once
    on_postgres.write(step)
    assert len(waits) == 2


def test_the_policy_that_was_asked_for_comes_with_the_next_answer(on_postgres, waits):
    on_postgres.security.set("session-limit", 3)

    def step(work):
        work.ask_policy()
        work.db.sqlalchemy.exec_driver_sql("SELECT 1").one()
        asked = len(waits)
        return work.policy["session-limit"], work.policy["password-history"], len(waits) - asked

    assert on_postgres.write(step) == (3, 0, 0)
    assert on_postgres.write(lambda work: (work.ask_policy(), work.policy["session-limit"])[1]) == 3


def test_what_the_disk_is_not_waited_for_is_one_transaction_alone(on_postgres):
    def setting(work):
        return work.db.sqlalchemy.exec_driver_sql("SHOW synchronous_commit").scalar_one()

    assert on_postgres.write(lambda work: (work.db.relax(), setting(work))[1]) == "off"
    assert on_postgres.write(setting) == "on"


def test_a_sign_in_waits_for_five_answers(on_postgres, waits):
    on_postgres.users.create(id="grace", email="grace@example.com", password=PASSWORD)
    sign_in(on_postgres)
    del waits[:]
    on_postgres.sessions.create("grace@example.com", PASSWORD)
    assert len(waits) == 5  # the user, the count, a commit; the user again, a commit


def sign_in(directory):
    return directory.sessions.create("grace", PASSWORD)


def plans(directory):
    """The statements whose plans the server keeps for the connection that is used next."""
    asked = "SELECT statement FROM pg_prepared_statements"
    return directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(asked).scalars().all())


def test_the_plans_of_a_sign_in_are_kept_for_the_next_one(on_postgres):
    on_postgres.users.create(id="grace", password=PASSWORD)
    assert plans(on_postgres) == []
    sign_in(on_postgres)
    sign_in(on_postgres)
    kept = plans(on_postgres)
    assert len([text for text in kept if "INSERT INTO sessions" in text]) == 1
    sign_in(on_postgres)
    refusal(lambda: on_postgres.users.create(id="grace"))  # is rolled back
    sign_in(on_postgres)
    assert plans(on_postgres) == kept
    assert len(on_postgres.users.list_sessions("grace")) == 4


def test_plans_are_for_any_values_from_the_first_time_on(on_postgres):
    on_postgres.users.create(id="grace", password=PASSWORD)
    for _ in range(3):
        sign_in(on_postgres)
    asked = "SELECT sum(generic_plans) > 20, sum(custom_plans) FROM pg_prepared_statements"
    assert on_postgres.read(lambda work: work.db.sqlalchemy.exec_driver_sql(asked).one()) == (True, 0)


def test_statements_without_kept_plans_are_planned_by_their_values(on_postgres):
    def ask(db):
        return db.sqlalchemy.exec_driver_sql("SHOW plan_cache_mode").scalar_one()

    def fail(work):
        ask(work.db)
        raise ZeroDivisionError

    on_postgres.users.create(id="grace", password=PASSWORD)
    for _ in range(3):
        sign_in(on_postgres)
    found = [on_postgres.database.read(lambda db: db.driver.execute("SHOW plan_cache_mode").fetchone()[0])]
    with pytest.raises(ZeroDivisionError):
        on_postgres.write(fail)
    found += [on_postgres.database.read(ask) for _ in range(2)]
    assert found == ["force_generic_plan", "auto", "auto"]


def test_a_server_that_has_forgotten_its_plans_makes_them_again(on_postgres):
    on_postgres.users.create(id="grace", password=PASSWORD)
    for _ in range(2):
        sign_in(on_postgres)
    on_postgres.write(lambda work: work.db.sqlalchemy.exec_driver_sql("DEALLOCATE ALL"))
    sign_in(on_postgres)
    assert len(on_postgres.users.list_sessions("grace")) == 3


def test_a_plan_that_fits_no_more_is_made_again(on_postgres, info):
    on_postgres.users.create(id="grace", password=PASSWORD)
    for _ in range(2):
        sign_in(on_postgres)
    alter = "ALTER TABLE attempts ALTER COLUMN count TYPE numeric"
    with psycopg.connect(**info) as another:
        another.execute(alter)
    for _ in range(2):
        sign_in(on_postgres)
    assert len(on_postgres.users.list_sessions("grace")) == 4


def test_a_plan_is_not_kept_for_long_since_tables_grow(on_postgres, monkeypatch):
    def run(statement):
        return on_postgres.write(lambda work: "".join(work.db.sqlalchemy.exec_driver_sql(statement).scalars()))

    on_postgres.users.create(id="grace", password=PASSWORD)
    on_postgres.write(
        lambda work: work.db.sqlalchemy.exec_driver_sql("ALTER TABLE users SET (autovacuum_enabled = off)")
    )
    on_postgres.write(lambda work: work.db.sqlalchemy.exec_driver_sql("ANALYZE users"))
    for _ in range(3):
        sign_in(on_postgres)
    looks_up = "strpos(statement, 'FOR UPDATE') > 0 AND strpos(statement, 'username_key =') > 0"
    name = run(f"SELECT name FROM pg_prepared_statements WHERE {looks_up}")
    explain = f"EXPLAIN EXECUTE {name} ('grace', NULL, NULL, NULL)"
    assert "Seq Scan" in run(explain)
    columns = "id, name, status, labels, prefs, metadata, mfa, email_verified, phone_verified, created_at, updated_at"
    columns += ", password_must_change, password_self_service"
    zeros = "false, false, false, 0, 0, false, false"
    grow = f"INSERT INTO users ({columns}) SELECT 'u' || n, '', 'active', '[]', '{{}}', '{{}}', {zeros}"
    on_postgres.write(lambda work: work.db.sqlalchemy.exec_driver_sql(f"{grow} FROM generate_series(1, 20000) n"))
    monkeypatch.setattr(postgres, "PLAN_SECONDS", -1.0)
    sign_in(on_postgres)
    assert "Seq Scan" not in run(explain)


@pytest.mark.parametrize("number", range(1, 20, 3))
def test_an_exception_of_somebody_else_in_the_middle_costs_its_own_step_alone(on_postgres, monkeypatch, number):
    """As a time limit of the application's raises, by a signal, while an answer is read."""
    on_postgres.users.create(id="grace", password=PASSWORD)
    for _ in range(2):
        sign_in(on_postgres)
    read, process = [], psycopg.Pipeline._process_results

    def interrupted(pipe, queued, results):
        read.append(queued)
        if len(read) == number:
            raise TimeoutError
        return process(pipe, queued, results)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Pipeline, "_process_results", interrupted)
        with pytest.raises(TimeoutError):
            sign_in(on_postgres)
    assert len({sign_in(on_postgres).session.id for _ in range(3)}) == 3


def test_a_failure_within_statements_that_are_kept_leaves_no_plan_that_is_not_there(on_postgres):
    on_postgres.users.create(id="grace", password=PASSWORD)
    sign_in(on_postgres)

    def step(work):
        work.db.keep_plans()
        with work.db.ahead():
            work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('first', '1'), ('first', '2')")
            storage.attempts.forget(work.db, "bucket")

    refusal(lambda: on_postgres.write(step))
    on_postgres.write(lambda work: (work.db.keep_plans(), storage.attempts.forget(work.db, "bucket")))
    assert sign_in(on_postgres)
    assert plans(on_postgres)


def test_no_plan_is_kept_through_a_pooler_that_lends_another_connection_each_time(home, reopened):
    with Postgres() as server, Pooler(server) as pooler:
        settings = load(home, options={"database_url": server.url(sslmode="disable")}, system_config=os.devnull)
        with opening.open_directory(settings, Actor("tester@example.com")) as directory:
            setup.initialize(directory, settings)
            directory.users.create(id="grace", password=PASSWORD)
        directory = reopened(pooler.url())
        ask = "SELECT pg_backend_pid()"
        backends = directory.read(  # two at once, so that both connections are there
            lambda one: directory.read(
                lambda other: {work.db.sqlalchemy.exec_driver_sql(ask).scalar_one() for work in (one, other)}
            )
        )
        assert len(backends) == 2
        for _ in range(4):
            sign_in(directory)
            directory.users.get("grace")  # an odd number of transactions
        assert len(directory.users.list_sessions("grace")) == 4
        assert [plans(directory) for _ in range(4)] == [[]] * 4


def test_a_pooler_that_takes_no_startup_options_is_told_where_the_url_has_some(reopened):
    with Postgres() as server, Pooler(server, ignore_startup_parameters="") as pooler:
        assert refusal(lambda: reopened(pooler.url()).users.count()).type == "database_not_initialized"
        url = with_parameters(pooler.url(), options="-c work_mem=5MB")
        error = refusal(lambda: reopened(url).users.count())
    assert error.message == f"A pooler in front of {url} rejected authctl's startup options."
    assert "ignore_startup_parameters = options" in error.hint


def test_a_connection_that_is_lost_again_and_again_is_told(on_postgres, postgres, info):
    def step(work):
        work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('name', '1')")
        postgres.execute(TERMINATE, (info["dbname"],))
        work.db.sqlalchemy.exec_driver_sql("SELECT 1")

    error = refusal(lambda: on_postgres.write(step))
    assert (error.type, "closed the connection" in error.message) == ("database_unavailable", True)
    count = "SELECT count(*) FROM policies"
    assert on_postgres.read(lambda work: work.db.sqlalchemy.exec_driver_sql(count).scalar_one()) == 0


def test_a_commit_without_an_answer_says_that_nobody_knows(on_postgres, postgres, info):
    runs = []

    def step(work):
        runs.append(work)
        work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('name', '1')")
        postgres.execute(TERMINATE, (info["dbname"],))

    error = refusal(lambda: on_postgres.write(step))
    assert (error.type, len(runs)) == ("database_unavailable", 1)
    assert "may or may not have been made" in error.hint


MANY = storage.backups.BATCH + 1  # users, whose rows are read in two goes


def test_a_stream_that_loses_its_connection_is_told(on_postgres, postgres, info):
    on_postgres.write(
        lambda work: work.db.sqlalchemy.exec_driver_sql(
            "INSERT INTO users (id, name, email_verified, phone_verified, status, labels, prefs, metadata, mfa, "
            "password_must_change, password_self_service, created_at, updated_at) SELECT "
            "'u' || number, '', false, false, 'active', '[]', '{}', '{}', false, false, false, 0, 0 "
            "FROM generate_series(1, 1200) number"
        )
    )
    stream = on_postgres.users.iterate()
    next(stream)
    postgres.execute(TERMINATE, (info["dbname"],))
    assert refusal(lambda: list(stream)).type == "database_unavailable"


# Transactions that are given up for another's sake


def test_a_deadlock_is_run_again(on_postgres, postgres_url):
    on_postgres.users.create(id="bob")
    first_locks = threading.Barrier(2)
    runs = {"ada": 0, "bob": 0}

    def lock_both(work, first, second):
        runs[first] += 1
        lock = "UPDATE users SET name = name || '+' WHERE id = %s"
        work.db.sqlalchemy.exec_driver_sql("SET LOCAL lock_timeout = 0")
        work.db.sqlalchemy.exec_driver_sql("SET LOCAL deadlock_timeout = '10ms'")
        work.db.sqlalchemy.exec_driver_sql(lock, (first,))
        if runs[first] == 1:
            first_locks.wait(20)
        work.db.sqlalchemy.exec_driver_sql(lock, (second,))

    run_both(
        lambda: on_postgres.write(lock_both, "ada", "bob"),
        lambda: on_postgres.write(lock_both, "bob", "ada"),
    )
    assert sum(runs.values()) > 2
    assert (on_postgres.users.get("ada").name, on_postgres.users.get("bob").name) == ("Ada++", "++")


def test_a_serialization_failure_is_run_again(on_postgres):
    both_have_read = threading.Barrier(2)
    runs = []

    def read_then_write(work):
        runs.append(work)
        work.db.sqlalchemy.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        name = work.db.sqlalchemy.exec_driver_sql("SELECT name FROM users WHERE id = 'ada'").scalar_one()
        if len(runs) <= 2:
            both_have_read.wait(20)
        work.db.sqlalchemy.exec_driver_sql("UPDATE users SET name = %s WHERE id = 'ada'", (name + "+",))

    run_both(lambda: on_postgres.write(read_then_write), lambda: on_postgres.write(read_then_write))
    assert len(runs) == 3
    assert on_postgres.users.get("ada").name == "Ada++"


def run_both(*steps):
    """Run the steps at once, each in a thread; what one raises is raised."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(steps)) as threads:
        return [running.result() for running in [threads.submit(step) for step in steps]]


def test_running_again_has_an_end(on_postgres):
    runs = []

    def fail(work):
        runs.append(work)
        work.db.sqlalchemy.exec_driver_sql("INSERT INTO policies VALUES ('name', '1')")
        work.db.sqlalchemy.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")

    error = refusal(lambda: on_postgres.write(fail))
    assert (error.type, len(runs)) == ("database_locked", ATTEMPTS)


# Both


def test_no_error_shows_a_value(directory):
    directory.users.create(id="ada", email=f"{MARK}@example.com")
    error = refusal_of_value(lambda: directory.users.create(email=f"{MARK}@example.com", prefs={"token": MARK}))
    assert error.type == "user_email_already_exists"
    for statement in ("INSERT INTO policies VALUES ('{0}', NULL)", "INSERT INTO policies VALUES ('{0}', '{0}', '{0}')"):
        text = statement.format(MARK)
        error = refusal(lambda text=text: directory.write(lambda work: work.db.sqlalchemy.exec_driver_sql(text)))
        assert error.type == "database_unavailable"


def refusal_of_value(step):
    """A Conflict names the value that is taken, which the caller gave; nothing else of what was given."""
    with pytest.raises(Conflict) as refused:
        step()
    told = "".join(traceback.format_exception(refused.value))
    assert told.count(MARK) == len(re.findall(f"{MARK}@example.com", told))
    return refused.value


def test_closed_connections_are_opened_again(directory):
    directory.users.create(id="ada")
    directory.close()
    assert directory.users.get("ada").id == "ada"


FORK = """
import os, sys, authctl
with authctl.open(sys.argv[1]) as directory:
    directory.users.create(id="parent")
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            for turn in range(5):
                directory.users.create(id=f"child{number}.{turn}")
            os._exit(0)
        children.append(child)
    for turn in range(5):
        directory.users.create(id=f"parent{turn}")
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    print(directory.users.count())
"""


def test_a_fork_takes_connections_of_its_own(directory, database_url, home):
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, database_url],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
    )
    assert (ran.stdout, ran.stderr) == ("26\n", "")


def test_a_password_that_was_not_escaped_is_not_shown():
    shown = Database("postgresql://user:p@ss/word@db.example.com/directory").describe()
    assert "ss" not in shown.replace("postgresql", "")
    assert "word" not in shown
