"""Which policies are weaker than is recommended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from authctl.core.maintenance.findings import Finding, Look
from authctl.core.policy import policies
from authctl.core.work.unit import Work

RECOMMENDED_LENGTH = 15  # characters; OWASP ASVS 5.0 6.2.1 asks for 8 and recommends this

# How a policy is weaker than another value of it: where it is lower, where it is higher (0 is no limit), or off.
LOWER = ("sign-in-window", "sign-in-lockout", "otp-length", "otp-interval", "password-min-length", "password-history")
HIGHER = (
    "session-limit",
    "session-duration",
    "sign-in-attempts",
    "source-attempts",
    "known-source-expiry",
    "otp-expiry",
    "otp-attempts",
    "otp-hourly-limit",
    "person-hourly-limit",
    "source-hourly-limit",
    "creation-hourly-limit",
    "email-hourly-limit",
    "sms-hourly-limit",
    "magic-url-expiry",
    "verification-expiry",
    "recovery-expiry",
    "token-expiry",
    "invite-expiry",
    "challenge-expiry",
)
OFF = (
    "session-invalidation",
    "password-dictionary",
    "password-personal-data",
    "generated-password-expiry",
    "change-needs-old",
    "verification-needs-session",
)


def weak_policies(look: Look, work: Work) -> Iterator[Finding]:
    """Each policy that asks for less than is recommended, and how to reset it."""
    for name, recommended in policies.preset("recommended").items():
        value = work.policy[name]
        if is_weaker(name, value, recommended):
            (_, held), (_, better) = policies.shown(name, value), policies.shown(name, recommended)
            message = f"The policy {name} is {held}; recommended: {better}."
            yield look.finding("weak-policy", name, message, look.own(f"security reset {name}"))
    least = work.policy["password-min-length"]
    if least < RECOMMENDED_LENGTH:
        command = look.own(f"security set password-min-length {RECOMMENDED_LENGTH}")
        yield look.finding(
            "short-passwords", "password-min-length", f"Passwords of {least} characters are allowed.", command
        )


def is_weaker(name: str, value: Any, recommended: Any) -> bool:
    """Whether a policy asks for less than is recommended; of those that are a matter of taste, never."""
    if name in LOWER:
        return bool(value < recommended)
    if name in HIGHER:
        return bool(value > recommended or (value == 0 and recommended))
    return name in OFF and value in (False, None, "off") and bool(recommended)
