"""Ory Kratos: traits, credentials, and what an answer without credentials does not have."""

import base64
import hashlib
import json

import pytest

from authctl.core import hashing
from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import ImportedTotp, Linked, Refused, Secret

ADA = {
    "id": "9f425a8d-7efc-4768-8f23-7647a74fdf13",
    "schema_id": "default",
    "state": "active",
    "traits": {
        "email": "ada@example.com",
        "phone": "+442079460123",
        "name": {"first": "Ada", "last": "L"},
        "theme": "dark",
    },
    "verifiable_addresses": [
        {"value": "ada@example.com", "verified": True, "via": "email"},
        {"value": "+442079460123", "verified": False, "via": "sms"},
    ],
    "metadata_public": {"plan": "pro"},
    "metadata_admin": {"note": "x"},
    "created_at": "2024-01-01T00:00:00.123456Z",
    "updated_at": "2024-01-02T00:00:00Z",
}
# Of "test-pass" under scrypt with N = 1024, r = 8, p = 1, as Kratos writes it: ln is N, and base64 has its padding.
SCRYPT = "$scrypt$ln=1024,r=8,p=1$c2FsdHNhbHQ=$"


def identities(**credentials):
    return json.dumps([ADA | {"credentials": credentials}]).encode()


def test_traits_and_metadata(read):
    [ada] = read("kratos", identities())
    assert (ada.id, ada.name, ada.email, ada.email_verified) == (ADA["id"], "Ada L", "ada@example.com", True)
    assert (ada.phone, ada.phone_verified, ada.blocked) == ("+442079460123", False, False)
    assert (ada.prefs, ada.metadata) == ({"theme": "dark"}, {"plan": "pro", "note": "x"})
    assert ada.notes == []


def test_traits_of_other_names(read):
    traits = {"mail": "ada@example.com", "full name": "Ada", "login": "ada", "lang": "de"}
    content = json.dumps([ADA | {"traits": traits}]).encode()
    [ada] = read("kratos", content, map='email=mail,name="full name",username=login,locale=lang')
    assert ada.texts == {"locale": "de"}
    assert (ada.email, ada.name, ada.username, ada.prefs, ada.email_verified) == (
        "ada@example.com",
        "Ada",
        "ada",
        {},
        True,
    )
    with pytest.raises(Invalid, match="Unknown trait"):
        read("kratos", content, map="shoe=size")


def test_scrypt_whose_ln_is_n(read):
    key = hashlib.scrypt(b"test-pass", salt=b"saltsalt", n=1024, r=8, p=1, dklen=32)
    [ada] = read(
        "kratos", identities(password={"config": {"hashed_password": SCRYPT + base64.b64encode(key).decode()}})
    )
    found = hashing.accept(ada.password.text, ada.password.hash, ada.password.options)
    assert hashing.verify(found.stored, "test-pass")


def test_everything_else_of_the_credentials(read):
    uri = "otpauth://totp/acme:ada@example.com?algorithm=SHA256&digits=8&issuer=acme&period=60&secret=JBSWY3DPEHPK3PXP"
    [ada] = read(
        "kratos",
        identities(
            oidc={"config": {"providers": [{"provider": "github", "subject": "7"}]}},
            totp={"config": {"totp_url": uri}},
            lookup_secret={
                "config": {
                    "recovery_codes": [{"code": "aaa11111"}, {"code": "bbb22222", "used_at": "2024-01-01T00:00:00Z"}]
                }
            },
            webauthn={"config": {}},
            code={"config": {}},
        ),
    )
    assert ada.identities == [Linked("github", "7")]
    assert ada.totp == [ImportedTotp(b"Hello!\xde\xad\xbe\xef", "ada@example.com", "SHA256", 8, 60)]
    assert (ada.recovery_codes, ada.mfa) == (["aaa11111"], True)
    assert [note.type for note in ada.notes] == ["import_factor_lost"]


def test_credentials_that_were_not_asked_for_are_told(read):
    [ada] = read("kratos", identities(password={"identifiers": ["a"]}, totp={"config": {}}))
    assert [note.type for note in ada.notes] == ["import_password_lost", "import_factor_lost"]
    assert all("include_credential" in note.message for note in ada.notes)


@pytest.mark.parametrize(
    "uri", ["otpauth://totp/x", "otpauth://[", "x" * 1000, "otpauth://totp/x?secret=%00&digits=six"]
)
def test_a_malformed_authenticator_costs_itself_alone(read, uri):
    [ada] = read("kratos", identities(totp={"config": {"totp_url": uri}}))
    assert (ada.email, ada.totp, ada.mfa) == ("ada@example.com", [], None)
    assert [note.type for note in ada.notes] == ["import_factor_lost"]


def test_an_inactive_identity_is_blocked(read):
    assert read("kratos", json.dumps(ADA | {"state": "inactive"}).encode())[0].blocked


def test_it_is_recognised_and_written_for_mending(read, mended):
    content = identities()
    assert sources.recognise(content, "x") == ["kratos"]
    assert read("kratos", mended("kratos", read("kratos", content)))[0].email == "ada@example.com"


def told(item):
    return [(note.type.removeprefix("import_"), note.field, note.value) for note in item.notes]


