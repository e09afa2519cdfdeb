"""Recovering an account that asks for two factors: the mailbox is one of them, and never both; on both databases."""

import os
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from doubles.sms import ACCOUNT, TOKEN, VERIFY, Twilio

from authctl.core.directory import opening
from authctl.core.hashing import Parameters
from authctl.core.work.unit import Actor
from authctl.errors import AuthctlError, Denied, Invalid
from authctl.settings import load

PASSWORD, NEW, PHONE = "correct horse battery", "another fine password", "+14255550123"


def refusal(call, *args, error=Denied, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value


@pytest.fixture
def ada(directory):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)


def add_authenticator(directory, clock, name=None):
    totp = pyotp.parse_uri(directory.mfa.create_authenticator("ada", name=name).uri)
    directory.mfa.verify_authenticator("ada", totp.at(clock.now), name=name)
    clock.forward(seconds=30)
    return totp


def asked(directory):
    """The secret of a new recovery."""
    directory.tokens.delete("ada", live[0].id) if (live := recoveries(directory)) else None
    return directory.tokens.create_recovery("ada", print_secret=True).secret


def recoveries(directory):
    return [token for token in directory.tokens.list("ada") if token.kind == "recovery"]


def recover(directory, secret, **given):
    return directory.tokens.redeem("ada", secret, kind="recovery", new_password=NEW, **given)


@pytest.mark.parametrize("by", ["choice", "policy"])
def test_the_mailbox_alone_recovers_no_account_with_two_factors(directory, ada, clock, by):
    """The attack that worked: recover by mail, sign in with the new password, and have the second code mailed."""
    add_authenticator(directory, clock)
    if by == "choice":
        directory.mfa.enable("ada")
    else:
        directory.security.set("mfa-required", "all")
    before = directory.users.get("ada")
    secret = asked(directory)
    refused = refusal(recover, directory, secret)
    assert (refused.type, refused.field) == ("user_more_factors_required", "code")
    assert directory.users.get("ada") == before
    assert refusal(directory.sessions.create, "ada", NEW).type == "user_invalid_credentials"
    assert len(recoveries(directory)) == 1  # not used up


def test_nor_does_a_link_or_code_by_mail_with_the_same_mailbox_for_a_second(directory, ada, clock):
    add_authenticator(directory, clock)
    directory.mfa.enable("ada")
    link = directory.tokens.create_magic_url("ada@example.com", print_secret=True).secret
    half = directory.tokens.redeem("ada", link, kind="magic-url").secret
    refused = refusal(directory.mfa.create_challenge, half, "email", error=Invalid)
    assert refused.type == "user_factor_already_used"


def test_nor_does_a_provider_that_has_the_same_mailbox(directory, ada, clock):
    add_authenticator(directory, clock)
    directory.mfa.enable("ada")
    directory.users.create_identity("ada", "google", "1", email="ada@example.com")
    directory.users.create_identity("ada", "github", "1", email="ada@github.example")
    half = directory.sessions.create_with_identity("google", "1")
    assert half.session.factors == ("email",)
    refused = refusal(directory.mfa.create_challenge, half.secret, "email", error=Invalid)
    assert refused.type == "user_factor_already_used"
    other = directory.sessions.create_with_identity("github", "1")
    assert directory.mfa.create_challenge(other.secret, "email", print_secret=True)


def test_a_code_of_the_authenticator_comes_with_it(directory, ada, clock):
    totp = add_authenticator(directory, clock)
    directory.mfa.enable("ada")
    code, secret = totp.at(clock.now), asked(directory)
    assert refusal(recover, directory, secret, code="000000").type == "user_invalid_token"
    assert recover(directory, secret, code=f" {code[:3]} {code[3:]}").totp
    signed_in = directory.sessions.create("ada", NEW)
    assert signed_in.more_factors_required
    challenge = directory.mfa.create_challenge(signed_in.secret, "totp").id
    assert refusal(directory.mfa.complete_challenge, signed_in.secret, challenge, code).type == "user_invalid_token"


def test_a_recovery_code_comes_with_it_and_is_used_up(directory, ada, clock):
    add_authenticator(directory, clock)
    [code, *_] = directory.mfa.create_recovery_codes("ada").codes
    directory.mfa.enable("ada")
    user = recover(directory, asked(directory), code=code)
    assert (user.totp, user.recovery_code) == (False, True)  # who has lost the authenticator makes another
    assert directory.mfa.status("ada").recovery_codes_left == 5
    assert refusal(recover, directory, asked(directory), code=code).type == "user_invalid_token"


def test_a_code_to_the_phone_comes_with_it(directory, ada):
    directory.users.update_phone("ada", PHONE)
    directory.users.update_phone_verification("ada", True)
    directory.mfa.enable("ada")
    secret = asked(directory)
    assert "create-phone" in refusal(recover, directory, secret).hint
    sent = directory.tokens.create_phone(PHONE, print_secret=True)
    given = {"challenge": sent.token.id, "code": sent.secret}
    wrong = refusal(recover, directory, secret, **given | {"code": "000000"})
    assert wrong.type == "user_invalid_token"
    assert wrong.hint == "Try again with --challenge TOKEN --code CODE from: authctl tokens create-phone."
    assert refusal(recover, directory, secret, **given | {"challenge": "nothing"}).type == "user_invalid_token"
    assert recover(directory, secret, **given)
    assert refusal(directory.tokens.redeem, "ada", sent.secret, kind="phone").type == "user_invalid_token"


