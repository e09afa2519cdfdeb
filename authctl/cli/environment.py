"""Everything outside the program that a command touches, as one object that tests replace by keyword.

Streams and whether they are terminals, the environment's variables, the window, the clock, the dice, the machine.
"""

from __future__ import annotations

import codecs
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BufferedWriter, FileIO, RawIOBase, StringIO, TextIOWrapper, UnsupportedOperation
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from authctl.settings import host_name, os_user

if TYPE_CHECKING:
    from authctl.model import Clock, RandomBytes

USUAL_WINDOW = (80, 24)  # columns and lines, where neither the terminal nor COLUMNS and LINES tell


def _clock() -> datetime:
    """The time, from the one place that reads the clock."""
    from authctl.core.work import unit

    return unit.system_clock()


def _random_bytes(count: int) -> bytes:
    """Random bytes, from the one place that makes them."""
    from authctl.core.work import unit

    return unit.system_random_bytes(count)


class Timer(Protocol):
    """Calls something later, unless it is cancelled before."""

    def start(self) -> None: ...

    def cancel(self) -> None: ...


def _timer(seconds: float, action: Callable[[], None]) -> Timer:
    from threading import Timer

    timer = Timer(seconds, action)
    timer.daemon = True  # a command that ends does not wait for it
    return timer


@dataclass(slots=True)
class StatusLine:
    """The line of a terminal that tells what goes on and then goes away. Where a bar has it, nobody else writes there.

    wipe: takes the words off that stand there.
    """

    has_bar: bool = False
    wipe: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Environment:
    """The outside of one command. Without arguments: empty streams off a terminal, as most tests want them.

    no_color: set by --no-color, which wins over every variable and setting.
    terminal: the path of the terminal itself, for a question where stdin is something else.
    color: the setting output.color: always, never, or auto, which leaves it to the variables and the terminal.
    monotonic: seconds from a clock that never goes back, for progress and nothing else.
    sleep: waits for so many seconds.
    timer: makes what calls a function after so many seconds, in a thread of its own.
    status: what stands on the last line of the terminal.
    """

    stdin: TextIO = field(default_factory=StringIO)
    stdout: TextIO = field(default_factory=StringIO)
    stderr: TextIO = field(default_factory=StringIO)
    stdin_isatty: bool = False
    stdout_isatty: bool = False
    stderr_isatty: bool = False
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    terminal: str = os.devnull
    no_color: bool = False
    color: str = "auto"
    clock: Clock = _clock
    random_bytes: RandomBytes = _random_bytes
    hash_parameters: Any = None
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    timer: Callable[[float, Callable[[], None]], Timer] = _timer
    status: StatusLine = field(default_factory=StatusLine, repr=False)

    @classmethod
    def of_process(cls) -> Environment:
        """The environment that this process runs in; its output streams are set so that no text can crash them."""
        for descriptor in range(3):
            _wait_for(descriptor)
        stdin = sys.stdin or StringIO()  # a closed descriptor (`>&-`) leaves None
        stdout = sys.stdout = _unbreakable(_whole(sys.stdout))
        stderr = sys.stderr = _unbreakable(_dispensable(sys.stderr))
        return cls(stdin, stdout, stderr, stdin.isatty(), stdout.isatty(), stderr.isatty(), os.environ, "/dev/tty")

    @property
    def columns(self) -> int:
        """The width of the window: COLUMNS, else what the terminal says, else 80."""
        return self._window("COLUMNS", 0)

    @property
    def lines(self) -> int:
        """The height of the window: LINES, else what the terminal says, else 24."""
        return self._window("LINES", 1)

    def _window(self, variable: str, side: int) -> int:
        told = self.environ.get(variable, "")
        if told.isascii() and told.isdigit() and int(told) > 0:
            return int(told)
        for stream, isatty in ((self.stdout, self.stdout_isatty), (self.stderr, self.stderr_isatty)):
            if not isatty:
                continue
            try:
                size = os.get_terminal_size(stream.fileno())[side]
            except OSError:  # a test's stream without a descriptor raises a kind of OSError too
                continue
            if size > 0:
                return size
        return USUAL_WINDOW[side]

    def colors(self, isatty: bool) -> bool:
        """Whether to colour a stream.

        --no-color is asked first, then the setting, NO_COLOR, FORCE_COLOR and TERM=dumb, then the terminal.
        """
        if self.no_color or self.color != "auto":
            return self.color == "always" and not self.no_color
        if self.environ.get("NO_COLOR"):
            return False
        if self.environ.get("FORCE_COLOR"):
            return True
        return isatty and not self.is_dumb

    @property
    def is_dumb(self) -> bool:
        """Whether the terminal cannot move its cursor."""
        return self.environ.get("TERM") == "dumb"

    @property
    def moves_cursor(self) -> bool:
        """Whether stderr is a terminal on which a line can be written anew."""
        return self.stderr_isatty and not self.is_dumb

    @property
    def is_interactive(self) -> bool:
        """Whether somebody is there to answer: questions go to stderr, answers come by stdin."""
        return self.stdin_isatty and self.stderr_isatty

    @contextmanager
    def at_terminal(self) -> Iterator[Environment]:
        """The same, reading answers from the terminal itself; as it is where there is none."""
        with ExitStack() as stack:
            terminal = self
            if self.stderr_isatty and not self.stdin_isatty:
                with suppress(OSError):
                    stdin = stack.enter_context(open(self.terminal, encoding="utf-8"))
                    terminal = replace(self, stdin=stdin, stdin_isatty=stdin.isatty())
            yield terminal

    def read_line(self, limit: int) -> bytes:
        """One line of stdin as bytes, its end included, or as much of it as `limit` bytes; empty at the end.

        Bytes, because a text stream turns a carriage return inside a secret into the end of a line.
        """
        binary = getattr(self.stdin, "buffer", None)
        if binary is None:
            return self.stdin.readline(limit).encode("utf-8", "surrogateescape")
        line: bytes = binary.readline(limit)
        return line

    def silence(self) -> None:
        """Drop what is written to stdout from now on, and what waits to be: nobody reads it."""
        with suppress(OSError):  # a test's stream, which has no descriptor
            if self.stdout.fileno() == 1:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 1)
                os.close(nowhere)

    def check_is_read(self) -> None:
        """Raise BrokenPipeError where whoever read stdout has gone: what waits for something to write would not learn
        that by writing."""
        import select

        with suppress(UnsupportedOperation):  # a test's stream, which has no descriptor
            poll = select.poll()
            poll.register(self.stdout.fileno(), 0)
            if any(found & (select.POLLERR | select.POLLHUP) for _, found in poll.poll(0)):
                raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    def host_name(self) -> str:
        """The name of this machine."""
        return host_name()

    def os_user(self) -> str:
        """Who the operating system says runs this: not LOGNAME or USER, which anybody can set."""
        return os_user()


