"""The import: from files of another system to users in the directory, in batches that are whole or absent.

    files ─▶ source ─▶ validation ─▶ hashing_pool ─▶ conflicts ─▶ storing, journal, report ─▶ the next
             └─ reader_process ──┘                   └────── one transaction a batch ────┘

A batch is stored as if nobody had what it brings. Where somebody does, the database refuses it as a whole; it is then
asked who has what, and the batch settled anew; where others write at the same moment, in the end record by record.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO

from authctl import storage
from authctl.core.credentials import passwords
from authctl.core.values import checks, contacts
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Conflict, Invalid, NotFound
from authctl.model import EventName, Import, ImportStatus, Public, User, WeakHash
from authctl.transfer import encodings, files, hashing_pool, reader_process, sources, storing
from authctl.transfer.conflicts import Conditions, Holders, Match, OnConflict, keys_of, settle
from authctl.transfer.plans import Plan, losses, no_counts
from authctl.transfer.records import Addresses, Note, Refused, Source, WeakPasswords
from authctl.transfer.report import Report
from authctl.transfer.validation import Checked, Outcome, Rules

BATCH = 5_000  # records; measured
COMMON_OPTIONS = {
    "unmapped": "metadata: keep data that is not imported in the user's metadata; ignore: drop it silently",
    **encodings.OPTION,
}
ATTEMPTS = 3  # at a batch as a whole, and then at a record, while others write


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is. records: those that are stored. total: bytes of all files; None where nobody knows.

    hashed: records of the batch under way that have their hashes, where that takes a while.
    """

    records: int
    done: int
    total: int | None
    hashed: int = 0


@dataclass(frozen=True, slots=True)
class Options(Public):
    """How records are taken in, whatever the source.

    match: by what a record's user is found; None: by the first that it has of id, email, phone, username. weak_hash:
    what becomes of hashes that are fast to guess. mark_unverified: nobody's address counts as verified. teams:
    memberships too; teams that are not there are made. max_errors: stop when more are refused. max_lost: stop when more
    values are left out. strict: refuse a record of which a value would be left out. addresses: who gave emails, phones
    and usernames; None: whoever does with that source. force: meet also users who are found by what a person typed in.
    phone_region: the country (ISO 3166-1) of phones without a calling code. weak_passwords: what becomes
    of plain passwords that the policy would not take. batch: records in one transaction.
    """

    on_conflict: OnConflict = OnConflict.FAIL
    match: Match | None = None
    weak_hash: WeakHash = WeakHash.KEEP
    mark_unverified: bool = False
    teams: bool = False
    max_errors: int | None = field(default=None, repr=False)
    addresses: Addresses | None = None
    force: bool = field(default=False, repr=False)
    max_lost: int | None = field(default=None, repr=False)
    strict: bool = field(default=False, repr=False)
    phone_region: str | None = field(default=None, repr=False)
    weak_passwords: WeakPasswords = field(default=WeakPasswords.KEEP, repr=False)
    batch: int = field(default=BATCH, repr=False)

    def __post_init__(self) -> None:
        """Choices may be given by their words."""
        object.__setattr__(self, "on_conflict", OnConflict(self.on_conflict))
        object.__setattr__(self, "match", Match(self.match) if self.match is not None else None)
        object.__setattr__(self, "weak_hash", WeakHash(self.weak_hash))
        object.__setattr__(self, "addresses", Addresses(self.addresses) if self.addresses is not None else None)
        object.__setattr__(self, "weak_passwords", WeakPasswords(self.weak_passwords))
        if self.phone_region is not None:
            object.__setattr__(self, "phone_region", contacts.region(self.phone_region, field="phone_region"))


def import_users(
    directory: Engine,
    paths: Sequence[str],
    *,
    source: str | Source,
    source_options: Mapping[str, str] | None = None,
    options: Options | None = None,
    resume: str | None = None,
    report: str | None = None,
    rejects: str | None = None,
    stdin: BinaryIO | None = None,
    inputs: Sequence[files.Input] | None = None,
    child: reader_process.Child | None = None,
    begun: Callable[[Import], None] = lambda journal: None,
    watch: Callable[[ImportProgress], None] = lambda progress: None,
    answer: Callable[[Import], None] = lambda journal: None,
) -> Import:
    """Take users in from another system's files, with their passwords; what became of each is in the answer's counts.

    source: one of `sources.NAMES`; source_options: what it is told, such as what columns are called. resume: the id of
    an import that was not finished; the same files from the same source are found without it. report, rejects: paths of
    files that are made: a line of JSON for each record that is not clean, and the refused records again. inputs: the
    files as `files.look_at` saw them, where that was done. child: the process that reads them, where it was started.
    begun: is called before the first batch, watch after each and while its hashes are made, answer with the result at
    the end, before the import counts as finished: killed until then, it answers once more.

    Raises Invalid (import_file_invalid) where a file cannot be read as what it should be: what came in before stays,
    and the import can be gone on with; of one that nothing came in by, nothing stays. Raises NotFound
    (import_not_found), Conflict (import_changed).
    """
    found = sources.load(source) if isinstance(source, str) else source
    options = options or Options()
    options = replace(options, addresses=options.addresses or found.addresses)
    encoding = (source_options or {}).get("encoding")
    looked = tuple(inputs or [files.look_at(path, stdin, encoding) for path in _unfolded(paths, found)])
    _check_options(found, source_options or {})
    run = _Run(directory, found, source_options or {}, options, looked, stdin, child, begun, watch, answer)
    return run.whole(resume, report, rejects)


