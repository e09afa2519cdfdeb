"""What is sent, and what came of it. What could be used by who reads it over a shoulder is in no repr."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from authctl.model import Public

PARTIAL = "partial"  # the status of a message that went out in part


class Channel(StrEnum):
    """How a message gets to a person."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"


@dataclass(frozen=True, slots=True)
class Email:
    """A mail to one address. html: None for a mail of text alone.

    kind: which message it is, as its template is called. secret: what no error may repeat, even where a server does.
    """

    kind: str
    to: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message to one number, in E.164 with its `+`, or the same over WhatsApp.

    code: the code in it, for providers whose templates take that alone. secret: what else no error may repeat.
    """

    kind: str
    to: str = field(repr=False)
    body: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    channel: Channel = Channel.SMS


@dataclass(frozen=True, slots=True)
class Receipt(Public):
    """What the provider answered, as data.

    message_id: the provider's own (of a mail, its Message-ID). status: the provider's word for how far the message
    is, or `partial` where only some of its parts were taken. code, text: what it said of a failure, without secrets and
    without phone numbers.
    """

    provider: str
    channel: Channel
    message_id: str | None = None
    status: str | None = None
    code: str | None = None
    text: str | None = None


# Line ends, control and bidi characters, and what is not seen at all, but for the joiners of scripts and emoji.
_UNSHOWABLE = r"[\s\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]+"


def one_line(text: str, limit: int | None) -> str:
    """The text on one line, without what cannot be shown, cut at so many characters."""
    line = re.sub(_UNSHOWABLE, " ", text).strip()
    return line if limit is None or len(line) <= limit else line[: limit - 1] + "…"
