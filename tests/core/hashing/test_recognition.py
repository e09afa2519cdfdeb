"""What is a hash or a lock is never a password in plain text, and what cannot be checked here is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from authctl import errors
from authctl.core import hashing

HERE = Path(__file__).parent
VECTORS = [
    (vector.get("text") or vector["hash"])
    for name in ("made_vectors.json", "hash_vectors.json")
    for vector in json.loads((HERE / name).read_text())
]


@pytest.mark.parametrize("text", VECTORS)
def test_no_hash_is_plain(text: str) -> None:
    assert hashing.not_plain(text)
    assert hashing.not_plain(f"!{text}")


@pytest.mark.parametrize("text", ["x", "*", "!", "!!", "*LK*", "NP", "!*", "*NP*", "!LOCKED!", f"!{'aB3' * 13}x"])
def test_no_lock_is_plain(text: str) -> None:
    assert "as locked" in (hashing.not_plain(text) or "")
    with pytest.raises(errors.Invalid) as caught:
        hashing.accept(text)
    assert caught.value.type == "password_hash_empty"


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        "correct horse battery staple",
        "$ecret$auce",
        "$2fast4u",
        "!Summer2020",
        "*star*power*",
        "{brackets}rule",
        "Sunflower1234",
        "deadbeef",
        "abc:def",
        "AQAAAA",
        "md5sum-of-nothing",
        "x" * 60,
    ],
)
def test_an_odd_password_is_one(text: str) -> None:
    assert hashing.not_plain(text) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ab1Hv2Lg7ltQo", "a DES crypt hash"),
        ("_9G..8147mpcfKT8g0U.", "a DES crypt hash of BSDi"),
        ("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", "a yescrypt hash"),
        ("$gy$j9T$jqjoxH5OdXbpvNDmrJ7xP0$W4VLGAyIKsyP3SvfWTIkVQP4kKcmUWBWCjQjVsKSiY/", "a gost-yescrypt hash"),
        ("$7$CU..../....abcdefgh$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "an scrypt hash of crypt"),
        ("$3$$8846f7eaee8fb117ad06bdd830b7586c", "an NT hash"),
        ("$md5,rounds=904$GUBv0xjJ$$mSwgIswdjlTY0YxV7HBVm0", "Solaris' md5"),
        ("{NT}8846F7EAEE8FB117AD06BDD830B7586C", "an NT hash"),
        ("{CRYPT}ab1Hv2Lg7ltQo", "a DES crypt hash"),
        ("{CRYPT}_9G..8147mpcfKT8g0U.", "BSDi"),
        ("{CRYPT}$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", "a yescrypt hash"),
        ("SCRAM-SHA-256$4096:c2FsdA==$AAAA:BBBB", "PostgreSQL"),
        ("md5a3556571e93b0d20722ba62be61e8c2d", "PostgreSQL"),
        ("0x0200F733058A07892C5CACE899768F89965F6BD1DED7955FE89E1C9A10E27849B0B213B5CE92CC9347ECCB34C3EFADAF", "SQL"),
        ("S:8F2D65FB5547B71C8DA3760F10960428CD307B1C6271691FC55C1F56554A;T:AA", "Oracle"),
    ],
)
def test_what_cannot_be_checked_is_named(text: str, what: str) -> None:
    for name in (None, "bcrypt") if not text.startswith("{") else (None,):
        with pytest.raises(errors.Invalid) as caught:
            hashing.accept(text, name)
        assert (caught.value.type, what.lower() in caught.value.message.lower()) == ("password_hash_unsupported", True)
    if what != "a DES crypt hash" or "{" in text:  # which many a password looks like
        assert hashing.not_plain(text)


@pytest.mark.parametrize(
    ("name", "what"), [("nt", "An NT hash"), ("NTLM", "An NT hash"), ("des", "A DES crypt"), ("yescrypt", "A yescrypt")]
)
def test_a_name_that_cannot_be_checked_is_named(name: str, what: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        hashing.accept("8846f7eaee8fb117ad06bdd830b7586c", name)
    assert what in caught.value.message
