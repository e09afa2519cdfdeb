"""A sandbox for tests of applications: a new directory with a clock to set, in which messages are caught.

    with authctl.testing.sandbox() as sandbox:
        app = create_app(sandbox.application)
        …
        code = sandbox.messages.last(to="ada@example.com").code
        sandbox.clock.move(minutes=11)

Passwords are hashed at hardly any cost in it. That cannot happen to a directory that people use, since a sandbox makes
its own and takes no other: a file in a temporary folder, or a schema of a new name in a Postgres database.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.directory import opening
from authctl.core.directory.application import Application
from authctl.core.directory.directory import Directory, Door
from authctl.core.hashing import Parameters
from authctl.core.maintenance import setup
from authctl.core.work.unit import Actor, system_clock, system_random_bytes
from authctl.delivery import Channel, Email, Receipt, Sms, Transport
from authctl.errors import Invalid, did_you_mean
from authctl.settings import Settings, load
from authctl.settings.definitions import ENTRIES

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Blank", "Clock", "Message", "Messages", "Sandbox", "sandbox"]

_CHEAP = Parameters(time_cost=1, memory_cost=8, parallelism=1)  # the least that argon2 takes: RFC 9106 §3.1
_ACTOR = Actor("testing")


class Clock:
    """The time in a sandbox, which stands still. It begins with the present, or with `now`."""

    def __init__(self, now: datetime | None = None) -> None:
        self.set(now or system_clock())

    def __call__(self) -> datetime:
        return self.now

    def set(self, now: datetime) -> None:
        """Make it that time, with its zone."""
        if now.utcoffset() is None:
            raise Invalid(
                "general_argument_invalid", "The time must have a zone.", field="now", hint="Pass tzinfo=UTC."
            )
        self.now = now.astimezone(UTC)

    def move(self, **by: float) -> None:
        """Move it ahead, or back: `move(minutes=11)`, with the units of timedelta."""
        self.now += timedelta(**by)


@dataclass(frozen=True, slots=True)
class Message:
    """A mail or text message that would have been sent.

    to: the address or number. kind: which message it is, as its template is called. channel: email, sms or whatsapp.
    text, html, subject: as they would arrive. code: the code to be typed in. link: the one that carries a secret, and
    secret and user_id what it carries. None where there is none.
    """

    to: str
    kind: str
    channel: str
    text: str
    subject: str | None = None
    html: str | None = None
    code: str | None = None
    link: str | None = None
    secret: str | None = None
    user_id: str | None = None

    @classmethod
    def of(cls, sent: Email | Sms) -> Self:
        """The same, with what it carries taken out of its text."""
        if isinstance(sent, Email):
            message = cls(sent.to, sent.kind, str(Channel.EMAIL), sent.text, sent.subject, sent.html, sent.secret)
        else:
            secret = sent.code or sent.secret
            message = cls(sent.to, sent.kind, str(sent.channel), sent.body, code=secret)
        for link in re.findall(r"https?://[^\s<>]+", message.text):
            query = parse_qs(urlsplit(link).query)
            if message.code in query.get("secret", ()):
                return replace(message, code=None, link=link, secret=message.code, user_id=query["userId"][0])
        return replace(message, secret=message.code)


class Messages(list[Message]):
    """All messages that would have been sent, the oldest first."""

    def last(self, *, to: str | None = None, kind: str | None = None) -> Message:
        """The newest message, of those to an address or of a kind. Fails as an assertion does if there is none."""
        for message in reversed(self):
            if to in (None, message.to) and kind in (None, message.kind):
                return message
        sent = ", ".join(f"{each.kind} to {each.to}" for each in self) or "nothing"
        raise AssertionError(f"No message of kind {kind or 'any'} went to {to or 'anybody'}. Sent: {sent}.")


class _Catching(Transport):
    """Catches what it is given."""

    def __init__(self, messages: Messages, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.messages = messages

    def send(self, message: Email | Sms) -> Receipt:
        caught = Message.of(message)
        if not self.dry_run:
            self.messages.append(caught)
        return Receipt("testing", Channel(caught.channel), status="caught")

    def check_sms(self, channel: Channel = Channel.SMS) -> None:
        """Every channel will do."""


class _CatchingDoor(Door):
    """A door whose messages are caught."""

    messages: Messages

    @property
    def transport(self) -> Transport:
        return _Catching(
            self.messages, self.settings, clock=self.clock, random_bytes=self.random_bytes, dry_run=self.dry_run
        )


class _Operators(_CatchingDoor, Directory):
    pass


class _Visitors(_CatchingDoor, Application):
    pass


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A directory of a test's own.

    application, operators: its two doors, as `authctl.application` and `authctl.open` answer with them. clock: its
    time. messages: what it would have sent. environ: the variables by which commands and other processes open the same
    directory; they go by the machine's clock, hash at the full cost and send nothing.
    """

    application: Application
    operators: Directory
    clock: Clock
    messages: Messages
    environ: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Blank:
    """An empty directory in a file, made once for sandboxes that are copies of it."""

    path: Path
    key: bytes = field(repr=False)

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Make one in that folder."""
        blank = cls(folder / "blank.db", system_random_bytes(sealing.KEY_SIZE))
        _initialize(_settings(folder, f"sqlite:///{blank.path}", blank.key, {}))
        return blank


@contextmanager
def sandbox(
    postgres: str | None = None,
    *,
    now: datetime | None = None,
    settings: Mapping[str, object] | None = None,
    copy_of: Blank | None = None,
) -> Iterator[Sandbox]:
    """A new, empty directory, which is gone at the end.

    postgres: the URL of a database to make it in, in a schema of its own; by default it is a SQLite file. now: where
    its clock begins. settings: by name, as {"allowed_redirects": ["app.example.com"]}; no file and no variable of the
    machine is read. copy_of: a SQLite directory made before, which is quicker.
    """
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="authctl-testing-")))
        if postgres is not None:
            url, key = until_the_end.enter_context(_schema(postgres)), system_random_bytes(sealing.KEY_SIZE)
            _initialize(_settings(folder, url, key, {}))
        else:
            blank = copy_of or Blank.make(folder)
            url, key = f"sqlite:///{folder}/authctl.db", blank.key
            shutil.copy(blank.path, folder / "authctl.db")
        found = _settings(folder, url, key, settings or {})
        clock, messages = Clock(now), Messages()
        operators = opening.open_door(_Operators, found, _ACTOR, clock=clock, hash_parameters=_CHEAP)
        application = opening.open_door(_Visitors, found, _ACTOR, clock=clock, hash_parameters=_CHEAP)
        for door in (application, operators):
            door.messages = messages
            until_the_end.callback(door.close)
        yield Sandbox(application, operators, clock, messages, _environ(folder, url, key))


def _settings(folder: Path, url: str, key: bytes, more: Mapping[str, object]) -> Settings:
    """Those of the sandbox, by which messages can be sent. Raises Invalid for one that there is none of."""
    for name in more:
        if name not in ENTRIES:
            message = f"There is no setting {name!r}.{did_you_mean(name, ENTRIES)}"
            raise Invalid("general_argument_invalid", message, field="settings")
    ways = {"email.host": "mail.invalid", "email.from": "testing@example.com", "sms.provider": "console"}
    return load({**_environ(folder, url, key)}, options=ways | dict(more), system_config=os.devnull)


def _environ(folder: Path, url: str, key: bytes) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "AUTHCTL_DATABASE_URL": url,
        "AUTHCTL_SECRET_KEY": base64.b64encode(key).decode(),
        "AUTHCTL_ACTOR": _ACTOR.name,
    }


def _initialize(settings: Settings) -> None:
    with opening.open_directory(settings, _ACTOR) as directory:
        setup.initialize(directory, settings)


@contextmanager
def _schema(postgres: str) -> Iterator[str]:
    """The URL of a new schema in that database, dropped at the end."""
    database = storage.database.Database(postgres)
    if database.path is not None:
        raise Invalid("general_argument_invalid", "A sandbox takes no SQLite file: it makes its own.", field="postgres")
    name = f"authctl_testing_{system_random_bytes(8).hex()}"
    try:
        storage.schema.create_namespace(database, name)
        try:
            yield f"{postgres}{'&' if '?' in postgres else '?'}options=-csearch_path%3D{name}"
        finally:
            storage.schema.drop_namespace(database, name)
    finally:
        database.close()
