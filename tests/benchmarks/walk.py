"""What six flows walk through: functions, files, hand-overs from file to file, statements, and what is read twice.

    python tests/benchmarks/walk.py

A hand-over is a call from one of our files into another. Reads are counted for each transaction: a table that is
asked more often than once in one is named.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pyotp

import authctl

PACKAGE = str(Path(authctl.__file__).parent)
PASSWORD = "correct horse battery"
_connect = sqlite3.connect
_sent: list[str] = []


def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
    connection = _connect(*args, **kwargs)
    connection.set_trace_callback(_sent.append)
    return connection


class Walk:
    """The functions of ours that were called, and from which file into which."""

    def __init__(self) -> None:
        self.functions: set[Any] = set()
        self.files: set[str] = set()
        self.hand_overs = 0

    def watch(self, frame: FrameType, event: str, argument: object) -> None:
        if event != "call" or not (file := frame.f_code.co_filename).startswith(PACKAGE):
            return
        if frame.f_code.co_name == "<module>":
            return
        self.functions.add(frame.f_code)
        self.files.add(file)
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(PACKAGE):
            caller = caller.f_back
        if caller is not None and caller.f_code.co_filename != file:
            self.hand_overs += 1


def twice(sent: list[str]) -> Counter[str]:
    """Tables that one transaction read more than once, and how often."""
    found: Counter[str] = Counter()
    reads: Counter[str] = Counter()
    for statement in [*sent, "COMMIT"]:
        words = " ".join(statement.split())
        if re.match("(BEGIN|COMMIT|ROLLBACK)", words):
            for table, count in reads.items():
                found[table] = max(found[table], count)
            reads.clear()
        elif words.startswith("SELECT"):
            reads.update(set(re.findall(r"\b(?:FROM|JOIN) (\w+)", words)))
    return Counter({table: count for table, count in found.items() if count > 1})


def walked(name: str, step: Callable[[], Any]) -> Any:
    """Take a step and print a line about it. What is done but once in a process was done before."""
    walk = Walk()
    _sent.clear()
    sys.setprofile(walk.watch)
    try:
        answer = step()
    finally:
        sys.setprofile(None)
    repeated = ", ".join(f"{table} {count} ×" for table, count in sorted(twice(_sent).items()))
    counts = f"{len(walk.functions):10}{len(walk.files):7}{walk.hand_overs:11}{len(_sent):12}"
    print(f"{name:24}{counts}  {repeated}")
    return answer


def take_in(directory: Any, folder: Path, name: str) -> Any:
    """Import two rows."""
    try:
        from authctl.transfer.importing import import_users
    except ImportError:  # as it was called before
        from authctl.transfer.engine import import_users  # type: ignore[import-not-found,no-redef]
    file = folder / f"{name}.csv"
    file.write_text(f"id,email\n{name}1,{name}1@example.com\n{name}2,{name}2@example.com\n")
    return import_users(directory, [str(file)], source="csv")


def flows(directory: Any, folder: Path, name: str, walked: Callable[[str, Callable[[], Any]], Any]) -> None:
    email = f"{name}@example.com"
    walked("users create", lambda: directory.users.create(id=name, email=email, password=PASSWORD))
    signed_in = walked("sessions create", lambda: directory.sessions.create(name, PASSWORD))
    token = walked("tokens create-email", lambda: directory.tokens.create_email(email, print_secret=True))
    walked("tokens redeem", lambda: directory.tokens.redeem(name, token.secret, kind="email"))
    made = directory.mfa.create_authenticator(name)
    code = pyotp.TOTP(made.secret)
    directory.mfa.verify_authenticator(name, code.at(directory.clock(), counter_offset=-1))
    directory.mfa.enable(name)
    signed_in = directory.sessions.create(name, PASSWORD)
    challenge = directory.mfa.create_challenge(signed_in.secret, "totp")
    answer = code.at(directory.clock())
    walked("mfa complete-challenge", lambda: directory.mfa.complete_challenge(signed_in.secret, challenge.id, answer))
    walked("import of two rows", lambda: take_in(directory, folder, name))


def main() -> None:
    sqlite3.connect = connect  # type: ignore[assignment]
    sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        from authctl.settings import load, write_key_file

        key = Path(folder) / "secret.key"
        write_key_file(str(key), bytes(range(32)))
        environ = {"HOME": folder, "AUTHCTL_SECRET_KEY_FILE": str(key), "AUTHCTL_ACTOR": "walk"}
        settings = load(environ, options={"database_url": f"sqlite:///{folder}/walk.db"})
        import os

        os.environ.update(environ)
        with authctl.open(f"sqlite:///{folder}/walk.db") as directory:
            try:
                from authctl.core.maintenance.setup import initialize
            except ImportError:  # as it was called before
                from authctl.core.setup import initialize  # type: ignore[import-not-found,no-redef]
            initialize(directory, settings)
            flows(directory, Path(folder), "ada", lambda name, step: step())  # loads and compiles what is needed
            print(f"{'':24}{'functions':>10}{'files':>7}{'hand-overs':>11}{'statements':>12}  read twice at once")
            flows(directory, Path(folder), "bob", walked)


if __name__ == "__main__":
    main()
