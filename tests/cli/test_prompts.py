"""Questions at a pseudo-terminal, and secrets and ids that scripts send."""

import contextlib
import io
import os
import pty
import select
import subprocess
import sys
import termios
import threading

import pytest
from hypothesis import given, strategies as st

from authctl import errors
from authctl.cli import prompts
from authctl.cli.environment import Environment


def piped(data):
    """An environment whose stdin is a pipe with these bytes."""
    return Environment(stdin=io.TextIOWrapper(io.BytesIO(data), "utf-8"))


def typed(text):
    """An environment with somebody at a terminal, whose answers are known beforehand."""
    return Environment(stdin=io.StringIO(text), stdin_isatty=True, stderr_isatty=True)


class Terminal:
    """A pseudo-terminal with a person at it: `at` gives the other end, `screen` is what the person has seen."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.screen = ""
        self.streams = []

    def environment(self):
        stdin = os.fdopen(os.dup(self.slave), "r", encoding="utf-8")
        stderr = os.fdopen(os.dup(self.slave), "w", encoding="utf-8")
        self.streams += [stdin, stderr]
        return Environment(stdin=stdin, stderr=stderr, stdin_isatty=True, stderr_isatty=True)

    def await_text(self, text):
        """Reads until the text has come once more since the last answer."""
        seen = ""
        while text not in seen:
            ready, _, _ = select.select([self.master], [], [], 10)
            assert ready, f"no {text!r} in {self.screen!r}"
            part = os.read(self.master, 1024).decode()
            seen += part
            self.screen += part

    def answer(self, question, text):
        self.await_text(question)
        os.write(self.master, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def close(self):
        os.close(self.master)  # first: a question that a failed test has left open ends
        os.close(self.slave)
        for stream in self.streams:
            stream.close()


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


@contextlib.contextmanager
def asking(question):
    """Runs a question beside the test, which plays the person; gives a function that waits for its result."""
    results = []

    def run():
        try:
            results.append(question())
        except errors.AuthctlError as error:
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def result():
        thread.join(10)
        return results[0]

    yield result
    thread.join(10)


# Confirmation


def test_yes_asks_nothing():
    environment = Environment()
    prompts.confirm(environment, "Delete ada?", yes=True)
    assert environment.stderr.getvalue() == ""


def test_confirm_refuses_off_a_terminal_and_names_the_flag():
    for stdin_isatty, stderr_isatty in [(False, False), (True, False), (False, True)]:
        environment = Environment(stdin_isatty=stdin_isatty, stderr_isatty=stderr_isatty)
        with pytest.raises(errors.UsageError) as refused:
            prompts.confirm(environment, "Delete ada?", yes=False)
        assert refused.value.type == "general_confirmation_required"
        assert "--yes" in refused.value.hint
        assert environment.stderr.getvalue() == ""


@pytest.mark.parametrize("answer", ["y\n", "Y\n", "yes\n", " YES \r\n"])
def test_confirm_takes_a_yes(answer):
    environment = typed(answer)
    prompts.confirm(environment, "Delete \x1b[1mada?", yes=False)
    assert environment.stderr.getvalue() == "Delete \\x1b[1mada? [y/N] "
    assert environment.stdout.getvalue() == ""


@pytest.mark.parametrize("answer", ["\n", "n\n", "yess\n", "", "y" * 200 + "\n"])
def test_confirm_takes_all_else_for_a_no(answer):
    with pytest.raises(errors.Interrupted) as declined:
        prompts.confirm(typed(answer), "Delete ada?", yes=False)
    assert (declined.value.type, declined.value.status) == ("general_declined", errors.ExitStatus.INTERRUPTED)


def test_confirm_at_a_terminal_shows_the_answer(terminal):
    environment = terminal.environment()
    with asking(lambda: prompts.confirm(environment, "Delete ada?", yes=False)) as result:
        terminal.answer("[y/N] ", "y\n")
        assert result() is None
    terminal.await_text("y")


# Short answers


@pytest.mark.parametrize(("typed_in", "answer"), [("123 456\n", "123 456"), (" x \r\n", "x"), ("\n", ""), ("", "")])
def test_an_answer_is_what_was_typed(typed_in, answer):
    environment = typed(typed_in)
    assert prompts.answer(environment, "Code\x1b[1m: ") == answer
    assert environment.stderr.getvalue().rstrip("\n") == "Code\\x1b[1m: "
    assert environment.stdout.getvalue() == ""


def test_an_answer_that_is_too_long_does_not_answer_the_next_question():
    environment = typed("1" * 500 + "\n123456\n")
    assert prompts.answer(environment, "Code: ") == "1" * prompts.ANSWER_LENGTH
    assert prompts.answer(environment, "Code: ") == "123456"


# Secrets at a terminal


def test_a_secret_is_not_shown_and_the_terminal_is_restored(terminal):
    environment = terminal.environment()
    with asking(lambda: prompts.secret(environment, "Password")) as result:
        terminal.answer("Password: ", " pässword\t \n")
        assert result() == " pässword\t "
    terminal.await_text("\n")
    assert "ssword\t" not in terminal.screen
    assert terminal.echoes()


def test_a_new_secret_is_asked_until_both_entries_agree(terminal):
    environment = terminal.environment()
    with asking(lambda: prompts.secret(environment, "New password", twice=True)) as result:
        terminal.answer("New password: ", "one\n")
        terminal.answer("New password again: ", "two\n")
        terminal.answer("The two entries differ. Try again.\r\nNew password: ", "three\n")
        terminal.answer("New password again: ", "three\n")
        assert result() == "three"
    assert terminal.echoes()


def test_a_new_secret_is_given_up_after_three_differences(terminal):
    environment = terminal.environment()
    with asking(lambda: prompts.secret(environment, "New password", twice=True)) as result:
        for _ in range(3):
            terminal.answer("New password: ", "one\n")
            terminal.answer("New password again: ", "two\n")
        error = result()
    assert isinstance(error, errors.Invalid)
    assert error.field == "new_password"
    assert "one" not in error.message
    assert terminal.echoes()


def test_the_end_of_input_is_no_answer(terminal):
    environment = terminal.environment()
    with asking(lambda: prompts.secret(environment, "Password")) as result:
        terminal.answer("Password: ", "\x04")
        assert isinstance(result(), errors.Interrupted)
    assert terminal.echoes()


def test_an_interrupt_at_a_secret_restores_the_terminal(terminal):
    program = (
        "import fcntl, os, termios\n"
        "os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "from authctl.cli import prompts\n"
        "from authctl.cli.environment import Environment\n"
        "try:\n"
        "    prompts.secret(Environment.of_process(), 'Password')\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=terminal.slave, stderr=terminal.slave, stdout=subprocess.PIPE
    )
    terminal.answer("Password: ", "\x03")
    assert child.communicate(timeout=10) == (b"interrupted\n", None)
    assert terminal.echoes()


def test_a_secret_is_not_asked_off_a_terminal():
    environment = Environment(stdin=io.StringIO("x\n"))
    with pytest.raises(errors.UsageError) as refused:
        prompts.secret(environment, "Password", flag="--password-stdin")
    assert "--password-stdin" in refused.value.hint
    assert environment.stderr.getvalue() == ""


def test_a_secret_for_stdin_typed_at_a_terminal_is_not_shown(terminal):
    environment = terminal.environment()
    with asking(lambda: prompts.read_secret_line(environment, "--password-stdin")) as result:
        terminal.answer("--password-stdin: ", "hidden\n")
        assert result() == "hidden"
    terminal.await_text("\n")
    assert "hidden" not in terminal.screen
    assert terminal.echoes()


# Secrets from scripts


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        (b"pass\n", "pass"),
        (b"pass\r\n", "pass"),
        (b"pass", "pass"),
        (b"pass\r", "pass\r"),
        (b" pa\rss \t\n", " pa\rss \t"),
        (b"pass\r\r\n", "pass\r"),
        (b"\n", ""),
        ("pässwörd 🙂\n".encode(), "pässwörd 🙂"),
    ],
)
def test_blanks_and_controls_stay_in_a_secret(data, secret):
    assert prompts.read_secret_line(piped(data), "--password-stdin") == secret


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=1024))
def test_any_secret_arrives_exactly(secret):
    sent = piped(secret.encode() + b"\n")
    assert prompts.read_secret_line(sent, "--password-stdin") == secret.removeprefix("\ufeff")


def test_a_byte_order_mark_is_no_part_of_a_secret(tmp_path):
    """Of each file that `cat` joins, and of a file descriptor's, but no other."""
    environment = piped(b"\xef\xbb\xbfcurrent\r\n\xef\xbb\xbfne\xef\xbb\xbfw\n\xef\xbb\xbf\n")
    for secret in ("current", "ne\ufeffw", ""):
        assert prompts.read_secret_line(environment, "--password-stdin") == secret
    file = tmp_path / "password.txt"
    file.write_bytes(b"\xef\xbb\xbfcurrent\r\n")
    with file.open("rb") as opened:
        assert prompts.read_secret_descriptor(environment, opened.fileno(), "--password-fd") == "current"


