"""What the policy has against a password: every rule at its edge, and all of them at once."""

from datetime import UTC, datetime
from hashlib import sha1

import pytest

from authctl.core.credentials import password_rules
from authctl.core.policy.policies import Policy
from authctl.errors import Unavailable
from authctl.model import NewUser, User

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ADA = User(
    seq=1,
    id="user-4711",
    created_at=NOW,
    updated_at=NOW,
    username="countess",
    name="Ada d'Al O'Brien-Lovelace",
    email="ada.byron@mail.example.com",
    phone="+447911123456",
)
NOTHING = {
    "password-dictionary": False,
    "password-personal-data": False,
}


def failures(password, user=None, **policies):
    policies = {name.replace("_", "-"): value for name, value in policies.items()}
    return password_rules.failures(password, Policy(policies), user=user)


def types(password, user=None, **policies):
    return [problem.type for problem in failures(password, user, **policies)]


@pytest.mark.parametrize(("minimum", "length"), [(8, 8), (15, 15), (256, 256)])
def test_the_least_length_is_in_characters(minimum, length):
    for character in "aé漢🙂":
        assert types(character * length, password_min_length=minimum, **dashed(NOTHING)) == []
        assert types(character * (length - 1), password_min_length=minimum, **dashed(NOTHING)) == ["password_too_short"]


def dashed(policies):
    return {name.replace("-", "_"): value for name, value in policies.items()}


def test_the_greatest_length_is_256_characters():
    assert types("🙂" * 256) == []
    assert types("🙂" * 257) == ["password_too_long"]
    assert types("x" * 10_000_000) == ["password_too_long"]


@pytest.mark.parametrize("password", ["a\0bcdefgh", "abcdefgh\ud800"])
def test_what_no_database_stores_is_refused(password):
    [problem] = failures(password)
    assert (problem.type, problem.field) == ("general_argument_invalid", "password")


@pytest.mark.parametrize("password", ["password", "PassWord", "football", "Ｐａｓｓｗｏｒｄ", "TRUSTNO1"])
def test_common_passwords_are_refused_in_any_case_and_width(password):
    assert types(password) == ["password_in_dictionary"]
    assert types(password, password_dictionary=False) == []


def test_a_common_password_with_more_is_not_in_the_dictionary():
    assert types("football-and-tea") == []


def test_the_dictionary_holds_ten_thousand_that_length_lets_through():
    common = password_rules._common_passwords()
    assert sum(len(password) >= 8 for password in common) >= 10_000
    assert "123456" in common
    assert types("123456") == ["password_too_short", "password_in_dictionary"]


@pytest.mark.parametrize(
    ("password", "what"),
    [
        ("xx-USER-4711-xx", "id"),
        ("xADA.BYRON@mail.example.comx", "email"),
        ("i-am-Ada.Byron!", "email"),
        ("ｌｏｖｅｌａｃｅ-1843", "name"),
        ("BRIEN-BRIEN", "name"),
        ("Lovelace1843!", "name"),
        ("byLovelaceFan", "name"),
        ("lovelace①②③", "name"),
        ("adadalobrienlovelace", "name"),
        ("countess-of-l", "username"),
        ("+447911123456", "phone"),
        ("call447911123456", "phone"),
    ],
)
def test_the_users_own_data_is_refused(password, what):
    [problem] = failures(password, ADA)
    assert problem.type == "password_personal_data"
    assert what in problem.message
    assert types(password, ADA, password_personal_data=False) == []
    assert types(password) == []


@pytest.mark.parametrize(
    "password",
    [
        "alabaster-owl",
        "mail-box-example",
        "7911123456",
        "nothing of hers",
        "my-adamant-cat",
        "for-ada-1843",
        "viscountesses",
        "lovelacework",
        "the-lovelaces",
    ],
)
def test_short_words_longer_ones_and_what_is_not_the_users_may_be_in_it(password):
    assert types(password, ADA) == []


