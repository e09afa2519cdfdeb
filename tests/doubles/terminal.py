"""A terminal and somebody at it: a pseudo-terminal where one command runs, and what a camera sees of its window."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
from dataclasses import dataclass

import pyte
from doubles.forks import AtTerminal
from PIL import Image, ImageColor, ImageDraw, ImageFont

CELL = (8, 16)  # pixels
BLOCKS = {"▀": (0, 8), "▄": (8, 16), "█": (0, 16)}  # their first pixel line, and the one after their last


@dataclass(frozen=True)
class Theme:
    """The colours of a terminal where a program asks for none."""

    ink: str
    ground: str


GONE = re.compile(r"\r[^\r\n]*\.\.\.\x1b\[K\r\x1b\[K")  # what was waited for, and was wiped off when it came
THEMES = {"dark": Theme("#d4d4d4", "#1e1e1e"), "light": Theme("#586e75", "#fdf6e3")}


class Person:
    """Somebody at a terminal where one command runs; `screen` is all that was shown and stayed."""

    def __init__(self, words, home, *, columns=80, lines=24, stdin=None, **variables):
        """stdin: a file that is read instead of what is typed."""
        self.columns, self.lines = columns, lines
        self.terminal, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environ = home | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | variables
        self.child = AtTerminal(words, environ, os.ttyname(other), stdin)
        os.close(other)
        self.screen = ""
        self._bytes = b""

    def _read(self):
        """Takes what comes next; False at the end."""
        ready, _, _ = select.select([self.terminal], [], [], 60)
        assert ready, f"nothing more after {self.screen!r}"
        try:
            part = os.read(self.terminal, 4096)
        except OSError:  # Linux tells the end of a terminal so
            return False
        self._bytes += part
        shown = self._bytes.decode("utf-8", "replace").replace("\r\n", "\n")
        self.screen = GONE.sub("", shown)
        return bool(part)

    def sees(self, text):
        while text not in self.screen:
            assert self._read(), f"no {text!r} in {self.screen!r}"

    def types(self, text):
        """Once the command waits: a Ctrl-C in the moment before it does would be heard with the next key alone."""
        while self.child.state == "R":
            pass
        os.write(self.terminal, text.encode())

    def leaves(self):
        """The exit status, when the command has ended."""
        while self._read():
            pass
        return self.child.wait()

    def window(self):
        """What the window shows now, as a terminal reads what it was sent."""
        window = pyte.Screen(self.columns, self.lines)
        pyte.ByteStream(window).feed(self._bytes)
        return window

    def close(self):
        self.child.close()
        os.close(self.terminal)


def painted(window, theme, *, gap=0):
    """A picture of a window.

    gap: the pixels that the terminal puts between lines. Terminals make the cell higher for them, so that its ground
    has them and its glyph does not: blocks that should touch no longer do.
    """
    width, height = CELL
    picture = Image.new("RGB", (window.columns * width, window.lines * (height + gap)), theme.ground)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(10)
    for line in range(window.lines):
        for column in range(window.columns):
            cell = window.buffer[line][column]
            ink, ground = rgb(cell.fg, theme.ink), rgb(cell.bg, theme.ground)
            left, top = column * width, line * (height + gap)
            draw.rectangle((left, top, left + width - 1, top + height + gap - 1), ground)
            if cell.data in BLOCKS:
                first, end = BLOCKS[cell.data]
                draw.rectangle((left, top + first, left + width - 1, top + end - 1), ink)
            elif cell.data != " ":
                draw.text((left, top), cell.data, ink, font)
    return picture


def rgb(color, otherwise):
    """A colour as pyte names it: default, a word, or six hexadecimal digits."""
    if color == "default":
        color = otherwise
    return ImageColor.getrgb(f"#{color}" if re.fullmatch("[0-9a-f]{6}", color) else color)
