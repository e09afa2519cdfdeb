"""The doors into the directory of another tree: its `authctl`, driven by words and read as JSON.

    with CommandLine(Path("…/venv/bin/authctl")) as place: attacker.run_round(place, Counter())

One process of that tree runs one command after the other, at the time that the trial's clock shows. Mails arrive at a
server on loopback, text messages in a file. What that command line does not have is counted as missing.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from conftest import Clock
from doubles.mail import MailServer
from proof.people import EMAILS, PEOPLE, PHONES, Letter, Person
from proof.scene import MISSING
from proof.world import Post

from authctl.core.sessions.sign_in import SignedIn
from authctl.errors import AuthctlError
from authctl.model import Password, User

HOST = """
import io, json, sys
from datetime import datetime
from authctl.cli import app
from authctl.cli.environment import Environment
from authctl.core.hashing import Parameters
from authctl.storage import sqlite

connect = sqlite.connect
def connect_quickly(path, lock_timeout):
    connection = connect(path, lock_timeout)
    connection.execute("PRAGMA synchronous = OFF")
    return connection
sqlite.connect = connect_quickly

cheap = Parameters(time_cost=1, memory_cost=8, parallelism=1)
for line in sys.stdin:
    words, stdin, environ, now = json.loads(line)
    given = {"environ": environ, "clock": lambda: datetime.fromisoformat(now), "hash_parameters": cheap}
    streams = {"stdin": io.StringIO(stdin), "stdout": io.StringIO(), "stderr": io.StringIO()}
    app.run(words, Environment(**streams, **given))
    sys.stdout.write(json.dumps([streams["stdout"].getvalue(), streams["stderr"].getvalue()]) + "\\n")
    sys.stdout.flush()
"""

# How verbs are spelled whose arguments are no words in that order: those words, and what is named.
Spelled = tuple[str, list[Any], dict[str, Any]]
SPELLINGS: dict[str, Callable[..., Spelled]] = {
    "sessions create": lambda user, password: ("create", [user], {"password": password}),
    "sessions create_with_identity": lambda provider, uid, **named: ("create", ["--identity", provider, uid], named),
    "sessions create_anonymous": lambda: ("create", ["--anonymous"], {}),
    "sessions get": lambda session: ("get", [], {"session": session}),
    "sessions delete": lambda session: ("delete", [], {"session": session}),
    "mfa create_challenge": lambda session, factor: ("create-challenge", ["--factor", factor], {"session": session}),
    "mfa complete_challenge": lambda session, id, code: ("complete-challenge", [id, code], {"session": session}),
    "users update_password": lambda user, new, current=None: ("update-password", [user], {"password": [current, new]}),
    "tokens redeem": lambda user, secret, **named: ("redeem", [user], {"secret": secret} | named),
    "teams update_membership_status": lambda team, membership, user, secret: (
        "update-membership-status",
        [team, membership, user],
        {"secret": secret},
    ),
}
ON_STDIN = ("password", "secret", "new_password")  # in this order


class Refused(AuthctlError):
    """What a command line answered, by its type."""

    def __init__(self, type: str, message: str) -> None:
        Exception.__init__(self, message)
        self.problems = (SimpleNamespace(type=type, message=message, field=None),)  # type: ignore[assignment]
        self.hint = None


class CommandLine:
    """Where directories of that tree come from: copies of an SQLite file that it made ready."""

    name = "command line"

    def __init__(self, authctl: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="authctl-proof-"))
        self.mail, self.sms, self.file = MailServer(), self.folder / "sms.jsonl", self.folder / "trial.db"
        self._host = subprocess.Popen(
            [authctl.parent / "python", "-P", "-c", HOST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> CommandLine:
        self.mail.start()
        self.run(["init"], "", None, Clock().now)
        self.file.rename(self.folder / "ready.db")
        return self

    def __exit__(self, *exception: object) -> None:
        self._host.communicate()
        self.mail.stop()
        shutil.rmtree(self.folder)

    @contextmanager
    def world(self) -> Iterator[World]:
        for path in self.folder.glob(f"{self.file.name}*"):
            path.unlink()
        shutil.copyfile(self.folder / "ready.db", self.file)
        yield World(self)

    def run(self, words: list[str], stdin: str, session: str | None, now: datetime) -> tuple[str, str]:
        """What one command line writes to its two streams."""
        environ = self.mail.environ | {
            "HOME": str(self.folder),
            "AUTHCTL_DATABASE_URL": f"sqlite:///{self.file}",
            "AUTHCTL_SMS_PROVIDER": "file",
            "AUTHCTL_SMS_FILE": str(self.sms),
        }
        environ |= {"AUTHCTL_SESSION": session} if session is not None else {}
        assert self._host.stdin is not None
        assert self._host.stdout is not None
        self._host.stdin.write(json.dumps([[*words, "--output", "json"], stdin, environ, now.isoformat()]) + "\n")
        out, err = json.loads(self._host.stdout.readline())
        return out, err


class World:
    """One directory, as `proof.world` has it."""

    def __init__(self, place: CommandLine) -> None:
        self.place, self.clock = place, Clock()
        self.people = {name: Person(name, {*EMAILS[name], *PHONES[name]}) for name in PEOPLE}
        self.post = Post(self.people)
        self.operator, self.application = Door(self, is_operator=True), Door(self)
        self.collect()
        self.post.letters.clear()

    def problems(self) -> list[str]:
        """The tables of another tree are not read."""
        return []

    def collect(self) -> None:
        """Bring what has arrived to the people."""
        arrived = [(mail.recipients[0], mail.text) for mail in self.place.mail.mails]
        if self.place.sms.exists():
            arrived += [(each["to"], each["body"]) for each in map(json.loads, self.place.sms.read_text().splitlines())]
            self.place.sms.unlink()
        self.place.mail.mails.clear()
        for to, text in arrived:
            if found := re.search(r"\b[0-9a-f]{64}\b", text) or re.search(r"\b[0-9]{6}\b", text):
                readers = {person.name for person in self.people.values() if to in person.reads}
                self.post.letters.append(Letter(to, found[0], readers))


class Door:
    """`door.GROUP.VERB(…)` runs `authctl GROUP VERB …`; what it writes is answered as Python's verb would."""

    def __init__(self, world: World, session: str | None = None, *, is_operator: bool = False) -> None:
        self.world, self.session, self.is_operator = world, session, is_operator

    def as_session(self, secret: str) -> Door:
        return Door(self.world, secret)

    def __getattr__(self, group: str) -> Any:
        return _Group(partial(self._do, group))

    def _do(self, group: str, verb: str, *args: Any, **named: Any) -> Any:
        spell = SPELLINGS.get(f"{group} {verb}", lambda *args, **named: (verb.replace("_", "-"), [*args], named))
        verb, args, named = spell(*args, **named)
        session, name = named.pop("session", self.session), named.get("name")
        words, lines = _words(args, named)
        words += ["--as-session"] if self.session is not None else []
        words += ["--self-service"] if (group, verb) == ("users", "create") and not self.is_operator else []
        stdin = "".join(f"{line}\n" for line in lines)
        out, err = self.world.place.run([group, verb, *words, "--yes"], stdin, session, self.world.clock.now)
        self.world.collect()
        if '{"error"' in err:
            refused = json.loads(err[err.index('{"error"') :].splitlines()[0])["error"]
            is_missing = refused["type"] == "general_usage" and refused["message"].startswith("There is no ")
            raise Refused(MISSING if is_missing else refused["type"], refused["message"])
        answer = _answer(json.loads(out) if out.strip() else {})
        if verb == "create-authenticator":
            answer.factor = next(each for each in self.world.operator.mfa.list_factors(*args) if each.name == name)
        return answer


