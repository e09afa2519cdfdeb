"""Where an import takes a shorter way for what is usual, it ends where the long way does, in values and in refusals."""

import json
from datetime import UTC, datetime

import phonenumbers
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from authctl import storage
from authctl.core import hashing
from authctl.core.hashing import base, registry
from authctl.core.policy.policies import Policy
from authctl.core.values import contacts, identifiers, json_objects
from authctl.errors import Invalid
from authctl.storage import search_terms
from authctl.storage.imports import Owners
from authctl.transfer.conflicts import Conditions, Holders, OnConflict, settle
from authctl.transfer.records import Linked, Record, Secret
from authctl.transfer.validation import Checked, Checker, Rules

NOW = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)


def outcome(rule, *given, **options):
    """What a rule makes of a value, or the type and field of its refusal."""
    try:
        return rule(*given, **options)
    except Invalid as error:
        return error.type, error.field


# Emails

LOCAL_ATOMS = [
    "a",
    "Ada",
    "ada.love",
    "x+y",
    "o'k",
    "a..b",
    ".a",
    "a.",
    "_",
    "é",
    "e\u0301",
    "ß",
    "İ",
    "jörg.müller",
    "日本.四",
    "x²½Ⅷ",
    "ﬁ",
    "क्",
    "a·b",
    '"q r"',
    "a b",
    "\u200d",
    "",
]
LOCAL_ATOMS += ["x" * 63, "x" * 64, "x" * 65]
HOST_LABELS = [
    "a",
    "B2",
    "example",
    "xn--bcher-kva",
    "xn--",
    "bücher",
    "日本",
    "a-b",
    "-a",
    "a-",
    "ab--c",
    "a_b",
    "1",
    "",
]
HOST_LABELS += ["x" * 62, "x" * 63, "x" * 64]
LAST_LABELS = [
    "com",
    "CO",
    "c",
    "1",
    "c0m",
    "co-m",
    "test",
    "local",
    "localhost",
    "xn--p1ai",
    "рф",
    "com.",
    "..com",
    "123",
]


