"""What an application's calls take beside one SELECT of the driver's, and how often they wait for the database.

    PYTHONPATH=tests python tests/benchmarks/in_process.py [ROUNDS]

The SELECT joins a session and its user by the digest of the secret, on a connection that is kept, in autocommit. All
are run in random order in one process, on both databases; ratios are of medians. Hashes cost next to nothing here, and
the verification is taken off `sessions.create`. Statements and round trips are not timed: a proxy before Postgres
counts them, and SQLite says what it runs. Beside them stands what Django does to find the session and the user of a
request, on the same databases, where Django is installed. The aims are marked where they are missed.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import timing
from doubles.postgres_proxy import PostgresProxy
from make_users import _server, new_database
from psycopg.conninfo import conninfo_to_dict

from authctl.core import hashing
from authctl.core.crypto import digests
from authctl.core.directory import opening
from authctl.core.directory.directory import Directory
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor
from authctl.settings import load

Calls = dict[str, Callable[[], object]]
Counting = Callable[[], Any]  # a context, whose value is the statements of each round trip made in it

RAW, VERIFY, DJANGO = "raw SELECT", "verification", "Django's look-up"
# The most that each may be of the raw SELECT, and the most round trips on Postgres.
MOST = {
    "sqlite": {"sessions.get": 4.0},
    "postgres": {"sessions.get": 2.5, "users.get": 2.5, "sessions.verify_jwt": 4.0},
}
MOST_TRIPS = {
    "sessions.get": 1,
    "users.get": 1,
    "sessions.verify_jwt": 1,
    "tokens.create": 5,
    "tokens.redeem": 5,
    "sessions.create_jwt": 5,
    "sessions.create": 5,
}
SELECT = "SELECT * FROM sessions JOIN users ON users.seq = sessions.user_seq WHERE secret_digest = {0}"
SELECT_ON_POSTGRES = f"{SELECT} AND substr(secret_digest, 1, 7) = substr({{0}}, 1, 7)"
FREE = hashing.Parameters(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"
IP = "192.0.2.7"
WARM = 8  # runs before the one that is counted: psycopg prepares what it has sent five times

numbers = count()


# What is measured


def open_directory(url: str, home: Path) -> Directory:
    settings = load(timing.environ_of(home), options={"database_url": url}, system_config=os.devnull)
    directory = opening.open_directory(settings, Actor("benchmark"), hash_parameters=FREE)
    setup.initialize(directory, settings)
    return directory


@contextmanager
def calls_of(url: str, home: Path, runs: int) -> Iterator[Calls]:
    """Each call, so that it can be made so many times, and the raw SELECT."""
    with open_directory(url, home) as directory, raw(url) as select:
        user, other = f"ada{next(numbers)}", f"bob{next(numbers)}"  # whose sessions end each other by their limit
        directory.users.create(id=user)
        password = directory.users.create(id=other, email=f"{other}@example.com", password=PASSWORD).password
        session = directory.users.create_session(user).secret
        jwt = directory.sessions.create_jwt(session).jwt
        tokens = iter([new_token(directory) for _ in range(runs)])
        assert password is not None
        yield {
            RAW: partial(select, digests.digest(session)),
            "sessions.get": partial(directory.sessions.get, session),
            "users.get": partial(directory.users.get, user),
            "sessions.verify_jwt": partial(directory.sessions.verify_jwt, jwt),
            "tokens.create": partial(directory.tokens.create, user),
            "tokens.redeem": lambda: directory.tokens.redeem(*next(tokens), kind="token", ip=IP),
            "sessions.create_jwt": partial(directory.sessions.create_jwt, session),
            "sessions.create": partial(directory.sessions.create, f"{other}@example.com", PASSWORD, ip=IP),
            VERIFY: partial(hashing.verify, password.hash, PASSWORD),
        }


def new_token(directory: Directory) -> tuple[str, str]:
    """A new user, and the secret of a token that signs it in."""
    user = directory.users.create().id
    return user, directory.tokens.create(user).secret


@contextmanager
def raw(url: str) -> Iterator[Callable[[bytes], object]]:
    """The SELECT on a connection of the driver's."""
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        select = SELECT.format(":digest")
    else:
        connection = psycopg.connect(url, autocommit=True)
        select = SELECT_ON_POSTGRES.format("%(digest)s")
    try:
        yield lambda digest: connection.execute(select, {"digest": digest}).fetchone()
    finally:
        connection.close()


# Django's


class Router:
    """Has Django's models read from the database that is measured."""

    database = "default"

    def db_for_read(self, model: object, **hints: object) -> str:
        return Router.database

    db_for_write = db_for_read


