"""Durations and moments as people type them. Text without a zone is UTC, as all output is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from authctl.core.values.checks import invalid, text

_UNITS = {"y": 365 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}  # seconds
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,12}}){unit})?" for unit in _UNITS))
_SECONDS = re.compile("[0-9]{1,12}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?) ?(?:(Z|UTC)|([+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}


def duration(value: timedelta | str | int, *, field: str = "duration") -> timedelta:
    """A length of time: as it is, in seconds, or as text.

    Text is seconds (`3600`), or numbers with units, the largest first: `15m`, `7d`, `1h30m`, `2w`, `1y` (365 days).
    """
    if isinstance(value, timedelta):
        return value
    value = str(value) if isinstance(value, int) else text(value, field)
    found = _span(value.strip().lower())
    if found is None:
        raise invalid(
            field,
            "use seconds, or numbers with units: 90s, 15m, 1h30m, 7d, 2w, 1y",
            value=value,
        )
    return found


def moment(value: str, now: datetime, *, bare: Literal["ahead", "ago"] | None = None, field: str = "time") -> datetime:
    """An instant in UTC: `2026-01-31`, `2026-01-31T09:00`, `2026-01-31 09:00:00+02:00`, `+2h`, `-7d`, `now`, `today`.

    Without a zone it is UTC, as every time that authctl prints is: the same words mean the same on every machine.
    bare: whether a duration without sign (`2h`) counts ahead of now or back; None refuses it as ambiguous.
    """
    words = text(value, field).strip().upper()
    try:
        found = _relative(words, now, bare) or _iso(words)
    except (ValueError, OverflowError):  # the 31st of February, or a year beyond 9999
        found = None
    if found is None:
        relative = "2h" if bare else "+2h, -7d"
        raise invalid(
            field,
            f"use a time such as 2026-01-31, 2026-01-31T09:00Z, 2026-01-31T09:00+02:00, {relative}, today or now",
            value=value,
        )
    return found


def until(value: str | datetime, now: datetime, *, field: str = "until") -> datetime:
    """A moment still to come; `2h` is two hours from now."""
    found = moment(value, now, bare="ahead", field=field) if isinstance(value, str) else value
    if found <= now:
        raise invalid(field, "in the past; use a later time, in UTC or with its zone", value=str(value))
    return found


def _span(words: str) -> timedelta | None:
    """The length of time that the words say; None where they say none."""
    if _SECONDS.fullmatch(words):
        words += "s"
    found = _DURATION.fullmatch(words)
    if not words or found is None:
        return None
    try:
        return timedelta(seconds=sum(int(number) * _UNITS[unit] for unit, number in found.groupdict("0").items()))
    except OverflowError:  # more than 999,999,999 days
        return None


def _relative(words: str, now: datetime, bare: str | None) -> datetime | None:
    """A time said by its distance from now."""
    now = now.astimezone(UTC)
    if words == "NOW":
        return now
    if words in _DAYS:
        return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=_DAYS[words])
    signed = words.startswith(("+", "-"))
    span = _span((words[1:] if signed else words).lower())
    if span is None or not (signed or bare):
        return None
    back = words.startswith("-") if signed else bare == "ago"
    return now - span if back else now + span


def _iso(words: str) -> datetime | None:
    """A time said by the calendar, ISO 8601."""
    found = _MOMENT.fullmatch(words)
    if found is None:
        return None
    date, time, _, offset = found.groups()
    return datetime.fromisoformat(f"{date}T{time or '00:00'}{offset or '+00:00'}").astimezone(UTC)
