"""What an old address can do about a change of it: the policy `change-needs-old`, on both databases."""

import os
import re

import pytest

from authctl.core.directory import opening
from authctl.core.hashing import Parameters
from authctl.core.tokens import cancelling
from authctl.core.work.unit import Actor
from authctl.errors import Conflict, Denied
from authctl.settings import load

CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD, NEW = "correct horse battery", "another fine password"
OLD, INTRUDERS = "ada@example.com", "eve@example.com"
PHONE, OTHER_PHONE = "+14255550123", "+14255550124"


@pytest.fixture
def sent(tmp_path):
    """The file that text messages go to."""
    return tmp_path / "sms.txt"


@pytest.fixture
def mailing(opened, directory, mail, sent):
    """The directory with a mail server. Whoever reads the new mailbox confirms it, signed in or not."""
    directory.security.set("verification-needs-session", "off")
    return opened(mail.environ | {"AUTHCTL_SMS_PROVIDER": "file", "AUTHCTL_SMS_FILE": str(sent)})


@pytest.fixture
def session(directory):
    directory.users.create(
        id="ada", email=OLD, email_verified=True, phone=PHONE, phone_verified=True, password=PASSWORD
    )
    return directory.sessions.create("ada", PASSWORD).secret


def secrets(mail):
    """The secrets in the mails, by where they went, the oldest first."""
    found = {}
    for each in mail.mails:
        if secret := re.search("^[0-9a-f]{64}$", each.text, re.MULTILINE):
            found.setdefault(each.recipients[0], []).append(secret[0])
    return found


def change(mailing, session, email=INTRUDERS):
    """Ask for another email, as whoever has the session and the password."""
    return mailing.as_session(session).tokens.create_email_change("ada", email, password=PASSWORD)


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


def redeem(directory, secret, kind):
    return directory.tokens.redeem("ada", secret, kind=kind)


# Cancel


def test_the_old_address_ends_a_change_that_is_not_made_yet(mailing, directory, mail, session):
    change(mailing, session)
    found = secrets(mail)
    assert redeem(directory, found[OLD][0], "change-cancel").email == OLD
    assert refusal(Denied, redeem, directory, found[INTRUDERS][0], "email-change") == "user_invalid_token"
    assert directory.sessions.get(session).user.email == OLD
    assert refusal(Denied, redeem, directory, found[OLD][0], "change-cancel") == "user_invalid_token"


def test_the_old_address_takes_a_change_back(mailing, directory, mail, clock, session):
    change(mailing, session)
    found = secrets(mail)
    assert redeem(directory, found[INTRUDERS][0], "email-change").email == INTRUDERS
    mailing.users.update_password("ada", NEW)
    clock.forward(hours=71, minutes=59)
    user = redeem(mailing, found[OLD][0], "change-cancel")
    assert (user.email, user.email_verified, user.password) == (OLD, True, None)
    assert refusal(Denied, directory.sessions.get, session) == "user_unauthorized"
    recovery = secrets(mail)[OLD][-1]
    mailing.tokens.redeem("ada", recovery, kind="recovery", new_password=PASSWORD)
    assert directory.sessions.create(OLD, PASSWORD)


def test_a_new_password_is_asked_for_where_an_intruder_has_removed_the_old_one(mailing, directory, mail, session):
    change(mailing, session)
    found = secrets(mail)
    redeem(directory, found[INTRUDERS][0], "email-change")
    intruder = directory.sessions.create("ada", PASSWORD).secret
    mailing.as_session(intruder).users.secure("ada", keep=[INTRUDERS], password=PASSWORD)
    assert directory.users.get("ada").password is None
    redeem(mailing, found[OLD][0], "change-cancel")
    mailing.tokens.redeem("ada", secrets(mail)[OLD][-1], kind="recovery", new_password=NEW)
    assert directory.sessions.create(OLD, NEW)


def test_only_for_so_long(mailing, directory, mail, clock, session):
    change(mailing, session)
    found = secrets(mail)
    redeem(directory, found[INTRUDERS][0], "email-change")
    clock.forward(hours=72)
    assert refusal(Denied, redeem, directory, found[OLD][0], "change-cancel") == "user_invalid_token"


