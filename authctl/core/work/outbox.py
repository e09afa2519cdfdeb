"""What waits for the end of a unit of work: messages to people, sent after commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from authctl.delivery import Email, Sms
from authctl.settings import Settings


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail, or with is_sms a text message, that waits for the end of its transaction.

    compose: writes it, by settings with the locale in them.
    """

    user_id: str
    locale: str | None
    compose: Callable[[Settings], Email | Sms]
    is_sms: bool = False
