"""What is slow about passwords, done on all cores and outside transactions: plain ones are hashed, weak hashes wrapped.

The next ones are hashed while a batch is stored. Who is there already with that very password is not hashed
anew, so that a file that is imported twice changes nothing.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import islice
from typing import NamedTuple

from authctl import storage
from authctl.core import hashing
from authctl.core.credentials import passwords
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.model import User
from authctl.transfer.conflicts import keys_of
from authctl.transfer.reader_process import Batch
from authctl.transfer.validation import NOTHING, Checked, Outcome

SLOW_BATCH = 1_000  # records in one transaction where each takes a while: what is lost when the process is killed
AHEAD = 3 * SLOW_BATCH  # records in the making behind a batch, so that no core waits while the next ones are read
CHUNK = 8  # hashes in one go of a thread: handing them over one by one costs as much as a quick one
SWITCH_SECONDS = (
    0.000_5  # that a thread between two hashes waits for the one that stores; Python's own are ten times so
)


Tick = Callable[[Batch, int], None]  # so many records of a batch have their hashes now


@contextmanager
def hashed(directory: Engine, batches: Generator[Batch], tick: Tick) -> Iterator[Iterator[Batch]]:
    """The same batches with every hash made."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    with ThreadPoolExecutor(_cores()) as pool:
        try:
            yield _ahead(directory, pool, batches, tick)
        finally:
            sys.setswitchinterval(interval)
            pool.shutdown(wait=False, cancel_futures=True)
            batches.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ahead(directory: Engine, pool: ThreadPoolExecutor, batches: Iterator[Batch], tick: Tick) -> Iterator[Batch]:
    """Each batch when its hashes are made, with those of the next ones begun; at once where it has none to make."""
    begun: deque[tuple[Batch, list[_Part]]] = deque()
    done = 0
    for whole in batches:
        parts, done = _parts(whole, done), whole.done
        for batch in parts:
            begun.append((batch, _begun(directory, pool, batch)))
            while begun and (not begun[0][1] or sum(len(each.items) for each, _ in islice(begun, 1, None)) >= AHEAD):
                yield _made(*begun.popleft(), tick)
    while begun:
        yield _made(*begun.popleft(), tick)


def _parts(batch: Batch, before: int) -> Iterator[Batch]:
    """The batch, in parts where much of it is slow. before: the bytes that were done then."""
    if len(_slow(batch.items)) <= SLOW_BATCH:
        yield batch
        return
    begin = batch.records - len(batch.items)
    for start in range(0, len(batch.items), SLOW_BATCH):
        items = batch.items[start : start + SLOW_BATCH]
        records = start + len(items)
        done = before + (batch.done - before) * records // len(batch.items)
        yield batch._replace(records=begin + records, done=done, items=items)


def _slow(items: list[Outcome]) -> list[tuple[int, Checked]]:
    """Those that need a hash, with their places."""
    return [
        (place, item)
        for place, item in enumerate(items)
        if type(item) is Checked and item.extra is not NOTHING and (item.extra.plain is not None or item.extra.to_wrap)
    ]


class _Hash(NamedTuple):
    """A hash that is stored, and what it is; text: None where the user keeps the password that was set here."""

    text: str | None
    algorithm: str = ""
    strength: str = ""

    def __repr__(self) -> str:
        return f"_Hash({self.algorithm!r})"


_Part = tuple[
    list[int], "Future[list[_Hash]]"
]  # the places of some records, and the hashes that are being made of them


def _begun(directory: Engine, pool: ThreadPoolExecutor, batch: Batch) -> list[_Part]:
    """The hashes that are being made."""
    slow = _slow(batch.items)
    if not slow:
        return []
    present = directory.read(_present, [item for _, item in slow])
    jobs = [
        (item, present.get(order), directory.random_bytes(hashing.SALT_SIZE)) for order, (_, item) in enumerate(slow)
    ]
    places = [place for place, _ in slow]
    return [
        (places[start : start + CHUNK], pool.submit(_hashes, directory, jobs[start : start + CHUNK]))
        for start in range(0, len(slow), CHUNK)
    ]


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
            found[place] = (user, passwords.revealed(work, user))
    return found


def _hashes(directory: Engine, jobs: list[tuple[Checked, tuple[User, str] | None, bytes]]) -> list[_Hash]:
    return [_hash(directory, *job) for job in jobs]


def _hash(directory: Engine, item: Checked, present: tuple[User, str] | None, salt: bytes) -> _Hash:
    parameters, plain, weak = directory.hash_parameters, item.extra.plain, item.row.password_hash
    if present is not None:
        user, stored = present
        if user.password is not None and user.password.imported_by is None:
            return _Hash(None)
        if weak is not None and hashing.wraps(stored, weak):
            return _told(stored)
    if plain is not None:
        made = (
            str(hashing.dummy(parameters))
            if directory.dry_run
            else hashing.hash_new(plain, parameters=parameters, salt=salt)
        )
        return _Hash(made, *_newest(parameters))
    assert weak is not None
    return _told(weak if directory.dry_run else hashing.wrap(weak, parameters=parameters, salt=salt))


def _told(hash: str) -> _Hash:
    return _Hash(hash, hashing.describe(hash), str(hashing.strength(hash)))


@cache
def _newest(parameters: hashing.Parameters) -> tuple[str, str]:
    """Algorithm and strength of every new hash, asked of one."""
    _, algorithm, strength = _told(str(hashing.dummy(parameters)))
    return algorithm, strength


def _made(batch: Batch, begun: list[_Part], tick: Tick) -> Batch:
    """The batch with these hashes in its rows."""
    for places, future in begun:
        for place, hash in zip(places, future.result(), strict=True):
            item = batch.items[place]
            assert isinstance(item, Checked)
            batch.items[place] = _with_hash(item, hash)
        tick(batch, places[-1] + 1)
    return batch


def _with_hash(item: Checked, hash: _Hash) -> Checked:
    if hash.text is None:
        row = item.row._replace(password_hash=None, password_algorithm=None, password_updated_at=None)
        return item._replace(row=row, strength=None)
    row = item.row._replace(password_hash=hash.text, password_algorithm=hash.algorithm)
    return item._replace(row=row, strength=hash.strength)
