"""Names, options and beginnings: what is taken, and how a refusal says what is wrong."""

from __future__ import annotations

import pytest

from authctl import errors
from authctl.core import hashing
from authctl.core.hashing import base, registry

MD5 = "5f4dcc3b5aa765d61d8327deb882cf99"
SHA1 = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"
BCRYPT = "$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K"


def refusal(text: str, name: str | None = None, **options: str) -> errors.Invalid:
    with pytest.raises(errors.Invalid) as caught:
        hashing.accept(text, name, options)
    return caught.value


def test_every_name_is_found_in_any_spelling_and_has_one_meaning() -> None:
    spellings = [word for entry in hashing.names() for word in (entry.name, *entry.aliases)]
    assert len({base.plain(word) for word in spellings}) == len(spellings)
    for word in spellings:
        assert registry.find(word.upper().replace("-", "_"))[0] == registry.find(word)[0]


def test_appwrites_names_are_known() -> None:
    for name in ("argon2", "bcrypt", "md5", "sha", "phpass", "scrypt", "scryptMod", "scrypt_modified"):
        registry.find(name)


def test_every_entry_has_help_and_its_options_too() -> None:
    for entry in hashing.names():
        assert entry.help
        assert all(option.help for option in entry.options)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    error = refusal(MD5, "bcript")
    assert (error.type, error.field) == ("password_hash_unsupported", "hash")
    assert error.hint == "Did you mean 'bcrypt'?"


