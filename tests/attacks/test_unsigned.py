"""What erases is obeyed only as somebody has signed it who has the key.

What is restored, too: tests/core/maintenance/test_backup.py has backups to which a session was added.
"""

from doubles.attackers import PASSWORD, refusal
from doubles.logs import events, sql

SET = "INSERT INTO policies (name, value) VALUES ('log-retention', '\"1d\"')"
UNSET = "DELETE FROM policies WHERE name = 'log-retention'"


def purged(directory):
    directory.sleep = lambda seconds: None
    return directory.security.purge()


def test_whoever_writes_to_the_database_has_cron_erase_nothing_of_the_log(directory, clock):
    directory.users.create(id="ada", password=PASSWORD)
    before = events(directory)
    sql(directory, SET)
    clock.forward(days=3)
    assert purged(directory).events == 0
    sql(directory, UNSET)
    assert events(directory)[: len(before)] == before
    assert directory.security.verify_logs().is_good


def test_nor_the_sessions_that_show_where_somebody_came_from(directory, clock):
    """Those that are over are kept as long as the log, else 30 days."""
    directory.users.create(id="ada", password=PASSWORD)
    secret = directory.sessions.create("ada", PASSWORD, ip="192.0.2.66").secret
    directory.sessions.delete(secret)
    sql(directory, SET)
    clock.forward(days=3)
    assert purged(directory).sessions == 0
    sql(directory, UNSET)
    assert [session.ip for session in directory.users.list_sessions("ada", ended=True)] == ["192.0.2.66"]
    clock.forward(days=28)
    assert purged(directory).sessions == 1


def test_a_retention_that_was_set_with_authctl_clears_them(directory, clock):
    directory.users.create(id="ada", password=PASSWORD)
    directory.sessions.delete(directory.sessions.create("ada", PASSWORD).secret)
    directory.security.set("log-retention", "1d")
    clock.forward(days=3)
    assert purged(directory).sessions == 1


def test_a_retention_that_cannot_be_read_clears_nothing(directory, clock):
    directory.users.create(id="ada", password=PASSWORD)
    directory.sessions.delete(directory.sessions.create("ada", PASSWORD).secret)
    sql(directory, SET.replace("1d", "soon"))
    clock.forward(days=60)
    before = events(directory)
    assert refusal(purged, directory) == "database_damaged"
    assert events(directory) == before
    assert len(directory.users.list_sessions("ada", ended=True)) == 1
