"""Sequences as a logical replica has them: behind the rows, until they are set."""

import pytest

from authctl import storage
from authctl.core.maintenance import checks, rehearsal, setup, status
from authctl.errors import Unavailable

pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.fixture
def replica(directory):
    """A directory whose rows came without the state of the sequences."""
    directory.users.create(id="ada", email="ada@example.com")
    assert directory.database.read(storage.sequences.list_behind) == []
    for table in storage.sequences.TABLES:
        asked = f"SELECT setval(pg_get_serial_sequence('{table}', 'seq'), 1, false)"
        directory.database.write(lambda db, asked=asked: db.sqlalchemy.exec_driver_sql(asked))
    return directory


def test_the_error_names_the_cause_and_the_command(replica):
    with pytest.raises(Unavailable) as refused:
        replica.users.create(id="bob")
    assert "sequences" in refused.value.message
    assert refused.value.hint == "Set them with: authctl upgrade --repair"


def test_status_and_the_check_up_tell_it_until_it_is_repaired(replica, settings, monkeypatch):
    told = []
    monkeypatch.setattr(replica, "warn", told.append)
    status.status(replica, settings)
    [finding] = [each for each in checks.check(replica, settings) if each.check.id == "sequences-behind"]
    assert (len(told), finding.command) == (1, "authctl upgrade --repair")
    assert "FROM users" in rehearsal.rehearse(replica, repair=True).sql
    assert {"events", "users"} <= {*setup.repair(replica)}
    assert replica.users.create(id="bob").id == "bob"
    assert setup.repair(replica) == []
    status.status(replica, settings)
    assert "sequences-behind" not in {each.check.id for each in checks.check(replica, settings)}
    assert len(told) == 1


def test_the_command_repairs(replica, authctl, database_url):
    env = {"AUTHCTL_DATABASE_URL": database_url}
    assert "FROM users" in authctl("upgrade --repair --dry-run", env=env).stdout
    assert authctl("users create --id bob", env=env).status == 7
    assert authctl("upgrade --repair", env=env).status == 0
    assert authctl("users create --id bob", env=env).status == 0
