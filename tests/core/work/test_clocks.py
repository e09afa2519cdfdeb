"""What an hour with the clock in 2030 leaves behind: nothing stays locked, used, unsendable or good; on both databases.

Each stored time is in STORED: with the test that holds it, or why nothing depends on it.
"""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa

from authctl import storage
from authctl.core.audit import retention
from authctl.errors import Denied, Unavailable
from authctl.storage.column_types import Instant
from authctl.storage.tables import metadata

PASSWORD, WRONG, SOURCE, PHONE = "correct horse battery", "not the password", "198.51.100.1", "+14255550123"
AHEAD = datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def ada(directory):
    return directory.users.create(
        id="ada", email="ada@example.com", email_verified=True, phone=PHONE, phone_verified=True, password=PASSWORD
    )


@pytest.fixture
def sending(opened, mail):
    return opened(mail.environ)


@pytest.fixture
def wrong(clock):
    """Does something while the clock is in 2030, and sets it right again."""

    def do(call, *args, **kwargs):
        right, clock.now = clock.now, AHEAD
        try:
            return call(*args, **kwargs)
        finally:
            clock.now = right

    return do


def is_refused(call, *args, **kwargs):
    """Why not; None where it is done."""
    try:
        call(*args, **kwargs)
    except Denied as refused:
        return refused.type
    return None


def sign_in(directory, password=PASSWORD, **where):
    return is_refused(directory.sessions.create, "ada", password, **where)


def guess(directory, times=11, **where):
    for _ in range(times):
        sign_in(directory, WRONG, **where)


# What nobody may be kept from


def test_an_account_is_not_locked(directory, ada, wrong):
    wrong(guess, directory)
    assert directory.users.get("ada").locked_until is None
    assert sign_in(directory) is None


def test_a_source_is_not_locked(directory, ada, wrong):
    directory.security.set("source-attempts", 5)
    wrong(guess, directory, ip=SOURCE)
    assert sign_in(directory, ip=SOURCE) is None
    wrong(guess, directory, ip=SOURCE)
    assert not directory.security.unlock_source(SOURCE).unlocked


def test_a_window_that_began_ahead_is_over(directory, ada, wrong):
    wrong(guess, directory, 9)
    guess(directory, 9)
    assert sign_in(directory) is None


def test_a_lock_grows_from_the_first_again(directory, ada, wrong, clock):
    wrong(guess, directory)
    guess(directory)
    assert directory.users.get("ada").locked_until == clock.now + timedelta(minutes=15)


def test_locks_within_what_is_allowed_stay(directory, ada):
    guess(directory)
    assert sign_in(directory) == "user_invalid_credentials"


def test_codes_are_not_locked(sending, ada, wrong):
    def lock():
        for _ in range(3):
            code = sending.tokens.create_email("ada@example.com", print_secret=True)
            for _ in range(5):
                is_refused(sending.tokens.redeem, "ada", "000000", kind="email")
        return code

    wrong(lock)
    assert sending.users.get("ada").codes_locked_until is None
    made = sending.tokens.create_email("ada@example.com", print_secret=True)
    assert [each.locked_until for each in sending.tokens.list("ada")] == [None]
    assert is_refused(sending.tokens.redeem, "ada", made.secret, kind="email") is None


def test_a_code_is_sent(sending, ada, wrong):
    wrong(sending.tokens.create_email, "ada@example.com")
    assert is_refused(sending.tokens.create_email, "ada@example.com") is None
    assert is_refused(sending.tokens.create_email, "ada@example.com") == "general_rate_limit_exceeded"


def test_a_challenge_is_sent(sending, ada, wrong, clock):
    app = pyotp.parse_uri(sending.mfa.create_authenticator("ada").uri)
    sending.mfa.verify_authenticator("ada", app.at(clock.now))
    sending.mfa.enable("ada")
    secret = sending.sessions.create("ada", PASSWORD).secret
    ahead = wrong(lambda: sending.sessions.create("ada", PASSWORD).secret)
    wrong(sending.mfa.create_challenge, ahead, "phone", print_secret=True)
    wrong(sending.mfa.create_challenge, ahead, "email")
    assert is_refused(sending.mfa.create_challenge, secret, "email") is None
    assert is_refused(sending.mfa.create_challenge, secret, "email") == "general_rate_limit_exceeded"


def test_hourly_limits_begin_again(sending, ada, wrong):
    sending.security.set("otp-hourly-limit", 1)
    sending.security.set("otp-interval", 0)
    wrong(sending.tokens.create_email, "ada@example.com")
    assert is_refused(sending.tokens.create_email, "ada@example.com") is None
    assert is_refused(sending.tokens.create_email, "ada@example.com") == "general_rate_limit_exceeded"


