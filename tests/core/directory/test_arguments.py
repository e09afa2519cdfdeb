"""Arguments of a wrong type: Invalid, by name, of every verb, before anything is read."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import UnionType
from typing import get_args, get_origin

import pytest
from doubles.verbs import VERBS, arguments, bound, call

import authctl
from authctl.core.directory.arguments import _TYPES as KNOWN
from authctl.errors import AuthctlError, Invalid

EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))

# Values of many types; some of their names are those of other values in text.
VALUES = (
    None,
    5,
    -1,
    10**30,
    1.5,
    math.nan,
    True,
    "5",
    "false",
    b"bytes",
    datetime(2026, 1, 2),
    datetime(1, 1, 1, tzinfo=EAST),
    datetime(9999, 12, 31, 23, tzinfo=WEST),
    timedelta(1),
    ["text"],
    [5],
    [None],
    [b"x"],
    ("text", ["text"]),
    {5},
    {"text": 5},
    {5: "text"},
    object(),
    print,
)


def takes(value, wanted):
    """Whether an annotation lets a value pass. Stricter than Python: a bool is no number, and a text no list."""
    inside = get_args(wanted)
    kind = get_origin(wanted) or wanted
    if kind is UnionType:
        return any(takes(value, each) for each in inside)
    if kind is object:
        return True
    if kind is Callable:
        return callable(value)
    if kind is Iterable:
        return isinstance(value, Iterable) and not isinstance(value, str | bytes) and all_text(value)
    if kind is Mapping:
        return isinstance(value, Mapping) and all_text(value) and (inside[1] is object or all_text(value.values()))
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    if kind is datetime:
        return isinstance(value, datetime) and value.tzinfo is UTC
    return isinstance(value, kind)


def all_text(values):
    return all(isinstance(value, str) for value in values)


@pytest.mark.parametrize("verb", VERBS)
def test_a_value_of_a_wrong_type_is_invalid(verb, tmp_path):
    """On a database that is not there, so that nothing else can have refused it."""
    with authctl.open(f"sqlite:///{tmp_path}/none.db") as directory:
        for name, parameter in inspect.signature(bound(directory, verb)).parameters.items():
            for value in VALUES:
                if takes(value, parameter.annotation):
                    continue
                with pytest.raises(Invalid) as refused:
                    call(directory, verb, **arguments(verb) | {name: value})
                assert (refused.value.type, refused.value.field) == ("general_argument_invalid", name), value
                assert f"'{name}' must be " in refused.value.message


@pytest.mark.parametrize("verb", VERBS)
def test_every_annotation_is_known(verb):
    _, *annotations = [each.annotation for each in inspect.signature(VERBS[verb].function).parameters.values()]
    assert {part for annotation in annotations for part in annotation.split(" | ")} <= KNOWN.keys()


def test_what_was_given_is_said_and_not_shown(tmp_path):
    with authctl.open(f"sqlite:///{tmp_path}/none.db") as directory:
        for call_, message in (
            (lambda: directory.users.get(None), "The argument 'user' must be text, not None."),
            (lambda: directory.users.list(limit="hidden"), "The argument 'limit' must be a whole number, not text."),
            (
                lambda: directory.users.list(limit=2**63),
                "The argument 'limit' must be a whole number, not a number over 64 bits.",
            ),
            (
                lambda: directory.users.list(filters=["mfa = true", 5]),
                "The argument 'filters' must be a list of text, not a list with a number in it.",
            ),
            (
                lambda: directory.users.update_status("ada", "blocked", until=datetime(2026, 1, 2)),
                "The argument 'until' must be a time with its zone or text or None, not a time without a zone.",
            ),
            (
                lambda: directory.users.create(password_hash="x", weak_hash="hidden"),
                "The argument 'weak_hash' must be keep or wrap or reset, not another text.",
            ),
        ):
            with pytest.raises(Invalid) as refused:
                call_()
            assert refused.value.message == message


@pytest.fixture
def ada(directory):
    directory.teams.create("Acme", id="acme")
    return directory.users.create(id="ada", email="ada@example.com", password="correct horse battery")


def refusal(function, *given, **named):
    """What refuses it, and the field that is named; None where nothing does."""
    try:
        function(*given, **named)
    except AuthctlError as error:
        return type(error), error.field
    return None


@pytest.mark.parametrize(
    "nested",
    [
        {1: 2},
        {"a": {1: 2}},
        {"a": {1, 2}},
        {"a": math.nan},
        {"a": math.inf},
        {"a": b"x"},
        {"a": 10**5000},
        {"a": datetime(2026, 1, 2, tzinfo=UTC)},
        {"a": "\ud800"},
        {"\0": 1},
    ],
    ids=range(10),
)
def test_what_json_does_not_have_is_invalid_at_any_depth(directory, ada, nested):
    assert refusal(directory.users.create, prefs=nested) == (Invalid, "prefs")
    assert refusal(directory.users.create, metadata=nested) == (Invalid, "metadata")
    assert refusal(directory.users.update_prefs, "ada", nested) == (Invalid, "prefs")
    assert refusal(directory.users.update_prefs, "ada", nested, merge=True) == (Invalid, "prefs")
    assert refusal(directory.users.update_metadata, "ada", nested) == (Invalid, "metadata")
    assert refusal(directory.teams.update_prefs, "acme", nested) == (Invalid, "prefs")


LENGTHS = (
    0,
    -1,
    10**15,
    2**62,
    timedelta.max,
    timedelta.min,
    timedelta(microseconds=1),
    "1000000y",
    "9" * 5000,
    "-1m",
    "",
)


@pytest.mark.parametrize("length", LENGTHS, ids=range(len(LENGTHS)))
def test_a_length_of_time_that_is_too_long_or_none_is_invalid(directory, ada, length):
    secret = directory.sessions.create("ada", "correct horse battery").secret
    assert refusal(directory.tokens.create, "ada", expire=length) == (Invalid, "expire")
    assert refusal(directory.sessions.create_jwt, secret, duration=length) == (Invalid, "duration")
    assert refusal(directory.security.set, "otp-expiry", length) == (Invalid, "otp-expiry")


def test_a_length_of_time_is_a_timedelta_seconds_or_text(directory, ada, clock):
    secret = directory.sessions.create("ada", "correct horse battery").secret
    for length in (timedelta(minutes=5), 300, "300", "5m"):
        assert directory.tokens.create("ada", expire=length).token.expires_at == clock() + timedelta(minutes=5)
        jwt = directory.sessions.create_jwt(secret, duration=length)
        assert jwt.expires_at == clock().replace(microsecond=0) + timedelta(minutes=5)
        assert directory.security.set("otp-expiry", length) == timedelta(minutes=5)


def test_a_time_beyond_the_calendar_is_invalid(directory, ada):
    for time in ("10000-01-01", "+9999y", "2026-02-30", datetime(9999, 12, 31, 23, tzinfo=WEST)):
        assert refusal(directory.users.update_status, "ada", "blocked", until=time) == (Invalid, "until")
        assert refusal(directory.security.list_logs, since=time) == (Invalid, "since")
        assert refusal(directory.security.list_logs, until=time) == (Invalid, "until")


def test_the_last_times_of_the_calendar_are_taken(directory, ada):
    last = datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)
    assert directory.users.update_status("ada", "blocked", until=last.astimezone(timezone(timedelta(hours=-1))))
    assert directory.users.get("ada").blocked_until == last
    assert directory.security.list_logs(since=datetime(1, 1, 1, tzinfo=UTC), until=last)


def test_a_limit_that_is_too_large_is_invalid(directory, ada):
    for limit in (0, -1, 10_001, 2**62):
        for page in (directory.users.list, directory.teams.list, directory.security.list_logs):
            assert refusal(page, limit=limit) == (Invalid, "limit")
        assert refusal(directory.users.list_logs, "ada", limit=limit) == (Invalid, "limit")
        assert refusal(directory.users.list_identities, limit=limit) == (Invalid, "limit")


def test_a_policy_of_any_type_is_taken_or_invalid(directory):
    dry = directory.acting(directory.actor, dry_run=True)
    for name in directory.security.show():
        for value in (*VALUES, 10**5000, [10**5000], "\0", "\ud800"):
            refused = refusal(dry.security.set, name, value)
            assert refused in (None, (Invalid, name)), value


def test_what_can_be_read_once_is_read_as_often_as_needed(directory, ada):
    user = directory.users.update_labels("ada", (label for label in ("staff", "maths")))
    assert user.labels == ("staff", "maths")
    found = directory.users.iterate(filters=(text for text in ("id = ada", "email ~ ada")))
    assert [user.id for user in found] == ["ada"]


def test_a_word_is_the_same_as_its_member(directory):
    assert directory.security.rotate_jwt_key(algorithm="EdDSA").public_jwk["kty"] == "OKP"
    assert directory.security.rotate_jwt_key(algorithm="ES256").public_jwk["kty"] == "EC"
