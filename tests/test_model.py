"""The records of the model: times as numbers."""

from datetime import UTC

from hypothesis import given, strategies as st

from authctl.model import from_milliseconds, milliseconds

TIMES = st.datetimes(timezones=st.timezones())


@given(TIMES)
def test_a_time_is_kept_to_the_millisecond(time):
    kept = from_milliseconds(milliseconds(time))
    assert kept.tzinfo is UTC
    assert 0 <= (time - kept).total_seconds() < 0.001
