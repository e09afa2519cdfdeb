"""An operator takes a password away: what ends, and that the last way in stays; on both databases."""

import pytest

from authctl.errors import Conflict, Denied, Invalid

PASSWORD = "correct horse battery"


def test_the_password_is_gone_and_does_not_come_back(directory):
    directory.security.set("password-history", 3)
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    secret = directory.sessions.create("ada", PASSWORD).secret
    assert directory.users.remove_password("ada").password is None
    with pytest.raises(Denied):
        directory.sessions.get(secret)
    assert not directory.users.verify_password("ada", PASSWORD)
    with pytest.raises(Invalid, match="password"):
        directory.users.update_password("ada", PASSWORD)
    (event,) = directory.security.list_logs(events=["users.update.password"])
    assert event.details["password"]["after"]["set"] is False
    assert directory.users.remove_password("ada").password is None  # and nothing happens
    assert len(directory.security.list_logs(events=["users.update.password"])) == 1


def test_the_only_way_in_goes_if_the_operator_insists(directory):
    directory.users.create(id="ada", username="ada", password=PASSWORD)
    with pytest.raises(Conflict) as refused:
        directory.users.remove_password("ada")
    assert refused.value.type == "user_last_way_in"
    assert directory.users.verify_password("ada", PASSWORD)
    assert directory.users.remove_password("ada", force=True).password is None


def test_the_command(ran, directory):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    assert ran("users update-password ada --remove --generate-password").status == 2
    assert '"set": false' in ran("users update-password ada --remove -o json").stdout


@pytest.fixture
def ran(authctl, database_url):
    return lambda line: authctl(line, env={"AUTHCTL_DATABASE_URL": database_url})
