"""Filters on values in metadata and prefs: both databases answer as Python does."""

import operator

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from authctl.core.accounts.lookup import FIELDS
from authctl.core.values import listings
from authctl.model import Listing

ABSENT = object()
# What stands at the key `plan`, by the id of the user.
VALUES = {
    "absent": ABSENT,
    "null": None,
    "pro": "pro",
    "capitals": "PRO",
    "professional": "professional",
    "empty": "",
    "digits": "12",
    "word-true": "true",
    "twelve": 12,
    "twelve-point": 12.0,
    "half": 0.5,
    "minus": -3,
    "huge": 10**30,
    "precise": 2**53 + 1,
    "yes": True,
    "no": False,
    "list": ["pro", 12, "zoë", None],
    "object": {"pro": 1, "plan": "pro"},
    "quotes": 'it\'s "so" \\',
    "zoe": "zoë",
    "last": "\U0010ffff",
}
OPS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def wanted(op, value, asked):
    """Whether a filter with a value of its type lets that value through, by the rules of the help."""
    if asked is None:
        return (value in (ABSENT, None)) == (op == "=")
    if op == "~":
        return (isinstance(value, list) and asked in value) or (
            isinstance(value, str) and asked.encode().lower() in value.encode().lower()
        )
    is_same_type = any(
        isinstance(value, kind) and isinstance(asked, kind) and isinstance(value, bool) == isinstance(asked, bool)
        for kind in (str, bool, (int, float))
    )
    if op in ("=", "!="):
        is_equal = is_same_type and (float(value) == float(asked) if isinstance(asked, float) else value == asked)
        return is_equal == (op == "=")
    return is_same_type and OPS[op](float(value) if isinstance(asked, float) else value, asked)


@pytest.fixture
def users(directory):
    for id, value in VALUES.items():
        address = {"city": "Hull"} | ({} if value is ABSENT else {"first name": value})
        held = {"address": address, "list": [{"plan": "pro"}]}
        directory.users.create(id=id, metadata=held | ({} if value is ABSENT else {"plan": value}))
    return directory.users


TEXTS = ["null", "", "pro", '"pro"', "'12'", "12", "12.0", "-3", "0.5", "1e30", "true", "false", '"true"', '""', "zoë"]
TEXTS += ["9007199254740993", "\U0010ffff", '"it\'s"', "PRO"]


@pytest.mark.parametrize("op", ["=", "!=", *OPS, "~"])
def test_both_databases_answer_as_python_does(users, op):
    for text in TEXTS:
        try:
            asked = listings.parse(FIELDS, None, filters=[f"metadata.plan {op} {text}"]).filters[0]
        except listings.Invalid:
            continue
        found = {user.id for user in users.list(filters=[f"metadata.plan {op} {text}"], limit=100)}
        assert found == {id for id, value in VALUES.items() if wanted(op, value, asked.value)}, (op, text)
        assert users.count(filters=[f"metadata.plan {op} {text}"]) == len(found)


def test_keys_are_nested_and_quoted(users):
    def ids(*filters):
        return {user.id for user in users.list(filters=filters, limit=100)}

    assert ids("metadata.address.city = Hull") == set(VALUES)
    assert ids('metadata.address."first name" = pro') == {"pro"}
    assert ids('metadata."address"."first name" = 12') == {"twelve", "twelve-point"}
    assert ids("metadata.address.city.plan = Hull") == set()
    assert ids("metadata.list.plan = pro") == ids("metadata.list.0 = pro") == set()  # lists have no keys
    assert ids("metadata.plan = pro", "metadata.address.city ~ ull") == {"pro"}
    assert ids('metadata."%s" = null') == ids("metadata.plan.plan = null") | {"object"} == set(VALUES)


def test_prefs_of_users_and_teams(directory):
    directory.users.create(id="ada", prefs={"theme": "dark"})
    directory.users.create(id="bob", prefs={"theme": "light"})
    directory.teams.create("Red", id="red")
    directory.teams.update_prefs("red", {"seats": 5})
    assert [user.id for user in directory.users.list(filters=["prefs.theme = dark"])] == ["ada"]
    assert [team.id for team in directory.teams.list(filters=["prefs.seats >= 5"])] == ["red"]
    assert directory.teams.count(filters=["prefs.seats > 5"]) == 0
    assert [user.id for user in directory.users.list(search="ad", filters=["prefs.theme != dark"])] == []


KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1, max_size=5)
LEAVES = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9) | KEYS


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(KEYS, LEAVES)
def test_what_is_stored_is_found_by_what_it_is(directory, key, value):
    if not directory.users.list(filters=["id = ada"]):
        directory.users.create(id="ada")
    directory.users.update_metadata("ada", {key: {key: value}})
    text = f'"{value}"' if isinstance(value, str) else {None: "null", True: "true", False: "false"}.get(value, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = repr(value)
    assert [user.id for user in directory.users.list(filters=[f'metadata."{key}"."{key}" = {text}'])] == ["ada"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("metadata = x", "add a key, as in metadata.plan"),
        ("metadata.plan > true", "use = or !=, not >"),
        ("metadata.plan < ", "use = or !=, not <"),
        ("metadata.plan ~ ", "add a value after ~"),
        ("metadata.plan = 1e999", "too large"),
        ("metadta.plan = x", "Did you mean 'metadata'?"),
        ('metadata."a\\b" = x', "use FIELD OP VALUE"),
    ],
)
def test_a_wrong_question_is_answered(text, says):
    with pytest.raises(listings.Invalid) as refused:
        listings.parse(FIELDS, None, filters=[text])
    assert says in str(refused.value)


def test_an_object_cannot_be_sorted_by():
    with pytest.raises(listings.Invalid, match="which is an object"):
        listings.parse(FIELDS, None, sort="metadata")
    assert isinstance(listings.parse(FIELDS, None), Listing)
