"""The transport of a directory: made of its settings, silent in a dry run, and leaving alone what is not used."""

import os
import subprocess
import sys

import pytest
from doubles.mail import MailServer

from authctl.core.directory import opening
from authctl.core.messages import compose
from authctl.core.work.unit import Actor
from authctl.delivery import errors
from authctl.settings import load


@pytest.fixture
def open_directory(home, clock, dice):
    def make(environ):
        settings = load({**home, **environ}, system_config=os.devnull)
        return opening.open_directory(settings, Actor("tester@example.com"), clock=clock, random_bytes=dice)

    return make


def test_a_directory_sends_by_its_settings(open_directory, clock):
    with MailServer() as server, open_directory(server.environ) as directory:
        mail = compose.trial_email(directory.settings, "ada@example.org")
        receipt = directory.transport.send(mail)
        received = server.last
    assert received.text == mail.text
    assert received.html == mail.html
    assert received.message["Date"].datetime == clock.now.replace(microsecond=0)
    assert receipt.public()["message_id"] == received.message["Message-ID"]


def test_a_dry_run_sends_nothing(open_directory):
    with MailServer() as server, open_directory(server.environ) as directory:
        dry = directory.acting(directory.actor, dry_run=True)
        assert dry.transport.send(compose.trial_email(dry.settings, "ada@example.org")).status == "dry-run"
        assert server.mails == []


def test_the_console_is_where_warnings_are_said(open_directory):
    said = []
    with open_directory({"AUTHCTL_SMS_PROVIDER": "console"}) as directory:
        directory.warn = said.append
        directory.transport.send(compose.trial_sms(directory.settings, "+14255550123"))
    assert said == ["Message to +14255550123 over sms: This is a test of how this service sends messages."]


def test_what_is_not_used_is_not_imported():
    program = "import sys, authctl.delivery, authctl.delivery.sms; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"httpx", "smtplib", "ssl", "idna", "email.message"} & set(loaded)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("to +1 (425) 555-0123 and 14255550123", "to …23 and …23"),
        ("tel:whatsapp:+14255550123!", "tel:whatsapp:…23!"),
        ("from +44 7911 123456", "from …56"),
        ("error 21211 at 2010-04-01", "error 21211 at 2010-04-01"),
        ("line\r\nbreak\x1b[31m\u202e red", "line break [31m red"),
        ("code 482913", "code ***"),
        ("x" * 1000, "x" * 299 + "…"),
    ],
)
def test_words_are_fit_to_be_shown(said, shown):
    assert errors.words(said, secrets=("482913", None), phone="+14255550123") == shown
