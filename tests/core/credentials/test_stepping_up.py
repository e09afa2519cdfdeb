"""Stepping up: what an old session may not do, and what a person gives again instead; on both databases."""

import pyotp
import pytest

from authctl.errors import Denied, Invalid

PASSWORD, PHONE, NEW = "correct horse battery", "+14255550123", "another fine password"


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value


def add_authenticator(directory, clock, name=None):
    """What makes the codes of a new authenticator."""
    totp = pyotp.parse_uri(directory.mfa.create_authenticator("ada", name=name).uri)
    directory.mfa.verify_authenticator("ada", totp.at(clock.now), name=name)
    clock.forward(seconds=30)
    return totp


def by_password(directory):
    return directory.sessions.create("ada", PASSWORD).secret


def by_email(directory):
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    return directory.tokens.redeem("ada", code, kind="email").secret


def complete(directory, secret, factor, code=None):
    challenge = directory.mfa.create_challenge(secret, factor, print_secret=factor in ("email", "phone"))
    return directory.mfa.complete_challenge(secret, challenge.id, code or challenge.secret).secret


SIGN_INS = {"with a password": by_password, "without a password": by_email}


@pytest.fixture(params=SIGN_INS)
def old(request, directory, clock):
    """The secret of a session of 60 days ago, of an account with a password or without."""
    password = PASSWORD if request.param == "with a password" else None
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=password)
    directory.users.create_identity("ada", "github", "1")
    secret = SIGN_INS[request.param](directory)
    clock.forward(days=60)
    return secret


ACTS = {
    "add an authenticator": lambda person: person.mfa.create_authenticator("ada", name="eves"),
    "remove an authenticator": lambda person: person.mfa.delete_authenticator("ada"),
    "make recovery codes": lambda person: person.mfa.create_recovery_codes("ada"),
    "make new recovery codes": lambda person: person.mfa.regenerate_recovery_codes("ada"),
    "ask for two factors": lambda person: person.mfa.enable("ada"),
    "ask for one": lambda person: person.mfa.disable("ada"),
    "unlink an identity": lambda person: person.users.delete_identity(person.users.list_identities("ada")[0].id),
    "change the password": lambda person: person.users.update_password("ada", NEW),
    "change the email": lambda person: person.users.update_email("ada", "eve@example.com"),
    "change the phone": lambda person: person.users.update_phone("ada", PHONE),
    "have the email changed": lambda person: person.tokens.create_email_change("ada", "eve@example.com"),
    "have the phone changed": lambda person: person.tokens.create_phone_change("ada", PHONE),
}


def account(directory):
    return (
        directory.users.get("ada"),
        directory.mfa.list_factors("ada"),
        directory.users.list_identities("ada"),
        directory.tokens.list("ada"),
        directory.mfa.status("ada"),
    )


@pytest.mark.parametrize("act", ACTS)
def test_a_stolen_old_session_changes_nothing_that_is_sensitive(directory, old, clock, act):
    add_authenticator(directory, clock)
    before = account(directory)
    thief = directory.as_session(old)
    refused = refusal((Denied, Invalid), ACTS[act], thief)
    assert refused.field in ("password", "challenge")
    assert account(directory) == before
    refused = refusal(Denied, ACTS[act], directory.as_session(old, password="a wrong guess of it"))
    assert refused.type in ("user_invalid_credentials", "user_challenge_required")
    assert account(directory)[1:] == before[1:]


def test_an_authenticator_that_a_thief_begins_locks_nobody_out(directory, old, clock):
    """The attack that worked: add, verify, and then change the password by it."""
    thief = directory.as_session(old)
    assert refusal(Denied, thief.mfa.create_authenticator, "ada").type == "user_challenge_required"
    assert refusal(Denied, thief.mfa.enable, "ada").type == "user_challenge_required"
    assert not directory.users.get("ada").totp
    assert directory.tokens.create_recovery("ada", print_secret=True)


def test_what_was_added_without_stepping_up_does_not_count(directory, old, clock):
    """As where the policy was off at that time."""
    directory.security.set("recent-sign-in", "off")
    thief = directory.as_session(old)
    totp = add_authenticator(thief, clock)
    thief.mfa.enable("ada")
    directory.security.set("recent-sign-in", "10m")
    with_code = directory.as_session(old, code=totp.at(clock.now))
    assert refusal((Denied, Invalid), with_code.users.update_email, "ada", "eve@example.com").field != "code"
    assert refusal(Denied, with_code.mfa.delete_authenticator, "ada").type == "user_challenge_required"
    assert directory.users.get("ada").email == "ada@example.com"


