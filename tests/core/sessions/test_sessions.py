"""Signing in, being signed in, and acting for a person, on both databases."""

from datetime import timedelta

import pytest

from authctl.core import hashing
from authctl.errors import Conflict, Denied, Invalid, NotFound

PASSWORD = "correct horse battery"
UNSALTED = "5ebe2294ecd0e0f08eab7690d2a6ee69"  # md5 of the word "secret"


@pytest.fixture
def ada(directory):
    return directory.users.create(id="ada", email="ada@example.com", password=PASSWORD)


def set_policy(directory, name, value):
    directory.security.set(name, value)


def denied(call, *args, **kwargs):
    with pytest.raises(Denied) as refused:
        call(*args, **kwargs)
    return refused.value.type


def test_signing_in_gives_a_session_with_its_secret(directory, ada, clock):
    signed_in = directory.sessions.create("ada@example.com", PASSWORD, ip="192.0.2.7", user_agent="curl")
    assert len(signed_in.secret) == 64
    assert signed_in.session.factors == ("password",)
    person = directory.sessions.get(signed_in.secret)
    assert (person.user.id, person.session.ip, person.session.user_agent) == ("ada", "192.0.2.7", "curl")
    assert directory.users.get("ada").last_sign_in_at is not None


def test_every_wrong_credential_gets_the_same_answer(directory, ada):
    directory.users.create(id="bare", email="bare@example.com")
    answers = set()
    for user, password in (("ada", "wrong password"), ("bare", PASSWORD), ("nobody", PASSWORD)):
        with pytest.raises(Denied) as refused:
            directory.sessions.create(user, password)
        answers.add((refused.value.type, refused.value.message, refused.value.hint, refused.value.field))
    assert len(answers) == 1


def test_a_lock_refuses_the_right_password_and_ends_by_itself(directory, ada, clock):
    for _ in range(10):
        assert denied(directory.sessions.create, "ada", "wrong password") == "user_invalid_credentials"
    assert directory.users.get("ada").locked_until is not None
    assert denied(directory.sessions.create, "ada", PASSWORD) == "user_invalid_credentials"
    clock.forward(minutes=15)
    assert directory.sessions.create("ada", PASSWORD)
    assert directory.users.get("ada").locked_until is None


def test_an_operator_unlocks(directory, ada):
    for _ in range(10):
        denied(directory.sessions.create, "ada", "wrong password")
    directory.users.unlock("ada")
    assert directory.sessions.create("ada", PASSWORD)


def test_the_right_password_at_the_last_try_unlocks_and_counts_anew(directory, ada):
    for _ in range(3):
        for _ in range(9):
            denied(directory.sessions.create, "ada", "wrong password")
        assert directory.sessions.create("ada", PASSWORD)


def test_a_window_that_has_passed_forgets(directory, ada, clock):
    for _ in range(4):
        for _ in range(5):
            denied(directory.sessions.create, "ada", "wrong password")
        clock.forward(minutes=15)
    assert directory.sessions.create("ada", PASSWORD)


def test_strangers_do_not_lock_out_a_known_source(directory, ada):
    directory.sessions.create("ada", PASSWORD, ip="192.0.2.1")
    for number in range(12):
        denied(directory.sessions.create, "ada", "wrong password", ip=f"198.51.100.{number}")
    assert denied(directory.sessions.create, "ada", PASSWORD, ip="203.0.113.9") == "user_invalid_credentials"
    assert directory.sessions.create("ada", PASSWORD, ip="192.0.2.1")


def test_a_source_is_locked_over_all_accounts_and_does_not_lock_them(directory, ada):
    directory.security.set("source-attempts", 10)
    for number in range(10):
        denied(directory.sessions.create, f"user{number}", "wrong password", ip="198.51.100.1")
    for _ in range(20):
        assert denied(directory.sessions.create, "ada", PASSWORD, ip="198.51.100.1") == "user_invalid_credentials"
    assert directory.users.get("ada").locked_until is None
    assert directory.sessions.create("ada", PASSWORD, ip="198.51.100.2")


