"""A new secret key, and everything sealed with it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from authctl import storage
from authctl.core.crypto import sealing
from authctl.core.crypto.sealing import NONCE_SIZE, TEXT_PREFIX
from authctl.core.maintenance import key_files
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import AuthctlError, Conflict, Invalid
from authctl.model import EventName, Json
from authctl.settings import Settings, write_key_file
from authctl.storage.sealed import Place


def reseal_all(work: Work, old_key: bytes, new_key: bytes) -> int:
    """Seal everything with a new key instead of the old one; the number of secrets. One unit of work, however many.

    The new key must be where it will be found before this is asked for. Raises Conflict (general_key_changed) where
    another was first.
    """
    before, after = sealing.fingerprint(old_key), sealing.fingerprint(new_key)
    if not storage.sealed.replace_fingerprint(work.db, before, after):
        raise Conflict(
            "general_key_changed",
            f"The directory's secret key is no longer {before}.",
            field="secret_key",
            hint="Somebody else changed it. See the current one with: authctl status",
        )
    storage.schema.put_fact(work.db, storage.state.KEY_AT, work.now.isoformat())
    count = sum(_reseal_place(work, place, old_key, new_key) for place in storage.sealed.PLACES)
    work.record(EventName.SECURITY_KEYS_ROTATE, "secret_key", {"before": before, "after": after, "resealed": count})
    return count


def _reseal_place(work: Work, place: Place, old_key: bytes, new_key: bytes) -> int:
    count, after = 0, 0
    while rows := storage.sealed.list_(work.db, place, TEXT_PREFIX, after):
        fresh = []
        for row in rows:
            context, nonce = f"{place.context}/{row.id}", work.random(NONCE_SIZE)
            fresh.append((row.seq, _reseal(row.sealed, old_key, new_key, context, nonce)))
        storage.sealed.replace(work.db, place, fresh)
        count, after = count + len(rows), rows[-1].seq
    return count


def _reseal(sealed: str | bytes, old_key: bytes, new_key: bytes, context: str, nonce: bytes) -> str | bytes:
    if isinstance(sealed, str):
        return sealing.seal_text(
            new_key, sealing.unseal_text(old_key, sealed, context=context), context=context, nonce=nonce
        )
    return sealing.seal(new_key, sealing.unseal(old_key, sealed, context=context), context=context, nonce=nonce)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What `authctl security rotate-key` did: the new key's fingerprint and file, and how many secrets it now seals."""

    fingerprint: str
    key_file: str
    resealed: int

    def public(self) -> Json:
        return {"key": "secret", "id": self.fingerprint, "key_file": self.key_file, "resealed": self.resealed}


def rotate_key(directory: Engine, settings: Settings) -> Rotated:
    """Seal everything with a new secret key, in one unit of work. The old key stays where it is: backups need it.

    The new key is in its file before the database remembers it, and is found there by its fingerprint. Raises Invalid
    (general_config_invalid) where the key was given itself, so that a new one would have no place.
    """
    directory.require_operator()
    old = directory.key
    if settings.secret_key_file is None:
        raise Invalid(
            "general_config_invalid",
            "The secret key is set directly, so a new one cannot be saved.",
            field="secret_key",
            hint="Put the key in a file, set secret_key_file to it, and rotate the key again.",
        )
    new = sealing.new_key(directory.random_bytes)
    path = key_files.new_key_file(settings, sealing.fingerprint(new))
    if not directory.dry_run:
        write_key_file(path, new)
    try:
        resealed = directory.write(reseal_all, old, new)
    except AuthctlError as refused:
        if refused.type != "database_unavailable":  # else the database may have taken it all the same
            _remove_unused_key(directory, old, path)
        raise
    return Rotated(sealing.fingerprint(new), path, resealed)


def _remove_unused_key(directory: Engine, current: bytes, path: str) -> None:
    """Remove the file of a key that the database has not taken: only where it says that it still has the other."""
    with suppress(AuthctlError, OSError):
        if storage.state.get_state(directory.database).key_fingerprint == sealing.fingerprint(current):
            os.remove(path)
