"""What imports leave behind: the verbs that list them, undo one, and tell whose passwords still wait to be replaced."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from authctl import storage
from authctl.core import hashing
from authctl.core.accounts import throttle
from authctl.core.directory.verbs import Group, flow, reads
from authctl.core.values import checks, identifiers
from authctl.core.work.engine import Engine
from authctl.core.work.unit import OPERATOR, Work
from authctl.errors import NotFound
from authctl.model import EventName, Import, ImportStatus, Json, Public, instant
from authctl.transfer import files, importing, sources
from authctl.transfer.records import Record, Secret


@dataclass(frozen=True, slots=True)
class Undone(Public):
    """What became of the users that an import made. kept: why, and how many; `gone` were gone already."""

    id: str
    removed: int
    kept: Mapping[str, int]


def list_(work: Work, *, limit: int = 25, after: str | None = None) -> list[Import]:
    """The imports, the newest first. after: the id of the one that the page goes on from."""
    behind = _get(work, after).seq if after is not None else None
    return storage.imports.list_page(work.db, behind, identifiers.limit(limit))


def _get(work: Work, id: str, *, lock: bool = False) -> Import:
    found = storage.imports.find(work.db, checks.text(id, "import"), lock=lock)
    if found is None:
        raise importing.not_found(id)
    return found


def undo(directory: Engine, id: str) -> Undone:
    """Remove the users that an import made, but for those that were changed since or have signed in.

    Done in batches, each one unit of work, and gone on with when it is called again. What the import changed of users
    who were there before stays.
    """
    removed, kept, after = 0, Counter[str](), ""
    while True:
        last, some, reasons = directory.write(_undo_some, id, after)
        removed, kept = removed + some, kept + reasons
        if last is None:
            return Undone(id, removed, dict(sorted(kept.items())))
        after = last


def _undo_some(work: Work, id: str, after: str) -> tuple[str | None, int, Counter[str]]:
    """The next of them; with the last one looked at, None where there are no more."""
    journal = _get(work, id, lock=True)
    if journal.status is not ImportStatus.UNDONE:  # first, so that no import under way makes more of them meanwhile
        journal = storage.imports.mark_undone(work.db, journal, work.now)
    brought = storage.imports.list_created(work.db, journal, after)
    untouched = [each.user for each in brought if each.touched is None and each.user is not None]
    for user in untouched:
        storage.users.delete(work.db, user)
        throttle.forget(work, user)
    if untouched:
        work.at_end(storage.user_counts.add, work.db, -len(untouched))
        work.record(EventName.USERS_IMPORTS_DELETE, f"imports/{id}", {"removed": len(untouched)})
    return (
        brought[-1].user_id if brought else None,
        len(untouched),
        Counter(each.touched for each in brought if each.touched is not None),
    )


def status(work: Work) -> list[storage.imports.Remaining]:
    """How many users still have the hash that an import brought, by import and algorithm, the oldest import first."""
    return storage.imports.remaining(work.db)


def as_public(remaining: storage.imports.Remaining) -> Json:
    return remaining._asdict() | {"imported_at": instant(remaining.imported_at)}


def first_records(
    inputs: Sequence[files.Input], *, source: str, source_options: Mapping[str, str], count: int
) -> list[Record]:
    """The first users of the files, as the source makes them out; the database is not asked."""
    found = sources.load(source)
    opened = [files.Reading(each, None) for each in (inputs if found.joins else inputs[:1])]
    try:
        items = found.read([each.file for each in opened], source_options, 0)
        return list(islice((item for item in items if isinstance(item, Record)), count))
    finally:
        for each in opened:
            each.close()


def find_hash(
    inputs: Sequence[files.Input],
    *,
    source: str,
    source_options: Mapping[str, str],
    user: str,
) -> Secret:
    """The password of a user in the files, on which `proves` shows whether the settings of the hashes are right.

    user: the id, username, email or phone there. Reads as far as that user; the database is not asked. Raises NotFound
    (user_not_found) where the files have no such user or no password of theirs, Invalid where they cannot be read.
    """
    found = sources.load(source)
    for together in [inputs] if found.joins else [[each] for each in inputs]:
        opened = [files.Reading(each, None) for each in together]
        try:
            for item in found.read([each.file for each in opened], source_options, 0):
                if isinstance(item, Record) and _is_called(item, user):
                    return _secret(item)
        finally:
            for each in opened:
                each.close()
    raise NotFound("user_not_found", f"There is no user {checks.shown(user)} in {inputs[0].name}.", field="user")


def _is_called(record: Record, user: str) -> bool:
    wanted = user.strip().lower()
    return any(
        isinstance(name, str) and name.strip().lower() == wanted
        for name in (record.ref, record.id, record.username, record.email, record.phone)
    )


def _secret(record: Record) -> Secret:
    if record.password is None:
        raise NotFound("user_not_found", "That user has no password in the file; take another.", field="user")
    return record.password


def proves(given: Secret, password: str) -> bool:
    """Whether a password is the one that a file has for a user. Raises Invalid where its hash cannot be read."""
    if given.is_plain:
        return hmac.compare_digest(given.text.encode("utf-8", "replace"), password.encode("utf-8", "replace"))
    return hashing.verify(hashing.accept(given.text, given.hash, given.options).stored, password)


class Imports(Group):
    """Imports: the verbs of `authctl users import` and its like."""

    run = flow(importing.import_users, by=OPERATOR)
    list = reads(list_, by=OPERATOR)
    undo = flow(undo, by=OPERATOR)
    status = reads(status, by=OPERATOR)
