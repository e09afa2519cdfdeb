"""Questions to whoever sits at the terminal, and what scripts pass instead: secrets and ids by stdin or a descriptor.

Questions are written to stderr and answered on stdin, only where both are terminals. Anywhere else nothing is asked,
and the error names the flag that answers. Answers are read as bytes, so that a secret arrives exactly as it was sent,
but for a byte order mark.
"""

from __future__ import annotations

import io
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from authctl.cli.environment import Environment
from authctl.cli.escaping import visible
from authctl.errors import Interrupted, Invalid, UsageError

SECRET_LENGTH = 1024  # characters; four times the longest password, and more than any secret we make
ID_LENGTH = 1024  # bytes; the longest subject, an email with `email:` before it, has fewer than 300
ANSWER_LENGTH = 80  # bytes
ENTRIES = 3  # pairs that may differ before a new secret is given up


def confirm(environment: Environment, question: str, *, yes: bool) -> None:
    """Returns when `yes`, or when the person at the terminal agrees; raises otherwise."""
    if yes:
        return
    if not environment.is_interactive:
        raise UsageError(
            "general_confirmation_required",
            f"{question} There is no terminal to ask at.",
            hint="To go ahead without the question, add --yes.",
        )
    answer = _ask(environment, f"{visible(question)} [y/N] ", ANSWER_LENGTH).strip().lower()
    if answer not in (b"y", b"yes"):
        raise Interrupted("general_declined", "Nothing was done.")


def answer(environment: Environment, question: str) -> str:
    """What the person at the terminal answers, seen as it is typed; empty for Enter, and for the end of input."""
    try:
        line = rest = _ask(environment, visible(question), ANSWER_LENGTH)
    except Interrupted:
        return ""
    while len(rest) == ANSWER_LENGTH and not rest.endswith(b"\n"):  # what is too long is no answer to the next question
        rest = environment.read_line(ANSWER_LENGTH)
    return line.decode("utf-8", "replace").strip()


def secret(
    environment: Environment,
    label: str,
    *,
    twice: bool = False,
    check: Callable[[str], None] | None = None,
    flag: str = "--password-stdin",
) -> str:
    """Asks for a secret without showing it; twice, until both agree, when it is a new one.

    check: refuses one (Invalid) before it is entered again.
    """
    if not environment.is_interactive:
        raise UsageError(
            "general_usage",
            f"{label}: there is no terminal to ask at.",
            hint=f"Pass it on standard input with {flag}.",
        )
    with _without_echo(environment):
        for entries_left in reversed(range(ENTRIES)):
            entered = _ask_silently(environment, f"{label}: ", label)
            try:
                if check is not None:
                    check(entered)
            except Invalid as refused:
                if not entries_left:
                    raise
                for problem in refused.problems:
                    environment.stderr.write(visible(problem.message[:1].upper() + problem.message[1:]) + "\n")
                continue
            if not twice or _ask_silently(environment, f"{label} again: ", label) == entered:
                return entered
            environment.stderr.write("The two entries differ. Try again.\n")
    raise Invalid("general_argument_invalid", f"{label}: the two entries differ.", field=_field(label))


def read_secret_line(environment: Environment, flag: str) -> str:
    """The next line of stdin, for --password-stdin and its like, without its line end and a byte order mark before it.

    flag: also the environment variable that the line stands in for.
    """
    if environment.is_interactive:
        with _without_echo(environment):
            return _ask_silently(environment, f"{flag}: ", flag)
    line = environment.read_line(_secret_bytes())
    if not line:
        lacking = ": standard input" if flag.startswith("--") else " is not set, and standard input"
        raise UsageError(
            "general_usage",
            f"{flag}{lacking} has no line left for it.",
            hint="Pass the secret as one line. If both a current and a new one are needed, the current one comes "
            "first; leave its line empty if there is none.",
        )
    return _secret_of(line, flag)


def read_secret_descriptor(environment: Environment, descriptor: int, flag: str) -> str:
    """The next line of an open file descriptor, as `--password-fd 3 3<file` gives it."""
    if descriptor == 0:
        return read_secret_line(environment, flag)
    try:
        # Unbuffered: a second secret may follow in the same file.
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            line = file.readline(_secret_bytes())
    except (OSError, TypeError, ValueError) as error:  # a number too large for a descriptor is a TypeError
        raise UsageError(
            "general_usage",
            f"{flag}: cannot read file descriptor {descriptor}.",
            hint=f"Open it in the shell, as in '{flag} 3 3<FILE'.",
        ) from error
    if not line:
        raise UsageError("general_usage", f"{flag}: file descriptor {descriptor} is empty.")
    return _secret_of(line, flag)


