"""Challenges: what a session may do meanwhile, how each factor completes it, and what is refused; on both databases."""

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from doubles.sms import ACCOUNT, TOKEN, VERIFY, Twilio
from doubles.statements import reads, statements

from authctl import storage
from authctl.core.credentials import recovery_codes
from authctl.errors import Denied, Invalid, NotFound, Unavailable

PASSWORD, PHONE = "correct horse battery", "+14255550123"


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


@pytest.fixture
def totp(directory, clock):
    """Ada, who has every factor and is asked for two; and what makes her codes."""
    directory.users.create(
        id="ada", email="ada@example.com", email_verified=True, phone=PHONE, phone_verified=True, password=PASSWORD
    )
    made = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri)
    directory.mfa.verify_authenticator("ada", made.at(clock.now))
    directory.mfa.enable("ada")
    clock.forward(seconds=30)
    return made


@pytest.fixture
def secret(directory, totp):
    """The secret of a session that was signed in to with the password."""
    return directory.sessions.create("ada", PASSWORD).secret


def complete(directory, secret, factor, code=None):
    challenge = directory.mfa.create_challenge(secret, factor, print_secret=factor in ("email", "phone"))
    return directory.mfa.complete_challenge(secret, challenge.id, code or challenge.secret)


def why(directory):
    """What the log has of the last refusal."""
    return directory.security.list_logs(events=["users.mfa.challenges.update"], limit=1)[0].details


# A session that is yet to be completed


def test_it_can_do_nothing_but_be_completed(directory, secret):
    person = directory.as_session(secret)
    challenge = directory.mfa.create_challenge(secret, "totp")
    for call in (
        lambda: directory.sessions.get(secret),
        lambda: directory.sessions.update(secret),
        lambda: directory.sessions.create_jwt(secret),
        lambda: person.users.get("ada"),
        lambda: person.users.update_name("ada", "Eve"),
        lambda: person.users.update_password("ada", "another fine password", current=PASSWORD),
        lambda: person.users.list_sessions("ada"),
        lambda: person.tokens.create_email_change("ada", "eve@example.com", password=PASSWORD, print_secret=True),
        lambda: person.tokens.redeem("ada", "123456", kind="email"),
        lambda: person.teams.list(),
        lambda: person.mfa.status("ada"),
        lambda: person.mfa.disable("ada"),
        lambda: person.mfa.create_authenticator("ada", name="eves"),
        lambda: person.mfa.verify_authenticator("ada", "123456"),
        lambda: person.mfa.delete_authenticator("ada", force=True),
        lambda: person.mfa.create_recovery_codes("ada"),
        lambda: person.mfa.regenerate_recovery_codes("ada"),
    ):
        assert refusal(Denied, call) == "user_more_factors_required"
    for call in (lambda: person.mfa.reset("ada"), lambda: person.mfa.create_challenge(secret, "totp")):
        assert refusal(Denied, call) == "user_unauthorized"
    assert challenge.public().keys() == {"id", "factor", "expires_at"}
    assert directory.sessions.delete(secret).ended_reason == "signed_out"


def test_it_is_told_which_factors_there_are_and_not_whose(directory, secret):
    directory.mfa.create_authenticator("ada", name="unverified")
    directory.mfa.create_recovery_codes("ada")
    factors = directory.as_session(secret).mfa.list_factors("ada")
    assert [(factor.type, factor.name) for factor in factors] == [
        ("totp", None),
        ("email", None),
        ("phone", None),
        ("recovery_code", None),
    ]


def test_a_must_change_password_waits_for_the_second_factor(directory, secret, totp, clock):
    directory.users.update_password("ada", "another fine password", must_change=True)
    secret = directory.sessions.create("ada", "another fine password").secret
    assert refusal(Denied, directory.sessions.get, secret) == "user_more_factors_required"
    secret = complete(directory, secret, "totp", totp.at(clock.now)).secret
    assert refusal(Denied, directory.sessions.get, secret) == "user_password_reset_required"


