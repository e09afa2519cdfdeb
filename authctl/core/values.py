"""What people type, as values: pure text → id, email, phone, name, label, role, prefs, duration, moment.

Each function normalises, then checks, and raises Invalid with the field it was given for. Nothing here asks a
database, a clock or a policy. Limits are those of DESIGN §4.5 (`facts/appwrite.md` §0.2 has their origin).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from authctl.errors import Invalid, Problem
from authctl.model import Json, Status

MAX_NAME = 128
MAX_USERNAME = 128
MAX_EMAIL = 254  # octets; RFC 5321 §4.5.3.1.3, and what email-validator enforces
MAX_LABELS = 1_000
MAX_ROLES = 100
MAX_JSON_BYTES = 65_535
MAX_JSON_DEPTH = 100  # far below where jq, Python and both databases need special settings
MAX_PASSWORD = 256
MAX_PROVIDER_UID = 255
MAX_LIMIT = 10_000
MAX_USER_AGENT = 512

Given = TypeVar("Given")
Result = TypeVar("Result")
Options = ParamSpec("Options")


class Check:
    """Collects what is wrong, so that one run names every wrong field.

    check = Check()
    email = check(values.email, email)
    name = check(values.name, name)
    check.done()
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.hint: str | None = None

    def __call__(
        self,
        rule: Callable[Concatenate[Given, Options], Result],
        value: Given | None,
        *args: Options.args,
        **options: Options.kwargs,
    ) -> Result | None:
        """The value by that rule; None for None, and for a value that is wrong."""
        if value is None:
            return None
        try:
            return rule(value, *args, **options)
        except Invalid as error:
            self.problems.extend(error.problems)
            self.hint = self.hint or error.hint
            return None

    def done(self) -> None:
        """Raise all that was found as one Invalid; return if nothing was."""
        if self.problems:
            raise Invalid.of(self.problems, hint=self.hint)


# Text

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def text(value: str, field: str) -> str:
    """Valid Unicode without U+0000 and lone surrogates, which Postgres would refuse."""
    if not isinstance(value, str):
        raise _invalid(field, f"must be text, not {_kind(value)}")
    if value.isascii() and "\0" not in value:
        return value
    found = _UNSTORABLE.search(value)
    if found is None:
        return value
    where = f"at character {found.start() + 1}"
    if found[0] == "\0":
        raise _invalid(field, f"holds U+0000 {where}; take it out")
    raise _invalid(
        field,
        f"is not valid Unicode: U+{ord(found[0]):04X} {where}; give it as UTF-8",
        hint="Check the encoding of the terminal (locale) or of the file.",
    )


def shown(value: str, limit: int = 48) -> str:
    """A value as messages quote it: in quotes, control and bidi characters escaped, a long one shortened."""
    return repr(value if len(value) <= limit else value[: limit - 1] + "…")


# Who

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._|:-]{0,127}")


def identifier(value: str, *, field: str = "id") -> str:
    """An id, whoever made it: other systems' ids stay as they are."""
    if _IDENTIFIER.fullmatch(text(value, field)):
        return value
    raise _invalid(
        field,
        f"{shown(value)} is not an id; use 1 to 128 letters, digits and . _ | : - "
        "that begin with a letter or digit, all of them ASCII",
    )


def identifier_lookup(value: str) -> str | None:
    """The id that a text may be, or None where no id looks like that."""
    return value if _IDENTIFIER.fullmatch(value) else None


def username(value: str, *, field: str = "username") -> str:
    """1–128 printable characters without spaces, `@` or a leading `+`, in Unicode's composed form (NFC)."""
    value = _composed(text(value, field))
    if 1 <= len(value) <= MAX_USERNAME and value.isprintable() and not _NOT_IN_USERNAMES.search(value):
        return value
    raise _invalid(
        field,
        f"{shown(value)} is not a username; use 1 to {MAX_USERNAME} printable characters "
        "without spaces and @, and no + at the beginning",
    )


