"""What strangers are told is the same, whoever else is there."""

import hashlib

import pytest
from doubles.attackers import PASSWORD, PHONE, proved, refusal, secret_to, told
from doubles.statements import statements

from authctl.core.hashing import argon2

# Invitations


@pytest.mark.parametrize("address", [{"email": "ada@example.com"}, {"phone": PHONE}], ids=["email", "phone"])
def test_an_invitation_tells_nothing_of_who_has_the_address(directory, application, mail, address, monkeypatch):
    """Neither when it is sent, nor as a dry run: that somebody has it, who that is, what they are called."""
    directory.users.create(
        id="ada", name="Ada", email="ada@example.com", email_verified=True, phone=PHONE, phone_verified=True
    )
    directory.users.update_email_verification("ada", True)
    monkeypatch.setattr("authctl.delivery.Transport.check_sms", lambda transport, channel: None)
    monkeypatch.setattr("authctl.delivery.Transport.makes_codes", False)
    eve = application.as_session(proved(directory, "eve"))
    eve.teams.create("Ours", id="ours")
    dry = eve.acting(eve.actor, dry_run=True)
    shown = str([dry.teams.create_membership("ours", **address).public(), [each.public() for each in dry.changes]])
    for known in ("'ada'", "Ada", "totp", "recovery"):
        assert known not in shown.replace("'ada@example.com'", "")


def test_an_anonymous_account_invites_nobody(directory, application, mail):
    secret = application.sessions.create_anonymous().secret
    stranger = application.as_session(secret)
    stranger.teams.create("Ours", id="ours")
    for dry_run in (True, False):
        asking = stranger.acting(stranger.actor, dry_run=dry_run)
        assert refusal(asking.teams.create_membership, "ours", phone=PHONE) == "user_proof_required"
    assert directory.users.count() == 1


# Teams and memberships


def test_whether_a_team_or_a_membership_is_there_is_told_to_nobody_without_a_secret(directory, application):
    """An application passes on what a browser sends: the answer is one."""
    directory.users.create(id="ada")
    directory.teams.create("Maths", id="maths", owner="ada")
    directory.users.create(id="bob", email="bob@example.com")
    pending = directory.teams.create_membership("maths", user="bob", print_secret=True).membership.id
    confirmed = directory.teams.get_membership("maths", "ada").id
    accept = application.teams.update_membership_status
    asked = [
        ("maths", pending, "bob"),
        ("maths", confirmed, "ada"),
        ("maths", "nothing", "bob"),
        ("none", pending, "eve"),
    ]
    answers = [told(accept, *each, "5a" * 32) for each in asked]
    assert answers == [answers[0]] * len(asked)


def test_a_stranger_asks_for_a_team_as_for_none(directory, application):
    directory.users.create(id="ada")
    directory.teams.create("Maths", id="maths", owner="ada")
    eve = application.as_session(proved(directory, "eve")).teams
    verbs = {
        "get": {},
        "get_prefs": {},
        "list_memberships": {},
        "count_memberships": {},
        "get_membership": {"membership": "ada"},
        "update_name": {"name": "x"},
        "delete": {},
        "delete_membership": {"membership": "eve"},
        "update_membership": {"membership": "ada", "roles": []},
        "create_membership": {"email": "x@example.org"},
    }
    for verb, given in verbs.items():
        answers = set()
        for team in ("maths", "Maths", "id:maths", "name:Maths", "nothing"):
            status, public = told(getattr(eve, verb), team, **given)
            answers.add((status, public["type"], public["message"].replace(team, "X")))
        assert len(answers) == 1, verb


# Codes and links


def answer(issued):
    """What a browser is told of a token, but for what is different each time."""
    return {name: value for name, value in issued.public().items() if name != "id"}


@pytest.mark.parametrize("verb", ["create_email", "create_magic_url"])
def test_a_code_is_asked_for_alike_by_anybody(directory, application, mail, clock, verb):
    """The answer has nothing of the account, nor whether there was one: not even its id, which says since when."""
    proved(directory, "ada")
    directory.users.create(id="bare", email="bare@example.com")
    directory.users.create(id="off", email="off@example.com", blocked=True)
    ask = getattr(application.tokens, verb)
    emails = ("ada@example.com", "bare@example.com", "off@example.com", "nobody@example.com")
    answers = [answer(ask(email)) for email in emails]
    assert [each.pop("user_id") for each in answers] == list(emails)
    assert answers == [answers[0]] * len(emails)
    too_soon = [told(ask, email) for email in emails]
    assert too_soon == [too_soon[0]] * len(emails)
    issued = ask("new@example.com", id="new")
    assert issued.token.user_id == "new@example.com"


def test_what_it_is_redeemed_with_is_the_address(directory, application, mail):
    user = application.tokens.create_email("new@example.com").token.user_id
    signed_in = application.tokens.redeem(user, secret_to("new@example.com", mail), kind="email")
    assert signed_in.session.user_id == directory.users.get("new@example.com").id


def test_who_has_made_all_accounts_that_one_may_is_not_told_who_has_one(directory, application, mail):
    proved(directory, "ada")
    directory.security.set("creation-hourly-limit", 2)
    here = application.from_request(ip="192.0.2.66")
    for number in range(2):
        here.tokens.create_email(f"{number}@example.org")
    answers = [told(here.tokens.create_email, email) for email in ("ada@example.com", "nobody@example.com")]
    assert answers[0] == answers[1]
    assert application.from_request(ip="192.0.2.7").tokens.create_email("ada@example.com")


# Signing in


@pytest.mark.parametrize(("word", "runs"), [("wrong password", 1), ("wrong pa\u0308ssword", 2)], ids=["nfc", "nfd"])
def test_a_sign_in_takes_the_same_work_whoever_it_is(directory, application, monkeypatch, word, runs):
    """As many hashes of the same cost as the password has forms, and the same statements."""
    proved(directory, "ada")
    directory.users.create(id="bare", email="bare@example.com")
    directory.users.create(id="locked", email="locked@example.com", password=PASSWORD)
    directory.users.create(id="weak", email="weak@example.com", password_hash=hashlib.md5(b"x").hexdigest(), hash="md5")
    for _ in range(10):
        refusal(application.sessions.create, "locked", "wrong")
    verified = []
    compute = argon2.Argon2.compute_from
    monkeypatch.setattr(
        argon2.Argon2, "compute_from", lambda self, secret: verified.append(self.parameters) or compute(self, secret)
    )
    found = {}
    for user in ("ada", "bare", "nobody", "locked", "weak"):
        verified.clear()
        with statements() as sent:
            answer = told(application.sessions.create, f"{user}@example.com", word)
        found[user] = (answer, list(verified), sent)
    assert found["bare"] == found["nobody"] == found["ada"]
    assert found["locked"][:2] == found["weak"][:2] == found["ada"][:2]
    assert len(found["ada"][1]) == runs


def test_a_sign_up_with_a_taken_address_is_the_one_answer_that_tells(directory, application, mail):
    """Whoever must not tell signs people up by a code: that answers alike, and the account is made."""
    proved(directory, "ada")
    assert refusal(application.users.create, email="ada@example.com", password=PASSWORD) == "user_email_already_exists"
    assert application.tokens.create_email("ada@example.com").public().keys() == (
        application.tokens.create_email("bob@example.com").public().keys()
    )
