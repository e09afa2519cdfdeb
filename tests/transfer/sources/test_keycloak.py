"""Keycloak: credentials as JSON texts, authenticators in two encodings, and who is no person."""

import json

import pytest

from authctl.core import hashing
from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import ImportedTotp, Linked, Member, Refused, Secret, Skipped

OTP = {"subType": "totp", "digits": 8, "period": 60, "algorithm": "HmacSHA256"}


def realm(**user):
    return json.dumps(
        {"realm": "acme", "users": [{"id": "a", "username": "ada", "email": "ada@example.com"} | user]}
    ).encode()


def credential(type, secret, data, **more):
    return {"type": type, "secretData": json.dumps(secret), "credentialData": json.dumps(data)} | more


@pytest.mark.parametrize(
    ("value", "encoding", "key"),
    [
        ("Quohp7t2mrLMUwft3g90", {}, b"Quohp7t2mrLMUwft3g90"),
        ("JBSWY3DPEHPK3PXP", {"secretEncoding": "BASE32"}, b"Hello!\xde\xad\xbe\xef"),
    ],
)
def test_authenticators_in_both_encodings(read, value, encoding, key):
    [user] = read(
        "keycloak", realm(credentials=[credential("otp", {"value": value}, OTP | encoding, userLabel="phone")])
    )
    assert user.totp == [ImportedTotp(key, "phone", "SHA256", 8, 60)]
    assert user.mfa


def test_what_cannot_come_along_is_told(read):
    hotp = credential("otp", {"value": "x"}, {"subType": "hotp"})
    [user] = read("keycloak", realm(credentials=[hotp, {"type": "webauthn"}, credential("otp", {}, OTP)]))
    assert (user.totp, user.mfa) == ([], None)
    assert [note.type for note in user.notes] == ["import_factor_lost"] * 3


def test_the_form_before_version_8(read):
    old = {
        "type": "password",
        "hashedSaltedValue": "b" * 86 + "==",
        "salt": "c2FsdA==",
        "hashIterations": 27500,
        "algorithm": "pbkdf2-sha256",
    }
    [user] = read("keycloak", realm(credentials=[old]))
    found = hashing.accept(user.password.text, user.password.hash, user.password.options)
    assert found.algorithm == "pbkdf2-sha256"


def test_a_password_in_clear_is_one_where_the_format_says_so(read):
    [user] = read("keycloak", realm(credentials=[{"type": "password", "value": "correct horse", "temporary": True}]))
    assert user.password == Secret("correct horse", is_plain=True)
    assert user.must_change


@pytest.mark.parametrize("secret", ["{not json", "[1]", '{"value": 7.5}', "{}", '{"value": []}'])
def test_a_malformed_password_costs_itself_alone(read, secret):
    [user] = read("keycloak", realm(credentials=[{"type": "password", "secretData": secret, "credentialData": "{}"}]))
    assert (user.username, user.password) == ("ada", None)
    assert [note.type for note in user.notes] == ["import_password_lost"]


def test_roles_and_groups_on_request(read):
    content = realm(
        realmRoles=["default-roles-acme", "offline_access", "admin"],
        clientRoles={"account": ["manage-account"], "shop": ["buyer"]},
        groups=["/staff/editors"],
    )
    [left] = read("keycloak", content)
    assert (left.labels, left.members) == (None, [])
    assert read("keycloak", content, roles="labels")[0].labels == ("admin", "buyer")
    assert read("keycloak", content, groups="labels")[0].labels == ("editors",)
    assert read("keycloak", content, groups="teams")[0].members == [Member(None, "staff/editors")]


@pytest.mark.parametrize(
    "more", [{"serviceAccountClientId": "api"}, {"serviceAccountClientLink": "x"}, {"username": "service-account-api"}]
)
def test_service_accounts_are_skipped(read, more):
    assert isinstance(read("keycloak", realm(**more))[0], Skipped)


def test_a_phone_and_a_language_among_the_attributes(read):
    [user] = read("keycloak", realm(attributes={"mobile": ["+44 20 7946 0123"], "team": ["a", "b"], "locale": ["de"]}))
    assert (user.phone, user.phone_verified, user.texts) == ("+44 20 7946 0123", None, {"locale": "de"})
    assert user.metadata == {"team": ["a", "b"]}


def test_a_username_that_is_an_email(read):
    assert read("keycloak", realm(username="ada@example.com"))[0].username is None
    [other] = read("keycloak", realm(username="other@example.com"))
    assert (other.username, other.email, other.notes[0].field) == (None, "ada@example.com", "username")


def test_users_far_behind_in_the_realm(read):
    big = {
        "realm": "acme",
        "clients": [{"clientId": f"c{n}", "name": "x" * 100} for n in range(10_000)],
        "users": [{"id": "a", "username": "ada"}],
    }
    assert [item.ref for item in read("keycloak", json.dumps(big).encode())] == ["a"]


def told(item):
    return [(note.type.removeprefix("import_"), note.field, note.value) for note in item.notes]


def test_nulls_are_nothing(read):
    names = "email firstName attributes credentials requiredActions realmRoles groups federatedIdentities totp"
    [user] = read("keycloak", realm(**dict.fromkeys(names.split()), enabled=True, emailVerified=True))
    assert (user.email, user.email_verified, user.metadata) == (None, None, {})
    assert (user.notes, user.unread) == ([], {})


