"""Clerk: its hashers, several addresses in a cell, and the API's answer."""

import base64
import hashlib
import json

import pytest
from doubles.samples import FOLDER

from authctl.core import hashing
from authctl.errors import Invalid
from authctl.transfer.records import Linked, Refused

HEADER = (FOLDER / "clerk-users.csv").read_text("utf-8-sig").splitlines()[0] + "\n"


def row(digest="", hasher="", verified="", unverified=""):
    return (HEADER + f'u1,,,ada,,,"{verified}",{unverified},,,,"{digest}",{hasher}\n').encode()


@pytest.mark.parametrize(
    ("hasher", "digest", "password"),
    [
        ("md5", "5f4dcc3b5aa765d61d8327deb882cf99", "password"),
        ("sha256", "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "password"),
        ("pbkdf2_sha256", "pbkdf2_sha256$1000$c2FsdA==$", "password"),
        ("pbkdf2_sha1", "pbkdf2_sha1$1000$salt$", "password"),
    ],
)
def test_hashers(read, hasher, digest, password):
    if hasher == "pbkdf2_sha256":
        digest += base64.b64encode(hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 1000, 32)).decode()
    if hasher == "pbkdf2_sha1":
        digest += hashlib.pbkdf2_hmac("sha1", password.encode(), b"salt", 1000, 20).hex()
    [ada] = read("clerk", row(digest, hasher))
    found = hashing.accept(ada.password.text, ada.password.hash, ada.password.options)
    assert hashing.verify(found.stored, password)


def test_a_hash_of_symfony(read):
    found = hashlib.sha512(b"password{salt}").digest()
    for _ in range(2):
        found = hashlib.sha512(found + b"password{salt}").digest()
    [ada] = read("clerk", row(f"sha512_symfony$3$salt${base64.b64encode(found).decode()}", "sha512_symfony"))
    accepted = hashing.accept(ada.password.text, ada.password.hash, ada.password.options)
    assert hashing.verify(accepted.stored, "password")
    [bad] = read("clerk", row("00ff", "sha512_symfony"))
    with pytest.raises(Invalid):
        hashing.accept(bad.password.text, bad.password.hash, bad.password.options)


@pytest.mark.parametrize(("hasher", "salt"), [("pbkdf2_sha512", "salt"), ("pbkdf2_sha512_hex", b"salt".hex())])
def test_pbkdf2_of_sha512_in_hex(read, hasher, salt):
    digest = hashlib.pbkdf2_hmac("sha512", b"password", b"salt", 1000).hex()
    [ada] = read("clerk", row(f"{hasher}$1000${salt}${digest}", hasher))
    found = hashing.accept(ada.password.text, ada.password.hash, ada.password.options)
    assert hashing.verify(found.stored, "password")


@pytest.mark.parametrize("hasher", ["md5_salted", "sha256_salted", "new"])
def test_a_hasher_that_is_not_described_is_not_guessed(read, hasher):
    [ada] = read("clerk", row("00ff", hasher))
    assert (ada.password, ada.notes[0].type) == (None, "import_password_lost")


@pytest.mark.parametrize("hasher", ["bcrypt_peppered", "awscognito"])
def test_what_needs_more_than_the_file_is_refused_by_its_name(read, hasher):
    [ada] = read("clerk", row("awscognito#pool#client#ada" if hasher == "awscognito" else "$2b$10$x", hasher))
    with pytest.raises(Invalid) as caught:
        hashing.accept(ada.password.text, ada.password.hash, ada.password.options)
    assert caught.value.type == "password_hash_unsupported"


@pytest.mark.parametrize("between", ["|", ",", " ", ", "])
def test_several_addresses_in_a_cell(read, between):
    [ada] = read("clerk", row(verified=f"a@example.com{between}b@example.com", unverified="c@example.com"))
    assert (ada.email, ada.email_verified) == ("a@example.com", True)
    assert ada.metadata == {"other_emails": ["b@example.com", "c@example.com"]}


