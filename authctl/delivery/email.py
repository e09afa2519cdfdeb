"""Mails over SMTP (RFC 5321): one connection for each, encrypted and signed in to as the settings say.

connect ──> EHLO ──> STARTTLS, EHLO ──> AUTH ──> MAIL ──> RCPT ──> DATA ──> QUIT

Where one of these fails, the error has the server's code and words. Once DATA is answered with 250 the mail is the
server's, and what happens to the connection afterwards is no failure.
"""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr

from authctl.delivery import errors
from authctl.delivery.domains import ascii_domain
from authctl.delivery.errors import Refused, Unconfigured
from authctl.delivery.messages import Channel, Email, Receipt
from authctl.errors import Invalid
from authctl.model import RandomBytes
from authctl.settings import Email as EmailSettings

PROVIDER = "smtp"
ID_SIZE = 16  # bytes; RFC 5322 §3.6.4 asks for uniqueness, and nobody should guess at another's
DONE = 250  # RFC 5321 §4.2.3
FORWARDED = 251
SIGNED_IN = 235  # RFC 4954 §6
_LINE_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")  # and every other control character


def send(settings: EmailSettings, email: Email, *, now: datetime, random_bytes: RandomBytes) -> Receipt:
    """Send a mail, once. The receipt has its Message-ID, and the server's words of acceptance.

    Raises Unavailable: delivery_unconfigured, or delivery_failed with the server's own code and words; Invalid
    (general_argument_invalid) for a header with a line break in it.
    """
    check(settings)
    sender = _address(settings.from_address or "")
    recipient = _address(email.to)
    message = compose(email, sender=sender, recipient=recipient, now=now, random_bytes=random_bytes)
    exchange = _Exchange(settings, email, str(message["Message-ID"]))
    with exchange.reporting():
        return exchange.run(message, sender.addr_spec, recipient.addr_spec)


def check(settings: EmailSettings) -> None:
    """Raise Unavailable (delivery_unconfigured) where a setting is missing that mails cannot do without."""
    missing = [name for name, value in (("host", settings.host), ("from", settings.from_address)) if not value]
    if settings.username and not settings.password:
        missing.append("password")
    if missing:
        names = " and ".join(f"email.{name}" for name in missing)
        raise Unconfigured(
            "Cannot send mail: no mail server is configured."
            if "host" in missing
            else f"Cannot send mail: {names} {'is' if len(missing) == 1 else 'are'} not set.",
            field=f"email.{missing[0]}",
            way_out=f"Set {names} in the configuration file",
        )
    if not all(parseaddr(settings.from_address or "")[1].rpartition("@")):
        raise Unconfigured(
            "Cannot send mail: email.from is not an address.",
            field="email.from",
            way_out="Write it like Example <no-reply@example.com>",
        )


# Writing it down


def compose(
    email: Email, *, sender: Address, recipient: Address, now: datetime, random_bytes: RandomBytes
) -> EmailMessage:
    """The mail as it travels: text, and HTML beside it where there is any."""
    for field, value in (("subject", email.subject), ("to", email.to)):
        if _LINE_BREAK.search(value):
            raise Invalid("general_argument_invalid", f"The {field} of a mail cannot contain line breaks.", field=field)
    # Not all servers take 8 bits (RFC 6152), so that bodies are encoded whatever they hold.
    message = EmailMessage(SMTP.clone(cte_type="7bit"))
    number = random_bytes(ID_SIZE).hex()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = email.subject
    message["Date"] = now
    message["Message-ID"] = f"<{number}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no out-of-office answers, please
    message.set_content(email.text)
    if email.html is not None:
        message.add_alternative(email.html, subtype="html")
        message.set_boundary(f"authctl-{number}")  # the library would throw dice for it
    return message


def _address(text: str) -> Address:
    """The address with its domain in ASCII, which every server takes; what is before the `@` stays as it is."""
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    return Address(name, local, _ascii_domain(domain))


def _ascii_domain(domain: str) -> str:
    try:
        return ascii_domain(domain)
    except ValueError as error:
        raise Invalid("general_argument_invalid", f"{domain!r} is not a domain: {error}.", field="email") from None


# Sending it


