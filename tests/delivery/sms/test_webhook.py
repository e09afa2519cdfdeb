"""The webhook: what it is told, that it can check who says so, and what it may answer."""

import base64
import hashlib
import hmac
import json

import pytest

from authctl.delivery import Channel, Refused, Sms
from authctl.errors import Unavailable

MESSAGE = Sms("phone-code", "+14255550123", "Grüße: 482913", "482913", channel=Channel.WHATSAPP)


@pytest.fixture
def webhook(connect):
    return connect("webhook")


def test_it_is_told_all_that_a_gateway_needs(webhook):
    receipt = webhook.open(sender="Example").send(MESSAGE)
    _, body, headers = webhook.double.requests[0]
    told = json.loads(body)
    assert told.pop("id") == headers["webhook-id"]
    assert told == {
        "kind": "phone-code",
        "channel": "whatsapp",
        "to": "+14255550123",
        "from": "Example",
        "body": "Grüße: 482913",
        "code": "482913",
    }
    assert receipt.message_id == "own-1"


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("webhook-secret-5e5e", b"webhook-secret-5e5e"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        ("v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
    ],
)
def test_its_signature_is_the_one_of_standard_webhooks(webhook, secret, key):
    webhook.open(webhook_secret=secret).send(MESSAGE)
    _, body, headers = webhook.double.requests[0]
    assert headers["webhook-timestamp"] == "1767323045"
    signed = f"{headers['webhook-id']}.1767323045.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"


@pytest.mark.parametrize("secret", ["whsec_abc", "whsec_ü"])
def test_a_secret_that_was_not_copied_whole_is_told_at_once(webhook, secret):
    with pytest.raises(Unavailable) as caught:
        webhook.open(webhook_secret=secret).check_sms()
    assert caught.value.type == "delivery_unconfigured"
    assert secret not in caught.value.message


def test_any_success_will_do(webhook):
    for reply in ((204, None), (200, []), (202, {"message_id": 7})):
        webhook.double.reply_with = reply
        assert webhook.open().send(MESSAGE).message_id


@pytest.mark.parametrize(
    ("status", "data", "code", "said"),
    [
        (400, {"error": {"http_code": 400, "message": "no credit"}}, "400", "no credit"),
        (422, {"code": "E7", "message": "no route to +14255550123"}, "E7", "no route to …23"),
        (503, {"error": "later, 482913"}, "HTTP 503", "later, ***"),
        (500, {"error": ["x"]}, "HTTP 500", "Internal Server Error"),
        (302, {}, "HTTP 302", "Found"),
    ],
)
def test_a_refusal_is_told_in_the_gateways_words(webhook, status, data, code, said):
    webhook.double.reply_with = (status, data)
    with pytest.raises(Refused) as caught:
        webhook.open().send(MESSAGE)
    assert (caught.value.receipt.code, caught.value.receipt.text) == (code, said)
