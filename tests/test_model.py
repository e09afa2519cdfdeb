"""The records of the model: what is shown of them, and times as numbers."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st

from authctl.model import User, from_milliseconds, milliseconds

TIMES = st.datetimes(timezones=st.timezones())


@given(TIMES)
def test_a_time_is_kept_to_the_millisecond(time):
    kept = from_milliseconds(milliseconds(time))
    assert kept.tzinfo is UTC
    assert 0 <= (time - kept).total_seconds() < 0.001


def test_what_repr_hides_of_a_user_is_shown_to_nobody():
    now = datetime.now(UTC)
    user = User(seq=7, id="ada", totp=True, email_self_service=True, created_at=now, updated_at=now)
    shown = user.public()
    assert [name for name in User.__dataclass_fields__ if name not in shown] == [
        *("username_self_service", "email_self_service", "phone_self_service", "totp", "recovery_code"),
        *("pending_email", "pending_email_session", "pending_phone", "pending_phone_session", "requested", "seq"),
        "former_ids",
    ]
    assert all(f" {name}=" not in repr(user) for name in User.__dataclass_fields__ if name not in shown)
    assert shown["pending"] == {"email": None, "phone": None}
    assert shown["factors"] == {"totp": True, "email": False, "phone": False, "recovery_code": False}
