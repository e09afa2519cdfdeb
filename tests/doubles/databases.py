"""The databases of a Postgres that tests have to themselves: empty ones, and one that is cleared for the next test."""

import contextlib
import os
import sys
from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

import psycopg
from psycopg.pq import ConnStatus, ExecStatus, PGconn, TransactionStatus

from authctl.storage import postgres

MOST_USES = 500  # of one database: rows that are deleted leave their space behind

# What a test may have changed of a schema: a row more or less, or one that is newer than all others. What stands in the
# catalogs of every new database has lower numbers.
SCHEMA = " UNION ALL ".join(
    f"SELECT '{catalog}', count(*), max(xmin::text::bigint) FROM {catalog} WHERE {number} >= 16384"
    for catalog, number in {
        "pg_class": "oid",
        "pg_attribute": "attrelid",
        "pg_constraint": "oid",
        "pg_trigger": "oid",
        "pg_proc": "oid",
        "pg_type": "oid",
        "pg_namespace": "oid",
        "pg_extension": "oid",
        "pg_db_role_setting": "setdatabase",
    }.items()
)
# What ANALYZE leaves beside its statistics: no change of a schema, but it would plan the statements of the next test.
SIZES = "SELECT oid, relpages, reltuples, relallvisible FROM pg_class WHERE oid >= 16384"
SET_SIZES = """
UPDATE pg_class SET relpages = pages, reltuples = tuples, relallvisible = visible
FROM unnest(%s::oid[], %s::int[], %s::real[], %s::int[]) AS size (number, pages, tuples, visible)
WHERE oid = number AND (relpages, reltuples, relallvisible) IS DISTINCT FROM (pages, tuples, visible)
"""


class Databases:
    """Makes and drops databases of one server; `connection` is for statements of the tests' own."""

    def __init__(self, url):
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)
        self._made = 0

    def create(self, template="template0"):
        """The name of a new one."""
        self._made += 1
        name = f"authctl_test_{os.getpid()}_{self._made}"
        # Copying files takes a third of what writing them to the log first does.
        self.connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY file_copy")
        return name

    def drop(self, name):
        self.connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self):
        self.connection.close()

    def url_of(self, name):
        return url_of(psycopg.conninfo.conninfo_to_dict(self.url) | {"dbname": name})


class Engines:
    """SQLAlchemy's engines by the database, one for all of a server's, which compiles a statement once for them all."""

    def __init__(self):
        self._by_server = {}

    def __contains__(self, database):
        return _server_of(database) in self._by_server

    def __setitem__(self, database, engine):
        self._by_server[_server_of(database)] = engine

    def get(self, database):
        return self._by_server.get(_server_of(database))


class Connections:
    """authctl's connections to tests' databases: what one has closed is given as new to whoever asks for such a one.

    For each new one Postgres starts a process, which reads the catalogs: that takes it longer than most tests do.
    """

    def __init__(self):
        self._connect = postgres.Connection.connect
        self._close = postgres.Connection.close
        self._process = os.getpid()
        self._closed = {}

    def keep(self, url):
        """From now on, those to that database."""
        self._closed.setdefault(_without_query(url), defaultdict(list))

    def processes(self, url):
        """Postgres's, of the closed ones to that database."""
        return [closed.backend_pid for alike in self._closed[_without_query(url)].values() for closed in alike]

    def let_go(self, url):
        """Keep those to that database no more."""
        for alike in self._closed.pop(_without_query(url)).values():
            for closed in alike:
                closed.finish()

    @contextlib.contextmanager
    def unkept(self):
        """Meanwhile, what is closed is gone."""
        kept, self._closed = self._closed, {}
        try:
            yield
        finally:
            self._closed = kept

    def connect(self, conninfo, *, autocommit, prepare_threshold, cursor_factory, **options):
        """Stands for `postgres.Connection.connect`."""
        same = {"autocommit": autocommit, "prepare_threshold": prepare_threshold, "cursor_factory": cursor_factory}
        kept = self._closed.get(_without_query(conninfo)) if self._process == os.getpid() else None
        if kept is None:
            return self._connect(conninfo, **same, **options)
        alike = kept[conninfo, tuple(options.items())]
        while alike:
            closed = alike.pop()
            if _is_as_new(closed):
                connection = postgres.Connection(closed)
                for name, value in same.items():
                    setattr(connection, name, value)
                break
            closed.finish()
        else:
            connection = self._connect(conninfo, **same, **options)
        connection.alike = alike
        return connection

    def close(self, connection):
        """Stands for `postgres.Connection.close`. What is under way, or used by others as well, is really closed."""
        open_one, alike = connection.pgconn, getattr(connection, "alike", None)
        if alike is not None and self._process == os.getpid() and _is_idle(open_one):
            with contextlib.suppress(psycopg.Error):
                connection.leave()
            connection._backend, connection._entered, connection._closed, connection.pgconn = None, None, True, PGconn()
            if _is_idle(open_one) and sys.getrefcount(open_one) == 2:  # one is the call's
                alike.append(open_one)
                return
            connection.pgconn = open_one
        self._close(connection)


