"""Signing in from many processes at once, by processes that die, and across changes that come in between."""

import os
import sys
from collections import Counter
from contextlib import contextmanager

import pytest
from doubles import processes

from authctl.core import hashing
from authctl.core.directory import opening
from authctl.core.hashing import Parameters
from authctl.core.work.unit import Actor
from authctl.errors import Denied, Unavailable
from authctl.settings import load

PASSWORD = "correct horse battery"
NEW = "another fine password"
WRONG = "not the password"
UNSALTED = "5ebe2294ecd0e0f08eab7690d2a6ee69"  # md5 of the word "secret"
CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)
LIMIT = 10  # the default of sign-in-attempts

SIGN_IN = """
def sign_in(directory, user, password, **where):
    try:
        return directory.sessions.create(user, password, **where).secret
    except AuthctlError as error:
        return error.type
"""


@pytest.fixture
def at_once(directory, database_url, home, clock):
    """Runs `run(directory, number)` of a program in so many processes; each one's exit status and answer."""

    def run(count, program):
        return processes.at_once(home, database_url, clock, count, SIGN_IN + program)

    return run


@pytest.fixture
def ada(directory):
    return directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)


def answer(directory, password, user="ada"):
    """The type of the refusal, or what the session belongs to."""
    try:
        return directory.sessions.create(user, password).session.user_id
    except Denied as refused:
        return refused.type


# The stored hash is verified for real; the profiler counts how often, without standing in for anything.
GUESSING = """
import sys
from authctl.core import hashing

def run(directory, number):
    verified = []

    def watch(frame, event, argument):
        if event == "call" and frame.f_code is hashing.matching.__code__:
            verified.append(str(frame.f_locals["stored"]))

    sys.setprofile(watch)
    answer = sign_in(directory, "ada", f"guess {number}", ip=SOURCE)
    sys.setprofile(None)
    return [verified, answer]
"""


@pytest.mark.parametrize("source", ["None", "f'198.51.100.{number}'"])
def test_guessing_from_twenty_processes_gets_no_more_tries(directory, ada, at_once, clock, source):
    stored = ada.password.hash
    answers = at_once(20, GUESSING.replace("SOURCE", source))
    assert {status for status, _ in answers} == {0}
    verified = Counter(one for _, (hashes, _) in answers for one in hashes)
    # Whatever was not allowed was held against a hash that nobody has, so that it took as long.
    assert verified == {stored: LIMIT, str(hashing.dummy(directory.hash_parameters)): 20 - LIMIT}
    assert {type for _, (_, type) in answers} == {"user_invalid_credentials"}
    assert answer(directory, PASSWORD) == "user_invalid_credentials"
    clock.forward(minutes=15)
    assert answer(directory, PASSWORD) == "ada"


def test_the_session_limit_holds_for_sign_ins_at_once(directory, ada, at_once):
    directory.security.set("session-limit", 2)
    answers = at_once(
        8, f"def run(directory, number): return [sign_in(directory, 'ada', {PASSWORD!r}) for _ in range(4)]"
    )
    secrets = [secret for _, given in answers for secret in given]
    assert {len(secret) for secret in secrets} == {64}
    kept = directory.users.list_sessions("ada")
    everything = directory.users.list_sessions("ada", ended=True)
    assert len(everything) == 32
    assert kept == everything[:2]  # the newest first
    assert {session.ended_reason for session in everything[2:]} == {"session_limit"}
    alive = {found for secret in secrets if (found := session_of(directory, secret))}
    assert alive == {session.id for session in kept}


def session_of(directory, secret):
    try:
        return directory.sessions.get(secret).session.id
    except Denied:
        return None


DYING = """
import os, signal, sys
from authctl.core.credentials import passwords

def run(directory, number):
    def watch(frame, event, argument):
        if event == "call" and frame.f_code is passwords.judge.__code__:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    sign_in(directory, "ada", "guess")
"""


def test_dying_before_the_answer_is_no_free_try_and_locks_nothing_for_ever(directory, ada, at_once, clock):
    assert at_once(LIMIT - 1, DYING) == [[9, None]] * (LIMIT - 1)
    assert directory.users.get("ada").locked_until is None
    assert answer(directory, WRONG) == "user_invalid_credentials"  # the tenth
    assert answer(directory, PASSWORD) == "user_invalid_credentials"
    clock.forward(minutes=15)
    assert at_once(LIMIT, DYING) == [[9, None]] * LIMIT
    assert answer(directory, PASSWORD) == "user_invalid_credentials"
    clock.forward(minutes=30)
    assert directory.users.get("ada").locked_until is None
    assert answer(directory, PASSWORD) == "ada"


