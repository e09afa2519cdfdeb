"""Keycloak: credentials as JSON texts, authenticators in two encodings, and who is no person."""

import json

import pytest

from authctl.core import hashing
from authctl.transfer.records import ImportedTotp, Member, Secret, Skipped

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


def test_a_phone_among_the_attributes(read):
    [user] = read("keycloak", realm(attributes={"mobile": ["+44 20 7946 0123"], "team": ["a", "b"], "locale": ["de"]}))
    assert (user.phone, user.phone_verified, user.metadata) == (
        "+44 20 7946 0123",
        None,
        {"team": ["a", "b"], "locale": "de"},
    )


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
