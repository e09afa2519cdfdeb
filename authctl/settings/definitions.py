"""Every setting, declared once: files, environment, `status`, sample-config.toml and the README come from here."""

from __future__ import annotations

import os

from authctl.settings import paths
from authctl.settings.entries import DEFAULT, Entry, Found, Origin, Section, declared_in, entry
from authctl.settings.value_types import (
    DATABASE_URL,
    EMAIL_SENDER,
    HIDDEN,
    HOSTS,
    HTTP_URL,
    LOCALE,
    PATH,
    SENDER,
    TEMPLATE,
    TEXT,
    WHATSAPP_SENDER,
    choice,
    integer,
    redact_url,
    seconds,
    twilio_id,
)

TYPE_CHECKING = False  # importing typing costs milliseconds on every command; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping

# What carries text messages: its name, and the class in delivery/sms/ that does, as MODULE:CLASS.
SMS_PROVIDERS = {
    "twilio": "twilio:Twilio",
    "twilio-verify": "twilio:TwilioVerify",
    "messagebird": "messagebird:MessageBird",
    "vonage": "vonage:Vonage",
    "textlocal": "textlocal:Textlocal",
    "webhook": "webhook:Webhook",
    "file": "development:File",
    "console": "development:Console",
}
SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}  # RFC 6409, RFC 8314 and RFC 5321


UNNAMED = "this service"  # what an application is called of which nothing is known


class Database(Section):
    """Database timeouts and connection pool sizes."""

    name = "database"

    connect_timeout: float = entry(seconds(1, 3600), 10.0, "Seconds to wait for a connection to Postgres.", example=10)
    lock_timeout: float = entry(seconds(0, 3600), 30.0, "Seconds a command waits for other writers.", example=30)
    statement_timeout: float = entry(
        seconds(0, 86_400), 60.0, "Seconds one statement may run in Postgres; 0 is no limit.", example=60
    )
    pool_size: int = entry(
        integer(1, 1000), 5, "Connections an application keeps for threads, besides the first.", example=5
    )
    pool_overflow: int = entry(integer(0, 1000), 10, "Extra connections while all of them are in use.", example=10)
    pool_timeout: float = entry(seconds(0, 3600), 30.0, "Seconds a thread waits for a connection.", example=30)
    pool_recycle: float = entry(
        seconds(0, 86_400), 0.0, "Seconds until a connection is replaced; 0 is never.", example=3600
    )


class Hashing(Section):
    """Limits on password hashing. Each hash takes some 50 megabytes of memory and every core."""

    name = "hashing"

    at_once: int = entry(
        integer(0, 1024),
        0,
        "Passwords a process hashes or verifies at once; 0 is one per core.",
        example=4,
        default_label="one per core",
    )
    longest_wait: float = entry(
        seconds(0, 600), 10.0, "Seconds a sign-in waits for its turn before it is refused.", example=10
    )


class Email(Section):
    """The SMTP server for mails. Without a host, no mails are sent."""

    name = "email"

    host: str | None = entry(TEXT, None, "Host of the SMTP server.", example="smtp.example.com")
    port: int = entry(
        integer(1, 65_535),
        lambda email: SMTP_PORTS[email.security],
        "Port of the SMTP server.",
        example=587,
        default_label="587 with starttls, 465 with tls, 25 with none",
    )
    security: str = entry(
        choice(*SMTP_PORTS), "starttls", "Encryption of the connection: starttls, tls from the first byte, or none."
    )
    username: str | None = entry(TEXT, None, "User name on the SMTP server.", example="authctl")
    password: str | None = entry(
        TEXT,
        None,
        "Password on the SMTP server.",
        example="/etc/authctl/smtp-password",
        secret=True,
    )
    from_address: str | None = entry(
        EMAIL_SENDER, None, "Sender of mails.", key="from", example="Example <no-reply@example.com>"
    )
    timeout: float = entry(seconds(1, 600), 30.0, "Seconds to wait for the SMTP server.", example=30)


