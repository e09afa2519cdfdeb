"""Codes of second factors from many processes at once, on both databases: each is good for one of them."""

from collections import Counter

import pyotp
import pytest
from doubles import processes

PASSWORD = "correct horse battery"

PROCESSES = 16

# A refusal is an answer, too.
CATCH = """
def refusing(run):
    def answer(directory, number):
        try:
            return run(directory, number)
        except AuthctlError as error:
            return error.type
    return answer

run = refusing(run)
"""


@pytest.fixture
def at_once(directory, database_url, home, clock):
    """Runs `run(directory, number)` of a program in 16 processes; what each says."""

    def run(program):
        answers = processes.at_once(home, database_url, clock, PROCESSES, program + CATCH)
        assert {status for status, _ in answers} == {0}
        return Counter(answer for _, answer in answers)

    return run


@pytest.fixture
def totp(directory, clock):
    """Ada, with two factors; and what makes her codes."""
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    made = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri)
    directory.mfa.verify_authenticator("ada", made.at(clock.now))
    directory.mfa.enable("ada")
    directory.security.set("session-limit", 100)
    clock.forward(seconds=30)
    return made


def challenged(directory, factor):
    """As many sessions as processes, each with a challenge of its own."""
    asked = []
    for _ in range(PROCESSES):
        secret = directory.sessions.create("ada", PASSWORD).secret
        asked.append((secret, directory.mfa.create_challenge(secret, factor).id))
    return asked


def complete(asked, code):
    return f"""
def run(directory, number):
    secret, challenge = {asked!r}[number % {len(asked)}]
    return directory.mfa.complete_challenge(secret, challenge, {code!r}).public()["factors"][-1]
"""


def complete_sessions(directory):
    return [session for session in directory.users.list_sessions("ada") if session.mfa_at is not None]


@pytest.mark.parametrize("factor", ["totp", "recovery_code"])
def test_one_code_from_16_processes_completes_one_of_16_sessions(directory, clock, totp, at_once, factor):
    [recovery_code, *_] = directory.mfa.create_recovery_codes("ada").codes
    directory.security.set("sign-in-attempts", 100)
    code = totp.at(clock.now) if factor == "totp" else recovery_code
    said = at_once(complete(challenged(directory, factor), code))
    assert said == {factor: 1, "user_invalid_token": PROCESSES - 1}
    assert len(complete_sessions(directory)) == 1
    assert directory.mfa.status("ada").recovery_codes_left == (6 if factor == "totp" else 5)


@pytest.mark.parametrize("factor", ["totp", "recovery_code", "email"])
def test_one_code_from_16_processes_completes_one_session_once(directory, clock, totp, at_once, factor):
    [recovery_code, *_] = directory.mfa.create_recovery_codes("ada").codes
    directory.users.update_email_verification("ada", True)
    directory.security.set("sign-in-attempts", 100)
    directory.security.set("otp-attempts", 10)
    secret = directory.sessions.create("ada", PASSWORD).secret
    challenge = directory.mfa.create_challenge(secret, factor, print_secret=factor == "email")
    code = {"totp": totp.at(clock.now), "recovery_code": recovery_code}.get(factor, challenge.secret)
    said = at_once(complete([(secret, challenge.id)], code))
    assert said.pop(factor) == 1
    assert set(said) <= {"user_invalid_token", "user_unauthorized"}  # the secret of before is dead by then
    assert len(complete_sessions(directory)) == 1


def test_guessing_from_16_processes_gets_no_more_tries_than_one_after_another(directory, totp, at_once):
    """Each has a challenge of its own, and still all together have ten."""
    asked = challenged(directory, "totp")
    assert at_once(complete(asked, "000000")) == {"user_invalid_token": PROCESSES}
    refused = Counter(
        event.details["refused"] for event in directory.security.list_logs(events=["users.mfa.challenges.update"])
    )
    assert refused == {"wrong": 10, "locked": 6}


def test_one_code_verifies_an_authenticator_once(directory, clock, at_once):
    directory.users.create(id="bob")
    directory.security.set("sign-in-attempts", 100)
    code = pyotp.parse_uri(directory.mfa.create_authenticator("bob").uri).at(clock.now)
    said = at_once(
        f"def run(directory, number): return directory.mfa.verify_authenticator('bob', {code!r}).public()['type']\n"
    )
    assert said == {"totp": 1, "user_authenticator_already_verified": PROCESSES - 1}


def test_codes_made_at_once_are_one_set(directory, at_once):
    directory.users.create(id="bob")
    said = at_once(
        "def run(directory, number): return len(directory.mfa.create_recovery_codes('bob').codes)\n",
    )
    assert said == {6: 1, "user_recovery_codes_already_exists": PROCESSES - 1}


def test_the_first_codes_of_16_users_at_once_have_one_pepper(directory, at_once):
    for number in range(PROCESSES):
        directory.users.create(id=f"user{number}", password=PASSWORD)
        directory.mfa.enable(f"user{number}")
    said = at_once("""
def run(directory, number):
    [code, *_] = directory.mfa.create_recovery_codes(f"user{number}").codes
    secret = directory.sessions.create(f"user{number}", "correct horse battery").secret
    challenge = directory.mfa.create_challenge(secret, "recovery_code")
    return directory.mfa.complete_challenge(secret, challenge.id, code).session.factors[-1]
""")
    assert said == {"recovery_code": PROCESSES}
