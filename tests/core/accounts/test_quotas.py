"""How much is sent and made in an hour, on both databases."""

import pytest
import sqlalchemy as sa

from authctl import storage
from authctl.core.accounts import quotas, throttle
from authctl.errors import Denied

PASSWORD = "correct horse battery"
HERE, THERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def counts(directory):
    """Tries to count messages, each to a new address unless told otherwise; whether each was let through."""
    numbers = iter(range(10_000))

    def counts(times=1, *, to=None, ip=None, is_sms=False, is_essential=False, acting=directory):
        return [
            is_let(
                acting.from_request(ip, None).write,
                quotas.count_message,
                to or f"{next(numbers)}@example.com",
                is_sms=is_sms,
                is_essential=is_essential,
            )
            for _ in range(times)
        ]

    return counts


@pytest.fixture
def sending(opened, mail):
    """The same directory, with a mail server."""
    return opened(mail.environ)


def is_let(call, *args, **kwargs):
    """Whether that is not refused as too much."""
    try:
        call(*args, **kwargs)
    except Denied as refused:
        if refused.type != "general_rate_limit_exceeded":
            raise
        return False
    return True


def signed_in(directory, id):
    directory.users.create(id=id, email=f"{id}@example.com", email_verified=True, password=PASSWORD)
    return directory.as_session(directory.sessions.create(id, PASSWORD).secret)


def test_messages_are_counted_for_an_hour_and_by_address(directory, counts, clock):
    directory.security.set("otp-hourly-limit", 2)
    directory.security.set("sms-hourly-limit", 3)
    assert counts(3, to="+14255550123", is_sms=True) == [True, True, False]
    assert counts(to="ada@example.com") == [True]
    assert counts(2, is_sms=True) == [True, False]
    stored = directory.read(
        lambda work: list(work.db.sqlalchemy.execute(sa.select(storage.tables.attempts.c.bucket)).scalars())
    )
    assert not [bucket for bucket in stored if "555" in bucket or "ada" in bucket]
    clock.forward(minutes=59)
    assert throttle.purge(directory) == 0
    assert counts(to="+14255550123", is_sms=True) == [False]
    clock.forward(minutes=1)
    assert counts(to="+14255550123", is_sms=True) == [True]
    directory.security.set("otp-hourly-limit", 0)
    directory.security.set("sms-hourly-limit", 0)
    assert counts(9, to="+14255550123", is_sms=True) == [True] * 9


@pytest.mark.parametrize("is_sms", [False, True])
def test_a_source_has_so_many_messages_sent(directory, counts, clock, is_sms):
    directory.security.set("source-hourly-limit", 3)
    assert counts(4, ip=HERE, is_sms=is_sms) == [True, True, True, False]
    assert counts(ip=HERE, is_sms=not is_sms) == [True]
    assert counts(ip=THERE, is_sms=is_sms) == [True]
    assert counts(5, is_sms=is_sms) == [True] * 5  # an operator's, from nowhere
    clock.forward(hours=1)
    assert counts(ip=HERE, is_sms=is_sms) == [True]


@pytest.mark.parametrize(("policy", "is_sms"), [("sms-hourly-limit", True), ("email-hourly-limit", False)])
def test_no_source_uses_up_the_messages_of_all(directory, counts, policy, is_sms):
    directory.security.set("source-hourly-limit", 0)
    directory.security.set(policy, 40)
    assert counts(11, ip=HERE, is_sms=is_sms) == [True] * 10 + [False]
    assert counts(11, ip=THERE, is_sms=is_sms) == [True] * 10 + [False]


@pytest.mark.parametrize(("policy", "is_sms"), [("sms-hourly-limit", True), ("email-hourly-limit", False)])
def test_a_quarter_is_kept_for_who_gets_back_in(directory, counts, policy, is_sms):
    directory.security.set(policy, 8)
    assert counts(7, is_sms=is_sms) == [True] * 6 + [False]
    assert counts(3, is_sms=is_sms, is_essential=True) == [True, True, False]


def test_recoveries_and_challenges_are_what_the_last_quarter_is_kept_for(sending, directory, mail, clock):
    ada = directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    directory.users.update_password(ada.id, PASSWORD)
    directory.mfa.enable("ada")
    session = directory.sessions.create("ada", PASSWORD).secret
    directory.security.set("email-hourly-limit", 4)
    for number in range(3):
        assert is_let(sending.tokens.create_email, f"{number}@example.com")
    assert not is_let(sending.tokens.create_email, "new@example.com")
    assert not is_let(sending.tokens.create_email, "ada@example.com")  # or it would tell who has an account
    assert not is_let(sending.teams.create_membership, sending.teams.create("x").id, email="b@x.org", invite=True)
    assert is_let(sending.tokens.create_recovery, "ada")
    assert not is_let(sending.mfa.create_challenge, session, "email")
    clock.forward(hours=1)
    assert is_let(sending.mfa.create_challenge, session, "email")


def test_a_person_has_so_many_messages_sent_to_whomever(sending, directory, mail, clock):
    """By invitations and by changes of the own address."""
    directory.security.set("person-hourly-limit", 5)
    directory.security.set("otp-interval", "0s")
    ada = signed_in(sending, "ada")
    team = ada.teams.create("Acme").id
    let = [is_let(ada.teams.create_membership, team, email=f"{number}@example.org") for number in range(3)]
    let += [
        is_let(ada.tokens.create_email_change, "ada", f"{number}@example.net", password=PASSWORD) for number in range(3)
    ]
    assert let == [True] * 5 + [False]
    asked = [each for each in mail.mails if "A change of" not in each.message["Subject"]]
    assert len(asked) == 5
    assert is_let(signed_in(sending, "bob").tokens.create_email_change, "bob", "b@example.net", password=PASSWORD)
    clock.forward(hours=1)
    assert is_let(ada.teams.create_membership, team, email="again@example.org")


def test_a_source_makes_so_many_accounts(directory, clock):
    directory.security.set("creation-hourly-limit", 3)
    ways = [
        lambda ip: directory.sessions.create_anonymous(ip=ip),
        lambda ip: directory.from_request(ip, None).users.create(self_service=True),
        lambda ip: directory.tokens.create_email("ada@example.com", print_secret=True, ip=ip),
        lambda ip: directory.sessions.create_with_identity("google", "1", ip=ip),
    ]
    assert [is_let(way, HERE) for way in ways] == [True, True, True, False]
    assert directory.users.count() == 3
    assert is_let(ways[3], THERE)
    assert is_let(ways[3], HERE)  # it is there by now: nothing is made
    assert all(is_let(directory.users.create) for _ in range(5))
    clock.forward(hours=1)
    assert is_let(ways[0], HERE)


def test_a_person_makes_so_many_accounts_and_teams(sending, directory):
    directory.security.set("creation-hourly-limit", 2)
    ada = signed_in(sending, "ada")
    team = ada.teams.create("Acme").id
    assert [is_let(ada.teams.create, "Other") for _ in range(2)] == [True, False]
    invited = [is_let(ada.teams.create_membership, team, email=f"{number}@example.org") for number in range(3)]
    assert invited == [True, True, False]
    directory.users.create(id="bob", email="bob@example.com")
    assert not is_let(ada.teams.create_membership, team, email="bob@example.com")  # which would tell of Bob
    assert is_let(ada.teams.create_membership, team, email="0@example.org")  # again


def test_proxies_are_not_counted(directory, counts):
    directory.security.set("source-hourly-limit", 1)
    directory.security.set("creation-hourly-limit", 1)
    directory.security.set("trusted-sources", HERE)
    assert counts(3, ip=HERE) == [True] * 3
    assert [is_let(directory.sessions.create_anonymous, ip=HERE) for _ in range(3)] == [True] * 3