def _without_query(url):
    return url.partition("?")[0]


def _is_idle(open_one):
    return open_one.status == ConnStatus.OK and open_one.transaction_status == TransactionStatus.IDLE


# What a new one is given.
GIVEN = b"""
SELECT FROM pg_db_role_setting
WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def _is_as_new(closed):
    """Make it so; False where it is lost, or where a new one would be given other settings to begin with."""
    if closed.exec_(b"DISCARD ALL").status != ExecStatus.COMMAND_OK:
        return False
    given = closed.exec_(GIVEN)
    return given.status == ExecStatus.TUPLES_OK and given.ntuples == 0


def _server_of(database):
    return database.dialect if database.path else urlsplit(database._shown)._replace(path="")


def url_of(info):
    """A connection's parts as a URL; a host that is a folder goes into the query, as libpq has it."""
    user = quote(info.get("user", "postgres"), safe="")
    password = f":{quote(info['password'], safe='')}" if info.get("password") else ""
    host, port = info.get("host", ""), info.get("port")
    place = "" if host.startswith("/") else f"{host}{f':{port}' if port else ''}"
    query = {"host": host, **({"port": port} if port else {})} if host.startswith("/") else {}
    return f"postgresql://{user}{password}@{place}/{info['dbname']}" + (f"?{urlencode(query)}" if query else "")


@dataclass
class Copy:
    """One copy of a template: its name, a connection that clears it, its schema, and how often it may still be used."""

    name: str
    db: psycopg.Connection
    schema: list[tuple[str, int, int]]
    uses: int = MOST_USES


class Copies:
    """Copies of a template, one at a time for each test: what comes back is cleared, unless its schema is another.

    Clearing takes a tenth of what a new copy does, and writes next to nothing.
    """

    def __init__(self, databases, template):
        self.databases = databases
        self.template = template
        self._spare = []
        with self._connect(template) as db:
            self._restoring = ";".join(_restoring(db))
            self._sizes = [list(column) for column in zip(*db.execute(SIZES).fetchall(), strict=True)]

    def take(self):
        """One that is as the template is; for `give_back`, when the test is over."""
        if self._spare:
            return self._spare.pop()
        name = self.databases.create(self.template)
        db = self._connect(name)
        db.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
        return Copy(name, db, _schema(db))

    def give_back(self, copy, spared=()):
        """Whether it is used again. spared: processes of Postgres's that may stay connected to it."""
        copy.uses -= 1
        self._disconnect(copy, spared)
        is_cleared = bool(copy.uses) and self._clear(copy)
        if is_cleared:
            self._spare.append(copy)
        else:
            self._drop(copy)
        return is_cleared

    def close(self):
        for copy in self._spare:
            self._drop(copy)

    def _connect(self, name):
        return psycopg.connect(self.databases.url_of(name), autocommit=True)

    def _disconnect(self, copy, spared):
        """Whoever is still connected, such as a process that a test killed, might go on changing it."""
        ending = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> ALL (%s) AND backend_type = 'client backend'"
        )
        # Postgres itself would wait for each of them for a tenth of a second at least.
        spared = [copy.db.info.backend_pid, *spared]
        while self.databases.connection.execute(ending, [copy.name, spared]).fetchone() != (0,):
            pass

    def _clear(self, copy):
        """Put it back as the template is; False where its schema is another, or a test has ended our connection."""
        try:
            with copy.db.transaction():
                if _schema(copy.db) != copy.schema:
                    return False
                copy.db.execute(self._restoring)
                if copy.db.execute("DELETE FROM pg_statistic WHERE starelid >= 16384").rowcount:
                    copy.db.execute(SET_SIZES, self._sizes)
                    copy.schema = _schema(copy.db)
        except psycopg.OperationalError:
            return False
        return True

    def _drop(self, copy):
        copy.db.close()
        self.databases.drop(copy.name)


def _restoring(db):
    """The statements that put a database with these tables back as it is now."""
    tables = [name for (name,) in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()]
    yield from (f"DELETE FROM {table}" for table in tables)
    for table in tables:
        filling = f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM unnest(%L::{table}[])"
        asking = f"SELECT format('{filling}', array_agg(stored)) FROM {table} stored HAVING count(*) > 0"
        yield from (statement for (statement,) in db.execute(asking).fetchall())
    for (name,) in db.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'").fetchall():
        last, is_called = db.execute(f"SELECT last_value, is_called FROM {name}").fetchone()
        yield f"SELECT setval('{name}', {last}, {is_called})"


def _schema(db):
    return db.execute(SCHEMA).fetchall()
