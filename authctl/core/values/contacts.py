"""Emails and phones, as values: what people type → what is stored, and what is looked up."""

from __future__ import annotations

import re
from typing import NoReturn

from authctl.core.values.checks import invalid, shown, text
from authctl.errors import Invalid

MAX_EMAIL = 254  # octets; RFC 5321 §4.5.3.1.3, and what email-validator enforces

# Emails

_ATEXT = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
# A host label, but for those with two hyphens in third and fourth place: "xn--" is the library's, others are refused.
_HOST_LABEL = r"(?![a-z0-9-]{2}--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"(?:{_HOST_LABEL}\.)+(?=[a-z0-9-]*[a-z]\Z){_HOST_LABEL}"
_PLAIN_EMAIL = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@{_HOST}")
# Before the @, letters and digits of any script as well.
_LETTERS = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LETTERED_EMAIL = re.compile(rf"{_LETTERS}(?:\.{_LETTERS})*@{_HOST}")


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
    """Whether the library takes it, and as it is."""
    if lowered.isascii():
        return len(lowered) <= MAX_EMAIL and _PLAIN_EMAIL.fullmatch(lowered) is not None
    if len(lowered) > MAX_EMAIL or _LETTERED_EMAIL.fullmatch(lowered) is None:
        return False
    from unicodedata import is_normalized

    return is_normalized("NFC", lowered) and len(lowered.encode()) <= MAX_EMAIL


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
        raise invalid(field, reason, value=lowered) from None
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
# Taken out: spaces, hyphens and dashes, dots, parentheses, as people write numbers and as web pages typeset them, and
# the invisible marks of direction and width that come along when a number is copied.
_PHONE_PUNCTUATION = str.maketrans(
    dict.fromkeys(" \t\u00a0\u2009\u202f-\u2010\u2011\u2012\u2013.()")
    | dict.fromkeys("\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
    | dict.fromkeys("\u2060\u2066\u2067\u2068\u2069\ufeff")
    | dict(zip("＋０１２３４５６７８９", "+0123456789", strict=True))
)
# A slash stands behind an area's code; what follows it is longer than the other ends of a line, as in 1234-0/79.
_SLASH = re.compile(r"([0-9])/([0-9]{4})")


def phone(value: str, *, field: str = "phone", region: str | None = None) -> str:
    """An E.164 number: `+`, a calling code that exists, 7–15 digits in all; its national part is not judged.

    A zero that is dialled inside the country only is refused behind the calling code; `(0)` is left out, and 00 is +.
    region: the country (ISO 3166-1) whose number one without either is read as.
    """
    number = text(value, field)
    if not _E164.fullmatch(number):
        bare = _bare_phone(value)
        if region and not bare.startswith("+"):
            bare = _of_region(bare, region)
        number = _international(value, bare) or _refuse_phone(value, field)
    code = calling_code(number)
    if code is None:
        raise invalid(field, "unknown country code; check the first digits", value=value)
    if number[len(code) + 1] == "0" and (better := _without_trunk_zero(number)) != number:
        raise invalid(field, f"leave out the 0 after the country code: {better}", value=value)
    return number


def phone_lookup(value: str) -> str | None:
    """The number that a person may be stored under, typed with or without `+`; None where the text is no number."""
    bare = _bare_phone(value)
    return _international(value, bare if bare.startswith("+") else "+" + bare)


def _international(value: str, bare: str) -> str | None:
    """The number in E.164, if it is one; bare: it, without what people put between its digits."""
    if "(0)" in value:
        bare = _without_trunk_zero(bare)
    return bare if _E164.fullmatch(bare) else None


def _bare_phone(value: str) -> str:
    """Without what people put between its digits, 00 as +."""
    bare = _SLASH.sub(r"\1\2", value.strip().translate(_PHONE_PUNCTUATION).removeprefix("'"), count=1)
    bare = bare[4:] if bare[:4].lower() == "tel:" else bare
    return "+" + bare[2:] if bare.startswith("00") else bare


def _without_trunk_zero(number: str) -> str:
    """As phonenumbers knows it: Italians dial the 0 from abroad too."""
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

    try:
        return format_number(parse(number), PhoneNumberFormat.E164)
    except NumberParseException:
        return number


def _of_region(digits: str, region: str) -> str:
    """A number that is dialled so in that country, in E.164; empty where it is none."""
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

    if not (digits.isascii() and digits.isdigit()):
        return ""
    try:
        found = parse(digits, region)
    except NumberParseException:
        return ""
    return format_number(found, PhoneNumberFormat.E164) if is_possible_number(found) else ""


def _refuse_phone(value: str, field: str) -> NoReturn:
    hint = None
    if not _bare_phone(value).startswith("+"):
        hint = "Begin with + and the country code, as in +44 20 7946 0123."
    raise invalid(field, "use + and 7 to 15 digits, the first not 0", value=value, hint=hint)


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


# Where a number is


_PLACE = re.compile(r"([1-9][0-9]{0,2})(-[0-9]{1,11})?")  # a calling code, and what follows it
_REGION = re.compile(r"[A-Z]{2}")  # ISO 3166-1


def region(value: str, *, field: str = "region") -> str:
    """A country by its ISO 3166-1 code, in upper case."""
    found = value.strip().upper()
    if _REGION.fullmatch(found) and is_place(found):
        return found
    raise invalid(field, "use two letters, such as DE or US", value=value)


def is_place(text: str) -> bool:
    """Whether that is a calling code (`49`), a country (`DE`), or the beginning of numbers (`1-876`)."""
    if _REGION.fullmatch(text):
        from phonenumbers import SUPPORTED_REGIONS

        return text in SUPPORTED_REGIONS
    found = _PLACE.fullmatch(text)
    return found is not None and calling_code("+" + found[1]) == found[1]


def is_number_of(number: str, place: str) -> bool:
    """Whether a number with `+` is one of such a place."""
    if not _REGION.fullmatch(place):
        return number.startswith("+" + place.replace("-", "")) and calling_code(number) == place.partition("-")[0]
    from phonenumbers import NumberParseException, parse, region_code_for_number

    try:
        return region_code_for_number(parse(number)) == place
    except NumberParseException:
        return False
