"""Times as other systems write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from authctl.transfer.sources import timestamps

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "2024-01-01 00:00:00+00",
        "2024-01-01T00:00:00.000+00:00",
        "2024-01-01T01:00:00+01:00",
        "2024-01-01 00:00:00.000000000",
        "2024-01-01 00:00:00 UTC",
        "2024-01-01 00:00:00.000000 UTC",
        "2024-01-01 00:00:00 +0000",
        "2024-01-01 01:00:00 +0100",
        "2024-01-01 00:00:00 +0000 UTC",
    ],
)
def test_iso(text):
    assert timestamps.iso(text) == NEW_YEAR


@pytest.mark.parametrize(
    "value",
    ["01.05.2021", "20240101", "infinity", "2024-W01-1", "2024-13-01", "", 7, None, [], {},
     "2024-01-01 00:00:00 CET", "2024-x1-01T00:00:00+00:00", "2024-x1-01 00:00:00 +00:00", "2024-x1-01 00:00 UTC",
     "0001-01-01T00:00:00Z", "1601-01-01", "0000-00-00 00:00:00"],
)  # fmt: skip
def test_what_is_not_iso(value):
    assert timestamps.iso(value) is None


def test_at_the_edges_of_the_calendar():
    assert timestamps.iso("0001-01-01T00:00:00+05:00") is None
    assert timestamps.iso("9999-12-31T23:59:59-05:00") is None


@pytest.mark.parametrize("value", [1704067200, "1704067200", 1704067200000, "1704067200000", 1704067200.0])
def test_seconds_and_milliseconds_by_their_size(value):
    assert timestamps.any_epoch(value) == NEW_YEAR


@pytest.mark.parametrize(
    "text",
    ["2024-01-01", "1704067200", "20240101000000Z", "Mon, 01 Jan 2024 00:00:00 GMT", "45292", "45292.0", "45292,0"],
)
def test_what_can_be_read_in_one_way_alone(text):
    assert timestamps.any_form(text) == NEW_YEAR


@pytest.mark.parametrize("value", ["1/2/2021", "1.2.2021", "Mon, 32 Jan 2024", "12345", "-62135596800", 45292, None])
def test_what_could_be_read_in_several_ways_or_none(value):
    assert timestamps.any_form(value) is None


@pytest.mark.parametrize("value", [20240101, "12345678", True, "1e9", "٣٣٣٣٣٣٣٣٣", "", None, [], "1" * 5000])
def test_what_is_neither(value):
    assert timestamps.any_epoch(value) is None


@pytest.mark.parametrize(
    "text",
    [
        "20240101000000Z",
        "202401010000Z",
        "2024010100Z",
        "20240101000000.0Z",
        "20240101010000+0100",
        "20240101010000+01",
    ],
)
def test_generalized_time(text):
    assert timestamps.generalized(text) == NEW_YEAR


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.none())))
def test_nothing_raises(value):
    readers = (
        timestamps.iso,
        timestamps.any_epoch,
        timestamps.epoch_seconds,
        timestamps.epoch_milliseconds,
        timestamps.generalized,
    )
    for read in (*readers, lambda value: timestamps.by_format(value, "%d.%m.%Y")):
        found = read(value)
        assert found is None or found.tzinfo is UTC
