"""Files that only their owner can read: new, and whole or absent.

What is written gets its name when it is whole and on the disk. It takes the place of nothing, whoever took the name
meanwhile, and whatever breaks it off leaves no file of that name.
"""

from __future__ import annotations

import errno
import gzip
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from authctl.errors import AuthctlError, Invalid, Unavailable
from authctl.settings import new_files

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a disk, a quota and a limit of the process


def check_new(path: str | Path, *, field: str = "file", suffix: str = ".part") -> None:
    """Refuse, before anything is done, a file that is there, or cannot be made. suffix: how its drafts end."""
    if os.path.lexists(path):
        new_files.clear(path, suffix=suffix)  # of who was killed when it had its name
        raise exists(path, field)
    if not os.access(os.path.dirname(os.path.abspath(path)), os.W_OK | os.X_OK):
        raise _unwritable(path, field, "its folder is missing or not writable")


@contextmanager
def draft(path: str | Path, *, field: str = "file", suffix: str = ".part") -> Iterator[str]:
    """A name beside `path`, of mode 0600, to be written to; it becomes `path` at the end of the block.

    suffix: how that name ends. Raises Invalid (general_argument_invalid) where `path` is there already, Unavailable
    (file_unavailable).
    """
    try:
        with new_files.draft(path, suffix=suffix) as beside:
            yield beside
    except FileExistsError:
        raise exists(path, field) from None
    except OSError as error:
        is_full = error.errno in FULL
        raise _unwritable(path, field, (error.strerror or type(error).__name__).lower(), is_full=is_full) from None


@contextmanager
def new_file(path: str | Path, *, field: str = "file") -> Iterator[IO[bytes]]:
    """The same, open to be written to; compressed where the name ends in .gz."""
    with draft(path, field=field) as beside, open(beside, "wb") as file:
        if not _is_packed(path):
            yield file
            return
        # Without name and time, so that the same content makes the same file.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
            yield packed  # type: ignore[misc]


def holds(path: str | Path, parts: Iterable[bytes]) -> bool:
    """Whether there is a file that holds these bytes and no others, as `new_file` would have written them."""
    import zlib

    try:
        # What waits for a writer, as a pipe does, must not be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file, gzip.GzipFile(fileobj=file) if _is_packed(path) else file as content:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            return all(content.read(len(part)) == part for part in parts) and not content.read(1)
    except (OSError, EOFError, zlib.error):
        return False


def _is_packed(path: str | Path) -> bool:
    return os.fspath(path).lower().endswith(".gz")


def exists(path: str | Path, field: str) -> AuthctlError:
    return Invalid(
        "general_argument_invalid",
        f"{path} already exists.",
        field=field,
        hint="Use another name, or move that file.",
    )


def _unwritable(path: str | Path, field: str, why: str, *, is_full: bool = False) -> AuthctlError:
    space = "Free some space, or name a file on another disk."
    return Unavailable(
        "file_unavailable",
        f"Cannot write {path}: {why}.",
        field=field,
        hint=space if is_full else "Name a file in a folder you can write to.",
    )
