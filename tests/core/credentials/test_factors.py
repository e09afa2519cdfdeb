"""Second factors and the person who is signed in: what asks for a recent challenge, who must add a factor, and whose
factors end when an address is first proved. On both databases."""

import pyotp
import pytest
from doubles.statements import statements

from authctl.errors import Denied
from authctl.model import Factor

PASSWORD, PHONE = "correct horse battery", "+14255550123"


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


@pytest.fixture
def ada(directory):
    return directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)


def sign_in(directory, user="ada"):
    return directory.sessions.create(user, PASSWORD).secret


def enrol(directory, clock, user="ada", name=None):
    """Set an authenticator up; what makes its codes."""
    totp = pyotp.parse_uri(directory.mfa.create_authenticator(user, name=name).uri)
    directory.mfa.verify_authenticator(user, totp.at(clock.now), name=name)
    clock.forward(seconds=30)
    return totp


def complete(directory, secret, factor, code=None):
    challenge = directory.mfa.create_challenge(secret, factor, print_secret=factor in ("email", "phone"))
    return directory.mfa.complete_challenge(secret, challenge.id, code or challenge.secret).secret


# Setting up


def test_a_person_sets_up_and_is_not_locked_out(directory, ada, clock):
    """The order of Appwrite's guide: recovery codes, addresses, authenticator, and then two factors."""
    secret = sign_in(directory)
    other = sign_in(directory)
    person = directory.as_session(secret)
    [code, *_] = person.mfa.create_recovery_codes("ada").codes
    token = directory.tokens.create_email_verification("ada", print_secret=True).secret
    person.tokens.redeem("ada", token, kind="email-verification")
    totp = enrol(person, clock)
    assert directory.sessions.get(secret).session.factors == ("password", "email", "totp")
    person.mfa.enable("ada")
    assert directory.sessions.get(secret).user.mfa
    assert refusal(Denied, directory.sessions.get, other) == "user_more_factors_required"
    assert directory.sessions.get(complete(directory, other, "totp", totp.at(clock.now)))
    assert directory.sessions.get(complete(directory, sign_in(directory), "recovery_code", code))


def test_proving_the_first_factor_again_is_no_second_one(directory, ada):
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    secret = directory.tokens.redeem("ada", code, kind="email").secret
    person = directory.as_session(secret)
    person.users.update_email("ada", "new@example.com", password=PASSWORD)
    token = directory.tokens.create_email_verification("ada", print_secret=True).secret
    assert person.tokens.redeem("ada", token, kind="email-verification").email == "new@example.com"
    session = directory.sessions.get(secret).session
    assert (session.factors, session.mfa_at) == (("email",), None)


def test_enabling_needs_a_recent_sign_in_or_the_password(directory, ada, clock):
    directory.users.update_email_verification("ada", True)
    secret, fresh = sign_in(directory), sign_in(directory)
    assert directory.as_session(fresh).mfa.enable("ada").mfa
    session = directory.sessions.get(fresh).session
    assert (session.factors, session.mfa_at) == (("password",), session.created_at)
    directory.mfa.disable("ada")
    clock.forward(minutes=30)
    assert refusal(Denied, directory.as_session(secret).mfa.enable, "ada") == "user_challenge_required"
    assert directory.as_session(secret, password=PASSWORD).mfa.enable("ada").mfa
    assert directory.sessions.get(secret)


def test_a_flag_without_a_factor_asks_nothing_of_anybody(directory, ada, clock):
    secret = sign_in(directory)
    assert directory.as_session(secret).mfa.enable("ada").mfa
    assert directory.sessions.get(secret)
    assert not directory.sessions.create("ada", PASSWORD).more_factors_required
    assert len(directory.as_session(secret).mfa.create_recovery_codes("ada").codes) == 6
    assert directory.sessions.get(secret)  # and is not asked for what it was just given
    assert directory.sessions.create("ada", PASSWORD).more_factors_required


def test_a_person_changes_the_own_account_alone(directory, ada, clock):
    directory.users.create(id="bob")
    person = directory.as_session(sign_in(directory))
    mfa = person.mfa
    for verb in (
        mfa.status,
        mfa.list_factors,
        mfa.enable,
        mfa.disable,
        mfa.create_authenticator,
        mfa.delete_authenticator,
        mfa.create_recovery_codes,
        mfa.regenerate_recovery_codes,
    ):
        assert refusal(Denied, verb, "bob") == "user_unauthorized"
    assert refusal(Denied, mfa.verify_authenticator, "bob", "123456") == "user_unauthorized"
    assert refusal(Denied, mfa.reset, "bob") == "user_unauthorized"


# What is sensitive


