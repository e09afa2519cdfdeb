"""A directory to try things on: both doors into it, a clock to set, and a post office that keeps every letter."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import CHEAP, Clock, Dice, Ready
from doubles.databases import Copies
from proof import invariants
from proof.people import EMAILS, PEOPLE, PHONES, Letter, Person

from authctl.core.directory import opening
from authctl.core.directory.application import Application
from authctl.core.directory.directory import Directory
from authctl.core.work.unit import Actor
from authctl.delivery import Channel, Email, Receipt, Sms
from authctl.settings import Settings, load


@dataclass
class Post:
    """Takes what the transport would send. `letters` are those with a secret; everybody reads their own."""

    people: dict[str, Person]
    letters: list[Letter] = field(default_factory=list)
    makes_codes = False

    def send(self, message: Email | Sms) -> Receipt:
        secret = message.secret or getattr(message, "code", None)
        if secret is not None:
            readers = {person.name for person in self.people.values() if message.to in person.reads}
            self.letters.append(Letter(message.to, secret, readers))
        return Receipt("post", Channel.EMAIL if isinstance(message, Email) else Channel.SMS)

    def check_email(self) -> None: ...

    def check_sms(self, channel: Channel = Channel.SMS) -> None: ...

    def open_to(self, name: str, address: str) -> None:
        """Let somebody read what comes to an address, and what has come."""
        self.people[name].reads.add(address)
        for letter in self.letters:
            if letter.to == address:
                letter.readers.add(name)


class _Posted:
    mailbag: Post

    @property
    def transport(self) -> Any:
        return self.mailbag


class _Directory(_Posted, Directory):
    pass


class _Application(_Posted, Application):
    pass


class World:
    """`with World(url, ready) as world: …`; the directory in that database was made ready before."""

    def __init__(self, url: str, ready: Ready) -> None:
        self.clock, self.dice = Clock(), Dice()
        self.dice.count, self.key = ready.throws, ready.key
        self.people = {name: Person(name, {*EMAILS[name], *PHONES[name]}) for name in PEOPLE}
        self.post = Post(self.people)
        self._settings = _settings(url, ready.key)
        self._doors = ExitStack()
        self.operator = self._open(_Directory, "operator")
        self.application = self._open(_Application, "application")

    def _open(self, door: Any, actor: str) -> Any:
        named = {"clock": self.clock, "random_bytes": self.dice, "hash_parameters": CHEAP}
        opened = self._doors.enter_context(opening.open_door(door, self._settings, Actor(actor), **named))
        opened.mailbag = self.post
        return opened

    def problems(self) -> list[str]:
        """What is wrong with what is stored."""
        verified = self.operator.security.verify_logs()
        broken = [f"the log does not verify: {verified.problems}"] if verified.problems else []
        return broken + invariants.problems(self.operator)

    def __enter__(self) -> World:
        return self

    def __exit__(self, *exception: object) -> None:
        self._doors.close()


def _settings(url: str, key: bytes) -> Settings:
    environ = {
        "HOME": os.devnull,
        "AUTHCTL_EMAIL_HOST": "mail.example.com",
        "AUTHCTL_EMAIL_FROM": "no-reply@example.com",
    }
    options = {"database_url": url, "secret_key": base64.b64encode(key).decode()}
    return load(environ, options=options, system_config=os.devnull)


# Where empty directories come from


def memory() -> str | None:
    """A folder in memory, where this machine has one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - names in it are made by tempfile


class Files:
    """Copies of an SQLite file with an empty directory in it, one at a time."""

    name = "sqlite"

    def __init__(self, file: Path, ready: Ready, folder: Path) -> None:
        self.file, self.ready = file, ready
        self.path = folder / "trial.db"

    @contextmanager
    def copy(self) -> Iterator[str]:
        """A copy, by its URL."""
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()
        shutil.copyfile(self.file, self.path)
        yield f"sqlite:///{self.path}"

    @contextmanager
    def world(self) -> Iterator[World]:
        with self.copy() as url, World(url, self.ready) as world:
            yield world


class Servers:
    """Copies of a Postgres database with an empty directory in it, one at a time."""

    name = "postgres"

    def __init__(self, copies: Copies, ready: Ready) -> None:
        self.copies, self.ready = copies, ready

    @contextmanager
    def copy(self) -> Iterator[str]:
        """A copy, by its URL."""
        taken = self.copies.take()
        try:
            yield self.copies.databases.url_of(taken.name)
        finally:
            self.copies.give_back(taken)

    @contextmanager
    def world(self) -> Iterator[World]:
        with self.copy() as url, World(url, self.ready) as world:
            yield world