def test_whoever_changes_it_again_cannot_take_that_back(mailing, directory, mail, clock, session):
    change(mailing, session)
    redeem(directory, secrets(mail)[INTRUDERS][0], "email-change")
    clock.forward(minutes=2)
    change(mailing, session, "eve@example.org")
    redeem(directory, secrets(mail)["eve@example.org"][0], "email-change")
    found = secrets(mail)
    assert redeem(directory, found[OLD][0], "change-cancel").email == OLD
    assert refusal(Denied, redeem, directory, found[INTRUDERS][1], "change-cancel") == "user_invalid_token"


def test_nothing_but_an_operator_ends_it(mailing, directory, mail, session):
    change(mailing, session)
    old = secrets(mail)[OLD][0]
    person = mailing.as_session(session)
    person.users.update_password("ada", NEW, current=PASSWORD)
    directory.users.update_password("ada", PASSWORD)
    directory.users.delete_sessions("ada")
    directory.mfa.reset("ada")
    person = mailing.as_session(directory.sessions.create("ada", PASSWORD).secret)
    person.users.secure("ada", keep=[OLD], password=PASSWORD)
    assert [token.kind for token in directory.tokens.list("ada")] == ["recovery", "change-cancel"]
    directory.users.secure("ada")
    assert refusal(Denied, redeem, directory, old, "change-cancel") == "user_invalid_token"


def test_no_number_of_later_changes_hides_it(mailing, directory, mail, clock, session):
    """Only so many tokens of a kind are compared with a secret."""
    person = mailing.as_session(session)
    change(mailing, session)
    redeem(directory, secrets(mail)[INTRUDERS][0], "email-change")
    for number in range(cancelling.MOST - 1):
        person.users.update_email("ada", f"eve{number}@example.com", password=PASSWORD)
    mails = len(mail.mails)
    clock.forward(minutes=2)
    for ask in (person.users.update_email, person.tokens.create_email_change):
        assert refusal(Denied, ask, "ada", "more@example.com", password=PASSWORD) == "general_rate_limit_exceeded"
    assert len(mail.mails) == mails
    assert redeem(directory, secrets(mail)[OLD][0], "change-cancel").email == OLD
    clock.forward(hours=73)
    person = mailing.as_session(directory.users.create_session("ada").secret)
    assert person.users.update_email("ada", "new@example.com").pending_email == "new@example.com"


def test_an_intruder_who_takes_an_address_back_makes_it_no_operators(mailing, directory, mail, clock, session):
    """What an operator gave stays when the account is secured, without being named."""
    for address in (INTRUDERS, "eve@example.org"):
        change(mailing, session, address)
        redeem(directory, secrets(mail)[address][0], "email-change")
        clock.forward(minutes=2)
    assert redeem(directory, secrets(mail)[INTRUDERS][-1], "change-cancel").email == INTRUDERS
    assert directory.users.get("ada").email_self_service
    assert directory.users.secure("ada").removed == (INTRUDERS,)


@pytest.mark.parametrize("by_operator", [True, False])
def test_what_comes_back_is_as_much_an_operators_as_before(mailing, directory, mail, sent, session, by_operator):
    statement = f"UPDATE users SET phone_self_service = {str(not by_operator).lower()}"
    directory.database.write(lambda db: db.sqlalchemy.exec_driver_sql(statement))
    mailing.as_session(session).users.update_phone("ada", "", password=PASSWORD)
    user = redeem(directory, secrets(mail)[OLD][0], "change-cancel")
    assert (user.phone, user.phone_self_service, user.phone_verified) == (PHONE, not by_operator, not by_operator)


def test_the_old_address_is_taken_back_from_whoever_only_claims_it(mailing, directory, mail, session):
    change(mailing, session)
    found = secrets(mail)
    redeem(directory, found[INTRUDERS][0], "email-change")
    directory.users.create(id="eve", email=OLD, password=PASSWORD, self_service=True)
    assert redeem(directory, found[OLD][0], "change-cancel").email == OLD
    assert directory.users.get("eve").email is None


def test_who_has_proved_it_meanwhile_keeps_it(mailing, directory, mail, session):
    change(mailing, session)
    found = secrets(mail)
    redeem(directory, found[INTRUDERS][0], "email-change")
    directory.users.create(id="bob", email=OLD, email_verified=True)
    taken = refusal(Conflict, redeem, directory, found[OLD][0], "change-cancel")
    assert taken == "user_email_already_exists"


