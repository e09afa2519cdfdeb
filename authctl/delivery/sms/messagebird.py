"""MessageBird's classic SMS API, which Bird means to keep until the end of 2026.

https://developers.messagebird.com/api/sms-messaging/
"""

from __future__ import annotations

from authctl.delivery.messages import Receipt, Sms
from authctl.delivery.sms.provider import Provider, Request, digits


class MessageBird(Provider):
    name = "messagebird"
    url = "https://rest.messagebird.com"
    needs = ("access_key", "sender")

    def send(self, message: Sms) -> Receipt:
        request = Request.of(message)
        form = {
            "originator": digits(self.settings.sender or ""),
            "recipients": digits(message.to),
            "body": message.body,
            "type": "sms",
            "datacoding": "auto",  # `unicode` would make every message cost as much as one in Chinese
        }
        key = f"AccessKey {self.settings.access_key}".encode()
        answer = self.post("/messages", request, data=form, headers={b"Authorization": key})
        errors = answer.objects("errors")
        if errors:
            said = "; ".join(str(error.get("description")) for error in errors)
            raise self.refused(request, said, code=errors[0].get("code"))
        if not answer.is_success or not answer.get("id"):
            raise self.odd(request, answer)
        status = answer.get("recipients", "items", 0, "status")
        if not answer.get("recipients", "totalSentCount"):
            raise self.refused(request, "it reached nobody", status=status)
        return self.accepted(request, answer.get("id"), status)
