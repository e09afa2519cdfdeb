"""What imports leave behind: the verbs that list them, undo one, and tell whose passwords still wait to be replaced."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from authctl import storage
from authctl.core import hashing
from authctl.core.accounts import throttle
from authctl.core.directory.verbs import Group, flow, reads
from authctl.core.policy.policies import Policy
from authctl.core.values import checks, identifiers
from authctl.core.work.engine import Engine
from authctl.core.work.unit import OPERATOR, Work, system_random_bytes
from authctl.errors import NotFound
from authctl.model import EventName, Import, ImportStatus, Json, Progress, Public, instant
from authctl.transfer import files, importing, restoring, sources, validation
from authctl.transfer.records import MERGED, Record, Secret, Skipped, Source


@dataclass(frozen=True, slots=True)
class Undone(Public):
    """What became of the users that an import had.

    removed: those that it made. restored: those whom it changed, and who are as they were in all that it wrote down.
    kept: why the others, or something of them, are as they are, and how many.
    """

    id: str
    removed: int
    restored: int
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


def undo(directory: Engine, id: str, *, progress: Progress | None = None) -> Undone:
    """Take back what an import did: remove the users that it made, and restore those whom it changed.

    Whoever was made by it and changed since, or has signed in, stays. Of others that comes back which nobody has
    changed since; ended sessions, used codes and what a stranger may have put there do not. Done in batches, each one
    unit of work, and gone on with when it is called again. progress: opens a bar.
    """
    total = directory.read(_total, id)
    with progress("Users", total) if progress is not None else nullcontext(_untold) as step:
        kept = directory.write(_unrecorded, id)
        restored, some = _by_batches(directory, id, _restore_some, step)
        removed, others = _by_batches(directory, id, _undo_some, step)
    return Undone(id, removed, restored, dict(sorted((kept + some + others).items())))


def _untold(count: int) -> None:
    """Nobody watches."""


def _by_batches(
    directory: Engine, id: str, undo: Callable[[Work, str, Any], Batch], step: Callable[[int], None]
) -> tuple[int, Counter[str]]:
    """Undo batch by batch; of how many users, and why others stay."""
    done, kept, last = 0, Counter[str](), None
    while True:
        batch = directory.write(undo, id, last)
        done, kept, last = done + batch.done, kept + batch.kept, batch.last
        if last is None:
            return done, kept
        step(batch.looked_at)


class Batch(NamedTuple):
    """Some users whom an import had, and what became of them. last: behind whom to go on; None at the end."""

    last: Any
    done: int
    looked_at: int
    kept: Counter[str]


def _total(work: Work, id: str) -> int:
    counts = _get(work, id).counts
    return int(counts["created"] + counts["updated"])


def _unrecorded(work: Work, id: str) -> Counter[str]:
    """End an import; how many users it changed without writing down what they were like."""
    journal = _get(work, id, lock=True)
    if journal.status is ImportStatus.UNDONE:
        return Counter()
    storage.imports.mark_undone(work.db, journal, work.now)
    changed = journal.counts["updated"] - journal.counts["reasons"].get(MERGED, 0)
    is_unknown = changed > 0 and not storage.imports.list_changed(work.db, journal.seq, None)
    return Counter(not_recorded=changed) if is_unknown else Counter()


def _restore_some(work: Work, id: str, before: int | None) -> Batch:
    """Restore the next of them."""
    journal = _get(work, id, lock=True)
    changed = storage.imports.list_changed(work.db, journal.seq, before)
    kept, restored = Counter[str](), 0
    for each in changed:
        why = restoring.undo(work, storage.users.find_again(work.db, each.user.seq) or each.user, each.changes)
        storage.imports.delete_changes(work.db, each.seq)
        kept.update(why)
        restored += not why
    if changed:
        work.record(EventName.USERS_IMPORTS_DELETE, f"imports/{id}", {"restored": restored})
    return Batch(changed[-1].seq if changed else None, restored, len(changed), kept)


def _undo_some(work: Work, id: str, after: int | str | None) -> Batch:
    """Remove the next of them."""
    journal = _get(work, id, lock=True)
    brought = storage.imports.list_created(work.db, journal, after)
    untouched = [each.user for each in brought if each.touched is None and each.user is not None]
    for user in untouched:
        storage.users.delete(work.db, user)
        throttle.forget(work, user)
    if untouched:
        storage.imports.forget_merged(work.db, [user.id for user in untouched])
        work.at_end(storage.user_counts.add, work.db, -len(untouched))
        work.record(EventName.USERS_IMPORTS_DELETE, f"imports/{id}", {"removed": len(untouched)})
    kept = Counter(each.touched for each in brought if each.touched is not None)
    return Batch(brought[-1].place if brought else None, len(untouched), len(brought), kept)


def status(work: Work) -> list[storage.imports.Remaining]:
    """How many users still have the hash that an import brought, by import and algorithm, the oldest import first."""
    return storage.imports.remaining(work.db)


def as_public(remaining: storage.imports.Remaining) -> Json:
    return remaining._asdict() | {"imported_at": instant(remaining.imported_at)}


def first_outcomes(
    inputs: Sequence[files.Input],
    *,
    source: str,
    source_options: Mapping[str, str],
    options: importing.Options,
    now: datetime,
    count: int,
) -> list[validation.Outcome]:
    """What the first users of the files come in as, or why not; the database is not asked."""
    found = sources.load(source)
    opened = [files.Reading(each, None) for each in (inputs if found.joins else inputs[:1])]
    try:
        items = found.read([each.file for each in opened], source_options, 0)
        first = islice((item for item in items if not isinstance(item, Skipped)), count)
        return list(map(_checker(found, source_options, options, now), first))
    finally:
        for each in opened:
            each.close()


def _checker(
    source: Source, source_options: Mapping[str, str], options: importing.Options, now: datetime
) -> validation.Checker:
    """Holds records to the rules, but for what the policy says of plain passwords."""
    rules = validation.Rules(
        import_id="",
        now=now,
        policy=Policy({}),
        weak_hash=options.weak_hash,
        teams=options.teams,
        mark_unverified=options.mark_unverified,
        addresses=options.addresses or source.addresses,
        phone_region=options.phone_region,
        strict=options.strict,
        keeps_unread=importing.keeps_unread(source_options),
    )
    return validation.Checker(rules, system_random_bytes)


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
        raise NotFound("user_not_found", "The file has no password for that user. Choose another user.", field="user")
    return record.password


def proves(given: Secret, password: str) -> bool:
    """Whether a password is the one that a file has for a user. Raises Invalid where its hash cannot be read."""
    if given.is_plain:
        known, tried = (hashing.composed(each).encode("utf-8", "replace") for each in (given.text, password))
        return hmac.compare_digest(known, tried)
    return hashing.verify(hashing.accept(given.text, given.hash, given.options).stored, password)


class Imports(Group):
    """Imports: the verbs of `authctl users import` and its like."""

    run = flow(importing.import_users, by=OPERATOR)
    list = reads(list_, by=OPERATOR)
    undo = flow(undo, by=OPERATOR)
    status = reads(status, by=OPERATOR)
