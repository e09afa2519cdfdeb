"""Disks that are full: small file systems of the tests' own."""

import errno
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(size="1m"):
    """A file system of that size, in memory; only root can make one."""
    folder = tempfile.mkdtemp()
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(mounted, capture_output=True).returncode:
        os.rmdir(folder)
        pytest.skip("a small disk can be mounted by root alone")
    try:
        yield Path(folder)
    finally:
        subprocess.run(["umount", folder], check=True)
        os.rmdir(folder)


def fill(folder, spare=0):
    """Leave so many bytes of a small disk; what took the others can be removed."""
    path = folder / "filling"
    with path.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - an end, and no other
        file.truncate(max(file.tell() - spare, 0))
    return path