def test_a_hash_given_as_name_is_not_shown() -> None:
    error = refusal("md5", MD5)
    assert MD5[:8] not in f"{error} {error.hint}"


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7", "password_hash_unsupported"),
        ("$2$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K", "password_hash_unsupported"),
        ("crypt$$ab1Hv2Lg7ltQo", "password_hash_unsupported"),
        ("{CRYPT}ab1Hv2Lg7ltQo", "password_hash_unsupported"),
        ("{SASL}jane@EXAMPLE", "password_hash_unsupported"),
        ("{PBKDF2_SHA256}AAAIAAAAAAAA", "password_hash_invalid"),
        ('{"key_id":"1","alg":"aes-gcm-hkdf","data":"x","nonce":"y"}', "password_hash_unsupported"),
        ("$argon2id$v=19$m=64,t=1,p=1,keyid=AA$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "password_hash_unsupported"),
        ("awscognito#us-east-1_abc#client#name", "password_hash_unsupported"),
        ("!5EEGRFVKIIQwhTuMTkd2T67GP8v0psUZfaGMNFf3", "password_hash_empty"),
        ("{CRYPT}!$6$salt$AAAA", "password_hash_empty"),
        ("!!", "password_hash_empty"),
        (SHA1, "password_hash_unnamed"),
        ("hunter2", "password_hash_unnamed"),
        ("$pbkdf2-sha384$i=1000,l=16$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "password_hash_unnamed"),
        ("{PLAIN}hunter2", "password_hash_invalid"),
        ("$argon2id$v=99$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "password_hash_invalid"),
        ("$argon2id$v=19$m=064,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "password_hash_invalid"),
        ("$6$rounds=05000$salt$" + "A" * 86, "password_hash_invalid"),
        ("$6$rounds=999999999$salt$" + "A" * 86, "password_hash_too_costly"),
        ("$6$rounds=1000001$salt$" + "A" * 86, "password_hash_too_costly"),
        ("$scrypt$ln=15,r=8,p=17$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "password_hash_too_costly"),
        ("$scrypt$ln=1000,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "password_hash_invalid"),
        ("pbkdf2:sha256:9000000$salt$" + "a" * 256, "password_hash_too_costly"),
        ("pbkdf2:md5:1000$salt$" + "a" * 64, "password_hash_invalid"),
        ("{SSHA}AAAA", "password_hash_invalid"),
        (
            "AQAAAAkAACcQAAAAEAABAgMEBQYHCAkKCwwNDg9B0Oxwty+PGIDSp95gcCfzeDvA4sGapUIUov8usXfD6A==",
            "password_hash_invalid",
        ),
        (
            "AQAAAAIAACcQ/////wABAgMEBQYHCAkKCwwNDg9B0Oxwty+PGIDSp95gcCfzeDvA4sGapUIUov8usXfD6A==",
            "password_hash_invalid",
        ),
        (
            "AQAAAAL/////AAAAEAABAgMEBQYHCAkKCwwNDg9B0Oxwty+PGIDSp95gcCfzeDvA4sGapUIUov8usXfD6A==",
            "password_hash_too_costly",
        ),
        (BCRYPT + " ", "password_hash_invalid"),
        (BCRYPT.replace("$10$", "$03$"), "password_hash_invalid"),
    ],
)
def test_a_text_that_cannot_be_taken_says_why(text: str, type: str) -> None:
    error = refusal(text)
    assert (error.type, error.field) == (type, "password_hash")
    assert text not in str(error)


def test_nothing_is_guessed_from_a_length() -> None:
    assert hashing.accept(SHA1, "sha1").algorithm == "sha1"
    assert refusal(SHA1, "md5").message == "A md5 digest has 16 bytes; this one has 20."


def test_base64_of_hexadecimal_text_is_recognised_and_told() -> None:
    import base64

    text = base64.b64encode(MD5.encode()).decode()
    assert "Decode it once" in refusal(text, "md5", encoding="base64").message


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("scrypt", {"cpu": "16384", "memory": "8", "parallel": "1"}, "needs the option salt"),
        ("scrypt", {"salt": "", "cpu": "16384", "memory": "8", "parallel": "1"}, "salt is empty"),
        ("scrypt", {"salt": "s", "cpu": "many", "memory": "8"}, "cpu must be a whole number"),
        ("scrypt", {"salt": "s", "paprika": "x"}, "Unknown hash option"),
        ("scrypt", {"cpu": "2", "costCpu": "4"}, "given twice"),
        ("md5", {"salt": "zz", "salt_encoding": "hex"}, "salt is not hex"),
        ("md5", {"encoding": "utf7"}, "encoding must be one of"),
        ("md5", {"version": "sha1"}, "contains the option version"),
        ("sha", {"version": "sha0"}, "version must be one of"),
        ("md5", {"salt": "x" * 1025}, "longer than 1024"),
        ("hmac", {"digest": "md5"}, "needs the option key"),
        ("md5", {"iterations": "2", "again": "{PASSWORD}"}, "again must be"),
        ("md5", {"pepper": ""}, "pepper must have"),
        ("md5", {"pepper_position": "prefix"}, "contains the option pepper_position"),
    ],
)
def test_a_wrong_option_is_named(name: str, options: dict[str, str], says: str) -> None:
    error = refusal(MD5, name, **options)
    assert (error.type, error.field) == ("password_hash_invalid", "hash_option")
    assert says in error.message


def test_an_option_that_the_text_says_itself_is_refused() -> None:
    text = "$scrypt$ln=4,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA"
    assert refusal(text, "scrypt", salt="other").field == "hash_option"


def test_a_text_of_another_algorithm_than_named_is_refused() -> None:
    assert refusal(BCRYPT, "argon2").type == "password_hash_invalid"
    assert refusal("$1$salt$AAAAAAAAAAAAAAAAAAAAAA", "apr1").type == "password_hash_invalid"
    assert refusal("$5$salt$" + "A" * 43, "sha512-crypt").type == "password_hash_invalid"
    assert refusal(BCRYPT, "bcrypt-sha256").type == "password_hash_invalid"


def test_rounds_have_a_bound() -> None:
    assert refusal(MD5, "md5", iterations="500001").type == "password_hash_too_costly"
    assert refusal(MD5, "md5", iterations="0").type == "password_hash_invalid"


def test_a_hash_that_would_not_fit_where_it_is_stored_is_refused() -> None:
    assert "longer than" in refusal("ab" * 512, "pbkdf2-sha1", iterations="1", salt="s" * 256).message


def test_a_pepper_is_sealed_with_the_hash_and_never_shown() -> None:
    for name, text in (("md5", MD5), (None, BCRYPT)):
        imported = hashing.accept(text, name, {"pepper": "sesame"})
        assert (imported.holds_key, hashing.holds_key(imported.stored)) == (True, True)
        assert "sesame" not in imported.stored + repr(imported)


def test_a_peppered_weak_hash_is_wrapped_with_its_pepper() -> None:
    text = "$1$salt$qJH7.N4xYta3aEG/dfqo/0"
    weak = hashing.accept(text, None, {"pepper": "word", "pepper_position": "suffix"})
    stored = hashing.wrap(weak.stored, parameters=hashing.Parameters(1, 64, 1), salt=bytes(16))
    assert hashing.describe(stored) == "wrapped-peppered-md5-crypt"
    assert (hashing.verify(stored, "pass"), hashing.verify(stored, "password")) == (True, False)


def test_appwrites_phpass_may_hold_bcrypt() -> None:
    assert hashing.accept(BCRYPT, "phpass").algorithm == "bcrypt"


def test_django_names_a_bare_md5() -> None:
    assert hashing.accept(MD5, "django").algorithm == "md5"


def test_shas_version_is_sha256_unless_said() -> None:
    assert hashing.accept("ab" * 32, "sha").algorithm == "sha256"
    assert hashing.accept("ab" * 28, "sha", {"version": "sha512/224"}).algorithm == "sha512-224"


def test_sha384_of_pbkdf2_means_what_its_writer_meant() -> None:
    text = "$pbkdf2-sha384$i=1000,l=16$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA"
    assert hashing.accept(text, "kratos").algorithm == "pbkdf2-sha3-384"
    assert hashing.accept(text, "pbkdf2").algorithm == "pbkdf2-sha384"


@pytest.mark.parametrize(
    ("text", "name", "options", "password"),
    [
        # RFC 7914 §12
        (
            "/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
            "scrypt",
            {"salt": "NaCl", "cpu": "1024", "memory": "8", "parallel": "16", "encoding": "base64"},
            "password",
        ),
        # RFC 6070 §2
        (
            "56fa6aa75548099dcc37d7f03425e0c3",
            "pbkdf2-sha1",
            {"salt": "7361006c74", "salt_encoding": "hex", "iterations": "4096"},
            "pass\0word",
        ),
        # RFC 4231 §4.3
        (
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "hmac",
            {"key": "Jefe", "digest": "sha256"},
            "what do ya want for nothing?",
        ),
        # FIPS 180-2 appendix A
        ("a9993e364706816aba3e25717850c26c9cd0d89d", "sha1", {}, "abc"),
    ],
)
def test_the_vectors_of_the_standards_match(text: str, name: str, options: dict[str, str], password: str) -> None:
    assert hashing.verify(hashing.accept(text, name, options).stored, password)


def test_a_salting_template_is_not_read_in_the_password() -> None:
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(b"salt{SALT}").digest()).decode()
    template = base64.b64encode(b"{SALT}{PASSWORD}").decode()
    stored = hashing.accept(f"$sha256$pf={template}$c2FsdA==${digest}").stored
    assert hashing.verify(stored, "{SALT}")
    assert not hashing.verify(stored, "salt")
