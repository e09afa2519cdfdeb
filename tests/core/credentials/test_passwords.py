"""Passwords: what a new one must be, what becomes of another system's hash, and what changes one leaves behind."""

import pytest

from authctl import storage
from authctl.core import hashing
from authctl.errors import Denied, Invalid

PASSWORD = "correct horse battery"
NEW = "another fine password"
UNSALTED = "5ebe2294ecd0e0f08eab7690d2a6ee69"  # md5 of the word "secret"


@pytest.fixture
def warnings(directory):
    """What the directory warns of."""
    told = []
    directory.warn = told.append
    return told


def refusal(call, *args, **kwargs):
    """The types of all that is wrong."""
    with pytest.raises(Invalid) as refused:
        call(*args, **kwargs)
    return [problem.type for problem in refused.value.problems]


# Hashes of other systems


@pytest.mark.parametrize(("weak", "words"), [("keep", "without salt"), ("reset", "no password"), ("wrap", None)])
def test_what_a_weak_hash_brings_is_told(directory, warnings, weak, words):
    directory.users.create(id="old", password_hash=UNSALTED, hash="md5", weak_hash=weak)
    assert [words in warning for warning in warnings] == ([True] if words else [])


def test_a_strong_hash_brings_no_warning(directory, warnings):
    text = hashing.hash_new(PASSWORD, parameters=hashing.TODAY, salt=b"0123456789abcdef")
    directory.users.create(id="new", password_hash=text)
    assert warnings == []


def test_a_person_is_signed_in_by_an_imported_hash_of_any_length(directory):
    directory.users.create(id="empty", password_hash="d41d8cd98f00b204e9800998ecf8427e", hash="md5")
    assert directory.sessions.create("empty", "").session.user_id == "empty"


def test_a_replaced_hash_is_not_left_in_the_history(directory):
    """It would give away the password that the better one protects, and count for one of its own."""
    directory.security.set("password-history", 2)
    directory.users.create(id="old", password_hash=UNSALTED, hash="md5")
    directory.sessions.create("old", "secret")
    stored = directory.users.get("old").password.hash
    assert directory.read(lambda work: storage.passwords.list_past(work.db, 1, 9)) == [stored]
    directory.users.update_password("old", PASSWORD)
    assert "password_recently_used" in refusal(directory.users.update_password, "old", "secret")


# Changes


def test_who_must_change_the_password_does(directory):
    directory.users.create(id="ada", password=PASSWORD, must_change=True)
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    assert refusal(person.users.update_password, "ada", PASSWORD, current=PASSWORD) == ["password_recently_used"]
    person.users.update_password("ada", NEW, current=PASSWORD)
    assert person.users.update_password("ada", NEW, current=NEW)


def test_a_change_by_an_operator_wins_over_a_persons_that_was_confirmed_before(directory):
    """The person's current password is no longer that by the time it is confirmed."""
    directory.security.set("session-invalidation", "off")
    directory.users.create(id="ada", password=PASSWORD)
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    directory.users.update_password("ada", NEW)
    with pytest.raises(Denied):
        person.users.update_password("ada", "a third fine password", current=PASSWORD)
    assert directory.sessions.create("ada", NEW)
