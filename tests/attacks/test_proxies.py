"""Whoever guesses behind a proxy keeps nobody else behind it out for long, and an operator ends it."""

import pytest
from doubles.attackers import PASSWORD, PHONE, proved, refusal

PROXY = "192.0.2.1"


def locked(application):
    """Whether a right password is refused from there."""
    return refusal(application.sessions.create, "ada", PASSWORD, ip=PROXY) is not None


@pytest.fixture
def guess(directory, application):
    """Each way to guess at something, from behind the proxy."""
    proved(directory, "ada", phone=PHONE, phone_verified=True)
    session = application.sessions.create("ada", PASSWORD).secret
    token = directory.tokens.create("ada", length=8)
    here = application.from_request(ip=PROXY)
    challenge = application.mfa.create_challenge(session, "email", print_secret=True)
    numbers = iter(range(10_000))
    return {
        "names": lambda: here.sessions.create(f"nobody{next(numbers)}", "wrong"),
        "a password": lambda: here.sessions.create("ada", "wrong"),
        "a confirmation": lambda: here.as_session(session).users.update_password(
            "ada", "another fine one", current="wrong"
        ),
        "a code": lambda: here.tokens.redeem("ada", "0" * 8, id=token.token.id),
        "codes of nobody": lambda: here.tokens.redeem(f"nobody{next(numbers)}", "000000", kind="email"),
        "a challenge": lambda: here.mfa.complete_challenge(session, challenge.id, "000000"),
    }


@pytest.mark.parametrize("name", ["names", "a password", "codes of nobody"])
def test_ten_wrong_guesses_shut_nobody_out_who_comes_by_the_same_proxy(directory, application, guess, name):
    directory.users.create(id="bob", password=PASSWORD)
    for _ in range(12):
        assert refusal(guess[name]) is not None
    assert application.sessions.create("bob", PASSWORD, ip=PROXY)


@pytest.mark.parametrize("name", ["names", "a password", "a confirmation", "a code", "codes of nobody", "a challenge"])
def test_an_operator_lifts_what_any_of_them_has_locked(directory, application, guess, name, run):
    """Whatever is guessed at counts towards the same limit; and there is a verb that ends it."""
    directory.security.set("source-attempts", 5)
    directory.users.create(id="bob", password=PASSWORD)
    for _ in range(5):
        assert refusal(guess[name]) is not None
    assert refusal(application.sessions.create, "bob", PASSWORD, ip=PROXY) == "user_invalid_credentials"
    assert application.sessions.create("bob", PASSWORD, ip="198.51.100.7")
    assert run(f"security unlock-source {PROXY}").status == 0
    assert application.sessions.create("bob", PASSWORD, ip=PROXY)


def test_an_operator_lifts_what_one_has_used_up_for_all(directory, application, mail):
    """Sign-ups and messages of the hour, too: else everybody behind the proxy waits for it to pass."""
    directory.security.set("creation-hourly-limit", 2)
    directory.security.set("source-hourly-limit", 2)
    here = application.from_request(ip=PROXY)
    for number in range(2):
        here.tokens.create_email(f"{number}@example.org")
    assert refusal(here.tokens.create_email, "honest@example.com") == "general_rate_limit_exceeded"
    assert refusal(here.sessions.create_anonymous) == "general_rate_limit_exceeded"
    directory.security.unlock_source(PROXY)
    assert here.tokens.create_email("honest@example.com")
    assert here.sessions.create_anonymous()


@pytest.mark.parametrize("ip", ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00::1:2"])
def test_a_proxy_that_is_named_is_no_source_however_it_is_written(directory, application, ip):
    directory.security.set("trusted-sources", "10.0.0.0/8,fd00::/8")
    directory.security.set("source-attempts", 2)
    directory.security.set("creation-hourly-limit", 1)
    directory.users.create(id="bob", password=PASSWORD)
    here = application.from_request(ip=ip)
    for number in range(4):
        assert refusal(here.sessions.create, f"nobody{number}", "wrong")
        assert here.sessions.create_anonymous()
    assert here.sessions.create("bob", PASSWORD)


def test_a_proxy_is_named_as_an_address_that_embeds_another(directory, application):
    directory.security.set("trusted-sources", "::ffff:10.1.2.3")
    directory.security.set("source-attempts", 2)
    directory.users.create(id="bob", password=PASSWORD)
    here = application.from_request(ip="10.1.2.3")
    for number in range(4):
        refusal(here.sessions.create, f"nobody{number}", "wrong")
    assert here.sessions.create("bob", PASSWORD)
