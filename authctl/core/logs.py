"""What makes the audit log tell of changes: a digest in each event, and seals over all of them.

    secret key ── seals ── log key          in `peppers`, from the beginning on; a new secret key leaves it as it is
                              ├─ HMAC-SHA256 of an event   in its row: an event that was changed or made up is told
                              └─ HMAC-SHA256 of a seal     how many events up to a number, and the digest of theirs

Whoever may write to the database, and has not the secret key, can make no event and no seal that is taken for ours.
No event knows the one before it: writers would have to wait for each other. So what is taken away is missed by the
seals, each of which knows the one before it:

    seal 1            seal 2                seal 3
    ├─ events 1..40 ──┼─ events 41..55 ─────┼─ …     what comes after the last seal can be taken away unnoticed

The first is made with the log key, whatever there was before; `verify-logs` makes one more each time that it finds the
log to be whole. One that begins with the log once more (it is behind no event) was made by somebody who accepted the
log as it was. Verifying is in log_verification.py.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from authctl import storage
from authctl.core import sealing
from authctl.errors import AuthctlError, Unavailable

if TYPE_CHECKING:
    from authctl.core.work import Work
    from authctl.storage.events import Row
    from authctl.storage.log_seals import Row as Seal


KEY_BYTES = sealing.KEY_SIZE + sealing.NONCE_SIZE  # random ones, for a key and for sealing it


# Digests


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


def event_digest(key: bytes, row: Row) -> bytes:
    """What an event's row holds of itself: of every column as it is stored, but for the number."""
    return hmac.digest(key, encoding(("authctl event v1", *row)), hashlib.sha256)


def seal_digest(key: bytes, seal: Seal) -> bytes:
    return hmac.digest(key, encoding(("authctl seal v1", *seal)), hashlib.sha256)


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


# The key


def unseal_key(secret_key: bytes, sealed: bytes) -> bytes:
    return sealing.unseal(secret_key, sealed, context=_context())


def _context() -> str:
    return f"peppers/{storage.peppers.LOG_KEY}"


def key(work: Work, *, anew: bool = False) -> bytes:
    """The log key, from the database; made where there is none yet, with a first seal over the events from before.

    Of many who make it at once, all have the first one's. anew: make one even where it was lost. Raises Unavailable
    (general_secret_damaged) where it is gone, or does not open.
    """
    sealed, _ = storage.peppers.find_log_key(work.db)
    if sealed is None:
        storage.events.lock(work.db)
        sealed, _ = storage.peppers.find_log_key(work.db)
    if sealed is not None:
        return unseal_key(work.key, sealed)
    return make_key(work, work.random(KEY_BYTES), anew=anew)


def make_key(work: Work, random: bytes, *, anew: bool = False) -> bytes:
    """Make the key of a log that has none, of so many random bytes, with the first seal. It is for this transaction."""
    made, nonce = random[: sealing.KEY_SIZE], random[sealing.KEY_SIZE :]
    _begin(work, made, anew)
    sealed = sealing.seal(work.key, made, context=_context(), nonce=nonce)
    storage.peppers.add(work.db, storage.peppers.LOG_KEY, sealed, work.now)
    return made


def _begin(work: Work, key: bytes, anew: bool) -> None:
    """Seal the events from before the log had a key. Nobody adds any meanwhile."""
    last = storage.log_seals.find_last(work.db)
    had_key = last is not None
    tally, up_to = Tally(), 0
    for seq, row, digest in storage.events.list_rows(work.db):
        had_key = had_key or digest is not None
        tally.add(seq, event_digest(key, row))
        up_to = seq
    if had_key and not anew:
        raise _lost()
    number, previous = (1, None) if last is None else (last[0].number + 1, last[1])
    add_seal(work, key, number, None, up_to, tally, previous)


def _lost() -> AuthctlError:
    return Unavailable(
        "general_secret_damaged",
        f"The key of the audit log is gone from the database, where it was sealed as {_context()}.",
        hint="Restore the row from a backup, or take the log as it is: authctl security verify-logs --accept",
    )


# Seals


def add_seal(
    work: Work, key: bytes, number: int, behind: int | None, up_to: int, tally: Tally, previous: bytes | None
) -> tuple[Seal, bytes]:
    """Store a seal over the events behind a number and up to another; the seal and its digest."""
    now = storage.tables.milliseconds(work.now)
    seal = storage.log_seals.Row(number, behind, up_to, tally.count, tally.digest(), previous, now)
    digest = seal_digest(key, seal)
    storage.log_seals.insert(work.db, seal, digest)
    return seal, digest
