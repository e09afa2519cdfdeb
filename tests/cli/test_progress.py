"""Progress of long work, on a terminal and in a log."""

import fcntl
import os
import pty
import re
import struct
import termios

import pytest

from authctl.cli.environment import Environment
from authctl.cli.progress import progress


class Seconds:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def logged(steps, total=None, label="Importing", **options):
    """What a log has after steps of (seconds, records)."""
    seconds = Seconds()
    environment = Environment(monotonic=seconds)
    with progress(environment, label, total, **options) as step:
        for waited, count in steps:
            seconds.now += waited
            step(count)
    assert environment.stdout.getvalue() == ""
    return environment.stderr.getvalue()


def test_short_work_leaves_no_line():
    assert logged([(1, 100), (2, 100)], 200) == ""


def test_a_log_has_a_line_every_few_seconds():
    assert logged([(1, 500)] * 12, 10_000) == (
        "Importing: 2,500 of 10,000 (25%), 500/s, 15 s left\nImporting: 5,000 of 10,000 (50%), 500/s, 10 s left\n"
    )


def test_an_unknown_total_has_no_share():
    assert logged([(5, 10)]) == "Importing: 10, 2/s\n"


@pytest.mark.parametrize(("left", "shown"), [(20, "20 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_time_left_is_in_fitting_units(left, shown):
    assert f", {shown} left" in logged([(5, 5)], 5 + left)


def test_work_beyond_the_total_is_a_hundred_percent():
    assert logged([(5, 30)], 20) == "Importing: 30 of 20 (100%), 6/s\n"


def test_labels_are_escaped():
    assert logged([(5, 5)], label="a\x1b[1m") == "a\\x1b[1m: 5, 1/s\n"


def test_quiet_shows_nothing():
    assert logged([(10, 5)], 10, quiet=True) == ""


def drawn(environ, total=100, share=None):
    """What a terminal of 80 columns receives for work of three steps."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seconds = Seconds()
    with os.fdopen(slave, "w", encoding="utf-8") as stderr:
        environment = Environment(stderr=stderr, stderr_isatty=True, environ=environ, monotonic=seconds)
        with progress(environment, "[b]Importing", total) as step:
            stderr.write("Made the database.\n")
            for _ in range(3):
                seconds.now += 10
                step(25, share)
        stderr.write("\nEND")
        stderr.flush()
        received = b""
        while not received.endswith(b"\r\nEND"):
            received += os.read(master, 4096)
    os.close(master)
    return received.removesuffix(b"\r\nEND").decode()


def test_a_terminal_has_a_bar_with_rate_and_time_left():
    received = drawn({})
    assert "[b]Importing" in received
    assert "75 of 100 (75%), 2/s, 10 s left" in received
    assert received.endswith("\x1b[2K")  # taken off the screen, the cursor at the start of its line


def test_a_bar_leaves_lines_to_what_is_told_before_the_first_step():
    assert drawn({}).startswith("Made the database.\r\n")


def test_a_bar_without_a_total_counts():
    assert "75, 2/s" in drawn({}, total=None)


def test_a_bar_whose_total_is_estimated_has_rate_and_time_left():
    received = drawn({}, total=None, share=0.001)
    assert "75 of about 75,000 (<1%), 2/s, 8 h 19 min left" in received
    assert all(len(line) <= 80 for line in re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", received).splitlines())


def test_a_bar_without_colour_has_no_colour():
    assert not re.search(r"\x1b\[[39]\d", drawn({"NO_COLOR": "1"}))
    assert re.search(r"\x1b\[[39]\d", drawn({}))


def test_slow_work_has_a_rate_above_zero():
    assert logged([(20, 8)], 100) == "Importing: 8 of 100 (8%), 0.4/s, 3 min 50 s left\n"


def test_a_terminal_that_cannot_move_its_cursor_gets_lines():
    assert drawn({"TERM": "dumb"}).splitlines()[-1] == "[b]Importing: 75 of 100 (75%), 2/s, 10 s left"