def test_an_ipv6_source_is_its_subnet(directory, ada):
    directory.security.set("source-attempts", 10)
    for number in range(10):
        denied(directory.sessions.create, "nobody", "wrong password", ip=f"2001:db8::{number + 1:x}")
    assert denied(directory.sessions.create, "ada", PASSWORD, ip="2001:db8::ffff") == "user_invalid_credentials"
    assert directory.sessions.create("ada", PASSWORD, ip="2001:db8:0:1::1")


def test_an_old_hash_is_replaced_on_signing_in(directory):
    directory.users.create(id="old", password_hash=UNSALTED, hash="md5")
    assert directory.users.get("old").password.algorithm == "md5"
    assert denied(directory.sessions.create, "old", "wrong password") == "user_invalid_credentials"
    directory.sessions.create("old", "secret")
    stored = directory.users.get("old").password
    assert (stored.algorithm, hashing.needs_rehash(stored.hash, directory.hash_parameters)) == ("argon2id", False)
    assert directory.sessions.create("old", "secret")


@pytest.mark.parametrize(("weak", "algorithm"), [("keep", "md5"), ("wrap", "wrapped-md5"), ("reset", None)])
def test_a_weak_hash_is_kept_wrapped_or_reset(directory, weak, algorithm):
    user = directory.users.create(id="old", password_hash=UNSALTED, hash="md5", weak_hash=weak)
    assert (user.password.algorithm if user.password else None) == algorithm
    if algorithm:
        assert directory.sessions.create("old", "secret")


def test_a_hash_that_holds_a_key_is_sealed(directory):
    options = {"key": "a key of the whole source"}
    mac = "fcbd14b2bbe26eb5a3cb7e42c5a41d1be8b2ac4b5b6da1e6e0c1c6a7c8f6b0c1"
    user = directory.users.create(id="mac", password_hash=mac, hash="hmac-sha256", hash_options=options)
    assert user.password.hash.startswith("sealed:")
    assert denied(directory.sessions.create, "mac", "wrong password") == "user_invalid_credentials"


def test_the_oldest_sessions_go_beyond_the_limit(directory, ada):
    set_policy(directory, "session-limit", "2")
    secrets = [directory.sessions.create("ada", PASSWORD).secret for _ in range(4)]
    assert len(directory.users.list_sessions("ada")) == 2
    assert [denied(directory.sessions.get, secret) for secret in secrets[:2]] == ["user_unauthorized"] * 2
    assert all(directory.sessions.get(secret) for secret in secrets[2:])
    ended = [session.ended_reason for session in directory.users.list_sessions("ada", ended=True)]
    assert ended == [None, None, "session_limit", "session_limit"]


def test_a_session_ends_at_its_time(directory, ada, clock):
    set_policy(directory, "session-duration", "1h")
    secret = directory.sessions.create("ada", PASSWORD).secret
    clock.forward(minutes=59)
    assert directory.sessions.get(secret)
    directory.sessions.update(secret)
    clock.forward(minutes=59)
    assert directory.sessions.get(secret)
    clock.forward(minutes=1)
    assert denied(directory.sessions.get, secret) == "user_unauthorized"
    assert denied(directory.sessions.update, secret) == "user_unauthorized"
    assert directory.users.list_sessions("ada") == []


def test_a_session_is_extended_up_to_its_longest_life(directory, ada, clock):
    older = directory.sessions.create("ada", PASSWORD)
    set_policy(directory, "session-max-age", "1d")
    set_policy(directory, "session-duration", "20h")
    assert directory.sessions.update(older.secret).expires_at == clock.now + timedelta(hours=20)
    begun = clock.now
    secret = directory.sessions.create("ada", PASSWORD).secret
    clock.forward(hours=19)
    assert directory.sessions.update(secret).expires_at == begun + timedelta(days=1)
    clock.forward(hours=4, minutes=59)
    assert directory.sessions.update(secret).expires_at == begun + timedelta(days=1)
    clock.forward(minutes=1)
    assert denied(directory.sessions.get, secret) == "user_unauthorized"


