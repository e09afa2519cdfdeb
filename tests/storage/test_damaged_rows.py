"""Values that somebody or a failing disk changed: which row it is, that all others are read, and that it is told."""

import json

import pytest
import sqlalchemy as sa

from authctl.core.maintenance import checks
from authctl.errors import Unavailable

PASSWORD = "correct horse battery"
# What is changed, and the table, row and column that are named.
SQLITE = {
    "a byte that is no text": ("UPDATE users SET name = CAST(x'416461ff' AS TEXT) WHERE id = 'ada'", "users", "name"),
    "a number for text": ("UPDATE users SET name = x'416461' WHERE id = 'ada'", "users", "name"),
    "a text for a time": ("UPDATE users SET updated_at = 'now' WHERE id = 'ada'", "users", "updated_at"),
}
BOTH = {
    "an unknown status": ("UPDATE users SET status = 'actiwe' WHERE id = 'ada'", "users", "status"),
    "broken JSON": ("UPDATE users SET labels = '[\"a' WHERE id = 'ada'", "users", "labels"),
    "other JSON": ("UPDATE users SET prefs = '[]' WHERE id = 'ada'", "users", "prefs"),
    "an impossible time": ("UPDATE users SET created_at = 9000000000000000000 WHERE id = 'ada'", "users", "created_at"),
}
LISTS = {
    "plain": {},
    "sorted": {"sort": "email"},
    "filtered": {"filters": ["mfa = false"]},
    "searched": {"search": "example"},
}


@pytest.fixture
def damaged(directory, database_url):
    """Does that to Ada's row, beside Bob's; the warnings from then on."""
    for id in ("ada", "bob"):
        directory.users.create(id=id, email=f"{id}@example.com", password=PASSWORD)

    def damage(statement):
        directory.write(lambda work: work.db.sqlalchemy.exec_driver_sql(statement))
        found = []
        directory.warn = found.append
        return found

    return damage


def cases(url):
    return BOTH | (SQLITE if url.startswith("sqlite") else {})


@pytest.mark.parametrize("what", [*BOTH, *SQLITE])
def test_the_row_is_named_and_all_others_are_read(damaged, directory, settings, database_url, what):
    if what not in cases(database_url):
        pytest.skip("Postgres takes no such value")
    statement, table, column = cases(database_url)[what]
    warnings = damaged(statement)
    message = f"A row with the id ada in the table {table} is damaged: its {column} has an impossible value."
    with pytest.raises(Unavailable) as refused:
        directory.users.get("id:ada")
    assert (refused.value.type, refused.value.message) == ("database_damaged", message)
    assert "restore the backup" in refused.value.hint
    assert directory.users.get("bob").id == "bob"
    for asked in LISTS.values():
        warnings.clear()
        assert [user.id for user in directory.users.list(**asked)] == ["bob"]
        assert [warning for warning in warnings if message in warning] == warnings != []
    warnings.clear()
    assert [user.id for user in directory.users.iterate()] == ["bob"]
    assert len(warnings) == 1
    found = [each for each in checks.check(directory, settings) if each.check.id == "row-damaged"]
    assert [(each.resource, each.message) for each in found] == [("users/ada", message)]


TABLES = {
    "sessions": ("factors", lambda d: d.sessions.create("ada", PASSWORD)),
    "tokens": ("kind", lambda d: d.tokens.create("ada")),
    "teams": ("prefs", lambda d: d.teams.create("Teachers", id="teachers")),
    "memberships": (
        "status",
        lambda d: (d.teams.create("Teachers", id="teachers"), d.teams.create_membership("teachers", user="ada")),
    ),
    "authenticators": ("name", lambda d: d.mfa.create_authenticator("ada")),
}


@pytest.mark.parametrize("table", TABLES)
def test_rows_of_other_tables_are_named(damaged, directory, settings, table):
    column, make = TABLES[table]
    make(directory)
    value = "'{'" if column != "name" or directory.database.dialect != "sqlite" else "x'41'"
    if value == "'{'" and column == "name":
        pytest.skip("Postgres takes no such value")
    damaged(f"UPDATE {table} SET {column} = {value}")
    [found] = [each for each in checks.check(directory, settings) if each.check.id == "row-damaged"]
    assert found.resource.startswith(f"{table}/")
    assert f"in the table {table} is damaged: its {column} has an impossible value." in found.message


def test_a_damaged_policy_refuses_sessions(damaged, directory):
    secret = directory.sessions.create("ada", PASSWORD).secret
    directory.security.set("session-duration", "1d")
    damaged("UPDATE policies SET value = '{'")
    with pytest.raises(Unavailable) as refused:
        directory.sessions.get(secret)
    assert refused.value.type in ("database_damaged", "database_unavailable")


def test_the_check_up_does_without_times_that_are_damaged(damaged, directory, settings):
    damaged("UPDATE directory SET value = '2026-01-02' WHERE name = 'key_at'")
    [found] = [each for each in checks.check(directory, settings, deep=True) if each.check.id == "row-damaged"]
    assert found.resource == "directory/key_at"


def test_status_tells_of_damaged_rows(authctl, ready_home):
    assert authctl("users create --id ada --email ada@example.com").status == 0
    assert authctl("users create --id bob --email bob@example.com").status == 0
    path = json.loads(authctl("status -o json").stdout)["database"].removeprefix("sqlite:///")
    with sa.create_engine(f"sqlite:///{path}").begin() as connection:
        connection.exec_driver_sql("UPDATE users SET status = 'actiwe' WHERE id = 'ada'")
    told = "A row with the id ada in the table users is damaged: its status has an impossible value."
    ran = authctl("status")
    assert (ran.status, told in ran.stderr) == (0, True)
    ran = authctl("users list -o tsv --fields id")
    assert (ran.status, "bob" in ran.stdout, told in ran.stderr) == (0, True, True)


def test_a_backup_of_an_impossible_value_is_refused(authctl, ready_home, tmp_path):
    assert authctl("users create --id ada").status == 0
    path = json.loads(authctl("status -o json").stdout)["database"].removeprefix("sqlite:///")
    for value in ("CAST(x'616461ff' AS TEXT)", "1.5"):
        with sa.create_engine(f"sqlite:///{path}").begin() as connection:
            connection.exec_driver_sql(f"UPDATE users SET blocked_until = {value}")
        ran = authctl(["backup", str(tmp_path / "directory.backup")])
        assert (ran.status, "The table users contains a value that is impossible." in ran.stderr) == (7, True)


def test_a_schema_that_is_no_text_is_damage(authctl, ready_home):
    path = json.loads(authctl("status -o json").stdout)["database"].removeprefix("sqlite:///")
    with open(path, "r+b") as file:
        content = file.read()
        file.seek(content.index(b"CREATE TABLE users"))
        file.write(b"CREATE\xff")
    ran = authctl("users list")
    assert (ran.status, "is damaged" in ran.stderr) == (7, True)