# Completing


def test_it_gets_a_new_secret_and_the_old_one_is_dead_at_once(directory, secret, totp, clock):
    before = directory.users.list_sessions("ada")[0]
    clock.forward(minutes=5)
    completed = complete(directory, secret, "totp", totp.at(clock.now))
    assert completed.secret != secret
    assert refusal(Denied, directory.sessions.get, secret) == "user_unauthorized"
    assert directory.sessions.get(completed.secret).session == replace(
        before, factors=("password", "totp"), mfa_at=clock.now, used_at=clock.now
    )
    event = directory.security.list_logs(events=["users.mfa.challenges.update"], limit=1)[0]
    assert event.details == {"factor": "totp", "completed": True, "session": before.id}
    assert event.resource.startswith("users/ada/challenges/")


def test_no_challenge_of_it_is_left(directory, secret, totp, clock):
    other = directory.mfa.create_challenge(secret, "email", print_secret=True)
    completed = complete(directory, secret, "totp", totp.at(clock.now))
    complete_again = directory.mfa.complete_challenge
    assert refusal(Denied, complete_again, completed.secret, other.id, other.secret) == "user_invalid_token"


def test_a_code_is_typed_in_any_way(directory, secret, totp, clock):
    code = totp.at(clock.now)
    assert complete(directory, secret, "totp", f" {code[:3]} {code[3:]}\n")


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_clock_may_be_one_step_off(directory, secret, totp, clock, steps):
    clock.forward(seconds=60)
    assert complete(directory, secret, "totp", totp.at(clock.now, counter_offset=steps))


def test_a_totp_code_works_once_and_so_do_older_ones(directory, secret, totp, clock):
    clock.forward(seconds=60)
    complete(directory, secret, "totp", totp.at(clock.now))
    for offset in (0, -1):
        again = directory.sessions.create("ada", PASSWORD).secret
        code = totp.at(clock.now, counter_offset=offset)
        assert refusal(Denied, complete, directory, again, "totp", code) == "user_invalid_token"
    clock.forward(seconds=30)
    assert complete(directory, again, "totp", totp.at(clock.now))


def test_the_code_that_verified_the_authenticator_is_used(directory, clock):
    directory.users.create(id="bob", password=PASSWORD)
    code = pyotp.parse_uri(directory.mfa.create_authenticator("bob").uri).at(clock.now)
    directory.mfa.verify_authenticator("bob", code)
    directory.mfa.enable("bob")
    secret = directory.sessions.create("bob", PASSWORD).secret
    assert refusal(Denied, complete, directory, secret, "totp", code) == "user_invalid_token"


def test_each_of_several_authenticators_completes_it(directory, secret, totp, clock):
    second = pyotp.parse_uri(directory.mfa.create_authenticator("ada", name="tablet").uri)
    assert refusal(Denied, complete, directory, secret, "totp", second.at(clock.now)) == "user_invalid_token"
    directory.mfa.verify_authenticator("ada", second.at(clock.now))
    clock.forward(seconds=30)
    complete(directory, secret, "totp", second.at(clock.now))
    again = directory.sessions.create("ada", PASSWORD).secret
    assert complete(directory, again, "totp", totp.at(clock.now))


@pytest.mark.parametrize(("algorithm", "digits", "period"), [("SHA256", 8, 60), ("SHA512", 7, 30)])
def test_another_systems_authenticator_completes_it(directory, secret, totp, clock, algorithm, digits, period):
    from authctl.core.crypto import otp
    from authctl.core.mfa import authenticators

    taken = otp.new(b"eighty bit", algorithm=algorithm, digits=digits, period=period)

    def take_in(work):
        user = storage.users.find(work.db, "id", "ada")
        storage.authenticators.insert(
            work.db, authenticators.new_authenticator(work, user, taken, "old", verified=True), user.seq
        )

    directory.write(take_in)
    assert complete(directory, secret, "totp", otp.code_of(taken, otp.step_at(taken, clock.now)))


