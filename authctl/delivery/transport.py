"""The one way out: what mails and text messages are handed to, whoever carries them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from authctl.delivery.errors import Unconfigured, masked
from authctl.delivery.messages import PARTIAL, Channel, Email, Receipt, Sms
from authctl.model import Clock, RandomBytes, Waiting

if TYPE_CHECKING:
    from authctl.delivery.sms.provider import Provider
    from authctl.delivery.sms.twilio import TwilioVerify
    from authctl.settings import Settings


VERIFY = "twilio-verify"


class Transport:
    """Sends what it is given by the ways that the settings name. Made in no time; connects when something is sent.

    console: where the provider `console` writes to, and where a message that was sent in part is told. waiting: tells
    who is waited for, where that takes long.
    dry_run: everything is checked, and nothing sent.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        random_bytes: RandomBytes,
        console: Callable[[str], None] = lambda line: None,
        waiting: Waiting = nullcontext,
        dry_run: bool = False,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.random_bytes = random_bytes
        self.console = console
        self.waiting = waiting
        self.dry_run = dry_run

    def send(self, message: Email | Sms) -> Receipt:
        """Send one message, once.

        Raises Unavailable: delivery_unconfigured where settings are missing, and nothing was tried; delivery_failed
        (as `Refused`, with its receipt) where the server refused it, or was not reached, or did not answer.
        """
        if isinstance(message, Email):
            return self._send_email(message)
        provider = self._provider(message.channel)
        if self.dry_run:
            return Receipt(provider.name, message.channel, status="dry-run")
        with self._waiting_for(provider):
            receipt = provider.send(message)
        if receipt.status == PARTIAL:
            self.console(
                f"{receipt.provider} sent only part of the message to {masked(message.to)}: "
                f"{receipt.code}: {receipt.text}. A code in it stays valid."
            )
        return receipt

    def _send_email(self, message: Email) -> Receipt:
        from authctl.delivery import email

        if self.dry_run:
            email.check(self.settings.email)
            return Receipt(email.PROVIDER, Channel.EMAIL, status="dry-run")
        settings = self.settings.email
        with self.waiting(f"Waiting for the mail server {settings.host}:{settings.port}"):
            return email.send(settings, message, now=self.clock(), random_bytes=self.random_bytes)

    # Before anything is promised

    def check_email(self) -> None:
        """Raise Unavailable (delivery_unconfigured) where mails cannot be sent, so that no token is made for one."""
        from authctl.delivery import email

        email.check(self.settings.email)

    def check_sms(self, channel: Channel = Channel.SMS) -> None:
        """The same for text messages, or for WhatsApp."""
        self._provider(channel)

    # Where the provider makes the codes

    @property
    def makes_codes(self) -> bool:
        """Whether the SMS provider makes and checks codes itself: then `start` and `check_code` take the place of
        `send`, and no code of ours is made."""
        return self.settings.sms.provider == VERIFY

    def start(self, phone: str, channel: Channel = Channel.SMS) -> Receipt:
        """Have the provider send a code of its own. Raises what `send` does."""
        provider = self._verify(channel)
        if self.dry_run:
            return Receipt(provider.name, channel, status="dry-run")
        with self._waiting_for(provider):
            return provider.start(phone, channel)

    def check_code(self, phone: str, code: str) -> bool:
        """Whether that is the code that the provider sent. False for an expired one, too, and after too many tries.

        The provider counts the try and uses the code up, also in a dry run.
        """
        provider = self._verify(Channel.SMS)
        with self._waiting_for(provider):
            return provider.check(phone, code)

    def _waiting_for(self, provider: Provider) -> AbstractContextManager[object]:
        return self.waiting(f"Waiting for the SMS provider {provider.name}")

    def _provider(self, channel: Channel) -> Provider:
        from authctl.delivery import sms

        provider = sms.open(self.settings.sms, self.clock, self.random_bytes, self.console)
        provider.check_channel(channel)
        return provider

    def _verify(self, channel: Channel) -> TwilioVerify:
        from authctl.delivery.sms.twilio import TwilioVerify

        provider = self._provider(channel)
        if not isinstance(provider, TwilioVerify):
            raise Unconfigured(
                f"{provider.name} does not create codes.",
                field="sms.provider",
                way_out=f'Set sms.provider to "{VERIFY}"',
            )
        return provider
