"""Self-service leaves a way in: the last one is not taken away, by whichever verb."""

import pytest

from authctl.errors import Conflict

PASSWORD = "correct horse battery"
EMAIL, PHONE = "ada@example.com", "+442079460123"


def person(directory, **given):
    """The directory as somebody sees it who signs in without a password."""
    directory.users.create(id="ada", **given)
    return directory.as_session(directory.users.create_session("ada").secret)


def refusal(call, *args, **options):
    with pytest.raises(Conflict) as refused:
        call(*args, **options)
    return refused.value.type


def test_the_only_verified_email_is_kept(directory):
    ada = person(directory, email=EMAIL, email_verified=True)
    assert refusal(ada.users.update_email, "ada", "") == "user_last_way_in"
    assert ada.users.update_email("ada", "new@example.com").email == EMAIL  # until the new one is verified


def test_the_only_verified_phone_is_kept(directory):
    ada = person(directory, phone=PHONE, phone_verified=True)
    assert refusal(ada.users.update_phone, "ada", "") == "user_last_way_in"


def test_the_only_identity_is_kept(directory):
    ada = person(directory)
    first, second = (directory.users.create_identity("ada", "google", uid) for uid in "12")
    ada.users.delete_identity(first.id)
    assert refusal(ada.users.delete_identity, second.id) == "user_last_way_in"
    directory.users.delete_identity(second.id)  # an operator may


def test_a_password_without_a_name_is_no_way_in(directory):
    ada = person(directory, email=EMAIL, password=PASSWORD)
    assert refusal(ada.users.update_email, "ada", "", password=PASSWORD) == "user_last_way_in"
    directory.users.update_username("ada", "countess")
    assert ada.users.update_email("ada", "", password=PASSWORD).email is None


@pytest.mark.parametrize("has_password", [False, True])
def test_whoever_has_a_password_is_not_told_to_set_one(directory, has_password):
    ada = person(directory, email=EMAIL, **({"password": PASSWORD} if has_password else {"email_verified": True}))
    with pytest.raises(Conflict) as refused:
        ada.users.update_email("ada", "", **({"password": PASSWORD} if has_password else {}))
    assert ("set a password" in refused.value.hint) is not has_password


def test_another_way_in_is_enough(directory):
    ada = person(directory, email=EMAIL, email_verified=True, phone=PHONE, phone_verified=True)
    assert ada.users.update_email("ada", "").email is None
    assert refusal(ada.users.update_phone, "ada", "") == "user_last_way_in"


def test_who_has_no_way_in_loses_none(directory):
    ada = person(directory, email=EMAIL)
    assert ada.users.update_email("ada", "").email is None
