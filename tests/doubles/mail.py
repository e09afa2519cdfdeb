"""A mail server on loopback that behaves as real ones do: STARTTLS or TLS, a login, and refusals to order."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Received:
    """One mail that arrived: its envelope, and what was in it."""

    sender: str
    recipients: list[str]
    options: list[str]
    content: bytes

    @property
    def message(self):
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def text(self):
        return self.message.get_body(("plain",)).get_content().replace("\r\n", "\n")

    @property
    def html(self):
        return self.message.get_body(("html",)).get_content().replace("\r\n", "\n")


@dataclass
class Mailbox:
    """What arrived, and what is answered to RCPT and to the mail itself."""

    mails: list[Received] = field(default_factory=list)
    needs_login: bool = False
    recipient_answer: str | None = None
    data_answer: str = "250 2.0.0 Ok: queued as 4TESTQ"

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if self.needs_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if self.recipient_answer is not None:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.data_answer.startswith("250"):
            options = list(envelope.mail_options)
            self.mails.append(Received(envelope.mail_from, envelope.rcpt_tos, options, envelope.original_content))
        return self.data_answer


class MailServer(Controller):
    """One server: `with MailServer(certificate=…) as server: …` and then `server.environ` is what reaches it.

    security: starttls, tls or none. login: the only name and password that it takes; None for no login at all.
    """

    def __init__(self, security="none", *, certificate=None, login=None, utf8=True):
        self.mailbox = Mailbox()
        self.security = security
        self.login = login
        self.socket = socket.create_server(("127.0.0.1", 0))
        encryption = _server_context(certificate) if security != "none" else None
        options = {"enable_SMTPUTF8": utf8, "hostname": "127.0.0.1", "port": self.socket.getsockname()[1]}
        if security == "starttls":
            options |= {"tls_context": encryption, "require_starttls": True}
        if security == "tls":
            options |= {"ssl_context": encryption}
        if login is not None:
            # aiosmtpd's own `auth_required` warns without STARTTLS, also where TLS began with the first byte.
            self.mailbox.needs_login = True
            options |= {"authenticator": self._authenticate, "auth_require_tls": False}
        super().__init__(self.mailbox, **options)

    def _authenticate(self, server, session, envelope, mechanism, data):
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self.socket, ssl=self.ssl_context)

    @property
    def mails(self):
        """All that arrived, the last one last."""
        return self.mailbox.mails

    @property
    def last(self):
        return self.mails[-1]

    @property
    def environ(self):
        """The variables that make authctl send by this server."""
        return {
            "AUTHCTL_EMAIL_HOST": "127.0.0.1",
            "AUTHCTL_EMAIL_PORT": str(self.port),
            "AUTHCTL_EMAIL_SECURITY": self.security,
            "AUTHCTL_EMAIL_FROM": "Example <no-reply@example.com>",
            "AUTHCTL_EMAIL_TIMEOUT": "10",
            **(
                {"AUTHCTL_EMAIL_USERNAME": self.login[0], "AUTHCTL_EMAIL_PASSWORD": self.login[1]} if self.login else {}
            ),
        }

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()


def _server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def make_certificate(path, host="127.0.0.1"):
    """A self-signed certificate of an address or a name with its key, in one file, for SSL_CERT_FILE to trust."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    try:
        subject = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return str(path)


class HangingServer:
    """A mail server that takes connections and says nothing, until it hangs up."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))

    @property
    def environ(self):
        return {
            "AUTHCTL_EMAIL_HOST": "127.0.0.1",
            "AUTHCTL_EMAIL_PORT": str(self.socket.getsockname()[1]),
            "AUTHCTL_EMAIL_SECURITY": "none",
            "AUTHCTL_EMAIL_FROM": "Example <no-reply@example.com>",
            "AUTHCTL_EMAIL_TIMEOUT": "60",
        }

    def hang_up(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.hang_up()
