"""What a step waits for, told at a terminal."""

import socket
import sqlite3

import pyte
import pytest

from authctl.cli.environment import Environment
from authctl.cli.progress import progress
from authctl.cli.waiting import WAIT_SECONDS, Waits


class Timers:
    """Timers that go off when the test says so."""

    def __init__(self):
        self.set = []

    def __call__(self, seconds, action):
        assert seconds == WAIT_SECONDS
        self.action = action
        self.set.append(self)
        return self

    def start(self):
        pass

    def cancel(self):
        pass

    def go_off(self):
        self.action()


@pytest.fixture
def timers():
    return Timers()


@pytest.fixture
def waiting(timers):
    """An environment at a terminal of 60 columns."""
    return Environment(stderr_isatty=True, environ={"COLUMNS": "60"}, timer=timers)


def window(environment):
    """What stands in the window."""
    screen = pyte.Screen(60, 5)
    pyte.Stream(screen).feed(environment.stderr.getvalue().replace("\n", "\r\n"))
    return [line.rstrip() for line in screen.display if line.strip()]


def test_what_takes_long_is_told_and_goes_away(waiting, timers):
    with Waits(waiting)("Waiting for the mail server mail.example.com:25"):
        assert window(waiting) == []
        timers.go_off()
        assert window(waiting) == ["Waiting for the mail server mail.example.com:25 ..."]
    assert window(waiting) == []


def test_what_is_short_is_not_told(waiting, timers):
    with Waits(waiting)("Waiting"):
        pass
    timers.go_off()  # past cancelling, and too late
    assert waiting.stderr.getvalue() == ""


def test_a_wait_that_fails_goes_away_too(waiting, timers):
    def fail():
        with Waits(waiting)("Waiting"):
            timers.go_off()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert "Waiting" in waiting.stderr.getvalue()
    assert window(waiting) == []


def test_a_wait_fits_the_window_and_obeys_nobody(waiting, timers):
    with Waits(waiting)("Waiting for the database /\x1b[2J/" + "数据" * 40):
        timers.go_off()
        (shown,) = window(waiting)
    assert shown.startswith("Waiting for the database /\\x1b[2J/数")
    assert shown.endswith("...")


def test_where_a_bar_is_nothing_is_told(waiting, timers):
    waits = Waits(waiting)
    with progress(waiting, "Importing", 10) as step:
        with waits("Waiting for the database"):
            timers.go_off()
            step(5)  # the bar takes its place
            assert window(waiting)[0].startswith("Importing")
        with waits("Waiting for the database"):
            timers.go_off()
        assert waiting.stderr.getvalue().count("Waiting") == 1
    with waits("Waiting for the database"):
        timers.go_off()
        assert window(waiting) == ["Waiting for the database ..."]


@pytest.mark.parametrize(
    ("line", "terminal", "is_told"),
    [
        ("users list", {"stderr_isatty": True}, True),
        ("users list -q", {"stderr_isatty": True}, False),
        ("users list", {"stderr_isatty": True, "env": {"TERM": "dumb"}}, False),
        ("users list", {"stdout_isatty": True}, False),
    ],
)
def test_only_a_terminal_is_told_and_not_with_quiet(authctl, ready_home, timers, line, terminal, is_told):
    assert authctl(line, timer=timers, **terminal).status == 0
    assert bool(timers.set) is is_told


class AtOnce(Timers):
    """A timer for whom everything takes long."""

    def start(self):
        self.go_off()


@pytest.mark.parametrize(
    ("line", "stdin", "told"),
    [
        ("users create --id ada", "", "Waiting for the database /"),
        ("users create --id ada --password-stdin", "horse battery\n", "Hashing the password ..."),
        ("security test-delivery sms +14255550123", "", "Waiting for the SMS provider console ..."),
    ],
)
def test_each_step_says_what_it_waits_for(authctl, ready_home, line, stdin, told):
    ran = authctl(line, stdin=stdin, stderr_isatty=True, timer=AtOnce(), env={"AUTHCTL_SMS_PROVIDER": "console"})
    assert ran.status == 0
    assert f"\r{told}" in ran.stderr
    assert ran.stderr.count("\r") == 2 * ran.stderr.count("...")
    assert ran.stderr.count("\x1b[K") == 2 * ran.stderr.count("...")  # each was wiped


def test_a_mail_server_that_does_not_answer_is_named(person):
    with socket.create_server(("127.0.0.1", 0)) as server:
        named = f"127.0.0.1:{server.getsockname()[1]}"
        settings = {"HOST": "127.0.0.1", "PORT": named.partition(":")[2], "FROM": "a@example.org", "SECURITY": "none"}
        environ = {f"AUTHCTL_EMAIL_{name}": value for name, value in settings.items()}
        someone = person("security test-delivery email ada@example.org", **environ)
        someone.sees(f"Waiting for the mail server {named} ...")
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"554 5.3.2 Not now\r\n")
            assert someone.leaves() == 7
    assert "Waiting" not in someone.screen
    assert not any("Waiting" in line for line in someone.window().display)
    assert "554 5.3.2 Not now" in someone.screen


def test_a_locked_database_is_named(person, authctl, ready_home):
    path = authctl("status -o jsonl --fields database").stdout.split('"')[3]
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    someone = person("users create --id ada")
    someone.sees("Waiting for the database /")
    writer.execute("ROLLBACK")
    assert someone.leaves() == 0
    assert "Waiting" not in someone.screen
    writer.close()
