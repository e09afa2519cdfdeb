"""MessageBird: what is asked of it, and an answer of success that reached nobody."""

import pytest

from authctl.delivery import Refused, Sms

MESSAGE = Sms("phone-code", "+14255550123", "482913 is your code for Example.", "482913")


def test_the_number_goes_without_its_plus(connect):
    line = connect("messagebird")
    receipt = line.open(sender="+15005550006").send(MESSAGE)
    assert line.double.last == {
        "originator": "15005550006",
        "recipients": "14255550123",
        "body": MESSAGE.body,
        "type": "sms",
        "datacoding": "auto",
    }
    assert (receipt.message_id, receipt.status) == ("e8077d803532c0b5937c639b60216938", "sent")


def test_a_message_that_went_to_nobody_was_not_sent(connect):
    line = connect("messagebird")
    line.double.sent = 0
    with pytest.raises(Refused) as caught:
        line.open().send(MESSAGE)
    assert "it reached nobody" in caught.value.message


def test_all_that_is_wrong_is_told(connect):
    with pytest.raises(Refused) as caught:
        connect("messagebird").open().send(Sms("phone-code", "+14255550123", ""))
    assert caught.value.receipt.text == "body is required"