def test_each_call_takes_the_next_line():
    environment = piped(b"current\nnew\n")
    assert prompts.read_secret_line(environment, "--password-stdin") == "current"
    assert prompts.read_secret_line(environment, "--new-password-stdin") == "new"
    with pytest.raises(errors.UsageError, match="no line left"):
        prompts.read_secret_line(environment, "--new-password-stdin")


def test_an_empty_stdin_is_refused():
    with pytest.raises(errors.UsageError, match="--password-stdin"):
        prompts.read_secret_line(piped(b""), "--password-stdin")


def test_a_secret_that_is_no_text_is_refused_without_repeating_it():
    with pytest.raises(errors.Invalid) as refused:
        prompts.read_secret_line(piped(b"sesame\xff\n"), "--password-stdin")
    assert refused.value.field == "password"
    assert "sesame" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("character", ["x", "🙂"])
def test_a_secret_may_have_1024_characters_and_no_more(character):
    assert len(prompts.read_secret_line(piped(character.encode() * 1024 + b"\r\n"), "--password-stdin")) == 1024
    for length in (1025, 100_000):
        with pytest.raises(errors.Invalid, match="longer than 1,024"):
            prompts.read_secret_line(piped(character.encode() * length + b"\n"), "--password-stdin")


@contextlib.contextmanager
def descriptor(data):
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    yield reading
    os.close(reading)


