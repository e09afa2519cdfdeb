"""Times as other systems write them. Each function reads one form, and answers None to any other."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from authctl.model import EPOCH

_LDAP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,]\d+)?(Z|[+-]\d{2}(?:\d{2})?)")
_DIGITS = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,9})?")


def iso(value: Any) -> datetime | None:
    """ISO 8601, with T or a space, and any offset; without one it is UTC."""
    # Python reads more of ISO 8601 than people mean: weeks, and eight digits alone.
    if not isinstance(value, str) or value[4:5] != "-" or value[7:8] != "-":
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo is UTC else utc(moment)
    except (ValueError, OverflowError):
        return None


def utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def epoch_seconds(value: Any) -> datetime | None:
    """Seconds since 1970, as a number or its digits."""
    return _since(value, "seconds")


def epoch_milliseconds(value: Any) -> datetime | None:
    """Milliseconds since 1970, as a number or its digits."""
    return _since(value, "milliseconds")


def any_epoch(value: Any) -> datetime | None:
    """Seconds or milliseconds since 1970, by their size: 9 to 11 digits, or 12 to 14."""
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _DIGITS.fullmatch(text):
        return None
    digits = len(text.partition(".")[0].lstrip("-"))
    if 9 <= digits <= 11:
        return epoch_seconds(text)
    return epoch_milliseconds(text) if 12 <= digits <= 14 else None


def either(value: Any) -> datetime | None:
    """ISO 8601, or seconds or milliseconds since 1970."""
    return iso(value) or any_epoch(value)


FILETIME_EPOCH = 11_644_473_600  # seconds from 1601 to 1970


def filetime(value: Any) -> datetime | None:
    """Active Directory's: tenths of microseconds since 1601."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or len(value) > 18:
        return None
    return epoch_seconds(int(value) // 10_000_000 - FILETIME_EPOCH)


def generalized(value: Any) -> datetime | None:
    """LDAP's generalized time (RFC 4517 §3.3.13): 20190412093015Z."""
    found = _LDAP.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    offset = "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[3:] or '00'}"
    return iso(f"{year}-{month}-{day}T{hour}:{minute or '00'}:{second or '00'}{offset}")


def by_format(value: Any, form: str) -> datetime | None:
    """By a form that the operator gave, in strptime's words; without an offset it is UTC."""
    try:
        return utc(datetime.strptime(value, form))  # noqa: DTZ007 - utc() settles what the form leaves open
    except (ValueError, TypeError, OverflowError, re.error):
        return None


def _since(value: Any, unit: str) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            return None
        value = float(value) if "." in value else int(value)
    try:
        return EPOCH + timedelta(**{unit: value})
    except (OverflowError, ValueError):
        return None
