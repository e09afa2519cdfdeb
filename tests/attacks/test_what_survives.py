"""What an intruder has built on a credential ends with it.

Each remedy against a change of address that an intruder has asked for is in tests/core/accounts/test_takeovers.py, and
what ends what in tests/core/accounts/test_ways_to_an_end.py.
"""

import pytest
from doubles.attackers import NEW, PASSWORD, proved, refusal, secret_to

INTRUDERS = "eve@example.org"


@pytest.fixture
def asked(directory, mail):
    """Ada, in whose account an intruder has asked for another email; the secret of that session, and the change's."""
    intruder = proved(directory, "ada")
    directory.as_session(intruder).tokens.create_email_change("ada", INTRUDERS, password=PASSWORD)
    return intruder, secret_to(INTRUDERS, mail)


def redeem(directory, secret):
    return refusal(directory.tokens.redeem, "ada", secret, kind="email-change")


def test_a_change_ends_when_everybody_is_signed_out(directory, asked):
    _, secret = asked
    assert directory.users.delete_everybodys_sessions() == 1
    assert redeem(directory, secret) == "user_invalid_token"
    assert directory.users.get("ada").email == "ada@example.com"
    event, *_ = directory.security.list_logs(events=["users.sessions.delete"])
    assert event.details == {"sessions_ended": 1, "tokens_ended": 1}


def test_a_change_ends_with_the_oldest_session_that_goes(directory, asked):
    """Whoever signs in often enough has the intruder's session go, and what was asked for in it."""
    intruder, secret = asked
    for _ in range(directory.security.show(["session-limit"])["session-limit"]):
        directory.sessions.create("ada", PASSWORD)
    assert refusal(directory.sessions.get, intruder) == "user_unauthorized"
    assert redeem(directory, secret) == "user_invalid_token"


def test_a_change_that_the_owner_asked_for_elsewhere_stays(directory, mail):
    """Signing out everybody else, or one too many sign-ins, ends nothing that was asked for in a session that lives."""
    secret = proved(directory, "ada")
    directory.security.set("session-limit", 2)
    for _ in range(2):
        secret = directory.sessions.create("ada", PASSWORD).secret
    owner = directory.as_session(secret)
    owner.tokens.create_email_change("ada", "new@example.com", password=PASSWORD)
    directory.sessions.create("ada", PASSWORD)
    bob = proved(directory, "bob")
    directory.as_session(bob).users.delete_sessions("bob")
    assert redeem(owner, secret_to("new@example.com", mail)) is None


REMEDIES = {
    "own new password": lambda directory, owner: directory.as_session(owner).users.update_password(
        "ada", NEW, current=PASSWORD
    ),
    "an operator's new password": lambda directory, owner: directory.users.update_password("ada", NEW),
    "signed out": lambda directory, owner: directory.as_session(owner).users.delete_sessions("ada"),
    "everybody is signed out": lambda directory, owner: directory.users.delete_everybodys_sessions(),
    "a block": lambda directory, owner: directory.users.update_status("ada", "blocked"),
    "factors are reset": lambda directory, owner: directory.mfa.reset("ada"),
}


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_jwt_ends_with_the_session_that_it_was_made_in(directory, application, remedy):
    owner = proved(directory, "ada")
    jwt = application.sessions.create_jwt(application.sessions.create("ada", PASSWORD).secret).jwt
    assert application.sessions.verify_jwt(jwt)
    REMEDIES[remedy](directory, owner)
    assert refusal(application.sessions.verify_jwt, jwt) in ("user_unauthorized", "user_blocked")


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_challenge_ends_with_the_session_that_it_was_made_in(directory, application, remedy):
    """Its code is right, and completes nothing."""
    owner = proved(directory, "ada")
    half = application.sessions.create("ada", PASSWORD).secret
    challenge = application.mfa.create_challenge(half, "email", print_secret=True)
    REMEDIES[remedy](directory, owner)
    complete = application.mfa.complete_challenge
    assert refusal(complete, half, challenge.id, challenge.secret) in ("user_unauthorized", "user_blocked")
