import pytest

from authctl.core.work.unit import Actor


@pytest.fixture
def log(directory, clock):
    """A directory with events before a seal, one a minute, and two behind it: of ada, of the verification, of eve."""
    for number in range(4):
        clock.forward(minutes=1)
        directory.users.create(id=f"user{number}", name=f"User {number}")
    directory.users.create(id="ada", password="correct horse battery")
    directory.acting(Actor("tester@example.com", os_user="root", ip="192.0.2.1", reason="asked")).users.delete("user3")
    directory.security.verify_logs()
    directory.users.create(id="eve")
    return directory