class Sms(Section):
    """The provider for text messages. Without a provider, none are sent."""

    name = "sms"

    provider: str | None = entry(
        choice(*SMS_PROVIDERS),
        None,
        "The provider: twilio, twilio-verify, messagebird, vonage, textlocal, or webhook for your own. For "
        "development, file and console write messages instead of sending them.",
        example="twilio",
    )
    sender: str | None = entry(
        SENDER,
        None,
        "Sender of messages: a number of up to 15 digits or a name of up to 11 letters or digits; with twilio also "
        "a messaging service (MG…).",
        example="+15005550006",
    )
    whatsapp_sender: str | None = entry(
        WHATSAPP_SENDER,
        None,
        "twilio: sender of WhatsApp messages: a number with +, or a messaging service (MG…).",
        example="+15005550006",
        default_label="sms.sender",
    )
    template: str = entry(
        TEMPLATE,
        "{code} is your code for {application}.",
        "Text of a message; {code} and {application} are filled in.",
    )
    timeout: float = entry(seconds(1, 600), 10.0, "Seconds to wait for the provider.", example=10)
    base_url: str | None = entry(
        HTTP_URL,
        None,
        "Base URL of the provider, for another region, a proxy or a test.",
        example="https://api.txtlocal.com",
        default_label="the provider's own",
    )
    account_sid: str | None = entry(
        twilio_id("AC", "the account's id"),
        None,
        "twilio, twilio-verify: the account id (AC…).",
        example="AC00000000000000000000000000000000",
    )
    auth_token: str | None = entry(
        TEXT,
        None,
        "twilio, twilio-verify: the account token.",
        example="/etc/authctl/twilio-token",
        secret=True,
    )
    service_sid: str | None = entry(
        twilio_id("VA", "the Verify service's id"),
        None,
        "twilio-verify: the Verify service id (VA…).",
        example="VA00000000000000000000000000000000",
    )
    content_sid: str | None = entry(
        twilio_id("HX", "the content template's id"),
        None,
        "twilio: the content template (HX…) for WhatsApp messages.",
        example="HX00000000000000000000000000000000",
    )
    access_key: str | None = entry(
        TEXT, None, "messagebird: the access key.", example="/etc/authctl/messagebird-key", secret=True
    )
    api_key: str | None = entry(
        TEXT, None, "vonage, textlocal: the API key.", example="/etc/authctl/sms-api-key", secret=True
    )
    api_secret: str | None = entry(
        TEXT, None, "vonage: the API secret.", example="/etc/authctl/vonage-secret", secret=True
    )
    webhook_url: str | None = entry(
        HTTP_URL, None, "webhook: the address to post messages to.", example="https://sms.example.com/send"
    )
    webhook_secret: str | None = entry(
        TEXT,
        None,
        "webhook: the secret that signs each post.",
        example="/etc/authctl/webhook-secret",
        secret=True,
    )
    file: str | None = entry(PATH, None, "file: the file to append messages to.", example="sms.txt")


class Output(Section):
    """How results are written, unless the command line says otherwise."""

    name = "output"

    format: str | None = entry(
        choice("table", "wide", "json", "jsonl", "csv", "tsv"),
        None,
        "Format of results: table, wide (an uncut table), json, jsonl, csv or tsv.",
        example="json",
        option="--output",
        default_label="table on a terminal, tsv elsewhere",
    )
    color: str = entry(
        choice("auto", "always", "never"),
        "auto",
        "Colours in tables; auto uses them on a terminal, and obeys NO_COLOR and FORCE_COLOR.",
        option="--no-color",
    )


