"""Attempts are counted before they are made: by account, by source, across windows, and in dry runs too."""

import pyotp
import pytest
import sqlalchemy as sa

from authctl import storage
from authctl.core.accounts import throttle
from authctl.errors import Denied

PASSWORD = "correct horse battery"
WRONG = "not the password"
LIMIT = 10  # the default of sign-in-attempts


@pytest.fixture
def ada(directory):
    return directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)


def guess(directory, user="ada", password=WRONG, **where):
    """Whether that signs in."""
    try:
        directory.sessions.create(user, password, **where)
    except Denied:
        return False
    return True


def reasons(directory, user="ada"):
    """Why sign-ins were refused, the oldest first."""
    events = directory.security.list_logs(user=user, events=["users.sessions.create"], limit=1000)
    return [event.details["refused"] for event in reversed(events) if "refused" in event.details]


def test_the_operator_is_told_why_and_the_guesser_is_not(directory, ada):
    for _ in range(LIMIT + 1):
        guess(directory)
    assert reasons(directory) == ["credentials"] * LIMIT + ["locked"]
    assert [event.name for event in directory.security.list_logs(user="ada", events=["users.lock"])] == ["users.lock"]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_policy_says_how_many_and_for_how_long(directory, ada, clock, limit):
    directory.security.set("sign-in-attempts", limit)
    directory.security.set("sign-in-lockout", "2m")
    for _ in range(limit):
        guess(directory)
    assert not guess(directory, password=PASSWORD)
    clock.forward(seconds=119)
    assert not guess(directory, password=PASSWORD)
    clock.forward(seconds=1)
    assert guess(directory, password=PASSWORD)


def test_going_on_while_locked_does_not_make_it_longer(directory, ada, clock):
    for _ in range(LIMIT):
        guess(directory)
    for _ in range(15):
        assert not guess(directory)
        clock.forward(minutes=1)
    assert guess(directory, password=PASSWORD)


def test_a_right_password_of_ones_own_gives_no_more_tries_at_others(directory, ada):
    """A source that signs in to its own account between guesses gets as many as without."""
    directory.security.set("sign-in-attempts", 5)
    directory.users.create(id="eve", password=PASSWORD)
    for number in range(20):
        directory.users.create(id=f"user{number}", password=PASSWORD)
    for number in range(20):
        guess(directory, f"user{number}", ip="198.51.100.1")
        guess(directory, "eve", PASSWORD, ip="198.51.100.1")
    made = [reasons(directory, f"user{number}") for number in range(20)]
    assert sorted(map(tuple, made)) == [("credentials",)] * 5 + [("source_locked",)] * 15


def test_a_sign_in_under_way_does_not_lift_the_lock_that_others_brought(directory, ada):
    """The own sign-in is counted, then guesses lock the source, then the own sign-in turns out right."""
    eve = directory.users.create(id="eve", password=PASSWORD)
    here = directory.from_request("198.51.100.1", None)
    under_way = here.write(throttle.claim, eve, "eve")
    assert under_way.allowed
    assert sum(here.write(throttle.claim, None, f"user{number}").allowed for number in range(20)) == LIMIT - 1
    here.write(throttle.succeed, under_way, eve)
    assert not here.write(throttle.claim, None, "another").allowed


def test_a_known_source_is_counted_by_itself(directory, ada):
    assert guess(directory, password=PASSWORD, ip="192.0.2.1")
    for _ in range(LIMIT):
        guess(directory, ip="192.0.2.1")
    assert not guess(directory, password=PASSWORD, ip="192.0.2.1")
    assert guess(directory, password=PASSWORD, ip="192.0.2.2")


@pytest.mark.parametrize("same", ["192.0.2.1", "::ffff:192.0.2.1"])
def test_an_address_is_one_source_however_it_is_written(directory, ada, same):
    for number in range(LIMIT):
        guess(directory, f"nobody{number}", ip="192.0.2.1")
    assert not guess(directory, password=PASSWORD, ip=same)


def test_an_account_is_one_however_it_is_named(directory):
    directory.users.create(id="ada", username="Ada", email="ada@example.com", phone="+442079460123", password=PASSWORD)
    names = ["ada", "ADA", "id:ada", "Ada@Example.com", "email:ada@example.com", "+44 20 7946 0123", "username:ADA"]
    for number in range(LIMIT):
        guess(directory, names[number % len(names)])
    assert reasons(directory) == ["credentials"] * LIMIT
    assert not guess(directory, password=PASSWORD)


def test_unlocking_forgets_known_sources_too(directory, ada):
    assert guess(directory, password=PASSWORD, ip="192.0.2.1")
    for source in ("192.0.2.1", "192.0.2.2"):
        for _ in range(LIMIT):
            guess(directory, ip=source)
    directory.users.unlock("ada")
    assert directory.users.get("ada").locked_until is None
    assert guess(directory, password=PASSWORD, ip="192.0.2.3")
    # The sources themselves stay locked: they may have guessed at others.
    assert not guess(directory, password=PASSWORD, ip="192.0.2.1")


def test_unlocking_one_account_leaves_its_neighbours(directory, ada):
    directory.users.create(id="ada2", password=PASSWORD)
    for _ in range(LIMIT):
        guess(directory, "ada2")
    directory.users.unlock("ada")
    assert not guess(directory, "ada2", PASSWORD)


def test_a_new_account_does_not_inherit_the_lock_of_a_deleted_one(directory, ada):
    for _ in range(LIMIT):
        guess(directory)
    directory.users.delete("ada")
    directory.users.create(id="ada", password=PASSWORD)
    assert guess(directory, password=PASSWORD)


