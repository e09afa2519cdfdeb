"""What is slow about passwords, done on all cores and outside transactions: plain ones are hashed, weak hashes wrapped.

The next batch is hashed while the one before is stored. Who is there already with that very password is not hashed
anew, so that a file that is imported twice changes nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from authctl import core, storage
from authctl.core import hashing
from authctl.core.directory import Directory
from authctl.model import User
from authctl.transfer.check import Checked, Outcome
from authctl.transfer.reading import Batch
from authctl.transfer.settling import keys_of

if TYPE_CHECKING:
    from authctl.core.work import Work

SLOW_BATCH = 1_000  # records in one transaction where each takes a while: what is lost when the process is killed
SWITCH_SECONDS = (
    0.000_5  # that a thread between two hashes waits for the one that stores; Python's own are ten times so
)


@contextmanager
def hashed(directory: Directory, batches: Generator[Batch]) -> Iterator[Iterator[Batch]]:
    """The same batches with every hash made."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    with ThreadPoolExecutor(_cores()) as pool:
        try:
            yield _ahead(directory, pool, batches)
        finally:
            sys.setswitchinterval(interval)
            pool.shutdown(wait=False, cancel_futures=True)
            batches.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ahead(directory: Directory, pool: ThreadPoolExecutor, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Each batch when its hashes are made, with those of the next one begun."""
    before: tuple[Batch, dict[int, Future[str | None]]] | None = None
    for whole in batches:
        for batch in _parts(whole):
            begun = batch, _begun(directory, pool, batch)
            if before is not None:
                yield _made(*before)
            before = begun
    if before is not None:
        yield _made(*before)


def _parts(batch: Batch) -> Iterator[Batch]:
    """The batch, in parts where much of it is slow."""
    slow = sum(1 for item in batch.items if _is_slow(item))
    if slow <= SLOW_BATCH:
        yield batch
        return
    begin = batch.records - len(batch.items)
    for start in range(0, len(batch.items), SLOW_BATCH):
        items = batch.items[start : start + SLOW_BATCH]
        yield batch._replace(records=begin + start + len(items), items=items)


def _is_slow(item: Outcome) -> bool:
    return isinstance(item, Checked) and (item.extra.plain is not None or item.extra.to_wrap)


def _begun(directory: Directory, pool: ThreadPoolExecutor, batch: Batch) -> dict[int, Future[str | None]]:
    """The hashes that are being made, by the places of their records."""
    slow = {place: item for place, item in enumerate(batch.items) if isinstance(item, Checked) and _is_slow(item)}
    if not slow:
        return {}
    present = directory.read(_present, list(slow.values()))
    salts = {place: directory.random_bytes(hashing.SALT_SIZE) for place in slow}
    return {
        place: pool.submit(_hash, directory, item, present.get(order), salts[place])
        for order, (place, item) in enumerate(slow.items())
    }


def _present(work: Work, items: list[Checked]) -> dict[int, tuple[User, str]]:
    """Those of them who seem to be there and have a password, by their places, with the hash of it."""
    owners = storage.imports.find_owners(work.db, keys_of(items, storage.imports.Keys()))
    found = {}
    for place, item in enumerate(items):
        row = item.row
        seqs = (
            owners.ids.get(row.id),
            owners.emails.get(row.email or ""),
            owners.phones.get(row.phone or ""),
            owners.username_keys.get(row.username_key or ""),
        )
        seq = next((seq for seq in seqs if seq is not None), None)
        if seq is not None and (user := owners.users[seq]).password is not None:
            found[place] = (user, core.passwords.revealed(work, user))
    return found


def _hash(directory: Directory, item: Checked, present: tuple[User, str] | None, salt: bytes) -> str | None:
    """The hash to store; None where the user keeps the password that was set here."""
    parameters, plain, weak = directory.hash_parameters, item.extra.plain, item.row.password_hash
    if present is not None:
        user, stored = present
        if user.password is not None and user.password.imported_by is None:
            return None
        if weak is not None and hashing.wraps(stored, weak):
            return stored
    if directory.dry_run:
        return weak or hashing.dummy(parameters)
    if plain is not None:
        return hashing.hash_new(plain, parameters=parameters, salt=salt)
    assert weak is not None
    return hashing.wrap(weak, parameters=parameters, salt=salt)


def _made(batch: Batch, begun: dict[int, Future[str | None]]) -> Batch:
    """The batch with these hashes in its rows."""
    for place, future in begun.items():
        item = batch.items[place]
        assert isinstance(item, Checked)
        batch.items[place] = _with_hash(item, future.result())
    return batch


def _with_hash(item: Checked, hash: str | None) -> Checked:
    if hash is None:
        row = item.row._replace(password_hash=None, password_algorithm=None, password_updated_at=None)
        return item._replace(row=row, strength=None)
    row = item.row._replace(password_hash=hash, password_algorithm=hashing.describe(hash))
    return item._replace(row=row, strength=str(hashing.strength(hash)))
