"""How often an application waits for Postgres in each call, once it is warm."""

import psycopg
import pytest
from doubles.postgres_proxy import PostgresProxy

PASSWORD = "correct horse battery"

MOST = {
    "sessions.get": 1,
    "users.get": 1,
    "sessions.verify_jwt": 1,
    "tokens.redeem": 5,
    "sessions.create_jwt": 3,
    "tokens.create": 4,
    "sessions.create": 5,
}


@pytest.fixture
def proxy(ready_postgres_url):
    with PostgresProxy(ready_postgres_url) as proxy:
        yield proxy


@pytest.fixture
def database_url(proxy):
    return proxy.url


def calls(directory):
    """Each call, which can be made twice."""
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    session = directory.users.create_session("ada").secret
    jwt = directory.sessions.create_jwt(session).jwt
    for user in ("bob", "eve"):
        directory.users.create(id=user)
    tokens = iter([(user, directory.tokens.create(user).secret) for user in ("bob", "eve")])
    return {
        "sessions.get": lambda: directory.sessions.get(session),
        "users.get": lambda: directory.users.get("ada"),
        "sessions.verify_jwt": lambda: directory.sessions.verify_jwt(jwt),
        "tokens.redeem": lambda: directory.tokens.redeem(*next(tokens), kind="token", ip="192.0.2.7"),
        "sessions.create_jwt": lambda: directory.sessions.create_jwt(session),
        "tokens.create": lambda: directory.tokens.create("ada"),
        "sessions.create": lambda: directory.sessions.create("ada@example.com", PASSWORD, ip="192.0.2.7"),
    }


@pytest.mark.parametrize("name", MOST)
def test_a_call_waits_no_more_often_than_this(directory, proxy, name):
    call = calls(directory)[name]
    call()
    with proxy.counting() as trips:
        call()
    assert len(trips) <= MOST[name], trips


def test_former_ids_are_asked_together_with_the_user(directory, proxy):
    for id in ("ada", "countess"):
        directory.users.create(id=id)
    directory.users.merge("countess", "ada")
    directory.users.get("ada", former_ids=True)
    with proxy.counting() as trips:
        assert directory.users.get("ada", former_ids=True).former_ids == ("countess",)
    assert len(trips) == 1


# The proxy counts as Postgres is spoken.


def test_what_is_sent_together_is_one_round_trip(proxy):
    with psycopg.connect(proxy.url, autocommit=True) as db:
        with proxy.counting() as trips:
            db.execute("SELECT 1")
            db.execute("SELECT %s", [2], prepare=True)
            db.execute("SELECT %s", [2], prepare=True)
        assert trips == [["SELECT 1"], [], ["SELECT $1"], ["SELECT $1"]]  # psycopg prepares in a trip of its own
        with proxy.counting() as trips, db.pipeline():
            for number in range(3):
                db.execute("SELECT %s", [number])
        assert trips == [["SELECT $1"] * 3]
        with proxy.counting() as trips, db.pipeline():
            assert db.execute("SELECT 1").fetchone() == (1,)
            assert db.execute("SELECT 2").fetchone() == (2,)
        assert trips[:2] == [["SELECT 1"], ["SELECT 2"]]
        with proxy.counting() as trips, db.cursor().copy("COPY (SELECT 1) TO STDOUT") as copy:
            assert list(copy) == [b"1\n"]
        assert trips == [["COPY (SELECT 1) TO STDOUT"]]


def test_a_failure_is_an_answer(proxy):
    with psycopg.connect(proxy.url, autocommit=True) as db, proxy.counting() as trips:
        for _ in range(2):
            with pytest.raises(psycopg.errors.DivisionByZero):
                db.execute("SELECT 1 / 0")
    assert trips == [["SELECT 1 / 0"]] * 2
