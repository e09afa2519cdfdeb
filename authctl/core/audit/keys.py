"""What makes the audit log tell of changes: a digest in each event, and seals over all of them.

    secret key ── seals ── log key          in `peppers`, from the beginning on; a new secret key leaves it as it is
                              ├─ HMAC-SHA256 of an event   in its row: an event that was changed or made up is told
                              └─ HMAC-SHA256 of a seal     how many events up to a number, and the digest of theirs

Whoever may write to the database, and has not the secret key, can make no event and no seal that is taken for ours.
No event knows the one before it: writers would have to wait for each other. So what is taken away is missed by the
seals (seals.py), each of which knows the one before it. What comes after the last seal can be taken away unnoticed.

The first seal is made with the log key, whatever there was before; `verify-logs` makes one more each time that it finds
the log to be whole. Verifying is in verification.py.
"""

from __future__ import annotations

from authctl import storage
from authctl.core.audit import seals
from authctl.core.crypto import log_digests, sealing
from authctl.core.work.unit import Work
from authctl.errors import AuthctlError, Unavailable

KEY_BYTES = sealing.KEY_SIZE + sealing.NONCE_SIZE  # random ones, for a key and for sealing it


def key(work: Work, *, anew: bool = False) -> bytes:
    """The log key, from the database; made where there is none yet, with a first seal over the events from before.

    Of many who make it at once, all have the first one's. anew: make one even where it was lost. Raises Unavailable
    (general_secret_damaged) where it is gone, or does not open.
    """
    sealed, _ = storage.sealed_keys.find_log_key(work.db)
    if sealed is None:
        storage.log_rows.lock(work.db)
        sealed, _ = storage.sealed_keys.find_log_key(work.db)
    if sealed is not None:
        return sealing.unseal(work.key, sealed, context=storage.sealed_keys.LOG_KEY_CONTEXT)
    return make_key(work, work.random(KEY_BYTES), anew=anew)


def make_key(work: Work, random: bytes, *, anew: bool = False) -> bytes:
    """Make the key of a log that has none, of so many random bytes, with the first seal. It is for this transaction."""
    made, nonce = random[: sealing.KEY_SIZE], random[sealing.KEY_SIZE :]
    _begin(work, made, anew)
    sealed = sealing.seal(work.key, made, context=storage.sealed_keys.LOG_KEY_CONTEXT, nonce=nonce)
    storage.sealed_keys.add(work.db, storage.sealed_keys.LOG_KEY, sealed, work.now)
    return made


def _begin(work: Work, key: bytes, anew: bool) -> None:
    """Seal the events from before the log had a key. Nobody adds any meanwhile."""
    last = storage.log_seals.find_last(work.db)
    had_key = last is not None
    spans, up_to = seals.Spans(None), 0
    for seq, row, digest in storage.log_rows.list_rows(work.db):
        had_key = had_key or digest is not None
        spans.add(seq, log_digests.event_digest(key, row))
        up_to = seq
    if had_key and not anew:
        raise _lost()
    number, previous = (1, None) if last is None else (last[0].number + 1, last[1])
    seals.add(work, key, spans.end(up_to), number, previous)


def _lost() -> AuthctlError:
    place = storage.sealed_keys.LOG_KEY_CONTEXT
    return Unavailable(
        "general_secret_damaged",
        f"The key of the audit log ({place}) is missing from the database.",
        hint="Restore it from a backup, or accept the log as it is: authctl security verify-logs --accept",
    )
