"""Clocks that leap forwards and back between what people do: nobody is locked out for ever, and nothing is lost.

Whatever was done by a wrong clock, a day after it is right again ada signs in with her password, a code by mail and one
of her authenticator; and no event was purged that the policy keeps, as it was written by the right clock. Some rounds
put commands of their own processes on a clock of libfaketime's.
"""

from __future__ import annotations

import base64
import os
import random
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
from conftest import START
from doubles import clocks
from proof import faults
from proof.world import World

from authctl.errors import AuthctlError

PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"
RETENTION = timedelta(days=365)
LEAPS = ("0s", "0s", "0s", "90s", "-90s", "1h", "-1h", "25h", "-25h", "30d", "-30d", "80d", "400d", "1825d", "-1825d")
UNITS = {"s": "seconds", "h": "hours", "d": "days"}
COMMANDS = (
    "users create --id NEW --email NEW@example.com",
    "sessions create id:ada --password-stdin",
    "security purge",
    "users update-status id:NEW blocked --until 2h",
    "security verify-logs",
    "users list",
)


def run_round(
    places: Any, counts: Counter[str], seed: int, *, acts: int = 15, with_processes: bool | None = None
) -> None:
    """So many acts, each by a clock that may have leapt."""
    dice = random.Random(seed)
    with places.copy() as url, World(url, places.ready) as world:
        try:
            _Round(world, counts, dice).run(url, acts, seed % 5 == 0 if with_processes is None else with_processes)
        except faults.Fault as fault:
            fault.add_note(f"seed {seed}")
            raise


class _Round:
    """One life of ada's account. story: what was done, and by which clock."""

    def __init__(self, world: World, counts: Counter[str], dice: random.Random) -> None:
        self.world, self.counts, self.dice = world, counts, dice
        self.operator, self.application = world.operator, world.application
        self.true, self.skew = START, timedelta()
        self.story: list[str] = []
        self.kept: set[str] = set()  # events by the right clock
        self.secret = ""

    def run(self, url: str, acts: int, with_processes: bool) -> None:
        self._begin()
        for number in range(acts):
            self.true += timedelta(seconds=self.dice.choice([1, 61, 3_600]))
            if self.dice.randrange(2):
                self.skew = _leap(self.dice.choice(LEAPS))
            self.world.clock.now = self.true + self.skew
            act = self.dice.choice([self.wrong, self.right, self.code, self.totp, self.block, self.purge, self.verify])
            self._do(act.__name__, act)
            if with_processes and number % 5 == 0:
                self._command(url, number)
            self._remember()
        self._end()

    def _begin(self) -> None:
        self.operator.security.set("log-retention", RETENTION)
        self.operator.users.create(id="ada", email=EMAIL, password=PASSWORD)
        self.operator.users.update_email_verification("id:ada", True)
        made = self.operator.mfa.create_authenticator("id:ada")
        self.secret = made.secret
        self.operator.mfa.verify_authenticator("id:ada", pyotp.TOTP(self.secret).at(self.world.clock.now))
        self.operator.mfa.enable("id:ada")
        self._remember()

    def _do(self, name: str, act: Any) -> None:
        self.counts["acts"] += 1
        said = "done"
        try:
            act()
        except AuthctlError as refused:
            self.counts["refused"] += 1
            said = refused.type
        self.story.append(f"{self.skew} {name}: {said}")

    # What is done

    def wrong(self) -> None:
        for _ in range(self.dice.choice([1, 12])):
            with suppress(AuthctlError):
                self.application.sessions.create(EMAIL, "a wrong password", ip="192.0.2.7")

    def right(self) -> Any:
        return self.application.sessions.create(EMAIL, PASSWORD, ip="192.0.2.7")

    def code(self) -> Any:
        sent = len(self.world.post.letters)
        self.application.tokens.create_email(EMAIL)
        if len(self.world.post.letters) == sent:
            raise faults.ShutOut("no code was sent")
        return self.application.tokens.redeem(EMAIL, self.world.post.letters[-1].secret, kind="email", ip="192.0.2.7")

    def totp(self) -> None:
        session = self.right().secret
        challenge = self.application.mfa.create_challenge(session, "totp").challenge
        code = pyotp.TOTP(self.secret).at(self.world.clock.now)
        self.application.mfa.complete_challenge(session, challenge.id, code)

    def block(self) -> None:
        self.operator.users.create(if_absent=True, id="bob")
        self.operator.users.update_status("id:bob", "blocked", until="2h")

    def purge(self) -> None:
        self.operator.security.purge()

    def verify(self) -> None:
        self.operator.security.verify_logs()

    def _command(self, url: str, number: int) -> None:
        """A process of its own, by a clock that leaps from the real time."""
        leap = self.dice.choice(LEAPS)
        line = self.dice.choice(COMMANDS).replace("NEW", f"new{number}")
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "AUTHCTL_DATABASE_URL": url,
            "AUTHCTL_SECRET_KEY": base64.b64encode(self.world.key).decode(),
            "LD_PRELOAD": clocks.library(),
            "FAKETIME": f"{leap if leap[0] == '-' else '+' + leap}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        program = [Path(sys.executable).with_name("authctl"), *line.split(), "--yes", "-q"]
        ran = subprocess.run(program, env=environ, input=f"{PASSWORD}\n", capture_output=True, text=True, check=False)
        self.story.append(f"{leap} from now: {line}: {ran.returncode}")
        self.counts["processes"] += 1
        if ran.returncode == 1 or "Bug in authctl" in ran.stderr:
            raise faults.Bug(f"{line}: {ran.stderr}")

    # What must hold

    def _remember(self) -> None:
        """No event goes that the right clock wrote."""
        there = {event.id: event for event in self.operator.security.iterate_logs()}
        if gone := self.kept - {*there}:
            raise faults.Lost(f"{len(gone)} events were purged: {self.story}")
        if not self.skew:
            self.kept |= {id for id, event in there.items() if START <= event.time <= self.true}

    def _end(self) -> None:
        """A day after the clock is right again."""
        self.true += timedelta(hours=25)
        self.skew = timedelta()
        for name, act in (("right", self.right), ("code", self.code), ("totp", self.totp)):
            self.true += timedelta(seconds=61)
            self.world.clock.now = self.true
            try:
                act()
            except (AuthctlError, faults.ShutOut) as refused:
                raise faults.ShutOut(f"{name}: {refused}; {self.story}") from None
        if found := self.world.problems():
            raise faults.Damaged(f"{found}; {self.story}")


def _leap(text: str) -> timedelta:
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])})