def read_ids(environment: Environment) -> Iterator[str]:
    """The lines of stdin, stripped, without the blank ones, as they come."""
    for _, word in read_numbered_ids(environment):
        yield word


def read_numbered_ids(environment: Environment) -> Iterator[tuple[int, str]]:
    """The same, each with the number of its line, and without a byte order mark before the first.

    What is no UTF-8 or far too long for an id still comes out, and is refused where ids are looked up, so that it costs
    its own record and not the rest of the work.
    """
    if environment.stdin_isatty and environment.stderr_isatty:
        environment.stderr.write("Enter one id per line, then Ctrl-D.\n")
        environment.stderr.flush()
    number = 0
    while line := environment.read_line(ID_LENGTH):
        number += 1
        rest = line
        if number == 1:
            line = line.removeprefix(BOM_UTF8)
        while len(rest) == ID_LENGTH and not rest.endswith(b"\n"):
            rest = environment.read_line(ID_LENGTH)
        if word := line.decode("utf-8", "surrogateescape").strip():
            yield number, word


def _secret_bytes() -> int:
    """How much of a line to read: enough to see that it is too long, whichever characters it has."""
    return 4 * SECRET_LENGTH + len(b"\r\n")


def _secret_of(line: bytes, name: str) -> str:
    """The secret in a line, or an error that does not repeat it."""
    if line.endswith(b"\n"):
        line = line.removesuffix(b"\n").removesuffix(b"\r")
    elif len(line) == _secret_bytes():
        raise _too_long(name)
    try:
        text = line.removeprefix(BOM_UTF8).decode("utf-8")  # Windows' editors put one before each file
    except UnicodeDecodeError:
        # Without `from`: the decoder's error holds the secret.
        raise Invalid("general_argument_invalid", f"{name}: not UTF-8 text.", field=_field(name)) from None
    if len(text) > SECRET_LENGTH:
        raise _too_long(name)
    return text


def _too_long(name: str) -> Invalid:
    message = f"{name}: longer than {SECRET_LENGTH:,} characters."
    return Invalid("general_argument_invalid", message, field=_field(name))


def _field(name: str) -> str:
    """The field that a label or flag stands for: `New password` and `--new-password-stdin` are `new_password`."""
    return name.lower().strip("-").removesuffix("-stdin").removesuffix("-fd").replace("-", "_").replace(" ", "_")


def _ask(environment: Environment, question: str, limit: int) -> bytes:
    """The answer to a question as a line; the end of input (Ctrl-D) is a refusal to answer."""
    environment.stderr.write(question)
    environment.stderr.flush()
    try:
        answer = environment.read_line(limit)
    except KeyboardInterrupt:
        environment.stderr.write("\n")  # what comes next begins on a line of its own
        raise
    if not answer:
        environment.stderr.write("\n")
        raise Interrupted("general_declined", "No answer, so nothing was done.")
    return answer


def _ask_silently(environment: Environment, question: str, label: str) -> str:
    line = _ask(environment, question, _secret_bytes())
    environment.stderr.write("\n")  # the one that ended the answer was not shown
    environment.stderr.flush()
    return _secret_of(line, label)


@contextmanager
def _without_echo(environment: Environment) -> Iterator[None]:
    """Keeps the terminal from showing what is typed, and restores it however this ends."""
    import termios

    try:
        descriptor = environment.stdin.fileno()
    except io.UnsupportedOperation:  # a test's stream shows nothing by itself
        yield
        return
    before = termios.tcgetattr(descriptor)
    silent = before[:]
    silent[3] &= ~termios.ECHO
    try:
        # What was typed before the question could be seen, and is no answer to it; later answers may be typed ahead.
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, silent)
        with _silent_after_a_stop(descriptor, silent):
            yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _silent_after_a_stop(descriptor: int, silent: list[Any]) -> Iterator[None]:
    """Sets the terminal again after Ctrl-Z and fg, which leave it as the shell had it."""
    import signal
    import termios
    import threading

    if threading.current_thread() is not threading.main_thread():  # signals are for the main one
        yield
        return

    def silence(*_: object) -> None:
        with suppress(termios.error):  # where that stopped us once more, going on calls this again
            termios.tcsetattr(descriptor, termios.TCSANOW, silent)

    before = signal.signal(signal.SIGCONT, silence)
    try:
        yield
    finally:
        signal.signal(signal.SIGCONT, before)
