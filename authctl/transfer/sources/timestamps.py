"""Times as other systems write them. Each function reads one form, and answers None to any other."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from authctl.model import EPOCH

_LDAP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,]\d+)?(Z|[+-]\d{2}(?:\d{2})?)")
# Rails, Ruby and MongoDB set the offset apart.
_SPACED = re.compile(r"(.{10}[T ][0-9:.,]+) ?(?:UTC|GMT|([+-][0-9:]{4,6})(?: UTC)?)")
_SERIAL = re.compile(r"[2-5][0-9]{4}(?:[.,][0-9]{1,9})?")
FIRST_YEAR = 1900
EXCEL_BEGINS = datetime(1899, 12, 30, tzinfo=UTC)  # day 0; its year 1900 has a 29 February
_DIGITS = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,9})?")


def iso(value: Any) -> datetime | None:
    """ISO 8601, with T or a space, and any offset, also after a space or as UTC; without one it is UTC.

    What lies before 1900 is none: years 1 and 1601 are what some systems write for no time.
    """
    # Python reads more of ISO 8601 than people mean: weeks, and eight digits alone.
    if not isinstance(value, str) or value[4:5] != "-" or value[7:8] != "-":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        spaced = _SPACED.fullmatch(value)
        joined = spaced[1] + (spaced[2] or "") if spaced else value
        return iso(joined) if joined != value else None
    return _if_real(moment)


def exact(value: Any) -> datetime | None:
    """ISO 8601 as we write it, of any year."""
    try:
        return utc(datetime.fromisoformat(value))
    except (ValueError, TypeError, OverflowError):
        return None


def _if_real(moment: datetime) -> datetime | None:
    try:
        found = utc(moment)
    except OverflowError:
        return None
    return found if found.year >= FIRST_YEAR else None


def utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
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


def any_form(value: Any) -> datetime | None:
    """What can be read in one way alone: ISO 8601, seconds or milliseconds since 1970, generalized time, e-mail's and
    HTTP's form, and spreadsheets' days since 1899. 1/2/2021 and 1.2.2021 are none of them.
    """
    return either(value) or generalized(value) or spreadsheet_days(value) or mail_date(value)


def spreadsheet_days(value: Any) -> datetime | None:
    """Days since 30 December 1899, from 1954 to 2064, as spreadsheets store dates."""
    if not isinstance(value, str) or not _SERIAL.fullmatch(value):
        return None
    seconds = round(float(value.replace(",", ".")) * 86_400)
    return EXCEL_BEGINS + timedelta(seconds=seconds)


def mail_date(value: Any) -> datetime | None:
    """RFC 5322's and HTTP's form: Tue, 16 May 2023 06:58:35 GMT."""
    if not isinstance(value, str) or value[3:5] != ", ":
        return None
    from email.utils import parsedate_to_datetime

    try:
        return _if_real(parsedate_to_datetime(value))
    except (ValueError, OverflowError):
        return None


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
        return _if_real(datetime.strptime(value, form))  # noqa: DTZ007 - it settles what the form leaves open
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
        return _if_real(EPOCH + timedelta(**{unit: value}))
    except (OverflowError, ValueError):
        return None