@st.composite
def emails(draw):
    """Plain and odd ones; those of a given length are a hair above or below the limit of 254."""
    of_ascii = st.from_regex(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,12}", fullmatch=True)
    local = draw(st.sampled_from(LOCAL_ATOMS) | of_ascii | st.text(st.characters(categories=["L", "N"]), min_size=1))
    hosts = draw(st.lists(st.sampled_from(HOST_LABELS), max_size=5))
    host = ".".join([*hosts, draw(st.sampled_from(LAST_LABELS))])
    if draw(st.integers(0, 4)) == 0:
        room = draw(st.integers(250, 257)) - len(local) - len(host) - 1
        host = "y." * (max(room, 0) // 2) + host
    return draw(st.sampled_from(["", "", "", " "])) + local + draw(st.sampled_from(["@"] * 8 + ["", "@@", " @"])) + host


@given(emails())
@example("ada@example.com")
@example("ada@bücher.example")
@example("ada@example..com")
@example("ada@example.com.")
@example("x" * 64 + "@example.com")
@example("x" * 65 + "@example.com")
@example("é" * 120 + "@example.co")
@example("é" * 121 + "@example.co")
@example("é" * 122 + "@example.co")
@settings(max_examples=500)
def test_an_email_is_what_the_library_makes_of_it(value):
    assert outcome(contacts.email, value) == outcome(contacts._library_email, value.strip().lower(), "email")


# Phones

PHONES = st.one_of(
    st.builds(
        "+{}{}".format, st.sampled_from(sorted(contacts.CALLING_CODES)), st.from_regex("[0-9]{0,15}", fullmatch=True)
    ),
    st.from_regex(r"\+[0-9]{5,17}", fullmatch=True),
    st.from_regex(r" ?\+[1-9][0-9 .()-]{4,16}", fullmatch=True),
    st.text("+0123456789 -().\u00a0\u2011٣１", max_size=18),
)


def by_the_library(value):
    """The number, where phonenumbers knows its calling code and finds no zero behind it to take out."""
    bare = value.strip().translate(contacts._PHONE_PUNCTUATION)
    bare = "+" + bare[2:] if bare.startswith("00") else bare
    refused = ("general_argument_invalid", "phone")
    if not (bare.isascii() and bare.startswith("+") and bare[1:].isdigit() and bare[1] != "0" and 8 <= len(bare) <= 16):
        return refused
    codes = [bare[1:length] for length in (2, 3, 4)]
    if not any(int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE for code in codes):
        return refused
    better = contacts._without_trunk_zero(bare)
    has_zero = any(
        int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE and bare[len(code) + 1] == "0" for code in codes
    )
    if "(0)" in value:
        return better if contacts._E164.fullmatch(better) else refused
    return refused if has_zero and better != bare else bare


@given(PHONES)
@example("+442079460123")
@example("+2100000000")
@example("+8020000000")
@example("+123456")
@example("+1234567")
@example("+123456789012345")
@example("+1234567890123456")
@settings(max_examples=500)
def test_a_phone_is_what_the_library_makes_of_it(value):
    assert outcome(contacts.phone, value) == by_the_library(value)


# bcrypt

BCRYPT64 = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
BCRYPT = st.builds(
    "${}${:02d}${}{}{}".format,
    st.sampled_from(["2a", "2b", "2y", "2b", "2x", "2", "2c"]),
    st.integers(3, 16) | st.sampled_from([10, 12]),
    st.text(BCRYPT64, min_size=52, max_size=52) | st.text(BCRYPT64, min_size=50, max_size=53),
    st.sampled_from(BCRYPT64),
    st.sampled_from(["", "", "", "", "\n", " ", "=", "é", "$"]),
)
# Bits that carry nothing are the last of the salt and of the digest: one character of four, one of sixteen has none.
CLEAN = st.builds(
    "$2{}${:02d}${}{}{}{}".format,
    st.sampled_from("aby"),
    st.integers(9, 14),
    st.text(BCRYPT64, min_size=21, max_size=21),
    st.sampled_from(BCRYPT64[::16]) | st.sampled_from(BCRYPT64),
    st.text(BCRYPT64, min_size=30, max_size=30),
    st.sampled_from(BCRYPT64[::4]) | st.sampled_from(BCRYPT64),
)


def accepted_by_registry(text):
    try:
        found = registry.accept(text, None, {})
    except base.HashError as error:
        return error.type, error.field
    return base.Imported(str(found), found.algorithm, found.strength, found.warnings, found.holds_key)


@given(CLEAN | BCRYPT)
@example("$2b$10$" + "." * 53)
@example("$2b$13$" + "." * 52 + "/")
@example("$2b$14$" + "." * 53)
@example("$2b$10$" + "." * 53 + "\n")
@settings(max_examples=500)
def test_a_bcrypt_hash_is_what_the_registry_makes_of_it(text):
    assert outcome(hashing.accept, text) == accepted_by_registry(text)


# JSON

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.text(st.characters(categories=["Cs", "Cc"]), max_size=2),
    st.sampled_from(["\0", "\\u0000", "é", "x" * 65_510, 10**400, (), b"bytes", 1j]),
)
OBJECTS = st.dictionaries(
    st.text(max_size=4) | st.sampled_from(["\0", "\ud800", 7, None]),
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)),
    max_size=20,
)
FLAT = st.dictionaries(st.text("abé\0\\", max_size=3), st.none() | st.booleans() | st.integers() | st.text("a\0\\u0é"))


def long_text(value, field):
    return json.dumps(json_objects.prefs(value, field=field), ensure_ascii=False, separators=(",", ":"))


@given(FLAT | OBJECTS | LEAVES)
@example({"a": "x" * 65_526})
@example({"a": "x" * 65_527})
@example({"a": "x" * 65_528})
@example({"a": '\x7f"\\'})
@settings(max_examples=300)
def test_json_is_stored_as_prefs_would_be(value):
    assert outcome(json_objects.json_text, value, field="prefs") == outcome(long_text, value, field="prefs")


# Labels and words


@pytest.fixture(scope="module")
def checker():
    """Holds records to the rules, as an import does."""

    def check(record):
        rules = Rules("import", NOW, Policy({}))
        return Checker(rules, lambda size: bytes(size))(record)

    return check


LABELS = st.lists(st.sampled_from(["a", "A", "vip", "x" * 36, "x" * 37, "", "é", 'a"', "a b", "a\n", "٣"]), max_size=4)


@given(given_labels=LABELS | st.lists(st.text("aB1", min_size=1, max_size=3), max_size=6))
@example(given_labels=[f"l{number}" for number in range(1_000)])
@example(given_labels=[f"l{number}" for number in range(1_001)])
@settings(max_examples=500)
def test_labels_are_those_of_values_as_json(checker, given_labels):
    found = checker(Record(at=1, ref=None, raw=None, id="ada", labels=given_labels))
    good = [each for each in given_labels if not isinstance(outcome(identifiers.label, each), tuple)]
    expected = () if len(set(good)) > identifiers.MAX_LABELS else dict.fromkeys(good)
    assert found.row.labels == json.dumps(list(expected), separators=(",", ":"))