class Settings(Section):
    """Which directory to use, and who is acting."""

    config: str | None = entry(
        PATH,
        lambda settings: paths.find_default_config(settings._environ),
        "The configuration file, instead of the one in the config folder.",
        example="/srv/authctl/config.toml",
        option="--config",
        in_file=False,
        default_label="config.toml in $XDG_CONFIG_HOME/authctl",
    )
    profile: str | None = entry(
        TEXT,
        None,
        "The profile to use: the tables below [profiles.NAME].",
        example="staging",
        option="--profile",
        in_file=False,
    )
    database_url: str = entry(
        DATABASE_URL,
        lambda settings: paths.default_database_url(settings._environ),
        "The database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
        example="postgresql://authctl@db.example.com/authctl",
        has_file=True,
        option="--database",
        default_label="authctl.db in $XDG_DATA_HOME/authctl",
    )
    secret_key: str | None = entry(
        TEXT,
        None,
        "The key that encrypts secrets in the database: 32 random bytes in base64. `authctl init` creates one.",
        example="/etc/authctl/secret.key",
        secret=True,
        default_label="secret.key in $XDG_CONFIG_HOME/authctl",
    )
    allowed_redirects: tuple[str, ...] = entry(
        HOSTS, (), "Hosts that links in mails may lead to.", example=["app.example.com", "localhost:3000"]
    )
    account_url: str | None = entry(
        HTTP_URL,
        None,
        "Your application's page where people secure their account and stop changes. Mails link to it.",
        example="https://app.example.com/account",
    )
    application_name: str = entry(
        TEXT,
        lambda settings: _name_of_sender(settings.email.from_address),
        "Name of your application in mails and authenticator apps.",
        example="Example",
        default_label=f"the name or the domain in email.from, else {UNNAMED}",
    )
    templates: str | None = entry(
        PATH,
        lambda settings: paths.find_default_templates(settings._environ),
        "Folder of your own message texts: KIND.txt, KIND.html, KIND.subject.",
        example="/etc/authctl/templates",
        default_label="templates in $XDG_CONFIG_HOME/authctl",
    )
    locale: str = entry(
        LOCALE,
        "en",
        "Language of messages to people without one of their own. A subfolder of templates has its name.",
        example="de",
    )
    actor: str = entry(
        TEXT,
        lambda settings: f"{os_user()}@{host_name()}",
        "Name of the actor in the audit log.",
        example="ci@example.com",
        default_label="user@host of the operating system",
    )

    def __init__(
        self, found: dict[str, Found], environ: Mapping[str, str], exposed: tuple[tuple[str, int], ...] = ()
    ) -> None:
        super().__init__(found, environ)
        vars(self).update(
            exposed=exposed,
            database=Database(found, environ),
            hashing=Hashing(found, environ),
            email=Email(found, environ),
            sms=Sms(found, environ),
            output=Output(found, environ),
        )

    exposed: tuple[tuple[str, int], ...]  # files with a secret that others can read, and their modes
    database: Database
    hashing: Hashing
    email: Email
    sms: Sms
    output: Output

    def for_reader(self, locale: str | None) -> Settings:
        """The same for messages to somebody who reads that language; None where it is not known."""
        if locale is None:
            return self
        from copy import copy

        settings = copy(self)
        vars(settings)["locale"] = locale
        return settings

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each file that should be closed to others."""
        if not self.exposed:
            return ()
        return tuple(
            (
                f"Others can read {path}, which contains a secret (mode {mode:04o}). "
                f"{paths.how_to_close(path, self._environ)}"
            )
            for path, mode in self.exposed
        )

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that they were read in, where the folders of default files are named."""
        return self._environ

    @property
    def secret_key_file(self) -> str | None:
        """The file that holds the secret key, or will; None where the key itself was given."""
        found = self._found.get("secret_key")
        if found is None or (found.file is None and found.value is None):
            return paths.default_key_file(self._environ)
        return found.file

    def origin(self, name: str) -> Origin:
        """Where a setting came from. KeyError for a name that is not declared."""
        found = self._found.get(ENTRIES[name].name)
        return DEFAULT if found is None else found.origin

    def find_file(self, name: str) -> str | None:
        """The file that holds a setting by itself, where one was named: AUTHCTL_…_FILE, `KEY_file`."""
        found = self._found.get(ENTRIES[name].name)
        return None if found is None else found.file

    def shown(self, name: str) -> object:
        """A setting as `status` may show it: of a secret only the file that holds it, or that it is set."""
        entry = ENTRIES[name]
        if entry.name == "secret_key":
            return self.secret_key_file or HIDDEN
        if entry.secret:
            found = self._found.get(name)
            return found and (found.file or (found.value and HIDDEN))
        value = getattr(getattr(self, entry.section) if entry.section else self, entry.attribute)
        if name == "database_url":
            return redact_url(value)
        return list(value) if isinstance(value, tuple) else value

    def public(self) -> list[dict[str, object]]:
        """Every setting with what may be shown of it and where it came from, in the order of declaration."""
        return [{"name": name, "value": self.shown(name), "origin": str(self.origin(name))} for name in ENTRIES]


SECTIONS: tuple[type[Section], ...] = (Settings, Database, Hashing, Email, Sms, Output)
ENTRIES: dict[str, Entry] = {entry.name: entry for section in SECTIONS for entry in declared_in(section)}


def _name_of_sender(sender: str | None) -> str:
    """What people know the application by who get mails from it."""
    from email.utils import parseaddr

    name, address = parseaddr(sender or "")
    return name or address.rpartition("@")[2] or UNNAMED


def os_user() -> str:
    """The operating system's name for who runs this; the user's number where it has no name (a container)."""
    try:
        import pwd
    except ImportError:  # Windows has no such list
        return os.environ.get("USERNAME", "unknown")
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def host_name() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    return os.environ.get("COMPUTERNAME", "localhost")
