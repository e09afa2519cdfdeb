"""Accounts that were made because somebody asked for a code at an address that nobody had.

Nobody has shown to be there: until something becomes of such an account (a code is redeemed, an operator changes it),
it yields to whoever signs up with its address, and it is removed with its last token.
"""

from __future__ import annotations

from authctl import storage
from authctl.core.accounts import records
from authctl.core.accounts.standing import AddressKind
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work


def make_way(work: Work, kind: AddressKind, address: str | None) -> None:
    """Remove the account that has that address, if it was made for a code and nothing has become of it."""
    found = storage.users.find(work.db, kind, address, lock=True) if address is not None else None
    if found is not None and found.requested and storage.users.is_bare(work.db, found.seq):
        records.remove(work, found)


def purge(directory: Engine) -> None:
    """Remove those whose tokens are all purged, some at a time."""
    while directory.operating().write(_purge):
        pass


def _purge(work: Work) -> int:
    ids = storage.purging.list_abandoned(work.db)
    for id in ids:
        if (found := storage.users.find(work.db, "id", id, lock=True)) is not None and found.requested:
            records.remove(work, found)
    return len(ids)