def is_utf8(stream: TextIO) -> bool:
    """Whether a stream can carry any text; one without an encoding holds text itself."""
    encoding = getattr(stream, "encoding", None)
    return encoding is None or codecs.lookup(encoding).name == "utf-8"


def _wait_for(descriptor: int) -> None:
    """Have reads and writes wait, where another program has left the stream otherwise: what is not there yet would be
    taken for its end, and what does not fit be lost."""
    try:
        os.set_blocking(descriptor, True)
    except OSError:  # it is closed
        os.open(os.devnull, os.O_RDWR)  # gets the number, which a file would get that others take for the stream


class _Dispensable(FileIO):
    """A file into which what cannot be written is not."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _dispensable(stream: TextIO | None) -> TextIO | None:
    """Stderr, which may be gone or full: that is no reason to stop what is told of there, nor to end otherwise."""
    if stream is not sys.__stderr__ or not isinstance(stream, TextIOWrapper):
        return stream
    return _over(_Dispensable(stream.fileno(), "w", closefd=False), stream)


def _whole(stream: TextIO | None) -> TextIO | None:
    """Stdout, which PYTHONUNBUFFERED has take a part of what is written for all of it, as of a disk that is full."""
    if not isinstance(stream, TextIOWrapper) or not isinstance(stream.buffer, RawIOBase):
        return stream
    return _over(stream.buffer, stream)


def _over(file: RawIOBase, stream: TextIOWrapper) -> TextIO:
    """The file as a stream that has a buffer and is like this one otherwise."""
    return TextIOWrapper(BufferedWriter(file), stream.encoding, line_buffering=stream.isatty())


def _unbreakable(stream: TextIO | None) -> TextIO:
    """The stream, showing as `\\xNN` or `\\uNNNN` what its encoding lacks instead of raising."""
    if stream is None:
        return StringIO()
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream
