"""What one person or one source may have sent or made is bounded, by the policies that nobody has set."""

import os

import pytest
from doubles.attackers import PASSWORD, PHONE, proved, refusal

from authctl.settings import load

HERE = "192.0.2.66"
LIMIT = "general_rate_limit_exceeded"


def answers(calls):
    """How many calls did what was asked, and how the others ended."""
    found = [refusal(call) for call in calls]
    return found.count(None), set(found) - {None}


def test_one_person_does_not_mail_to_300_strangers(directory, application, mail):
    """Nor in words of that person's own: names are cut, and links made plain text."""
    eve = application.from_request(ip=HERE).as_session(proved(directory, "eve", name="Claim your prize"))
    eve.teams.create("You have won! https://evil.example/prize " + "x" * 60, id="ours")
    calls = [lambda n=n: eve.teams.create_membership("ours", email=f"{n}@example.org") for n in range(300)]
    done, why = answers(calls)
    assert (done, why) == (50, {LIMIT})
    assert len(mail.mails) == 50
    assert not [each for each in mail.mails if "https://evil" in each.text + each.message["Subject"]]


def test_one_source_does_not_make_300_accounts(directory, application, mail):
    here = application.from_request(ip=HERE)
    ways = [
        here.sessions.create_anonymous,
        lambda: here.users.create(password=PASSWORD),
        lambda: here.sessions.create_with_identity("google", str(directory.users.count())),
    ]
    done, why = answers(ways[number % 3] for number in range(300))
    assert (done, why) == (100, {LIMIT})
    assert directory.users.count() == 100
    assert application.from_request(ip="198.51.100.1").sessions.create_anonymous()


def test_one_source_does_not_have_300_people_recovered(directory, application, mail):
    """Recoveries and challenges may use what is kept for them, and one source no more of it than of the rest."""
    directory.security.set("email-hourly-limit", 40)
    for number in range(20):
        directory.users.create(id=f"u{number}", email=f"u{number}@example.com", email_verified=True)
    here = application.from_request(ip=HERE)
    for number in range(20):
        assert here.tokens.create_recovery(f"u{number}@example.com")  # answered alike
    assert len(mail.mails) == 10
    application.from_request(ip="198.51.100.1").tokens.create_recovery("u19@example.com")
    assert len(mail.mails) == 11


def test_a_change_there_and_back_mails_to_nobody_who_has_not_asked(directory, application, mail):
    """Notices are always sent: so they never go to what somebody has typed."""
    eve = application.as_session(proved(directory, "eve", email_verified=False))
    for number in range(20):
        eve.users.update_email("eve", f"victim{number}@example.org", password=PASSWORD)
    assert {address for each in mail.mails for address in each.recipients} <= {"eve@example.com"}


@pytest.mark.parametrize("way", ["invitation", "change", "code"])
def test_one_person_or_source_does_not_use_up_all_text_messages(
    directory, application, way, tmp_path, home, database_url
):
    environ = home | {"AUTHCTL_SMS_PROVIDER": "file", "AUTHCTL_SMS_FILE": str(tmp_path / "sms.txt")}
    settings = load(environ, options={"database_url": database_url}, system_config=os.devnull)
    directory.settings = application.settings = settings
    directory.security.set("sms-hourly-limit", 20)
    directory.security.set("otp-interval", "0s")
    here = application.from_request(ip=HERE)
    eve = here.as_session(proved(directory, "eve"))
    eve.teams.create("Ours", id="ours")
    call = {
        "invitation": lambda phone: eve.teams.create_membership("ours", phone=phone),
        "change": lambda phone: eve.tokens.create_phone_change("eve", phone, password=PASSWORD),
        "code": lambda phone: here.tokens.create_phone(phone),
    }[way]
    done, why = answers(lambda n=n: call(f"{PHONE[:-2]}{n:02}") for n in range(12))
    assert (done, why) == (5, {LIMIT})
    assert application.from_request(ip="198.51.100.1").tokens.create_phone("+14255550199")


def test_dry_runs_are_no_free_tries(directory, application):
    secret = proved(directory, "ada")
    token = directory.tokens.create("ada", length=8)
    dry = application.acting(application.actor, dry_run=True)
    mine = dry.as_session(secret)
    for _ in range(10):
        refusal(dry.sessions.create, "ada", "wrong")
        refusal(dry.tokens.redeem, "ada", "00000000", kind="token")
        refusal(mine.users.update_password, "ada", "another fine one", current="wrong")
    assert refusal(application.sessions.create, "ada", PASSWORD) == "user_invalid_credentials"
    assert refusal(application.tokens.redeem, "ada", token.secret, kind="token") == "user_invalid_token"
    assert refusal(mine.users.update_password, "ada", "another fine one", current=PASSWORD) == (
        "user_invalid_credentials"
    )
