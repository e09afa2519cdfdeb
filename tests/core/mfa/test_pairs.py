"""Which two factors make a sign-in: every first one with every second one, on both databases.

The pairs are those of Appwrite's enforcement, but for OAuth2: there it counts as two, and here as one.
"""

import pyotp
import pytest

from authctl.errors import Denied, Invalid

PASSWORD, PHONE = "correct horse battery", "+14255550123"


def by_password(directory):
    return directory.sessions.create("ada", PASSWORD)


def by_email(directory):
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    return directory.tokens.redeem("ada", code, kind="email")


def by_magic_url(directory):
    secret = directory.tokens.create_magic_url("ada@example.com", print_secret=True).secret
    return directory.tokens.redeem("ada", secret, kind="magic-url")


def by_phone(directory):
    code = directory.tokens.create_phone(PHONE, print_secret=True).secret
    return directory.tokens.redeem("ada", code, kind="phone")


def by_oauth2(directory):
    return directory.sessions.create_with_identity("google", "g-1")


def by_token(directory):
    return directory.tokens.redeem("ada", directory.tokens.create("ada").secret, kind="token")


def by_server(directory):
    return directory.users.create_session("ada")


FIRST = {
    "password": by_password,
    "email": by_email,
    "magic-url": by_magic_url,
    "phone": by_phone,
    "oauth2": by_oauth2,
    "token": by_token,
    "server": by_server,
}
SECOND = ("totp", "email", "phone", "recovery_code")
REFUSED = {("email", "email"), ("magic-url", "email"), ("phone", "phone")}


@pytest.fixture
def totp(directory, clock):
    """What makes the codes of somebody who has every factor."""
    directory.users.create(
        id="ada", email="ada@example.com", email_verified=True, phone=PHONE, phone_verified=True, password=PASSWORD
    )
    directory.users.create_identity("ada", "google", "g-1")
    made = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri)
    directory.mfa.verify_authenticator("ada", made.at(clock.now))
    clock.forward(seconds=30)
    return made


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_a_pair(directory, clock, totp, first, second):
    [recovery_code, *_] = directory.mfa.create_recovery_codes("ada").codes
    directory.mfa.enable("ada")
    signed_in = FIRST[first](directory)
    assert signed_in.more_factors_required
    with pytest.raises(Denied) as refused:
        directory.sessions.get(signed_in.secret)
    assert refused.value.type == "user_more_factors_required"
    if (first, second) in REFUSED:
        with pytest.raises(Invalid) as used:
            directory.mfa.create_challenge(signed_in.secret, second)
        assert (used.value.type, used.value.field) == ("user_factor_already_used", "factor")
        return
    shown = second in ("email", "phone")
    challenge = directory.mfa.create_challenge(signed_in.secret, second, print_secret=shown)
    code = {"totp": totp.at(clock.now), "recovery_code": recovery_code}.get(second, challenge.secret)
    completed = directory.mfa.complete_challenge(signed_in.secret, challenge.id, code)
    assert not completed.more_factors_required
    assert completed.session.factors == (signed_in.session.factors[0], second)
    assert completed.session.mfa_at == clock.now
    person = directory.sessions.get(completed.secret)
    assert (person.user.id, person.session.id) == ("ada", signed_in.session.id)


@pytest.mark.parametrize("first", FIRST)
def test_one_factor_is_enough_where_nobody_asks_for_two(directory, totp, first):
    signed_in = FIRST[first](directory)
    assert not signed_in.more_factors_required
    assert directory.sessions.get(signed_in.secret).user.id == "ada"


def test_an_email_alone_is_no_two_factors_where_there_is_a_password(directory):
    """The one pair is password and email: whoever has the mailbox is to know the password too."""
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, password=PASSWORD)
    directory.mfa.enable("ada")
    signed_in = by_email(directory)
    assert signed_in.more_factors_required
    with pytest.raises(Invalid) as refused:
        directory.mfa.create_challenge(signed_in.secret, "email")
    assert refused.value.type == "user_factor_already_used"
    assert "password" in refused.value.hint


def test_who_has_but_one_factor_is_not_locked_out(directory):
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)
    directory.mfa.enable("ada")
    assert not by_email(directory).more_factors_required


def test_without_a_second_factor_none_is_asked_for(directory):
    directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)
    directory.mfa.enable("ada")
    assert not by_password(directory).more_factors_required


def test_a_factor_that_the_policy_does_not_allow_is_none(directory, totp):
    directory.mfa.enable("ada")
    directory.security.set("mfa-factors", "phone")
    signed_in = by_password(directory)
    for factor in ("totp", "email"):
        with pytest.raises(Invalid) as refused:
            directory.mfa.create_challenge(signed_in.secret, factor)
        assert refused.value.type == "user_auth_method_unsupported"
    assert directory.mfa.status("ada").factors == {
        "totp": False,
        "email": False,
        "phone": True,
        "recovery_code": False,
    }
    directory.security.set("mfa-factors", "totp")
    directory.users.update_phone_verification("ada", False)
    directory.mfa.delete_authenticator("ada", force=True)
    directory.mfa.enable("ada")
    assert not by_password(directory).more_factors_required


def test_a_new_password_by_recovery_is_no_second_factor(directory, clock, totp):
    directory.mfa.enable("ada")
    secret = directory.tokens.create_recovery("ada", print_secret=True).secret
    given = {"new_password": "another fine password", "code": totp.at(clock.now)}
    answer = directory.tokens.redeem("ada", secret, kind="recovery", **given)
    assert not hasattr(answer, "secret")
    signed_in = directory.sessions.create("ada", "another fine password")
    assert signed_in.more_factors_required
    with pytest.raises(Denied) as refused:
        directory.sessions.get(signed_in.secret)
    assert refused.value.type == "user_more_factors_required"
