"""Removing much, some at a time: each batch with an event of its own, so that what a crash cuts short is in the log."""

from __future__ import annotations

from collections.abc import Callable

from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.model import EventName

Step = Callable[[Work], int]


def remove(directory: Engine, what: str, count: Step, delete: Step) -> int:
    """Delete batch after batch until there is none; how many rows there were, or in a dry run are.

    what: what they are, as the log has it.
    """
    if directory.dry_run:
        return directory.read(count)
    total = 0
    while removed := directory.write(_remove, what, delete):
        total += removed
    return total


def _remove(work: Work, what: str, delete: Step) -> int:
    removed = delete(work)
    if removed:
        work.record(EventName.SECURITY_PURGE, what, {what: removed})
    return removed
