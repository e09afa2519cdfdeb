"""The door for applications: sign-ups, one answer for anybody, outages that only the log hears of, and requests."""

import logging
import os

import pytest
from conftest import CHEAP

from authctl.core.directory import opening
from authctl.core.directory.application import Application
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError, Denied, Invalid, Unavailable
from authctl.settings import load

PASSWORD = "correct horse battery"
ELSEWHERE = {"AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"}


def refusal(call, *given, **named):
    with pytest.raises(AuthctlError) as refused:
        call(*given, **named)
    return refused.value.type


@pytest.fixture
def mailing(directory, home, database_url, clock, dice, mail):
    """The door for applications, with a mail server."""
    settings = load(home | mail.environ | ELSEWHERE, options={"database_url": database_url}, system_config=os.devnull)
    options = {"clock": clock, "random_bytes": dice, "hash_parameters": CHEAP}
    with opening.open_door(Application, settings, Actor("application"), **options) as opened:
        yield opened


@pytest.fixture
def broken(home, clock, dice):
    """The door to a database that is out of reach."""
    url = "postgresql://ada:hidden-value@127.0.0.1:1/directory"
    settings = load(home, options={"database_url": url}, system_config=os.devnull)
    options = {"clock": clock, "random_bytes": dice, "hash_parameters": CHEAP}
    with opening.open_door(Application, settings, Actor("application"), **options) as opened:
        yield opened


# Sign-ups


def test_an_account_that_is_made_is_a_sign_up(directory, application):
    made = application.users.create(email="ada@example.com", password=PASSWORD)
    assert (made.email_self_service, made.password.self_service) == (True, True)
    assert not directory.users.create(email="bob@example.com").email_self_service


def test_a_password_that_waits_for_the_owner_of_an_address_ends_when_the_owner_comes(directory, application):
    """Whoever signs up with somebody else's address has no way into the account that its owner gets."""
    eve = application.users.create(email="ada@example.com", password=PASSWORD)
    hers = application.sessions.create("ada@example.com", PASSWORD).secret
    code = application.tokens.create_email("ada@example.com", print_secret=True).secret
    assert application.tokens.redeem("ada@example.com", code, kind="email").session.user_id == eve.id
    assert refusal(application.sessions.create, "ada@example.com", PASSWORD) == "user_invalid_credentials"
    assert refusal(application.sessions.get, hers) == "user_unauthorized"


@pytest.mark.parametrize(
    "given",
    [
        {"labels": ["staff"]},
        {"metadata": {"plan": "gold"}},
        {"email_verified": True},
        {"phone": "+14255550123", "phone_verified": True},
        {"blocked": True},
        {"password_hash": "5ebe2294ecd0e0f08eab7690d2a6ee69", "hash": "md5"},
        {"if_absent": True},
        {"self_service": False, "labels": ["staff"]},
    ],
    ids=range(8),
)
def test_a_sign_up_says_nothing_that_is_for_operators(directory, application, given):
    assert refusal(application.users.create, email="ada@example.com", **given) == "general_argument_invalid"
    assert directory.users.count() == 0


def test_sign_ups_end_at_the_user_limit(directory, application):
    directory.security.set("user-limit", 1)
    application.users.create(id="ada")
    assert refusal(application.users.create, id="bob") == "user_count_exceeded"
    assert directory.users.create(id="bob")


# One answer for anybody