def test_the_code_of_another_token_is_none_of_the_phone(directory, ada, clock):
    add_authenticator(directory, clock)
    directory.mfa.enable("ada")
    secret = asked(directory)
    for sent in (
        directory.tokens.create_email("ada@example.com", print_secret=True),
        directory.tokens.create_magic_url("ada@example.com", print_secret=True),
        directory.tokens.create("ada"),
    ):
        refused = refusal(recover, directory, secret, challenge=sent.token.id, code=sent.secret)
        assert refused.type == "user_invalid_token"
    assert refusal(recover, directory, secret, challenge=sent.token.id, error=AuthctlError).field == "code"


def test_a_provider_judges_its_own_code_to_the_phone(home, database_url, directory, ada, clock, dice):
    directory.users.update_phone("ada", PHONE)
    directory.users.update_phone_verification("ada", True)
    directory.mfa.enable("ada")
    with Twilio() as provider:
        provider.code = "424242"
        environ = home | {
            "AUTHCTL_SMS_PROVIDER": "twilio-verify",
            "AUTHCTL_SMS_BASE_URL": provider.url,
            "AUTHCTL_SMS_ACCOUNT_SID": ACCOUNT,
            "AUTHCTL_SMS_AUTH_TOKEN": TOKEN,
            "AUTHCTL_SMS_SERVICE_SID": VERIFY,
        }
        settings = load(environ, options={"database_url": database_url}, system_config=os.devnull)
        parameters = Parameters(time_cost=1, memory_cost=8, parallelism=1)
        with opening.open_directory(
            settings, Actor("tester@example.com"), clock=clock, random_bytes=dice, hash_parameters=parameters
        ) as verifying:
            secret = asked(verifying)
            sent = verifying.tokens.create_phone(PHONE)
            wrong = refusal(recover, verifying, secret, challenge=sent.token.id, code="000000")
            assert wrong.type == "user_invalid_token"
            assert recover(verifying, secret, challenge=sent.token.id, code=provider.code)


def test_where_there_is_no_other_factor_an_operator_helps(directory, ada):
    directory.mfa.enable("ada")
    assert directory.mfa.status("ada").recovery_needs_operator
    refused = refusal(recover, directory, asked(directory))
    assert (refused.type, len(recoveries(directory))) == ("user_more_factors_required", 1)
    assert "operator" in refused.hint
    directory.mfa.create_recovery_codes("ada")
    assert not directory.mfa.status("ada").recovery_needs_operator


def test_who_has_no_second_factor_recovers_by_mail(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    directory.mfa.enable("ada")
    assert recover(directory, asked(directory))


def test_an_account_that_goes_to_the_prover_asks_for_nothing_of_whoever_claimed_it(directory, application, clock):
    application.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    intruder = application.as_session(application.sessions.create("ada", PASSWORD).secret)
    add_authenticator(intruder, clock)
    intruder.mfa.enable("ada")
    assert not recover(directory, asked(directory)).mfa
    assert not directory.sessions.create("ada", NEW).more_factors_required


def test_wrong_codes_are_counted_and_lock(directory, ada, clock):
    totp = add_authenticator(directory, clock)
    directory.mfa.enable("ada")
    secret = asked(directory)
    for _ in range(10):
        wrong = refusal(recover, directory, secret, code="000000")
        assert wrong.type == "user_invalid_token"
        assert wrong.hint == "Try again with --code CODE from an authenticator, or a recovery code."
    assert refusal(recover, directory, secret, code=totp.at(clock.now)).type == "user_invalid_token"
    refused = [event.details for event in directory.security.list_logs(events=["users.mfa.challenges.update"], limit=2)]
    assert refused == [{"refused": "locked"}, {"refused": "wrong"}]
    [code, *_] = directory.mfa.create_recovery_codes("ada").codes
    assert recover(directory, secret, code=code)  # nobody guesses that


def test_a_password_that_is_refused_uses_nothing_up(directory, ada, clock):
    totp = add_authenticator(directory, clock)
    directory.mfa.enable("ada")
    secret, code = asked(directory), totp.at(clock.now)
    with pytest.raises(Invalid):
        directory.tokens.redeem("ada", secret, kind="recovery", new_password="short", code=code)
    dry = directory.acting(directory.actor, dry_run=True)
    assert recover(dry, secret, code=code)
    assert recover(directory, secret, code=code)


def test_a_code_that_many_submit_at_once_recovers_once(directory, ada, clock):
    totp = add_authenticator(directory, clock)
    directory.mfa.enable("ada")
    secret, code = asked(directory), totp.at(clock.now)

    def attempt(_):
        try:
            return recover(directory, secret, code=code)
        except AuthctlError as error:
            return error.type

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(8)))
    assert len([answer for answer in answers if not isinstance(answer, str)]) == 1


# What goes with a recovery


def test_factors_that_nothing_confirms_go(directory, ada, clock):
    """An intruder may have added them, to ask for them later."""
    add_authenticator(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    user = recover(directory, asked(directory))
    assert (user.totp, user.recovery_code) == (False, False)
    assert directory.mfa.list_factors("ada")[0].type == "email"
    details = directory.security.list_logs(events=["users.mfa.factors.delete"])[0].details
    assert details == {"authenticators": 1, "recovery_codes": 6, "because": "recovery"}


def test_an_authenticator_that_the_code_is_of_stays_and_others_go(directory, ada, clock):
    add_authenticator(directory, clock, name="intruders")
    own = add_authenticator(directory, clock, name="own")
    directory.mfa.create_recovery_codes("ada")
    user = recover(directory, asked(directory), code=own.at(clock.now))
    assert (user.totp, user.recovery_code) == (True, True)
    assert [factor.name for factor in directory.mfa.list_factors("ada") if factor.type == "totp"] == ["own"]


def test_they_stay_where_that_is_said(directory, ada, clock):
    add_authenticator(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    directory.users.create_identity("ada", "github", "17")
    user = recover(directory, asked(directory), keep=True)
    assert (user.totp, user.recovery_code) == (True, True)
    assert directory.users.list_identities("ada")
