"""Vonage's (Nexmo's) SMS API. Its answers are always HTTP 200; each part of a long message has a status of its own.

https://developer.vonage.com/en/api/sms
"""

from __future__ import annotations

from authctl.delivery.messages import Receipt, Sms
from authctl.delivery.sms.provider import Provider, Request, digits

TAKEN = "0"


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
        }
        if not message.body.isascii():
            form["type"] = "unicode"  # else other letters arrive as question marks
        answer = self.post("/sms/json", request, data=form)
        parts = answer.objects("messages")
        if not answer.is_success or not parts:
            raise self.odd(request, answer)
        for part in parts:
            status = str(part.get("status"))
            if status != TAKEN:
                raise self.refused(request, part.get("error-text") or "no reason given", code=status)
        return self.accepted(request, ",".join(str(part.get("message-id")) for part in parts), TAKEN)
