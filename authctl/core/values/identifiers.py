"""What people type, as values: pure text → id, name, language, label, role, prefs, duration, moment.

Each function normalises, then checks, and raises Invalid with the field it was given for. Nothing here asks a
database, a clock or a policy. Emails and phones are made in `contacts`, JSON objects in `json_objects`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from authctl.core.values.checks import invalid, kind_of, text
from authctl.model import Status

MAX_IMPORTED_ID = 255
MAX_NAME = 128
MAX_USERNAME = 128
MAX_LOCALE = 35  # characters; RFC 5646 §4.4.1
MAX_LABELS = 1_000
MAX_ROLES = 100
MAX_PASSWORD = 256
MAX_PROVIDER_UID = 255
MAX_LIMIT = 10_000
MAX_USER_AGENT = 512


# Who

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._|:-]{0,127}")


def identifier(value: str, *, field: str = "id") -> str:
    """An id that is made or given here."""
    if _IDENTIFIER.fullmatch(text(value, field)):
        return value
    raise invalid(
        field,
        "use 1 to 128 ASCII letters, digits and . _ | : -, beginning with a letter or digit",
        value=value,
    )


def imported_id(value: str, *, field: str = "id") -> str:
    """The id of an account in another system, kept exactly: 1 to 255 printable characters of any script."""
    if _is_imported_id(text(value, field)):
        return value
    raise invalid(
        field,
        f"use 1 to {MAX_IMPORTED_ID} printable characters, without spaces at the beginning or end",
        value=value,
    )


def id_lookup(value: str) -> str | None:
    """The id that a text may be, or None where no id looks like that."""
    return value if _IDENTIFIER.fullmatch(value) or _is_imported_id(value) else None


def _is_imported_id(value: str) -> bool:
    # No control character, bidi control or unusual blank is printable, so that an id reads as what it is.
    return 1 <= len(value) <= MAX_IMPORTED_ID and value.isprintable() and value == value.strip(" ")


def embedded(id: str, separators: str) -> str:
    """An id within a longer text, percent-encoded where it holds what ends it there."""
    for character in "%" + separators:
        id = id.replace(character, f"%{ord(character):02X}")
    return id


def username(value: str, *, field: str = "username") -> str:
    """1–128 printable characters without spaces, `@` or a leading `+`, in Unicode's composed form (NFC)."""
    value = _composed(text(value, field))
    if 1 <= len(value) <= MAX_USERNAME and value.isprintable() and not _NOT_IN_USERNAMES.search(value):
        return value
    raise invalid(
        field,
        f"use 1 to {MAX_USERNAME} printable characters, no spaces, no @, no + at the beginning",
        value=value,
    )


_NOT_IN_USERNAMES = re.compile(r"[@ ]|\A\+")


def name(value: str, *, field: str = "name") -> str:
    """A name of at most 128 characters, kept exactly as given; it may be empty."""
    if len(text(value, field)) <= MAX_NAME:
        return value
    raise invalid(field, f"{len(value)} characters are too many; use at most {MAX_NAME}")


