"""Mails over real SMTP on loopback: what arrives, what is refused, and what of it is told."""

import base64
import os
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from doubles.mail import MailServer, make_certificate

from authctl.delivery import Channel, Email, Refused
from authctl.errors import Invalid, Unavailable

LOGIN = ("authctl", "correct horse 5e5e")
MAIL = Email("email-code", "ada@example.org", "Your code", "Your code is 482913.\n", "<p>482913</p>\n", secret="482913")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    return certificate


def refusal(transport, mail=MAIL, **given):
    with pytest.raises(Refused) as caught:
        transport(**given).send(mail)
    assert caught.value.type == "delivery_failed"
    assert "482913" not in caught.value.message
    assert LOGIN[1] not in caught.value.message
    return caught.value


# What arrives


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_mail_arrives_through_a_login(transport, trusted, security):
    with MailServer(security, certificate=trusted, login=LOGIN) as server:
        receipt = transport(server.environ).send(MAIL)
        [mail] = server.mails
    assert (mail.sender, mail.recipients) == ("no-reply@example.com", ["ada@example.org"])
    assert mail.text == "Your code is 482913.\n"
    assert mail.html == "<p>482913</p>\n"
    assert receipt.channel is Channel.EMAIL
    assert receipt.message_id == mail.message["Message-ID"]
    assert receipt.status == "250 2.0.0 Ok: queued as 4TESTQ"


def test_headers_say_who_when_and_that_a_program_wrote_it(transport):
    with MailServer() as server:
        transport(server.environ).send(MAIL)
        message = server.last.message
    assert message["From"] == "Example <no-reply@example.com>"
    assert message["To"] == "ada@example.org"
    assert message["Subject"] == "Your code"
    assert message["Date"] == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.com>")
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects


def test_two_mails_have_different_message_ids(transport):
    with MailServer() as server:
        sender = transport(server.environ)
        assert sender.send(MAIL).message_id != sender.send(MAIL).message_id


def test_a_mail_of_text_alone_has_one_part(transport):
    with MailServer() as server:
        transport(server.environ).send(replace(MAIL, html=None))
        assert server.last.message.get_content_type() == "text/plain"


def test_other_letters_travel_in_seven_bits(transport):
    mail = replace(MAIL, subject="Grüße an Zoë 🦊", text="Schöne Grüße, 你好.\n.\nlast\n", html="<p>Grüße</p>\n")
    with MailServer() as server:
        transport(server.environ, email__from="Grüße <no-reply@example.com>").send(mail)
        received = server.last
    assert received.content.isascii()
    assert received.message["Subject"] == "Grüße an Zoë 🦊"
    assert str(received.message["From"]) == "Grüße <no-reply@example.com>"
    assert received.text == mail.text
    assert received.html == mail.html


def test_a_long_link_arrives_whole(transport):
    link = "https://app.example.com/?secret=" + "a" * 1200
    with MailServer() as server:
        transport(server.environ).send(replace(MAIL, text=f"{link}\n"))
        assert server.last.text == f"{link}\n"


def test_an_international_domain_needs_nothing_of_the_server(transport):
    with MailServer(utf8=False) as server:
        transport(server.environ).send(replace(MAIL, to="ada@straße.de"))
        mail = server.last
    assert mail.recipients == ["ada@xn--strae-oqa.de"]
    assert mail.message["To"] == "ada@xn--strae-oqa.de"


def test_an_international_address_goes_to_a_server_that_takes_it(transport):
    with MailServer() as server:
        transport(server.environ).send(replace(MAIL, to="jörg@example.org"))
        mail = server.last
    assert mail.recipients == ["jörg@example.org"]
    assert "SMTPUTF8" in mail.options
    assert "jörg@example.org".encode() in mail.content


def test_an_international_address_is_refused_where_the_server_takes_none(transport):
    with MailServer(utf8=False) as server:
        error = refusal(transport, replace(MAIL, to="jörg@example.org"), environ=server.environ)
    assert "SMTPUTF8" in error.message


def test_a_password_may_have_other_letters(transport):
    with MailServer(login=("jörg", "pässwörd")) as server:
        transport(server.environ).send(MAIL)
        assert len(server.mails) == 1


# What is refused


