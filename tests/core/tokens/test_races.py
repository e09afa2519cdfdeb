"""Tokens from many processes at once, and from processes that die between two transactions, on both databases."""

from collections import Counter

import pytest
from doubles import processes
from doubles.mail import MailServer

from authctl.errors import Denied

REDEEM = """
def redeem(directory, user, secret, **which):
    try:
        return directory.tokens.redeem(user, secret, **which).session.id
    except AuthctlError as error:
        return error.type
"""


@pytest.fixture
def at_once(directory, database_url, home, clock):
    """Runs `run(directory, number)` of a program in so many processes; each one's exit status and answer."""

    def run(count, program, environ=()):
        return processes.at_once(home | dict(environ), database_url, clock, count, REDEEM + program)

    return run


@pytest.fixture
def ada(directory):
    return directory.users.create(id="ada", email="ada@example.com")


def refused(directory, secret):
    with pytest.raises(Denied) as error:
        directory.tokens.redeem("ada", secret, kind="email")
    return error.value.type


@pytest.mark.parametrize("kind", ["email", "token", "magic-url"])
def test_one_right_secret_from_32_processes_is_one_session(directory, ada, at_once, kind):
    make = {
        "email": lambda: directory.tokens.create_email("ada@example.com", print_secret=True),
        "token": lambda: directory.tokens.create("ada"),
        "magic-url": lambda: directory.tokens.create_magic_url("ada@example.com", print_secret=True),
    }
    secret = make[kind]().secret
    answers = at_once(32, f"def run(directory, number): return redeem(directory, 'ada', {secret!r}, kind={kind!r})")
    assert {status for status, _ in answers} == {0}
    counted = Counter("session" if "_" not in answer else answer for _, answer in answers)
    assert counted == {"session": 1, "user_invalid_token": 31}
    assert len(directory.users.list_sessions("ada", ended=True)) == 1
    assert [token.ended_reason for token in directory.tokens.list("ada", ended=True)] == ["used"]


def test_guessing_from_32_processes_gets_no_more_tries_than_one_after_another(directory, ada, at_once):
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    answers = at_once(32, "def run(directory, number): return redeem(directory, 'ada', f'x{number}', kind='email')")
    assert Counter(answer for _, answer in answers) == {"user_invalid_token": 32}
    reasons = Counter(event.details["refused"] for event in directory.security.list_logs(limit=100) if refusal(event))
    assert reasons == {"wrong": 5, "attempts": 5, "locked": 22}  # five of the code, ten in all
    assert refused(directory, code) == "user_invalid_token"


def refusal(event):
    return event.name == "users.tokens.update" and "refused" in event.details


GUESSING = """
def run(directory, number):
    answers = []
    for turn in range(3):
        if number % 4 == 0:
            directory.tokens.create_email("ada@example.com", print_secret=True)
        answers.append(redeem(directory, "ada", f"x{number}", kind="email"))
    return answers
"""


def test_guessing_across_new_codes_ends_them_and_then_all(directory, ada, at_once):
    directory.tokens.create_email("ada@example.com", print_secret=True)
    answers = at_once(32, GUESSING)
    assert {status for status, _ in answers} == {0}
    assert Counter(each for _, given in answers for each in given) == {"user_invalid_token": 96}
    wrong = [
        event
        for event in directory.security.list_logs(limit=1000)
        if refusal(event) and event.details["refused"] == "wrong"
    ]
    assert max(Counter(event.resource for event in wrong).values()) <= 5
    assert len(wrong) <= 10  # sign-in-attempts, whichever code they were at
    assert min(token.attempts_left for token in directory.tokens.list("ada", ended=True)) >= 0
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    assert refused(directory, code) == "user_invalid_token"


def test_a_new_address_asked_for_at_once_is_one_account(directory, at_once):
    answers = at_once(
        8,
        "def run(directory, number):"
        " return directory.tokens.create_email('new@example.com', print_secret=True).token.user_id",
    )
    assert len({id for _, id in answers}) == 1
    assert directory.users.count() == 1
    assert len(directory.tokens.list("new@example.com")) <= 8


DYING = """
import os, signal, sys
from authctl.delivery import Transport

def run(directory, number):
    def watch(frame, event, argument):
        if event == WHEN and frame.f_code is Transport.send.__code__:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    directory.tokens.create_email("ada@example.com")
"""


@pytest.mark.parametrize("when", ["call", "return"])
def test_dying_before_it_is_settled_blocks_nothing(directory, ada, at_once, when):
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    with MailServer() as mail:
        died = at_once(1, DYING.replace("WHEN", repr(when)), mail.environ)
        assert died == [[9, None]]
        assert len(mail.mails) == (when == "return")
        answers = at_once(
            1,
            "def run(directory, number): return directory.tokens.create_email('ada@example.com').token.id",
            mail.environ,
        )
        (_, newest) = answers[0]
        assert len(mail.mails) == 1 + (when == "return")
    assert [token.id for token in directory.tokens.list("ada")] == [newest]
    assert refused(directory, code) == "user_invalid_token"


def test_dying_before_it_is_settled_leaves_the_older_code_good(directory, ada, at_once):
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    with MailServer() as mail:
        assert at_once(1, DYING.replace("WHEN", "'call'"), mail.environ) == [[9, None]]
    assert directory.tokens.redeem("ada", code, kind="email").session.user_id == "ada"
