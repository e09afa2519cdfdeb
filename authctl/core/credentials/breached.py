"""Passwords known from breaches, in the file that Have I Been Pwned publishes: SHA-1 hashes in order, one a line.

    000000005AD76BD555C1D6D771DE417A4B87E4B4:10
    00000000A8DAE4228F821FB418F59826079BF368:4

The whole file has 40 GB. It is searched on disk by halving it, some forty short reads, and nothing of it is kept. A
file that is missing or damaged refuses every password: a control that fails is not skipped.
"""

from __future__ import annotations

import os
import re
import stat
from typing import BinaryIO

from authctl.core.values import checks
from authctl.errors import Unavailable

POLICY = "password-breached-file"
LONGEST_LINE = 80  # bytes; a hash has 40, and a count of all people ten
_LINE = rb"([0-9A-Fa-f]{40})(?::([0-9]{1,18}))?\r?\n?"


def count(path: str, password: str) -> int:
    """How often a password was seen in breaches; 0 for one that was not.

    Raises Unavailable (file_unavailable) where the file is missing, or is seen to be no such file or out of order.
    """
    from hashlib import sha1

    wanted = sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with _opened(path) as file:
        try:
            return _search(file, path, wanted)
        except OSError as error:
            raise _unavailable(path, f"cannot be read: {error.strerror}") from error


def check(path: str) -> None:
    """Raise Unavailable where the file cannot be used; that it is in order is seen only here and there."""
    count(path, "")


def _opened(path: str) -> BinaryIO:
    try:
        # Not blocking: a pipe in the file's place would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _unavailable(path, f"cannot be opened: {error.strerror}") from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb", buffering=0)
    os.close(descriptor)
    raise _unavailable(path, "is not a file")


def _search(file: BinaryIO, path: str, wanted: bytes) -> int:
    """Halve the part of the file that may hold the hash, until it is found or nothing is left.

    low, high: where that part begins and ends, both at the beginning of a line. Before it, all hashes are below the
    wanted one; behind it, above. What is read must lie between the last hash seen on either side: else the file is not
    in order, and not finding the hash would mean nothing.
    """
    low, high = 0, os.fstat(file.fileno()).st_size
    below, above = b"", b"G"
    if high == 0:
        raise _unavailable(path, "is empty")
    while low < high:
        start = _start_of_line(file, path, low, (low + high) // 2)
        file.seek(start)
        line = file.read(LONGEST_LINE).partition(b"\n")
        found = re.fullmatch(_LINE, line[0] + line[1])
        if found is None:
            raise _unavailable(path, f"has no SHA-1 hash on the line at byte {start:,}")
        hash = found[1].upper()
        if not below < hash < above:
            raise _unavailable(path, f"is not sorted by hash at byte {start:,}")
        if hash == wanted:
            return int(found[2] or b"1")
        if hash < wanted:
            low, below = start + len(found[0]), hash
        else:
            high, above = start, hash
    return 0


def _start_of_line(file: BinaryIO, path: str, low: int, place: int) -> int:
    """Where the line begins that a place is in; `low` is the beginning of a line at or before it."""
    begin = max(low, place - LONGEST_LINE)
    file.seek(begin)
    before = file.read(place - begin)
    newline = before.rfind(b"\n")
    if newline >= 0:
        return begin + newline + 1
    if begin > low:
        raise _unavailable(path, f"has no SHA-1 hash on the line at byte {begin:,}")
    return low


def _unavailable(path: str, what: str) -> Unavailable:
    return Unavailable(
        "file_unavailable",
        f"Cannot check new passwords: the file {checks.shown(path, 256)} of {POLICY} {what}.",
        field=POLICY,
        hint=f"Put Have I Been Pwned's file there, ordered by hash, or stop using it: authctl security reset {POLICY}",
    )
