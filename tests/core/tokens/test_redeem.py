"""Redeeming tokens: what each kind leads to, what is refused and how it is told, on both databases."""

import re
from dataclasses import replace

import pytest
from doubles.statements import reads, statements

from authctl import storage
from authctl.errors import Conflict, Denied, Invalid

PASSWORD, NEW = "correct horse battery", "another fine password"
PHONE, OTHER_PHONE = "+14255550123", "+14255550124"


@pytest.fixture
def ada(directory):
    return directory.users.create(id="ada", email="ada@example.com", phone=PHONE, password=PASSWORD)


@pytest.fixture
def mailing(opened, mail):
    return opened(mail.environ)


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


def refused(directory, user, secret, **which):
    with pytest.raises(Denied) as error:
        directory.tokens.redeem(user, secret, **which)
    return error.value.type, error.value.message, error.value.hint, error.value.field


def why(directory, *events):
    """What the log has of the last refusal."""
    names = events or ("users.tokens.update", "users.verification.update", "users.recovery.update")
    return directory.security.list_logs(events=names, limit=1)[0].details.get("refused")


def email_code(directory, email="ada@example.com"):
    return directory.tokens.create_email(email, print_secret=True).secret


def other(code):
    """A code that differs from that one in its last digit."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


# Signing in


def test_an_operators_token_signs_in_once(directory, ada):
    secret = directory.tokens.create("ada").secret
    signed_in = directory.tokens.redeem("ada", secret, kind="token", ip="192.0.2.7", user_agent="curl")
    assert (signed_in.session.provider, signed_in.session.factors) == ("token", ("token",))
    assert (signed_in.session.ip, signed_in.session.user_agent) == ("192.0.2.7", "curl")
    assert refused(directory, "ada", secret, kind="token")[0] == "user_invalid_token"
    assert not directory.users.get("ada").email_verified


def test_every_refusal_is_one_answer_and_the_log_has_which_it_was(directory, ada, clock):
    answers, reasons = set(), []

    def refuse(user, secret, **which):
        answers.add(refused(directory, user, secret, **which))
        reasons.append(why(directory))

    refuse("nobody", "123456", kind="email")
    refuse("ada", "123456", kind="email")
    code = email_code(directory)
    refuse("ada", other(code), kind="email")
    refuse("ada", code, kind="phone")
    directory.tokens.redeem("ada", code, kind="email")
    refuse("ada", code, kind="email")
    newer = email_code(directory)
    email_code(directory)
    refuse("ada", newer, kind="email")
    clock.forward(minutes=10)
    refuse("ada", newer, kind="email")
    secret = directory.tokens.create("ada").secret
    refuse("ada", secret[:-1], kind="token")
    clock.forward(minutes=15)
    refuse("ada", secret, kind="token")
    refuse("ada", "123456", id="nothing")
    assert answers == {
        (
            "user_invalid_token",
            "The token is wrong, expired or used.",
            "Ask for a new one. Operators can see more with: authctl tokens list USER --all",
            "secret",
        )
    }
    assert reasons == ["unknown", "none", "wrong", "none", "used", "replaced", "replaced", "wrong", "expired", "none"]


def test_the_statements_of_a_refusal_are_the_same_whatever_is_wrong(directory, ada, clock, database_url):
    code = email_code(directory)
    used = email_code(directory)
    directory.tokens.redeem("ada", used, kind="email")
    email_code(directory)
    seen = []
    for user, secret in (("ada", other(code)), ("ada", used), ("nobody", "123456")):
        with statements() as sent:
            refused(directory, user, secret, kind="email")
        seen.append([re.sub(r"[(]\?(, \?)*[)]|\(NULL\)|NULL|IN \(.*?\)", "", each).split("WHERE")[0] for each in sent])
    wrong, dead, unknown = seen
    assert [each.split()[0:3] for each in wrong] == [each.split()[0:3] for each in dead]
    assert [each.split()[0:3] for each in wrong] == [each.split()[0:3] for each in unknown]


def test_redeeming_reads_everything_once(directory, ada):
    directory.users.update_email_verification("ada", True)
    code = email_code(directory)
    with statements() as found:
        directory.tokens.redeem("ada", code, kind="email")
    assert reads(found) == {"users": 1, "tokens": 1, "policies": 1, "directory": 1}


def test_the_token_is_named_by_its_kind_or_its_id(directory, ada):
    created = directory.tokens.create_email("ada@example.com", print_secret=True)
    for which in ({}, {"kind": "email", "id": created.token.id}, {"kind": "fax"}):
        assert refusal(Invalid, directory.tokens.redeem, "ada", created.secret, **which) == "general_argument_invalid"
    assert directory.tokens.redeem("ada", created.secret, id=created.token.id)


def test_a_wrong_code_costs_one_token_one_attempt(directory, ada):
    code = email_code(directory)
    directory.tokens.create_phone(PHONE, print_secret=True)
    for left in (4, 3):
        refused(directory, "ada", other(code), kind="email")
        assert {token.kind: token.attempts_left for token in directory.tokens.list("ada")} == {
            "phone": 5,
            "email": left,
        }
    details = directory.security.list_logs(events=["users.tokens.update"], limit=1)[0].details
    assert details == {"kind": "email", "refused": "wrong", "attempts_left": 3}


def test_too_many_wrong_codes_end_it_even_for_the_right_one(directory, ada):
    code = email_code(directory)
    for _ in range(5):
        refused(directory, "ada", other(code), kind="email")
    assert refused(directory, "ada", code, kind="email")[0] == "user_invalid_token"
    assert why(directory) == "attempts"
    assert directory.tokens.list("ada", ended=True)[0].ended_reason == "attempts"


def test_the_right_code_at_the_last_try_is_right(directory, ada):
    code = email_code(directory)
    for _ in range(4):
        refused(directory, "ada", other(code), kind="email")
    assert directory.tokens.redeem("ada", code, kind="email")


def test_wrong_codes_count_across_those_that_are_sent_again(directory, ada, clock):
    for _ in range(2):
        code = email_code(directory)
        for _ in range(5):
            refused(directory, "ada", other(code), kind="email")
    code = email_code(directory)
    assert refused(directory, "ada", code, kind="email")[0] == "user_invalid_token"
    assert why(directory) == "locked"
    phone = directory.tokens.create_phone(PHONE, print_secret=True).secret
    assert directory.tokens.redeem("ada", phone, kind="phone")  # kinds do not share their counts
    assert directory.sessions.create("ada", PASSWORD)  # and the password is another matter
    clock.forward(minutes=15)
    assert directory.tokens.redeem("ada", email_code(directory), kind="email")


@pytest.mark.parametrize("is_right", [True, False])
def test_strangers_who_guess_lock_no_right_code_out_that_was_sent(mailing, directory, mail, ada, clock, is_right):
    """Once locked, each code that is sent is good for one try: no more tries than codes in an hour."""
    for _ in range(10):
        refused(directory, "ada", "123456", kind="email", ip="198.51.100.7")
    mailing.tokens.create_email("ada@example.com")
    code = re.search("^[0-9]{6}$", mail.last.text, re.MULTILINE)[0]
    if is_right:
        assert directory.tokens.redeem("ada", code, kind="email", ip="192.0.2.1")
        clock.forward(minutes=1)
        refused(directory, "ada", "123456", kind="email", ip="198.51.100.7")
        assert why(directory) == "used"  # and no longer locked
        return
    refused(directory, "ada", other(code), kind="email", ip="192.0.2.1")
    assert why(directory) == "locked"
    assert directory.security.list_logs(events=["users.tokens.update"], limit=1)[0].details["attempts_left"] == 0
    assert directory.tokens.list("ada", ended=True)[0].ended_reason == "attempts"
    assert refused(directory, "ada", code, kind="email", ip="192.0.2.1")[0] == "user_invalid_token"


def test_a_source_that_is_locked_uses_up_nobodys_code(mailing, directory, mail, ada):
    directory.security.set("source-attempts", 1)
    refused(directory, "nobody", "123456", kind="email", ip="198.51.100.7")
    mailing.tokens.create_email("ada@example.com")
    code = re.search("^[0-9]{6}$", mail.last.text, re.MULTILINE)[0]
    for _ in range(6):
        refused(directory, "ada", other(code), kind="email", ip="198.51.100.7")
    assert why(directory) == "source_locked"
    assert directory.tokens.redeem("ada", code, kind="email", ip="192.0.2.1")


def test_unlocking_forgets_wrong_codes(directory, ada):
    for _ in range(2):
        code = email_code(directory)
        for _ in range(5):
            refused(directory, "ada", other(code), kind="email")
    directory.users.unlock("ada")
    assert directory.tokens.redeem("ada", email_code(directory), kind="email")


def test_the_attempts_of_a_dry_run_count_and_the_right_one_uses_nothing_up(directory, ada):
    code = email_code(directory)
    dry = directory.acting(directory.actor, dry_run=True)
    for _ in range(3):
        refused(dry, "ada", other(code), kind="email")
    assert dry.tokens.redeem("ada", code, kind="email")
    assert directory.tokens.list("ada")[0].attempts_left == 1
    assert directory.users.list_sessions("ada") == []
    assert directory.tokens.redeem("ada", code, kind="email")


def test_a_code_is_for_the_address_that_it_was_sent_to(directory, ada):
    code = email_code(directory)
    directory.users.update_email("ada", "new@example.com")
    assert refused(directory, "ada", code, kind="email")[0] == "user_invalid_token"
    assert why(directory) == "address_changed"
    assert not directory.users.get("ada").email_verified


def test_a_code_is_another_users_no_more_than_another_kinds(directory, ada):
    code = email_code(directory)
    directory.users.create(id="bob", email="bob@example.com")
    assert refused(directory, "bob", code, kind="email")[0] == "user_invalid_token"
    assert refused(directory, "ada", code, kind="magic-url")[0] == "user_invalid_token"
    assert directory.tokens.redeem("ada", code, kind="email")


def test_a_second_factor_is_asked_for_as_ever(directory, ada):
    directory.users.update_email_verification("ada", True)
    user = directory.users.get("ada")
    directory.write(lambda work: storage.users.update(work.db, user, replace(user, mfa=True)))
    signed_in = directory.tokens.redeem("ada", email_code(directory), kind="email")
    assert signed_in.more_factors_required
    assert refusal(Denied, directory.sessions.get, signed_in.secret) == "user_more_factors_required"


def test_the_session_limit_holds(directory, ada):
    directory.security.set("session-limit", 1)
    for _ in range(2):
        directory.tokens.redeem("ada", email_code(directory), kind="email")
    assert len(directory.users.list_sessions("ada")) == 1


# Verifying


def test_verifying_marks_the_address(directory, ada):
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    assert len(secret) == 64
    assert directory.tokens.redeem("ada", secret, kind="email-verification").email_verified
    assert refusal(Conflict, directory.tokens.create_email_verification, "ada") == "user_email_already_verified"
    code = directory.tokens.create_phone_verification("ada", print_secret=True).secret
    assert directory.tokens.redeem("ada", code, kind="phone-verification").phone_verified
    names = [event.name for event in directory.security.list_logs(events=["users.verification.*"])]
    assert names == ["users.verification.update", "users.verification.create"] * 2
    assert directory.users.list_sessions("ada") == []


def test_whoever_signed_up_with_anothers_address_keeps_nothing(directory):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD, self_service=True)
    session = directory.sessions.create("ada", PASSWORD).secret
    signed_in = directory.tokens.redeem("ada", email_code(directory), kind="email")
    assert refusal(Denied, directory.sessions.get, session) == "user_unauthorized"
    assert refusal(Denied, directory.sessions.create, "ada", PASSWORD) == "user_invalid_credentials"
    assert directory.sessions.get(signed_in.secret).user.id == "ada"


def test_what_an_operator_set_stays_and_so_does_what_came_after(directory, ada):
    directory.tokens.redeem("ada", email_code(directory), kind="email")
    assert directory.sessions.create("ada", PASSWORD)
    directory.users.create(id="bob", email="bob@example.com", password=PASSWORD, self_service=True)
    directory.users.update_email_verification("bob", True)
    directory.tokens.redeem("bob", email_code(directory, "bob@example.com"), kind="email")
    assert directory.sessions.create("bob", PASSWORD)


def test_who_is_signed_in_and_has_the_address_keeps_both(directory):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD, self_service=True)
    session = directory.sessions.create("ada", PASSWORD).secret
    secret = directory.tokens.create_email_verification("ada", print_secret=True).secret
    person = directory.as_session(session)
    assert person.tokens.redeem("ada", secret, kind="email-verification").email_verified
    assert directory.sessions.get(session)
    assert directory.sessions.create("ada", PASSWORD)


def test_a_person_redeems_the_own_tokens_alone(directory, ada):
    directory.users.create(id="bob", email="bob@example.com", password=PASSWORD)
    person = directory.as_session(directory.sessions.create("bob", PASSWORD).secret)
    code = email_code(directory)
    assert refused(person, "ada", code, kind="email")[0] == "user_invalid_token"
    assert refusal(Denied, lambda: person.tokens.create("bob")) == "user_unauthorized"
    assert directory.tokens.redeem("ada", code, kind="email")


# Recovering


def test_a_recovery_sets_a_new_password_and_ends_every_session(directory, ada):
    session = directory.sessions.create("ada", PASSWORD).secret
    secret = directory.tokens.create_recovery("ada", print_secret=True).secret
    directory.security.set("session-invalidation", "off")
    assert refusal(Invalid, directory.tokens.redeem, "ada", secret, kind="recovery") == "general_argument_invalid"
    weak = refusal(Invalid, directory.tokens.redeem, "ada", secret, kind="recovery", new_password="short")
    assert weak == "password_too_short"
    user = directory.tokens.redeem("ada", secret, kind="recovery", new_password=NEW)
    assert user.email_verified
    assert refusal(Denied, directory.sessions.get, session) == "user_unauthorized"
    assert directory.users.list_sessions("ada") == []
    assert directory.sessions.create("ada", NEW)
    assert refused(directory, "ada", secret, kind="recovery", new_password=PASSWORD)[0] == "user_invalid_token"


def test_a_recovery_gives_a_first_password_that_stays(directory):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD, self_service=True)
    secret = directory.tokens.create_recovery("ada", print_secret=True).secret
    directory.tokens.redeem("ada", secret, kind="recovery", new_password=NEW)
    assert directory.sessions.create("ada", NEW)


def test_a_recovery_unlocks(directory, ada):
    for _ in range(10):
        refusal(Denied, directory.sessions.create, "ada", "wrong password")
    secret = directory.tokens.create_recovery("ada", print_secret=True).secret
    directory.tokens.redeem("ada", secret, kind="recovery", new_password=NEW)
    assert directory.sessions.create("ada", NEW)


def test_a_new_password_ends_a_recovery_that_is_under_way(directory, ada):
    secret = directory.tokens.create_recovery("ada", print_secret=True).secret
    directory.users.update_password("ada", NEW)
    assert refused(directory, "ada", secret, kind="recovery", new_password=PASSWORD)[0] == "user_invalid_token"
    assert why(directory) == "password_changed"


# Changing an address


def test_a_change_is_made_when_the_new_address_redeems(mailing, directory, mail, ada):
    directory.users.update_email_verification("ada", True)
    mailing.tokens.create_email_change("ada", "new@example.com")
    assert [each.recipients for each in mail.mails] == [["new@example.com"], ["ada@example.com"]]
    secret = re.search("^[0-9a-f]{64}$", mail.mails[0].text, re.MULTILINE)[0]
    assert "new@example.com" in mail.mails[1].text
    assert secret not in mail.mails[1].text
    assert directory.users.get("ada").email == "ada@example.com"
    after = mailing.tokens.redeem("ada", secret, kind="email-change")
    assert (after.email, after.email_verified) == ("new@example.com", True)
    assert sorted(each.recipients[0] for each in mail.mails[2:]) == ["ada@example.com", "new@example.com"]
    directory.users.create(email="ada@example.com")  # the old one is free


def test_a_phone_changes_by_a_kind_of_its_own(directory, ada):
    code = directory.tokens.create_phone_change("ada", OTHER_PHONE, print_secret=True).secret
    assert refused(directory, "ada", code, kind="phone")[0] == "user_invalid_token"
    after = directory.tokens.redeem("ada", code, kind="phone-change")
    assert (after.phone, after.phone_verified) == (OTHER_PHONE, True)


def test_a_taken_address_is_not_taken_over(directory, ada):
    directory.users.create(id="bob", email="bob@example.com")
    taken = refusal(Conflict, directory.tokens.create_email_change, "ada", "bob@example.com", print_secret=True)
    assert taken == "user_email_already_exists"
    secret = directory.tokens.create_email_change("ada", "new@example.com", print_secret=True).secret
    directory.users.update_email("bob", "new@example.com")
    assert refusal(Conflict, directory.tokens.redeem, "ada", secret, kind="email-change") == "user_email_already_exists"
    person = directory.as_session(directory.users.create_session("ada").secret)
    with pytest.raises(Conflict) as refused:
        person.tokens.redeem("ada", secret, kind="email-change")
    assert "authctl users" not in refused.value.hint
    assert [token.kind for token in directory.tokens.list("ada")] == ["change-cancel", "email-change"]
    directory.users.update_email("bob", "")
    assert directory.tokens.redeem("ada", secret, kind="email-change").email == "new@example.com"


def test_a_person_gives_the_current_password_for_a_change(mailing, directory, mail, ada):
    person = mailing.as_session(directory.sessions.create("ada", PASSWORD).secret)
    change = person.tokens.create_email_change
    assert refusal(Invalid, change, "ada", "new@example.com") == "general_argument_invalid"
    wrong = refusal(Denied, change, "ada", "new@example.com", password="wrong password")
    assert wrong == "user_invalid_credentials"
    directory.users.create(id="bob", email="bob@example.com")
    assert change("ada", "bob@example.com", password=PASSWORD)  # and is not told whose it is
    assert [each.recipients for each in mail.mails] == [["bob@example.com"], ["ada@example.com"]]
    assert refusal(Denied, change, "bob", "new@example.com", password=PASSWORD) == "user_unauthorized"


def test_a_person_is_not_shown_what_proves_an_address(directory, ada):
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    shown = refusal(Denied, person.tokens.create_email_verification, "ada", print_secret=True)
    assert shown == "user_unauthorized"


# Notices


def test_people_are_told_what_was_done(mailing, directory, mail, ada):
    directory.users.update_email_verification("ada", True)
    mailing.users.update_password("ada", NEW)
    mailing.users.update_phone("ada", OTHER_PHONE)
    mailing.security.set("session-alerts", "on")
    mailing.sessions.create("ada", NEW)  # the first: no alert
    mailing.sessions.create("ada", NEW, ip="192.0.2.7", user_agent="curl")
    mailing.tokens.redeem("ada", email_code(mailing), kind="email")  # by mail: no alert
    kinds = [each.message["Subject"] for each in mail.mails]
    assert len(kinds) == 3
    password, phone, alert = kinds
    assert "password" in password
    assert "phone number" in phone
    assert "sign-in" in alert
    assert OTHER_PHONE not in mail.mails[1].text


def test_who_has_no_verified_address_is_told_nothing(mailing, mail, ada):
    mailing.users.update_password("ada", NEW)
    assert mail.mails == []


def test_a_dry_run_tells_nobody(mailing, directory, mail, ada):
    directory.users.update_email_verification("ada", True)
    mailing.acting(mailing.actor, dry_run=True).users.update_password("ada", NEW)
    assert mail.mails == []


def test_a_notice_that_fails_undoes_nothing(mailing, directory, mail, ada):
    directory.users.update_email_verification("ada", True)
    mail.mailbox.recipient_answer = "550 5.1.1 No such mailbox"
    warnings = []
    mailing.warn = warnings.append
    mailing.users.update_password("ada", NEW)
    assert directory.sessions.create("ada", NEW)
    assert len(warnings) == 1
    assert "ada was not notified by mail" in warnings[0]
    (event,) = directory.security.list_logs(events=["users.notify"])
    assert event.details == {"refused": "delivery_failed"}