def test_the_api_s_answer(read):
    user = {
        "id": "user_1",
        "first_name": "Ada",
        "primary_email_address_id": "e2",
        "email_addresses": [
            {"id": "e1", "email_address": "old@example.com", "verification": None},
            {"id": "e2", "email_address": "ada@example.com", "verification": {"status": "verified"}},
        ],
        "external_accounts": [
            {
                "provider": "oauth_google",
                "provider_user_id": "108",
                "email_address": "ada@gmail.com",
                "verification": {"status": status},
            }
            for status in ("unverified", "verified")
        ],
        "public_metadata": {"plan": "pro"},
        "private_metadata": {"note": "x"},
        "unsafe_metadata": {"theme": "dark"},
        "banned": True,
        "created_at": 1704067200000,
        "password_enabled": True,
        "totp_enabled": True,
    }
    [ada] = read("clerk", json.dumps([user]).encode())
    assert (ada.email, ada.email_verified, ada.blocked, ada.created_at.year) == ("ada@example.com", True, True, 2024)
    assert ada.metadata == {"plan": "pro", "note": "x", "other_emails": ["old@example.com"]}
    assert (ada.prefs, ada.identities) == (
        {"theme": "dark"},
        [
            Linked("google", "108", "ada@gmail.com"),
            Linked("google", "108", "ada@gmail.com", email_verified=True),
        ],
    )
    assert [note.type for note in ada.notes] == ["import_password_lost", "import_factor_lost"]


def test_the_api_s_answer_of_today(read):
    [ann] = read("clerk", "real/clerk-api.json")
    assert ann.identities == [Linked("google", "1122", "a@example.com", email_verified=True)]
    assert ann.metadata == {"external_id": "legacy-17", "image_url": "https://img", "role": "admin"}
    assert (ann.blocked, ann.notes[0].field) == (False, "locked")
    assert list(ann.unread) == ["web3_wallets"]


def test_users_of_the_javascript_sdk(read):
    [kai] = read("clerk", "real/clerk-sdk.json")
    assert (kai.id, kai.username, kai.name, kai.email, kai.email_verified) == (
        "user_3js",
        "kai",
        "Kai Ito",
        "kai@example.com",
        True,
    )
    assert (kai.phone, kai.mfa, kai.created_at.year) == ("+14155550177", True, 2024)
    assert kai.identities == [Linked("github", "5551", "kai@example.com", email_verified=True)]
    assert kai.metadata == {
        "external_id": "crm-7",
        "legal_accepted_at": 1716400000001,
        "companyRole": "owner",
        "stripeId": "cus_1",
        "other_emails": ["kai.old@example.com"],
    }
    assert (kai.prefs, kai.texts) == ({"colorScheme": "dark"}, {"locale": "ja"})
    assert kai.unread.keys() == {"saml_accounts", "last_active_at"}


def test_a_second_factor_goes_to_the_own_phone(read):
    phones = [
        {"id": id, "phone_number": number, "reserved_for_second_factor": True, "verification": {"status": "verified"}}
        for id, number in (("p1", "+14155550101"), ("p2", "+14155550102"))
    ]
    user = {"id": "u", "email_addresses": [], "primary_phone_number_id": "p1", "phone_numbers": phones}
    [found] = read("clerk", json.dumps([user]).encode())
    assert (found.mfa, [note.type for note in found.notes]) == (True, ["import_factor_lost"])


def test_a_secret_that_is_no_base32_costs_the_factor_alone(read):
    content = (HEADER + "u1,,,ada,ada@example.com,,,,,,no base32!,,\n").encode()
    [ada] = read("clerk", content)
    assert (ada.totp, ada.mfa, ada.notes[-1].type) == ([], False, "import_factor_lost")


@pytest.mark.parametrize("record", [{"id": "u1", "email": "a@example.com"}, {"email_addresses": []}])
def test_a_record_of_another_shape_is_refused(read, record):
    [item] = read("clerk", json.dumps([record]).encode())
    assert isinstance(item, Refused)
