"""What is taken as a value and what is refused; emails and phones against the libraries that know best."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import email_validator
import phonenumbers
import pytest
from hypothesis import assume, example, given, settings, strategies as st

from authctl.core.values import checks, contacts, identifiers, json_objects, times
from authctl.errors import Invalid
from authctl.model import Status

NOW = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)


def refusal(rule, *args, **options):
    """The one problem that the rule has with these arguments."""
    with pytest.raises(Invalid) as refused:
        rule(*args, **options)
    (problem,) = refused.value.problems
    return problem


# Text


@pytest.mark.parametrize("value", ["a\0b", "a\ud800", "\udc80", "\0"])
@pytest.mark.parametrize(
    "rule",
    [
        identifiers.identifier,
        identifiers.username,
        identifiers.name,
        identifiers.locale,
        contacts.email,
        contacts.phone,
        identifiers.label,
        identifiers.role,
        json_objects.prefs,
        identifiers.password,
        times.duration,
        identifiers.boolean,
        identifiers.status,
    ],
)
def test_unstorable_text_is_the_same_error_everywhere(rule, value):
    problem = refusal(rule, value, field="somewhere")
    assert (problem.type, problem.field) == ("general_argument_invalid", "somewhere")
    assert "U+0000" in problem.message or "not valid Unicode" in problem.message


def test_text_must_be_text():
    assert refusal(identifiers.name, 7).message == "Invalid name: must be text, not a number."


@given(st.text())
def test_text_is_kept_or_refused_as_utf8_would_be(value):
    try:
        storable = "\0" not in value and value.encode() is not None
    except UnicodeEncodeError:
        storable = False
    if storable:
        assert checks.text(value, "name") == value
    else:
        refusal(checks.text, value, "name")


def test_messages_show_values_on_one_line_and_shortened():
    message = refusal(identifiers.identifier, "\x1b[31m\n\u202e" + "x" * 500).message
    assert message.startswith(r"Invalid id '\x1b[31m\n\u202exxx")
    assert len(message) < 200
    assert message.isprintable()


# Who


@pytest.mark.parametrize("value", ["a", "A" * 128, "auth0|65f.c_1-x", "a:b", "0"])
def test_an_identifier_may_be_another_system_s(value):
    assert identifiers.identifier(value) == value


@pytest.mark.parametrize("value", ["", "wrongId$", "$notallowed", "_a", "-a", ".a", "a b", "a" * 129, "é", "a\n", "１"])
def test_a_malformed_identifier_is_refused(value):
    assert refusal(identifiers.identifier, value).field == "id"


ODD_IDS = [
    "samlp|corp|jane@corp.com",
    "waad|AbC~d!",
    "{8281CEC3-5A3A-4C5E-9D6B-0A6F6C0B1A2B}",
    "Jane Doe",
    "+44 20 7946 0123",
    "李雷",
    "/x?y=%2F&z",
    "x" * 255,
]


@pytest.mark.parametrize("value", ODD_IDS)
def test_an_imported_id_stays_as_it_is(value):
    assert identifiers.imported_id(value) == value == identifiers.id_lookup(value)


@pytest.mark.parametrize(
    "value", ["", "x" * 256, "a\0", "a\ud800", "a\n", "a\x1b[31m", "a\u202eb", "a\u200bb", "a\u00a0b", " a", "a "]
)
def test_an_imported_id_that_does_not_read_as_what_it_is_is_refused(value):
    assert refusal(identifiers.imported_id, value).field == "id"
    assert identifiers.id_lookup(value) is None


@given(st.text(), st.text())
def test_an_embedded_id_ends_where_it_ends_and_is_no_other(one, other):
    assert "/" not in identifiers.embedded(one, "/")
    assert (identifiers.embedded(one, "/@") == identifiers.embedded(other, "/@")) == (one == other)


@pytest.mark.parametrize("value", ["ada", "Ada.Lovelace", "李", "a+b", "x" * 128, "-", "🎉"])
def test_a_username_may_be_any_printable_word(value):
    assert identifiers.username(value) == value


@pytest.mark.parametrize(
    "value", ["", "a b", "a@b", "+44", "x" * 129, "a\u00a0b", "a\u202eb", "a\tb", "a\x1b", "a\u200bb", "ada\n"]
)
def test_a_malformed_username_is_refused(value):
    assert refusal(identifiers.username, value).field == "username"


def test_a_username_is_kept_composed():
    assert identifiers.username("Ame\u0301lie") == "Amélie"


@pytest.mark.parametrize("value", ["", "=1+1", " Ada ", "[bold]", "\x1b[31m", "👩‍🚀", "é" * 128, "a\nb"])
def test_a_name_is_kept_as_it_is(value):
    assert identifiers.name(value) == value


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("pt_br", "pt-BR"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-rozaj-biske-1994", "sl-rozaj-biske-1994"),
        ("de_DE_formal", "de-DE-formal"),
        ("zh-yue-hk", "zh-yue-HK"),
        ("DE-de-U-co-Phonebk", "de-DE-u-co-phonebk"),
        ("en-US-x-AB-test", "en-US-x-ab-test"),
        (" fr-CA ", "fr-CA"),
    ],
)
def test_a_locale_is_a_language_tag_in_its_usual_form(value, stored):
    assert identifiers.locale(value) == stored == identifiers.locale(stored)


@pytest.mark.parametrize(
    "value", ["", "d", "german", "de-", "-de", "de--AT", "de-DE.UTF-8", "../de", "de/AT", "dé", "C", "x-a", "de-a" * 12]
)
def test_what_is_no_language_tag_is_refused(value):
    problem = refusal(identifiers.locale, value)
    assert (problem.field, "use one such as de, pt-BR or zh-Hant" in problem.message) == ("locale", True)


def test_a_name_above_128_characters_is_refused():
    assert refusal(identifiers.name, "x" * 129).message == (
        "Invalid name: 129 characters are too many; use at most 128."
    )


# Emails


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada.Lovelace+x@Example.COM\n", "ada.lovelace+x@example.com"),
        ("ada@x.test", "ada@x.test"),
        ("ada@corp.local", "ada@corp.local"),
        ("ada@mail.corp.localhost", "ada@mail.corp.localhost"),
        ("ADA@x.invalid", "ada@x.invalid"),
        ("Ünal@corp.local", "ünal@corp.local"),
        ("ada@Bücher.example", "ada@bücher.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("ada@xn--bcher-kva.local", "ada@bücher.local"),
        ("ame\u0301lie@example.com", "amélie@example.com"),
        ("o'hara_{x}@a-b.co.uk", "o'hara_{x}@a-b.co.uk"),
        ("a" * 65 + "@example.com", "a" * 65 + "@example.com"),
    ],
)
def test_an_email_is_lower_cased_and_normalised(value, stored):
    assert contacts.email(value) == stored
    assert contacts.email_lookup(value) == stored


@pytest.mark.parametrize(
    "value",
    [
        "", "ada", "@example.com", "ada@", "ada@localhost", "ada@test", "a b@example.com", "a@@example.com",
        "a..b@example.com", ".a@example.com", "a.@example.com", "ada@-x.com", "ada@x-.com", "ada@x..com", "ada@x.com.",
        "ada@1.2.3.4", "ada@[1.2.3.4]", '"a b"@example.com', "Ada <ada@example.com>", "ada@ab--c.com", "ada@x_y.com",
        "ada＠example.com", "ada@exa\u202emple.com", "ada@x.com\x1b", "a" * 250 + "@example.com",
        "ada@" + "x" * 64 + ".com", "ada@example.com,bob@example.com", "ada@xn--a.com", "mailto:ada@example.com@x.com",
    ],
)  # fmt: skip
def test_a_malformed_email_is_refused(value):
    problem = refusal(contacts.email, value)
    assert problem.field == "email"
    assert problem.message.isprintable()
    assert contacts.email_lookup(value) is None


SPECIAL = tuple("." + name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
EMAIL_PIECES = ["a", "Z", "0", "-", "--", ".", "..", "@", "_", "+", "'", "xn--", "com", "x.y", "é", "K", "İ", "ſ", " "]
EMAILS = st.one_of(
    st.lists(st.sampled_from(EMAIL_PIECES), min_size=2, max_size=10).map("".join),
    st.tuples(
        st.lists(st.sampled_from(EMAIL_PIECES), min_size=1, max_size=4).map("".join),
        st.from_regex(r"[a-zA-Z0-9.-]{1,8}\.(com|test|local|[a-z0-9-]{1,4})", fullmatch=True),
    ).map("@".join),
    st.from_regex(r"[!-~]{1,6}@[A-Za-z0-9.-]{1,70}\.[A-Za-z]{2,3}", fullmatch=True),
    st.emails(),
)


@given(EMAILS)
@example("a@" + ("x" * 63 + ".") * 3 + "x" * 59 + ".c")
@example("a@" + "x." * 125 + "co")
@example("a@" + "x." * 125 + "c")
@settings(max_examples=500)
def test_the_plain_path_takes_of_ascii_what_the_library_takes(value):
    lowered = value.strip().lower()
    plain = contacts._is_plain_email(lowered)
    try:
        library = contacts._library_email(lowered, "email")
    except Invalid:
        library = None
    if plain:
        assert library == lowered
    elif lowered.isascii() and "xn--" not in lowered:
        assert library is None


@given(EMAILS)
@settings(max_examples=500)
def test_the_plain_path_gives_what_the_library_makes_of_the_text_as_typed(value):
    if contacts._is_plain_email(value.strip().lower()) and not value.strip().lower().endswith(SPECIAL):
        result = email_validator.validate_email(value.strip(), check_deliverability=False)
        assert contacts.email(value) == result.normalized.lower()


@given(EMAILS | st.builds("{}@{}.com".format, st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=5)))
@settings(max_examples=300)
def test_an_email_once_normalised_stays(value):
    try:
        stored = contacts.email(value)
    except Invalid:
        return
    assert contacts.email(stored) == stored == contacts.email_lookup(value)


def test_plain_values_import_neither_library():
    program = (
        "import sys; from authctl.core.values import contacts as v; from authctl.storage import search_terms as words;"
        "v.email('ada@example.com'); v.email_lookup('ada'); v.phone('+44 20 7946 0123'); v.phone_lookup('12');"
        "words.document('1', 'ada', 'Ada', 'ada@example.com', '+442079460123');"
        "print([m for m in ('email_validator', 'phonenumbers', 'idna', 'argon2') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


# Phones


@pytest.mark.parametrize(
    "value",
    ["+1415555", "+14155552", "+141555526", "+16308520394", "+5511552563253", "+55115525632534", "+919367788755111",
     "+13334445555", "+16555551234"],
)  # fmt: skip
def test_a_phone_in_e164_is_kept(value):
    assert contacts.phone(value) == value


@pytest.mark.parametrize(
    "value",
    ["+44 20 7946 0123", "+44-20-7946-0123", "+44 (20) 7946.0123", " +442079460123 ", "+44\u00a020\u20117946 0123",
     "+44 (0)20 7946 0123", "0044 20 7946 0123", "tel:+44-20-7946-0123", "\u202a+442079460123\u202c", "'+442079460123",
     "＋４４2079460123", "+44 20/79460123"],
)  # fmt: skip
def test_a_phone_may_be_written_as_people_write_it(value):
    assert contacts.phone(value) == "+442079460123"
    assert contacts.phone_lookup(value) == "+442079460123"
    assert contacts.phone_lookup(value.replace("+", "").replace("＋", "")) == "+442079460123"


def test_a_phone_of_a_country_is_read_as_it_is_dialled_there():
    for value in ("0151 23456789", "(0151) 234-56789", "0049 151 23456789", "+49 (0)151/23456789"):
        assert contacts.phone(value, region="DE") == "+4915123456789"
    assert contacts.phone("(415) 555-0100", region="US") == "+14155550100"
    assert contacts.phone("06 698 12345", region="IT") == contacts.phone("+39 (0)6 698 12345") == "+390669812345"
    assert contacts.phone("+14155550100", region="DE") == "+14155550100"
    for value in ("ada", "0", "123", "0151 23456789 ext 5"):
        assert refusal(contacts.phone, value, region="DE").field == "phone"


def test_a_zero_dialled_inside_the_country_only_is_refused_with_the_number_without():
    assert "the country code: +491701234567" in refusal(contacts.phone, "+49 0170 1234567").message
    assert contacts.phone("+390669812345") == "+390669812345"  # Italians dial it from abroad, too
    assert contacts.phone_lookup("+4901701234567") == "+4901701234567"


@pytest.mark.parametrize(
    "value",
    ["", "+", "+1", "+141555", "8989829304", "786-307-3615", "+16308A520397", "+0415553452342", "+1415555245634543",
     "+8020000000", "+2100000000", "++14155552", "+1415+5552", "(0)20 7946 0123", "+1٤١٥٥٥٥٢", "+49 89 12345/79",
     "+1 415 555 0100 x12"],
)  # fmt: skip
def test_a_malformed_phone_is_refused(value):
    assert refusal(contacts.phone, value).field == "phone"


def test_a_phone_without_plus_is_refused_with_a_hint():
    with pytest.raises(Invalid) as refused:
        contacts.phone("020 7946 0123")
    assert refused.value.hint == "Begin with + and the country code, as in +44 20 7946 0123."


@pytest.mark.parametrize("value", ["ada", "", "+", "123", "0207946012", "ada@example.com"])
def test_what_is_no_phone_is_not_looked_up(value):
    assert contacts.phone_lookup(value) is None


def test_the_calling_codes_are_those_of_phonenumbers():
    assert {int(code) for code in contacts.CALLING_CODES} == set(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


@pytest.mark.parametrize(
    ("number", "place", "is_there"),
    [
        ("+4915123456789", "49", True),
        ("+4915123456789", "DE", True),
        ("+4915123456789", "49-151", True),
        ("+4915123456789", "49-170", False),
        ("+4915123456789", "4", False),
        ("+4915123456789", "AT", False),
        ("+18765550123", "1", True),
        ("+18765550123", "1-876", True),
        ("+18765550123", "JM", True),
        ("+18765550123", "US", False),
        ("+14255550123", "1-876", False),
        ("+14255550123", "US", True),
        ("+447400123456", "GB", True),
        ("+441481960194", "GB", False),
        ("+441481960194", "GG", True),
        ("+77012345678", "KZ", True),
        ("+77012345678", "RU", False),
        ("+870773111632", "US", False),
    ],
)
def test_a_number_is_of_a_country_or_an_area(number, place, is_there):
    assert contacts.is_place(place) or place == "4"
    assert contacts.is_number_of(number, place) is is_there


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_a_phone_is_taken_when_phonenumbers_knows_its_calling_code(number):
    try:
        known = str(phonenumbers.parse(number).country_code)
    except phonenumbers.NumberParseException as error:
        assume(error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE)
        known = None
    assert contacts.calling_code(number) == known


# Labels and roles


def test_labels_keep_the_first_of_the_repeated():
    assert identifiers.labels(["b", "a", "b", "A"]) == ("b", "a", "A")
    assert identifiers.labels([]) == ()
    assert len(identifiers.labels(f"l{n}" for n in range(1000))) == 1000


@pytest.mark.parametrize("value", [["a b"], [""], ["x" * 37], ["é"], ["a-b"], ["a\n"], "abc", None, [7]])
def test_malformed_labels_are_refused(value):
    assert refusal(identifiers.labels, value).field == "labels"


def test_too_many_labels_or_roles_are_refused():
    assert refusal(identifiers.labels, [f"l{n}" for n in range(1001)]).message == (
        "Invalid labels: 1,001 are too many; use at most 1,000."
    )
    assert refusal(identifiers.roles, [f"r{n}" for n in range(101)]).message == (
        "Invalid roles: 101 are too many; use at most 100."
    )


def test_roles_are_appwrite_s_keys():
    assert identifiers.roles(["owner", "project-x.y_z", "r" * 81]) == ("owner", "project-x.y_z", "r" * 81)


@pytest.mark.parametrize("value", ["", "_a", "a/b", "a b", "r" * 82, "é", "a:b"])
def test_malformed_roles_are_refused(value):
    assert refusal(identifiers.roles, [value]).field == "roles"


# JSON objects


@pytest.mark.parametrize(
    "value", ["{}", '{"a": [1, 2.5, null, true, "é\\u00e9 👩"], "b": {"c": {}}}', '{"n": 18446744073709551616}']
)
def test_prefs_are_the_object_that_the_text_says(value):
    assert json_objects.prefs(value) == json.loads(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "not JSON"),
        ("{'a': 1}", "not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ("[]", "must be a JSON object, not a list"),
        ('"{}"', "must be a JSON object, not text"),
        ("null", "must be a JSON object, not null"),
        (["a"], "must be a JSON object, not a list"),
        ('{"a": NaN}', "contains NaN"),
        ('{"a": -Infinity}', "contains -Infinity"),
        ('{"a": 1e999}', "too large"),
        ({"a": float("nan")}, "not a number"),
        ('{"a": 1, "b": {"x": 1, "x": 2}}', "contains 'x' twice"),
        ('{"a": "\\u0000"}', "contains U+0000"),
        ('{"a": [{"\\ud800": 1}]}', "not valid Unicode"),
        ({"a": ["\0"]}, "contains U+0000"),
        ({1: 2}, "has a number for a key"),
        ({"a": object()}, "contains a value of type object"),
        ('{"a": %s}' % ("9" * 5000), "thousands of digits"),
        ({"a": 10**5000}, "thousands of digits"),
        ("[" * 100_000, "nested more than 100 levels"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested more than 100 levels"),
        ('{"a": "%s"}' % ("é" * 32_765), "more than 65,535 bytes"),
    ],
)
def test_what_is_no_storable_object_is_refused(value, said):
    problem = refusal(json_objects.prefs, value)
    assert problem.field == "prefs"
    assert said in problem.message


def test_prefs_may_be_as_large_and_as_deep_as_the_limits_say():
    text = json.dumps({"a": "x" * (65_535 - len('{"a":""}'))})
    assert len(json_objects.prefs(text)["a"]) == 65_527
    assert json_objects.prefs('{"a":' * 100 + "1" + "}" * 100)
    assert refusal(json_objects.prefs, {"a": "x" * 65_528}).message.startswith("Invalid prefs: more than")


def test_prefs_that_hold_themselves_are_refused():
    circle: dict = {}
    circle["a"] = [circle, circle]
    assert "nested" in refusal(json_objects.prefs, circle).message
    wide = [0] * 10
    for _ in range(20):
        wide = [wide] * 10
    assert "more than" in refusal(json_objects.prefs, {"a": wide}).message


def test_prefs_are_a_copy_in_plain_types():
    class Colour(StrEnum):
        RED = "red"

    given_prefs = {"a": [1], "b": (1, 2), "c": Colour.RED}
    stored = json_objects.prefs(given_prefs)
    given_prefs["a"].append(2)
    assert stored == {"a": [1], "b": [1, 2], "c": "red"}
    assert type(stored["c"]) is str


def test_metadata_follow_the_same_rules_under_their_own_name():
    assert json_objects.metadata('{"a": 1}') == {"a": 1}
    assert refusal(json_objects.metadata, "[]").message == "Invalid metadata: must be a JSON object, not a list."


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=4))
def test_prefs_from_text_and_from_a_dict_are_the_same(given_prefs):
    try:
        stored = json_objects.prefs(given_prefs)
    except Invalid:
        refusal(json_objects.prefs, json.dumps(given_prefs))
        return
    assert stored == given_prefs == json_objects.prefs(json.dumps(given_prefs)) == json_objects.prefs(stored)


@pytest.mark.parametrize(
    ("old", "patch", "merged"),
    [  # those of RFC 7396, appendix A, in which both are objects
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_is_a_json_merge_patch(old, patch, merged):
    before = json.dumps(old)
    assert json_objects.merge(old, patch) == merged
    assert json.dumps(old) == before


# Passwords


def test_a_password_is_kept_as_it_is():
    assert identifiers.password("  pässwörd👩‍🚀 ") == "  pässwörd👩‍🚀 "
    assert identifiers.password("x" * 256, 12) == "x" * 256


@pytest.mark.parametrize(
    ("value", "minimum", "type"),
    [
        ("secret7", 8, "password_too_short"),
        ("secret-ten", 12, "password_too_short"),
        ("secret" * 43, 8, "password_too_long"),
        ("secret\0secret", 8, "general_argument_invalid"),
        ("secret\ud800secret", 8, "general_argument_invalid"),
    ],
)
def test_a_refused_password_is_never_shown(value, minimum, type):
    problem = refusal(identifiers.password, value, minimum)
    assert (problem.type, problem.field) == (type, "password")
    assert "secret" not in problem.message


# Time


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3600", 3600), ("0", 0), ("90s", 90), ("15m", 900), ("1h30m", 5400), ("7D", 604_800), (" 2w ", 1_209_600),
     ("1y", 31_536_000), ("1d12h", 129_600)],
)  # fmt: skip
def test_a_duration_is_seconds_or_numbers_with_units(value, seconds):
    assert times.duration(value) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["", "m", "30m1h", "1.5h", "-1h", "+1h", "1 h", "1mo", "١m", "9" * 12 + "y", "9" * 5000]
)
def test_a_malformed_duration_is_refused(value):
    assert refusal(times.duration, value).field == "duration"


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T09:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31 09:00:05.250", datetime(2026, 1, 31, 9, 0, 5, 250_000, tzinfo=UTC)),
        ("2026-01-31t09:00:00z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31T09:00+02:00", datetime(2026, 1, 31, 7, tzinfo=UTC)),
        ("2026-01-31 09:00 -0530", datetime(2026, 1, 31, 14, 30, tzinfo=UTC)),
        ("2026-01-31 09:00 UTC", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("now", NOW),
        ("+2h", NOW + timedelta(hours=2)),
        ("-7d", NOW - timedelta(days=7)),
        ("today", datetime(2026, 5, 1, tzinfo=UTC)),
        ("Tomorrow", datetime(2026, 5, 2, tzinfo=UTC)),
        ("yesterday", datetime(2026, 4, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_said_by_calendar_or_distance(value, instant):
    found = times.moment(value, NOW)
    assert found == instant
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "value",
    ["", "2h", "3600", "1767225600", "2026", "2026-02-31", "2026-01-31T25:00", "2026-01-31T09:00:60Z", "2026-1-1",
     "2026-01-31x09:00", "2026-01-31T09:00+25:00", "0000-01-01", "9999-12-31T23:59-14:00", "0001-01-01T00:00+14:00",
     "+999999999y", "-9999y", "+", "--2h", "next week", "２０２６-01-01", "2026-01-31\n09:00"],
)  # fmt: skip
def test_a_malformed_moment_is_refused(value):
    assert refusal(times.moment, value, NOW, field="created_at").field == "created_at"


def test_a_bare_duration_counts_the_way_that_the_caller_says():
    assert times.moment("2h", NOW, bare="ahead") == NOW + timedelta(hours=2)
    assert times.moment("2h", NOW, bare="ago") == NOW - timedelta(hours=2)
    assert times.moment("+2h", NOW, bare="ago") == NOW + timedelta(hours=2)


def test_until_is_a_time_to_come():
    assert times.until("2h", NOW) == NOW + timedelta(hours=2)
    assert times.until("2026-06-01", NOW) == datetime(2026, 6, 1, tzinfo=UTC)
    assert "in the past" in refusal(times.until, "today", NOW).message
    assert refusal(times.until, "now", NOW).field == "until"


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)), st.timezones())
def test_a_moment_reads_what_python_writes(naive, zone):
    time = naive.replace(microsecond=0, tzinfo=zone)
    offset = time.utcoffset()
    if offset is not None and offset.total_seconds() % 60 == 0:
        assert times.moment(time.isoformat(), NOW) == time


# Choices


@pytest.mark.parametrize("value", ["true", "YES", "on", "1", " True ", True])
def test_what_is_true(value):
    assert identifiers.boolean(value) is True


@pytest.mark.parametrize("value", ["false", "No", "off", "0", False])
def test_what_is_false(value):
    assert identifiers.boolean(value) is False


def test_what_is_neither_is_refused():
    assert refusal(identifiers.boolean, "maybe", field="email_verified").message == (
        "Invalid email_verified 'maybe': use true or false."
    )
    assert refusal(identifiers.boolean, 1).message == "Invalid value: must be text, not a number."


def test_a_status_is_active_or_blocked():
    assert identifiers.status("Blocked") is Status.BLOCKED
    assert identifiers.status(Status.ACTIVE) is Status.ACTIVE
    assert refusal(identifiers.status, "away").message == ("Invalid status 'away': use active or blocked.")


# All at once


def test_check_names_every_wrong_field_in_one_error():
    check = checks.Collector()
    assert check(contacts.email, "ada") is None
    assert check(identifiers.name, "Ada") == "Ada"
    assert check(contacts.phone, "020 7946 0123") is None
    assert check(identifiers.name, "x" * 129, field="team_name") is None
    assert check(identifiers.password, "short", 12) is None
    with pytest.raises(Invalid) as refused:
        check.done()
    assert [problem.field for problem in refused.value.problems] == ["email", "phone", "team_name", "password"]
    assert refused.value.hint is not None
    assert refused.value.hint.startswith("Begin with +")


def test_check_lets_none_through_and_is_content_with_nothing():
    check = checks.Collector()
    assert check(contacts.email, None) is None
    check.done()
