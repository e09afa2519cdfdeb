"""Killed after the server has taken the message: what was sent works, and the log has it. On both databases."""

import pytest

from authctl.core.tokens import sending as token_sending

PASSWORD, PHONE = "correct horse battery", "+14255550123"


class Killed(BaseException):
    """A process that ends there."""


@pytest.fixture
def sending(opened, mail, monkeypatch):
    """The directory with a mail server, and a process that ends as soon as that has taken a message."""
    directory = opened(mail.environ)
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, phone=PHONE, password=PASSWORD)
    send = token_sending._send

    def killed(*args):
        send(*args)
        raise Killed

    monkeypatch.setattr(token_sending, "_send", killed)
    return directory


def told(directory, event):
    return [each.details for each in directory.security.list_logs(events=[event])]


@pytest.mark.parametrize(
    ("make", "event", "details"),
    [
        ("create_recovery", "users.recovery.create", {"kind": "recovery", "sending": True}),
        ("create_email", "users.tokens.create", {"kind": "email", "sending": True}),
        ("create_magic_url", "users.tokens.create", {"kind": "magic-url", "sending": True}),
    ],
)
def test_a_token_that_was_sent_is_in_the_log(sending, mail, make, event, details):
    with pytest.raises(Killed):
        getattr(sending.tokens, make)("ada@example.com")
    assert len(mail.mails) == 1
    assert len(sending.tokens.list("ada")) == 1
    assert told(sending, event) == [details]


def test_an_invitation_that_was_sent_again_is_in_the_log(sending):
    sending.teams.create("Teachers", id="teachers")
    for _ in range(2):
        with pytest.raises(Killed):
            sending.teams.create_membership("teachers", user="ada", invite=True)
    renewed, made = told(sending, "teams.memberships.create")
    assert made == {"user": "ada", "roles": [], "status": "pending"}
    assert renewed == {"user": "ada", "status": "pending", "renewed": True, "sending": True}


def test_a_challenge_that_was_sent_is_in_the_log(sending, clock):
    sending.users.update_phone_verification("ada", True)
    sending.mfa.enable("ada")
    secret = sending.sessions.create("ada", PASSWORD).secret
    with pytest.raises(Killed):
        sending.mfa.create_challenge(secret, "email")
    assert told(sending, "users.mfa.challenges.create") == [{"factor": "email", "sending": True}]
