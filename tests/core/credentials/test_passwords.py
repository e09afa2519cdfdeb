"""Passwords: what a new one must be, what becomes of another system's hash, and what changes one leaves behind."""

from hashlib import md5

import pytest
import sqlalchemy as sa

from authctl import storage
from authctl.core import hashing
from authctl.core.hashing import argon2
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


@pytest.mark.parametrize(("weak", "words"), [("keep", "without salt"), ("reset", "a password reset"), ("wrap", None)])
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


# Forms of Unicode. \u1e69 is UAX #15's example of one character that is also typed as a letter and two marks.


TYPED, NFC = "corre\u0301ct s\u0323\u0307 battery", "corr\u00e9ct \u1e69 battery"


def of_an_older_version(directory):
    """An account whose password was hashed as typed."""
    hash = str(argon2.new(TYPED.encode(), directory.hash_parameters, bytes(16)))
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password_hash=hash)
    return hash


def test_a_new_password_works_from_every_keyboard(directory, application):
    directory.users.create(id="ada", password=TYPED)
    assert application.users.create(id="bob", password=NFC)
    stored = directory.users.get("ada").password.hash
    for user in ("ada", "bob"):
        for form in (TYPED, NFC):
            assert application.sessions.create(user, form)
    assert directory.users.get("ada").password.hash == stored
    assert not directory.users.verify_password("ada", TYPED.replace("\u0301", ""))


def test_every_door_takes_either_form(directory):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=NFC)
    person = directory.as_session(directory.sessions.create("ada", TYPED).secret)
    person.users.update_password("ada", TYPED.upper(), current=TYPED)
    secret = directory.tokens.create_recovery("ada", print_secret=True).secret
    directory.tokens.redeem("ada", secret, kind="recovery", new_password=TYPED)
    assert directory.users.verify_password("ada", NFC)


def test_an_older_hash_is_of_what_was_typed_and_becomes_one_of_nfc(directory):
    directory.security.set("password-history", 2)
    older = of_an_older_version(directory)
    assert not directory.users.verify_password("ada", NFC)
    assert directory.sessions.create("ada", TYPED)
    assert directory.users.get("ada").password.hash != older
    assert directory.users.verify_password("ada", NFC)
    assert "password_recently_used" in refusal(directory.users.update_password, "ada", NFC)


def test_another_systems_hash_is_of_what_was_typed(directory):
    for form in (TYPED, NFC):
        user = directory.users.create(password_hash=md5(form.encode()).hexdigest(), hash="md5").id
        assert directory.sessions.create(user, TYPED)
        assert directory.sessions.create(user, NFC)


def test_two_forms_are_one_attempt(directory):
    directory.security.set("sign-in-attempts", 5)
    of_an_older_version(directory)
    for _ in range(4):
        assert not directory.users.verify_password("ada", TYPED + "!")
    assert directory.users.verify_password("ada", TYPED)


def test_history_is_asked_of_either_form(directory):
    directory.security.set("password-history", 2)
    of_an_older_version(directory)
    assert refusal(directory.users.update_password, "ada", TYPED) == ["password_recently_used"]
    directory.users.update_password("ada", PASSWORD)
    directory.users.update_password("ada", TYPED + TYPED)
    assert refusal(directory.users.update_password, "ada", NFC + NFC) == ["password_recently_used"]


def test_a_password_takes_one_run_for_each_form(directory, monkeypatch):
    """In one turn: whoever types two forms waits once, and nobody hashes more at once than the machine can."""
    directory.users.create(id="ada", password=NFC)
    runs, turns = [], []
    compute, turn = argon2.Argon2.compute_from, type(directory).hashing_turn
    monkeypatch.setattr(argon2.Argon2, "compute_from", lambda self, secret: runs.append(1) or compute(self, secret))
    monkeypatch.setattr(
        type(directory), "hashing_turn", lambda self, stored=None: turns.append(1) or turn(self, stored)
    )
    for word, count in ((NFC, 1), (TYPED, 1), (NFC + "!", 1), (TYPED + "!", 2)):
        runs.clear()
        turns.clear()
        assert directory.users.verify_password("ada", word) is (word in (NFC, TYPED))
        assert (len(runs), len(turns)) == (count, 1)


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


# Stored hashes that are damaged


@pytest.mark.parametrize("damaged", ["", "$argon2id$", "$scrypt$ln=16,r=1,p=1$c2FsdA$" + "A" * 43, "{SSHA}A"])
def test_nobody_signs_in_with_a_damaged_hash_and_the_log_says_why(directory, damaged):
    user = directory.users.create(email="ada@example.com", password="correct horse battery")
    set_hash(directory, user, damaged)
    with pytest.raises(Denied) as refused:
        directory.sessions.create(user.id, "correct horse battery")
    assert refused.value.type == "user_invalid_credentials"
    assert directory.security.list_logs(limit=1)[0].details == {"refused": "damaged hash"}


def test_a_lower_policy_forgets_at_once(directory):
    directory.security.set("password-history", 3)
    for id in ("ada", "bob"):
        directory.users.create(id=id, password=PASSWORD)
        for number in range(3):
            directory.users.update_password(id, f"{PASSWORD} {number}")
    newest = [directory.read(lambda work, seq=seq: storage.passwords.list_past(work.db, seq, 9)) for seq in (1, 2)]
    directory.security.set("password-history", 2)
    for seq, past in enumerate(newest, 1):
        assert directory.read(lambda work, seq=seq: storage.passwords.list_past(work.db, seq, 9)) == past[:2]


def test_a_damaged_hash_of_the_past_is_no_password_that_comes_back(directory):
    directory.security.set("password-history", 3)
    user = directory.users.create(email="ada@example.com", password="correct horse battery")
    directory.write(lambda work: work.db.sqlalchemy.execute(sa.text("UPDATE password_history SET hash = 'damaged'")))
    directory.users.update_password(user.id, "another horse battery")


def set_hash(directory, user, stored):
    statement = sa.text("UPDATE users SET password_hash = :stored WHERE id = :id")
    directory.write(lambda work: work.db.sqlalchemy.execute(statement, {"stored": stored, "id": user.id}))
