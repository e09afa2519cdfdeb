"""Textlocal: what is asked of it, and errors that quote the message."""

import pytest

from authctl.delivery import Refused, Sms


def test_a_message_is_sent(connect):
    line = connect("textlocal")
    receipt = line.open().send(Sms("phone-code", "+914255550123", "482913 is your code.", "482913"))
    assert line.double.last["numbers"] == "914255550123"
    assert (receipt.message_id, receipt.status) == ("4711", "success")


@pytest.mark.parametrize(
    ("body", "sender", "code", "said"),
    [
        ("untemplated 482913", "EXAMPL", "80", "Invalid template: ***"),
        ("", "EXAMPL", "5", "No message content"),
        ("482913", "WRONG", "43", "Invalid sender name"),
    ],
)
def test_a_refused_message_is_told_without_its_text(connect, body, sender, code, said):
    with pytest.raises(Refused) as caught:
        connect("textlocal").open(sender=sender).send(Sms("phone-code", "+914255550123", body, "482913"))
    assert (caught.value.receipt.code, caught.value.receipt.text) == (code, said)
