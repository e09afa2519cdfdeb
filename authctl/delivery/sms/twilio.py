"""Twilio: text messages and WhatsApp, and Verify, where Twilio makes and checks the codes.

https://www.twilio.com/docs/messaging/api/message-resource · https://www.twilio.com/docs/verify/api
"""

from __future__ import annotations

import json
import re

from authctl.delivery.errors import Refused, Unconfigured
from authctl.delivery.messages import Channel, Receipt, Sms
from authctl.delivery.sms.provider import Answer, Provider, Request

FAILED = frozenset({"failed", "undelivered", "canceled"})  # what a message may be called in an answer of 201
NOT_FOUND = 20404  # Verify: expired, approved already, or never begun
TOO_MANY_CHECKS = 60202
_CODE = re.compile(r"[0-9]{4,10}")  # what Verify's codes look like


class _Account(Provider):
    """What both have in common: the account that signs in, and how it is told of failures."""

    channels = (Channel.SMS, Channel.WHATSAPP)

    def ask(self, path: str, request: Request, form: dict[str, str]) -> Answer:
        account = (self.settings.account_sid or "", self.settings.auth_token or "")
        return self.post(path, request, data=form, auth=account)

    def failure(self, request: Request, answer: Answer) -> Refused:
        """Twilio's own words: `code` and `message` of an error, `error_code` and `error_message` of a message."""
        status = answer.get("status")
        code = answer.get("code") or answer.get("error_code")
        said = answer.get("message") or answer.get("error_message")
        if not said and status not in FAILED:
            return self.odd(request, answer)
        return self.refused(request, said or f"the message is {status}", code=code, status=status)


class Twilio(_Account):
    """Messages from a number, a name or a messaging service (MG…)."""

    name = "twilio"
    url = "https://api.twilio.com"
    needs = ("account_sid", "auth_token", "sender")

    def check_channel(self, channel: Channel) -> None:
        super().check_channel(channel)
        sender = self.sender(channel)
        if channel is Channel.WHATSAPP and not (_is_service(sender) or sender.startswith("+")):
            raise Unconfigured(
                "WhatsApp messages cannot come from a name.",
                field="sms.whatsapp_sender",
                way_out="Set sms.whatsapp_sender to a number with + or a messaging service (MG…)",
            )

    def sender(self, channel: Channel) -> str:
        own = self.settings.whatsapp_sender if channel is Channel.WHATSAPP else None
        return own or self.settings.sender or ""

    def send(self, message: Sms) -> Receipt:
        request = Request.of(message)
        path = f"/2010-04-01/Accounts/{self.settings.account_sid}/Messages.json"
        answer = self.ask(path, request, self.form(message))
        if not answer.is_success or not answer.get("sid") or answer.get("status") in FAILED:
            raise self.failure(request, answer)
        return self.accepted(request, answer.get("sid"), answer.get("status"))

    def form(self, message: Sms) -> dict[str, str]:
        prefix = "whatsapp:" if message.channel is Channel.WHATSAPP else ""
        form = {"To": prefix + message.to}
        sender = self.sender(message.channel)
        if _is_service(sender):
            form["MessagingServiceSid"] = sender
        else:
            form["From"] = prefix + sender
        # WhatsApp lets a business begin a conversation with an approved template alone.
        if prefix and self.settings.content_sid and message.code:
            form["ContentSid"] = self.settings.content_sid
            form["ContentVariables"] = json.dumps({"1": message.code})
        else:
            form["Body"] = message.body
        return form


def _is_service(sender: str) -> bool:
    return re.fullmatch("MG[0-9a-fA-F]{32}", sender) is not None


class TwilioVerify(_Account):
    """Codes that Twilio makes, sends and checks; `start` and `check` in place of `send`."""

    name = "twilio-verify"
    url = "https://verify.twilio.com"
    needs = ("account_sid", "auth_token", "service_sid")

    def send(self, message: Sms) -> Receipt:
        raise Unconfigured(
            "twilio-verify only sends codes of its own.",
            field="sms.provider",
            way_out='Set sms.provider to "twilio"',
        )

    def start(self, phone: str, channel: Channel = Channel.SMS) -> Receipt:
        """Have a code sent. A second start within ten minutes sends the same code again. Raises Refused."""
        request = Request(phone, channel, what="send a code to")
        answer = self.ask(self.path("Verifications"), request, {"To": phone, "Channel": str(channel)})
        if not answer.is_success or not answer.get("sid") or answer.get("status") in FAILED:
            raise self.failure(request, answer)
        return self.accepted(request, answer.get("sid"), answer.get("status"))

    def check(self, phone: str, code: str) -> bool:
        """Whether that is the code; False also where it expired, was used, or was guessed at too often.

        Raises Refused where Twilio says neither: a wrong password, an outage.
        """
        if not _CODE.fullmatch(code):
            return False
        request = Request(phone, secrets=(code,), what="check the code of")
        answer = self.ask(self.path("VerificationCheck"), request, {"To": phone, "Code": code})
        if answer.get("code") in (NOT_FOUND, TOO_MANY_CHECKS):
            return False
        if not answer.is_success or "valid" not in answer.data:
            raise self.failure(request, answer)
        return answer.get("status") == "approved" and answer.get("valid") is True

    def path(self, what: str) -> str:
        return f"/v2/Services/{self.settings.service_sid}/{what}"