def test_what_was_left_out_is_told_in_the_order_of_the_table(checker):
    found = checker(Record(at=1, ref=None, raw=None, id="ada", name="\0", labels=[f"l{n}" for n in range(1_001)]))
    assert [note.field for note in found.notes][:2] == ["name", "labels"]


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
NAMES |= st.text("aZ 'é\\\"\t\n.,;:|&!<>{}()日", max_size=128)


def split_by_expression(text):
    """The words of a text as they are found in any text, ASCII or not."""
    from unicodedata import normalize

    return [word[: search_terms.MAX_WORD] for word in search_terms._WORD.findall(normalize("NFKC", text).casefold())]


@given(NAMES | st.text(st.characters(max_codepoint=127)) | st.text("aA_1", min_size=60, max_size=70))
@settings(max_examples=300)
def test_words_of_ascii_are_those_of_any_text(text):
    assert search_terms.of(text) == split_by_expression(text)


RECORDS = st.builds(
    Record,
    at=st.just(1),
    ref=st.none(),
    raw=st.none(),
    id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._|:-]{0,20}", fullmatch=True),
    username=st.none()
    | st.text(st.characters(categories=["L", "N", "P"], exclude_characters="@+"), min_size=1, max_size=9),
    name=st.none() | NAMES,
    email=st.none() | st.from_regex(r"[a-z+é]{1,9}@[a-zü]{1,9}\.(com|test)", fullmatch=True),
    email_verified=st.booleans(),
    phone=st.none() | st.from_regex(r"\+44[0-9]{5,13}", fullmatch=True),
    labels=st.lists(st.from_regex("[A-Za-z0-9]{1,6}", fullmatch=True), max_size=3),
    prefs=st.dictionaries(st.text("aé\\", max_size=3), st.text("a'\\\t\né", max_size=4) | st.integers() | st.none()),
    password=st.none() | CLEAN.map(Secret),
)


def stored(db):
    """All rows that make users, but for their numbers."""
    sqlite = db.dialect.name == "sqlite"
    rows = [tuple(row)[1:] for row in db.sqlalchemy.exec_driver_sql("SELECT * FROM users")]
    addresses = db.sqlalchemy.exec_driver_sql("SELECT address FROM addresses ORDER BY address").scalars().all()
    found = [] if sqlite else db.sqlalchemy.exec_driver_sql("SELECT words::text FROM user_words").scalars().all()
    return rows, addresses, found


@given(record=RECORDS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_user_is_stored_in_bulk_as_alone(directory, checker, record):
    """One user by the bulk, then the same by the way of all other commands: the same rows."""

    def compare(work):
        found = checker(record)
        if not isinstance(found, Checked):
            return
        in_bulk = work.db.sqlalchemy.begin_nested()
        [seq] = storage.bulk.insert_users(work.db, [found.row], [found.words])
        by_bulk, user = stored(work.db), storage.users.find(work.db, "id", found.row.id)
        assert user.seq == seq
        in_bulk.rollback()
        alone = work.db.sqlalchemy.begin_nested()
        storage.users.insert(work.db, user, work.now)
        by_itself = stored(work.db)
        alone.rollback()
        assert by_bulk == by_itself
        # FTS5 keeps no text of its own, so what it is given is compared.
        document = storage.users.document(storage.bulk.user_of(found.row))
        assert (found.words, storage.bulk.document(found.row)) == (document, document)

    directory.write(compare)


# Batches

FEW = ["ada", "Ada", "bob", "eve"]
BATCHES = st.lists(
    st.builds(
        Record,
        id=st.none() | st.sampled_from(FEW),
        username=st.none() | st.sampled_from(FEW),
        email=st.none() | st.sampled_from(FEW).map("{}@example.com".format),
        email_verified=st.booleans(),
        phone=st.none() | st.sampled_from(["+442079460123", "+442079460124"]),
        identities=st.lists(st.builds(Linked, st.just("google"), st.sampled_from(FEW)), max_size=1),
        password=st.none() | CLEAN.map(Secret),
    ),
    max_size=4,
)


@given(records=BATCHES, on_conflict=st.sampled_from(OnConflict))
@example(records=[Record(id="ada", email="ada@example.com"), Record(id="bob")], on_conflict=OnConflict.FAIL)
@settings(max_examples=300)
def test_a_batch_without_a_clash_is_settled_as_any_other(checker, records, on_conflict):
    items = [checker(record) for record in records]
    nobody = Holders(Owners(), set(), set(), set(), lambda user, item: False)
    conditions = Conditions(NOW, on_conflict)
    assert settle(items, conditions) == settle(items, conditions, nobody)