@pytest.mark.parametrize("factor", ["totp", "email", "recovery_code"])
def test_completing_reads_everything_once_a_transaction(directory, secret, totp, clock, factor):
    """It is judged in one and settled in another."""
    codes = directory.mfa.create_recovery_codes("ada").codes
    challenge = directory.mfa.create_challenge(secret, factor, print_secret=factor == "email")
    code = {"totp": totp.at(clock.now), "email": challenge.secret, "recovery_code": codes[0]}[factor]
    with statements() as found:
        directory.mfa.complete_challenge(secret, challenge.id, code)
    counted = reads(found)
    assert {counted.pop(each) for each in ("policies", "challenges")} == {2}  # with them the session and its user
    of_factor = {
        "totp": {"authenticators": 2, "directory": 2},
        "email": {"directory": 1},  # the key of the code's digest: what was right is not compared again
        # former_names: the codes of an account that was merged into this one are bound to its id.
        "recovery_code": {"recovery_codes": 2, "peppers": 2, "directory": 2, "former_names": 2},
    }
    assert counted == of_factor[factor]


def test_the_last_recovery_code_costs_no_more_reads(directory, secret, totp):
    counted = []
    for code in directory.mfa.create_recovery_codes("ada").codes:
        challenge = directory.mfa.create_challenge(secret, "recovery_code")
        with statements() as found:
            directory.mfa.complete_challenge(secret, challenge.id, code)
        counted.append(reads(found))
        secret = directory.sessions.create("ada", PASSWORD).secret
    assert counted[-1] == counted[0]
    assert not directory.users.get("ada").recovery_code


# Refusals


def test_every_refusal_is_one_answer_and_the_log_has_which_it_was(directory, secret, totp, clock):
    answers, reasons = set(), []

    def refuse(secret, id, code):
        with pytest.raises(Denied) as refused:
            directory.mfa.complete_challenge(secret, id, code)
        answers.add((refused.value.type, refused.value.message, refused.value.hint, refused.value.field))
        reasons.append(why(directory)["refused"])

    refuse(secret, "nothing", "123456")
    challenge = directory.mfa.create_challenge(secret, "email", print_secret=True)
    refuse(secret, challenge.id, "x")
    other = directory.sessions.create("ada", PASSWORD).secret
    refuse(other, challenge.id, challenge.secret)
    newer = directory.mfa.create_challenge(secret, "email", print_secret=True)
    refuse(secret, challenge.id, challenge.secret)
    clock.forward(minutes=10)
    refuse(secret, newer.id, newer.secret)
    moved = directory.mfa.create_challenge(secret, "email", print_secret=True)
    directory.users.update_email("ada", "new@example.com")
    refuse(secret, moved.id, moved.secret)
    forbidden = directory.mfa.create_challenge(secret, "totp")
    directory.security.set("mfa-factors", "email,phone")
    refuse(secret, forbidden.id, totp.at(clock.now))
    assert reasons == ["unknown", "wrong", "unknown", "replaced", "expired", "address", "policy"]
    assert answers == {
        (
            "user_invalid_token",
            "The code is wrong, expired or used.",
            "Try the next code, a recovery code, or a new challenge: authctl mfa create-challenge",
            "code",
        )
    }


def test_a_challenge_ends_after_five_wrong_codes(directory, secret, totp, clock):
    challenge = directory.mfa.create_challenge(secret, "totp")
    for left in (4, 3, 2, 1, 0):
        assert refusal(Denied, directory.mfa.complete_challenge, secret, challenge.id, "x") == "user_invalid_token"
        assert why(directory) == {"factor": "totp", "refused": "wrong", "attempts_left": left}
    right = totp.at(clock.now)
    assert refusal(Denied, directory.mfa.complete_challenge, secret, challenge.id, right) == "user_invalid_token"
    assert why(directory)["refused"] == "attempts"
    assert complete(directory, secret, "totp", right)


