"""Addresses as people and operators give them: who is signed in, and what operators say, loses nothing; and accounts of
versions before. On both databases."""

from functools import partial

import pyotp
import pytest

from authctl import storage
from authctl.transfer import importing

PASSWORD, NEW = "correct horse battery", "another fine password"
EMAIL, PHONE = "ada@example.com", "+14255550123"
OWN = {"email": "eve@example.com", "phone": "+14255550199"}


def sign_in(directory, address):
    create = directory.tokens.create_email if "@" in address else directory.tokens.create_phone
    secret = create(address, print_secret=True, create=False).secret
    return directory.tokens.redeem(address, secret, kind="email" if "@" in address else "phone")


def enrol(directory, clock, user):
    totp = pyotp.parse_uri(directory.mfa.create_authenticator(user).uri)
    directory.mfa.verify_authenticator(user, totp.at(clock.now))
    clock.forward(seconds=30)
    return totp


@pytest.fixture(params=["email", "phone"])
def kind(request):
    return request.param


@pytest.fixture
def given(kind):
    return OWN | {kind: EMAIL if kind == "email" else PHONE}


# Who loses nothing


def test_who_is_signed_in_keeps_everything(directory, clock, kind, given):
    directory.users.create(id="ada", password=PASSWORD, self_service=True, **given)
    session = directory.sessions.create("ada", PASSWORD).secret
    person = directory.as_session(session)
    enrol(person, clock, "ada")
    for each in ("email", "phone"):
        token = getattr(directory.tokens, f"create_{each}_verification")("ada", print_secret=True).secret
        assert person.tokens.redeem("ada", token, kind=f"{each}-verification")
    user = directory.sessions.get(session).user
    assert (user.email_verified, user.phone_verified, user.totp) == (True, True, True)
    for address in given.values():
        assert directory.sessions.create(address, PASSWORD)


def test_operators_vouch_for_the_addresses_that_they_give(directory, clock, kind, given):
    directory.users.create(id="ada", password=PASSWORD, **given)
    first = directory.sessions.create("ada", PASSWORD).secret
    person = directory.as_session(first)
    person.users.update_password("ada", NEW, current=PASSWORD)
    enrol(person, clock, "ada")
    sign_in(directory, given[kind])
    user = directory.sessions.get(first).user
    assert (user.email, user.phone, user.totp) == (given["email"], given["phone"], True)
    assert getattr(user, f"{kind}_verified")
    assert directory.sessions.create("ada", NEW)


def test_an_import_brings_what_it_brings_as_an_operator_does(directory, tmp_path):
    file = tmp_path / "users.csv"
    file.write_text(f"id,email,phone,password\nada,{EMAIL},{PHONE},{PASSWORD}\n")
    options = {"hash_format": "plain"}
    assert importing.import_users(directory, [str(file)], source="csv", source_options=options).counts["created"] == 1
    session = directory.sessions.create("ada", PASSWORD).secret
    sign_in(directory, EMAIL)
    assert directory.sessions.get(session).user.phone == PHONE
    assert directory.sessions.create("ada", PASSWORD)


def test_setting_the_same_address_again_changes_nothing(directory, kind, given):
    before = directory.users.create(id="ada", password=PASSWORD, **given)
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    same = getattr(person.users, f"update_{kind}")("ada", given[kind], password=PASSWORD)
    assert same.updated_at == before.updated_at
    session = directory.sessions.create("ada", PASSWORD).secret
    sign_in(directory, given[kind])
    assert directory.sessions.get(session)


def test_a_claim_of_a_stranger_opens_nothing_of_the_account_that_was_taken_over(directory, kind, given):
    """Somebody signs up with another's address, and with one that they have themselves."""
    theirs, own = given[kind], given["phone" if kind == "email" else "email"]
    directory.users.create(id="eve", password=PASSWORD, self_service=True, **given)
    victim = sign_in(directory, theirs)
    assert directory.sessions.get(victim.secret).user.id == "eve"
    assert victim.ended == ("password", "phone" if kind == "email" else "email")
    assert directory.users.create(**{"phone" if kind == "email" else "email": own})  # it is free again


# Accounts of before


def test_where_a_person_set_something_before_the_addresses_may_be_the_persons(directory):
    """Who gave an address was not known before schema 0005."""

    def make_older(db):
        storage.backups.clear(db)
        storage.schema.migrate(db, "0004")
        for id, self_service in (("ada", False), ("eve", True)):
            db.sqlalchemy.exec_driver_sql(
                "INSERT INTO users (id, name, email, email_verified, phone_verified, status, labels, prefs, metadata,"
                " mfa, password_must_change, password_self_service, created_at, updated_at)"
                f" VALUES ('{id}', '', '{id}@example.com', false, false, 'active', '[]', '{{}}', '{{}}',"
                f" false, false, {self_service}, 1, 1)"
            )
        storage.schema.migrate(db)

    directory.database.write(make_older)
    found = {id: directory.database.read(partial(storage.users.find, column="id", value=id)) for id in ("ada", "eve")}
    assert {id: user.email_self_service for id, user in found.items()} == {"ada": False, "eve": True}
    assert not any(user.phone_self_service for user in found.values())
