"""The interface: making, checking, describing, replacing and wrapping stored hashes."""

from __future__ import annotations

import hashlib
from unittest import mock

import pytest

from authctl import errors
from authctl.core import hashing
from authctl.core.hashing import argon2, base

CHEAP = hashing.Parameters(time_cost=1, memory_cost=64, parallelism=1)
SALT = bytes(range(16))
UMLAUT = "pässwörd-✓-日本語"


def test_a_new_hash_is_argon2id_and_matches_its_password_only() -> None:
    stored = hashing.hash_new(UMLAUT, parameters=CHEAP, salt=SALT)
    assert stored.startswith("$argon2id$v=19$m=64,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$")
    assert hashing.verify(stored, UMLAUT)
    assert not hashing.verify(stored, UMLAUT + " ")


def test_todays_parameters_are_those_of_rfc_9106() -> None:
    assert hashing.Parameters(time_cost=3, memory_cost=64 * 1024, parallelism=4, tag_size=32) == hashing.TODAY


def test_a_new_password_is_never_cut() -> None:
    long = "x" * 256
    stored = hashing.hash_new(long, parameters=CHEAP, salt=SALT)
    assert hashing.verify(stored, long)
    assert not hashing.verify(stored, long[:72])


# As typed → in NFC: UAX #15 figures 3 (singletons), 4 (composites), 5 (several marks) and 6 (compatibility), and the
# syllables of Unicode's chapter 3.12. What is read here is in no editor's hands: escapes alone.
FORMS = {
    "\u212b": "\u00c5",
    "\u2126": "\u03a9",
    "A\u030a": "\u00c5",
    "o\u0302": "\u00f4",
    "s\u0323\u0307": "\u1e69",
    "\u1e0b\u0323": "\u1e0d\u0307",
    "q\u0307\u0323": "q\u0323\u0307",
    "\ufb01": "\ufb01",
    "2\u2075": "2\u2075",
    "\u017f\u0323\u0307": "\u1e9b\u0323",
    "\u1111\u1171\u11b6": "\ud4db",
}


@pytest.mark.parametrize(("typed", "nfc"), FORMS.items(), ids=map(ascii, FORMS))
def test_a_new_hash_is_that_of_the_password_in_nfc(typed: str, nfc: str) -> None:
    stored = hashing.hash_new(typed, parameters=CHEAP, salt=SALT)
    assert stored == str(argon2.new(nfc.encode(), CHEAP, SALT))
    assert (hashing.matching(stored, typed), hashing.matching(stored, nfc)) == (nfc, nfc)


@pytest.mark.parametrize("typed", FORMS, ids=ascii)
@pytest.mark.parametrize("name", ["argon2", "md5"])
def test_a_hash_of_another_form_is_that_of_the_password_as_typed(typed: str, name: str) -> None:
    older = str(argon2.new(typed.encode(), CHEAP, SALT))
    stored = older if name == "argon2" else hashing.accept(hashlib.md5(typed.encode()).hexdigest(), "md5").stored
    assert hashing.matching(stored, typed) == typed
    wrapped = stored if name == "argon2" else hashing.wrap(stored, parameters=CHEAP, salt=SALT)
    assert hashing.matching(wrapped, typed) == typed


@pytest.mark.parametrize(("name", "order"), [("argon2", ["\u00c5", "A\u030a"]), ("md5", ["A\u030a", "\u00c5"])])
def test_hashes_of_other_systems_are_held_against_what_was_typed_first(name: str, order: list[str]) -> None:
    stored = str(hashing.dummy(CHEAP)) if name == "argon2" else hashing.accept(MD5, "md5").stored
    tried: list[str] = []
    with mock.patch.object(base.StoredHash, "verify", lambda found, password: tried.append(password)):
        assert not hashing.verify(stored, "A\u030a")
        assert tried == order
        tried.clear()
        assert not hashing.verify(stored, "\u00c5")
        assert tried == ["\u00c5"]


def test_a_text_longer_than_any_password_is_not_composed() -> None:
    """Marks are put in order one by one, which takes minutes for a million of them."""
    marks = "\u0315\u0300" * 512
    assert hashing.composed(marks) != marks
    assert hashing.composed(marks + "x") == marks + "x"
    assert len(hashing.composed("\u03b1\u0313\u0300\u0345" * 256)) == 256


def test_the_dummy_costs_what_others_cost_and_matches_nothing() -> None:
    stored = str(hashing.dummy(CHEAP))
    real = hashing.hash_new("secret", parameters=CHEAP, salt=SALT)
    assert stored.split("$")[:4] == real.split("$")[:4]
    assert not hashing.verify(stored, "")
    assert not hashing.verify(stored, "secret")


def test_only_argon2id_at_todays_parameters_stays() -> None:
    stored = hashing.hash_new("secret", parameters=CHEAP, salt=SALT)
    assert not hashing.needs_rehash(stored, CHEAP)
    assert hashing.needs_rehash(stored)
    assert hashing.needs_rehash(stored.replace("argon2id", "argon2i"), CHEAP)
    assert hashing.needs_rehash("$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K", CHEAP)


DAMAGED = ["", "secret", "$argon2id$", "$authctl$md5$$$AAAA", "$authctl$wrapped-md5", "!", "{SSHA}A"]


@pytest.mark.parametrize("stored", DAMAGED)
def test_a_damaged_stored_hash_is_an_error_of_its_own(stored: str) -> None:
    with pytest.raises(base.HashError):
        hashing.verify(stored, "secret")