@pytest.fixture
def complete_session(directory, ada, clock):
    """The secret of a session with two factors, the second of which was proved half an hour ago; and the codes."""
    directory.users.update_email_verification("ada", True)
    totp = enrol(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    directory.mfa.enable("ada")
    secret = complete(directory, sign_in(directory), "totp", totp.at(clock.now))
    clock.forward(minutes=30)
    return secret, totp


SENSITIVE = {
    "create-authenticator": lambda person: person.mfa.create_authenticator("ada", name="new"),
    "delete-authenticator": lambda person: person.mfa.delete_authenticator("ada"),
    "regenerate-recovery-codes": lambda person: person.mfa.regenerate_recovery_codes("ada"),
    "disable": lambda person: person.mfa.disable("ada"),
    "update-password": lambda person: person.users.update_password("ada", "another fine password", current=PASSWORD),
    "update-email": lambda person: person.users.update_email("ada", "new@example.com", password=PASSWORD),
    "update-phone": lambda person: person.users.update_phone("ada", PHONE, password=PASSWORD),
}


def test_enabling_is_no_way_round_a_factor_that_is_set_up_already(directory, ada, clock):
    """Whoever has the password alone is let in while one factor is enough, and no further."""
    enrol(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    thief = directory.as_session(sign_in(directory))
    thief.mfa.enable("ada")
    for sensitive in SENSITIVE.values():
        assert refusal(Denied, sensitive, thief) == "user_challenge_required"


def test_who_has_no_password_to_confirm_has_signed_in_lately(directory, clock):
    code = directory.tokens.create_email("ada@example.com", id="ada", print_secret=True).secret
    person = directory.as_session(directory.tokens.redeem("ada", code, kind="email").secret)
    clock.forward(minutes=10)
    assert person.users.update_phone("ada", PHONE)
    clock.forward(minutes=1)
    for change in (
        lambda: person.users.update_phone("ada", ""),
        lambda: person.users.update_email("ada", "eve@example.com"),
        lambda: person.users.update_password("ada", "another fine password"),
        lambda: person.tokens.create_email_change("ada", "eve@example.com"),
    ):
        assert refusal(Denied, change) == "user_challenge_required"


def test_an_anonymous_account_gets_its_first_address_whenever(directory, clock):
    signed_in = directory.sessions.create_anonymous()
    clock.forward(days=1)
    person = directory.as_session(signed_in.secret)
    assert person.users.update_email(signed_in.session.user_id, "ada@example.com").email == "ada@example.com"


@pytest.mark.parametrize("act", SENSITIVE)
def test_what_is_sensitive_needs_both_factors_again(directory, complete_session, clock, act):
    secret, totp = complete_session
    assert refusal(Denied, SENSITIVE[act], directory.as_session(secret)) == "user_challenge_required"
    assert directory.sessions.get(secret)  # all else goes on
    renewed = complete(directory, secret, "totp", totp.at(clock.now))
    clock.forward(minutes=10)
    assert SENSITIVE[act](directory.as_session(renewed, password=PASSWORD))


@pytest.mark.parametrize("act", SENSITIVE)
def test_operators_are_asked_for_no_challenge(directory, complete_session, act):
    assert SENSITIVE[act](directory)


def test_changes_of_address_by_token_need_one_too(directory, complete_session):
    person = directory.as_session(complete_session[0])
    for verb, address in (
        (person.tokens.create_email_change, "new@example.com"),
        (person.tokens.create_phone_change, PHONE),
    ):
        assert refusal(Denied, verb, "ada", address, password=PASSWORD) == "user_challenge_required"


def test_without_second_factors_the_password_is_enough(directory, ada, clock):
    person = directory.as_session(sign_in(directory), password=PASSWORD)
    clock.forward(hours=2)
    assert person.users.update_email("ada", "new@example.com", password=PASSWORD)
    assert person.mfa.create_authenticator("ada")


def test_who_can_complete_no_challenge_signs_in_again(directory, clock):
    """With an email alone there is no second factor to prove; the age of the session stands in for it."""
    directory.users.create(id="bob", email="bob@example.com", email_verified=True)
    directory.mfa.enable("bob")

    def sign_in():
        code = directory.tokens.create_email("bob@example.com", print_secret=True).secret
        return directory.as_session(directory.tokens.redeem("bob", code, kind="email").secret)

    old = sign_in()
    clock.forward(minutes=30)
    assert refusal(Denied, old.mfa.disable, "bob") == "user_challenge_required"
    assert not sign_in().mfa.disable("bob").mfa


# Who must use a second factor


def test_who_must_add_a_factor_can_do_nothing_else(directory, ada, clock):
    directory.security.set("mfa-required", "all")
    signed_in = directory.sessions.create("ada", PASSWORD)
    assert signed_in.more_factors_required
    person = directory.as_session(signed_in.secret)
    for call in (
        lambda: directory.sessions.get(signed_in.secret),
        lambda: directory.sessions.create_jwt(signed_in.secret),
        lambda: person.users.get("ada"),
        lambda: person.users.update_password("ada", "another fine password", current=PASSWORD),
        lambda: person.mfa.disable("ada"),
        lambda: person.mfa.delete_authenticator("ada"),
    ):
        assert refusal(Denied, call) == "user_more_factors_required"
    assert person.mfa.status("ada").required
    [code, *_] = person.mfa.create_recovery_codes("ada").codes  # which are no factor to begin with
    assert refusal(Denied, directory.sessions.get, signed_in.secret) == "user_more_factors_required"
    totp = enrol(person, clock)
    assert directory.sessions.get(signed_in.secret).session.factors == ("password", "totp")
    again = directory.sessions.create("ada", PASSWORD)
    assert again.more_factors_required
    assert refusal(Denied, directory.as_session(again.secret).mfa.create_authenticator, "ada", name="eves") == (
        "user_more_factors_required"
    )
    assert directory.sessions.get(complete(directory, again.secret, "totp", totp.at(clock.now)))
    assert directory.sessions.get(complete(directory, sign_in(directory), "recovery_code", code))


@pytest.mark.parametrize("kind", ["email", "phone"])
def test_proving_an_address_adds_it(directory, ada, kind):
    directory.users.update_phone("ada", PHONE)
    directory.security.set("mfa-required", "all")
    secret = sign_in(directory)
    person = directory.as_session(secret)
    make = directory.tokens.create_email_verification if kind == "email" else directory.tokens.create_phone_verification
    person.tokens.redeem("ada", make("ada", print_secret=True).secret, kind=f"{kind}-verification")
    session = directory.sessions.get(secret).session
    assert session.factors == ("password", Factor(kind))
    assert refusal(Denied, directory.sessions.get, sign_in(directory)) == "user_more_factors_required"


def test_it_may_be_required_of_those_with_a_label(directory, ada):
    directory.users.create(id="bob", password=PASSWORD)
    directory.security.set("mfa-required", "staff,admin")
    directory.users.update_labels("ada", ["admin"])
    assert directory.sessions.create("ada", PASSWORD).more_factors_required
    assert not directory.sessions.create("bob", PASSWORD).more_factors_required


def test_who_must_change_the_password_adds_a_factor_first(directory, ada, clock):
    directory.security.set("mfa-required", "all")
    directory.users.update_password("ada", "another fine password", must_change=True)
    secret = directory.sessions.create("ada", "another fine password").secret
    person = directory.as_session(secret)
    enrol(person, clock)
    assert refusal(Denied, directory.sessions.get, secret) == "user_password_reset_required"
    assert refusal(Denied, person.mfa.create_authenticator, "ada", name="x") == "user_password_reset_required"
    assert person.users.update_password("ada", PASSWORD, current="another fine password")
    assert directory.sessions.get(secret)


# Whose factors they are


def test_factors_of_whoever_signed_up_with_anothers_address_end(directory, clock):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD, self_service=True)
    eve = directory.as_session(sign_in(directory))
    enrol(eve, clock)
    eve.mfa.create_recovery_codes("ada")
    eve.mfa.enable("ada")
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    signed_in = directory.tokens.redeem("ada", code, kind="email")
    assert not signed_in.more_factors_required
    user = directory.sessions.get(signed_in.secret).user
    assert (user.mfa, user.totp, user.recovery_code, user.password) == (False, False, False, None)
    assert [factor.type for factor in directory.mfa.list_factors("ada")] == ["email"]
    details = directory.security.list_logs(events=["users.update.email_verification"])[0].details
    assert details["factors"] == "ended"


@pytest.mark.parametrize("by", ["operator", "verified"])
def test_other_factors_stay(directory, ada, clock, by):
    if by == "verified":
        directory.users.update_phone("ada", PHONE)
        directory.users.update_phone_verification("ada", True)
    enrol(directory if by == "operator" else directory.as_session(sign_in(directory)), clock)
    directory.users.update_phone("ada", "")
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    directory.tokens.redeem("ada", code, kind="email")
    assert directory.users.get("ada").totp


# What it costs


def test_signing_in_takes_the_same_statements_with_two_factors(directory, ada, clock):
    def sent():
        with statements() as found:
            sign_in(directory)
        return found

    sent()
    before = sent()
    enrol(directory, clock)
    directory.mfa.create_recovery_codes("ada")
    directory.mfa.enable("ada")
    assert sent() == before
