"""A gateway of one's own: each message is one signed POST of JSON, by the Standard Webhooks specification.

    webhook-id: msg_…                 the same message has the same id
    webhook-timestamp: 1767323045     seconds since 1970
    webhook-signature: v1,…           base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`

    {"id": "msg_…", "kind": "phone-code", "channel": "sms", "to": "+14255550123", "from": "Example",
     "body": "123456 is your code for Example.", "code": "123456"}

Any 2xx is success; `id` or `message_id` in a JSON answer is kept. https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable

from authctl.delivery.errors import Unconfigured
from authctl.delivery.messages import Channel, Receipt, Sms
from authctl.delivery.sms.provider import Answer, Provider, Request
from authctl.model import Clock, RandomBytes
from authctl.settings import Sms as SmsSettings

ID_SIZE = 16  # bytes
PREFIX = "whsec_"  # of a secret in base64


class Webhook(Provider):
    name = "webhook"
    needs = ("webhook_url", "webhook_secret")
    channels = (Channel.SMS, Channel.WHATSAPP)

    def __init__(
        self, settings: SmsSettings, clock: Clock, random_bytes: RandomBytes, console: Callable[[str], None]
    ) -> None:
        super().__init__(settings, clock, random_bytes, console)
        self.key = key(settings.webhook_secret or "")

    @property
    def base(self) -> str:
        return self.settings.webhook_url or ""

    def send(self, message: Sms) -> Receipt:
        request = Request.of(message)
        number = f"msg_{self.random_bytes(ID_SIZE).hex()}"
        body = json.dumps(self.payload(number, message), ensure_ascii=False, separators=(",", ":")).encode()
        answer = self.post("", request, content=body, headers=self.headers(number, body))
        if not answer.is_success:
            raise self.failure(request, answer)
        return self.accepted(request, answer.get("id") or answer.get("message_id") or number, answer.get("status"))

    def payload(self, number: str, message: Sms) -> dict[str, str | None]:
        return {
            "id": number,
            "kind": message.kind,
            "channel": str(message.channel),
            "to": message.to,
            "from": self.settings.sender,
            "body": message.body,
            "code": message.code,
        }

    def headers(self, number: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self.clock().timestamp()))
        signed = f"{number}.{timestamp}.".encode() + body
        signature = base64.b64encode(hmac.new(self.key, signed, hashlib.sha256).digest())
        return {
            "content-type": "application/json",
            "webhook-id": number,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{signature.decode()}",
        }

    def failure(self, request: Request, answer: Answer) -> Exception:
        """The gateway's own words, from the shapes that gateways commonly have."""
        for code, said in (
            (answer.get("error", "code") or answer.get("error", "http_code"), answer.get("error", "message")),
            (answer.get("code"), answer.get("message")),
            (None, answer.get("error")),
        ):
            if isinstance(said, str) and said:
                return self.refused(request, said, code=code or f"HTTP {answer.http_status}")
        return self.odd(request, answer)


def key(secret: str) -> bytes:
    """The bytes to sign with: of `whsec_…` what that is base64 of, else the text itself."""
    text = secret.removeprefix("v1,")
    if not text.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise Unconfigured(
            f"Cannot send SMS by webhook: the part of sms.webhook_secret after {PREFIX} is not base64.",
            field="sms.webhook_secret",
            way_out="Copy the secret again, or use one without that prefix",
        ) from None