ODD = ["", "\0", "a\0b", chr(0xD800), chr(0xDCA3), "x" * 100_000, "é" * 5_000, "🦊" * 72]


@pytest.mark.parametrize("password", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize(
    "text",
    [
        "$2b$04$abcdefghijklmnopqrstueAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAe",
        "$5$rounds=1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$1$salt$AAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=4,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ],
)
def test_no_wrong_password_is_an_error(text: str, password: str) -> None:
    assert not hashing.verify(hashing.accept(text).stored, password)


MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"  # of "password"


def test_a_weak_hash_is_wrapped_in_argon2id() -> None:
    weak = hashing.accept(MD5, "md5")
    assert weak.strength == "weak"
    stored = hashing.wrap(weak.stored, parameters=CHEAP, salt=SALT)
    assert hashing.describe(stored) == "wrapped-md5"
    assert hashing.verify(stored, "password")
    assert not hashing.verify(stored, "Password")
    assert hashing.needs_rehash(stored, CHEAP)
    assert weak.stored.rpartition("$")[2] not in stored
    assert hashing.accept(stored).stored == stored


@pytest.mark.parametrize(
    ("text", "name", "options", "password"),
    [
        ("$P$Br387rwferoKN7uwHZqNMu98q3U8RO.", None, {}, "appwrite"),
        ("$apr1$9oqTGBvk$rDukZagmjB1q2S5p20I1z1", None, {}, "correct horse battery staple"),
        ("{SSHA}15+B51NCuugeHjB6qbFJpaxrBIsg3hya", None, {}, UMLAUT),
        ("j2If46uJLl6Vd3DumcPcWkQnpNI=", "hmac-sha1", {"key": "shh", "encoding": "base64"}, None),
    ],
)
def test_every_weak_family_can_be_wrapped(text: str, name: str, options: dict[str, str], password: str | None) -> None:
    weak = hashing.accept(text, name, options)
    stored = hashing.wrap(weak.stored, parameters=CHEAP, salt=SALT)
    assert hashing.describe(stored) == f"wrapped-{weak.algorithm}"
    assert weak.stored[-20:] not in stored
    assert hashing.holds_key(stored) == weak.holds_key
    assert password is None or hashing.verify(stored, password)
    assert not hashing.verify(stored, "wrong")


@pytest.mark.parametrize(
    "stored",
    [
        str(hashing.dummy(CHEAP)),
        "$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K",
        hashing.wrap(hashing.accept("ab" * 16, "md5").stored, parameters=CHEAP, salt=SALT),
    ],
)
def test_only_a_weak_hash_is_wrapped(stored: str) -> None:
    with pytest.raises(base.HashError):
        hashing.wrap(stored, parameters=CHEAP, salt=SALT)


def test_a_wrapped_hash_that_still_holds_its_digest_is_damaged() -> None:
    weak = hashing.accept(MD5, "md5").stored
    stored = hashing.wrap(weak, parameters=CHEAP, salt=SALT)
    outer = stored.rpartition(":")[0]
    with pytest.raises(base.HashError):
        hashing.verify(f"{outer}:{weak}", "password")


def test_a_hash_with_a_secret_key_says_so_and_never_shows_it() -> None:
    key = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
    text = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
    options = {"salt": "42xEC+ixf3L2lw==", "salt_separator": "Bw==", "signer_key": key}
    imported = hashing.accept(text, "firebase", options)
    assert imported.holds_key
    assert key[:20] not in repr(imported)
    with pytest.raises(errors.Invalid) as caught:
        hashing.accept(text, "firebase", {**options, "signer_key": key[:50]})
    assert key[:20] not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "heavy"),
    [
        ("$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHQ$" + "A" * 43, True),
        ("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$" + "A" * 43, False),
        ("$scrypt$ln=18,r=8,p=1$c2FsdA$" + "A" * 43, True),
        ("$scrypt$ln=17,r=8,p=1$c2FsdA$" + "A" * 43, False),
        ("$6$rounds=800000$salt$" + "A" * 86, True),
        ("$6$rounds=656000$salt$" + "A" * 86, False),
        ("$pbkdf2-sha256$5000000$c2FsdA$" + "A" * 43, True),
        ("$2b$14$" + "e" * 53, True),
    ],
)
def test_what_will_take_long_is_told_when_it_comes_in(text: str, heavy: bool) -> None:
    assert any("takes a second or more" in warning for warning in hashing.accept(text).warnings) is heavy


def test_the_memory_of_a_hash_is_counted_in_new_ones() -> None:
    gibibyte = hashing.accept("$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHQ$" + "A" * 43).stored
    assert (hashing.weight(gibibyte), hashing.weight(hashing.dummy())) == (16, 1)
    assert hashing.weight("$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K") == 1


def test_no_memory_is_no_wrong_password() -> None:
    from argon2.exceptions import HashingError

    with (
        mock.patch("argon2.low_level.hash_secret_raw", side_effect=HashingError("Memory allocation error")),
        pytest.raises(errors.Unavailable) as caught,
    ):
        hashing.verify(hashing.dummy(CHEAP), "secret")
    assert caught.value.type == "general_busy"
    scrypt = hashing.accept("$scrypt$ln=4,r=8,p=1$c2FsdA$" + "A" * 43).stored
    with mock.patch("hashlib.scrypt", side_effect=ValueError("malloc failure")), pytest.raises(errors.Unavailable):
        hashing.verify(scrypt, "secret")


def test_todays_parameters_can_be_verified() -> None:
    """The ceilings are above what new passwords get."""
    assert hashing.strength(str(hashing.dummy())) == "strong"