_NOT_IN_USERNAMES = re.compile(r"[@ ]|\A\+")


def name(value: str, *, field: str = "name") -> str:
    """A name of at most 128 characters, kept exactly as given; it may be empty."""
    if len(text(value, field)) <= MAX_NAME:
        return value
    raise _invalid(field, f"has {len(value)} characters; use at most {MAX_NAME}")


_PROVIDER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def provider(value: str, *, field: str = "provider") -> str:
    """The name of a system that identities come from, lower-cased: `google`, `github`, `corp-sso`."""
    lowered = text(value, field).strip().lower()
    if _PROVIDER.fullmatch(lowered):
        return lowered
    raise _invalid(field, f"{shown(value)} is not a provider; use 1 to 64 ASCII letters, digits and . _ -")


def provider_uid(value: str, *, field: str = "provider_uid") -> str:
    """The id of an account elsewhere, kept exactly: 1 to 255 characters."""
    if 1 <= len(text(value, field)) <= MAX_PROVIDER_UID:
        return value
    raise _invalid(field, f"has {len(value)} characters; use 1 to {MAX_PROVIDER_UID}")


def address(value: str, *, field: str = "ip") -> str:
    """An IPv4 or IPv6 address, in its usual form."""
    from ipaddress import ip_address

    try:
        return str(ip_address(text(value, field).strip()))
    except ValueError:
        raise _invalid(field, f"{shown(value)} is not an IP address; write it as in 192.0.2.7 or 2001:db8::7") from None


def user_agent(value: str, *, field: str = "user_agent") -> str:
    """What a client calls itself, cut at 512 characters: nothing hangs on it."""
    return text(value, field)[:MAX_USER_AGENT]


def limit(value: int, *, field: str = "limit") -> int:
    """How many a list may show at once: 1 to 10,000."""
    if 1 <= value <= MAX_LIMIT:
        return value
    raise _invalid(field, f"{value} is out of range; use 1 to {MAX_LIMIT:,}")


# Emails

_ATEXT = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
# A host label, but for those with two hyphens in third and fourth place: "xn--" is the library's, others are refused.
_HOST_LABEL = r"(?![a-z0-9-]{2}--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN_EMAIL = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@(?:{_HOST_LABEL}\.)+(?=[a-z0-9-]*[a-z]\Z){_HOST_LABEL}")


def email(value: str, *, field: str = "email") -> str:
    """An address in lower case, normalised as email-validator does, without asking DNS.

    Special-use domains (`corp.local`, `x.test`, `a.localhost`) are taken, as directories inside firms and test
    systems hold them; a domain without a dot (`ada@localhost`) is refused, as Appwrite and the library do. At most
    254 octets, the library's limit.
    """
    lowered = text(value, field).strip().lower()
    if _is_plain_email(lowered):
        return lowered
    return _library_email(lowered, field)


def email_lookup(value: str) -> str | None:
    """The address that a person may be stored under, or None where the text is no address."""
    lowered = value.strip().lower()
    if "@" not in lowered:
        return None
    if _is_plain_email(lowered):
        return lowered
    if lowered.isascii() and "xn--" not in lowered:
        return None  # all that the library takes of ASCII without Punycode is plain
    try:
        return _library_email(text(lowered, "email"), "email")
    except Invalid:
        return None


def _is_plain_email(lowered: str) -> bool:
    return len(lowered) <= MAX_EMAIL and _PLAIN_EMAIL.fullmatch(lowered) is not None


