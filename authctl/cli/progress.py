"""How far long work is, on stderr: a bar on a terminal, a line every few seconds elsewhere, nothing when quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from authctl.cli.context import Context
from authctl.cli.environment import Environment
from authctl.cli.escaping import visible
from authctl.cli.output import percentage

LINE_SECONDS = 5.0  # between two lines off a terminal: a job's log stays short
BAR_WIDTH = 12  # columns: label, bar and counts of millions fit into 80
DRAW_SECONDS = 0.1  # between two states of the bar: drawing must not slow the work


class Step(Protocol):
    """Tells of so many records done. share: of all work, where the number of records is not known beforehand."""

    def __call__(self, count: int, share: float | None = None) -> None: ...


@contextmanager
def progress(environment: Environment, label: str, total: int | None = None, *, quiet: bool = False) -> Iterator[Step]:
    """Gives a function to call with the number of records just done.

    total: how many there will be; None where nobody knows, and then there is no share and no time left.
    """
    if quiet:
        yield _nothing
    elif environment.moves_cursor:
        with _bar(environment, label, total) as step:
            yield step
    else:
        yield _Lines(environment, label, total).step


def progress_of(ctx: Context) -> Callable[[str, int | None], AbstractContextManager[Step]]:
    """What opens the bar of a command, with a label and how many records there will be."""

    def bar(label: str, total: int | None) -> AbstractContextManager[Step]:
        return progress(ctx.environment, label, total, quiet=ctx.output.quiet)

    return bar


def _nothing(count: int, share: float | None = None) -> None:
    """Shows no progress."""


class _Count:
    """How many records are done, of how many, how fast, and how long the rest takes."""

    def __init__(self, now: float, total: int | None) -> None:
        self._began, self._total = now, total
        self._done, self._about = 0, ""

    def add(self, count: int, share: float | None) -> None:
        self._done += count
        if share:
            self._total, self._about = round(self._done / share), "about "

    @property
    def share(self) -> float | None:
        return min(self._done / self._total, 1.0) if self._total else None

    def told(self, now: float) -> str:
        """`500 of about 10,000 (5%), 100/s, 1 min 35 s left`."""
        rate = self._done / (now - self._began) if now > self._began else 0.0
        told = f"{self._done:,}"
        if self._total:
            told += f" of {self._about}{self._total:,} ({percentage(min(self._done, self._total), self._total)})"
        if rate:
            told += f", {rate:,.0f}/s" if rate >= 1 else f", {rate:.1f}/s"
        if self._total and rate and self._done < self._total:
            told += f", {_duration((self._total - self._done) / rate)} left"
        return told


class _Lines:
    """Progress for logs. Work that ends within the first seconds leaves no line."""

    def __init__(self, environment: Environment, label: str, total: int | None) -> None:
        self._environment, self._label = environment, label
        self._told = environment.monotonic()
        self._count = _Count(self._told, total)

    def step(self, count: int, share: float | None = None) -> None:
        self._count.add(count, share)
        now = self._environment.monotonic()
        if now - self._told < LINE_SECONDS:
            return
        self._told = now
        self._environment.stderr.write(f"{visible(self._label)}: {self._count.told(now)}\n")
        self._environment.stderr.flush()


@contextmanager
def _bar(environment: Environment, label: str, total: int | None) -> Iterator[Step]:
    """A bar with rate and time left, taken off the screen at the end.

    It is drawn by the calls of `step`, not by a thread of its own, so that work may fork; and by none before the first,
    so that what is told while the work begins, such as that a database was made, has lines of its own. Rate and time
    are counted here: rich forgets them with every new total.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    color = environment.colors(environment.stderr_isatty)
    console = Console(
        file=environment.stderr,
        force_terminal=True,
        color_system="standard" if color else None,
        no_color=not color,
        width=environment.columns,
        height=environment.lines,
        legacy_windows=False,
    )
    shown = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(BAR_WIDTH),
        TextColumn("{task.fields[told]}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        get_time=environment.monotonic,
    )
    task = shown.add_task(visible(label), total=None, told="")
    done, drawn = _Count(environment.monotonic(), total), float("-inf")

    def step(count: int, share: float | None = None) -> None:
        nonlocal drawn
        done.add(count, share)
        if (now := environment.monotonic()) - drawn >= DRAW_SECONDS:
            drawn = now
            known = done.share
            shown.update(task, completed=known or 0, total=None if known is None else 1, told=done.told(now))
            if not environment.status.has_bar:
                environment.status.has_bar = True
                environment.status.wipe()
            shown.start()
            shown.refresh()

    try:
        yield step
    finally:
        shown.stop()
        environment.status.has_bar = False


def _duration(seconds: float) -> str:
    """`16 s`, `3 min 20 s` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
