"""The schema: what migrations make is what the tables say, on both databases; and which versions are worked on."""

import errno
import os
import sqlite3
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from doubles import processes

from authctl import storage
from authctl.core.directory import opening
from authctl.core.hashing import Parameters
from authctl.core.maintenance import setup, status as maintenance_status
from authctl.core.work.unit import Actor
from authctl.errors import Invalid, Unavailable
from authctl.settings import load, new_files
from authctl.storage import schema, state
from authctl.storage.tables import metadata

CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)
VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"
SEARCH_INDEXES = ("user_words", "team_words")
OF_THE_OTHER = {  # which one of the two has alone
    "sqlite": {
        *("sessions_digest", "sessions_second", "sessions_user_ended", "events_user"),
        *("users_username_key", "users_phone"),
    },
    "postgresql": {
        *("sessions_id_key", "sessions_secret_digest_key", "sessions_user"),
        *("events_id_key", "events_user_id"),
        *("users_email_key", "users_username_key_key", "users_phone_key"),
        *("addresses_user_seq", "user_names_user_seq"),
    },
}
HELD = {"addresses", "user_names"}  # whose rows SQLite alone deletes with their users


def described(database):
    """Tables, columns, indexes and constraints of a database with their names; search indexes have no words here."""
    return database.read(_described)


def _described(db):
    found = sa.inspect(db.sqlalchemy)
    tables = {}
    for name in found.get_table_names():
        if name.startswith(SEARCH_INDEXES):
            continue
        tables[name] = {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(name)
            },
            "primary_key": found.get_pk_constraint(name)["constrained_columns"],
            "indexes": {
                (index["name"], tuple(index["column_names"]), bool(index["unique"]))
                for index in found.get_indexes(name)
                if not index.get("duplicates_constraint")
            },
            "unique": {
                (unique["name"], tuple(unique["column_names"])) for unique in found.get_unique_constraints(name)
            },
            "foreign_keys": {
                (tuple(key["constrained_columns"]), key["referred_table"], key["options"].get("ondelete"))
                for key in found.get_foreign_keys(name)
            },
        }
    return tables


def test_the_newest_migration_is_the_one_wanted():
    scripts = ScriptDirectory(str(VERSIONS.parent))
    assert scripts.get_heads() == [state.HEAD]
    assert sorted(path.name for path in VERSIONS.glob("*.py"))[-1].startswith(f"{state.HEAD}_")


def test_migrations_are_numbered_in_their_order():
    # Versions are compared as text to tell older from newer.
    scripts = list(ScriptDirectory(str(VERSIONS.parent)).walk_revisions())[::-1]
    assert [script.revision for script in scripts] == [f"{number:04}" for number in range(1, len(scripts) + 1)]


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_make_what_the_tables_say(directory):
    dialect = directory.database.dialect

    def is_here(each, name, kind, *others):
        is_of_sqlite = kind == "foreign_key_constraint" and each.table.name in HELD
        return name not in OF_THE_OTHER[dialect] and not (is_of_sqlite and dialect == "postgresql")

    def differences(db):
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, parents: kind != "table" or not name.startswith(SEARCH_INDEXES),
            "include_object": is_here,
        }
        return compare_metadata(MigrationContext.configure(db.sqlalchemy, opts=options), metadata)

    assert directory.database.read(differences) == []


def test_constraints_and_indexes_have_the_names_that_the_tables_say(directory, request, tmp_path):
    migrated = described(directory.database)
    del migrated["alembic_version"]
    other = storage.database.Database(empty_url(request, directory, tmp_path))
    with closing(other):
        other.write(lambda db: metadata.create_all(db.sqlalchemy))
        assert described(other) == migrated


def empty_url(request, directory, tmp_path):
    """Another empty database of the same kind."""
    if directory.database.dialect == "postgresql":
        with psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True) as connection:
            connection.execute("CREATE SCHEMA other")
        url = sa.make_url(request.getfixturevalue("postgres_url"))
        return url.update_query_dict({"options": "-csearch_path=other"}).render_as_string(hide_password=False)
    (tmp_path / "other.db").touch()
    return f"sqlite:///{tmp_path}/other.db"


