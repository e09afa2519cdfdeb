"""Addresses that people give themselves: whoever signs up with another's address keeps nothing once its owner is here,
and who is signed in loses nothing. On both databases."""

from functools import partial

import pyotp
import pytest

from authctl import storage
from authctl.errors import Denied, NotFound
from authctl.transfer import importing

PASSWORD, NEW = "correct horse battery", "another fine password"
EMAIL, PHONE = "ada@example.com", "+14255550123"
OWN = {"email": "eve@example.com", "phone": "+14255550199"}


def refusal(error, call, *args, **kwargs):
    with pytest.raises(error) as refused:
        call(*args, **kwargs)
    return refused.value.type


def code(directory, address, **options):
    """The code or link that signs in at that address."""
    create = directory.tokens.create_email if "@" in address else directory.tokens.create_phone
    return create(address, print_secret=True, **options).secret


def sign_in(directory, address):
    secret = code(directory, address, create=False)
    return directory.tokens.redeem(address, secret, kind="email" if "@" in address else "phone")


def verification(directory, user, kind):
    create = getattr(directory.tokens, f"create_{kind}_verification")
    return create(user, print_secret=True).secret


def enrol(directory, clock, user):
    totp = pyotp.parse_uri(directory.mfa.create_authenticator(user).uri)
    directory.mfa.verify_authenticator(user, totp.at(clock.now))
    clock.forward(seconds=30)
    return totp


def details(directory, kind):
    return directory.security.list_logs(events=[f"users.update.{kind}_verification"])[0].details


@pytest.fixture(params=["email", "phone"])
def kind(request):
    """Which address is the victim's; the other one is the stranger's own."""
    return request.param


@pytest.fixture
def given(kind):
    """The addresses that the stranger signs up with."""
    return OWN | {kind: EMAIL if kind == "email" else PHONE}


@pytest.fixture
def theirs(kind, given):
    return given[kind]


@pytest.fixture
def own(kind, given):
    return given["phone" if kind == "email" else "email"]


@pytest.fixture
def stranger(directory, given, own):
    """Has signed up with somebody's address and another that is verified; the session's secret."""
    directory.users.create(id="eve", password=PASSWORD, self_service=True, **given)
    secret = directory.sessions.create("eve", PASSWORD).secret
    other = "phone" if own.startswith("+") else "email"
    token = verification(directory, "eve", other)
    assert directory.as_session(secret).tokens.redeem("eve", token, kind=f"{other}-verification")
    return secret


# A stranger


def test_whoever_proves_the_address_finds_no_door_left_open(directory, clock, kind, theirs, own, stranger):
    eve = directory.as_session(stranger)
    enrol(eve, clock, "eve")
    eve.mfa.create_recovery_codes("eve")
    changes = {
        "email-change": directory.tokens.create_email_change("eve", "mallory@example.com", print_secret=True).secret,
        "phone-change": directory.tokens.create_phone_change("eve", "+14255550177", print_secret=True).secret,
    }
    code_in_hand = code(directory, own)
    clock.forward(minutes=1)
    victim = sign_in(directory, theirs)
    assert not victim.more_factors_required
    user = directory.sessions.get(victim.secret).user
    assert (user.email, user.phone) == ((theirs, None) if kind == "email" else (None, theirs))
    assert (user.password, user.totp, user.recovery_code, user.mfa) == (None, False, False, False)
    assert refusal(Denied, directory.sessions.get, stranger) == "user_unauthorized"
    assert refusal(Denied, directory.sessions.create, "eve", PASSWORD) == "user_invalid_credentials"
    for secret, token in (
        (code_in_hand, "phone" if kind == "email" else "email"),
        *((s, k) for k, s in changes.items()),
    ):
        assert refusal(Denied, directory.tokens.redeem, "eve", secret, kind=token) == "user_invalid_token"
    assert refusal(NotFound, code, directory, own, create=False) == "user_not_found"
    log = details(directory, kind)
    assert (log["password"], log["factors"], log["sessions_ended"]) == ("ended", "ended", 1)
    assert log["phone" if kind == "email" else "email"] == {"before": own, "after": None}
    assert directory.users.create(**{"phone" if kind == "email" else "email": own})  # it is free again