def code_in(sent):
    """The code in the first text message to the new number."""
    return re.search(r"\b(\d{6})\b", sent.read_text())[1]


def test_a_phone_is_told_at_the_email_and_taken_back(mailing, mail, sent, session):
    mailing.as_session(session).tokens.create_phone_change("ada", OTHER_PHONE, password=PASSWORD)
    assert "ending in 24" in mail.last.text
    old = secrets(mail)[OLD][0]
    assert redeem(mailing, code_in(sent), "phone-change").phone == OTHER_PHONE
    user = redeem(mailing, old, "change-cancel")
    assert (user.phone, user.phone_verified, user.phone_self_service) == (PHONE, False, False)


def test_an_old_email_is_told_of_the_phone_while_it_can_come_back(mailing, mail, sent, session):
    """Else an intruder who changes the email first has the phone changed unseen, and stays by it."""
    change(mailing, session)
    redeem(mailing, secrets(mail)[INTRUDERS][0], "email-change")
    mailing.as_session(session).tokens.create_phone_change("ada", OTHER_PHONE, password=PASSWORD)
    redeem(mailing, code_in(sent), "phone-change")
    email, phone = secrets(mail)[OLD]
    assert redeem(mailing, email, "change-cancel").email == OLD
    assert redeem(mailing, phone, "change-cancel").phone == PHONE


def test_an_old_email_that_is_gone_for_good_is_told_nothing(mailing, mail, clock, session):
    change(mailing, session)
    redeem(mailing, secrets(mail)[INTRUDERS][0], "email-change")
    clock.forward(hours=72)
    session = mailing.users.create_session("ada").secret
    mailing.as_session(session).tokens.create_phone_change("ada", OTHER_PHONE, password=PASSWORD)
    assert len(secrets(mail)[OLD]) == 1


def test_who_has_a_phone_alone_is_told_there(mailing, directory, sent):
    directory.users.create(id="ada", phone=PHONE, phone_verified=True)
    session = directory.users.create_session("ada").secret
    mailing.as_session(session).tokens.create_phone_change("ada", OTHER_PHONE)
    assert "cancel it with this code" in sent.read_text()
    old = re.search("[0-9a-f]{64}", sent.read_text())[0]
    assert redeem(mailing, code_in(sent), "phone-change").phone == OTHER_PHONE
    assert redeem(directory, old, "change-cancel").phone == PHONE


def test_an_address_that_was_only_claimed_is_not_asked(mailing, directory, mail):
    directory.users.create(id="ada", email=OLD, password=PASSWORD, self_service=True)
    change(mailing, directory.sessions.create("ada", PASSWORD).secret)
    assert secrets(mail).keys() == {INTRUDERS}


def test_the_old_address_is_told_once_however_a_change_is_asked_for(mailing, directory, mail, clock, session):
    mailing.as_session(session).users.update_email("ada", INTRUDERS, password=PASSWORD)
    clock.forward(days=14)
    change(mailing, session)
    found = secrets(mail)
    assert [len(found[each]) for each in (OLD, INTRUDERS)] == [1, 1]
    assert redeem(directory, found[INTRUDERS][0], "email-change").email == INTRUDERS
    clock.forward(hours=71)
    assert redeem(directory, found[OLD][0], "change-cancel").email == OLD


def test_an_address_that_was_removed_comes_back(mailing, directory, mail, clock, session):
    mailing.as_session(session).users.update_email("ada", "", password=PASSWORD)
    assert f"removed its address {OLD}" in mail.last.text.replace("\n", " ")
    assert directory.users.get("ada").email is None
    clock.forward(hours=71)
    old = secrets(mail)[OLD][0]
    assert redeem(directory, old, "change-cancel").email == OLD


def test_an_operator_who_changes_an_address_has_the_last_word(mailing, directory, mail, session):
    change(mailing, session)
    directory.users.update_email("ada", "ada@example.net")
    assert refusal(Denied, redeem, directory, secrets(mail)[OLD][0], "change-cancel") == "user_invalid_token"


