"""Nobody is handed the proof that an address is theirs: it goes to the address."""

import inspect
import json

import pytest
from doubles.attackers import PASSWORD, proved, refusal
from doubles.verbs import VERBS, arguments, bound

from authctl.core.work.unit import By

BOSS = "boss@example.com"
SHOWING = [
    verb
    for verb, each in VERBS.items()
    if "print_secret" in inspect.signature(each.function).parameters and By.PERSON in each.by
]


@pytest.fixture
def eve(directory):
    """The secret of a session of somebody who may invite, and owns a team."""
    secret = proved(directory, "eve")
    directory.as_session(secret).teams.create("Ours", id="ours")
    return secret


def test_whoever_invites_is_not_shown_what_the_invitation_is_accepted_with(directory, application, eve):
    invite = application.as_session(eve).teams.create_membership
    assert refusal(invite, "ours", email=BOSS, print_secret=True) == "user_unauthorized"
    assert refusal(directory.users.get, BOSS) == "user_not_found"


def test_at_the_terminal_neither(directory, eve, run):
    for also in ("", " --dry-run"):
        line = f"teams create-membership ours --email {BOSS} --as-session --print-secret -o json{also}"
        ran = run(line, session=eve)
        assert (ran.status, ran.stdout) == (6, "")
        assert json.loads(ran.stderr)["error"]["type"] == "user_unauthorized"
    assert refusal(directory.users.get, BOSS) == "user_not_found"


@pytest.mark.parametrize("verb", SHOWING)
def test_no_verb_of_people_shows_one(directory, application, eve, verb):
    """Whatever a person asks for, on whichever address; a dry run, too."""
    assert len(SHOWING) > 3
    given = arguments(verb, user="eve", team="ours", password=PASSWORD) | {"print_secret": True}
    for door in (directory, application):
        for dry_run in (False, True):
            person = door.as_session(eve)
            person = person.acting(person.actor, dry_run=dry_run)
            assert refusal(bound(person, verb), **given) == "user_unauthorized"
    assert directory.tokens.list("eve") == []


def test_what_is_sent_is_neither_in_the_answer_nor_in_the_log_that_a_person_reads(directory, application, eve, mail):
    person = application.as_session(eve)
    answers = [
        person.teams.create_membership("ours", email=BOSS).public(),
        person.tokens.create_email_change("eve", "other@example.com", password=PASSWORD).public(),
        *(event.public() for event in person.users.list_logs("eve")),
    ]
    secrets = [line for each in mail.mails for line in each.text.split() if len(line) == 64]
    assert len(secrets) >= 2
    assert not [secret for secret in secrets if secret in str(answers)]


def test_a_code_that_a_mail_server_repeats_in_its_refusal_is_of_no_use(directory, application, eve, mail):
    """Such as one that quotes what it takes for spam."""
    mail.mailbox.data_answer = "554 5.7.1 Rejected"
    ask = application.as_session(eve).tokens.create_email_change
    assert refusal(ask, "eve", BOSS, password=PASSWORD) == "delivery_failed"
    assert [token.ended_reason for token in directory.tokens.list("eve", ended=True)] == ["withdrawn"]