def test_a_descriptor_gives_a_line_at_a_time():
    with descriptor(b"current\r\nnew") as number:
        assert prompts.read_secret_descriptor(Environment(), number, "--password-fd") == "current"
        assert prompts.read_secret_descriptor(Environment(), number, "--password-fd") == "new"
        with pytest.raises(errors.UsageError, match="is empty"):
            prompts.read_secret_descriptor(Environment(), number, "--password-fd")


def test_descriptor_0_is_stdin():
    assert prompts.read_secret_descriptor(piped(b"secret\n"), 0, "--password-fd") == "secret"


@pytest.mark.parametrize("number", [-1, 9999, 10**20])
def test_a_descriptor_that_is_not_open_is_refused(number):
    with pytest.raises(errors.UsageError, match=f"cannot read file descriptor {number}"):
        prompts.read_secret_descriptor(Environment(), number, "--password-fd")


# Ids


def test_ids_are_stripped_and_blank_lines_skipped():
    assert list(prompts.read_ids(piped(b" a \r\n\n\t\nb\nada@example.com"))) == ["a", "b", "ada@example.com"]


def test_ids_may_begin_with_a_byte_order_mark():
    assert list(prompts.read_ids(piped(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n"))) == ["a", "\ufeffb"]
    assert list(prompts.read_ids(piped(b"\xef\xbb\xbf\na"))) == ["a"]
    assert list(prompts.read_ids(piped(b"\xef\xbb\xbf"))) == []


def test_ids_come_as_they_are_read():
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as stdin, os.fdopen(writing, "w") as sender:
        ids = prompts.read_ids(Environment(stdin=stdin))
        sender.write("a\n")
        sender.flush()
        assert next(ids) == "a"
        sender.write("b\n")
        sender.close()
        assert list(ids) == ["b"]


def test_an_odd_line_costs_no_other_record():
    ids = list(prompts.read_ids(piped(b"a\n\xff\n" + b"x" * 5000 + b"\nb\n")))
    assert ids == ["a", "\udcff", "x" * prompts.ID_LENGTH, "b"]


def test_ids_typed_at_a_terminal_are_asked_for():
    environment = typed("a\nb\n")
    assert list(prompts.read_ids(environment)) == ["a", "b"]
    assert "Ctrl-D" in environment.stderr.getvalue()
