"""Every provider with settings that its double takes."""

from dataclasses import dataclass

import pytest
from doubles import sms as doubles

SENDER = "+15005550006"
GIVEN = {
    "twilio": (
        doubles.Twilio,
        {"account_sid": doubles.ACCOUNT, "auth_token": doubles.TOKEN, "sender": SENDER},
    ),
    "twilio-verify": (
        doubles.Twilio,
        {"account_sid": doubles.ACCOUNT, "auth_token": doubles.TOKEN, "service_sid": doubles.VERIFY},
    ),
    "messagebird": (doubles.MessageBird, {"access_key": doubles.ACCESS_KEY, "sender": "Example"}),
    "vonage": (
        doubles.Vonage,
        {"api_key": doubles.API_KEY, "api_secret": doubles.API_SECRET, "sender": "Example"},
    ),
    "textlocal": (doubles.Textlocal, {"api_key": doubles.API_KEY, "sender": "EXAMPL"}),
    "webhook": (doubles.Webhook, {"webhook_secret": "webhook-secret-5e5e"}),
}


@dataclass
class Line:
    """A provider's double, and a transport that leads to it: `line.open(sender="…")` with other settings."""

    double: doubles.Provider
    open: object


@pytest.fixture
def connect(transport):
    """Begin a provider's double: `line = connect("twilio")`."""
    begun = []

    def begin(provider):
        kind, given = GIVEN[provider]
        double = kind().__enter__()
        begun.append(double)
        address = "webhook_url" if provider == "webhook" else "base_url"

        def open(console=lambda line: None, **changes):
            settings = {"provider": provider, address: double.url, "timeout": 10, **given, **changes}
            named = {f"sms__{name}": value for name, value in settings.items() if value is not None}
            return transport(console=console, **named)

        return Line(double, open)

    yield begin
    for double in begun:
        double.close()
