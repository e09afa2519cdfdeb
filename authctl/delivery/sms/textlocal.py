"""Textlocal, of India; with another `base_url` (https://api.txtlocal.com) of the United Kingdom. Always HTTP 200.

https://api.textlocal.in/docs/sendsms
"""

from __future__ import annotations

from authctl.delivery.messages import Receipt, Sms
from authctl.delivery.sms.provider import Provider, Request, digits


class Textlocal(Provider):
    name = "textlocal"
    url = "https://api.textlocal.in"
    needs = ("api_key", "sender")

    def send(self, message: Sms) -> Receipt:
        request = Request.of(message)
        form = {
            "apikey": self.settings.api_key or "",
            "sender": digits(self.settings.sender or ""),
            "numbers": digits(message.to),
            "message": message.body,
        }
        answer = self.post("/send/", request, data=form)
        status = answer.get("status")
        errors = answer.objects("errors")
        if errors:
            said = "; ".join(str(error.get("message")) for error in errors)
            raise self.refused(request, said, code=errors[0].get("code"), status=status)
        if not answer.is_success or status != "success":
            raise self.odd(request, answer)
        return self.accepted(request, answer.get("messages", 0, "id") or answer.get("batch_id"), status)