def test_a_user_without_data_has_none_to_repeat():
    nobody = NewUser(name="Al")
    assert types("alcohol-free", nobody) == []


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("abcdefgh", {"upper", "digit", "symbol"}),
        ("ABCDEFGH", {"lower", "digit", "symbol"}),
        ("12345 678 9", {"upper", "lower", "symbol"}),
        ("Password123€", set()),
        ("Żółć٣٤٥!", set()),
        ("漢字漢字漢字漢字", {"upper", "lower", "digit", "symbol"}),
        ("        \t", {"upper", "lower", "digit", "symbol"}),
        ("ǅ½🙂aaaaa", set()),
    ],
)
def test_strength_counts_kinds_of_characters_in_any_script(password, missing):
    kinds = ("upper", "lower", "digit", "symbol")
    plain = {"password_dictionary": False}
    assert types(password, password_strength="off", **plain) == []
    for kind in kinds:
        wanted = ["password_strength"] if kind in missing else []
        assert types(password, password_strength=[kind], **plain) == wanted
    assert types(password, password_strength="all", **plain) == (["password_strength"] if missing else [])


def test_strength_says_all_that_is_missing():
    [problem] = failures("ääääääää", password_strength="all")
    assert problem.message == "The password needs an upper-case letter, a digit and a symbol."


def test_context_words_are_refused_in_any_case():
    words = ["Acme", "Straße"]
    assert types("my-aCME-login", password_context_words=words) == ["password_context_word"]
    assert types("STRASSENBAHN", password_context_words=words) == ["password_context_word"]
    assert types("my-acne-login", password_context_words=words) == []


def test_breached_passwords_are_refused(tmp_path):
    path = tmp_path / "pwned.txt"
    path.write_text(sha1(b"correct horse").hexdigest().upper() + ":22\n")
    assert types("correct horse", password_breached_file=str(path)) == ["password_breached"]
    assert types("Correct horse", password_breached_file=str(path)) == []
    path.unlink()
    with pytest.raises(Unavailable):
        types("correct horse", password_breached_file=str(path))


def test_length_and_breaches_are_asked_of_what_is_hashed(tmp_path):
    typed, nfc = "e\u0301" * 256, "\u00e9" * 256
    assert types(typed) == []
    assert types(typed + "x") == ["password_too_long"]
    assert types("e\u0301" * 7, password_min_length=8) == ["password_too_short"]
    known = tmp_path / "known.txt"
    known.write_text(sha1(nfc.encode()).hexdigest().upper() + ":3\n")
    assert types(typed, password_breached_file=str(known)) == ["password_breached"]


def test_all_failures_are_told_at_once(tmp_path):
    path = tmp_path / "pwned.txt"
    path.write_text(sha1(b"dragon").hexdigest() + ":22\n")
    user = NewUser(id="x", name="Dragon")
    found = failures(
        "dragon", user, password_strength="all", password_context_words=["drag"], password_breached_file=str(path)
    )
    assert [problem.type for problem in found] == [
        "password_too_short",
        "password_in_dictionary",
        "password_personal_data",
        "password_strength",
        "password_context_word",
        "password_breached",
    ]
    assert {problem.field for problem in found} == {"password"}


def test_no_message_repeats_the_password():
    for password in ("football", "qwerty", "my user-4711", "ada.byron@mail.example.com", "x" * 257):
        assert not any(password in problem.message for problem in failures(password, ADA, password_strength="all"))


def test_an_estimate_grows_with_what_must_be_guessed():
    assert password_rules.estimate("")[0] == password_rules.estimate("password")[0] == 0
    score, time = password_rules.estimate("correct horse battery staple")
    assert (score, time) == (4, "centuries")
    assert password_rules.estimate("x7$" * 10_000)[0] <= 4
    assert password_rules.estimate("countess", user=ADA)[0] == 0