def identity(**changes):
    return json.dumps([ADA | changes]).encode()


def test_pages_an_envelope_and_lines(read):
    page = {"identities": [ADA], "next_page_token": ""}
    for content in (identity() + identity(), json.dumps(page) * 2, f"{json.dumps(ADA)}\n{json.dumps(ADA)}"):
        found = read("kratos", content if isinstance(content, bytes) else content.encode())
        assert [item.email for item in found] == ["ada@example.com"] * 2


def test_a_batch_of_identities_to_make(read, mended):
    made = {"schema_id": "default", "traits": {"email": "a@example.com"}}
    made["credentials"] = {"password": {"config": {"password": "correct horse"}}}
    content = json.dumps({"identities": [{"create": made, "patch_id": "p7"}, {"create": {"id": 1}}]}).encode()
    ada, other = read("kratos", content)
    assert (ada.id, ada.ref, ada.email, ada.password) == (
        None,
        "p7",
        "a@example.com",
        Secret("correct horse", is_plain=True),
    )
    assert (ada.unread, ada.notes) == ({}, [])
    assert isinstance(other, Refused)
    assert read("kratos", mended("kratos", [ada]))[0].ref == "p7"


def test_what_names_the_user_elsewhere_is_kept(read):
    [ada] = read("kratos", identity(external_id="legacy-9", organization_id="o1", schema_id="customer", region="eu"))
    assert ada.metadata == {"external_id": "legacy-9", "organization_id": "o1", "plan": "pro", "note": "x"}
    assert ada.unread == {"schema_id": "customer", "region": "eu"}


def test_two_kinds_of_metadata_that_disagree(read):
    [ada] = read("kratos", identity(metadata_public={"plan": "pro", "a": 1}, metadata_admin={"plan": "x", "a": 1}))
    assert ada.metadata == {"plan": "x", "a": 1}
    assert told(ada) == [("value_dropped", "metadata_public.plan", "pro")]


def test_addresses_are_compared_by_case_and_punctuation_no_more(read):
    traits = {"email": "Ada@Example.com", "phone": "+44 20 7946 0123"}
    addresses = [{"value": "ada@example.COM", "verified": True}, {"value": "+442079460123", "verified": True}]
    [ada] = read("kratos", identity(traits=traits, verifiable_addresses=addresses, recovery_addresses=addresses))
    assert (ada.email_verified, ada.phone_verified, ada.notes) == (True, True, [])


def test_addresses_beside_the_user_s_own_are_told(read):
    more = [{"value": "b@example.com", "verified": True}, {"value": "c@example.com", "verified": False}]
    [ada] = read("kratos", identity(verifiable_addresses=more, recovery_addresses=[{"value": "d@example.com"}]))
    assert told(ada) == [
        ("value_dropped", "addresses", "b@example.com"),
        ("value_dropped", "addresses", "d@example.com"),
    ]
    assert ada.email_verified is False


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ada", ("ada", None, None)),
        ("a@example.com", (None, "a@example.com", None)),
        ("+442079460123", (None, None, "+442079460123")),
    ],
)
def test_identifiers_are_names_where_no_trait_is(read, name, found):
    password = {"identifiers": [name], "config": {"hashed_password": SCRYPT}}
    content = identity(traits={"nick": "x"}, verifiable_addresses=[], credentials={"password": password})
    [ada] = read("kratos", content)
    assert (ada.username, ada.email, ada.phone) == found
    assert not ada.email_verified
    assert not ada.phone_verified


def test_identifiers_that_are_not_the_traits_are_told(read):
    password = {"identifiers": ["ADA@example.com", "b@example.com"], "config": {"hashed_password": SCRYPT}}
    assert told(read("kratos", identities(password=password))[0]) == [("value_dropped", "identifiers", "b@example.com")]


def test_identities_from_identifiers_and_from_organisations(read):
    token = {"provider": "acme", "subject": "x", "initial_access_token": "marked", "organization": "o1"}
    [ada] = read(
        "kratos",
        identities(
            oidc={"identifiers": ["google:7:8"], "config": {}},
            saml={"identifiers": ["acme:x"], "config": {"providers": [token, {"provider": "github"}]}},
        ),
    )
    assert ada.identities == [Linked("google", "7:8"), Linked("acme", "x")]
    assert told(ada) == [("value_dropped", "identities", {"provider": "github", "subject": ""})]
    assert "marked" not in str(ada)


def test_every_factor_that_is_lost_is_told(read):
    lost = {"webauthn": {"config": {}}, "passkey": {"config": {}}, "lookup_secret": {"config": {}}, "code": {}}
    assert [type for type, _, _ in told(read("kratos", identities(**lost))[0])] == ["factor_lost"] * 3


def test_credentials_of_another_type_are_not_quoted(read):
    for credentials in ("hunter2", {"password": "hunter2"}, {"password": {"config": "hunter2"}}):
        [ada] = read("kratos", identity(credentials=credentials))
        assert "hunter2" not in str(ada)
        assert ada.notes


def test_a_record_of_another_shape_is_refused_by_name(read):
    [refused] = read("kratos", b'[{"id": "a", "email": "a@example.com"}]')
    assert refused.notes[0].message == "The record has no schema_id or traits, so it is not from kratos."
