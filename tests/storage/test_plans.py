"""That nothing which must be quick reads the whole directory: the plans of the statements that the code really runs.

Each statement is caught on its way to the database and explained there with its own parameters, on 10,000 users: as
they were loaded, and with the statistics of ANALYZE. In every plan, each table of a directory is read by an index, and
one that is read from an end of its index instead of looked up in it (a walk) is read no further than a LIMIT asks: a
sort of everybody is none of these. Postgres decides by cost, so that what is asserted of it holds for this size; the
benchmarks tell of larger ones.
"""

import importlib.util
import json
import re
import sqlite3
from collections import namedtuple
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from unittest import mock

import psycopg
import pytest
from doubles.statements import caught

from authctl.model import EventName
from authctl.storage import bulk, search_terms
from authctl.storage.connection import Connection

USERS = 10_000
ORDER = "users_created_at"
WORDS = "user_words_words"
ADDRESSES = ("addresses_pkey", "addresses_address_key")
PHONES = ("users_phone_key", "users_phone")
LARGE = {"users", "user_words", "addresses", "events", "sessions"}

# One way into a table. is_walk: from an end of the index, and not by a value looked up in it. limited: no further than
# a LIMIT asks. word_led: the rows are those that the search index named.
Access = namedtuple("Access", "table index is_walk limited word_led")


