"""Vonage: every part of a long message counts, and other letters ask for Unicode."""

import pytest

from authctl.delivery import Refused, Sms


def message(body):
    return Sms("phone-code", "+14255550123", body, "482913")


def test_a_short_message_is_one_part(connect):
    line = connect("vonage")
    receipt = line.open().send(message("482913 is your code."))
    assert line.double.last["to"] == "14255550123"
    assert "type" not in line.double.last
    assert receipt.message_id == "0A0"


def test_other_letters_are_sent_as_unicode(connect):
    line = connect("vonage")
    receipt = line.open().send(message("ваш код 482913. " * 6))
    assert line.double.last["type"] == "unicode"
    assert receipt.message_id == "0A0,0A1"


def test_a_message_of_which_one_part_failed_was_not_sent(connect):
    line = connect("vonage")
    line.double.later = ("9", "Quota Exceeded - rejected")
    with pytest.raises(Refused) as caught:
        line.open().send(message("482913 is your code. " * 10))
    assert caught.value.receipt.code == "9"