def test_new_challenges_bring_no_more_tries(directory, secret, totp, clock):
    """Ten in all: of every challenge, session and factor."""
    directory.mfa.create_recovery_codes("ada")
    for number in range(10):
        secret = directory.sessions.create("ada", PASSWORD).secret
        factor = ("totp", "email", "phone", "recovery_code")[number % 4]
        assert refusal(Denied, complete, directory, secret, factor, "x") == "user_invalid_token"
    for factor, code in (("totp", totp.at(clock.now)), ("recovery_code", "x"), ("email", None)):
        assert refusal(Denied, complete, directory, secret, factor, code) == "user_invalid_token"
        assert why(directory)["refused"] == "locked"
    assert directory.sessions.create("ada", PASSWORD)  # the password is not locked by it
    clock.forward(minutes=15)
    assert complete(directory, secret, "totp", totp.at(clock.now))


@pytest.mark.parametrize("is_right", [True, False])
def test_guesses_lock_no_right_code_out_that_was_sent(opened, directory, secret, totp, mail, clock, is_right):
    """Once locked, a code that is sent is good for one try, and one of an app for none."""
    directory.security.set("sign-in-attempts", 1)
    assert refusal(Denied, complete, directory, secret, "totp", "x")
    assert refusal(Denied, complete, directory, secret, "totp", totp.at(clock.now))
    challenge = opened(mail.environ).mfa.create_challenge(secret, "email")
    [code] = [line for line in mail.last.text.splitlines() if line.isdigit()]
    if is_right:
        assert directory.mfa.complete_challenge(secret, challenge.id, code)
        return
    assert refusal(Denied, directory.mfa.complete_challenge, secret, challenge.id, "x") == "user_invalid_token"
    assert why(directory) == {"factor": "email", "refused": "wrong", "attempts_left": 0}
    assert refusal(Denied, directory.mfa.complete_challenge, secret, challenge.id, code) == "user_invalid_token"


def test_a_recovery_code_passes_the_lock_that_the_account_shows_and_ends_it(directory, secret, totp, clock):
    directory.security.set("sign-in-attempts", 1)
    [code, *_] = directory.mfa.create_recovery_codes("ada").codes
    assert refusal(Denied, complete, directory, secret, "totp", "x")
    assert directory.users.get("ada").codes_locked_until == clock.now + timedelta(minutes=15)
    assert refusal(Denied, complete, directory, secret, "recovery_code", "x" * 16)
    secret = complete(directory, secret, "recovery_code", code).secret
    assert directory.users.get("ada").codes_locked_until is None
    assert directory.sessions.get(secret).session.factors == ("password", "recovery_code")
    secret = directory.sessions.create("ada", PASSWORD).secret
    assert complete(directory, secret, "totp", totp.at(clock.now))


def test_a_shorter_recovery_code_of_another_system_waits_for_the_end_of_a_lock(directory, secret, totp, clock):
    directory.security.set("sign-in-attempts", 1)
    taken = "a1b2c3d4e5"

    def take_in(work):
        user = storage.users.find(work.db, "id", "ada")
        digest = recovery_codes.digest(recovery_codes.pepper(work), "ada", taken)
        storage.recovery_codes.insert(work.db, user.seq, [digest], work.now)
        storage.users.update(work.db, user, replace(user, recovery_code=True))

    directory.write(take_in)
    assert refusal(Denied, complete, directory, secret, "totp", "x")
    assert refusal(Denied, complete, directory, secret, "recovery_code", taken)
    assert why(directory)["refused"] == "locked"
    clock.forward(minutes=15)
    assert complete(directory, secret, "recovery_code", taken)


