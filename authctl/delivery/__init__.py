"""How mails and text messages travel: SMTP, and one small client for each SMS provider. Called after commit.

    Transport.send(Email) ──> email.send ──> the SMTP server of [email]
    Transport.send(Sms)   ──> sms.open   ──> the provider of [sms]

What is written in them is made above, in `core/messages/`. Nothing is sent twice: a message that was perhaps not taken
is reported, and whoever asked for it asks again.
"""

from authctl.delivery.errors import Refused
from authctl.delivery.messages import Channel, Email, Receipt, Sms
from authctl.delivery.transport import Transport

__all__ = ["Channel", "Email", "Receipt", "Refused", "Sms", "Transport"]
