"""Passwords: what a new one must be, what becomes of another system's hash, and what changes one leaves behind."""

import pytest

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
