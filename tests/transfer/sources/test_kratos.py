"""Ory Kratos: traits, credentials, and what an answer without credentials does not have."""

import base64
import hashlib
import json

import pytest

from authctl.core import hashing
from authctl.errors import Invalid
from authctl.transfer import sources
from authctl.transfer.records import ImportedTotp, Linked, Refused

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
    content = json.dumps([ADA | {"traits": {"mail": "ada@example.com", "full name": "Ada", "login": "ada"}}]).encode()
    [ada] = read("kratos", content, map='email=mail,name="full name",username=login')
    assert (ada.email, ada.name, ada.username, ada.prefs, ada.email_verified) == (
        "ada@example.com",
        "Ada",
        "ada",
        {},
        True,
    )
    with pytest.raises(Invalid, match="No trait"):
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
def test_a_malformed_authenticator_refuses_the_record(read, uri):
    [ada] = read("kratos", identities(totp={"config": {"totp_url": uri}}))
    assert isinstance(ada, Refused)
    assert ada.ref == ADA["id"]


def test_an_inactive_identity_is_blocked(read):
    assert read("kratos", json.dumps(ADA | {"state": "inactive"}).encode())[0].blocked


def test_it_is_recognised_and_written_for_mending(read, mended):
    content = identities()
    assert sources.recognise(content, "x") == ["kratos"]
    assert read("kratos", mended("kratos", read("kratos", content)))[0].email == "ada@example.com"
