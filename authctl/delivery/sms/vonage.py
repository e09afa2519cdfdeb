"""Vonage's (Nexmo's) SMS API. Its answers are always HTTP 200; each part of a long message has a status of its own.

https://developer.vonage.com/en/api/sms
"""

from __future__ import annotations

from dataclasses import replace

from authctl.delivery.messages import PARTIAL, Receipt, Sms
from authctl.delivery.sms.provider import Provider, Request, digits

TAKEN = "0"
# The characters of the GSM 7-bit default alphabet and of its extension (3GPP TS 23.038 §6.2.1), which `text` takes.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
    "\f^{}\\[~]|€"
)


class Vonage(Provider):
    name = "vonage"
    url = "https://rest.nexmo.com"
    needs = ("api_key", "api_secret", "sender")

    def send(self, message: Sms) -> Receipt:
        request = Request.of(message)
        form = {
            "api_key": self.settings.api_key or "",
            "api_secret": self.settings.api_secret or "",
            "from": digits(self.settings.sender or ""),
            "to": digits(message.to),
            "text": message.body,
            "type": "text" if GSM.issuperset(message.body) else "unicode",  # text: other letters become question marks
        }
        answer = self.post("/sms/json", request, data=form)
        parts = answer.objects("messages")
        if not answer.is_success or not parts:
            raise self.odd(request, answer)
        taken = [str(part.get("message-id")) for part in parts if str(part.get("status")) == TAKEN]
        failed = next((part for part in parts if str(part.get("status")) != TAKEN), None)
        ids = ",".join(taken)
        if failed is None:
            return self.accepted(request, ids, TAKEN)
        refused = self.refused(request, failed.get("error-text") or "no reason given", code=str(failed.get("status")))
        if not taken:
            raise refused
        return replace(refused.receipt, message_id=ids, status=PARTIAL)