def test_a_change_can_be_asked_for(sending, ada, wrong, monkeypatch):
    monkeypatch.setattr("authctl.core.tokens.cancelling.MOST", 1)
    sending.security.set("recent-sign-in", "off")

    def person():
        return sending.as_session(sending.sessions.create("ada", PASSWORD).secret, password=PASSWORD)

    wrong(lambda: person().users.update_email("ada", "ada@new.example"))
    person = person()
    assert is_refused(person.users.update_email, "ada", "ada@other.example") is None
    assert is_refused(person.users.update_email, "ada", "ada@third.example") == "general_rate_limit_exceeded"


def test_a_right_totp_code_is_not_used(directory, ada, wrong, clock):
    app = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri)
    wrong(lambda: directory.mfa.verify_authenticator("ada", app.at(clock.now)))
    directory.mfa.enable("ada")
    secret = directory.sessions.create("ada", PASSWORD).secret

    def complete():
        challenge = directory.mfa.create_challenge(secret, "totp")
        return directory.mfa.complete_challenge(secret, challenge.id, app.at(clock.now))

    secret = complete().secret
    assert is_refused(complete) is not None


def test_a_code_is_used_on_a_clock_that_is_a_little_behind(directory, ada, clock):
    app = pyotp.parse_uri(directory.mfa.create_authenticator("ada").uri)
    code = app.at(clock.now + timedelta(seconds=30))
    directory.mfa.verify_authenticator("ada", code)
    directory.mfa.enable("ada")
    clock.forward(seconds=-30)
    secret = directory.sessions.create("ada", PASSWORD).secret
    challenge = directory.mfa.create_challenge(secret, "totp")
    assert is_refused(directory.mfa.complete_challenge, secret, challenge.id, app.at(clock.now)) is not None


# What may not stay good


def test_a_session_is_over(directory, ada, wrong):
    made = wrong(directory.sessions.create, "ada", PASSWORD)
    assert is_refused(directory.sessions.get, made.secret) == "user_unauthorized"
    assert directory.users.list_sessions("ada") == []


def test_a_session_that_was_extended_is_over(directory, ada, wrong):
    directory.security.set("session-duration", "1y")
    secret = directory.sessions.create("ada", PASSWORD).secret
    ahead = AHEAD + timedelta(days=1)
    directory.write(lambda work: storage.sessions.update(work.db, _seq(work), used_at=AHEAD, expires_at=ahead))
    assert is_refused(directory.sessions.get, secret) == "user_unauthorized"


@pytest.mark.parametrize("kind", ["email", "magic-url", "recovery", "token"])
def test_a_token_is_over(sending, ada, wrong, kind):
    make = {
        "email": lambda: sending.tokens.create_email("ada@example.com", print_secret=True),
        "magic-url": lambda: sending.tokens.create_magic_url("ada@example.com", print_secret=True),
        "recovery": lambda: sending.tokens.create_recovery("ada@example.com", print_secret=True),
        "token": lambda: sending.tokens.create("ada"),
    }[kind]
    made = wrong(make)
    assert sending.tokens.list("ada") == []
    new = {"new_password": "another long password"} if kind == "recovery" else {}
    assert is_refused(sending.tokens.redeem, "ada", made.secret, kind=kind, **new) == "user_invalid_token"


def test_a_generated_password_is_over(directory, wrong):
    made = wrong(directory.users.create, id="ada", email="ada@example.com", password=PASSWORD)
    until = AHEAD + timedelta(days=7)
    sql = "UPDATE users SET password_expires_at = :until"
    directory.write(lambda work: work.db.sqlalchemy.execute(sa.text(sql), {"until": int(until.timestamp() * 1000)}))
    assert made.id == "ada"
    assert sign_in(directory) == "user_invalid_credentials"


def test_a_source_is_known_no_longer_than_it_may_be(directory, ada, wrong):
    wrong(sign_in, directory, ip=SOURCE)
    guess(directory)
    assert sign_in(directory, ip=SOURCE) == "user_invalid_credentials"  # a stranger, by what is known


def test_a_source_is_written_anew(directory, ada, wrong):
    wrong(sign_in, directory, ip=SOURCE)
    sign_in(directory, ip=SOURCE)
    guess(directory)
    assert sign_in(directory, ip=SOURCE) is None


def test_an_invitation_is_over(directory, ada, wrong):
    directory.teams.create("Teachers", id="teachers")
    made = wrong(directory.teams.create_membership, "teachers", user="ada", invite=True, print_secret=True)
    accept = directory.teams.update_membership_status
    assert is_refused(accept, "teachers", made.membership.id, "ada", made.secret) == "team_invalid_secret"


def test_a_jwt_is_over(directory, ada, wrong, clock):
    secret = directory.sessions.create("ada", PASSWORD).secret
    directory.security.set("session-duration", "1y")
    directory.write(lambda work: storage.sessions.update(work.db, _seq(work), expires_at=AHEAD + timedelta(days=1)))
    jwt = wrong(directory.sessions.create_jwt, secret).jwt
    assert is_refused(directory.sessions.verify_jwt, jwt) == "user_jwt_invalid"


