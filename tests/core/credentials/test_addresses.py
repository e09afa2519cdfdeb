"""Addresses as people and operators give them: who is signed in, and what operators say, loses nothing; and accounts of
versions before. On both databases."""

from functools import partial

import pyotp
import pytest

from authctl import storage
from authctl.core import hashing
from authctl.core.hashing import Parameters
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


ROW = (
    "INSERT INTO users (id, name, email, email_verified, email_self_service, phone, phone_verified, status, labels,"
    " prefs, metadata, mfa, password_hash, password_algorithm, password_updated_at, password_must_change,"
    " password_self_service, created_at, updated_at) VALUES ('{id}', '', {email}, {verified}, {self_service}, {phone},"
    " {has_phone}, 'active', '[]', '{{}}', '{{}}', false, '{hash}', 'argon2id', 1, false, {self_service}, 1, 1)"
)
# Every kind of account: how its email stands, and whether it has another proof.
KINDS = {
    "proved": {"email": True, "verified": True},
    "given": {"email": True},
    "claimed": {"email": True, "self_service": True},
    "proved-by-phone": {"email": True, "self_service": True, "has_phone": True},
    "given-with-phone": {"email": True, "has_phone": True},
    "linked": {"email": True, "self_service": True, "identity": True},
    "nameless": {},
}


def make_older(db):
    """A directory of the version before, with every kind of account, each with a password."""
    hash = hashing.hash_new(PASSWORD, parameters=Parameters(time_cost=1, memory_cost=8, parallelism=1), salt=bytes(16))
    storage.backups.clear(db)
    storage.schema.migrate(db, "0009")
    for number, (id, has) in enumerate(KINDS.items(), 1):
        email, phone = f"{id}@example.com", f"+1425555010{number}"
        flags = {name: str(has.get(name, False)).lower() for name in ("verified", "self_service", "has_phone")}
        texts = {
            "email": f"'{email}'" if "email" in has else "NULL",
            "phone": f"'{phone}'" if "has_phone" in has else "NULL",
        }
        run = db.sqlalchemy.exec_driver_sql
        run(ROW.format(id=id, hash=hash, **flags, **texts))
        run(f"INSERT INTO user_names (name, user_seq) VALUES ('{id}', {number})")
        if "email" in has:
            run(f"INSERT INTO addresses (address, user_seq) VALUES ('{email}', {number})")
        if "identity" in has:
            run(
                "INSERT INTO identities (id, user_seq, provider, provider_uid, created_at)"
                f" VALUES ('i{number}', {number}, 'github', '{id}', 1)"
            )
    storage.schema.migrate(db)
    storage.backups.finish(db)


@pytest.fixture
def migrated(directory):
    fingerprint = directory.state.key_fingerprint
    directory.database.write(make_older)
    directory.database.write(partial(storage.schema.set_key_fingerprint, fingerprint=fingerprint))
    directory.forget()
    return directory


@pytest.mark.parametrize("id", KINDS)
def test_everybody_signs_in_as_before(migrated, id):
    email, has = f"{id}@example.com", KINDS[id]
    assert migrated.sessions.create(id, PASSWORD)
    if "email" in has:
        assert migrated.sessions.create(email, PASSWORD).session.user_id == id
        assert sign_in(migrated, email).session.user_id == id
    if "identity" in has:
        assert migrated.sessions.create_with_identity("github", id).session.user_id == id
    if "has_phone" in has:
        assert sign_in(migrated, migrated.users.get(id).phone).session.user_id == id


def test_nothing_is_pending_or_made_for_a_code(migrated):
    for user in migrated.users.iterate():
        assert (user.pending_email, user.pending_phone, user.requested) == (None, None, False)
    migrated.security.purge()
    assert migrated.users.count() == len(KINDS)


@pytest.mark.parametrize("id", ["proved-by-phone", "linked"])
def test_a_claim_of_an_account_with_another_proof_takes_nothing_over(migrated, id):
    assert sign_in(migrated, f"{id}@example.com").more_factors_required
    assert migrated.sessions.create(id, PASSWORD)


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
