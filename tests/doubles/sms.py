"""The SMS providers on loopback, as far as they were seen to behave (facts/gotrue.md §2.7): what each takes, refuses,
and answers; and any of them out of order."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

ACCOUNT = "AC" + "0" * 32
TOKEN = "twilio-token-5e5e"
VERIFY = "VA" + "0" * 32
SERVICE = "MG" + "0" * 32
TEMPLATE = "HX" + "0" * 32
ACCESS_KEY = "messagebird-key-5e5e"
API_KEY, API_SECRET = "api-key-5e5e", "api-secret-5e5e"
NUMBER = re.compile(r"(whatsapp:)?\+[1-9]\d{1,14}")


class Provider:
    """A server that answers as a provider does: subclasses have `answer(path, form, headers)` → status and JSON.

    fault: None, or what goes wrong before the provider is asked: hang, reset, html, empty, odd.
    requests: path, form (or the raw body) and headers of all that came.
    """

    def __init__(self):
        self.requests = []
        self.fault = None
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def last(self):
        return self.requests[-1][1]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        if self._released.is_set():
            return
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path, form, headers):
        raise NotImplementedError

    def _handler(provider):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                form = body
                if self.headers["content-type"] == "application/x-www-form-urlencoded":
                    form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
                path = urlsplit(self.path).path
                provider.requests.append((path, form, self.headers))
                if provider.fault:
                    getattr(self, provider.fault)()
                else:
                    status, data = provider.answer(path, form, self.headers)
                    self.reply(status, json.dumps(data), "application/json")

            def reply(self, status, text, type):
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", type)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def hang(self):
                provider._released.wait()
                self.close_connection = True

            def reset(self):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RD)
                self.connection.close()
                self.close_connection = True
                self.wfile = self.rfile = open("/dev/null", "r+b", buffering=0)  # noqa: SIM115 - closed by the library

            def html(self):
                self.reply(500, "<html><body><h1>Something +14255550123 broke</h1></body></html>", "text/html")

            def empty(self):
                self.reply(200, "", "application/json")

            def odd(self):
                self.reply(200, '["not", {"what": "it was"}]', "application/json")

            def log_message(self, *args):
                pass

        return Handler


class Twilio(Provider):
    """Programmable Messaging, and Verify with its state for each number; `code` is what it sends next."""

    REFUSED: ClassVar = {
        "+15005550001": (21211, "The 'To' number +15005550001 is not a valid phone number."),
        "+15005550002": (21612, "The 'To' phone number: +15005550002, is not currently reachable."),
        "+15005550003": (21408, "Permission to send an SMS has not been enabled for the region of +15005550003."),
        "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
        "+15005550009": (21614, "'To' number is not a mobile number: +1 (500) 555-0009"),
    }

    def __init__(self):
        super().__init__()
        self.code = "654321"
        self.status = None
        self.verifications = {}

    def answer(self, path, form, headers):
        expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if headers["authorization"] != f"Basic {expected}":
            return self.error(401, 20003, "Authenticate")
        if path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return self.message(form)
        if path == f"/v2/Services/{VERIFY}/Verifications":
            return self.start(form)
        if path == f"/v2/Services/{VERIFY}/VerificationCheck":
            return self.check(form)
        return self.error(404, 20404, f"The requested resource {path} was not found")

    def error(self, status, code, message):
        more = f"https://www.twilio.com/docs/errors/{code}"
        return status, {"code": code, "message": message, "more_info": more, "status": status}

    def message(self, form):
        to = form.get("To", "")
        sender = form.get("MessagingServiceSid") or form.get("From", "")
        if not to:
            return self.error(400, 21604, "A 'To' phone number is required.")
        if not NUMBER.fullmatch(to):
            return self.error(400, 21211, f"The 'To' number {to} is not a valid phone number.")
        if to in self.REFUSED:
            return self.error(400, *self.REFUSED[to])
        if not form.get("Body") and not form.get("ContentSid"):
            return self.error(400, 21602, "Message body is required.")
        if not (NUMBER.fullmatch(sender) or sender == SERVICE or re.fullmatch(r"[A-Za-z0-9 ]{1,11}", sender)):
            return self.error(400, 21212, f"The 'From' number {sender} is not a valid phone number.")
        status = self.status or ("accepted" if sender == SERVICE else "queued")
        failed = status in ("failed", "undelivered")
        return 201, {
            "sid": f"SM{len(self.requests):032x}",
            "status": status,
            "to": to,
            "error_code": 30008 if failed else None,
            "error_message": f"Unknown error, body was: {form.get('Body')}" if failed else None,
        }

    def start(self, form):
        to = form["To"]
        if not NUMBER.fullmatch(to) or to in self.REFUSED:
            return self.error(400, 60200, f"Invalid parameter `To`: {to}")
        state = self.verifications.setdefault(to, {"starts": 0, "checks": 0, "code": self.code})
        state["starts"] += 1
        if state["starts"] > 5:
            return self.error(429, 60203, "Max send attempts reached")
        sid = f"VE{len(self.requests):032x}"
        return 201, {"sid": sid, "to": to, "channel": form["Channel"], "status": "pending", "valid": False}

    def check(self, form):
        state = self.verifications.get(form["To"])
        if state is None:
            return self.error(404, 20404, "The requested resource /VerificationCheck was not found")
        state["checks"] += 1
        if state["checks"] > 5:
            return self.error(429, 60202, "Max check attempts reached")
        approved = form["Code"] == state["code"]
        if approved:
            del self.verifications[form["To"]]
        return 200, {"sid": "VE1", "status": "approved" if approved else "pending", "valid": approved}


class MessageBird(Provider):
    sent = 1

    def answer(self, path, form, headers):
        if headers["authorization"] != f"AccessKey {ACCESS_KEY}":
            return 401, self.errors((2, "Request not allowed (incorrect access_key)", "access_key"))
        missing = [
            (9, f"no (correct) {name} found" if name == "recipients" else f"{name} is required", name)
            for name in ("recipients", "originator", "body")
            if not form.get(name)
        ]
        if not re.fullmatch(r"[1-9]\d{6,14}", form.get("recipients", "")):
            missing = missing or [(9, f"no (correct) recipients found: {form['recipients']}", "recipients")]
        if missing:
            return 422, self.errors(*missing)
        items = [{"recipient": int(form["recipients"]), "status": "sent" if self.sent else "scheduled"}]
        recipients = {"totalCount": 1, "totalSentCount": self.sent, "items": items}
        return 201, {"id": "e8077d803532c0b5937c639b60216938", "recipients": recipients}

    def errors(self, *errors):
        keys = ("code", "description", "parameter")
        return {"errors": [dict(zip(keys, error, strict=True)) for error in errors]}


class Vonage(Provider):
    """Long texts are several messages, each with a status; `statuses` are those of the parts, where not all are 0."""

    REFUSED: ClassVar = {
        "15005550001": ("3", "to address is not numeric: 15005550001"),
        "15005550004": ("7", "Number barred"),
        "15005550006": ("6", "Unroutable message - rejected"),
        "15005550009": ("9", "Quota Exceeded - rejected"),
        "15005550015": ("15", "Invalid sender address"),
    }

    def __init__(self):
        super().__init__()
        self.later = None  # the status and text of the last part
        self.all = None  # … and of every part

    def answer(self, path, form, headers):
        if (form.get("api_key"), form.get("api_secret")) != (API_KEY, API_SECRET):
            return self.parts(("4", f"Bad Credentials for {form.get('api_secret')}"))
        if not form.get("from") or not form.get("text"):
            return self.parts(("2", "Missing from or text"))
        if form["to"] in self.REFUSED:
            return self.parts(self.REFUSED[form["to"]])
        if form.get("type") == "unicode":
            length, (alone, each) = len(form["text"].encode("utf-16-be")) // 2, (70, 67)
        else:
            length, (alone, each) = (
                len(form["text"]) + sum(form["text"].count(sign) for sign in "\f^{}\\[~]|€"),
                (160, 153),
            )
        count = 1 if length <= alone else -(-length // each)
        parts = [self.all or ("0", None)] * count
        if self.later:
            parts[-1] = self.later
        return self.parts(*parts)

    def parts(self, *parts):
        messages = [
            {"status": status, "error-text": text} if text else {"status": status, "message-id": f"0A{number}"}
            for number, (status, text) in enumerate(parts)
        ]
        return 200, {"message-count": str(len(messages)), "messages": messages}


class Textlocal(Provider):
    REFUSED: ClassVar = {
        "15005550001": (51, "No valid numbers specified"),
        "15005550007": (7, "Insufficient credits"),
    }

    def answer(self, path, form, headers):
        if form.get("apikey") != API_KEY:
            return self.failure(3, "Invalid login details")
        if not form.get("numbers"):
            return self.failure(4, "No recipients specified")
        if not form.get("message"):
            return self.failure(5, "No message content")
        if form.get("sender") == "WRONG":
            return self.failure(43, "Invalid sender name")
        if form["numbers"] in self.REFUSED:
            return self.failure(*self.REFUSED[form["numbers"]])
        if "untemplated" in form["message"]:
            return self.failure(80, f"Invalid template: {form['message']}")
        message = {"id": "4711", "recipient": int(form["numbers"])}
        return 200, {"status": "success", "batch_id": 1, "balance": 9, "messages": [message]}

    def failure(self, code, message):
        return 200, {"status": "failure", "errors": [{"code": code, "message": message}]}


class Webhook(Provider):
    """A gateway of one's own; `reply_with` is its status and JSON."""

    def __init__(self):
        super().__init__()
        self.reply_with = (200, {"id": "own-1"})

    def answer(self, path, form, headers):
        return self.reply_with
