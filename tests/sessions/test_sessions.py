"""Replays whole terminal sessions, written as text beside this file, on both databases.

A session reads as a terminal does:

    # A comment. Commands follow a dollar sign; `\\` at the end of a line goes on in the next.
    $ authctl users create --id ada --password-stdin <<< 'correct horse'
    ada␉␉␉␉active
    $ authctl users list --all --fields id | authctl users delete - --yes
    ada␉true
    $ authctl users get ada
    ! authctl: There is no user 'ada'.
    ? 4

Below a command stand its exact stdout, then stderr behind `! `, then `?` and the exit status where it is not 0. Words
are quoted as in bash, `$'\\x1b'` included; `<<<` gives a line of stdin, `|` what the command before printed, and
`NAME=value` before a command is its environment. `sleep 2h` sets the clock forward, and `totp SECRET` prints the code
that an authenticator app shows then. `&` after a command runs it at a terminal, where it stays at its question until
`fg <<< y` answers that; other commands run meanwhile. `cat > FILE <<'END'` writes the lines below it, up to END, into
a file of the folder that the session is in; `mkdir FOLDER` makes one there.

Tabs are shown as ␉, carriage returns as ␍, a space at the end of a line as ␠, and an output that ends within a line
has ␄ there. A line of stdout that looks like one of the marks, or that is empty, has `|` before it. What differs from
machine to machine has a name: <home>, <database>, <version>, <schema>.

A first line of `#! empty` replays on a database without a directory, `#! empty sqlite` or `#! empty postgres` on one
of the two alone, and `#! default` on the database that makes itself.
UPDATE_SESSIONS=1 writes what came out into the files.
"""

import difflib
import io
import os
import queue
import re
import threading
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from doubles.lines import pipeline

from authctl import __version__
from authctl.cli import escaping
from authctl.core.values import times
from authctl.storage.database import Database
from authctl.storage.state import HEAD

SESSIONS = sorted(Path(__file__).parent.glob("*.txt"))
UPDATING = bool(os.environ.get("UPDATE_SESSIONS"))
MARKS = ("$ ", "> ", "! ", "# ", "? ", "|", "#!")


def databases(path):
    """The databases that a session's first line names."""
    first = path.read_text().partition("\n")[0]
    named = [kind for kind in ("sqlite", "postgres") if first == f"#! empty {kind}"]
    return [] if first == "#! default" else named or ["sqlite", "postgres"]


def pairs(*, empty):
    """Each session with each of its databases, of those that begin with an empty one or of those that don't."""
    paths = [path for path in SESSIONS if path.read_text().startswith("#! empty") == empty]
    return [pytest.param(path, kind, id=f"{path.stem}-{kind}") for path in paths for kind in databases(path)]


@pytest.mark.parametrize(("session", "database_url"), pairs(empty=False), indirect=["database_url"])
def test_sessions_replay(session, replay, ready):
    assert_same(session, replay(session.read_text()))


@pytest.mark.parametrize(("session", "database_url"), pairs(empty=True), indirect=["database_url"])
def test_sessions_replay_on_an_empty_database(session, replay):
    assert_same(session, replay(session.read_text()))


@pytest.mark.parametrize("session", [path for path in SESSIONS if not databases(path)], ids=lambda path: path.stem)
def test_sessions_replay_on_the_database_that_makes_itself(session, authctl, home, clock, names):
    assert_same(session, replayed(session.read_text(), authctl, {}, clock, names))


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    """A folder that the session is in, for the files that it writes."""
    (tmp_path / "session").mkdir()
    monkeypatch.chdir(tmp_path / "session")


@pytest.fixture
def names(home):
    """What differs from run to run, and what stands for it; the longest first."""
    return {home["HOME"]: "<home>", __version__: "<version>", HEAD: "<schema>"}


@pytest.fixture
def replay(authctl, database_url, clock, names):
    """Replays a session's text on that database."""
    environ = {"AUTHCTL_DATABASE_URL": database_url}
    database = Database(database_url)
    names = {database_url: "<database-url>", database.describe(): "<database>"} | names

    yield lambda text: replayed(text, authctl, environ, clock, names)
    database.close()


