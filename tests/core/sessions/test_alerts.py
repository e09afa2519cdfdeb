"""Which sign-ins people are told of, by the policy session-alerts; on both databases."""

import pytest

EMAIL, PASSWORD, PHONE = "ada@example.com", "correct horse battery", "+14255550123"
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.1"


@pytest.fixture
def mailing(opened, directory, mail):
    directory.security.set("session-alerts", "on")
    return opened(mail.environ)


@pytest.fixture
def ada(directory):
    directory.users.create(id="ada", email=EMAIL, email_verified=True, phone=PHONE, password=PASSWORD)


def told(mail):
    """How many alerts there were since this was asked last."""
    count = sum("new sign-in" in each.message["Subject"] for each in mail.mails)
    mail.mails.clear()
    return count


def test_a_source_is_told_once_while_it_is_known(mailing, directory, mail, clock, ada):
    for ip, alerts in ((HOME, 0), (HOME, 0), (ELSEWHERE, 1), (ELSEWHERE, 0), (None, 1)):
        mailing.sessions.create("ada", PASSWORD, ip=ip)
        assert told(mail) == alerts
    clock.forward(days=91)
    mailing.sessions.create("ada", PASSWORD, ip=HOME)
    assert told(mail) == 1


def test_a_code_by_sms_is_told_where_its_source_is_new(mailing, directory, mail, clock, ada):
    mailing.sessions.create("ada", PASSWORD, ip=HOME)
    for ip, alerts in ((ELSEWHERE, 1), (ELSEWHERE, 0), (HOME, 0)):
        clock.forward(minutes=2)
        code = directory.tokens.create_phone(PHONE, print_secret=True).secret
        mailing.tokens.redeem("ada", code, kind="phone", ip=ip)
        assert told(mail) == alerts


def test_who_has_just_had_a_mail_or_was_told_elsewhere_is_not_told(mailing, directory, mail, ada):
    mailing.sessions.create("ada", PASSWORD, ip=HOME)
    code = directory.tokens.create_email(EMAIL, print_secret=True).secret
    mailing.tokens.redeem("ada", code, kind="email", ip=ELSEWHERE)
    link = directory.tokens.create_magic_url(EMAIL, print_secret=True).secret
    mailing.tokens.redeem("ada", link, kind="magic-url", ip=ELSEWHERE)
    directory.users.create_identity("ada", "github", "118")
    mailing.sessions.create_with_identity("github", "118", ip=ELSEWHERE)
    assert told(mail) == 0


def test_off_tells_nobody(mailing, directory, mail, ada):
    directory.security.set("session-alerts", "off")
    for ip in (HOME, ELSEWHERE):
        mailing.sessions.create("ada", PASSWORD, ip=ip)
    assert mail.mails == []