def test_what_keycloak_makes_for_its_own_use_is_no_loss(read):
    more = {
        "access": {"manage": True},
        "notBefore": 7,
        "disableableCredentialTypes": ["otp"],
        "origin": "x",
        "realmRoles": ["default-roles-acme", "uma_authorization"],
        "clientRoles": {"account": ["view-profile"]},
        "requiredActions": ["VERIFY_EMAIL"],
        "credentials": [credential("password-history", {"value": "x"}, {})],
    }
    [user] = read("keycloak", realm(**more))
    assert (user.notes, user.unread) == ([], {})


def test_what_is_left_is_named_with_the_option_that_takes_it(read):
    more = {"realmRoles": ["admin"], "groups": ["/staff"], "clientRoles": {"shop": ["buyer"]}, "socialLinks": [1]}
    [user] = read("keycloak", realm(**more))
    assert user.unread == more
    assert sources.load("keycloak").takes.keys() == more.keys() - {"socialLinks"}
    [user] = read("keycloak", realm(**more), roles="labels", groups="teams")
    assert user.unread.keys() == {"socialLinks"}


def test_roles_that_no_label_can_be_are_told(read):
    [user] = read("keycloak", realm(realmRoles=["ROLE_USER", "admin", "shop_manager"]), roles="labels")
    assert user.labels == ("admin",)
    assert told(user) == [("value_dropped", "labels", "ROLE_USER"), ("value_dropped", "labels", "shop_manager")]


@pytest.mark.parametrize(
    ("path", "label", "team"),
    [("/staff/editors", "editors", "staff/editors"), ("/R~/D", "R/D", "R/D"), ("staff", "staff", "staff")],
)
def test_groups_in_groups(read, path, label, team):
    [user] = read("keycloak", realm(groups=[path]), groups="labels")
    assert label in (user.labels or [each.value for each in user.notes])
    assert read("keycloak", realm(groups=[path]), groups="teams")[0].members == [Member(None, team)]


def test_an_attribute_with_several_values_or_none(read):
    numbers = ["+442079460123", "+442079460124"]
    [user] = read("keycloak", realm(attributes={"phoneNumber": numbers, "x": [], "y": [""], "z": None, "n": ["1", ""]}))
    assert (user.phone, user.notes) == ("+442079460123", [])
    assert user.metadata == {"phoneNumber": numbers, "n": "1"}


def test_an_identity_without_its_number_costs_itself_alone(read):
    whole = {"identityProvider": "google", "userId": "7", "userName": "a@example.com"}
    [user] = read("keycloak", realm(federatedIdentities=[whole, {"identityProvider": "github", "userName": "ada"}]))
    assert user.identities == [Linked("google", "7", "a@example.com")]
    [(type, field, value)] = told(user)
    assert (type, field, value["userName"]) == ("value_dropped", "federatedIdentities", "ada")


@pytest.mark.parametrize(
    ("more", "lost"),
    [
        ({"disableableCredentialTypes": ["password"]}, ["password_lost"]),
        ({"totp": True}, ["factor_lost"]),
        ({"totp": True, "credentials": [credential("otp", {"value": "Quohp7t2mrLMUwft3g90"}, OTP)]}, []),
        ({"requiredActions": ["CONFIGURE_TOTP", "UPDATE_PASSWORD"]}, ["value_dropped"]),
    ],
)
def test_what_a_user_has_and_the_answer_has_not_is_told(read, more, lost):
    assert [type for type, _, _ in told(read("keycloak", realm(**more))[0])] == lost


def test_a_temporary_hash_must_be_changed(read):
    secret = credential("password", {"value": "aGFzaA==", "salt": "c2FsdA=="}, {"algorithm": "pbkdf2-sha256"})
    assert read("keycloak", realm(credentials=[secret | {"temporary": True}]))[0].must_change
    assert not read("keycloak", realm(credentials=[secret | {"temporary": False}]))[0].must_change


def test_a_record_of_another_shape_is_refused_by_name(read):
    content = json.dumps([{"uid": "alice1", "email": "a@example.com", "createdTimestamp": 1}]).encode()
    [refused] = read("keycloak", content)
    assert isinstance(refused, Refused)
    assert refused.notes[0].message == "The record has no username, so it is not from keycloak."


def test_federated_users_of_an_export_are_people_elsewhere(read):
    content = json.dumps({"realm": "acme", "federatedUsers": [{"id": "f:1:ada", "realmRoles": ["x"]}]}).encode()
    [skipped] = read("keycloak", content)
    assert (type(skipped), skipped.ref) == (Skipped, "f:1:ada")


def test_credentials_of_another_type_are_not_quoted(read):
    [user] = read("keycloak", realm(credentials="hunter2"))
    assert "hunter2" not in str(user)


def test_a_realm_without_users_is_no_list_of_them(read):
    with pytest.raises(Invalid) as refused:
        read("keycloak", json.dumps({"realm": "acme", "sslRequired": "external", "roles": {"realm": []}}).encode())
    said = "The file is one object without a list of users called federatedUsers or users."
    assert str(refused.value) == said
