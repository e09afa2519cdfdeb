"""Which emails people may bring, by the policy email-domains."""

from __future__ import annotations

from authctl.core.policy.policies import Policy
from authctl.core.policy.value_types import DomainList
from authctl.core.values import checks
from authctl.errors import Invalid


def check(policy: Policy, email: str | None) -> None:
    """Refuse an email whose domain the policy does not allow. Raises Invalid (general_argument_invalid)."""
    allowed: DomainList | None = policy["email-domains"]
    if email is not None and allowed is not None and not is_allowed(allowed, email):
        message = f"Emails at {checks.shown(email.partition('@')[2])} are not accepted."
        hint = None if allowed.is_denied else f"Use an email at {', '.join(sorted(allowed.names))}."
        raise Invalid("general_argument_invalid", message, field="email", hint=hint)


def is_allowed(allowed: DomainList, email: str) -> bool:
    """Whether the domain of an email, or one that it is under, is among those allowed or not among those denied."""
    labels = email.partition("@")[2].split(".")
    over = {".".join(labels[start:]) for start in range(len(labels))}
    if not allowed.is_denied:
        return not allowed.names.isdisjoint(over)
    return allowed.names.isdisjoint(over) and not (allowed.disposable and _is_disposable(over))


def _is_disposable(domains: set[str]) -> bool:
    from disposable_email_domains import blocklist  # kept by a community; a few thousand names, read when asked for

    return not domains.isdisjoint(blocklist)
