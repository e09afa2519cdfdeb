"""What is said when a message did not get out: the server's own words, fit to be shown and logged."""

from __future__ import annotations

import re
from collections.abc import Iterable

from authctl.delivery.messages import Receipt, one_line
from authctl.errors import Unavailable

MAX_WORDS = 300  # characters; more than any provider's sentence, less than a page of HTML
OTHERWISE = "or use --print-secret, which shows the message instead of sending it"

# SMTP's for a server that takes nothing from us now: RFC 5321 §4.2.3, RFC 4954 §6.
_OF_SERVER = ("421", "454", "530", "534", "535")

_NUMBER = re.compile(r"(?<!\w)\+?\d(?: ?\d){6,}(?!\w)")


class Refused(Unavailable):
    """A message was not taken, or it is not known whether it was. receipt: what the provider said, as data."""

    def __init__(self, receipt: Receipt, message: str, *, hint: str | None = None) -> None:
        super().__init__("delivery_failed", message, hint=hint)
        self.receipt = receipt

    @property
    def is_of_server(self) -> bool:
        """Whether the next message would fare the same: there was no answer, or one that is not about this message."""
        return self.receipt.code is None or self.receipt.code in _OF_SERVER


class Unconfigured(Unavailable):
    """There is no way to send a message. way_out: what to set, as a half sentence."""

    def __init__(self, message: str, *, field: str, way_out: str) -> None:
        super().__init__("delivery_unconfigured", message, field=field, hint=f"{way_out}, {OTHERWISE}.")
        self.way_out = way_out


def words(said: str, *, secrets: Iterable[str | None] = (), phone: str | None = None) -> str:
    """A server's words on one line, without secrets, which some quote together with all that they were given.

    phone: the number that a message was for. It is found however it is written, and of this and all other numbers
    only the last two digits are left.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        said = said.replace(secret, "***")
    if phone is not None:
        digits = re.sub(r"\D", "", phone)
        said = re.sub(r"\+?" + r"[\s().-]*".join(digits), masked(digits), said)
        said = _NUMBER.sub(lambda found: masked(found[0]), said)
    return one_line(said, MAX_WORDS)


def masked(number: str) -> str:
    """A phone number as errors and logs may show it."""
    return "…" + number[-2:]
