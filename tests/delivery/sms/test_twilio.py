"""Twilio: who a message comes from, WhatsApp with and without a template, and the codes that Verify makes."""

import json

import pytest
from doubles.sms import SERVICE, TEMPLATE, VERIFY

from authctl.delivery import Channel, Refused, Sms
from authctl.errors import Unavailable

TO = "+14255550123"
MESSAGE = Sms("phone-code", TO, "482913 is your code for Example.", "482913")
WHATSAPP = Sms("phone-code", TO, "482913 is your code for Example.", "482913", channel=Channel.WHATSAPP)


@pytest.fixture
def twilio(connect):
    return connect("twilio")


@pytest.fixture
def verify(connect):
    return connect("twilio-verify")


@pytest.mark.parametrize("sender", ["+15005550006", "Example"])
def test_a_message_comes_from_a_number_or_a_name(twilio, sender):
    receipt = twilio.open(sender=sender).send(MESSAGE)
    assert twilio.double.last == {"To": TO, "From": sender, "Body": MESSAGE.body}
    assert receipt.status == "queued"
    assert receipt.message_id.startswith("SM")


def test_a_message_comes_from_a_messaging_service(twilio):
    assert twilio.open(sender=SERVICE).send(MESSAGE).status == "accepted"
    assert twilio.double.last == {"To": TO, "MessagingServiceSid": SERVICE, "Body": MESSAGE.body}


@pytest.mark.parametrize("status", ["failed", "undelivered"])
def test_a_message_that_is_made_and_has_failed_was_not_sent(twilio, status):
    twilio.double.status = status
    with pytest.raises(Refused) as caught:
        twilio.open().send(MESSAGE)
    assert caught.value.receipt.code == "30008"
    assert caught.value.receipt.status == status
    assert caught.value.receipt.text == "Unknown error, body was: ***"


def test_a_sender_that_twilio_does_not_know_is_told(twilio):
    with pytest.raises(Refused) as caught:
        twilio.open(sender="15005550000006").send(MESSAGE)
    assert caught.value.receipt.code == "21212"


def test_whatsapp_takes_the_body_without_a_template(twilio):
    receipt = twilio.open().send(WHATSAPP)
    assert twilio.double.last == {"To": f"whatsapp:{TO}", "From": "whatsapp:+15005550006", "Body": WHATSAPP.body}
    assert receipt.channel is Channel.WHATSAPP


def test_whatsapp_has_a_sender_of_its_own(twilio):
    line = {"sender": "Example", "whatsapp_sender": "+15005550007"}
    twilio.open(**line).check_sms(Channel.WHATSAPP)
    twilio.open(**line).send(WHATSAPP)
    assert twilio.double.last["From"] == "whatsapp:+15005550007"
    twilio.open(**line).send(MESSAGE)
    assert twilio.double.last["From"] == "Example"


def test_whatsapp_takes_the_code_alone_with_a_template(twilio):
    twilio.open(content_sid=TEMPLATE, sender=SERVICE).send(WHATSAPP)
    form = twilio.double.last
    assert json.loads(form.pop("ContentVariables")) == {"1": "482913"}
    assert form == {"To": f"whatsapp:{TO}", "MessagingServiceSid": SERVICE, "ContentSid": TEMPLATE}


def test_a_template_of_whatsapp_is_not_for_sms(twilio):
    twilio.open(content_sid=TEMPLATE).send(MESSAGE)
    assert twilio.double.last["Body"] == MESSAGE.body


def test_whatsapp_comes_from_no_name(twilio):
    with pytest.raises(Unavailable) as caught:
        twilio.open(sender="Example").check_sms(Channel.WHATSAPP)
    assert caught.value.type == "delivery_unconfigured"


# Verify


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_twilio_makes_the_code_and_checks_it_once(verify, channel):
    opened = verify.open()
    assert opened.makes_codes
    receipt = opened.start(TO, channel)
    assert (receipt.status, receipt.channel) == ("pending", channel)
    assert verify.double.requests[-1][:2] == (f"/v2/Services/{VERIFY}/Verifications", {"To": TO, "Channel": channel})
    assert not opened.check_code(TO, "000000")
    assert opened.check_code(TO, "654321")
    assert not opened.check_code(TO, "654321")


def test_a_right_code_after_too_many_wrong_ones_is_wrong(verify):
    opened = verify.open()
    opened.start(TO)
    assert not any(opened.check_code(TO, f"00000{number}") for number in range(5))
    assert not opened.check_code(TO, "654321")


def test_too_many_starts_are_told(verify):
    opened = verify.open()
    for _ in range(5):
        opened.start(TO)
    with pytest.raises(Refused) as caught:
        opened.start(TO)
    assert caught.value.receipt.code == "60203"


@pytest.mark.parametrize("code", ["", "12", "12345678901", "12345a", "１２３４５６"])
def test_what_is_no_code_is_not_asked_about(verify, code):
    assert not verify.open().check_code(TO, code)
    assert verify.double.requests == []


@pytest.mark.parametrize("fault", ["html", "empty", "odd", "reset"])
def test_an_outage_says_nothing_about_the_code(verify, fault):
    opened = verify.open()
    opened.start(TO)
    verify.double.fault = fault
    with pytest.raises(Refused) as caught:
        opened.check_code(TO, "654321")
    assert caught.value.message.startswith("twilio-verify did not check the code of …23: ")


def test_verify_sends_no_messages_of_ours(verify):
    with pytest.raises(Unavailable) as caught:
        verify.open().send(MESSAGE)
    assert caught.value.type == "delivery_unconfigured"
