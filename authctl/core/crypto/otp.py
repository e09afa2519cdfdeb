"""One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238), over pyotp. No storage, and no clock of its own.

Time is cut into steps of `period` seconds since 1970; the code of a step is HOTP's of its number. A code is good in its
own step, and in the one before and after it. Whoever verifies one remembers the step, and takes no code of that step or
an older one again.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from authctl.errors import Invalid

SECRET_SIZE = 20  # bytes; RFC 4226 §4 recommends 160 bits
WINDOW = 1  # steps before and after the present one; RFC 6238 §5.2 allows one, for clocks and for slow fingers
ALGORITHMS = ("SHA1", "SHA256", "SHA512")  # RFC 6238 §1.2
DIGITS = (6, 8)  # the least and the most; RFC 4226 §5.3
PERIODS = (15, 120)  # seconds, the least and the most; NIST SP 800-63B-4 §3.1.4.1 has two minutes at most

_LEAST_KEY = 14  # bytes, below which pyotp refuses a key


@dataclass(frozen=True, slots=True)
class Totp:
    """What makes the codes of one authenticator. period: seconds."""

    secret: bytes = field(repr=False)
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30


def new(secret: bytes, *, algorithm: str = "SHA1", digits: int = 6, period: int = 30) -> Totp:
    """One of another system, checked. algorithm: in any spelling, as `sha-256` or `HmacSHA256`.

    Raises Invalid for what authenticator apps do not do.
    """
    name = algorithm.upper().replace("-", "").removeprefix("HMAC")
    if name not in ALGORITHMS:
        raise _invalid("algorithm", f"must be one of {', '.join(ALGORITHMS)}")
    for field_, value, (least, most) in (("digits", digits, DIGITS), ("period", period, PERIODS)):
        if not least <= value <= most:
            raise _invalid(field_, f"must be {least} to {most}")
    if not secret:
        raise _invalid("secret", "is empty")
    return Totp(secret, name, digits, period)


def _invalid(field: str, rule: str) -> Invalid:
    return Invalid("general_argument_invalid", f"Invalid authenticator: {field} {rule}.", field=field)


def code_of(totp: Totp, step: int) -> str:
    """The code of a step; by RFC 4226, of a counter."""
    import hashlib
    from base64 import b32encode

    from pyotp import HOTP

    # HMAC fills a key with zeros: they change no code, and let in the shorter keys that other systems have made.
    key = b32encode(totp.secret.ljust(_LEAST_KEY, b"\0")).decode()
    return HOTP(key, digits=totp.digits, digest=getattr(hashlib, totp.algorithm.lower())).at(step)


def step_at(totp: Totp, now: datetime) -> int:
    """The number of the step that a moment is in."""
    return int(now.timestamp()) // totp.period


def find_step(totp: Totp, code: str, now: datetime) -> int | None:
    """The step that a code is of, among those that are good now; None for a wrong one. All are compared.

    Of two steps that happen to have the same code it is the later one, so that the code is used with both.
    """
    present, found = step_at(totp, now), None
    for step in range(max(present - WINDOW, 0), present + WINDOW + 1):
        if hmac.compare_digest(code_of(totp, step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found


def base32(secret: bytes) -> str:
    """A secret as authenticator apps take it when it is typed: RFC 4648 without padding."""
    from base64 import b32encode

    return b32encode(secret).decode().rstrip("=")


def uri(totp: Totp, *, issuer: str, account: str) -> str:
    """What a QR code tells an authenticator app: Google's Key URI format.

    As short as it can be, since every character makes the code harder to read: defaults are left out, and `@` stays.
    """
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    query = f"secret={base32(totp.secret)}&issuer={quote(issuer, safe='')}"
    usual = Totp(b"")
    for name in ("algorithm", "digits", "period"):
        if (value := getattr(totp, name)) != getattr(usual, name):
            query += f"&{name}={value}"
    return f"otpauth://totp/{label}?{query}"