@pytest.mark.parametrize("header", ["subject", "to"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\u2028", "\x85"])
def test_a_line_break_in_a_header_is_refused(transport, header, line_break):
    with MailServer() as server, pytest.raises(Invalid):
        transport(server.environ).send(replace(MAIL, **{header: f"ada@example.org{line_break}Bcc: eve@example.org"}))
    assert server.mails == []


def test_a_refused_login_is_told_without_the_password(transport):
    with MailServer(login=LOGIN) as server:
        error = refusal(transport, environ=server.environ, email__password="wrong-5e5e")
    assert error.receipt.code == "535"
    assert "535 5.7.8 Authentication credentials invalid" in error.message
    assert "wrong-5e5e" not in error.message
    assert "email.password" in error.hint


def test_a_refused_recipient_is_told_in_the_servers_words(transport):
    with MailServer() as server:
        server.mailbox.recipient_answer = "550 5.1.1 No such user here"
        error = refusal(transport, environ=server.environ)
    assert error.message.startswith(f"127.0.0.1:{server.port} did not send the mail: 550 5.1.1 No such user here")
    assert (error.receipt.code, error.receipt.text) == ("550", "5.1.1 No such user here")


def test_a_refused_mail_is_told_without_what_was_in_it(transport):
    password = base64.b64encode(LOGIN[1].encode()).decode()
    with MailServer(login=LOGIN) as server:
        server.mailbox.data_answer = f"554 5.7.1 Looks like spam: Your code is 482913. {LOGIN[1]} {password}"
        error = refusal(transport, environ=server.environ)
    assert error.receipt.text == "5.7.1 Looks like spam: Your code is ***. *** ***"


def test_a_certificate_that_nobody_vouches_for_is_refused(transport, certificate):
    for security in ("starttls", "tls"):
        with MailServer(security, certificate=certificate) as server:
            error = refusal(transport, environ=server.environ)
        assert "its certificate is not trusted: self-signed certificate" in error.message
        assert "SSL_CERT_FILE" in error.hint
        assert server.mails == []


def test_a_certificate_of_another_host_is_refused(transport, trusted):
    with MailServer("starttls", certificate=trusted) as server:
        error = refusal(transport, environ=server.environ, email__host="localhost")
    assert "certificate" in error.message


def test_nothing_is_sent_in_clear_where_starttls_was_asked_for(transport):
    with MailServer(login=LOGIN) as server:
        error = refusal(transport, environ=server.environ, email__security="starttls")
    assert "not support STARTTLS" in error.message


def test_a_server_that_speaks_no_tls_is_told(transport):
    with MailServer() as server:
        error = refusal(transport, environ=server.environ, email__security="tls")
    assert "email.security" in error.hint


# Networks that fail


@contextmanager
def raw_server(talk):
    """A server on loopback whose first connection is given to `talk`."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listening.accept()
        with connection:
            talk(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield str(listening.getsockname()[1])
    finally:
        thread.join()
        listening.close()


@pytest.fixture
def to_port(transport):
    def fail(port, **given):
        options = {"email__host": "127.0.0.1", "email__security": "none", "email__from": "a@example.com", **given}
        return refusal(transport, email__port=port, **options)

    return fail


def test_a_server_that_never_answers_is_given_up(to_port):
    with raw_server(lambda connection: connection.recv(1)) as port:
        error = to_port(port, email__timeout=1)
    assert "no answer within 1 seconds" in error.message


def test_a_server_that_falls_silent_is_given_up(to_port):
    def talk(connection):
        connection.sendall(b"220 hello\r\n")
        connection.recv(1000)
        connection.recv(1000)

    with raw_server(talk) as port:
        error = to_port(port, email__timeout=1)
    assert "no answer within 1 seconds" in error.message


def test_a_server_that_hangs_up_is_told(to_port):
    with raw_server(lambda connection: connection.sendall(b"220 hello\r\n")) as port:
        assert "Connection" in to_port(port).message


def test_a_server_that_greets_with_a_refusal_is_told(to_port):
    with raw_server(lambda connection: connection.sendall(b"554 go away\r\n")) as port:
        error = to_port(port)
    assert "554 go away" in error.message


def test_a_server_that_hangs_up_after_taking_the_mail_has_taken_it(transport):
    def talk(connection):
        file = connection.makefile("rwb", buffering=0)
        file.write(b"220 hello\r\n")
        answers = {b"ehlo": b"250 hello\r\n", b"mail": b"250 ok\r\n", b"rcpt": b"250 ok\r\n", b"data": b"354 go\r\n"}
        while not (line := file.readline()).startswith(b"."):
            file.write(answers.pop(line[:4].lower(), b""))
        file.write(b"250 taken\r\n")

    with raw_server(talk) as port:
        given = {"email__host": "127.0.0.1", "email__security": "none", "email__from": "a@example.com"}
        assert transport(email__port=port, **given).send(MAIL).status == "250 taken"


def test_a_closed_port_is_told(to_port):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = to_port(port)
    assert "Connection refused" in error.message
    assert "email.host" in error.hint


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".example"])
def test_a_host_that_is_none_is_told(to_port, host):
    assert host in to_port(25, email__host=host).message


# Settings


def test_without_a_server_it_says_what_to_set(transport):
    for attempt in (lambda t: t.send(MAIL), lambda t: t.check_email()):
        with pytest.raises(Unavailable) as caught:
            attempt(transport())
        assert caught.value.type == "delivery_unconfigured"
        assert "email.host and email.from" in caught.value.hint
        assert "--print-secret" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"email__host": "h"}, "email.from is not set"),
        ({"email__host": "h", "email__from": "a@example.com", "email__username": "u"}, "email.password is not set"),
        ({"email__host": "h", "email__from": "nobody@"}, "email.from is not an address"),
    ],
)
def test_half_a_configuration_is_told(transport, given, complaint):
    with pytest.raises(Unavailable) as caught:
        transport(**given).check_email()
    assert complaint in caught.value.message
    assert caught.value.type == "delivery_unconfigured"


def test_a_dry_run_checks_and_sends_nothing(transport):
    with MailServer() as server:
        receipt = transport(server.environ, dry_run=True).send(MAIL)
    assert receipt.status == "dry-run"
    assert server.mails == []
    with pytest.raises(Unavailable):
        transport(dry_run=True).send(MAIL)


def test_no_repr_shows_what_is_in_a_mail():
    assert "482913" not in repr(MAIL)
    assert os.linesep not in repr(MAIL)
