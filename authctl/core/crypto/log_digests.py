"""The digests that show whether the audit log was changed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Any


def encoding(values: Iterable[Any]) -> bytes:
    """Values as bytes, such that no two lists of values have the same: each with its type and its length."""
    parts = []
    for value in values:
        if value is None:
            parts.append(b"n:")
            continue
        if isinstance(value, str):
            kind, octets = b"s", value.encode(errors="surrogatepass")
        elif isinstance(value, int):
            kind, octets = b"i", b"%d" % value
        elif isinstance(value, bytes):
            kind, octets = b"b", value
        else:  # what is in no row of ours
            kind, octets = b"?", repr(value).encode(errors="surrogatepass")
        parts.append(b"%b%d:" % (kind, len(octets)))
        parts.append(octets)
    return b"".join(parts)


def event_digest(key: bytes, row: Iterable[Any]) -> bytes:
    """What an event's row holds of itself: of every column as it is stored, but for the number."""
    return hmac.digest(key, encoding(("authctl event v1", *row)), hashlib.sha256)


# The kinds of seals, which their digests tell apart: those of new events, and cuts, where older ones were cleared.
SEAL, CUT = "authctl seal v1", "authctl cut v1"


def seal_digest(key: bytes, seal: Iterable[Any], kind: str = SEAL) -> bytes:
    return hmac.digest(key, encoding((kind, *seal)), hashlib.sha256)


def seal_kind(key: bytes, seal: Iterable[Any], digest: Any) -> str | None:
    """Which kind of seal a row is by its digest; None where nobody with the key made it."""
    return next((kind for kind in (SEAL, CUT) if is_digest(digest, seal_digest(key, seal, kind))), None)


def is_digest(found: Any, wanted: bytes) -> bool:
    """Whether what a row holds is that digest; it may be anything."""
    return isinstance(found, bytes) and hmac.compare_digest(found, wanted)


class Tally:
    """Events as they are counted for a seal, in the order of their numbers."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, seq: int, digest: bytes) -> None:
        """digest: as it is to be of what the row holds now, whichever the row has."""
        self.count += 1
        self._digest.update(b"%d:%b" % (seq, digest))

    def digest(self) -> bytes:
        return self._digest.digest()