class _Exchange:
    """One conversation with the server, and how its failures are told."""

    def __init__(self, settings: EmailSettings, email: Email, message_id: str) -> None:
        self.settings = settings
        self.email = email
        self.message_id = message_id
        self.server = f"{settings.host}:{settings.port}"

    def run(self, message: EmailMessage, sender: str, recipient: str) -> Receipt:
        smtp = self.connect()
        try:
            self.secure(smtp)
            self.sign_in(smtp)
            answer = self.hand_over(smtp, message, sender, recipient)
            with contextlib.suppress(OSError):
                smtp.quit()
        finally:
            smtp.close()
        return answer

    def connect(self) -> smtplib.SMTP:
        host, port, timeout = self.settings.host or "", self.settings.port, self.settings.timeout
        if self.settings.security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=timeout, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=timeout)

    def secure(self, smtp: smtplib.SMTP) -> None:
        """Never goes on in clear where STARTTLS was asked for: the offer may have been taken out on the way."""
        smtp.ehlo_or_helo_if_needed()
        if self.settings.security != "starttls":
            return
        if not smtp.has_extn("starttls"):
            raise self.refused(
                None,
                "the server does not support STARTTLS",
                ('Set email.security to "tls", or on a trusted network to "none".'),
            )
        code, words = smtp.starttls(context=ssl.create_default_context())
        if code != 220:  # RFC 3207 §4
            raise self.refused(code, words)
        smtp.ehlo_or_helo_if_needed()

    def sign_in(self, smtp: smtplib.SMTP) -> None:
        username, password = self.settings.username, self.settings.password
        if not username or not password:
            return
        if (username + password).isascii():
            smtp.login(username, password)
            return
        # smtplib takes ASCII alone; AUTH PLAIN is in UTF-8 (RFC 4616 §2).
        code, words = smtp.docmd("AUTH", "PLAIN " + _base64(f"\0{username}\0{password}"))
        if code != SIGNED_IN:
            raise smtplib.SMTPAuthenticationError(code, words)

    def hand_over(self, smtp: smtplib.SMTP, message: EmailMessage, sender: str, recipient: str) -> Receipt:
        is_international = not (sender + recipient).isascii()
        if is_international and not smtp.has_extn("smtputf8"):
            raise self.refused(None, "the server does not support internationalised addresses (SMTPUTF8)")
        options = ["SMTPUTF8", "BODY=8BITMIME"] if is_international else []
        content = message.as_bytes(policy=(SMTPUTF8 if is_international else SMTP).clone(cte_type="7bit"))
        self.expect(smtp.mail(sender, options), DONE)
        self.expect(smtp.rcpt(recipient), DONE, FORWARDED)
        code, words = self.expect(smtp.data(content), DONE)
        return Receipt(PROVIDER, Channel.EMAIL, self.message_id, status=f"{code} {self.words(words)}")

    def expect(self, answer: tuple[int, bytes], *codes: int) -> tuple[int, bytes]:
        if answer[0] not in codes:
            raise self.refused(*answer)
        return answer

    # Telling

    @contextlib.contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn what the library and the network raise into one kind of error, with what to do about it."""
        try:
            yield
        except smtplib.SMTPAuthenticationError as error:
            hint = "Check email.username and email.password."
            raise self.refused(error.smtp_code, error.smtp_error, hint) from None
        except smtplib.SMTPResponseException as error:
            raise self.refused(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPServerDisconnected as error:
            if isinstance(error.__context__, TimeoutError):
                raise self.unanswered() from None
            raise self.refused(None, str(error)) from None
        except smtplib.SMTPException as error:  # there is no way to sign in that both know
            raise self.refused(None, str(error)) from None
        except ssl.SSLCertVerificationError as error:
            hint = (
                "Check email.host. If your own authority signed the certificate, set SSL_CERT_FILE to its certificate."
            )
            raise self.refused(None, f"its certificate is not trusted: {error.verify_message}", hint) from None
        except TimeoutError:
            raise self.unanswered() from None
        except ssl.SSLError as error:
            hint = "Check that email.port and email.security match."
            raise self.refused(None, f"no encryption: {error.reason or error}", hint) from None
        except (OSError, UnicodeError) as error:  # a host that is no name at all is a UnicodeError
            reason = getattr(error, "strerror", None) or str(error)
            raise self.refused(None, reason, "Check email.host and email.port.") from None

    def refused(self, code: int | None, said: bytes | str, hint: str | None = None) -> Refused:
        text = self.words(said)
        spoken = text if code is None else f"{code} {text}"
        receipt = Receipt(PROVIDER, Channel.EMAIL, self.message_id, code=str(code) if code else None, text=text)
        return Refused(receipt, f"{self.server} did not send the mail: {spoken}", hint=hint)

    def unanswered(self) -> Refused:
        return self.refused(None, f"no answer within {self.settings.timeout:g} seconds")

    def words(self, said: bytes | str) -> str:
        """The server's words; a filter may have quoted the body, and a careless server the password."""
        text = said if isinstance(said, str) else said.decode("utf-8", "replace")
        username, password = self.settings.username, self.settings.password
        encoded = (_base64(password), _base64(f"\0{username}\0{password}")) if password else ()
        return errors.words(text, secrets=(password, *encoded, self.email.secret))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
