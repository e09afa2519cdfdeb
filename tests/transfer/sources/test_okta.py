"""Okta: statuses, where passwords are, and hashes in files that were written to create users with."""

import json

import pytest
from doubles.samples import FOLDER

from authctl.core import hashing
from authctl.transfer import sources
from authctl.transfer.records import Skipped

VECTORS = FOLDER.parent.parent / "core" / "hashing" / "hash_vectors.json"
OKTA = [vector for vector in json.loads(VECTORS.read_text()) if vector["format"] == "okta"]


def user(status="ACTIVE", hash=None, **profile):
    password = {"hash": hash} if hash else {}
    body = {
        "id": "00u1",
        "status": status,
        "profile": {"login": "ada@example.com", "email": "ada@example.com"} | profile,
    }
    return json.dumps([body | {"credentials": {"password": password, "provider": {"type": "OKTA"}}}]).encode()


@pytest.mark.parametrize(
    ("status", "blocked", "must_change"),
    [
        ("ACTIVE", False, False),
        ("STAGED", False, False),
        ("SUSPENDED", True, False),
        ("LOCKED_OUT", False, True),
        ("RECOVERY", False, True),
    ],
)
def test_statuses(read, status, blocked, must_change):
    [ada] = read("okta", user(status))
    assert (ada.blocked, ada.must_change) == (blocked, must_change)


def test_who_is_deactivated_is_skipped(read):
    assert isinstance(read("okta", user("DEPROVISIONED"))[0], Skipped)


@pytest.mark.parametrize("vector", OKTA, ids=lambda vector: vector["id"])
def test_the_published_hashes(read, vector):
    given = vector["params"] | {"value": vector["hash"], "salt": vector["salt"]}
    [ada] = read("okta", user(hash=given))
    found = hashing.accept(ada.password.text, ada.password.hash, ada.password.options)
    assert hashing.verify(found.stored, vector["password"])


def test_bcrypt_in_parts(read):
    given = {
        "algorithm": "BCRYPT",
        "workFactor": 5,
        "salt": "/OK.fbVrR/bpIqNJ5ianF.",
        "value": "CE5elHaaO4EbggVDjb8P19RukzXSM3e",
    }
    [ada] = read("okta", user(hash=given))
    assert ada.password.text == "$2a$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"


def test_the_rest_of_the_profile_is_metadata(read):
    [ada] = read("okta", user(department="R&D", secondEmail=None, mobilePhone="+442079460123"))
    assert (ada.metadata, ada.phone) == ({"department": "R&D"}, "+442079460123")


@pytest.mark.parametrize(
    ("profile", "locale", "rest"),
    [
        ({"preferredLanguage": "de", "locale": "en_US"}, "de", {"locale": "en_US"}),
        ({"locale": "en_US"}, "en_US", {}),
        ({}, None, {}),
    ],
)
def test_the_language_that_somebody_prefers_goes_before_the_locale(read, profile, locale, rest):
    [ada] = read("okta", user(**profile))
    assert (ada.texts, ada.metadata) == ({"locale": locale}, rest)


def test_emails_are_compared_without_case(read):
    given = user()
    [record] = json.loads(given)
    record["profile"]["email"] = "Ada@Example.com"
    record["credentials"]["emails"] = [{"value": "ada@example.COM", "status": "VERIFIED", "type": "PRIMARY"}]
    [ada] = read("okta", json.dumps([record]).encode())
    assert ada.email_verified


def test_the_csv_template(read, samples):
    [ann] = read("okta", "real/okta.csv")
    assert (ann.name, ann.email, ann.phone, ann.blocked) == ("Ann B", "ann@example.com", "+14155550100", False)
    [bob] = read("okta", b"login,firstName,lastName,email,status,costCenter\nbob,Bob,B,b@example.com,SUSPENDED,7\n")
    assert (bob.username, bob.blocked, bob.metadata) == ("bob", True, {"costCenter": "7"})
    assert sources.recognise((samples / "real/okta.csv").read_bytes(), "okta.csv") == ["okta"]