def test_text_sorts_by_code_point(directory):
    for name in ("b", "a", "B", "é", "z", "Z", "_"):
        directory.users.create(name=name)
    assert [user.name for user in directory.users.list(sort="name")] == ["B", "Z", "_", "a", "b", "z", "é"]


# The same as text


@pytest.fixture
def settings(home, database_url):
    return load(home, options={"database_url": database_url}, system_config=os.devnull)


@pytest.fixture
def unmade(settings):
    with opening.open_directory(settings, Actor("tester@example.com")) as opened:
        yield opened


def run_sql(url, text):
    """What an administrator would do with it: `sqlite3 FILE < text`, `psql URL < text`."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(text)
    else:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(text)


def test_the_printed_sql_makes_the_same_schema(unmade, settings, database_url, request, tmp_path):
    text = setup.migration_sql(unmade)
    assert storage.state.find_state(unmade.database) is None  # printing made nothing
    run_sql(database_url, text)
    by_hand = described(unmade.database)
    with pytest.raises(Unavailable) as refused:
        unmade.users.create(name="Ada")
    assert (refused.value.type, refused.value.hint) == (
        "database_not_initialized",
        "Create one with: authctl init",
    )
    made = setup.initialize(unmade, settings)
    assert made.created
    assert unmade.users.create(name="Ada").name == "Ada"
    assert unmade.users.count(search="ada") == 1
    assert described(unmade.database) == by_hand

    other = load(settings.environ, options={"database_url": empty_url(request, unmade, tmp_path)})
    with opening.open_directory(other, Actor("tester@example.com")) as migrated:
        setup.initialize(migrated, other)
        assert described(migrated.database) == by_hand


def test_the_printed_sql_of_a_current_schema_changes_nothing(directory, database_url):
    before = described(directory.database)
    run_sql(database_url, setup.migration_sql(directory) or "SELECT 1")
    assert described(directory.database) == before


# Versions


def set_version(directory, version):
    directory.database.write(
        lambda db: db.sqlalchemy.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
    )


@pytest.fixture
def later(directory, settings):
    """The same directory as a later command finds it."""
    with opening.open_directory(settings, Actor("tester@example.com"), hash_parameters=CHEAP) as opened:
        yield opened


@pytest.mark.parametrize(
    ("version", "type", "words", "command"),
    [
        ("0000", "database_schema_older", f"has schema 0000; this authctl needs {state.HEAD}", "authctl upgrade"),
        ("9999", "database_schema_newer", f"has schema 9999; this authctl supports up to {state.HEAD}", "pip"),
    ],
)
def test_another_version_is_told_with_what_to_run(directory, later, settings, version, type, words, command):
    directory.users.create(id="ada")
    set_version(directory, version)
    for step in (
        lambda: later.users.get("ada"),
        lambda: later.users.create(name="Grace"),
        lambda: next(later.users.iterate()),
        lambda: setup.initialize(later, settings),
    ):
        with pytest.raises(Unavailable) as refused:
            step()
        assert (refused.value.type, refused.value.status) == (type, 7)
        assert words in refused.value.message
        assert command in refused.value.hint
    status = maintenance_status.status(later, settings)
    assert (status["schema"], status["schema_wanted"], status["counts"]) == (version, state.HEAD, None)


def test_a_newer_schema_is_never_migrated(directory):
    set_version(directory, "9999")
    with pytest.raises(Unavailable) as refused:
        setup.upgrade(directory)
    assert refused.value.type == "database_schema_newer"


def test_upgrading_a_current_schema_changes_nothing(directory, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    done = setup.upgrade(directory)
    assert (done.before, done.after, done.copy) == (state.HEAD, state.HEAD, None)
    assert sorted(tmp_path.rglob("*")) == before


NEXT = '''"""A migration of a version to come, for this test."""

import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"


def upgrade() -> None:
    {step}
'''


@pytest.fixture
def newer(tmp_path_factory, monkeypatch):
    """Makes this authctl one that has a migration more, which runs `step`; its version."""

    def make(step):
        number = f"{int(state.HEAD) + 1:04}"
        folder = tmp_path_factory.mktemp("newer") / "storage"
        versions = folder / "migrations" / "versions"
        versions.mkdir(parents=True)
        for path in (VERSIONS.parent / "env.py", *VERSIONS.glob("0*.py")):
            (folder / "migrations" / path.relative_to(VERSIONS.parent)).write_text(path.read_text())
        (versions / f"{number}_next.py").write_text(NEXT.format(next=number, head=state.HEAD, step=step))
        # Migrations are found beside the module.
        monkeypatch.setattr(schema, "__file__", str(folder / "schema.py"))
        monkeypatch.setattr(state, "HEAD", number)
        return number

    return make


ADD_COLUMN = 'op.add_column("users", sa.Column("nickname", sa.Text))'
FAIL_LATE = 'op.add_column("users", sa.Column("nickname", sa.Text)); op.execute("SELECT nothing FROM nowhere")'


def columns(directory):
    return directory.database.read(
        lambda db: {column["name"] for column in sa.inspect(db.sqlalchemy).get_columns("users")}
    )


def test_upgrade_migrates_and_says_so(directory, later, newer):
    directory.users.create(id="ada", name="Ada")
    before, after = state.HEAD, newer(ADD_COLUMN)
    with pytest.raises(Unavailable) as refused:
        later.users.get("ada")
    assert refused.value.type == "database_schema_older"
    assert "ADD COLUMN nickname" in setup.migration_sql(later)
    done = setup.upgrade(later)
    assert (done.before, done.after) == (before, after)
    assert later.users.get("ada").name == "Ada"
    assert "nickname" in columns(later)
    event = "SELECT name, details FROM events ORDER BY seq DESC LIMIT 1"
    name, details = later.read(lambda work: work.db.sqlalchemy.exec_driver_sql(event).one())
    assert (name, details) == ("directory.update.schema", f'{{"before":"{before}","after":"{after}"}}')


AS_OF_0021 = {
    "sqlite": ("DROP INDEX events_time",),
    "postgresql": (
        "DROP INDEX events_time, events_user, sessions_digest, sessions_second",
        "CREATE INDEX events_user_id ON events (user_id, seq)",
        "CREATE INDEX sessions_secret_digest ON sessions USING hash (secret_digest)",
        "CREATE INDEX sessions_created_at ON sessions (created_at)",
    ),
}


def test_sessions_and_logs_of_before_are_found_by_smaller_indexes(directory, later):
    wanted = described(directory.database)
    directory.users.create(id="ada")
    secret = directory.users.create_session("ada").secret
    jwt = directory.sessions.create_jwt(secret).jwt
    logs = directory.users.list_logs("ada")
    indexes = (*AS_OF_0021[directory.database.dialect], "CREATE INDEX events_time ON events (time, seq)")
    for statement in (*indexes, "UPDATE alembic_version SET version_num = '0021'"):
        directory.database.write(lambda db, statement=statement: db.sqlalchemy.exec_driver_sql(statement))
    setup.upgrade(later)
    assert described(later.database) == wanted
    assert directory.sessions.get(secret).user.id == directory.sessions.verify_jwt(jwt).user_id == "ada"
    assert directory.users.list_logs("ada") == logs
    assert directory.security.verify_logs().is_good
    if directory.database.dialect == "postgresql":
        known = "SELECT DISTINCT tablename FROM pg_stats WHERE tablename ~ '^(events|sessions)_' ORDER BY 1"
        found = directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(known).scalars().all())
        assert found == ["events_user", "sessions_digest", "sessions_second", "sessions_user_ended"]


def test_an_upgrade_lets_sign_ins_end_before_it_begins(directory, later):
    """A sign-in adds a session, then an event: an upgrade that had the events and waited for sessions would fail."""
    if directory.database.dialect == "sqlite":
        pytest.skip("one writes at a time")
    directory.users.create(id="ada")
    indexes = (*AS_OF_0021["postgresql"], "CREATE INDEX events_time ON events (time, seq)")
    for statement in (*indexes, "UPDATE alembic_version SET version_num = '0021'"):
        directory.database.write(lambda db, statement=statement: db.sqlalchemy.exec_driver_sql(statement))

    def sign_in(db):
        run = db.sqlalchemy.exec_driver_sql
        run("LOCK TABLE sessions IN ROW EXCLUSIVE MODE")
        upgrade = threads.submit(setup.upgrade, later)
        waiting = "SELECT 1 FROM pg_locks WHERE relation = 'sessions'::regclass AND NOT granted"
        while not run(waiting).first():
            assert not upgrade.done()
        run("LOCK TABLE events IN ROW EXCLUSIVE MODE NOWAIT")
        return upgrade

    with ThreadPoolExecutor(1) as threads:
        upgrade = directory.database.write(sign_in)
        assert upgrade.result().after == state.HEAD


def test_a_copy_is_made_first_for_its_owner_alone(directory, newer):
    if directory.database.path is None:
        pytest.skip("a server has backups of its own")
    directory.users.create(id="ada", name="Ada")
    before = state.HEAD
    newer(ADD_COLUMN)
    (Path(f"{directory.database.path}.schema-{before}")).write_text("an older copy")
    done = setup.upgrade(directory)
    assert done.copy == f"{directory.database.path}.schema-{before}.1"
    assert Path(done.copy).stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(done.copy)) as copy:
        assert copy.execute("SELECT name FROM users").fetchall() == [("Ada",)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(before,)]
    assert Path(f"{directory.database.path}.schema-{before}").read_text() == "an older copy"


def test_a_migration_that_fails_leaves_everything_as_it_was(directory, newer):
    directory.users.create(id="ada", name="Ada")
    before = state.HEAD
    newer(FAIL_LATE)
    with pytest.raises(Unavailable):
        setup.upgrade(directory)
    assert "nickname" not in columns(directory)
    assert state.get_state(directory.database).version == before


def test_a_wrong_key_is_told_before_the_schema_is_changed(directory, database_url, home, newer):
    before = state.HEAD
    newer(ADD_COLUMN)
    wrong = {"AUTHCTL_SECRET_KEY": b64encode(bytes(32)).decode()}
    settings = load(home | wrong, options={"database_url": database_url}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester@example.com")) as opened, pytest.raises(Invalid) as refused:
        setup.upgrade(opened)
    assert refused.value.type == "general_key_mismatch"
    assert state.get_state(directory.database).version == before


def test_two_that_upgrade_at_once_do_it_once(directory, settings, newer):
    newer(ADD_COLUMN)
    starting = threading.Barrier(4)

    def upgrade(number):
        with opening.open_directory(settings, Actor(f"tester{number}@example.com")) as opened:
            starting.wait(20)
            return setup.upgrade(opened)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, range(4)))
    events = "SELECT count(*) FROM events WHERE name = 'directory.update.schema'"
    assert directory.read(lambda work: work.db.sqlalchemy.exec_driver_sql(events).scalar_one()) == 1
    assert "nickname" in columns(directory)


def test_a_migration_takes_its_time(settings, home, database_url, newer):
    slow = {"sqlite": "pass", "postgresql": 'op.execute("SELECT pg_sleep(0.3)")'}[database_url.partition(":")[0]]
    variables = {"AUTHCTL_DATABASE_STATEMENT_TIMEOUT": "0.2"}
    impatient = load(home | variables, options={"database_url": database_url}, system_config=os.devnull)
    with opening.open_directory(impatient, Actor("tester@example.com")) as directory:
        setup.initialize(directory, impatient)
        newer(slow)
        assert setup.upgrade(directory).after == state.HEAD


def test_the_default_file_is_migrated_by_itself_after_a_copy(home, newer):
    settings = load(home, options={}, system_config=os.devnull)
    told = []
    with opening.open_directory(settings, Actor("tester@example.com"), notice=told.append) as directory:
        directory.users.create(id="ada", name="Ada")
    before, after = state.HEAD, newer(ADD_COLUMN)
    with opening.open_directory(settings, Actor("tester@example.com"), notice=told.append) as directory:
        assert directory.users.get("ada").name == "Ada"
        path = directory.database.path
    assert [line.partition(" /")[0] for line in told] == [
        "Created the database",
        f"Migrated the database from schema {before} to {after}. A copy is in",
    ]
    assert f"{path}.schema-{before}" in told[1]
    with closing(sqlite3.connect(f"{path}.schema-{before}")) as copy:
        assert copy.execute("SELECT name FROM users").fetchall() == [("Ada",)]


MAKING = """
from authctl.core.maintenance import setup

