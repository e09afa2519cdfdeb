"""A signed-in person links and unlinks own accounts elsewhere; the application says what the provider does."""

import pytest

from authctl.errors import AuthctlError

PASSWORD, EMAIL = "correct horse battery", "ada@example.com"


@pytest.fixture
def person(directory, application):
    directory.users.create(id="ada", email=EMAIL, password=PASSWORD)
    return application.as_session(application.sessions.create("ada", PASSWORD).secret)


def refusal(call, *args, **kwargs):
    with pytest.raises(AuthctlError) as refused:
        call(*args, **kwargs)
    return refused.value.type


def test_a_person_links_and_unlinks_an_own_account(directory, application, person):
    linked = person.users.create_identity("ada", "google", "g-1", email="ada@gmail.com", email_verified=True)
    assert application.sessions.create_with_identity("google", "g-1").session.user_id == "ada"
    assert directory.users.get("ada@gmail.com").id == "ada"
    assert not directory.users.get("ada").email_verified
    (event,) = directory.security.list_logs(events=["users.identities.create"])
    assert event.actor == "user:ada"
    assert person.users.delete_identity(linked.id).id == linked.id
    assert person.users.list_identities("ada") == []
    assert refusal(directory.users.get, "ada@gmail.com") == "user_not_found"


def test_an_email_that_the_provider_vouches_for_is_proved(directory, person):
    person.users.create_identity("ada", "google", "g-1", email=EMAIL, email_verified=True)
    assert directory.users.get("ada").email_verified


def test_a_proof_beats_a_claim_and_nothing_else(directory, application, person):
    application.users.create(id="claims", email="claimed@example.com")
    directory.users.create(id="given", email="given@example.com")
    directory.users.create(id="proved", email="proved@example.com", email_verified=True)
    directory.users.create_identity("given", "google", "taken", email="elsewhere@example.com", email_verified=True)
    for email in ("given@example.com", "proved@example.com", "elsewhere@example.com"):
        link = person.users.create_identity
        assert refusal(link, "ada", "google", email, email=email, email_verified=True) == "user_email_already_exists"
    assert refusal(person.users.create_identity, "ada", "google", "taken") == "user_identity_already_exists"
    person.users.create_identity("ada", "google", "g-0", email="claimed@example.com")  # says the provider only
    assert directory.users.get("claims").email == "claimed@example.com"
    person.users.create_identity("ada", "google", "g-1", email="claimed@example.com", email_verified=True)
    assert directory.users.get("claims").email is None
    assert directory.users.get("claimed@example.com").id == "ada"


def test_only_the_own_account_and_soon_after_signing_in(directory, person, clock):
    directory.users.create(id="bob")
    assert refusal(person.users.create_identity, "bob", "google", "g-1") == "user_unauthorized"
    clock.forward(hours=1)
    assert refusal(person.users.create_identity, "ada", "google", "g-1") == "user_challenge_required"
    directory.security.set("recent-sign-in", "off")
    assert person.users.create_identity("ada", "google", "g-1").user_id == "ada"


def test_not_where_signing_in_so_is_switched_off(directory, person):
    directory.security.set("sign-in-methods", ["password"])
    assert refusal(person.users.create_identity, "ada", "google", "g-1") == "user_auth_method_unsupported"
    assert directory.users.create_identity("ada", "google", "g-1").user_id == "ada"  # an operator prepares it


def test_the_last_way_in_stays(directory, application):
    signed_in = application.sessions.create_with_identity("google", "g-1", email="eve@example.com")
    person = application.as_session(signed_in.secret)
    (only,) = person.users.list_identities()
    assert refusal(person.users.delete_identity, only.id) == "user_last_way_in"
    person.users.create_identity(signed_in.session.user_id, "github", "1")
    person.users.delete_identity(only.id)


def test_the_command(directory, person, authctl, database_url, clock):
    secret = directory.sessions.create("ada", PASSWORD).secret
    environ = {"AUTHCTL_DATABASE_URL": database_url, "AUTHCTL_SESSION": secret}
    clock.forward(hours=1)
    line = "users create-identity ada google g-1 --as-session --fields provider_uid"
    assert authctl(line, env=environ).status == 6
    ran = authctl(f"{line} --password-stdin", stdin=f"{PASSWORD}\n", env=environ)
    assert (ran.status, ran.stdout) == (0, "g-1\n")