@pytest.mark.parametrize("ends", ["unlock", "reset"])
def test_what_forgets_the_tries_shows_no_lock(directory, secret, totp, ends):
    directory.security.set("sign-in-attempts", 1)
    assert refusal(Denied, complete, directory, secret, "totp", "x")
    assert directory.users.get("ada").codes_locked_until is not None
    {"unlock": directory.users.unlock, "reset": directory.mfa.reset}[ends]("ada")
    assert directory.users.get("ada").codes_locked_until is None


@pytest.mark.parametrize("unlocks", [False, True])
def test_an_operator_forgets_the_tries_and_a_new_password_does_not(directory, secret, totp, clock, unlocks):
    directory.security.set("sign-in-attempts", 1)
    assert refusal(Denied, complete, directory, secret, "totp", "x")
    recovery = directory.tokens.create_recovery("ada", print_secret=True).secret
    sent = directory.tokens.create_phone(PHONE, print_secret=True)
    second = {"challenge": sent.token.id, "code": sent.secret, "keep": True}
    user = directory.tokens.redeem("ada", recovery, kind="recovery", new_password="another fine password", **second)
    assert user.codes_locked_until is not None
    assert directory.users.get("ada").codes_locked_until == user.codes_locked_until
    if unlocks:
        directory.users.unlock("ada")
    secret = directory.sessions.create("ada", "another fine password").secret
    if unlocks:
        assert complete(directory, secret, "totp", totp.at(clock.now))
    else:
        assert refusal(Denied, complete, directory, secret, "totp", totp.at(clock.now)) == "user_invalid_token"


def test_a_right_code_takes_the_tries_back(directory, secret, totp, clock):
    for _ in range(9):
        assert refusal(Denied, complete, directory, secret, "totp", "x")
    secret = complete(directory, secret, "totp", totp.at(clock.now)).secret
    assert refusal(Denied, complete, directory, secret, "totp", "x")
    clock.forward(seconds=30)
    assert complete(directory, secret, "totp", totp.at(clock.now))


def test_what_is_missing_is_named(directory, clock):
    directory.users.create(id="bob", password=PASSWORD)
    secret = directory.sessions.create("bob", PASSWORD).secret
    ask = directory.mfa.create_challenge
    assert refusal(Invalid, ask, secret, "fax") == "general_argument_invalid"
    with pytest.raises(Invalid, match="an unverified address") as refused:
        ask(secret, "password")
    assert refused.value.type == "user_auth_method_unsupported"
    assert refusal(NotFound, ask, secret, "totp") == "user_authenticator_not_found"
    assert refusal(NotFound, ask, secret, "email") == "user_email_not_found"
    assert refusal(NotFound, ask, secret, "phone") == "user_phone_not_found"
    assert refusal(NotFound, ask, secret, "recovery_code") == "user_recovery_codes_not_found"
    directory.mfa.create_authenticator("bob")
    assert refusal(NotFound, ask, secret, "totp") == "user_authenticator_not_found"
    directory.users.update_email("bob", "bob@example.com")
    directory.users.update_phone("bob", PHONE)
    assert refusal(Invalid, ask, secret, "email") == "user_email_not_verified"
    assert refusal(Invalid, ask, secret, "phone") == "user_phone_not_verified"
    assert refusal(Denied, ask, "no such secret", "totp") == "user_unauthorized"


def test_a_blocked_user_and_an_ended_session_complete_nothing(directory, secret, totp, clock):
    challenge = directory.mfa.create_challenge(secret, "totp")
    directory.users.update_status("ada", "blocked")
    finish = (directory.mfa.complete_challenge, secret, challenge.id, totp.at(clock.now))
    assert refusal(Denied, *finish) == "user_blocked"
    directory.users.update_status("ada", "active")
    assert refusal(Denied, *finish) == "user_unauthorized"