class _Group:
    def __init__(self, do: Any) -> None:
        self._do = do

    def __getattr__(self, verb: str) -> Any:
        return partial(self._do, verb)


def _words(args: Sequence[Any], named: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The words of a command line, and the lines that it reads."""
    lines = {name: _several(named.pop(name)) for name in ON_STDIN if named.get(name) not in (None, [])}
    words = [str(each).lower() if isinstance(each, bool) else str(each) for each in args]
    words += [f"--{name.replace('_', '-')}-stdin" for name in lines]
    for name, value in named.items():
        option = f"--{name.replace('_', '-')}"
        for each in _several(value):
            words += [option] if each is True else [option, str(each)]
    return words, [line for each in lines.values() for line in each]


def _several(value: Any) -> list[Any]:
    return [each for each in (value if isinstance(value, list) else [value]) if each not in (None, False)]


# Answers


def _answer(shown: Any) -> Any:
    """What JSON shows, as Python's verb would answer."""
    if isinstance(shown, list):
        return [_answer(each) for each in shown]
    if "more_factors_required" in shown:
        return SignedIn(_record(shown), shown["secret"], shown["more_factors_required"])
    if "factors" in shown and "email_verified" in shown:
        return _user(shown)
    record = _record(shown)
    if "team_id" in shown:
        record.membership = record
    elif "kind" in shown:
        record.token = record
        record.address = shown.get("address")
    elif "factor" in shown:
        record.challenge, record.user_id = record, ""
    record.codes = shown.get("recovery_codes")
    return record


def _record(shown: dict[str, Any]) -> Any:
    times = {name: _time(value) for name, value in shown.items() if name.endswith("_at")}
    return SimpleNamespace(**shown | times)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


def _user(shown: dict[str, Any]) -> User:
    pending, password = shown.get("pending", {}), shown["password"]
    same = ("id", "email", "email_verified", "phone", "phone_verified", "mfa")
    return User(
        seq=0,
        created_at=datetime.fromisoformat(shown["created_at"]),
        updated_at=datetime.fromisoformat(shown["updated_at"]),
        totp=shown["factors"]["totp"],
        recovery_code=shown["factors"]["recovery_code"],
        password=Password("", "", datetime.fromisoformat(password["updated_at"])) if password["set"] else None,
        pending_email=pending.get("email"),
        pending_phone=pending.get("phone"),
        **{name: shown[name] for name in same},
    )