def assert_same(session, replayed):
    """Fails with the difference as a diff, or writes what came out where that was asked for."""
    written = session.read_text()
    if UPDATING:
        session.write_text(replayed)
    elif replayed != written:
        difference = difflib.unified_diff(
            written.splitlines(), replayed.splitlines(), "written down", "came out", lineterm=""
        )
        pytest.fail(f"{session.name} (UPDATE_SESSIONS=1 rewrites it)\n" + "\n".join(difference), pytrace=False)


def replayed(text, authctl, environ, clock, names):
    """The session with what its commands print now."""
    lines, waiting = [], []
    for block in blocks(text):
        lines += block
        if block[0].startswith("$ cat > "):
            Path(block[0].split()[3]).write_text("\n".join([*block[1:-1], ""]))
        elif block[0].startswith("$ "):
            line = "\n".join([block[0][2:], *(line[2:] for line in block[1:])])
            lines += answer(line, authctl, environ, clock, names, waiting)
    assert not waiting, "a command still waits for `fg`"
    return "\n".join(lines) + "\n"


def blocks(text):
    """The lines that stay: comments and blank ones alone, and each command with the lines it goes on in."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("$ cat > "):
            block = [line]
            while block[-1] != "END":
                block.append(next(lines))
            yield block
        elif line.startswith("$ "):
            block = [line]
            while block[-1].endswith("\\"):
                block.append(next(lines))
            yield block
        elif not line or line.startswith("#"):
            yield [line]


class Asking:
    """A command at a terminal, which stays at its question until that is answered."""

    def __init__(self, words, authctl, environ):
        self.asks, self.typed, self.stderr = threading.Event(), queue.Queue(), io.StringIO()
        terminal = {"stderr": self.stderr, "stdin_isatty": True, "stderr_isatty": True}
        run = lambda: self.ran.append(authctl(words, stdin=self, env=environ | {"TERM": "dumb"}, **terminal))  # noqa: E731
        self.ran, self.thread = [], threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert self.asks.wait(60), "it asks nothing"
        self.asked = self.stderr.getvalue()

    def readline(self, limit):
        self.asks.set()
        return self.typed.get(timeout=60)

    def answer(self, typed):
        """What it prints from then on: stdout, stderr and the exit status."""
        self.typed.put(typed)
        self.thread.join(60)
        (ran,) = self.ran
        return ran.stdout, ran.stderr.removeprefix(self.asked), ran.status


def answer(line, authctl, environ, clock, names, waiting):
    """What a command line prints, as the lines that stand below it."""
    stdin, stderr = "", ""
    for command in pipeline(line.replace("\\\n", "")):
        words, given = command.words, command.given
        if words[0] == "sleep":
            clock.now += times.duration(words[1]) if words[1:] else timedelta()
            return []
        if words[0] == "mkdir":
            Path(words[1]).mkdir()
            return []
        if words[0] == "totp":
            stdin, status = f"{pyotp.TOTP(words[1]).at(clock.now)}\n", 0
            continue
        if words[0] == "fg":
            stdin, stderr, status = waiting.pop().answer(given)
            continue
        if words[-1] == "&":
            waiting.append(Asking(words[1:-1], authctl, environ))
            stderr, status = waiting[-1].asked, 0
            continue
        variables = {}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            variables[name] = value
        assert words[0] == "authctl", f"not a command of a session: {line}"
        ran = authctl(words[1:], stdin=stdin if given is None else given, env=environ | variables)
        stdin, stderr, status = ran.stdout, stderr + ran.stderr, ran.status
    lines = [f"|{shown}" if shown.startswith(MARKS) or not shown else shown for shown in visible(stdin, names)]
    lines += [f"! {shown}".rstrip() for shown in visible(stderr, names)]
    return lines + ([f"? {status}"] if status else [])


def visible(text, names):
    """The lines of an output, with what differs by its name and no character that an editor would lose."""
    for value, name in names.items():
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", name, text)
    text = re.sub(r"\b(SQLite|PostgreSQL) [0-9.]+", r"<server>", text)
    lines = text.split("\n")
    if last := lines.pop():
        lines.append(last + "␄")
    shown = []
    for line in lines:
        line = line.replace("\t", "␉").replace("\r", "␍")
        assert line == escaping.visible(line), f"not safe to show: {line!r}"
        shown.append(re.sub(r" \Z", "␠", line))
    return shown