# RFC 5646 §2.1, with languages of two or three letters: no longer one is registered.
_LOCALE = re.compile(
    r"[a-z]{2,3}(-[a-z]{3}){0,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
    r"(-[0-9a-wy-z](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)


def locale(value: str, *, field: str = "locale") -> str:
    """A language tag of BCP 47 in its usual form: `de`, `pt-BR`, `zh-Hant`. `pt_BR`, as other systems write it, too."""
    tag = text(value, field).strip().replace("_", "-")
    if len(tag) <= MAX_LOCALE and _LOCALE.fullmatch(tag):
        return _cased(tag)
    raise invalid(field, "use one such as de, pt-BR or zh-Hant", value=value)


def _cased(tag: str) -> str:
    """Scripts in title case and regions in capitals, but for what follows a single character (RFC 5646 §2.1.1)."""
    first, *rest = tag.lower().split("-")
    end = next((at for at, part in enumerate(rest) if len(part) == 1), len(rest))
    cased = [
        part.title() if len(part) == 4 and part.isalpha() else part.upper() if len(part) == 2 else part
        for part in rest[:end]
    ]
    return "-".join([first, *cased, *rest[end:]])


_PROVIDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def provider(value: str, *, field: str = "provider") -> str:
    """The name of a system that identities come from, lower-cased: `google`, `github`, `corp-sso`."""
    lowered = text(value, field).strip().lower()
    if _PROVIDER.fullmatch(lowered):
        return lowered
    raise invalid(field, "use 1 to 64 ASCII letters, digits and . _ -", value=value)


def provider_uid(value: str, *, field: str = "provider_uid") -> str:
    """The id of an account elsewhere, kept exactly: 1 to 255 characters."""
    if 1 <= len(text(value, field)) <= MAX_PROVIDER_UID:
        return value
    raise invalid(field, f"{len(value)} characters; use 1 to {MAX_PROVIDER_UID}")


def address(value: str, *, field: str = "ip") -> str:
    """An IPv4 or IPv6 address, in its usual form."""
    from ipaddress import ip_address

    try:
        return str(ip_address(text(value, field).strip()))
    except ValueError:
        raise invalid(field, "use one such as 192.0.2.7 or 2001:db8::7", value=value) from None


def user_agent(value: str, *, field: str = "user_agent") -> str:
    """What a client calls itself, cut at 512 characters: nothing hangs on it."""
    return text(value, field)[:MAX_USER_AGENT]


def limit(value: int, *, field: str = "limit") -> int:
    """How many a list may show at once: 1 to 10,000."""
    if 1 <= value <= MAX_LIMIT:
        return value
    raise invalid(field, f"{value} is out of range; use 1 to {MAX_LIMIT:,}")


# Labels and roles

_LABEL = re.compile(r"[A-Za-z0-9]{1,36}")
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


def label(value: str, *, field: str = "labels") -> str:
    """1–36 ASCII letters and digits."""
    if _LABEL.fullmatch(text(value, field)):
        return value
    raise invalid(field, "use 1 to 36 ASCII letters and digits for each", value=value)


def labels(values: Iterable[str], *, field: str = "labels") -> tuple[str, ...]:
    """At most 1,000 labels; of those given twice the first is kept."""
    return _several(values, label, MAX_LABELS, field)


def distinct_labels(checked: Iterable[str]) -> tuple[str, ...]:
    """The same of labels that have each been checked."""
    return _distinct(checked, MAX_LABELS, "labels")


def role(value: str, *, field: str = "roles") -> str:
    """1–81 ASCII letters, digits and `. _ -` that begin with a letter or digit: Appwrite's keys."""
    if _ROLE.fullmatch(text(value, field)):
        return value
    raise invalid(
        field,
        "use 1 to 81 ASCII letters, digits and . _ - for each, beginning with a letter or digit",
        value=value,
    )


def roles(values: Iterable[str], *, field: str = "roles") -> tuple[str, ...]:
    """At most 100 roles; of those given twice the first is kept."""
    return _several(values, role, MAX_ROLES, field)


def _several(values: Iterable[str], rule: Callable[..., str], most: int, field: str) -> tuple[str, ...]:
    """Each value by its rule, in order, without the repeated."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise invalid(field, f"must be a list, not {kind_of(values)}")
    return _distinct((rule(value, field=field) for value in values), most, field)


def _distinct(values: Iterable[str], most: int, field: str) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(values))
    if len(kept) > most:
        raise invalid(field, f"{len(kept):,} are too many; use at most {most:,}")
    return kept


# Passwords


def password(value: str, minimum: int = 8, *, field: str = "password") -> str:
    """`minimum` to 256 characters of any Unicode, never trimmed, never shown in a message."""
    text(value, field)
    if len(value) < minimum:
        raise invalid(field, f"too short; use at least {minimum} characters", type="password_too_short")
    if len(value) > MAX_PASSWORD:
        raise invalid(field, f"too long; use at most {MAX_PASSWORD} characters", type="password_too_long")
    return value


# Choices

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def boolean(value: str | bool, *, field: str = "value") -> bool:
    """true, yes, on, 1, or false, no, off, 0, in any case."""
    if isinstance(value, bool):
        return value
    found = _BOOLEANS.get(text(value, field).strip().lower())
    if found is None:
        raise invalid(field, "use true or false", value=value)
    return found


def status(value: str, *, field: str = "status") -> Status:
    """active or blocked."""
    try:
        return Status(text(value, field).strip().lower())
    except ValueError:
        raise invalid(field, f"use {' or '.join(Status)}", value=value) from None


def _composed(value: str) -> str:
    if value.isascii():
        return value
    from unicodedata import normalize

    return normalize("NFC", value)