def test_no_session_begins_with_more_than_the_longest_life(directory, ada, clock):
    older = directory.sessions.create("ada", PASSWORD)
    set_policy(directory, "session-max-age", "1d")
    assert directory.sessions.create("ada", PASSWORD).session.expires_at == clock.now + timedelta(days=1)
    # What was given before is not taken back, and not extended.
    assert directory.sessions.update(older.secret).expires_at == older.session.expires_at


def test_an_idle_session_ends(directory, ada, clock):
    set_policy(directory, "session-idle-timeout", "10m")
    secret = directory.sessions.create("ada", PASSWORD).secret
    for _ in range(3):
        clock.forward(minutes=9)
        assert directory.sessions.get(secret)
    clock.forward(minutes=10)
    assert denied(directory.sessions.get, secret) == "user_unauthorized"


def test_blocking_ends_sessions_for_good(directory, ada):
    secret = directory.sessions.create("ada", PASSWORD).secret
    directory.users.update_status("ada", "blocked")
    assert denied(directory.sessions.get, secret) == "user_blocked"
    assert denied(directory.sessions.create, "ada", PASSWORD) == "user_blocked"
    assert denied(directory.sessions.create, "ada", "wrong password") == "user_invalid_credentials"
    assert denied(directory.users.create_session, "ada") == "user_blocked"
    directory.users.update_status("ada", "active")
    assert denied(directory.sessions.get, secret) == "user_unauthorized"


def test_deleting_a_user_ends_sessions(directory, ada):
    secret = directory.sessions.create("ada", PASSWORD).secret
    directory.users.delete("ada")
    assert denied(directory.sessions.get, secret) == "user_unauthorized"


def test_an_operators_new_password_ends_all_sessions(directory, ada):
    secret = directory.sessions.create("ada", PASSWORD).secret
    directory.users.update_password("ada", "another fine password")
    assert denied(directory.sessions.get, secret) == "user_unauthorized"


def test_ones_own_new_password_ends_the_other_sessions(directory, ada):
    here, there = (directory.sessions.create("ada", PASSWORD).secret for _ in range(2))
    directory.as_session(here).users.update_password("ada", "another fine password", current=PASSWORD)
    assert directory.sessions.get(here)
    assert denied(directory.sessions.get, there) == "user_unauthorized"


def test_sessions_are_ended_one_by_one_and_all_at_once(directory, ada):
    directory.users.create(id="bob", password=PASSWORD)
    first, second = directory.sessions.create("ada", PASSWORD), directory.sessions.create("ada", PASSWORD)
    third = directory.sessions.create("bob", PASSWORD)
    with pytest.raises(NotFound) as refused:
        directory.users.delete_session("bob", first.session.id)
    assert refused.value.type == "user_session_not_found"
    directory.users.delete_session("ada", first.session.id)
    assert [session.id for session in directory.users.list_sessions("ada")] == [second.session.id]
    assert directory.users.delete_sessions("ada") == 1
    assert directory.users.delete_everybodys_sessions() == 1
    assert denied(directory.sessions.get, third.secret) == "user_unauthorized"


def test_signing_out_works_whatever_is_due(directory, ada):
    directory.users.update_password("ada", "another fine password", must_change=True)
    secret = directory.sessions.create("ada", "another fine password").secret
    directory.sessions.delete(secret)
    assert denied(directory.sessions.delete, secret) == "user_unauthorized"


