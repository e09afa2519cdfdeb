"""What is removed batch by batch: each batch is in the log, also where a crash cuts it short; on both databases."""

from datetime import timedelta

import pytest

from authctl.storage import purging

PASSWORD, PHONE = "correct horse battery", "+14255550123"
KINDS = {
    "tokens": lambda directory: directory.tokens.create("ada"),
    "challenges": lambda directory: directory.mfa.create_challenge(secret(directory), "email", print_secret=True),
    "sessions": lambda directory: directory.sessions.create("ada", PASSWORD),
}
TIMES = {"sessions": 400}
DELETE = {"sessions": "delete_over"}


def secret(directory):
    return directory.sessions.create("ada", PASSWORD).secret


def told(directory, what):
    """The batches that the log tells of, the oldest first."""
    events = directory.security.list_logs(events=["security.purge"], limit=100)
    return [event.details[what] for event in reversed(events) if event.resource == what]


class Killed(BaseException):
    """A process that ends there."""


@pytest.mark.parametrize("what", KINDS)
def test_a_purge_that_is_cut_short_has_told_of_what_it_removed(directory, clock, monkeypatch, what):
    monkeypatch.setattr(purging, "BATCH", 1)
    directory.users.create(
        id="ada",
        email="ada@example.com",
        email_verified=True,
        phone="+14255550123",
        phone_verified=True,
        password=PASSWORD,
    )
    directory.mfa.enable("ada")
    for _ in range(2):
        KINDS[what](directory)
    clock.now += timedelta(days=TIMES.get(what, 40))
    steps = []
    delete = getattr(purging, DELETE.get(what, f"delete_{what}"))

    def once(db, *arguments):
        if steps:
            raise Killed
        steps.append(delete(db, *arguments))
        return steps[-1]

    monkeypatch.setattr(purging, delete.__name__, once)
    with pytest.raises(Killed):
        directory.security.purge(force=True)
    assert told(directory, what) == [1] == steps