def start_django(urls: dict[str, str], folder: Path) -> None:
    """Make Django's tables in a file of its own, and beside ours in Postgres."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    databases = {"sqlite": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "django.db")}}
    for name in ("postgres", "counted"):
        info = {key.upper(): value for key, value in conninfo_to_dict(urls[name]).items()}
        databases[name] = {"ENGINE": "django.db.backends.postgresql", "NAME": info.pop("DBNAME"), **info}
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        DATABASES=databases | {"default": databases["sqlite"]},
        DATABASE_ROUTERS=[Router()],
        SECRET_KEY="benchmark",
        USE_TZ=True,
    )
    django.setup()
    for name in ("sqlite", "postgres"):
        Router.database = name
        call_command("migrate", database=name, verbosity=0)


def close_django() -> None:
    from django.db import connections

    connections.close_all()


def django_call(database: str) -> Calls:
    """Find the user of a request by the key of its session, on a new connection."""
    from django.contrib.auth import get_user, login
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest

    def request(key: str | None = None) -> Any:
        made: Any = HttpRequest()
        made.session = SessionStore(key)
        return made

    def look_up() -> None:
        Router.database = database
        assert get_user(request(key)).is_authenticated

    close_django()
    Router.database = database
    first = request()
    login(first, User.objects.create_user(f"ada{next(numbers)}"))
    first.session.save()
    key = first.session.session_key
    return {DJANGO: look_up}


# Counting


def counted(calls: Calls, counting: Counting) -> dict[str, list[list[str]]]:
    """The statements of each round trip of each call."""
    found = {}
    for name, call in calls.items():
        for _ in range(WARM):
            call()
        with counting() as trips:
            call()
        found[name] = trips
    return found


@contextmanager
def traced() -> Iterator[Counting]:
    """Has SQLite say what it runs, on connections that are made meanwhile."""
    sent: list[str] = []
    connect = sqlite3.connect

    def connect_traced(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(sent.append)
        return connection

    @contextmanager
    def counting() -> Iterator[list[list[str]]]:
        sent.clear()
        trips: list[list[str]] = []
        yield trips
        trips.append([text for text in sent if not text.startswith("--")])  # which are triggers'

    with mock.patch("sqlite3.connect", connect_traced), mock.patch("sqlite3.dbapi2.connect", connect_traced):
        yield counting


# One run


@contextmanager
def databases() -> Iterator[tuple[Path, dict[str, str], PostgresProxy]]:
    """A folder, the URLs of new databases, and the proxy before the one that is `counted`."""
    with tempfile.TemporaryDirectory(prefix="authctl-in-process-") as name, _server(Path(name)) as server:
        url = new_database(server, "authctl_benchmark_in_process")
        with PostgresProxy(url) as proxy:
            urls = {"sqlite": f"sqlite:///{name}/authctl.db", "postgres": url, "counted": proxy.url}
            yield Path(name), urls, proxy


def measure(url: str, home: Path, rounds: int, django: Calls) -> dict[str, float]:
    """The median seconds of each call, `sessions.create` without the verification."""
    with calls_of(url, home, rounds + 1) as calls:
        taken = timing.medians(calls | django, rounds)
    taken["sessions.create"] -= taken.pop(VERIFY)
    return taken


def show(database: str, taken: dict[str, float], found: dict[str, list[list[str]]]) -> None:
    on_postgres = database == "postgres"
    print(f"\n{database:20}{'µs':>8}{'ratio':>8}{'at most':>9}   {'statements':>10}{'round trips':>13}{'at most':>9}")
    for name, seconds in taken.items():
        ratio, most = seconds / taken[RAW], MOST[database].get(name)
        trips, most_trips = len(found[name]), MOST_TRIPS.get(name) if on_postgres else None
        is_missed = (most and ratio > most) or (most_trips and trips > most_trips)
        print(
            f"{name:20}{seconds * 1e6:8.0f}{ratio:8.2f}{most or '':>9}   {sum(map(len, found[name])):>10}"
            f"{trips if on_postgres else '':>13}{most_trips or '':>9}{' !' * bool(is_missed)}"
        )


def main() -> None:
    rounds = timing.rounds_asked_for(300)
    has_django = find_spec("django") is not None
    with databases() as (home, urls, proxy), ExitStack() as ends:
        if has_django:
            start_django(urls, home)
            ends.callback(close_django)
        look_up: Callable[[str], Calls] = django_call if has_django else lambda database: {}
        for database, at, counter in (
            ("sqlite", "sqlite", traced()),
            ("postgres", "counted", nullcontext(proxy.counting)),
        ):
            taken = measure(urls[database], home, rounds, look_up(database))
            with counter as counting, calls_of(urls[at], home, WARM + 1) as calls:
                found = counted(calls | look_up(at), counting)
            show(database, taken, found)
    if not has_django:
        print("\nDjango is not installed: its look-up is not measured.")


if __name__ == "__main__":
    main()