def _library_email(lowered: str, field: str) -> str:
    """The same by email-validator, which knows internationalised addresses and says what is wrong with others."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

    # The library has no option to take special-use domains, but a list to change for the whole process, which may
    # be somebody else's application. A last label of the same length stands in for the special one instead.
    domain = lowered.rpartition("@")[2]
    last = domain.rpartition(".")[2]
    special = "." in domain and last in SPECIAL_USE_DOMAIN_NAMES
    given = lowered[:-1] + "x" if special else lowered
    try:
        normalized = validate_email(given, check_deliverability=False).normalized
    except EmailNotValidError as error:
        reason = shown(str(error), 200)[1:-1]
        raise _invalid(field, f"{shown(lowered)} is not an email address: {reason}") from None
    return (normalized[:-1] + last[-1] if special else normalized).lower()


# Phones

# Calling codes of ITU-T E.164, as phonenumbers 9.0 has them; no code is the beginning of another. A test compares.
_CALLING_CODES = """
    1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86
    90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237
    238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266
    267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380
    381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597
    598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853
    855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979
    992 993 994 995 996 998
"""
CALLING_CODES = frozenset(_CALLING_CODES.split())
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Taken out: spaces, hyphens and dashes, dots, parentheses, as people write numbers and as web pages typeset them.
_PHONE_PUNCTUATION = str.maketrans(dict.fromkeys(" \t\u00a0\u2009\u202f-\u2010\u2011\u2012\u2013.()"))


def phone(value: str, *, field: str = "phone") -> str:
    """An E.164 number: `+`, a calling code that exists, 7–15 digits in all; its national part is not judged."""
    digits = text(value, field)
    if not _E164.fullmatch(digits):
        digits = _bare_phone(value, field)
    if calling_code(digits) is None:
        raise _invalid(field, f"{shown(value)} begins with no country's calling code; check the digits after the +")
    return digits


def _bare_phone(value: str, field: str) -> str:
    """The number without what people put between its digits."""
    if "(0)" in value:
        raise _invalid(field, f"{shown(value)} holds (0), which is dialled inside the country only; leave it out")
    bare = value.strip().translate(_PHONE_PUNCTUATION)
    if _E164.fullmatch(bare):
        return bare
    hint = None
    if not bare.startswith("+"):
        hint = "Begin with + and the country's calling code, as in +44 20 7946 0123."
    raise _invalid(field, f"{shown(value)} is not a phone number; use + and 7 to 15 digits, the first not 0", hint=hint)


def phone_lookup(value: str) -> str | None:
    """The number that a person may be stored under, typed with or without `+`; None where the text is no number."""
    if "(0)" in value:
        return None
    bare = value.strip().translate(_PHONE_PUNCTUATION)
    number = bare if bare.startswith("+") else "+" + bare
    return number if _E164.fullmatch(number) else None


def calling_code(number: str) -> str | None:
    """The calling code that a number with `+` begins with."""
    for length in (2, 3, 4):
        if number[1:length] in CALLING_CODES:
            return number[1:length]
    return _library_calling_code(number)


def _library_calling_code(number: str) -> str | None:
    """The same by phonenumbers, which may be newer than the table."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    codes = (number[1:length] for length in (2, 3, 4))
    return next((code for code in codes if int(code) in COUNTRY_CODE_TO_REGION_CODE), None)


# Labels and roles

_LABEL = re.compile(r"[A-Za-z0-9]{1,36}")
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


def label(value: str, *, field: str = "labels") -> str:
    """1–36 ASCII letters and digits."""
    if _LABEL.fullmatch(text(value, field)):
        return value
    raise _invalid(field, f"may not hold {shown(value)}; use 1 to 36 ASCII letters and digits for each")


def labels(values: Iterable[str], *, field: str = "labels") -> tuple[str, ...]:
    """At most 1,000 labels; of those given twice the first is kept."""
    return _several(values, label, MAX_LABELS, field)


def role(value: str, *, field: str = "roles") -> str:
    """1–81 ASCII letters, digits and `. _ -` that begin with a letter or digit: Appwrite's keys."""
    if _ROLE.fullmatch(text(value, field)):
        return value
    raise _invalid(
        field,
        f"may not hold {shown(value)}; use 1 to 81 ASCII letters, digits and . _ - for each, "
        "with a letter or digit first",
    )


