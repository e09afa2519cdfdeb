"""Man pages: the help pages and the manual as `man` reads them, written when a wheel is built (`wheel_hook.py`)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from textwrap import dedent
from typing import Any

from authctl import __version__
from authctl.cli import app, manual
from authctl.cli.commands import LazyGroup

COMMANDS, TOPICS = 1, 7  # the sections of man for commands of users, and for what is neither that nor a file or a call
# What groff would print as something else, so that examples could not be copied; and where long names may be broken.
ESCAPES = str.maketrans(
    {
        "/": "/\\:",
        "_": "_\\:",
        "\\": "\\e",
        "-": "\\-",
        "'": "\\(aq",
        "`": "\\(ga",
        "^": "\\(ha",
        "~": "\\(ti",
        "…": "...",
    }
)


class Page:
    """A help formatter that writes roff, with the macros of man(7)."""

    width = 80  # what help pages lay columns out for; man has its own
    current_indent = 0
    is_whole = True

    def __init__(self, name: str, section: int, summary: str) -> None:
        self.lines = [
            f'.TH "{name.upper()}" {section} "" "authctl {__version__}" "authctl"',
            # Lines end between words, in every section (HY), and where they like: what is to be copied stays whole.
            *(".nr HY 0", ".nh", ".ad l"),
            ".SH NAME",
            f"{_text(name)} \\- {_text(summary)}",
        ]

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def write_usage(self, program: str, arguments: str) -> None:
        self.lines += [".SH SYNOPSIS", f".B {_text(program)}", _text(arguments)]

    def indentation(self) -> AbstractContextManager[None]:
        """What is set off in a help page is its description."""
        self.lines.append(".SH DESCRIPTION")
        return nullcontext()

    @contextmanager
    def section(self, title: str) -> Iterator[None]:
        self.lines.append(f".SH {_text(title.upper())}")
        yield

    def write_paragraph(self) -> None:
        self.lines.append(".PP")

    def write_text(self, text: str) -> None:
        for number, paragraph in enumerate(text.split("\n\n")):
            self.lines += [*([".PP"] if number else []), _text(" ".join(paragraph.split()))]

    def write_dl(self, rows: Sequence[tuple[str, str]], **layout: int) -> None:
        for term, meaning in rows:
            self.lines += [".TP", f".B {_text(term.rstrip())}", _text(" ".join(meaning.split()))]

    def write(self, text: str) -> None:
        self.lines += [".PP", ".EX", *map(_text, dedent(text).strip("\n").splitlines()), ".EE"]

    def see_also(self, names: Sequence[str], topics: Sequence[str] = ()) -> None:
        """The pages of commands, by their names, and those of topics."""
        near = [*((name, COMMANDS) for name in names), *((f"authctl-{name}", TOPICS) for name in topics)]
        self.lines += [".SH SEE ALSO", ", ".join(f"\\fB{_text(name)}\\fR({section})" for name, section in near)]


def pages() -> Iterator[tuple[str, str]]:
    """The name and the text of each page: authctl.1, authctl-users.1, ..., authctl-output.7, ..."""
    for name, summary in manual.summaries().items():
        page = Page(f"authctl-{name}", TOPICS, summary.removesuffix("."))
        with page.indentation():
            manual.write(name, page)
        page.see_also(["authctl", *([f"authctl-{name}"] if name in app.GROUPS else [])], manual.linked(name))
        yield f"authctl-{name}.{TOPICS}", page.text()
    root = app.Root()
    context = root.context_class(root, info_name="authctl", **root.context_settings)
    yield from _pages(root, context, "authctl", "a user directory administered from the terminal", None)


def _pages(command: Any, context: Any, name: str, summary: str, parent: str | None) -> Iterator[tuple[str, str]]:
    children = command.summaries if isinstance(command, LazyGroup) else {}
    page = Page(name, COMMANDS, summary)
    command.format_help(context, page)
    near = [*([parent] if parent else []), *(f"{name}-{child}" for child in children)]
    topic = name.removeprefix("authctl-")
    page.see_also(near, [topic] if topic in manual.names() else () if parent else manual.names())
    yield f"{name}.{COMMANDS}", page.text()
    for child, help in children.items():
        built = command.get_command(context, child)
        inner = type(context)(built, info_name=child, parent=context)
        yield from _pages(built, inner, f"{name}-{child}", help.removesuffix("."), name)


def _text(text: str) -> str:
    """A line of text; one that begins like a macro is none."""
    escaped = re.sub("[^\\x00-\\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", text.translate(ESCAPES))
    return "\\&" + escaped if escaped.startswith(".") else escaped


def write(folder: Path) -> None:
    """Write every page into the folder of its section, man1 or man7."""
    for name, text in pages():
        path = folder / f"man{name[-1]}" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