@pytest.mark.parametrize("way", ["verification", "recovery", "magic-url", "invitation"])
def test_every_code_that_proves_the_address_ends_it(directory, way):
    directory.users.create(id="eve", password=PASSWORD, self_service=True, **(OWN | {"email": EMAIL}))
    stranger = sign_in(directory, OWN["phone"]).secret
    directory.as_session(stranger).users.update_email("eve", EMAIL)
    if way == "verification":
        secret = verification(directory, "eve", "email")
        directory.tokens.redeem("eve", secret, kind="email-verification")
    elif way == "recovery":
        secret = directory.tokens.create_recovery("eve", print_secret=True).secret
        directory.tokens.redeem("eve", secret, kind="recovery", new_password=NEW)
        assert directory.sessions.create(EMAIL, NEW)
    elif way == "magic-url":
        secret = directory.tokens.create_magic_url(EMAIL, print_secret=True).secret
        assert directory.tokens.redeem(EMAIL, secret, kind="magic-url")
    else:
        directory.teams.create("Teachers", id="teachers")
        added = directory.teams.create_membership("teachers", email=EMAIL, print_secret=True)
        directory.teams.update_membership_status("teachers", "eve", "eve", added.secret)
    user = directory.users.get("eve")
    assert (user.email, user.email_verified, user.phone) == (EMAIL, True, None)
    assert refusal(Denied, directory.sessions.get, stranger) == "user_unauthorized"
    assert refusal(Denied, directory.sessions.create, "eve", PASSWORD) == "user_invalid_credentials"


@pytest.mark.parametrize("account", ["phone", "anonymous", "identity"])
def test_it_does_not_matter_how_the_account_was_made(directory, account):
    if account == "phone":
        code(directory, OWN["phone"])
        stranger = sign_in(directory, OWN["phone"]).secret
    elif account == "anonymous":
        stranger = directory.sessions.create_anonymous().secret
    else:
        stranger = directory.sessions.create_with_identity("github", "eve", email=EMAIL).secret
    id = directory.sessions.get(stranger).user.id
    eve = directory.as_session(stranger)
    if account != "identity":
        eve.users.update_email(id, EMAIL)
    victim = sign_in(directory, EMAIL)
    assert directory.sessions.get(victim.secret).user.id == id
    assert refusal(Denied, directory.sessions.get, stranger) == "user_unauthorized"
    assert directory.users.get(id).phone is None
    assert directory.users.list_identities(id) == []


def test_an_address_that_the_stranger_changed_to_goes_too(directory):
    directory.users.create(id="eve", email=OWN["email"], password=PASSWORD, self_service=True)
    eve = directory.as_session(directory.sessions.create("eve", PASSWORD).secret)
    token = verification(directory, "eve", "email")
    eve.tokens.redeem("eve", token, kind="email-verification")
    secret = directory.tokens.create_email_change("eve", "mallory@example.com", print_secret=True).secret
    directory.tokens.redeem("eve", secret, kind="email-change")
    eve.users.update_phone("eve", PHONE, password=PASSWORD)
    assert sign_in(directory, PHONE)
    assert directory.users.get("eve").email is None


# The person


def test_who_is_signed_in_keeps_everything(directory, clock, kind, theirs, own, stranger):
    """It is the stranger's own address after all: the session proves the one, and the code the other."""
    person = directory.as_session(stranger)
    enrol(person, clock, "eve")
    token = verification(directory, "eve", kind)
    assert person.tokens.redeem("eve", token, kind=f"{kind}-verification")
    user = directory.sessions.get(stranger).user
    assert (user.email_verified, user.phone_verified, user.totp) == (True, True, True)
    assert directory.sessions.create(own, PASSWORD)
    assert directory.sessions.create(theirs, PASSWORD)


