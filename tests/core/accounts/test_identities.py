"""Accounts elsewhere: linking, listing and unlinking them, and signing in by one for the first time twice at once."""

import threading

import pytest

from authctl.errors import AuthctlError, Conflict, Denied, Invalid, NotFound

PASSWORD = "correct horse battery"


def test_a_page_goes_on_behind_an_identity(directory):
    directory.users.create(id="ada")
    made = [directory.users.create_identity("ada", "google", f"g-{number}") for number in range(3)]
    assert directory.users.list_identities("ada", after=made[0].id) == made[1:]
    assert directory.users.list_identities(after=made[2].id) == []
    with pytest.raises(NotFound) as refused:
        directory.users.list_identities(after="nowhere")
    assert (refused.value.type, refused.value.field) == ("user_identity_not_found", "after")


def test_an_identity_belongs_to_one_user(directory):
    for id in ("ada", "bob"):
        directory.users.create(id=id)
    directory.users.create_identity("ada", "google", "g-1")
    with pytest.raises(Conflict) as refused:
        directory.users.create_identity("bob", "google", "g-1")
    assert refused.value.type == "user_identity_already_exists"
    assert directory.users.create_identity("bob", "github", "g-1").provider_uid == "g-1"


@pytest.mark.parametrize(
    ("provider", "uid"), [("", "1"), ("google", ""), ("a b", "1"), ("google", "\0"), ("x" * 200, "1")]
)
def test_what_is_no_identity_is_refused(directory, provider, uid):
    directory.users.create(id="ada")
    for make in (lambda: directory.users.create_identity("ada", provider, uid),
                 lambda: directory.sessions.create_with_identity(provider, uid)):  # fmt: skip
        with pytest.raises(Invalid):
            make()
    assert directory.users.count() == 1


def test_signing_in_by_a_new_identity_many_times_at_once_makes_one_user(directory):
    answers = []

    def sign_in():
        barrier.wait()
        try:
            signed_in = directory.sessions.create_with_identity(
                "google", "1", email="ada@example.com", email_verified=True
            )
            answers.append(signed_in.session.user_id)
        except AuthctlError as error:
            answers.append(error.type)

    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=sign_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [directory.users.get("ada@example.com").id] * 4
    assert len(directory.users.list_identities()) == 1


def test_a_deleted_user_takes_its_identities_along(directory):
    first = directory.sessions.create_with_identity("google", "1", email="ada@example.com")
    directory.users.delete(first.session.user_id)
    assert directory.users.list_identities() == []
    assert directory.sessions.create_with_identity("google", "1").session.user_id != first.session.user_id


def test_a_blocked_user_gets_no_session_by_an_identity(directory):
    id = directory.sessions.create_with_identity("google", "1").session.user_id
    directory.users.update_status(id, "blocked")
    with pytest.raises(Denied) as refused:
        directory.sessions.create_with_identity("google", "1")
    assert refused.value.type == "user_blocked"
    assert directory.users.list_sessions(id) == []


def test_a_person_unlinks_the_own_identities_alone_and_learns_of_no_others(directory):
    directory.users.create(id="ada", password=PASSWORD)
    directory.users.create(id="bob")
    mine, other = (directory.users.create_identity(user, "google", user) for user in ("ada", "bob"))
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    answers = []
    for id in (other.id, "nothing-of-the-kind"):
        with pytest.raises(NotFound) as refused:
            person.users.delete_identity(id)
        answers.append((refused.value.type, refused.value.message.replace(id, "ID"), refused.value.hint))
    assert answers[0] == answers[1]
    person.users.delete_identity(mine.id)
    assert directory.users.list_identities() == [other]