def test_a_recovery_is_answered_alike_for_anybody(directory, mailing, mail, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    directory.users.create(id="bare")
    directory.users.create(id="eve", email="eve@example.com", blocked=True)
    answers = []
    for user in ("ada@example.com", "ada@example.com", "nobody@example.com", "bare", "id:ada", "eve@example.com"):
        answer = mailing.tokens.create_recovery(user, url="https://app.example.com/recover").public()
        assert answer.pop("user_id") == user
        assert len(answer.pop("id")) == 20
        answers.append(answer)
    assert answers == [answers[0]] * len(answers)
    assert [each.recipients for each in mail.mails] == [["ada@example.com"]]


def test_a_recovery_that_was_asked_for_works(directory, mailing, mail):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    asked = mailing.tokens.create_recovery("ada@example.com")
    (token,) = directory.tokens.list("ada")
    assert token.id == asked.token.id


def test_a_recovery_whose_mail_is_refused_is_answered_alike_and_logged(directory, mailing, mail, caplog):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    mail.mailbox.data_answer = "554 5.7.1 No"
    assert mailing.tokens.create_recovery("ada@example.com").secret is None
    assert [record.message.split(":")[0] for record in caplog.records] == ["delivery_failed"]
    assert mailing.tokens.create_recovery("nobody@example.com")


def test_what_is_wrong_for_anybody_is_told(application, mailing):
    assert refusal(application.tokens.create_recovery, "nobody@example.com") == "delivery_unconfigured"
    assert refusal(mailing.tokens.create_recovery, "ada", url="https://elsewhere.example.com/") == (
        "general_redirect_denied"
    )
    assert refusal(application.tokens.create_recovery, "ada", print_secret=True) == "user_not_found"


def test_operators_are_told_unless_they_want_it_quiet(directory, mailing):
    operators = opening.open_directory(mailing.settings, Actor("tester@example.com"))
    with operators:
        assert refusal(operators.tokens.create_recovery, "nobody") == "user_not_found"
        assert operators.tokens.create_recovery("nobody", quiet_unknown=True).token.user_id == "nobody"


# Outages


def test_of_an_outage_the_browser_is_told_nothing_and_the_log_everything(broken, caplog):
    calls = (
        lambda: broken.sessions.get("5a" * 32),
        lambda: broken.sessions.create("ada", PASSWORD),
        lambda: broken.users.create(email="ada@example.com"),
        lambda: broken.as_session("5a" * 32).users.get("ada"),
        lambda: list(broken.as_session("5a" * 32).teams.iterate()),
    )
    for call in calls:
        with pytest.raises(Unavailable) as outage:
            call()
        assert outage.value.http_status == 503
        told = {
            "type": "general_unavailable",
            "message": "This is not available right now. Please try again later.",
            "field": None,
        }
        assert outage.value.public() == told | {"errors": [told]}
    assert [(each.name, each.levelno) for each in caplog.records] == [("authctl", logging.ERROR)] * len(calls)
    assert all(each.message.startswith("database_unavailable: ") for each in caplog.records)
    assert "hidden-value" not in caplog.text


def test_what_the_asker_can_mend_is_not_logged(application, caplog):
    assert refusal(application.sessions.get, "") == "user_unauthorized"
    assert refusal(application.users.create, email="nothing") == "general_argument_invalid"
    assert refusal(application.users.delete, "ada") == "user_unauthorized"
    assert caplog.records == []


def test_who_could_not_be_told_by_mail_is_logged(directory, mailing, mail, caplog):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    secret = mailing.sessions.create("ada", PASSWORD).secret
    mail.mailbox.data_answer = "554 5.7.1 No"
    assert mailing.as_session(secret).users.update_password("ada", "another fine password", current=PASSWORD)
    assert [(each.levelname, each.message.partition(" by mail")[0]) for each in caplog.records] == [
        ("WARNING", "User ada was not notified")
    ]


# Requests


@pytest.mark.parametrize("ip", [None, "192.0.2.7"])
def test_wrong_confirmations_lock_the_session_that_guesses_and_no_other(directory, application, ip):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    here = application.from_request(ip=ip)
    guessing, own = (here.as_session(here.sessions.create("ada", PASSWORD).secret) for _ in range(2))
    for _ in range(12):
        with pytest.raises(Denied):
            guessing.users.update_password("ada", "another fine password", current="wrong")
    with pytest.raises(Denied):
        guessing.users.update_password("ada", "another fine password", current=PASSWORD)
    user = directory.users.get("ada")
    assert (user.locked_until, user.codes_locked_until) == (None, None)
    assert here.sessions.create("ada", PASSWORD)
    assert own.users.update_password("ada", "another fine password", current=PASSWORD)


def test_a_request_is_in_the_log_of_what_it_did(directory, application):
    directory.users.create(id="ada", password=PASSWORD)
    here = application.from_request(ip="2001:DB8::7", user_agent="curl", reason="asked by phone")
    signed_in = here.sessions.create("ada", PASSWORD)
    here.as_session(signed_in.secret).users.update_name("ada", "Ada")
    event = directory.users.list_logs("ada", limit=1)[0]
    assert (event.actor, event.ip, event.reason) == ("user:ada", "2001:db8::7", "asked by phone")
    person = application.as_session(signed_in.secret, ip="192.0.2.9", reason="moved")
    person.users.update_name("ada", "Ada King")
    event = directory.users.list_logs("ada", limit=1)[0]
    assert (event.actor, event.ip, event.reason) == ("user:ada", "192.0.2.9", "moved")
    assert (signed_in.session.ip, signed_in.session.user_agent) == ("2001:db8::7", "curl")
    assert application.actor.ip is None


def test_a_request_keeps_what_is_not_said_again(application):
    here = application.from_request(ip="192.0.2.7", reason="asked").from_request(user_agent="curl")
    assert (here.actor.ip, here.actor.user_agent, here.actor.reason) == ("192.0.2.7", "curl", "asked")
    assert application.from_request() is application


@pytest.mark.parametrize(
    "given",
    [{"ip": ""}, {"ip": "testclient"}, {"ip": 5}, {"ip": b"192.0.2.7"}, {"user_agent": 5}, {"reason": 5}],
    ids=range(6),
)
def test_a_request_from_nowhere_is_refused(application, given):
    with pytest.raises(Invalid) as refused:
        application.from_request(**given)
    assert [refused.value.field] == list(given)


# Nothing fails open


@pytest.mark.parametrize("verified", ["false", "true", "no", "0", 0, 1, None, [], b"true"], ids=repr)
def test_an_address_is_verified_by_true_and_nothing_else(directory, application, verified):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    sign_in = application.sessions.create_with_identity
    given = {"email": "ada@example.com", "email_verified": verified}
    assert refusal(sign_in, "google", "118", **given) == "general_argument_invalid"
    assert refusal(directory.users.create, email="bob@example.com", email_verified=verified) == (
        "general_argument_invalid"
    )
    assert directory.users.list_identities("ada") == []


@pytest.mark.parametrize("dry_run", ["", "true", None, 0, 1])
def test_a_dry_run_is_one_or_none(directory, dry_run):
    with pytest.raises(Invalid) as refused:
        directory.acting(directory.actor, dry_run=dry_run)
    assert refused.value.field == "dry_run"