def test_the_life_of_a_challenge_is_the_policys_and_of_a_sent_code_ten_minutes_at_most(directory, secret, clock):
    directory.security.set("challenge-expiry", "1h")
    lives = {
        factor: directory.mfa.create_challenge(secret, factor, print_secret=True).challenge.expires_at - clock.now
        for factor in ("totp", "email", "phone")
    }
    assert {factor: life.total_seconds() for factor, life in lives.items()} == {
        "totp": 3600,
        "email": 600,
        "phone": 600,
    }


def test_a_dry_run_uses_no_code_up_and_its_wrong_ones_count(directory, secret, totp, clock):
    dry = directory.acting(directory.actor, dry_run=True)
    challenge = directory.mfa.create_challenge(secret, "totp")
    code = totp.at(clock.now)
    assert dry.mfa.complete_challenge(secret, challenge.id, code).session.factors == ("password", "totp")
    assert refusal(Denied, directory.sessions.get, secret) == "user_more_factors_required"
    assert refusal(Denied, dry.mfa.complete_challenge, secret, challenge.id, "x") == "user_invalid_token"
    assert why(directory) == {"factor": "totp", "refused": "wrong", "attempts_left": 3}
    assert directory.mfa.complete_challenge(secret, challenge.id, code)


def test_nobody_reads_a_code_or_a_secret_in_a_repr_or_in_the_log(directory, secret, totp, clock):
    challenge = directory.mfa.create_challenge(secret, "email", print_secret=True)
    completed = directory.mfa.complete_challenge(secret, challenge.id, challenge.secret)
    log = repr(directory.security.list_logs(limit=100))
    for hidden in (challenge.secret, secret, completed.secret, totp.secret):
        assert hidden not in repr(challenge) + repr(completed) + log


# Codes that are sent


def test_a_code_is_mailed_to_the_verified_address(opened, directory, secret, mail):
    challenge = opened(mail.environ).mfa.create_challenge(secret, "email")
    assert challenge.secret is None
    assert mail.last.recipients == ["ada@example.com"]
    assert "valid for 10 minutes" in mail.last.text
    [code] = [line for line in mail.last.text.splitlines() if line.isdigit()]
    assert directory.mfa.complete_challenge(secret, challenge.id, code).session.factors == ("password", "email")


def test_codes_are_sent_at_intervals_and_so_many_in_an_hour(opened, directory, secret, mail, clock):
    sending = opened(mail.environ)
    sending.mfa.create_challenge(secret, "email")
    again = directory.sessions.create("ada", PASSWORD).secret
    assert refusal(Denied, sending.mfa.create_challenge, again, "email") == "general_rate_limit_exceeded"
    directory.security.set("otp-hourly-limit", 2)
    clock.forward(seconds=60)
    sending.mfa.create_challenge(again, "email")
    clock.forward(seconds=60)
    assert refusal(Denied, sending.mfa.create_challenge, again, "email") == "general_rate_limit_exceeded"
    assert len(mail.mails) == 2


def test_a_mail_that_is_refused_leaves_the_older_code_good(opened, directory, secret, mail, clock):
    sending = opened(mail.environ)
    older = directory.mfa.create_challenge(secret, "email", print_secret=True)
    mail.mailbox.recipient_answer = "550 no such user"
    assert refusal(Unavailable, sending.mfa.create_challenge, secret, "email") == "delivery_failed"
    details = directory.security.list_logs(events=["users.mfa.challenges.create"], limit=1)[0].details
    assert details["refused"] == "delivery"
    mail.mailbox.recipient_answer = None
    assert directory.mfa.complete_challenge(secret, older.id, older.secret)


def test_without_a_mail_server_nothing_is_asked(directory, secret):
    assert refusal(Unavailable, directory.mfa.create_challenge, secret, "email") == "delivery_unconfigured"
    assert directory.security.list_logs(events=["users.mfa.challenges.create"]) == []