def test_must_change_lets_nothing_else_be_done_first(directory, ada):
    directory.users.update_password("ada", "another fine password", must_change=True)
    secret = directory.sessions.create("ada", "another fine password").secret
    person = directory.as_session(secret)
    assert denied(directory.sessions.get, secret) == "user_password_reset_required"
    assert denied(person.users.update_name, "ada", "Ada") == "user_password_reset_required"
    person.users.update_password("ada", "a third fine password", current="another fine password")
    assert directory.sessions.get(secret).user.id == "ada"


def test_history_refuses_old_passwords_of_any_algorithm(directory):
    set_policy(directory, "password-history", "2")
    set_policy(directory, "password-min-length", "8")
    directory.users.create(id="old", password_hash=UNSALTED, hash="md5")
    directory.sessions.create("old", "secret")
    directory.users.update_password("old", "first new password")
    for again in ("first new password",):
        with pytest.raises(Invalid) as refused:
            directory.users.update_password("old", again)
        assert refused.value.type == "password_recently_used"
    directory.users.update_password("old", "second new password")
    with pytest.raises(Invalid):
        directory.users.update_password("old", "first new password")
    directory.users.update_password("old", "third new password")
    assert directory.users.update_password("old", "first new password")


def test_a_password_set_before_the_policy_may_not_come_back_either(directory, ada):
    directory.security.set("password-history", "2")
    directory.users.update_password("ada", "another fine password")
    with pytest.raises(Invalid) as refused:
        directory.users.update_password("ada", PASSWORD)
    assert refused.value.type == "password_recently_used"


# Acting for a person


def test_a_person_sees_the_own_account_alone(directory, ada):
    directory.users.update_metadata("ada", {"note": "for operators"})
    directory.users.create(id="bob")
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    assert person.users.get("ada").metadata == {}
    assert denied(person.users.get, "bob") == denied(person.users.get, "nobody") == "user_unauthorized"
    assert denied(lambda: person.users.list()) == "user_unauthorized"
    assert denied(lambda: person.users.update_labels("ada", ["admin"])) == "user_unauthorized"
    assert denied(lambda: person.users.update_status("ada", "active")) == "user_unauthorized"


def test_a_person_changes_the_own_account_with_the_current_password(directory, ada):
    directory.users.update_metadata("ada", {"note": "for operators"})
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    person.users.update_name("ada", "Ada")
    with pytest.raises(Invalid):
        person.users.update_email("ada", "new@example.com")
    assert denied(person.users.update_email, "ada", "new@example.com", password="wrong password") == (
        "user_invalid_credentials"
    )
    person.users.update_email("ada", "new@example.com", password=PASSWORD)
    person.users.update_phone("ada", "+447911123456", password=PASSWORD)
    ada = directory.users.get("ada")
    assert (ada.name, ada.email, ada.phone) == ("Ada", "ada@example.com", None)
    assert (ada.pending_email, ada.pending_phone) == ("new@example.com", "+447911123456")
    assert ada.metadata == {"note": "for operators"}
    assert directory.users.list_logs("ada")[0].actor == "user:ada"


def test_guessing_the_current_password_is_counted(directory, ada):
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    for _ in range(10):
        denied(person.users.update_password, "ada", "another fine password", current="wrong password")
    assert denied(person.users.update_password, "ada", "another fine password", current=PASSWORD) == (
        "user_invalid_credentials"
    )


def test_a_person_sees_which_session_is_the_current_one(directory, ada):
    here, there = (directory.sessions.create("ada", PASSWORD) for _ in range(2))
    listed = directory.as_session(here.secret).users.list_sessions("ada")
    assert {session.id: session.public()["current"] for session in listed} == {
        here.session.id: True,
        there.session.id: False,
    }
    assert not any(session.current for session in directory.users.list_sessions("ada"))


def test_a_person_does_not_see_who_runs_the_machine(directory, ada):
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    person.users.update_name("ada", "Ada")
    assert {event.os_user for event in person.users.list_logs("ada")} == {None}


