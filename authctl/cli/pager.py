"""The pager that shows long text at a terminal: AUTHCTL_PAGER, else PAGER, else less."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Sequence
from contextlib import suppress

from authctl.cli.environment import Environment

LESS = "FRX"  # leave at once where all of it fits, show colours, leave the text on the screen


def show(text: str, environment: Environment) -> None:
    """Write text to stdout, through a pager where it is longer than the window of somebody who can turn pages."""
    program = _program(environment)
    if not program or _fits(text, environment) or not _is_shown_by(program, text, environment):
        environment.stdout.write(text)


def _program(environment: Environment) -> Sequence[str]:
    """The pager's words; none off a terminal, and where the variables ask for none or cannot be read."""
    if not (environment.stdin_isatty and environment.stdout_isatty) or environment.is_dumb:
        return []
    environ = environment.environ
    said = environ.get("AUTHCTL_PAGER", environ.get("PAGER") or "less")
    with suppress(ValueError):
        program = shlex.split(said)
        return [] if program == ["cat"] else program
    return []


def _fits(text: str, environment: Environment) -> bool:
    """Whether the window shows all of it, with a line for the prompt."""
    rows = sum(max(1, -(-len(line) // environment.columns)) for line in text.splitlines())
    return rows < environment.lines


def _is_shown_by(program: Sequence[str], text: str, environment: Environment) -> bool:
    """Whether the pager could be started; it may end before it has read everything."""
    import subprocess  # noqa: S404 - loaded for a terminal alone, to run the pager of the person's choice

    environment.stdout.flush()
    try:
        stdout, variables = environment.stdout.fileno(), {"LESS": LESS, **environment.environ}
        pager = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=stdout, env=variables)  # noqa: S603 - the person's own choice
    except OSError:
        return False
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the pager, which may go on
    try:
        pager.communicate(text.encode(getattr(environment.stdout, "encoding", "utf-8"), "backslashreplace"))
    finally:
        signal.signal(signal.SIGINT, before)
    return True
