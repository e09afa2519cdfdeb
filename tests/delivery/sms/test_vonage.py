"""Vonage: what GSM 03.38 has goes as text and the rest as Unicode; every part of a long message counts."""

import pytest

from authctl.delivery import Refused, Sms
from authctl.delivery.sms.vonage import GSM

CODE = "482913 is your code. "


def message(body):
    return Sms("phone-code", "+14255550123", body, "482913")


def test_a_short_message_is_one_part(connect):
    line = connect("vonage")
    receipt = line.open().send(message("482913 is your code."))
    assert line.double.last["to"] == "14255550123"
    assert line.double.last["type"] == "text"
    assert receipt.message_id == "0A0"


def test_gsm_has_its_published_number_of_characters():
    assert len(GSM) == 127 + 10  # 3GPP TS 23.038: the default alphabet without its escape, and the extension


@pytest.mark.parametrize(
    "body", ["Votre clé est 482913", "Schlüssel 482913", "482913 = 5 €", "Ω{482913}\r\n", "ÆØÅ àèìòù"]
)
def test_letters_of_gsm_go_as_text(connect, body):
    line = connect("vonage")
    line.open().send(message(body))
    assert (line.double.last["type"], line.double.last["text"]) == ("text", body)


@pytest.mark.parametrize(
    "body", ["`482913`", "482913\tcode", "ваш код 482913", "cle\u0301 482913", "ê 482913", "ç 482913", "482913 🔑"]
)
def test_other_letters_go_as_unicode(connect, body):
    line = connect("vonage")
    line.open().send(message(body))
    assert (line.double.last["type"], line.double.last["text"]) == ("unicode", body)


def test_a_long_message_is_several_parts(connect):
    receipt = connect("vonage").open().send(message("ваш код 482913. " * 6))
    assert receipt.message_id == "0A0,0A1"


def test_a_message_that_was_sent_in_part_is_told_and_counts_as_sent(connect):
    line, told = connect("vonage"), []
    line.double.later = ("9", "Quota Exceeded - rejected 14255550123 482913")
    receipt = line.open(console=told.append).send(message(CODE * 10))
    assert (receipt.status, receipt.message_id, receipt.code) == ("partial", "0A0", "9")
    assert receipt.text == "Quota Exceeded - rejected …23 ***"
    assert told == [
        "vonage sent only part of the message to …23: 9: Quota Exceeded - rejected …23 ***. A code in it stays valid."
    ]


def test_a_message_of_which_no_part_was_taken_was_not_sent(connect):
    line = connect("vonage")
    line.double.all = ("9", "Quota Exceeded - rejected")
    with pytest.raises(Refused) as caught:
        line.open().send(message(CODE * 10))
    assert caught.value.receipt.code == "9"
