"""Attempts are counted before they are made: by account, by source, across windows, and in dry runs too."""

from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa

from authctl import storage
from authctl.core.accounts import throttle
from authctl.errors import Denied, Invalid

PASSWORD = "correct horse battery"
WRONG = "not the password"
LIMIT = 10  # the default of sign-in-attempts
SOURCE_LIMIT = 100  # the default of source-attempts


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
    directory.security.set("source-attempts", 5)
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
    directory.security.set("source-attempts", LIMIT)
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
    directory.security.set("source-attempts", LIMIT)
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
    directory.security.set("source-attempts", LIMIT)
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
    assert throttle.purge(directory) == 0
    clock.forward(minutes=15)
    guess(directory, "somebody")
    assert throttle.purge(directory) == 2
    assert not guess(directory, password=PASSWORD)  # the lock is longer than the window
    clock.forward(minutes=45)
    assert throttle.purge(directory) == 2
    assert buckets(directory) == ["user:ada#locks"]  # the next one lasts longer
    clock.forward(days=1)
    assert throttle.purge(directory) == 1
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
    wrong = totp.at(clock.now - timedelta(hours=1))
    for number in range(LIMIT + 1):
        with pytest.raises(Denied):
            complete(f"198.51.100.{number}", wrong)
    logs = directory.security.list_logs(events=["users.mfa.challenges.update"], limit=LIMIT + 1)
    assert [event.details["refused"] for event in logs] == ["locked", *["wrong"] * LIMIT]
    with pytest.raises(Denied):
        complete("198.51.100.99", totp.at(clock.now))
    assert complete("192.0.2.1", totp.at(clock.now))  # where the person has proved it before


def lock(directory, **where):
    """Guess until the account, or the source, is locked; until when."""
    for _ in range(LIMIT):
        guess(directory, **where)
    return directory.users.get("ada").locked_until


def test_each_lock_lasts_twice_as_long_as_the_one_before_up_to_a_day(directory, ada, clock):
    lasted = []
    for _ in range(9):
        until = lock(directory)
        lasted.append((until - clock.now) / timedelta(minutes=1))
        clock.now = until
    assert lasted == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]
    assert guess(directory, password=PASSWORD)


def test_a_day_without_a_lock_makes_the_next_one_short_again(directory, ada, clock):
    clock.now = lock(directory)
    clock.now = lock(directory)
    clock.forward(days=1)
    assert lock(directory) - clock.now == timedelta(minutes=15)


def test_an_operator_who_unlocks_makes_the_next_lock_short_again(directory, ada, clock):
    clock.now = lock(directory)
    directory.users.unlock("ada")
    assert lock(directory) - clock.now == timedelta(minutes=15)


def test_locks_of_a_known_source_do_not_grow(directory, ada, clock):
    guess(directory, password=PASSWORD, ip="192.0.2.1")
    for _ in range(3):
        lock(directory, ip="192.0.2.1")
        assert not guess(directory, password=PASSWORD, ip="192.0.2.1")
        clock.forward(minutes=15)
    assert guess(directory, password=PASSWORD, ip="192.0.2.1")
    assert not [bucket for bucket in buckets(directory) if bucket.endswith("#locks")]


def test_right_passwords_that_reach_the_limit_make_no_lock_longer(directory, ada, clock):
    """An office one try below the limit: each right one locks its source for the moment in which it is judged."""
    for number in range(SOURCE_LIMIT - 1):
        guess(directory, f"nobody{number}", ip="192.0.2.1")
    for _ in range(5):
        assert guess(directory, password=PASSWORD, ip="192.0.2.1")
    guess(directory, "another", ip="192.0.2.1")
    clock.forward(minutes=15)
    assert guess(directory, password=PASSWORD, ip="192.0.2.1")


