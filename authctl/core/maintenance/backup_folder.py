"""A folder of backups that holds the last few of a directory: how they are named, and which of them go.

    authctl-20260102T030405.678Z.9dd42fac5a1e4188.backup    the time, and the fingerprint of the key
    .authctl-20260102T030405.678Z.9dd42fac5a1e4188.backup.k3j2h1g0.backup-part          one that is being written

Killed at any moment, it loses no good backup: one goes only after a newer one is whole, verified and on the disk, and
a backup never removes one that is newer than itself. Files with other names, or of another key, are never touched.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

PART = ".backup-part"

_OWN = re.compile(r"authctl-\d{8}T\d{6}\.\d{3}Z\.(\w+)\.backup")
_LEFT = re.compile(rf"\..+\.\w{{8}}{re.escape(PART)}(-journal|-wal|-shm)?")  # what a kill leaves, SQLite's files too


def name(now: datetime, key_fingerprint: str | None) -> str:
    """The name of a backup; their order is that of time."""
    time = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"authctl-{re.sub('[-:]', '', time)}.{key_fingerprint or 'keyless'}.backup"


def surplus(path: str, keep: int) -> list[str]:
    """The backups that go once `path` is there, the oldest first, so that `keep` stay with it."""
    folder, newest = os.path.split(path)
    of = _OWN.fullmatch(newest)
    assert of is not None
    with os.scandir(folder) as entries:
        older = sorted(
            entry.name
            for entry in entries
            if (found := _OWN.fullmatch(entry.name)) and found[1] == of[1] and entry.name < newest
            if entry.is_file(follow_symlinks=False)
        )
    return [os.path.join(folder, each) for each in older[: max(len(older) - (keep - 1), 0)]]


@contextmanager
def cleared(folder: str) -> Iterator[list[str]]:
    """Remove what backups that were killed left in a folder, and guard what is written there within the block.

    Gives the paths that were removed: none while another backup is being written there.
    """
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # a folder that may be written to, and not read
        yield []
        return
    try:
        removed = []
        with suppress(OSError):  # locked by another backup, or on a disk without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            removed = _remove_left(folder)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield removed
    finally:
        os.close(descriptor)


def _remove_left(folder: str) -> list[str]:
    """Parts of this user's, and files that have a name and nothing in them, as a kill can leave on a disk with FAT."""
    removed = []
    with os.scandir(folder) as entries:
        for entry in entries:
            is_left = _LEFT.fullmatch(entry.name) or (_OWN.fullmatch(entry.name) and not _size(entry))
            if is_left and entry.is_file(follow_symlinks=False) and _owner(entry) == os.geteuid():
                with suppress(OSError):
                    os.unlink(entry.path)
                    removed.append(entry.path)
    return sorted(removed)


def _size(entry: os.DirEntry[str]) -> int:
    return entry.stat(follow_symlinks=False).st_size


def _owner(entry: os.DirEntry[str]) -> int:
    return entry.stat(follow_symlinks=False).st_uid