def test_operators_vouch_for_the_addresses_that_they_give(directory, clock, kind, given):
    directory.users.create(id="ada", password=PASSWORD, **given)
    first = directory.sessions.create("ada", PASSWORD).secret
    person = directory.as_session(first)
    person.users.update_password("ada", NEW, current=PASSWORD)
    enrol(person, clock, "ada")
    sign_in(directory, given["phone" if kind == "email" else "email"])
    sign_in(directory, given[kind])
    user = directory.sessions.get(first).user
    assert (user.email, user.phone, user.totp) == (given["email"], given["phone"], True)
    assert (user.email_verified, user.phone_verified) == (True, True)
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


def test_what_operators_set_or_say_stays(directory, kind, theirs, own, stranger):
    other = "phone" if kind == "email" else "email"
    getattr(directory.users, f"update_{other}_verification")("eve", True)
    directory.users.update_password("eve", NEW)
    sign_in(directory, theirs)
    assert getattr(directory.users.get("eve"), other) == own
    assert directory.sessions.create("eve", NEW)


def test_a_change_that_was_asked_for_ends_nothing(directory):
    """The person gave the password for it, and has proved another address."""
    directory.users.create(id="ada", email=EMAIL, phone=PHONE, password=PASSWORD, self_service=True)
    session = directory.sessions.create("ada", PASSWORD).secret
    for kind in ("email", "phone"):
        token = verification(directory, "ada", kind)
        directory.as_session(session).tokens.redeem("ada", token, kind=f"{kind}-verification")
    secret = directory.tokens.create_email_change("ada", OWN["email"], print_secret=True).secret
    assert directory.tokens.redeem("ada", secret, kind="email-change").phone == PHONE
    assert directory.sessions.get(session)


def test_setting_the_same_address_again_changes_nothing(directory, kind, given):
    before = directory.users.create(id="ada", password=PASSWORD, **given)
    person = directory.as_session(directory.sessions.create("ada", PASSWORD).secret)
    same = getattr(person.users, f"update_{kind}")("ada", given[kind], password=PASSWORD)
    assert same.updated_at == before.updated_at
    session = directory.sessions.create("ada", PASSWORD).secret
    sign_in(directory, given[kind])
    assert directory.sessions.get(session)


@pytest.mark.parametrize("way", ["sign-in", "verification", "recovery", "invitation"])
def test_a_mailbox_alone_does_not_get_round_two_factors(directory, clock, way):
    """A mistyped address is somebody's, too."""
    directory.users.create(id="ada", phone=PHONE, password=PASSWORD, self_service=True)
    session = sign_in(directory, PHONE).secret
    person = directory.as_session(session)
    enrol(person, clock, "ada")
    person.mfa.enable("ada")
    person.users.update_email("ada", EMAIL)
    before = directory.users.get("ada")
    if way == "invitation":
        directory.teams.create("Teachers", id="teachers")
        secret = directory.teams.create_membership("teachers", email=EMAIL, print_secret=True).secret
        accept = directory.teams.update_membership_status
        assert refusal(Denied, accept, "teachers", "ada", "ada", secret) == "user_more_factors_required"
        assert not directory.teams.get_membership("teachers", "ada").is_confirmed
    else:
        kind = {"sign-in": "email", "verification": "email-verification", "recovery": "recovery"}[way]
        create = directory.tokens.create_recovery if way == "recovery" else directory.tokens.create_email_verification
        secret = code(directory, EMAIL) if way == "sign-in" else create("ada", print_secret=True).secret
        new = {"new_password": NEW} if way == "recovery" else {}
        refused = refusal(Denied, directory.tokens.redeem, "ada", secret, kind=kind, **new)
        assert refused == "user_more_factors_required"
        if way == "verification":
            assert person.tokens.redeem("ada", secret, kind=kind).email_verified
            before = directory.users.get("ada")
    assert directory.users.get("ada") == before
    assert directory.sessions.get(session)


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
