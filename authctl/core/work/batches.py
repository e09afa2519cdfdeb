"""Removing much, some at a time: each batch with an event of its own, so that what a crash cuts short is in the log.

Between two batches others write: no longer than one takes does anybody wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from authctl import storage
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.model import EventName

if TYPE_CHECKING:
    from authctl.storage.purging import Key, Overdue

PAUSE = 0.05  # seconds after a full batch: SQLite has a writer look again within 25 ms
Step = Callable[[Work], int]


def remove(directory: Engine, what: str, count: Step, delete: Step) -> int:
    """Delete batch after batch until there is none; how many rows there were, or in a dry run are.

    what: what they are, as the log has it.
    """
    if directory.dry_run:
        return directory.read(count)
    total = 0
    while removed := _remove(directory, what, delete):
        total += removed
    return total


def remove_overdue(directory: Engine, what: str, overdue: Overdue) -> int:
    """The same of rows that no index finds: the table is read along its key, and writers wait for what goes alone."""
    if directory.dry_run:
        return directory.read(lambda work: storage.purging.count_over(work.db, overdue))
    total, behind = 0, None
    while True:
        keys, behind = directory.read(_list_over, overdue, behind)
        if keys:
            total += _remove(directory, what, partial(_delete_over, overdue, keys[0], keys[-1]))
        if behind is None:
            return total


def _list_over(work: Work, overdue: Overdue, behind: Key | None) -> tuple[list[Key], Key | None]:
    return storage.purging.list_over(work.db, overdue, behind)


def _delete_over(overdue: Overdue, first: Key, last: Key, work: Work) -> int:
    return storage.purging.delete_over(work.db, overdue, first, last)


def _remove(directory: Engine, what: str, delete: Step) -> int:
    removed = directory.write(_delete, what, delete)
    if removed >= storage.purging.BATCH:
        directory.sleep(PAUSE)
    return removed


def _delete(work: Work, what: str, delete: Step) -> int:
    removed = delete(work)
    if removed:
        work.record(EventName.SECURITY_PURGE, what, {what: removed})
    return removed
