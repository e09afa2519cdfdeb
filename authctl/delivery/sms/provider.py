"""What providers have in common: what they need, one POST, and how a failure is told.

A POST is sent once. When no answer comes, the message may be on its way all the same; a second one would be a second
message to a person, and a second bill.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from authctl.delivery import errors
from authctl.delivery.errors import Refused, Unconfigured, masked
from authctl.delivery.messages import Channel, Receipt, Sms
from authctl.model import Clock, RandomBytes
from authctl.settings import Sms as SmsSettings

SECRETS = ("auth_token", "access_key", "api_key", "api_secret", "webhook_secret")


class Provider(ABC):
    """Base of the providers.

    name: as [sms] provider says. url: where its addresses begin. needs: the settings that it cannot do without.
    """

    name = ""
    url = ""
    needs: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = (Channel.SMS,)

    def __init__(
        self, settings: SmsSettings, clock: Clock, random_bytes: RandomBytes, console: Callable[[str], None]
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.random_bytes = random_bytes
        self.console = console
        missing = [f"sms.{name}" for name in self.needs if not getattr(settings, name)]
        if missing:
            names = " and ".join(missing)
            raise Unconfigured(
                f"Cannot send SMS with {self.name}: {names} {'is' if len(missing) == 1 else 'are'} not set.",
                field=missing[0],
                way_out=f"Set {names} in the configuration file",
            )

    def check_channel(self, channel: Channel) -> None:
        """Raise Unavailable (delivery_unconfigured) where the provider has no such channel."""
        if channel not in self.channels:
            raise Unconfigured(
                f"{self.name} cannot send over {channel}.",
                field="sms.provider",
                way_out="Send it by sms, or set sms.provider to twilio or twilio-verify",
            )

    @property
    def base(self) -> str:
        """Where the provider's addresses begin here."""
        return self.settings.base_url or self.url

    @abstractmethod
    def send(self, message: Sms) -> Receipt:
        """Send one message, once. Raises Refused."""

    def post(self, path: str, request: Request, **options: Any) -> Answer:
        """Post to the provider, once. options: what httpx.post takes. Raises Refused where no answer comes."""
        import httpx

        try:
            response = httpx.post(self.base + path, timeout=self.settings.timeout, **options)
        except httpx.TimeoutException:
            said = f"no answer within {self.settings.timeout:g} seconds; the message may still arrive"
            raise self.refused(request, said) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self.refused(request, str(error) or type(error).__name__) from None
        return Answer(response.status_code, response.reason_phrase, response.text)

    def accepted(self, request: Request, message_id: object, status: object = None) -> Receipt:
        """The receipt for a message that the provider took."""
        return Receipt(self.name, request.channel, _text(message_id), _text(status))

    def refused(self, request: Request, said: object, *, code: object = None, status: object = None) -> Refused:
        """The error for a message that was not taken: the provider, its code and its words, and no secret."""
        secrets = [*request.secrets, *(getattr(self.settings, name) for name in SECRETS if name in self.needs)]
        said_ = errors.words(str(said), secrets=secrets, phone=request.to)
        code_ = errors.words(str(code), secrets=secrets, phone=request.to) if code is not None else None
        receipt = Receipt(self.name, request.channel, None, _text(status), code_, said_)
        spoken = f"{code_}: {said_}" if code_ else said_
        return Refused(receipt, f"{self.name} did not {request.what} …{request.to[-2:]}: {spoken}")

    def odd(self, request: Request, answer: Answer) -> Refused:
        """The error for an answer that is not the provider's own: a proxy's page, nothing, something else."""
        return self.refused(request, answer.oddity, code=f"HTTP {answer.http_status}")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a provider, as failures speak of it: `twilio did not send the SMS to …23: …`."""

    to: str
    channel: Channel = Channel.SMS
    secrets: tuple[str | None, ...] = ()
    what: str = "send the SMS to"

    @classmethod
    def of(cls, message: Sms) -> Request:
        what = "send the WhatsApp message to" if message.channel is Channel.WHATSAPP else "send the SMS to"
        return cls(message.to, message.channel, (message.body, message.code, message.secret), what)

    def __repr__(self) -> str:
        return f"Request({self.channel}, {masked(self.to)})"


class Answer:
    """A provider's answer. `data` is its JSON object; empty where it is none."""

    def __init__(self, http_status: int, reason: str, text: str) -> None:
        self.http_status = http_status
        self.reason = reason
        self.text = text
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}

    @property
    def is_success(self) -> bool:
        """Whether HTTP calls it one; what the body says counts more."""
        return 200 <= self.http_status < 300

    def get(self, *path: str | int) -> Any:
        """What is in the data under these names and numbers, or None where anything on the way is missing."""
        found: Any = self.data
        for step in path:
            if isinstance(step, str) and isinstance(found, dict):
                found = found.get(step)
            elif isinstance(step, int) and isinstance(found, list) and step < len(found):
                found = found[step]
            else:
                return None
        return found

    def objects(self, *path: str | int) -> list[dict[str, Any]]:
        """The JSON objects of a list in the data; empty where there is none."""
        found = self.get(*path)
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    @property
    def oddity(self) -> str:
        """What is wrong with an answer that has no words of its own; a page of HTML is not repeated."""
        if not self.is_success:
            return self.reason or "an error without a message"
        return "an unknown answer" if self.text.strip() else "an empty answer"


def digits(number: str) -> str:
    """A number as providers take it that want no `+`; a name stays a name."""
    return number[1:] if number.startswith("+") else number


def _text(value: object) -> str | None:
    return None if value is None else str(value)
