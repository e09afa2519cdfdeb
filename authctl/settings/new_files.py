"""Files of mode 0600 that come into being whole: written under another name, which is theirs alone, and then linked.

A process that is killed leaves that other name. The next that writes the same file takes it away: whoever writes holds
a lock on what it writes, so that nobody takes a living one's.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


def _ignore(path: str) -> None: ...


@contextmanager
def draft(
    path: str | os.PathLike[str],
    *,
    prefix: str | None = None,
    suffix: str = ".part",
    replaces: bool = False,
    tell: Callable[[str], None] = _ignore,
) -> Iterator[str]:
    """A name beside `path` to be written to; it becomes `path` at the end of the block, for good.

    prefix, suffix: how that name begins and ends, else after `path`. replaces: take the place of a file that is there.
    tell: is told of each draft that a killed process left and that was removed. Raises FileExistsError where `path` is
    there, by the end at the latest; OSError.
    """
    clear(path, prefix=prefix, suffix=suffix, tell=tell)
    if not replaces and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    descriptor, beside = begin(path, prefix=prefix, suffix=suffix)
    try:
        yield beside
        _sync(beside)
        if replaces:
            os.replace(beside, path)
        else:
            link(beside, path)
    finally:
        if os.path.lexists(beside):
            os.unlink(beside)
        os.close(descriptor)
    _sync(os.path.dirname(beside))


def begin(path: str | os.PathLike[str], *, prefix: str | None = None, suffix: str = ".part") -> tuple[int, str]:
    """An empty draft of a file, which is locked: its descriptor and its name."""
    import fcntl
    import tempfile

    folder = os.path.dirname(os.path.abspath(path))
    while True:
        descriptor, beside = tempfile.mkstemp(prefix=prefix or _prefix(path), suffix=suffix, dir=folder)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.lexists(beside):
                return descriptor, beside
        except BlockingIOError:  # another process took it for one that was left, and removes it
            pass
        except OSError:  # a disk without locks
            return descriptor, beside
        os.close(descriptor)


def _prefix(path: str | os.PathLike[str]) -> str:
    """What the names of a file's drafts begin with."""
    return f".{os.path.basename(path)[:64]}."


def clear(
    path: str | os.PathLike[str],
    *,
    prefix: str | None = None,
    suffix: str = ".part",
    tell: Callable[[str], None] = _ignore,
) -> None:
    """Remove the drafts of a file that killed processes of this user left; one may have got its name by then."""
    import fcntl

    folder, prefix = os.path.dirname(os.path.abspath(path)), prefix or _prefix(path)
    length = len(prefix) + 8 + len(suffix)  # as mkstemp names them
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if len(entry.name) != length or not (entry.name.startswith(prefix) and entry.name.endswith(suffix)):
                continue
            with suppress(OSError):
                descriptor = os.open(entry.path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)
                    tell(entry.path)
                finally:
                    os.close(descriptor)


def link(beside: str, path: str | os.PathLike[str]) -> None:
    """Give a whole file its name, unless something has that; on disks without links too (a stick with FAT)."""
    try:
        os.link(beside, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # the name is taken, then given
        os.replace(beside, path)


def _sync(path: str) -> None:
    """What is written, and a file's name, survive a power cut only once they are on the disk."""
    if os.name != "posix" and os.path.isdir(path):  # elsewhere folders cannot be opened
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
