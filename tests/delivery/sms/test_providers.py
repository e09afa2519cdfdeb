"""What every provider does alike: it sends once, tells what went wrong, and tells nobody the code or the number."""

import json
import logging
import os
import re
import stat

import pytest
from doubles import sms as doubles

from authctl.delivery import Channel, Refused, Sms
from authctl.errors import Unavailable

TO = "+14255550123"
CODE = "482913"
MESSAGE = Sms("phone-code", TO, f"{CODE} is your code for Example.", CODE)
PROVIDERS = ["twilio", "twilio-verify", "messagebird", "vonage", "textlocal", "webhook"]
SECRETS = (CODE, doubles.TOKEN, doubles.ACCESS_KEY, doubles.API_KEY, doubles.API_SECRET, "webhook-secret-5e5e")


def send(transport, to=TO):
    if transport.makes_codes:
        return transport.start(to)
    return transport.send(Sms("phone-code", to, MESSAGE.body, CODE))


@pytest.fixture(autouse=True)
def _nothing_leaks_into_logs(caplog):
    """After each test: the libraries' own debug logs have no secret, no code and no number."""
    caplog.set_level(logging.DEBUG)
    yield
    logged = [record.getMessage() for record in caplog.get_records("call")]
    check_silent("\n".join(logged))


def check_silent(text):
    for secret in SECRETS:
        assert secret not in text
    assert not re.search(r"4\D?2\D?5\D?5\D?5\D?5\D?0\D?1\D?2\D?3|5005550\d", text)


def refusal(transport, to=TO):
    with pytest.raises(Refused) as caught:
        send(transport, to)
    error = caught.value
    assert error.type == "delivery_failed"
    assert error.message.startswith(f"{error.receipt.provider} did not send ")
    assert f"…{to[-2:]}: " in error.message
    check_silent(error.message + repr(error.receipt) + str(error.receipt.public()))
    return error


@pytest.fixture(params=PROVIDERS)
def line(request, connect):
    return connect(request.param)


def test_a_message_is_sent_once_and_the_providers_id_kept(line):
    receipt = send(line.open())
    assert len(line.double.requests) == 1
    assert receipt.message_id
    assert receipt.channel is Channel.SMS
    assert (receipt.code, receipt.text) == (None, None)


def test_a_provider_that_never_answers_is_given_up(line):
    line.double.fault = "hang"
    error = refusal(line.open(timeout=1))
    assert "no answer within 1 seconds; the message may still arrive" in error.message
    assert len(line.double.requests) == 1


def test_a_connection_that_breaks_is_told_and_not_tried_again(line):
    line.double.fault = "reset"
    error = refusal(line.open())
    assert re.search("reset|disconnected", error.message)
    assert len(line.double.requests) == 1


def test_a_page_of_html_is_not_repeated(line):
    line.double.fault = "html"
    error = refusal(line.open())
    assert error.receipt.code == "HTTP 500"
    assert "HTTP 500: Internal Server Error" in error.message
    assert "<" not in error.message


@pytest.mark.parametrize(("fault", "said"), [("empty", "an empty answer"), ("odd", "an unknown answer")])
@pytest.mark.parametrize("provider", PROVIDERS[:-1])  # a gateway of one's own may answer what it likes
def test_an_answer_that_is_none_is_no_success(connect, provider, fault, said):
    line = connect(provider)
    line.double.fault = fault
    assert f"HTTP 200: {said}" in refusal(line.open()).message


def test_a_provider_that_is_not_there_is_told(line):
    transport = line.open()
    line.double.close()
    assert "Connection refused" in refusal(transport).message


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_missing_is_told_at_once(transport, provider):
    with pytest.raises(Unavailable) as caught:
        transport(sms__provider=provider).check_sms()
    assert caught.value.type == "delivery_unconfigured"
    assert f"Cannot send SMS with {provider}: sms." in caught.value.message
    assert "--print-secret" in caught.value.hint


def test_without_a_provider_it_says_what_to_set(transport):
    with pytest.raises(Unavailable) as caught:
        transport().send(MESSAGE)
    assert caught.value.type == "delivery_unconfigured"
    assert "sms.provider" in caught.value.hint
    assert "--print-secret" in caught.value.hint


