"""The languages of messages: which folders of templates a reader's are in, and how moments and durations are written.

English is written here. Other languages are by Babel (the Unicode consortium's CLDR), where it is installed and knows
the language; else as everybody can read it: `2026-01-02 03:04 UTC`, `10 min`. It is 36 megabytes and takes a quarter of
a second to import, and so is no dependency: `pip install authctl[languages]`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

ENGLISH = "en"
_UNITS = (("day", 86_400, "d"), ("hour", 3_600, "h"), ("minute", 60, "min"), ("second", 1, "s"))  # with SI's symbols
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def ranges(locale: str) -> list[str]:
    """The tag and what it is a kind of, the closest first (RFC 4647 §3.4): zh-Hant-TW, zh-Hant, zh."""
    found, parts = [], locale.split("-")
    while parts:
        found.append("-".join(parts))
        parts.pop()
        if parts and len(parts[-1]) == 1:  # it says what kind the next is of
            parts.pop()
    return found


def written(value: str | datetime | timedelta | None, language: str) -> str:
    """A field of a message as its readers write it; empty for None."""
    if isinstance(value, datetime):
        return moment(value, language)
    if isinstance(value, timedelta):
        return in_words(value, language)
    return value or ""


def in_words(duration: timedelta, language: str = ENGLISH) -> str:
    """A duration as people say it: `10 minutes`, `1 hour`, `7 days`; what does not divide is in the next unit."""
    seconds = int(duration.total_seconds())
    for unit, size, symbol in _UNITS:
        if seconds % size == 0 and seconds >= size:
            count = seconds // size
            if _is_english(language):
                return f"{count} {unit}{'' if count == 1 else 's'}"
            try:
                from babel.units import format_unit  # type: ignore[import-not-found, unused-ignore]

                return str(format_unit(count, f"duration-{unit}", locale=_for_babel(language)))
            except (ImportError, LookupError, ValueError):  # it is not installed, or does not know the language
                return f"{count} {symbol}"
    return "no time"


def moment(at: datetime, language: str = ENGLISH) -> str:
    """A moment as people write it: `2 January 2026, 03:04 UTC`. No locale of the machine has a say in it."""
    if _is_english(language):
        return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"
    try:
        from babel.dates import format_date, format_time  # type: ignore[import-not-found, unused-ignore]

        locale = _for_babel(language)
        return f"{format_date(at, 'long', locale)}, {format_time(at, 'short', locale=locale)} UTC"
    except (ImportError, LookupError, ValueError):
        return f"{at:%Y-%m-%d %H:%M} UTC"


def _is_english(language: str) -> bool:
    return language.partition("-")[0] == ENGLISH


def _for_babel(language: str) -> str:
    """The closest that Babel knows, by its name there; LookupError for none."""
    from babel.core import Locale, UnknownLocaleError  # type: ignore[import-not-found, unused-ignore]

    for tag in ranges(language):
        try:
            return str(Locale.parse(tag, sep="-"))
        except (UnknownLocaleError, ValueError):
            continue
    raise LookupError(language)