def roles(values: Iterable[str], *, field: str = "roles") -> tuple[str, ...]:
    """At most 100 roles; of those given twice the first is kept."""
    return _several(values, role, MAX_ROLES, field)


def _several(values: Iterable[str], rule: Callable[..., str], most: int, field: str) -> tuple[str, ...]:
    """Each value by its rule, in order, without the repeated."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise _invalid(field, f"must be a list, not {_kind(values)}")
    kept = tuple(dict.fromkeys(rule(value, field=field) for value in values))
    if len(kept) > most:
        raise _invalid(field, f"are {len(kept):,}; give at most {most:,}")
    return kept


# JSON objects

_JSON_HINT = """Write an object, in single quotes for the shell: '{"theme": "dark"}'."""

# json.dumps would build one for every call.
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def prefs(value: str | Json, *, field: str = "prefs") -> Json:
    """A JSON object, from its text or as a dict: at most 65,535 bytes as compact UTF-8, nested at most 100 deep.

    Names given twice, NaN, infinities and numbers too large for a double are refused; integers keep every digit.
    A dict is copied, so that the caller's changes do not reach the record.
    """
    found = _parsed(value, field) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise _invalid(field, f"must be a JSON object, not {_kind(found)}", hint=_JSON_HINT)
    _check_json(found, field)
    try:
        encoded = _COMPACT.encode(found).encode()
    except ValueError:
        raise _long_number(field) from None
    if len(encoded) > MAX_JSON_BYTES:
        raise _too_large(field)
    copy: Json = found if isinstance(value, str) else json.loads(encoded)
    return copy


_FEW = 16  # members
_FLAT = frozenset((str, int, bool, type(None)))


def json_text(value: Json, *, field: str) -> str:
    """A JSON object by the rules of prefs, as the compact text that is stored. A plain one is not walked."""
    if (
        isinstance(value, dict)
        and len(value) <= _FEW
        and all(type(key) is str and type(item) in _FLAT for key, item in value.items())
    ):
        try:
            encoded = _COMPACT.encode(value)
        except ValueError:
            raise _long_number(field) from None
        if encoded.isascii() and "\\u0000" not in encoded and len(encoded) <= MAX_JSON_BYTES:
            return encoded
    return _COMPACT.encode(prefs(value, field=field))


def metadata(value: str | Json, *, field: str = "metadata") -> Json:
    """A JSON object by the rules of prefs."""
    return prefs(value, field=field)


def merge(old: Json, patch: Json) -> Json:
    """`old` with `patch` merged in: objects at any depth, null removes a key (JSON Merge Patch, RFC 7396).

    Both must have passed `prefs`, which bounds how deep they are; the result may be too large, so it must pass it too.
    """
    merged = dict(old)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            before = merged.get(key)
            merged[key] = merge(before if isinstance(before, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def _parsed(value: str, field: str) -> Any:
    """JSON text as Python has it, without what only Python's reader takes."""

    def refuse_constant(constant: str) -> None:
        raise _invalid(field, f"holds {constant}, which JSON does not have; use a number or null")

    def unique(pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise _invalid(field, f"has the name {shown(twice)} twice; leave one out")
        return found

    try:
        return json.loads(text(value, field), parse_constant=refuse_constant, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        where = f"at line {error.lineno}, column {error.colno}"
        raise _invalid(field, f"is not JSON: {error.msg} {where}", hint=_JSON_HINT) from None
    except RecursionError:
        raise _too_deep(field) from None
    except ValueError:
        raise _long_number(field) from None


def _check_json(found: Json, field: str) -> None:
    """Every key and value at any depth, without recursion, so that no depth ends in a RecursionError."""
    waiting: list[tuple[Any, int]] = [(found, 1)]
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if seen > MAX_JSON_BYTES:  # each takes a byte at least; this ends values that hold themselves many times
            raise _too_large(field)
        if isinstance(item, str):
            text(item, field)
        elif isinstance(item, (dict, list, tuple)):
            if depth > MAX_JSON_DEPTH:
                raise _too_deep(field)
            if isinstance(item, dict):
                for key in item:
                    if not isinstance(key, str):
                        raise _invalid(field, f"has {_kind(key)} for a key; use text")
                    text(key, field)
                waiting.extend((value, depth + 1) for value in item.values())
            else:
                waiting.extend((value, depth + 1) for value in item)
        elif isinstance(item, float) and not math.isfinite(item):
            raise _invalid(field, "holds a number that is infinite, not a number, or too large; use a smaller one")
        elif item is not None and not isinstance(item, (bool, int, float)):
            raise _invalid(field, f"holds {_kind(item)}, which JSON does not have; use text")


def _too_deep(field: str) -> Invalid:
    return _invalid(field, f"is nested more than {MAX_JSON_DEPTH} levels deep; flatten it")


def _too_large(field: str) -> Invalid:
    return _invalid(field, f"takes more than {MAX_JSON_BYTES:,} bytes as JSON; leave something out")


def _long_number(field: str) -> Invalid:
    return _invalid(field, "holds an integer of thousands of digits; give it as text")


# Passwords


def password(value: str, minimum: int = 8, *, field: str = "password") -> str:
    """`minimum` to 256 characters of any Unicode, never trimmed, never shown in a message."""
    text(value, field)
    if len(value) < minimum:
        raise _invalid(field, f"is too short; use at least {minimum} characters", type="password_too_short")
    if len(value) > MAX_PASSWORD:
        raise _invalid(field, f"is too long; use at most {MAX_PASSWORD} characters", type="password_too_long")
    return value


# Time

_UNITS = {"y": 365 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}  # seconds
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,12}}){unit})?" for unit in _UNITS))
_SECONDS = re.compile("[0-9]{1,12}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?) ?(?:(Z|UTC)|([+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}


def duration(value: str, *, field: str = "duration") -> timedelta:
    """Seconds (`3600`), or numbers with units, the largest first: `15m`, `7d`, `1h30m`, `2w`, `1y` (365 days)."""
    found = _span(text(value, field).strip().lower())
    if found is None:
        raise _invalid(
            field,
            f"{shown(value)} is not a duration; write seconds, or numbers with units: 90s, 15m, 1h30m, 7d, 2w, 1y",
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
        raise _invalid(
            field,
            f"{shown(value)} is not a time; write it as in 2026-01-31, 2026-01-31T09:00Z, "
            f"2026-01-31T09:00+02:00, {relative}, today or now",
        )
    return found


def until(value: str, now: datetime, *, field: str = "until") -> datetime:
    """A moment still to come; `2h` is two hours from now."""
    found = moment(value, now, bare="ahead", field=field)
    if found <= now:
        raise _invalid(field, f"{shown(value)} has passed already; give a time to come, in UTC or with its zone")
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
        raise _invalid(field, f"{shown(value)} is neither true nor false; write one of them")
    return found


def status(value: str, *, field: str = "status") -> Status:
    """active or blocked."""
    try:
        return Status(text(value, field).strip().lower())
    except ValueError:
        raise _invalid(field, f"{shown(value)} is not a status; write {' or '.join(Status)}") from None


# Inside


def _invalid(field: str, message: str, *, type: str = "general_argument_invalid", hint: str | None = None) -> Invalid:
    return Invalid(type, f"{field} {message}", field=field, hint=hint)


def _composed(value: str) -> str:
    if value.isascii():
        return value
    from unicodedata import normalize

    return normalize("NFC", value)


def _kind(value: object) -> str:
    """What a value is, in JSON's words where it has one."""
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "text"}
    names |= {list: "a list", tuple: "a list", dict: "an object"}
    return names.get(type(value), f"a value of type {type(value).__name__}")