def test_a_change_that_was_ended_is_not_made(mailing, directory, mail, session):
    mailing.as_session(session).users.update_email("ada", INTRUDERS, password=PASSWORD)
    redeem(mailing, secrets(mail)[OLD][0], "change-cancel")
    assert directory.users.get("ada").pending_email is None


def test_off_tells_the_old_address_and_no_more(mailing, directory, mail, session):
    directory.security.set("change-needs-old", "off")
    change(mailing, session)
    assert [each.recipients for each in mail.mails] == [[INTRUDERS], [OLD]]
    assert secrets(mail).keys() == {INTRUDERS}


# Confirm


@pytest.fixture
def confirming(directory):
    directory.security.set("change-needs-old", "confirm")


def test_an_address_that_confirms_its_changes_is_removed_by_operators(mailing, directory, session, confirming):
    remove = mailing.as_session(session).users.update_email
    assert refusal(Denied, remove, "ada", "", password=PASSWORD) == "user_unauthorized"
    assert directory.users.update_email("ada", "").email is None


def test_nor_does_whoever_secures_the_account_get_rid_of_it(mailing, directory, session, confirming):
    """An intruder who has added a phone could drop the email of the owner."""
    directory.database.write(lambda db: db.sqlalchemy.exec_driver_sql("UPDATE users SET email_self_service = true"))
    secure = mailing.as_session(session).users.secure
    assert refusal(Denied, secure, "ada", keep=[PHONE], password=PASSWORD) == "user_unauthorized"
    assert directory.sessions.get(session).user.email == OLD
    assert directory.users.secure("ada", keep=[PHONE]).removed == (OLD,)


@pytest.mark.parametrize("first", ["old", "new"])
def test_both_addresses_confirm_a_change(mailing, directory, mail, session, confirming, first):
    change(mailing, session)
    found = secrets(mail)
    both = [(found[OLD][0], "change-confirm"), (found[INTRUDERS][0], "email-change")]
    one, other = both if first == "old" else reversed(both)
    assert redeem(directory, *one).email == OLD
    user = redeem(directory, *other)
    assert (user.email, user.email_verified) == (INTRUDERS, True)


def test_a_new_password_ends_what_the_old_address_has_not_confirmed(mailing, directory, mail, session, confirming):
    change(mailing, session)
    found = secrets(mail)
    redeem(directory, found[INTRUDERS][0], "email-change")
    directory.users.update_password("ada", NEW)
    assert refusal(Denied, redeem, directory, found[OLD][0], "change-confirm") == "user_invalid_token"
    assert directory.users.get("ada").email == OLD


def test_the_old_address_confirms_the_change_that_it_was_asked_about(
    mailing, directory, mail, clock, session, confirming
):
    change(mailing, session)
    clock.forward(minutes=2)
    change(mailing, session, "eve@example.org")
    found = secrets(mail)
    assert refusal(Denied, redeem, directory, found[OLD][0], "change-confirm") == "user_invalid_token"
    redeem(directory, found["eve@example.org"][0], "email-change")
    assert redeem(directory, found[OLD][1], "change-confirm").email == "eve@example.org"


def test_a_change_from_before_the_policy_is_asked_for_anew(mailing, directory, mail, session):
    change(mailing, session)
    directory.security.set("change-needs-old", "confirm")
    new = secrets(mail)[INTRUDERS][0]
    assert refusal(Denied, redeem, directory, new, "email-change") == "user_invalid_token"


# Links


def test_the_mail_links_to_the_applications_page(home, database_url, clock, dice, directory, mail, session):
    environ = home | mail.environ | {"AUTHCTL_ACCOUNT_URL": "https://app.example.com/account?lang=en"}
    settings = load(environ, options={"database_url": database_url}, system_config=os.devnull)
    actor = Actor("tester@example.com")
    with opening.open_directory(settings, actor, clock=clock, random_bytes=dice, hash_parameters=CHEAP) as linking:
        change(linking, session)
    link = re.search(
        r"https://app\.example\.com/account\?lang=en&userId=ada&secret=([0-9a-f]{64})&kind=(\S+)", mail.last.text
    )
    assert link[2] == "change-cancel"
    assert redeem(directory, link[1], link[2]).email == OLD