def _make_users():
    """The module that fills the directories of the benchmarks."""
    path = Path(__file__).parents[1] / "benchmarks" / "make_users.py"
    spec = importlib.util.spec_from_file_location("make_users", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_users = _make_users()
ROWS = list(make_users.rows(USERS))
MIDDLE = next(row for row, _ in ROWS[USERS // 2 :] if row["phone"] and row["username"])


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def loaded(request, tmp_path_factory):
    """A directory of 10,000 users on each database, some with events, as it is before anybody counted anything."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/authctl.db"
    else:
        databases = request.getfixturevalue("databases")
        name = databases.create()
        url = databases.url_of(name)
    with make_users.open_empty(url) as directory:
        if request.param == "postgres":
            directory.database.write(_keep_uncounted)
        directory.database.write(lambda db: make_users.load(ROWS, db))
        directory.write(_record_events)
        if request.param == "postgres":
            directory.database.write(_repeat_events)
        directory.database.write(_add_sessions)
        yield directory
    if request.param == "postgres":
        databases.drop(name)


def _keep_uncounted(db):
    """Keep autovacuum from gathering statistics when the test says that there are none."""
    for table in LARGE:
        db.sqlalchemy.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")


def _record_events(work):
    for row, _ in ROWS[::10]:
        work.now += timedelta(milliseconds=1)
        work.record(EventName.USERS_CREATE, f"users/{row['id']}", user_id=row["id"])


def _repeat_events(db):
    """Have more of them than are as well read at once, which is for Postgres to decide."""
    columns = "id, time, actor, name, resource, user_id, details"
    repeated = f"SELECT {columns} FROM events, generate_series(1, 49)"
    db.sqlalchemy.exec_driver_sql(f"INSERT INTO events ({columns}) {repeated}")


def _add_sessions(db):
    columns = ("id", "user_seq", "secret_digest", "provider", "factors", "created_at", "used_at", "expires_at")
    digests = [sha256(str(number).encode()).digest() for number in range(2_000)]
    rows = [(digest.hex(), number + 1, digest, "email", "[]", number, 0, 1) for number, digest in enumerate(digests)]
    bulk.insert(db, "sessions", columns, rows)


@pytest.fixture(scope="module", params=["as loaded", "analyzed"])
def directory(request, loaded):
    if request.param == "analyzed":
        loaded.database.write(lambda db: db.sqlalchemy.exec_driver_sql("ANALYZE"))
    return loaded


@contextmanager
def explaining(plans, *, of_postgres=None):
    """Collects the plan of every SELECT that is run meanwhile. of_postgres: the reader of those of Postgres."""

    def explain(driver, statement, parameters):
        if statement.startswith(("SELECT", "WITH")):
            is_sqlite = isinstance(driver, sqlite3.Connection)
            reader = plans_of_sqlite if is_sqlite else of_postgres or plans_of_postgres
            plans.append((statement, reader(driver.cursor(), statement, parameters)))

    # An explanation would be the statement that its transaction ends with.
    with caught(explain), mock.patch.object(Connection, "end_with_next"):
        yield


_STEP = re.compile(
    r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?INDEX (\w+)| USING INTEGER (PRIMARY KEY)| VIRTUAL .*(:M))?"
)


def plans_of_sqlite(cursor, statement, parameters):
    """The ways into tables, in the order that they are taken."""
    steps = [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()]
    # Without a sort rows come one by one, and the LIMIT ends it.
    limited = "LIMIT" in statement and not any("TEMP B-TREE" in step for step in steps)
    found = [match for match in map(_STEP.match, steps) if match and match[2] in LARGE]
    word_led = any(match[2] == "user_words" for match in found)
    return [
        Access(match[2], _index_of_sqlite(cursor, match), match[1] == "SCAN" and not match[5], limited, word_led)
        for match in found
    ]


def _index_of_sqlite(cursor, match):
    """The index of a step, by the name that its constraint has on Postgres."""
    if match[4] or match[5]:
        return "users_pkey" if match[4] else "user_words_words"
    if match[3] and match[3].startswith("sqlite_autoindex"):
        columns = [row[2] for row in cursor.execute(f"PRAGMA index_info({match[3]})").fetchall()]
        return f"{match[2]}_{columns[0]}_key"
    return match[3]


def plans_of_postgres(cursor, statement, parameters):
    cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    return _accesses_of_answer(cursor)


def kept_plans_of_postgres(cursor, statement, parameters):
    """The ways of the plan that the server keeps, which is for any values."""
    if not parameters:
        return plans_of_postgres(cursor, statement, parameters)
    for number, name in enumerate(parameters, 1):
        statement = statement.replace(f"%({name})s", f"${number}")
    types = ", ".join("bytea" if isinstance(value, bytes) else "unknown" for value in parameters.values())
    values = psycopg.sql.SQL(", ").join(map(psycopg.sql.Literal, parameters.values()))
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute(f"PREPARE kept ({types}) AS {statement}")
    cursor.execute(psycopg.sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE kept ({})").format(values))
    accesses = _accesses_of_answer(cursor)
    cursor.execute("DEALLOCATE kept")
    return accesses


def _accesses_of_answer(cursor):
    (answer,) = cursor.fetchone()
    return list(_accesses(json.loads(answer)[0]["Plan"] if isinstance(answer, str) else answer[0]["Plan"]))


def _accesses(node, *, limited=False, word_led=False, index=None):
    """The ways into tables under a node. A sort reads all that is under it, unless a LIMIT is further down."""
    limited = node["Node Type"] == "Limit" or (limited and node["Node Type"] not in ("Sort", "Hash"))
    below = node.get("Plans", [])
    table = node.get("Relation Name")
    if node["Node Type"] == "Bitmap Heap Scan":
        index = [each["Index Name"] for each in _bitmaps(below)]
        yield Access(table, index[0], ORDER in index, limited, word_led)  # a part of the order, to be sorted
        return
    if table in LARGE:
        yield Access(table, node.get("Index Name"), "Index Cond" not in node, limited, word_led)
    word_led = word_led or any(each.get("CTE Name") == "matches" for each in below)
    for each in below:
        yield from _accesses(each, limited=limited, word_led=word_led)


def _bitmaps(nodes):
    for node in nodes:
        if "Index Name" in node:
            yield node
        yield from _bitmaps(node.get("Plans", []))


def check(plans):
    """That no statement reads all of a table."""
    assert plans
    for statement, accesses in plans:
        for access in accesses:
            assert access.index is not None, (statement, accesses)
            assert access.limited or not access.is_walk, (statement, accesses)


LOOKUPS = {
    "id": f"id:{MIDDLE['id']}",
    "email": MIDDLE["email"],
    "phone": MIDDLE["phone"],
    "username": MIDDLE["username"],
}


@pytest.mark.parametrize("key", LOOKUPS)
def test_a_user_is_looked_up_in_an_index(directory, key):
    plans = []
    with explaining(plans):
        assert directory.users.get(LOOKUPS[key]).id == MIDDLE["id"]
    check(plans)
    used = {access.index for _, accesses in plans for access in accesses}
    # One statement asks for all that the text may be; none of it is a walk.
    assert used
    own = {"users_id_key", "users_username_key_key", "users_username_key", *PHONES, "users_pkey"}
    assert used <= {*own, *ADDRESSES}
    assert not any(access.is_walk for _, accesses in plans for access in accesses)


# What a page is asked for, and the indexes that may answer it; a walk is right where it finds enough at once.
PAGES = {
    "first": ({}, {ORDER}),
    "oldest first": ({"sort": "created_at"}, {ORDER}),
    "after": ({"after": MIDDLE["id"]}, {ORDER, "users_id_key"}),
    "before": ({"before": MIDDLE["id"]}, {ORDER, "users_id_key"}),
    "blocked": ({"filters": ["status = blocked"]}, {"users_blocked"}),
    "not active": ({"filters": ["status != active"]}, {"users_blocked"}),
    "active": ({"filters": ["status = active"]}, {ORDER}),
    "mfa": ({"filters": ["mfa = true"]}, {"users_flags", ORDER}),
    "no mfa": ({"filters": ["mfa != true"]}, {"users_flags", ORDER}),
    "email not verified": ({"filters": ["email_verified = false"]}, {"users_flags", ORDER}),
    "email verified": ({"filters": ["email_verified = true"]}, {"users_flags", ORDER}),
    "phone verified": ({"filters": ["phone_verified = true"]}, {"users_flags", ORDER}),
    "since": ({"filters": ["created_at >= 2020-01-01"]}, {ORDER}),
    "until": ({"filters": ["created_at < 2020-01-01"]}, {ORDER}),
    "its id": ({"filters": [f"id = {MIDDLE['id']}"]}, {"users_id_key"}),
    "its email": ({"filters": [f"email = {MIDDLE['email']}"]}, {"users_email_key", "users_pkey", *ADDRESSES}),
    "its phone": ({"filters": [f"phone = {MIDDLE['phone']}"]}, {*PHONES}),
    "blocked after": (
        {"filters": ["status = blocked"], "after": MIDDLE["id"]},
        {"users_blocked", "users_id_key"},
    ),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_read_by_an_index_in_its_order(directory, page):
    asked, indexes = PAGES[page]
    plans = []
    with explaining(plans):
        assert directory.users.list(**asked)
    check(plans)
    used = {access.index for _, accesses in plans for access in accesses}
    assert used <= indexes
    assert used & indexes


# What is searched for, and whether the walk of the order is expected to be enough.
SEARCHES = {
    "two thirds": ({"search": make_users.COMMON}, True),
    "few": ({"search": make_users.RARE}, False),
    "nobody": ({"search": make_users.NOBODY}, False),
    "few after": ({"search": make_users.RARE, "after": MIDDLE["id"]}, False),
    "a label of half": ({"filters": [f"labels ~ {make_users.COMMON_LABEL}"]}, True),
    "a label of few": ({"filters": [f"labels ~ {make_users.RARE_LABEL}"]}, False),
    "a whole name": ({"filters": [f"name = {MIDDLE['name']}"]}, False),
    "two thirds, blocked": ({"search": make_users.COMMON, "filters": ["status = blocked"]}, True),
    "few, blocked": ({"search": make_users.RARE, "filters": ["status = blocked"]}, True),
    "two thirds, of old": ({"search": make_users.COMMON, "filters": ["created_at < 2020-01-01"]}, True),
    "few, with mfa": ({"search": make_users.RARE, "filters": ["mfa = true"]}, True),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_a_search_walks_and_then_asks_the_index(directory, search):
    asked, walk_is_enough = SEARCHES[search]
    plans = []
    with explaining(plans):
        found = directory.users.list(**asked)
    assert [user.id for user in found] == answer(**asked)
    check(plans)
    # Where the search index was needed, what it named is all that was read and sorted.
    indexed = [accesses for statement, accesses in plans if statement.startswith("WITH")]
    assert bool(indexed) is not walk_is_enough
    for accesses in indexed:
        assert [access.index for access in accesses] == [WORDS, "users_pkey"]


def answer(search="", filters=(), after=None):
    """The ids of the first page, found by looking at everybody."""
    query = search_terms.Query.parse(search) if search else search_terms.Query()
    listed = sorted(ROWS, key=lambda each: (each[0]["created_at"], each[0]["seq"]), reverse=True)
    if after is not None:
        place = next(place for place, (row, _) in enumerate(listed) if row["id"] == after)
        listed = listed[place + 1 :]
    return [
        row["id"]
        for row, document in listed
        if query.matches(document) and all(_holds(row, *filter.split(" ", 2)) for filter in filters)
    ][:25]


def _holds(row, field, operator, value):
    match operator:
        case "~":
            return value in json.loads(row[field])
        case "<":
            return row[field] < 1_577_836_800_000  # 2020-01-01 in milliseconds
        case "!=":
            return str(row[field]).lower() != value.lower()
    return str(row[field]).lower() == value.lower()


FLAGGED = [
    ["mfa = true"],
    ["mfa != true", "email_verified = false"],
    ["phone_verified = true", "mfa = true", "email_verified = false"],
    ["email_verified = true", "created_at < 2020-01-01"],
]


@pytest.mark.parametrize("filters", FLAGGED, ids=str)
def test_pages_of_flags_follow_on_each_other_both_ways(directory, filters):
    wanted = [
        row["id"]
        for row, _ in sorted(ROWS, key=lambda each: (each[0]["created_at"], each[0]["seq"]), reverse=True)
        if all(_holds(row, *filter.split(" ", 2)) for filter in filters)
    ]
    plans = []
    with explaining(plans):
        assert listed(directory, filters) == wanted[:25]
        assert listed(directory, filters, after=wanted[24]) == wanted[25:50]
        assert listed(directory, filters, before=wanted[25]) == wanted[:25]
        assert listed(directory, filters, sort="created_at", after=wanted[-1]) == wanted[-26:-1][::-1]
    check(plans)
    assert directory.users.count(filters=filters) == len(wanted)
    assert len(list(directory.users.iterate(filters=filters))) == len(wanted)


def listed(directory, filters, **asked):
    return [user.id for user in directory.users.list(filters=filters, **asked)]


@pytest.mark.parametrize("reader", [plans_of_postgres, kept_plans_of_postgres])
def test_logs_are_read_by_their_indexes(directory, reader):
    if directory.database.path and reader is kept_plans_of_postgres:
        pytest.skip("SQLite has one plan for all values")
    logged = ROWS[USERS // 2][0]["id"]
    plans = []
    with explaining(plans, of_postgres=reader):
        event, *_ = directory.users.list_logs(logged)
        directory.users.list_logs(logged, after=event.id)
        *_, last = directory.security.list_logs()
        directory.security.list_logs(after=last.id)
    check(plans)
    accesses = [access for _, accesses in plans for access in accesses if access.table == "events"]
    indexes = ("events_user_id", "events_id_key") if directory.database.path else ("events_user",)
    assert {access.index for access in accesses} == {"events_time", *indexes}
    if reader is kept_plans_of_postgres:  # one user may have most of the log, which is not sorted at once
        assert all(access.limited for access in accesses if access.index == "events_user")


@pytest.mark.parametrize("reader", [plans_of_postgres, kept_plans_of_postgres])
def test_a_session_is_found_by_its_secret_and_by_its_id(directory, reader):
    if directory.database.path and reader is kept_plans_of_postgres:
        pytest.skip("SQLite has one plan for all values")
    secret = directory.users.create_session(MIDDLE["id"]).secret
    jwt = directory.sessions.create_jwt(secret).jwt
    plans = []
    with explaining(plans, of_postgres=reader):
        assert directory.sessions.get(secret).user.id == directory.sessions.verify_jwt(jwt).user_id == MIDDLE["id"]
    check(plans)
    indexes = {access.index for _, accesses in plans for access in accesses if access.table == "sessions"}
    keys = {"sessions_secret_digest_key", "sessions_id_key"}
    assert indexes == (keys if directory.database.path else {"sessions_digest", "sessions_second"})