def test_a_key_that_was_retired_verifies_no_more(directory, ada, wrong):
    jwt = directory.sessions.create_jwt(directory.sessions.create("ada", PASSWORD).secret).jwt
    wrong(directory.security.rotate_jwt_key)
    assert is_refused(directory.sessions.verify_jwt, jwt) == "user_jwt_invalid"
    assert len(directory.security.show_jwks()["keys"]) == 1


def test_what_was_set_ahead_is_not_the_last_word(directory, wrong):
    def signed():
        return directory.read(lambda work: retention.signed(work, directory.find_log_key()))

    wrong(directory.security.set, "log-retention", "30d")
    assert signed() is None
    directory.security.set("log-retention", "90d")
    assert signed() == timedelta(days=90)
    directory.security.verify_logs()
    assert signed() == timedelta(days=90)


def _seq(work):
    return work.db.sqlalchemy.execute(sa.text("SELECT seq FROM sessions")).scalar_one()


# A purge by a clock that jumped


def test_a_purge_is_refused_where_the_clock_jumped(directory, ada, clock):
    made = directory.sessions.create("ada", PASSWORD)
    right, clock.now = clock.now, AHEAD
    directory.users.update_name("ada", "Ada")  # what is done by a wrong clock does not vouch for it
    with pytest.raises(Unavailable) as refused:
        directory.security.purge()
    assert refused.value.type == "general_clock_doubtful"
    assert "2030-05-06T07:08:09.000Z, 1,585 days after the last event before today" in refused.value.message
    with pytest.raises(Unavailable):
        directory.acting(directory.actor, dry_run=True).security.purge()
    clock.now = right
    directory.security.purge()
    assert directory.sessions.get(made.secret).user.id == "ada"


def test_a_purge_after_long_silence_can_be_forced(directory, ada, clock):
    directory.sessions.create("ada", PASSWORD)
    clock.forward(days=500)
    assert directory.security.purge(force=True).sessions == 1


def test_a_purge_of_a_new_directory_goes_on(directory, ada, clock):
    clock.forward(days=29)
    directory.security.purge()


# Every stored time

STORED = {
    "users.blocked_until": "an operator says it, and sees it",
    "users.password_updated_at": test_a_generated_password_is_over,
    "users.password_expires_at": test_a_generated_password_is_over,
    "users.locked_until": test_an_account_is_not_locked,
    "users.codes_locked_until": test_codes_are_not_locked,
    "users.created_at": "shown; a person's own log begins with it",
    "users.updated_at": "shown",
    "users.last_sign_in_at": "shown; whether there is one counts",
    "password_history.created_at": "the order is that of the numbers",
    "identities.created_at": "shown",
    "sessions.created_at": test_a_session_is_over,
    "sessions.used_at": test_a_session_that_was_extended_is_over,
    "sessions.expires_at": test_a_session_that_was_extended_is_over,
    "sessions.mfa_at": "steps up only in a session that lives, and not from ahead (`stepping_up`)",
    "sessions.ended_at": "it has ended, whenever that was",
    "attempts.since": test_a_window_that_began_ahead_is_over,
    "attempts.locked_until": test_a_source_is_not_locked,
    "known_sources.seen_at": test_a_source_is_known_no_longer_than_it_may_be,
    "tokens.created_at": test_a_token_is_over,
    "tokens.expires_at": test_a_token_is_over,
    "tokens.sent_at": test_a_code_is_sent,
    "tokens.ended_at": "it has ended, whenever that was",
    "authenticators.created_at": "shown",
    "authenticators.verified_at": "whether there is one counts",
    "authenticators.last_used_at": "shown; `last_step` counts",
    "recovery_codes.created_at": "shown",
    "recovery_codes.used_at": "it is used, whenever that was",
    "peppers.created_at": "shown",
    "challenges.created_at": "its session began before it, and is over",
    "challenges.expires_at": "its session is over",
    "challenges.sent_at": test_a_challenge_is_sent,
    "challenges.ended_at": "it has ended, whenever that was",
    "imports.created_at": "shown",
    "imports.updated_at": "can be undone for longer",
    "imports.ended_at": "can be undone for longer",
    "import_users.updated_at": "is compared with the account's, whether it is the same",
    "mock_phones.created_at": "shown",
    "signing_keys.created_at": "the order is that of the numbers",
    "signing_keys.retired_at": test_a_key_that_was_retired_verifies_no_more,
    "teams.created_at": "shown",
    "teams.updated_at": "shown",
    "memberships.invited_at": "shown",
    "memberships.joined_at": "shown",
    "membership_roles.invited_at": "shown",
    "invitations.expires_at": test_an_invitation_is_over,
    "events.time": test_what_was_set_ahead_is_not_the_last_word,
    "log_seals.created_at": "the order is that of the numbers",
}


def test_every_stored_time_is_in_the_list():
    stored = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if isinstance(column.type, Instant)
    }
    assert stored == set(STORED)
