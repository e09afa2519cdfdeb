"""What an intruder who was in an account has left there, after its owner has done what our mails advise."""

import os
import re

import pytest
from doubles.mail import MailServer

from authctl.errors import Denied
from authctl.settings import load

PASSWORD, NEW = "correct horse battery", "staple battery horse"
EMAIL, INTRUDERS = "ada@example.com", "eve@example.com"


@pytest.fixture
def mail(directory, home):
    """The server that mails are sent by, the intruder's among them."""
    with MailServer() as server:
        options = {"database_url": directory.settings.database_url}
        directory.settings = load(home | server.environ, options=options, system_config=os.devnull)
        yield server


@pytest.fixture
def ada(directory, mail):
    """An account whose email is proved, the owner's session, and an intruder's."""
    directory.users.create(id="ada", email=EMAIL, password=PASSWORD)
    directory.users.update_email_verification("ada", True)
    return [directory.sessions.create(EMAIL, PASSWORD).secret for _ in range(2)]


def recover(directory):
    token = directory.tokens.create_recovery("ada", print_secret=True)
    directory.tokens.redeem("ada", token.secret, kind="recovery", new_password=NEW)


# What owners and operators do, each with the owner's secret.
REMEDIES = {
    "own new password": lambda directory, owner: directory.as_session(owner).users.update_password(
        "ada", NEW, current=PASSWORD
    ),
    "recovery": lambda directory, owner: recover(directory),
    "everybody is signed out": lambda directory, owner: directory.as_session(owner).users.delete_sessions("ada"),
    "an operator's new password": lambda directory, owner: directory.users.update_password("ada", NEW),
    "a new one is asked for": lambda directory, owner: directory.users.require_password_change("ada"),
    "a block": lambda directory, owner: directory.users.update_status("ada", "blocked"),
    "factors are reset": lambda directory, owner: directory.mfa.reset("ada"),
}


def code_to(address, mail):
    text = next(each.text for each in mail.mails if address in each.recipients)
    return re.search(r"^(\d{6}|[0-9a-f]{64})$", text, re.MULTILINE)[0]


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_change_of_address_that_an_intruder_asked_for_ends(directory, ada, mail, remedy):
    owner, intruder = ada
    directory.as_session(intruder).tokens.create_email_change("ada", INTRUDERS, password=PASSWORD)
    secret = code_to(INTRUDERS, mail)
    REMEDIES[remedy](directory, owner)
    with pytest.raises(Denied) as refused:
        directory.tokens.redeem("ada", secret, kind="email-change")
    assert refused.value.type == "user_invalid_token"
    assert directory.users.get("ada").email == EMAIL


def test_a_code_that_an_intruder_has_asked_for_signs_nobody_in_after_a_new_password(directory, ada):
    owner, _ = ada
    secret = directory.tokens.create("ada").secret
    REMEDIES["own new password"](directory, owner)
    with pytest.raises(Denied):
        directory.tokens.redeem("ada", secret, kind="token")


def test_an_identity_that_an_intruder_has_linked_ends_with_a_recovery(directory, ada):
    directory.users.create_identity("ada", "github", "17", email=INTRUDERS)
    directory.users.create_identity("ada", "google", "4")
    directory.users.create_identity("ada", "gitlab", "9", email=EMAIL)
    recover(directory)
    assert [identity.provider for identity in directory.users.list_identities("ada")] == ["gitlab"]
    event, *_ = directory.security.list_logs(events=["users.identities.delete"])
    assert event.details["because"] == "recovery"