def test_an_authenticator_that_waits_is_verified_soon_or_not_at_all(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    person = directory.as_session(by_password(directory))
    totp = pyotp.parse_uri(person.mfa.create_authenticator("ada").uri)
    clock.forward(minutes=10, milliseconds=1)
    refused = refusal(Denied, person.mfa.verify_authenticator, "ada", totp.at(clock.now))
    assert (refused.type, refused.field) == ("user_challenge_required", "name")
    assert directory.mfa.verify_authenticator("ada", totp.at(clock.now)).verified  # by an operator


# What counts


def test_a_sign_in_counts_for_ten_minutes(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    secret = by_password(directory)
    clock.forward(minutes=10)
    assert directory.as_session(secret).mfa.enable("ada").mfa
    clock.forward(milliseconds=1)
    refused = refusal(Denied, directory.as_session(secret).mfa.disable, "ada")
    assert (refused.type, refused.field) == ("user_challenge_required", "password")
    assert refused.message == "This needs a sign-in within 10m, or the current password."
    assert refused.hint == "Sign in again, or add --password-stdin."
    directory.security.set("recent-sign-in", "1h")
    assert not directory.as_session(secret).mfa.disable("ada").mfa


def test_the_password_counts_at_any_time(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    secret = by_password(directory)
    clock.forward(days=60)
    wrong = directory.as_session(secret, password="correct horse batteri")
    assert refusal(Denied, wrong.mfa.enable, "ada").type == "user_invalid_credentials"
    assert directory.as_session(secret, password=PASSWORD).mfa.enable("ada").mfa
    assert directory.as_session(secret, password=PASSWORD).users.update_email("ada", "new@example.com")
    for _ in range(10):
        assert refusal(Denied, wrong.mfa.disable, "ada").type == "user_invalid_credentials"
    locked = directory.as_session(secret, password=PASSWORD)
    assert refusal(Denied, locked.mfa.disable, "ada").type == "user_invalid_credentials"
    assert directory.security.list_logs(limit=1)[0].details == {"refused": "locked"}


def test_without_a_password_a_code_to_a_proved_address_counts(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    secret = by_email(directory)
    clock.forward(days=60)
    refused = refusal(Denied, directory.as_session(secret).users.update_password, "ada", NEW)
    assert (refused.type, refused.field) == ("user_challenge_required", "challenge")
    challenge = directory.mfa.create_challenge(secret, "email", print_secret=True)
    given = {"challenge": challenge.id, "code": challenge.secret}
    wrong = directory.as_session(secret, **given | {"code": "000000"})
    assert refusal(Denied, wrong.users.update_password, "ada", NEW).type == "user_invalid_token"
    assert directory.as_session(secret, **given).users.update_password("ada", NEW).password
    again = directory.as_session(secret, **given)
    assert refusal(Denied, again.mfa.enable, "ada").type == "user_invalid_token"
    names = [event.details for event in directory.security.list_logs(events=["users.mfa.challenges.update"])]
    assert {"factor": "email", "confirmed": True} in names


def test_a_challenge_of_the_first_factor_completes_nothing(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    secret = by_email(directory)
    challenge = directory.mfa.create_challenge(secret, "email", print_secret=True)
    refused = refusal(Invalid, directory.mfa.complete_challenge, secret, challenge.id, challenge.secret)
    assert refused.type == "user_factor_already_used"
    assert directory.sessions.get(secret).session.mfa_at is None


def test_a_new_sign_in_by_a_provider_counts(directory, clock):
    directory.users.create(id="ada")
    directory.users.create_identity("ada", "github", "1")
    old = directory.sessions.create_with_identity("github", "1").secret
    clock.forward(days=60)
    assert refusal(Denied, directory.as_session(old).mfa.create_recovery_codes, "ada").field == "challenge"
    new = directory.sessions.create_with_identity("github", "1").secret
    assert directory.as_session(new).mfa.create_recovery_codes("ada")


def test_who_has_neither_password_nor_proof_has_the_session_alone(directory, clock):
    signed_in = directory.sessions.create_anonymous()
    clock.forward(days=60)
    person = directory.as_session(signed_in.secret)
    assert person.users.update_email(signed_in.session.user_id, "ada@example.com").email == "ada@example.com"
    assert person.mfa.create_authenticator(signed_in.session.user_id)


# Where two factors are asked for


@pytest.fixture
def two(directory, clock):
    """The secret of a complete session, an hour old, and what makes codes."""
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    totp = add_authenticator(directory, clock)
    directory.mfa.enable("ada")
    secret = complete(directory, by_password(directory), "totp", totp.at(clock.now))
    clock.forward(hours=1)
    return secret, totp


def test_two_are_given_again(directory, two, clock):
    secret, totp = two
    code = totp.at(clock.now)
    for given, missing in (({}, "password"), ({"password": PASSWORD}, "code"), ({"code": code}, "password")):
        refused = refusal(Denied, directory.as_session(secret, **given).mfa.disable, "ada")
        assert (refused.type, refused.field) == ("user_challenge_required", missing)
    person = directory.as_session(secret, password=PASSWORD, code=code)
    assert len(person.mfa.create_recovery_codes("ada").codes) == 6  # what was missing has not used the code up
    assert refusal(Denied, person.mfa.disable, "ada").type == "user_invalid_token"
    clock.forward(seconds=30)
    changed = directory.as_session(secret, code=totp.at(clock.now)).users
    assert changed.update_email("ada", "new@example.com", password=PASSWORD)


def test_a_recovery_code_is_a_second_one_and_used_up(directory, two, clock):
    secret, _ = two
    [code, *_] = directory.mfa.create_recovery_codes("ada").codes
    person = directory.as_session(secret, password=PASSWORD, code=code.upper())
    assert person.users.update_email("ada", "new@example.com", password=PASSWORD)
    assert directory.mfa.status("ada").recovery_codes_left == 5
    assert refusal(Denied, person.mfa.disable, "ada").type == "user_invalid_token"


def test_a_challenge_that_was_completed_lately_is_a_second_one(directory, two, clock):
    secret, totp = two
    renewed = complete(directory, secret, "totp", totp.at(clock.now))
    assert renewed != secret
    refused = refusal(Denied, directory.as_session(renewed).mfa.disable, "ada")
    assert refused.field == "password"
    clock.forward(minutes=10)
    assert not directory.as_session(renewed, password=PASSWORD).mfa.disable("ada").mfa


def test_whoever_has_the_password_alone_gets_no_further_by_enabling(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    add_authenticator(directory, clock)
    thief = directory.as_session(by_password(directory), password=PASSWORD)
    thief.mfa.enable("ada")
    for act in ("remove an authenticator", "add an authenticator", "ask for one", "change the password"):
        assert refusal(Denied, ACTS[act], thief).field == "code"


def test_wrong_codes_lock_second_factors(directory, two, clock):
    secret, totp = two
    for _ in range(10):
        wrong = directory.as_session(secret, password=PASSWORD, code="000000")
        assert refusal(Denied, wrong.mfa.disable, "ada").type == "user_invalid_token"
    right = directory.as_session(secret, password=PASSWORD, code=totp.at(clock.now))
    assert refusal(Denied, right.mfa.disable, "ada").type == "user_invalid_token"


def test_a_dry_run_uses_nothing_up_and_counts_what_is_wrong(directory, two, clock):
    secret, totp = two
    code = totp.at(clock.now)
    person = directory.as_session(secret, password=PASSWORD, code=code)
    assert not person.acting(person.actor, dry_run=True).mfa.disable("ada").mfa
    assert directory.users.get("ada").mfa
    wrong = directory.as_session(secret, password=PASSWORD, code="000000")
    for _ in range(8):
        assert refusal(Denied, wrong.acting(wrong.actor, dry_run=True).mfa.disable, "ada")
    assert not person.mfa.disable("ada").mfa


# The policy


def test_off_asks_for_no_recent_sign_in_but_for_the_password(directory, old, clock):
    directory.security.apply("appwrite")
    person = directory.as_session(old)
    assert person.mfa.create_authenticator("ada")
    assert person.mfa.enable("ada").mfa
    if directory.users.get("ada").password is not None:
        refused = refusal(Invalid, person.users.update_email, "ada", "new@example.com")
        assert (refused.message, refused.field) == ("This needs the current password.", "password")


@pytest.mark.parametrize("given", [{"password": 5}, {"code": 5}, {"challenge": 5, "code": "1"}, {"challenge": "1"}])
def test_what_is_given_is_text(directory, clock, given):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    person = directory.as_session(by_password(directory), **given)
    assert refusal((Invalid, Denied), person.mfa.enable, "ada").field in given | {"code": None}