def test_verifying_a_password_is_counted_with_signing_in(directory, ada):
    for number in range(LIMIT):
        if number % 2:
            guess(directory)
        else:
            assert not directory.users.verify_password("ada", WRONG)
    assert not directory.users.verify_password("ada", PASSWORD)
    assert not guess(directory, password=PASSWORD)


def test_a_dry_run_gives_no_free_tries(directory, ada):
    trying = directory.acting(directory.actor, dry_run=True)
    for _ in range(LIMIT):
        guess(trying)
    assert not guess(directory, password=PASSWORD)
    assert reasons(directory) == ["credentials"] * LIMIT + ["locked"]


def test_a_dry_run_with_the_right_password_leaves_no_session_and_no_count(directory, ada):
    trying = directory.acting(directory.actor, dry_run=True)
    for _ in range(2 * LIMIT):
        assert guess(trying, password=PASSWORD)
    assert directory.users.list_sessions("ada") == []
    assert guess(directory, password=PASSWORD)


def test_a_claim_that_is_never_settled_has_used_up_its_try_and_no_more(directory, ada, clock):
    for _ in range(LIMIT):
        assert directory.write(throttle.claim, ada, "ada").allowed
    assert not guess(directory, password=PASSWORD)
    clock.forward(minutes=15)
    assert directory.users.get("ada").locked_until is None
    assert guess(directory, password=PASSWORD)


def buckets(directory):
    return directory.read(
        lambda work: list(work.db.sqlalchemy.execute(sa.select(storage.tables.attempts.c.bucket)).scalars())
    )


def test_what_was_typed_for_an_unknown_user_is_not_kept(directory):
    guess(directory, "typed-the-password-here")
    assert len(buckets(directory)) == 1
    assert "typed" not in buckets(directory)[0]


def test_purging_removes_what_counts_no_more(directory, ada, clock):
    directory.security.set("sign-in-lockout", "1h")
    for _ in range(LIMIT):
        guess(directory)
    guess(directory, "nobody", ip="192.0.2.1")
    assert directory.write(throttle.purge) == 0
    clock.forward(minutes=15)
    guess(directory, "somebody")
    assert directory.write(throttle.purge) == 2
    assert not guess(directory, password=PASSWORD)  # the lock is longer than the window
    clock.forward(minutes=45)
    assert directory.write(throttle.purge) == 2
    assert buckets(directory) == []
    assert guess(directory, password=PASSWORD)


def test_wrong_codes_lock_their_kind_and_neither_the_account_nor_a_known_source(directory, ada):
    directory.sessions.create("ada", PASSWORD, ip="192.0.2.1")

    def tries(kind, **where):
        counted = directory.from_request(where.get("ip"), None).write(throttle.claim, ada, "ada", code=kind)
        return counted.allowed

    assert [tries("email") for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]
    assert tries("phone")
    assert tries("email", ip="192.0.2.1")
    assert directory.users.get("ada").locked_until is None
    assert guess(directory, password=PASSWORD)
    assert not tries("email")  # which signing in with the password does not make good
    directory.users.unlock("ada")
    assert tries("email")


def test_messages_are_counted_for_an_hour_and_by_address(directory, clock):
    directory.security.set("otp-hourly-limit", 2)
    directory.security.set("sms-hourly-limit", 3)

    def counts(address, is_sms=True):
        try:
            directory.write(throttle.count_message, address, is_sms=is_sms)
        except Denied as refused:
            return refused.type
        return True

    assert [counts("+14255550123") for _ in range(3)] == [True, True, "general_rate_limit_exceeded"]
    assert counts("ada@example.com", is_sms=False) is True
    assert [counts(f"+1425555012{number}") for number in (4, 5)] == [True, "general_rate_limit_exceeded"]
    assert not [bucket for bucket in buckets(directory) if "555" in bucket or "ada" in bucket]
    clock.forward(minutes=59)
    assert directory.write(throttle.purge) == 0
    assert counts("+14255550123") == "general_rate_limit_exceeded"
    clock.forward(minutes=1)
    assert counts("+14255550123") is True
    directory.security.set("otp-hourly-limit", 0)
    directory.security.set("sms-hourly-limit", 0)
    assert [counts("+14255550123") for _ in range(9)] == [True] * 9


def test_signing_in_from_many_sources_brings_no_more_tries_at_the_second_factor(directory, ada, clock):
    """Whoever has the password could make any source a known one."""
    totp = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri)
    directory.mfa.verify_authenticator("ada", totp.at(clock.now))
    directory.mfa.enable("ada")
    clock.forward(minutes=1)

    def complete(ip, code):
        secret = directory.sessions.create("ada", PASSWORD, ip=ip).secret
        challenge = directory.mfa.create_challenge(secret, "totp", ip=ip)
        return directory.mfa.complete_challenge(secret, challenge.id, code, ip=ip)

    complete("192.0.2.1", totp.at(clock.now))
    clock.forward(minutes=1)
    wrong = totp.at(clock.now - throttle.SENDING_WINDOW)
    for number in range(LIMIT + 1):
        with pytest.raises(Denied):
            complete(f"198.51.100.{number}", wrong)
    logs = directory.security.list_logs(events=["users.mfa.challenges.update"], limit=LIMIT + 1)
    assert [event.details["refused"] for event in logs] == ["locked", *["wrong"] * LIMIT]
    with pytest.raises(Denied):
        complete("198.51.100.99", totp.at(clock.now))
    assert complete("192.0.2.1", totp.at(clock.now))  # where the person has proved it before