@pytest.mark.parametrize("provider", ["messagebird", "vonage", "textlocal"])
def test_whatsapp_is_refused_where_there_is_none(connect, provider):
    with pytest.raises(Unavailable) as caught:
        connect(provider).open().check_sms(Channel.WHATSAPP)
    assert f"{provider} cannot send over whatsapp" in caught.value.message


def test_a_dry_run_sends_nothing(line, transport):
    opened = line.open()
    opened.dry_run = True
    assert send(opened).status == "dry-run"
    assert line.double.requests == []


def test_the_libraries_do_log(line, caplog):
    send(line.open())
    assert "HTTP Request: POST" in caplog.text


def test_no_repr_shows_the_number_or_the_code():
    check_silent(repr(MESSAGE))


# Refusals, in each provider's own words


def test_wrong_credentials_are_told_with_the_providers_code(connect):
    for provider, changes, code, said in (
        ("twilio", {"auth_token": "wrong"}, "20003", "Authenticate"),
        ("twilio-verify", {"auth_token": "wrong"}, "20003", "Authenticate"),
        ("messagebird", {"access_key": "wröng"}, "2", "Request not allowed (incorrect access_key)"),
        ("vonage", {"api_secret": "wrong-secret"}, "4", "Bad Credentials for ***"),
        ("textlocal", {"api_key": "wrong"}, "3", "Invalid login details"),
    ):
        error = refusal(connect(provider).open(**changes))
        assert (error.receipt.code, error.receipt.text) == (code, said)
        assert f"{code}: {said}" in error.message


@pytest.mark.parametrize(
    ("provider", "to", "code", "said"),
    [
        ("twilio", "+15005550001", "21211", "The 'To' number …01 is not a valid phone number."),
        ("twilio", "+15005550002", "21612", "The 'To' phone number: …02, is not currently reachable."),
        ("twilio", "+15005550003", "21408", "Permission to send an SMS has not been enabled for the region of …03."),
        ("twilio", "+15005550004", "21610", "Attempt to send to unsubscribed recipient"),
        ("twilio", "+15005550009", "21614", "'To' number is not a mobile number: …09"),
        ("twilio-verify", "+15005550001", "60200", "Invalid parameter `To`: …01"),
        ("messagebird", "+50055", "9", "no (correct) recipients found: …55"),
        ("vonage", "+15005550001", "3", "to address is not numeric: …01"),
        ("vonage", "+15005550004", "7", "Number barred"),
        ("vonage", "+15005550006", "6", "Unroutable message - rejected"),
        ("vonage", "+15005550009", "9", "Quota Exceeded - rejected"),
        ("vonage", "+15005550015", "15", "Invalid sender address"),
        ("textlocal", "+15005550001", "51", "No valid numbers specified"),
        ("textlocal", "+15005550007", "7", "Insufficient credits"),
    ],
)
def test_a_refused_number_is_told_with_the_providers_code(connect, provider, to, code, said):
    error = refusal(connect(provider).open(), to)
    assert (error.receipt.code, error.receipt.text) == (code, said)


# For development


def test_the_file_has_a_line_for_each_message(transport, tmp_path):
    path = tmp_path / "sms.txt"
    opened = transport(sms__provider="file", sms__file=path)
    for _ in range(2):
        assert opened.send(MESSAGE).status == "written"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["to"], line["code"]) for line in lines] == [(TO, CODE)] * 2
    assert lines[0]["time"] == "2026-01-02T03:04:05.678+00:00"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_told(transport, tmp_path):
    error = refusal(transport(sms__provider="file", sms__file=tmp_path / "none" / "sms.txt"))
    assert "No such file or directory" in error.message


def test_the_console_shows_the_message(transport):
    said = []
    transport(sms__provider="console", console=said.append).send(MESSAGE)
    assert said == [f"Message to {TO} over sms: {MESSAGE.body}"]


def test_a_provider_that_makes_no_codes_says_so(transport):
    opened = transport(sms__provider="console")
    assert not opened.makes_codes
    with pytest.raises(Unavailable) as caught:
        opened.check_code(TO, CODE)
    assert "twilio-verify" in caught.value.hint
