"""Who gave the addresses that an import brings: the operator whose list it is, or each user, at another system."""

import pytest
from doubles.given import Given

from authctl.errors import Conflict
from authctl.model import Identity
from authctl.transfer import importing, sources
from authctl.transfer.records import Addresses, Linked, Record

EMAIL, PHONE = "ada@example.com", "+442079460123"
GIVEN = {"csv", "django", "htpasswd", "json", "ldif"}


@pytest.fixture
def take(directory, tmp_path):
    def run(*given, **options):
        file = tmp_path / "given"
        file.write_bytes(b"given")
        records = [Record(at, None, None, **fields) for at, fields in enumerate(given, 1)]
        asked = importing.Options(**options)
        return importing.import_users(directory, [str(file)], source=Given(*records), options=asked)

    return run


def test_each_source_says_who_gave_its_addresses():
    assert {name for name in sources.NAMES if sources.load(name).addresses is Addresses.GIVEN} == GIVEN


def claims(user):
    return user.username_self_service, user.email_self_service, user.phone_self_service


@pytest.mark.parametrize("addresses", [None, "given", "claimed"])
def test_the_source_says_so_unless_the_operator_does(directory, take, addresses):
    journal = take({"id": "ada", "username": "Ada", "email": EMAIL, "phone": PHONE}, {"id": "bob"}, addresses=addresses)
    assert claims(directory.users.get("id:ada")) == ((addresses == "claimed"),) * 3
    assert claims(directory.users.get("bob")) == (False, False, False)
    assert journal.options["addresses"] == (addresses or "given")


def test_what_the_source_verifies_stays_verified(directory, take):
    take({"id": "ada", "email": EMAIL, "email_verified": True, "phone": PHONE}, addresses="claimed")
    user = directory.users.get("ada")
    assert (user.email_verified, user.phone_verified) == (True, False)


def test_an_update_leaves_a_claim_what_it_is_and_gives_only_what_is_new(directory, take):
    take({"id": "ada", "email": EMAIL}, addresses="claimed")
    take({"id": "ada", "email": EMAIL, "phone": PHONE}, addresses="given", on_conflict="update")
    assert claims(directory.users.get("ada")) == (False, True, False)
    take({"id": "ada", "email": "new@example.com"}, addresses="given", on_conflict="update")
    assert claims(directory.users.get("ada")) == (False, False, False)


def test_the_same_claims_once_more_change_nothing(take):
    given = {"email": EMAIL, "name": "Ada"}
    take(given, addresses="claimed")
    again = take(given, addresses="claimed", on_conflict="update")
    assert (again.counts["skipped"], again.counts["refused"]) == (1, 0)


# Emails of identities


def linked(**given):
    return {"id": "ada", "identities": [Linked("google", "1", EMAIL, **given)]}


def test_an_email_that_the_source_does_not_verify_is_shown_and_bars_nobody(directory, take):
    take(linked())
    (identity,) = directory.users.list_identities("ada")
    assert (identity.email, identity.email_verified) == (EMAIL, False)
    assert directory.users.create(id="bob", email=EMAIL).email == EMAIL


@pytest.mark.parametrize("mark_unverified", [False, True])
def test_an_email_that_the_source_verifies_is_held(directory, take, mark_unverified):
    take(linked(email_verified=True), mark_unverified=mark_unverified)
    if mark_unverified:
        assert directory.users.create(email=EMAIL)
        return
    assert directory.users.get(EMAIL).id == "ada"
    with pytest.raises(Conflict):
        directory.users.create(email=EMAIL)


def test_two_records_may_have_the_same_email_that_nobody_verifies(directory, take):
    journal = take(linked(), {"id": "bob", "email": EMAIL}, {"id": "cay", "identities": [Linked("x", "1", EMAIL)]})
    assert journal.counts["created"] == 3
    assert directory.users.get(EMAIL).id == "bob"


def test_the_record_of_an_identity_says_whether_its_email_is_verified(directory, take):
    take(linked(email_verified=True))
    (identity,) = directory.users.list_identities("ada")
    assert isinstance(identity, Identity)
    assert identity.public()["email_verified"] is True
