"""The databases of a Postgres that tests have to themselves: empty ones, and one that is cleared for the next test."""

import os
from urllib.parse import quote, urlencode

import psycopg

MOST_USES = 50  # of one database: rows that are deleted leave their space behind

# What a test may have changed of a schema. What stands in the catalogs of every new database has lower numbers.
SCHEMA = " UNION ALL ".join(
    f"SELECT '{catalog}', {number}::bigint, xmin::text FROM {catalog} WHERE {number} >= 16384"
    for catalog, number in {
        "pg_class": "oid",
        "pg_attribute": "attrelid",
        "pg_constraint": "oid",
        "pg_trigger": "oid",
        "pg_proc": "oid",
        "pg_type": "oid",
        "pg_namespace": "oid",
        "pg_extension": "oid",
        "pg_statistic": "starelid",
        "pg_db_role_setting": "setdatabase",
    }.items()
)


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
        self.connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return name

    def drop(self, name):
        self.connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self):
        self.connection.close()

    def url_of(self, name):
        return url_of(psycopg.conninfo.conninfo_to_dict(self.url) | {"dbname": name})


def url_of(info):
    """A connection's parts as a URL; a host that is a folder goes into the query, as libpq has it."""
    user = quote(info.get("user", "postgres"), safe="")
    password = f":{quote(info['password'], safe='')}" if info.get("password") else ""
    host, port = info.get("host", ""), info.get("port")
    place = "" if host.startswith("/") else f"{host}{f':{port}' if port else ''}"
    query = {"host": host, **({"port": port} if port else {})} if host.startswith("/") else {}
    return f"postgresql://{user}{password}@{place}/{info['dbname']}" + (f"?{urlencode(query)}" if query else "")


class Copies:
    """Copies of a template, one at a time for each test: what comes back is cleared, unless its schema is another.

    Clearing takes a tenth of what a new copy does, and writes next to nothing.
    """

    def __init__(self, databases, template):
        self.databases = databases
        self.template = template
        self._spare = []  # names, with how often each was used
        with self._connect(template) as db:
            tables = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            self._tables = [name for (name,) in tables]
            self._rows = {table: rows for table in self._tables if (rows := _copied(db, table))}
            sequences = db.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'").fetchall()
            self._sequences = {
                name: db.execute(f"SELECT last_value, is_called FROM {name}").fetchone() for (name,) in sequences
            }

    def take(self):
        """The name of one, and what `give_back` wants of it."""
        if self._spare:
            return self._spare.pop()
        name = self.databases.create(self.template)
        with self._connect(name) as db:
            return name, MOST_USES, _schema(db)

    def give_back(self, name, uses, schema):
        self._disconnect(name)
        if uses > 1 and self._clear(name, schema):
            self._spare.append((name, uses - 1, schema))
        else:
            self.databases.drop(name)

    def close(self):
        for name, _, _ in self._spare:
            self.databases.drop(name)

    def _connect(self, name):
        return psycopg.connect(self.databases.url_of(name))

    def _disconnect(self, name):
        """Whoever is still connected, such as a process that a test killed, might go on changing it."""
        self.databases.connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            [name],
        )

    def _clear(self, name, schema):
        """Put it back as the template is; False where that takes more than rows."""
        with self._connect(name) as db:
            if _schema(db) != schema:
                return False
            db.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
            db.execute(";".join(f"DELETE FROM {table}" for table in self._tables))
            for table, rows in self._rows.items():
                with db.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(rows)
            for sequence, state in self._sequences.items():
                db.execute("SELECT setval(%s, %s, %s)", [sequence, *state])
            return True


def _copied(db, table):
    with db.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(copy)


def _schema(db):
    return db.execute(f"SELECT md5(string_agg(part::text, ',' ORDER BY part::text)) FROM ({SCHEMA}) part").fetchone()
