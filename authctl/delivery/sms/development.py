"""For development: messages that go to a file or to the terminal, and to no phone."""

from __future__ import annotations

import json
import os

from authctl.delivery.messages import Channel, Receipt, Sms
from authctl.delivery.sms.provider import Provider, Request


class File(Provider):
    """Adds each message to a file, for nobody else to read, as one line of JSON."""

    name = "file"
    needs = ("file",)
    channels = (Channel.SMS, Channel.WHATSAPP)

    def send(self, message: Sms) -> Receipt:
        request = Request.of(message)
        line = {
            "time": self.clock().isoformat(timespec="milliseconds"),
            "kind": message.kind,
            "channel": str(message.channel),
            "to": message.to,
            "body": message.body,
            "code": message.code,
        }
        path = self.settings.file or ""
        try:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, json.dumps(line, ensure_ascii=False).encode() + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            raise self.refused(request, f"Cannot write {path}: {error.strerror}") from None
        return self.accepted(request, None, "written")


class Console(Provider):
    """Says each message where warnings are said: on the command line's stderr, in Python by `directory.warn`."""

    name = "console"
    channels = (Channel.SMS, Channel.WHATSAPP)

    def send(self, message: Sms) -> Receipt:
        self.console(f"Message to {message.to} over {message.channel}: {message.body}")
        return self.accepted(Request.of(message), None, "shown")