def test_right_and_wrong_passwords_at_once_do_not_get_in_each_others_way(directory, ada, at_once):
    directory.security.set("sign-in-attempts", 100)
    directory.users.create(id="bob", password=PASSWORD)
    answers = at_once(
        8,
        """
def run(directory, number):
    names = ["ada", "bob"] if number % 2 else ["bob", "ada"]
    passwords = [PASSWORD, "wrong password"]
    return [sign_in(directory, name, password, ip="192.0.2.1") for _ in range(3)
            for name in names for password in passwords]
""".replace("PASSWORD", repr(PASSWORD)),
    )
    kinds = Counter("secret" if len(one) == 64 else one for _, given in answers for one in given)
    assert kinds == {"secret": 48, "user_invalid_credentials": 48}


# What comes between the claim and the settling


@contextmanager
def between(function, step):
    """Runs a step when that function is about to return for the first time."""

    def watch(frame, event, argument):
        if event == "return" and frame.f_code is function.__code__:
            sys.setprofile(None)
            step()

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)


@pytest.fixture(params=["argon2id", "md5"])
def old(request, directory):
    """A user whose password is "secret", kept as today's hash or as an imported one that signing in replaces."""
    text = UNSALTED
    if request.param == "argon2id":
        text = hashing.hash_new("secret", parameters=directory.hash_parameters, salt=bytes(16))
    return directory.users.create(id="old", password_hash=text, hash=request.param)


def test_a_password_change_in_between_wins(directory, old):
    with between(hashing.matching, lambda: directory.users.update_password("old", NEW)):
        assert answer(directory, "secret", "old") == "user_invalid_credentials"
    assert directory.users.list_sessions("old") == []
    assert answer(directory, "secret", "old") == "user_invalid_credentials"
    assert answer(directory, NEW, "old") == "old"


def test_a_change_to_the_same_password_in_between_signs_in(directory):
    directory.users.create(id="ada", password=PASSWORD)
    with between(hashing.matching, lambda: directory.users.update_password("ada", PASSWORD)):
        assert answer(directory, PASSWORD) == "ada"


def test_two_first_sign_ins_after_an_import_both_succeed(directory, old):
    first = []
    with between(hashing.matching, lambda: first.append(answer(directory, "secret", "old"))):
        assert answer(directory, "secret", "old") == "old"
    assert first == ["old"]
    assert directory.users.get("old").password.algorithm == "argon2id"
    assert answer(directory, "secret", "old") == "old"


def test_a_verification_across_a_change_is_of_the_new_password(directory, old):
    with between(hashing.matching, lambda: directory.users.update_password("old", NEW)):
        assert not directory.users.verify_password("old", "secret")


def test_a_confirmation_across_a_change_is_of_the_new_password(directory, old):
    directory.security.set("session-invalidation", "off")
    person = directory.as_session(directory.users.create_session("old").secret)
    with between(hashing.matching, lambda: directory.users.update_password("old", NEW)), pytest.raises(Denied):
        person.users.update_email("old", "old@example.com", password="secret")
    assert directory.users.get("old").email is None


def test_blocking_in_between_leaves_no_session(directory, old):
    with between(hashing.matching, lambda: directory.users.update_status("old", "blocked")):
        assert answer(directory, "secret", "old") == "user_blocked"
    assert directory.users.list_sessions("old") == []


def test_deleting_in_between_is_a_wrong_credential(directory, old):
    with between(hashing.matching, lambda: directory.users.delete("old")):
        assert answer(directory, "secret", "old") == "user_invalid_credentials"


def test_who_would_wait_too_long_for_a_turn_is_refused(directory, ada, database_url, home, clock):
    environ = home | {"AUTHCTL_HASHING_AT_ONCE": "1", "AUTHCTL_HASHING_LONGEST_WAIT": "0"}
    settings = load(environ, options={"database_url": database_url}, system_config=os.devnull)
    with opening.open_directory(settings, Actor("tester"), clock=clock, hash_parameters=CHEAP) as busy:
        with busy.from_request("192.0.2.7", None).hashing_turn(), pytest.raises(Unavailable) as refused:
            busy.sessions.create("ada", PASSWORD)
        assert refused.value.type == "general_busy"
        assert busy.sessions.create("ada", PASSWORD).session.user_id == "ada"