@pytest.mark.parametrize("id", ["grace", "447911123456"])
def test_a_sign_up_takes_no_id_that_finds_somebody_else(directory, id):
    directory.users.create(id="other", username="grace", phone="+447911123456")
    with pytest.raises((Conflict, Invalid)):
        directory.users.create(id=id, self_service=True)
    assert directory.users.get(id).id == "other"


# Identities and anonymous accounts


def test_an_identity_signs_in_again(directory):
    first = directory.sessions.create_with_identity("google", "g-1", email="ada@example.com", email_verified=True)
    again = directory.sessions.create_with_identity("google", "g-1")
    assert first.session.user_id == again.session.user_id
    assert directory.users.get("ada@example.com").email_verified
    assert directory.users.list_identities()[0].provider_uid == "g-1"


@pytest.mark.parametrize(("here", "there", "links"), [(True, True, True), (True, False, False), (False, True, True)])
def test_an_identity_links_where_the_provider_has_verified_the_email(directory, here, there, links):
    directory.users.create(id="ada", email="ada@example.com", email_verified=here)

    def sign_in():
        return directory.sessions.create_with_identity("google", "1", email="ada@example.com", email_verified=there)

    if links:
        assert sign_in().session.user_id == "ada"
    else:
        with pytest.raises(Conflict) as refused:
            sign_in()
        assert refused.value.type == "user_email_already_exists"
        assert directory.users.list_identities() == []


def test_an_email_is_unique_over_users_and_identities(directory):
    directory.users.create(id="ada")
    directory.users.create(id="bob", email="bob@example.com")
    directory.users.create_identity("ada", "github", "7", email="ada@example.com", email_verified=True)
    with pytest.raises(Conflict):
        directory.users.create(email="ada@example.com")
    with pytest.raises(Conflict):
        directory.users.update_email("bob", "ada@example.com")
    with pytest.raises(Conflict):
        directory.users.create_identity("ada", "google", "7", email="bob@example.com", email_verified=True)
    directory.users.update_email("ada", "ada@example.com")
    directory.users.update_email("ada", "")
    with pytest.raises(Conflict):
        directory.users.update_email("bob", "ada@example.com")
    directory.users.delete_identity(directory.users.list_identities("ada")[0].id)
    assert directory.users.update_email("bob", "ada@example.com").email == "ada@example.com"


def test_an_anonymous_account_keeps_its_id(directory):
    signed_in = directory.sessions.create_anonymous()
    id = signed_in.session.user_id
    person = directory.as_session(signed_in.secret)
    person.users.update_email(id, "ada@example.com")
    person.users.update_password(id, PASSWORD)
    assert directory.sessions.create("ada@example.com", PASSWORD).session.user_id == id


def test_the_user_limit_is_for_sign_ups(directory):
    set_policy(directory, "user-limit", "1")
    directory.users.create(email="ada@example.com", password=PASSWORD, self_service=True)
    for sign_up in (
        lambda: directory.users.create(email="b@example.com", self_service=True),
        lambda: directory.sessions.create_anonymous(),
        lambda: directory.sessions.create_with_identity("google", "1"),
    ):
        with pytest.raises(Invalid) as refused:
            sign_up()
        assert refused.value.type == "user_count_exceeded"
    assert directory.users.create(email="c@example.com")


def test_a_sign_up_says_nothing_that_operators_say(directory):
    with pytest.raises(Invalid) as refused:
        directory.users.create(
            email="a@example.com", self_service=True, labels=["admin"], email_verified=True, metadata={"a": 1}
        )
    assert [problem.field for problem in refused.value.problems] == ["labels", "metadata", "email_verified"]


@pytest.mark.parametrize("verb", ["create", "verify"])
def test_a_password_that_is_no_text_is_refused_and_not_counted(directory, ada, verb):
    call = directory.sessions.create if verb == "create" else directory.users.verify_password
    for _ in range(20):
        with pytest.raises(Invalid, match="'password' must be text"):
            call("ada", None)
    assert directory.users.get("ada").locked_until is None
