"""Files that only their owner can read: new, and whole or absent."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from authctl.errors import Unavailable

MODE = 0o600


@contextmanager
def new_file(path: Path, random: bytes) -> Iterator[IO[bytes]]:
    """A file to write to, which has its name once all is written, and overwrites none; compressed where it ends in .gz.

    random: 8 bytes, for a name beside it that no other process has in hand. Raises Unavailable (file_unavailable).
    """
    if os.path.lexists(path):
        raise _refused(path, "it exists, and is not overwritten")
    draft = path.with_name(f".{path.name[:64]}.{random.hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    except OSError as error:
        raise _refused(path, _reason(error)) from None
    try:
        with open(descriptor, "wb") as file:
            yield from _written(path, file)
            _flush(path, file)
        _name(draft, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)


def _written(path: Path, file: IO[bytes]) -> Iterator[IO[bytes]]:
    if path.suffix.lower() != ".gz":
        yield file
        return
    # Without name and time, so that the same content makes the same file.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
        yield packed  # type: ignore[misc]


def _flush(path: Path, file: IO[bytes]) -> None:
    try:
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        raise _refused(path, _reason(error)) from None


def _name(draft: Path, path: Path) -> None:
    """Linking overwrites nothing, whoever took the name meanwhile."""
    try:
        try:
            os.link(draft, path)
        except PermissionError:  # what FAT and some shares say, which have no links: the name is taken, then given
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE))
            os.replace(draft, path)
    except FileExistsError:
        raise _refused(path, "it exists, and is not overwritten") from None
    except OSError as error:
        raise _refused(path, _reason(error)) from None


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _refused(path: Path, why: str) -> Unavailable:
    return Unavailable(
        "file_unavailable",
        f"The file {path} cannot be written: {why}.",
        field="file",
        hint="Name a file that is not there yet, in a folder that can be written to.",
    )