def test_a_source_is_locked_by_its_own_number_of_guesses_at_whichever_accounts(directory, ada, clock):
    for number in range(SOURCE_LIMIT):
        assert guess(directory, password=PASSWORD, ip="192.0.2.1")
        guess(directory, f"nobody{number}", ip="192.0.2.1")
    assert not guess(directory, password=PASSWORD, ip="192.0.2.1")
    assert reasons(directory) == ["source_locked"]
    assert guess(directory, password=PASSWORD, ip="192.0.2.2")
    clock.forward(minutes=15)
    assert guess(directory, password=PASSWORD, ip="192.0.2.1")
    for number in range(SOURCE_LIMIT):
        guess(directory, f"nobody{number}", ip="192.0.2.1")
    clock.forward(minutes=15)
    assert not guess(directory, password=PASSWORD, ip="192.0.2.1")  # its second lock is longer
    clock.forward(minutes=15)
    assert guess(directory, password=PASSWORD, ip="192.0.2.1")


@pytest.mark.parametrize(
    ("ip", "given", "source"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:DB8::7", "2001:db8::/64"),
        ("2001:db8::1", "2001:db8::/64", "2001:db8::/64"),
    ],
)
def test_an_operator_unlocks_a_source(directory, ada, clock, ip, given, source):
    directory.security.set("source-attempts", 1)
    for _ in range(2):  # and it begins anew: the second lock is no longer than the first
        guess(directory, "nobody", ip=ip)
        assert not guess(directory, password=PASSWORD, ip=ip)
        assert directory.security.unlock_source(given) == throttle.UnlockedSource(source, True)
        assert guess(directory, password=PASSWORD, ip=ip)
    assert directory.security.unlock_source(given).unlocked is False
    events = directory.security.list_logs(events=["security.sources.unlock"])
    assert [(event.resource, event.details["unlocked"]) for event in events] == [
        (f"sources/{source}", False),
        (f"sources/{source}", True),
        (f"sources/{source}", True),
    ]


@pytest.mark.parametrize("given", ["", "nowhere", "192.0.2.0/24", "192.0.2.256"])
def test_only_a_source_can_be_unlocked(directory, given):
    with pytest.raises(Invalid) as refused:
        directory.security.unlock_source(given)
    assert refused.value.field == "address"


def test_unlocking_a_source_leaves_accounts_locked(directory, ada):
    lock(directory, ip="192.0.2.1")
    directory.security.unlock_source("192.0.2.1")
    assert not guess(directory, password=PASSWORD, ip="192.0.2.1")


@pytest.mark.parametrize("ip", ["192.0.2.1", "::ffff:192.0.2.200", "2001:db8:7::1", "127.0.0.1", "::1"])
def test_a_proxy_is_never_locked_nor_known(directory, ada, ip):
    """All who come by it would be one: shut out with each other, or taken for each other."""
    directory.security.set("trusted-sources", "192.0.2.0/24,2001:db8:7::/48")
    directory.security.set("source-attempts", 1)
    assert guess(directory, password=PASSWORD, ip=ip)
    for number in range(3):
        guess(directory, f"nobody{number}", ip=ip)
    assert guess(directory, password=PASSWORD, ip=ip)
    lock(directory, ip=ip)
    assert not guess(directory, password=PASSWORD, ip=ip)  # strangers behind it can lock the account, as ever
    assert not guess(directory, password=PASSWORD)


def test_a_known_source_counts_as_a_stranger_after_its_time(directory, ada, clock):
    directory.security.set("known-source-expiry", "30d")
    guess(directory, password=PASSWORD, ip="192.0.2.1")
    clock.forward(days=29)
    lock(directory)
    assert guess(directory, password=PASSWORD, ip="192.0.2.1")  # known, for 30 days from now
    directory.users.unlock("ada")
    clock.forward(days=30)
    lock(directory)
    assert not guess(directory, password=PASSWORD, ip="192.0.2.1")
    assert directory.security.purge().known_sources == 1
    assert directory.security.purge().known_sources == 0


def test_a_locked_password_keeps_out_no_code_and_no_recovery(directory, ada):
    lock(directory)
    code = directory.tokens.create_email("ada@example.com", print_secret=True).secret
    assert directory.tokens.redeem("ada", code, kind="email")
    recovery = directory.tokens.create_recovery("ada", print_secret=True).secret
    directory.tokens.redeem("ada", recovery, kind="recovery", new_password="another fine password")
    assert guess(directory, password="another fine password")