def _unfolded(paths: Sequence[str], source: Source) -> Iterator[str]:
    """The paths of files, where one may be a folder."""
    for path in paths:
        yield from files.in_folder(path, source.in_folder, source.name)[0] if os.path.isdir(path) else (path,)


def _check_options(source: Source, given: Mapping[str, str]) -> None:
    keeps_unread(given)
    unknown = next((name for name in given if name not in source.options and name not in COMMON_OPTIONS), None)
    if unknown is None:
        return
    known = ", ".join([*source.options, *COMMON_OPTIONS])
    raise Invalid(
        "general_argument_invalid",
        f"Unknown option {unknown} of the source {source.name}.",
        field="source_option",
        hint=f"Known options: {known}.",
    )


def keeps_unread(given: Mapping[str, str]) -> bool | None:
    """Whether what a source does not read is kept in metadata, as the operator says; None where nobody says."""
    wish = given.get("unmapped")
    if wish not in (None, "metadata", "ignore"):
        raise Invalid(
            "general_argument_invalid", "Invalid --source-option unmapped: use metadata or ignore.", field="unmapped"
        )
    return None if wish is None else wish == "metadata"


def is_stopped(journal: Import, options: Options) -> bool:
    """Whether an import ended because more was refused, or lost, than it was to bear."""
    most, lost = options.max_errors, options.max_lost
    return (most is not None and journal.counts["refused"] > most) or has_lost(journal, lost)


def has_lost(journal: Import, most: int | None) -> bool:
    """Whether more values did not come along than that."""
    return most is not None and losses(journal.counts) > most