def test_a_code_is_texted_where_messages_go(opened, directory, secret, tmp_path):
    import json

    outbox = tmp_path / "sms.jsonl"
    sending = opened({"AUTHCTL_SMS_PROVIDER": "file", "AUTHCTL_SMS_FILE": str(outbox)})
    directory.security.set("sms-countries", "44")
    assert refusal(Invalid, sending.mfa.create_challenge, secret, "phone") == "general_argument_invalid"
    directory.security.set("sms-countries", "1")
    challenge = sending.mfa.create_challenge(secret, "phone")
    sent = json.loads(outbox.read_text())
    assert sent["to"] == PHONE
    assert directory.mfa.complete_challenge(secret, challenge.id, sent["code"]).session.factors[-1] == "phone"


def test_a_mock_phone_has_its_code(directory, secret):
    directory.security.create_mock_phone(PHONE, "424242")
    challenge = directory.mfa.create_challenge(secret, "phone")
    assert directory.mfa.complete_challenge(secret, challenge.id, "424242")


def test_the_provider_may_make_and_check_the_code(opened, directory, secret):
    with Twilio() as twilio:
        twilio.code = "424242"
        verifying = opened(
            {
                "AUTHCTL_SMS_PROVIDER": "twilio-verify",
                "AUTHCTL_SMS_BASE_URL": twilio.url,
                "AUTHCTL_SMS_ACCOUNT_SID": ACCOUNT,
                "AUTHCTL_SMS_AUTH_TOKEN": TOKEN,
                "AUTHCTL_SMS_SERVICE_SID": VERIFY,
            }
        )
        challenge = verifying.mfa.create_challenge(secret, "phone")
        finish = verifying.mfa.complete_challenge
        assert refusal(Denied, finish, secret, challenge.id, "111111") == "user_invalid_token"
        assert why(directory) == {"factor": "phone", "refused": "wrong", "attempts_left": 4}
        completed = finish(secret, challenge.id, twilio.code)
        assert completed.session.factors == ("password", "phone")
        assert refusal(Denied, finish, completed.secret, challenge.id, twilio.code) == "user_invalid_token"


# Clearing up


def test_dead_challenges_are_purged_after_a_day(directory, secret, clock):
    challenge = directory.mfa.create_challenge(secret, "totp")
    clock.forward(hours=23)
    directory.mfa.create_challenge(secret, "totp")
    assert directory.security.purge().challenges == 0
    clock.forward(hours=1, minutes=10)
    dry = directory.acting(directory.actor, dry_run=True)
    assert (dry.security.purge().challenges, directory.security.purge().challenges) == (1, 1)
    assert refusal(Denied, directory.mfa.complete_challenge, secret, challenge.id, "x") == "user_invalid_token"
    assert why(directory)["refused"] == "unknown"


# How many sessions there are


def test_the_password_alone_ends_no_session_that_is_complete(directory, secret, totp, clock):
    directory.security.set("session-limit", 2)
    mine = complete(directory, secret, "email").secret
    halves = [directory.sessions.create("ada", PASSWORD).secret for _ in range(3)]
    assert directory.sessions.get(mine)
    states = [refusal(Denied, directory.sessions.get, each) for each in halves]
    assert states == ["user_unauthorized", *["user_more_factors_required"] * 2]


def test_complete_sessions_are_limited_when_they_are_completed(directory, secret, totp, clock):
    directory.security.set("session-limit", 2)
    halves = [directory.sessions.create("ada", PASSWORD).secret for _ in range(2)]
    newest = complete(directory, halves[1], "email").secret
    oldest = complete(directory, halves[0], "email").secret
    assert directory.sessions.get(newest)
    last = complete(directory, directory.sessions.create("ada", PASSWORD).secret, "email").secret
    assert directory.sessions.get(last)
    assert directory.sessions.get(newest)
    assert refusal(Denied, directory.sessions.get, oldest) == "user_unauthorized"
