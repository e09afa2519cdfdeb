"""What a list may be asked, and how a wrong question is answered."""

from datetime import UTC, datetime, timedelta

import pytest

from authctl.core.accounts.lookup import FIELDS
from authctl.core.values import listings, times
from authctl.errors import Invalid
from authctl.model import Filter

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def parse(**asked):
    return listings.parse(FIELDS, NOW, **asked)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("status = blocked", Filter("status", "=", "blocked")),
        ("status == blocked", Filter("status", "=", "blocked")),
        ("status!=Active", Filter("status", "!=", "active")),
        ("email = Ada@Example.com", Filter("email", "=", "ada@example.com")),
        ("phone = 44 7911 123456", Filter("phone", "=", "+447911123456")),
        ("email =", Filter("email", "=", None)),
        ("name = 'Ada  Lovelace '", Filter("name", "=", "Ada  Lovelace ")),
        ("name =", Filter("name", "=", "")),
        ("mfa = no", Filter("mfa", "=", False)),
        ("created_at >= 2026-01-01", Filter("created_at", ">=", datetime(2026, 1, 1, tzinfo=UTC))),
        ("labels ~ staff", Filter("labels", "~", "staff")),
        ("email ~ @example", Filter("email", "~", "@example")),
        ("password.set = false", Filter("password.set", "=", False)),
    ],
)
def test_a_filter_is_read(text, wanted):
    assert parse(filters=[text]).filters == (wanted,)


@pytest.mark.parametrize(
    ("asked", "field", "says"),
    [
        ({"filters": ["colour = red"]}, "filter", "Unknown field 'colour'."),
        ({"filters": ["emial = x"]}, "filter", "Did you mean 'email'?"),
        ({"filters": ["status"]}, "filter", "use FIELD OP VALUE"),
        ({"filters": ["labels = staff"]}, "filter", "use ~, not ="),
        ({"filters": ["mfa > true"]}, "filter", "use = !=, not >"),
        ({"filters": ["status = gone"]}, "filter", "filter on status"),
        ({"filters": ["created_at > soon"]}, "filter", "use a time such as"),
        ({"filters": ["email ~"]}, "filter", "add a value after ~"),
        ({"sort": "labels"}, "sort", "sort by 'labels'"),
        ({"sort": "-nme"}, "sort", "Did you mean 'name'?"),
        ({"limit": 0}, "limit", "out of range"),
        ({"limit": 10_001}, "limit", "10,000"),
        ({"search": "x" * 257}, "search", "at most 256"),
        ({"search": "ada\0"}, "search", "U+0000"),
        ({"after": "\0"}, "after", "U+0000"),
        ({"before": "\ud800"}, "before", "not valid Unicode"),
        ({"after": "a", "before": "b"}, "before", "only one of"),
    ],
)
def test_a_wrong_question_names_its_field(asked, field, says):
    with pytest.raises(Invalid) as refused:
        parse(**asked)
    assert refused.value.field == field
    assert says in refused.value.message


def test_everything_wrong_is_told_at_once():
    with pytest.raises(Invalid) as refused:
        parse(filters=["colour = red", "status = gone"], sort="x", limit=0)
    assert [problem.field for problem in refused.value.problems] == ["filter", "filter", "sort", "limit"]


# Times


@pytest.mark.parametrize(
    "words", ["2h", "90m", "1h30m", "3600", "7d", "+2h", "-7d", "now", "today", "yesterday", "2026-01-01"]
)
def test_a_time_is_what_since_takes(words):
    (asked,) = parse(filters=[f"created_at > {words}"]).filters
    assert asked.value == times.moment(words, NOW, bare="ago")


def test_an_end_lies_ahead():
    asked = parse(filters=["blocked_until < 2h", "locked_until < 2h", "created_at < 2h"]).filters
    assert [each.value - NOW for each in asked] == [timedelta(hours=hours) for hours in (2, 2, -2)]