@dataclass(slots=True)
class _Run:
    """An import under way. journal: as it was saved last. meets: whether others were seen to have what it brings."""

    directory: Engine
    source: Source
    source_options: Mapping[str, str] = field(repr=False)
    options: Options
    inputs: tuple[files.Input, ...]
    stdin: BinaryIO | None
    child: reader_process.Child | None
    begun: Callable[[Import], None]
    watch: Callable[[ImportProgress], None]
    answer: Callable[[Import], None]
    journal: Import = field(init=False)
    report: Report = field(default_factory=lambda: Report(None, None, {}))
    meets: bool = False
    records: int = 0
    done: int = 0  # bytes of the files

    # From beginning to end

    def whole(self, resume: str | None, report: str | None, rejects: str | None) -> Import:
        if self.directory.dry_run:
            return self.directory.write(self._dry, report, rejects)
        try:
            self.journal = self.directory.write(self._begin, resume, report, rejects)
            self.begun(self.journal)
            return self._taken_in()
        finally:
            self.report.close()

    def _taken_in(self) -> Import:
        """All that is left of the files."""
        try:
            with hashing_pool.hashed(self.directory, self._batches(), self._tick) as batches:
                for batch in batches:
                    self.journal, plan = self.directory.write(self._store, batch)
                    self._advance(batch, plan)
                    if plan.is_stopped:
                        return self.journal
        except Invalid:
            if self.directory.write(self._withdraw):
                self.report.clear()
            raise
        self.report.finish(self.source, self.inputs[0].encoding)
        now = self.directory.clock()
        ended = replace(self.journal, status=ImportStatus.FINISHED, updated_at=now, ended_at=now)
        self.answer(ended)
        self.directory.write(self._end, now)
        self.report.clear()
        return ended

    def _dry(self, work: Work, report: str | None, rejects: str | None) -> Import:
        """All of it in one transaction, which is undone at the end: later records meet the earlier ones."""
        try:
            self.journal = self._begin(work, None, report, rejects)
            self.begun(self.journal)
            with hashing_pool.hashed(self.directory, self._batches(), self._tick) as batches:
                for batch in batches:
                    self.journal, plan = self._store(work, batch)
                    work.outbox.clear()  # nobody is told of a dry run
                    self._advance(batch, plan)
                    if plan.is_stopped:
                        return self.journal
            self.report.finish(self.source, self.inputs[0].encoding)
            self.report.clear()
        finally:
            self.report.close()
        return replace(self.journal, status=ImportStatus.FINISHED, ended_at=work.now)

    def _tick(self, batch: reader_process.Batch, count: int) -> None:
        """Tell how far a batch is whose hashes take a while."""
        share = (batch.done - self.done) * count // len(batch.items)
        self.watch(ImportProgress(self.records, self.done + share, self._total, count))

    def _advance(self, batch: reader_process.Batch, plan: Plan) -> None:
        self.meets = self.meets and (plan.updates != [] or plan.skipped > 0 or plan.refused > 0)
        self.records += plan.through
        self.done = batch.done
        self.watch(ImportProgress(self.records, self.done, self._total))

    @property
    def _total(self) -> int | None:
        sizes = [each.size for each in self.inputs[: 1 if self.source.joins else None]]
        return None if None in sizes else sum(filter(None, sizes))

    # The journal

    def _begin(self, work: Work, resume: str | None, report: str | None, rejects: str | None) -> Import:
        """The import to go on with, or a new one; its files are made before the journal knows them."""
        found = self._unfinished(work, resume)
        self.report.close()
        self.report = Report(report, rejects, found.position if found else {})
        if found is not None:
            return found
        journal = storage.imports.insert(
            work.db,
            Import(
                seq=0,
                id=work.new_id(),
                source=self.source.name,
                files=[each.public() for each in self.inputs],
                options=self.options.public(),
                status=ImportStatus.UNFINISHED,
                position={"file": 0, "records": 0, **self.report.position},
                counts=no_counts(),
                actor=work.actor.name,
                created_at=work.now,
                updated_at=work.now,
            ),
        )
        details = {"source": journal.source, "files": [each.name for each in self.inputs], **journal.options}
        work.record(EventName.USERS_IMPORTS_CREATE, f"imports/{journal.id}", details)
        return journal

    def _unfinished(self, work: Work, resume: str | None) -> Import | None:
        digests = [each.digest for each in self.inputs]
        if resume is None:
            if any(each.path == files.STDIN for each in self.inputs):
                return None  # of which the beginning is known alone
            return storage.imports.find_unfinished(work.db, self.source.name, digests)
        found = storage.imports.find(work.db, resume)
        if found is None:
            raise not_found(resume)
        if found.status is not ImportStatus.UNFINISHED:
            raise _not_this(f"Import {resume} is {found.status} and cannot be resumed.")
        if found.source != self.source.name or [file["digest"] for file in found.files] != digests:
            raise _not_this(f"Import {resume} was of other files or from another source.")
        return found

    def _withdraw(self, work: Work) -> bool:
        """Forget an import of which no record came through: a file that cannot be read leaves none to go on with."""
        has_begun = self.journal.position["file"] or self.journal.position["records"]
        if has_begun or not storage.imports.withdraw(work.db, self.journal):
            return False
        work.record(EventName.USERS_IMPORTS_DELETE, f"imports/{self.journal.id}", {"removed": 0})
        return True

    def _end(self, work: Work, now: datetime) -> None:
        storage.bulk.finish(work.db)
        if not storage.imports.finish(work.db, self.journal, now):
            raise self._changed()

    def _changed(self) -> Conflict:
        return Conflict(
            "import_changed",
            f"Another process is running import {self.journal.id}, or has undone it.",
            hint="Check its progress with: authctl users list-imports",
        )

    # Reading

    def _batches(self) -> Generator[reader_process.Batch]:
        rules = Rules(
            import_id=self.journal.id,
            now=self.directory.clock(),
            policy=self.directory.read(lambda work: work.policy),
            weak_hash=self.options.weak_hash,
            mark_unverified=self.options.mark_unverified,
            addresses=self.options.addresses or self.source.addresses,
            teams=self.options.teams,
            keeps_raw=self.report.keeps_raw,
            strict=self.options.strict,
            phone_region=self.options.phone_region,
            weak_passwords=self.options.weak_passwords,
            keeps_unread=keeps_unread(self.source_options),
        )
        position = self.journal.position
        job = reader_process.Job(
            source=self.source.name,
            inputs=self.inputs,
            options=self.source_options,
            rules=rules,
            batch=self.options.batch,
            file=position["file"],
            records=position["records"],
            stdin=reader_process.descriptor_of(self.stdin),
        )

        def here() -> Generator[reader_process.Batch]:
            return reader_process.batches(job, self.source, self.directory.random_bytes, self.stdin)

        if self.child or reader_process.is_worth_a_child(job):
            return reader_process.batches_of_child(job, here, self.child)
        return here()

    # A batch

    def _store(self, work: Work, batch: reader_process.Batch) -> tuple[Import, Plan]:
        """All that happens to a batch, in one transaction."""
        db, journal = work.db, self.journal
        self.report.begin(journal.position)
        storage.bulk.prepare(db)
        plan = self._settled(work, batch.items)
        behind = batch.records - len(batch.items) + plan.through
        names = [each.name for each in self.inputs[batch.file :]]
        counts = plan.counts_after(journal.counts, names)
        self.report.write(names, plan.told)
        position = {"file": batch.file, "records": behind, **self.report.position}
        if not storage.imports.advance(db, journal, position, counts, work.now):
            raise self._changed()
        if plan.creates or plan.updates:
            details = {"created": len(plan.creates), "updated": len(plan.updates), "records": behind}
            work.record(EventName.USERS_IMPORTS_UPDATE, f"imports/{journal.id}", details | dict(+plan.ended))
        return replace(journal, position=position, counts=counts, updated_at=work.now), plan

    def _settled(self, work: Work, items: list[Outcome]) -> Plan:
        """The batch, settled and stored."""
        for _ in range(ATTEMPTS):
            plan = self._attempt(work, items, Plan(), look=self.meets)
            if plan is not None:
                return plan
            self.meets = True
        whole = Plan()
        for item in items:
            whole.add(self._one(work, item, whole))
            if whole.is_stopped:
                break
        return whole

    def _one(self, work: Work, item: Outcome, before: Plan) -> Plan:
        for _ in range(ATTEMPTS):
            plan = self._attempt(work, [item], before, look=True)
            if plan is not None:
                return plan
        note = Note("user_changed", None, "Another process took a value of this record at the same moment.")
        taken = Refused(item.at, item.ref, getattr(item, "raw", None), [note])
        return settle([taken], self._conditions(work, before))

    def _attempt(self, work: Work, items: list[Outcome], before: Plan, *, look: bool) -> Plan | None:
        """Settle these records and store what comes of it; None, and nothing is stored, where somebody has it.

        before: what was settled of the same batch.
        """
        teams = self._teams(work, items)
        items = [teams.without_unclear(item) for item in items] if teams else items
        known = self._known(work, items) if look else None
        plan = settle(items, self._conditions(work, before, teams), known)
        return plan if storing.store(work, self.journal, plan, teams) else None

    def _teams(self, work: Work, items: list[Outcome]) -> storing.Teams | None:
        if not self.options.teams:
            return None
        return storing.Teams(work, (each for item in items if isinstance(item, Checked) for each in item.extra.members))

    def _conditions(self, work: Work, before: Plan, teams: storing.Teams | None = None) -> Conditions:
        counts, most, lost = self.journal.counts, self.options.max_errors, self.options.max_lost
        return Conditions(
            now=work.now,
            on_conflict=self.options.on_conflict,
            match=self.options.match,
            team_of=teams.seq_of if teams else lambda member: None,
            teams=self.options.teams,
            force=self.options.force,
            strict=self.options.strict,
            room=None if most is None else most - counts["refused"] - before.refused,
            room_to_lose=None if lost is None else lost - losses(counts) - before.losses,
        )

    def _known(self, work: Work, items: list[Outcome]) -> Holders:
        keys = keys_of(items, storage.imports.Keys())
        owners = storage.imports.find_owners(
            work.db, keys, lock=self.options.on_conflict in (OnConflict.UPDATE, OnConflict.MERGE)
        )
        brought = storage.imports.find_brought(work.db, self.journal.seq, owners.users.values())
        memberships = storage.imports.find_memberships(work.db, owners.users) if self.options.teams else set()
        names = ("username", "email", "phone")
        claimants = [
            seq for seq, user in owners.users.items() if any(getattr(user, f"{name}_self_service") for name in names)
        ]
        linked = storage.imports.find_linked(work.db, claimants)
        return Holders(owners, brought, memberships, linked, partial(_is_same, work))


def _is_same(work: Work, user: User, item: Checked) -> bool:
    """Whether the hash that a record brings is the one that the user has."""
    return user.password is not None and passwords.revealed(work, user) == item.row.password_hash


# Errors


def not_found(id: str) -> NotFound:
    return NotFound(
        "import_not_found",
        f"There is no import {checks.shown(id)}.",
        field="import",
        hint="List them with: authctl users list-imports",
    )


def _not_this(message: str) -> Invalid:
    return Invalid(
        "general_argument_invalid",
        message,
        field="resume",
        hint="Leave out --resume. An unfinished import of the same files is found without it.",
    )