def run(directory, number):
    return setup.initialize(directory, directory.settings).created
"""


def test_a_server_that_is_migrating_is_waited_for(database_url, home, clock):
    """Eight processes make the same directory at once: one makes it, the others find it made."""
    said = processes.at_once(home, database_url, clock, 8, MAKING)
    assert sorted(said) == [[0, False]] * 7 + [[0, True]]
    keys = list(Path(home["HOME"]).rglob("*.key"))
    assert len(keys) == 1  # those that were second left none behind


def test_a_directory_that_another_makes_meanwhile_is_not_taken_for_another_programs(settings, clock, monkeypatch):
    is_foreign = state._is_foreign

    def first_another(db):
        with opening.open_directory(settings, Actor("another@example.com"), clock=clock) as another:
            monkeypatch.setattr(state, "_is_foreign", is_foreign)
            setup.initialize(another, settings)
        return is_foreign(db)

    with opening.open_directory(settings, Actor("tester@example.com"), clock=clock) as directory:
        if directory.database.path is not None:
            schema.create_file(directory.database.path)
        monkeypatch.setattr(state, "_is_foreign", first_another)
        assert state.get_state(directory.database).version == state.HEAD


def test_a_file_that_another_makes_while_it_is_opened_is_that_file(tmp_path, monkeypatch):
    path, made = str(tmp_path / "one.db"), []
    with monkeypatch.context() as patch:
        patch.setattr("authctl.storage.sqlite._open_up", lambda path: made.append(schema.create_file(path)))
        database = storage.database.Database(f"sqlite:///{path}")
        with closing(database):
            assert database.read(lambda db: db.driver.execute("SELECT 1").fetchone()) == (1,)
            assert True in made
            assert database.read(lambda db: db.driver.execute("SELECT 2").fetchone()) == (2,)


def test_whoever_is_refused_the_write_ahead_log_tries_again(tmp_path):
    """As eight first commands at once find it: SQLite waits for nobody who is in the middle of the same."""
    path = tmp_path / "one.db"
    path.touch()
    with closing(sqlite3.connect(path)) as other, closing(sqlite3.connect(path, timeout=0)) as connection:
        other.execute("BEGIN EXCLUSIVE")
        assert not schema._switch_to_log(connection, is_last=False)
        with pytest.raises(sqlite3.OperationalError):
            schema._switch_to_log(connection, is_last=True)
        other.rollback()
        assert schema._switch_to_log(connection, is_last=True)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_full_disk_is_told_where_a_database_is_made(tmp_path, monkeypatch):
    def no_room(path, mode=0o777, exist_ok=False):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr(os, "makedirs", no_room)
    with pytest.raises(Unavailable) as refused:
        schema.create_file(str(tmp_path / "full/authctl.db"))
    assert refused.value.type == "database_full"


def test_what_a_killed_process_left_of_a_database_goes_with_the_next(tmp_path):
    path = tmp_path / "authctl.db"
    left, another = (tmp_path / f".{name}.a1b2c3d4.part" for name in ("authctl.db", "other.db"))
    for draft in (left, another):
        draft.touch()
    descriptor, running = new_files.begin(path)
    assert schema.create_file(str(path))
    assert sorted(tmp_path.iterdir()) == sorted((path, Path(running), another))
    os.close(descriptor)
    assert not schema.create_file(str(path))
    assert sorted(tmp_path.iterdir()) == sorted((path, another))


def test_a_draft_that_was_taken_for_a_left_one_is_made_anew(tmp_path, monkeypatch):
    path, switch = tmp_path / "authctl.db", schema._switch_to_log

    def lose(connection, *, is_last):
        monkeypatch.setattr(schema, "_switch_to_log", switch)
        switch(connection, is_last=is_last)
        [draft] = tmp_path.glob(".*.part")
        draft.unlink()

    monkeypatch.setattr(schema, "_switch_to_log", lose)
    assert schema.create_file(str(path))
    assert [*tmp_path.iterdir()] == [path]
