"""What holds of every directory, read from its database alone: one list, which a restore and the check-up go through.

security check --deep   tells each breach, with what mends it
restore                 refuses a backup whose rows contradict each other
upgrade --repair        makes anew what is only kept of other rows
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from shlex import quote
from typing import NamedTuple

from authctl import storage
from authctl.core import hashing
from authctl.core.credentials import recovery_codes
from authctl.core.crypto import sealing
from authctl.core.policy.policies import Policy
from authctl.core.work.unit import Work
from authctl.errors import AuthctlError, Unavailable
from authctl.model import EventName, Progress
from authctl.storage import mending, tables
from authctl.storage.connection import Connection
from authctl.storage.invariants import Breach, Reader
from authctl.storage.sealed import Place

STEP = 1_000  # rows between two tellings of progress
RESTORE, REPAIR = "restore FILE", "upgrade --repair"


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that holds.

    check: the id of its finding. tables: what is read, once each, which says how long it takes.
    message, resource: of a breach, with its {id} and {value}. command: what mends it; mend: what `upgrade --repair`
    does.
    of_backups: whether a restore looks too; the rest is made anew by it, may come from an older version, or is no
    reason to refuse all else.
    reads_json: whether the database itself reads JSON for it, and refuses all where one text is damaged.
    """

    check: str
    find: Callable[[Reader], Iterator[Breach]]
    tables: tuple[str, ...]
    message: str
    resource: str = "users/{id}"
    command: str = ""
    mend: mending.Mend | None = None
    of_backups: bool = True
    reads_json: bool = False


class Found(NamedTuple):
    """A breach of an invariant."""

    invariant: Invariant
    breach: Breach

    @property
    def resource(self) -> str:
        return self.invariant.resource.format(**self.breach._asdict())

    @property
    def message(self) -> str:
        return self.invariant.message.format(**self.breach._asdict())

    @property
    def command(self) -> str:
        """What mends it, without the program; its row can be put back from a backup, at the least."""
        default = RESTORE if self.invariant.mend is None else REPAIR
        return (self.invariant.command or default).format(id=quote(self.breach.id))


def _damaged_hashes(reader: Reader) -> Iterator[Breach]:
    """Hashes of passwords that nothing could be verified against."""
    for id, hash in storage.invariants.hashes(reader):
        if not sealing.is_sealed_text(hash) and hashing.is_damaged(hash):
            yield Breach(id)


def _long_histories(reader: Reader) -> Iterator[Breach]:
    """Those of today's policy: of a change that came when it was lowered, or of a time when lowering kept them."""
    return storage.invariants.long_histories(reader, Policy(storage.policies.read(reader.db))["password-history"])


def _missing_keys(reader: Reader) -> Iterator[Breach]:
    """Keys of digests without which these mean nothing."""
    its = storage.invariants
    yield from its.missing_key(reader, recovery_codes.PEPPER, tables.recovery_codes.c.seq.is_not(None))
    yield from its.missing_key(reader, storage.sealed_keys.LOG_KEY, tables.events.c.digest.is_not(None))


_its = storage.invariants
INVARIANTS = (
    Invariant("file-damaged", _its.broken_pages, ("users",),
        "The database file is damaged: {value}", "{id}", of_backups=False),
    Invariant("row-damaged", _its.damaged_rows, tuple(storage.damages.TABLES),
        "{value}", "{id}"),
    Invariant("row-damaged", _its.impossible_values, ("users",),
        "{value}", "{id}"),
    Invariant("row-contradictory", _its.broken_references, ("events",),
        "The row {id} belongs to a row of {value} that does not exist.", "{id}"),
    Invariant("addresses-wrong", _its.unheld_emails, ("users", "identities"),
        "The email {value} of user {id} has no row in the table addresses.", mend=mending.hold_addresses),
    Invariant("addresses-wrong", _its.stray_addresses, ("addresses",),
        "The address {value} is kept for user {id}, who does not have it.", mend=mending.release_addresses),
    Invariant("names-wrong", _its.unheld_names, ("users",),
        "The name {value} of user {id} has no row in the table user_names.", mend=mending.hold_names),
    Invariant("names-wrong", _its.stray_names, ("user_names",),
        "The name {value} is kept for user {id}, who has another one.", mend=mending.release_names),
    Invariant("names-wrong", _its.wrong_username_keys, ("users",),
        "The username_key of user {id} is not that of the username {value}.", of_backups=False),
    Invariant("names-wrong", _its.wrong_former_names, ("former_names",),
        "The former name {id} cannot be found as {value}.", "former_names/{id}", of_backups=False),
    Invariant("factors-wrong", _its.wrong_factors, ("users", "users"),
        "The row of user {id} is wrong about {value}.", mend=mending.factors),
    Invariant("row-contradictory", _its.half_proofs, ("users",),
        "The user {id} has {value}."),
    Invariant("hash-damaged", _damaged_hashes, ("users", "password_history"),
        "A password hash of user {id} is damaged.",
        command="users update-password id:{id}", of_backups=False),
    Invariant("password-history-long", _long_histories, ("password_history",),
        "The user {id} has more past password hashes than the {value} of the policy password-history.",
        mend=mending.histories, of_backups=False),
    Invariant("row-contradictory", _its.half_endings, ("sessions", "tokens", "challenges"),
        "The row {id} ended without a reason, or has a reason without having ended.", "{id}"),
    Invariant("blocked-with-sessions", _its.sessions_of_blocked, ("sessions",),
        "The blocked user {id} is still signed in.",
        command="users delete-sessions id:{id} --yes", of_backups=False),
    Invariant("blocked-with-tokens", _its.tokens_of_blocked, ("tokens",),
        "The blocked user {id} has active tokens.",
        command="tokens list id:{id}", of_backups=False),
    Invariant("row-contradictory", _its.half_keys, ("signing_keys",),
        "The signing key {id} is retired but kept, or in use but gone.", "signing_keys/{id}"),
    Invariant("secret-damaged", _missing_keys, ("peppers",),
        "The key peppers/{id} is missing.", "peppers/{id}", of_backups=False),
    Invariant("row-contradictory", _its.half_memberships, ("memberships",),
        "The membership {id} belongs to nobody or contradicts its status.", "memberships/{id}"),
    Invariant("roles-wrong", _its.wrong_roles, ("memberships",),
        "The role {value} of the membership {id} is in only one of two tables.",
        "memberships/{id}", mend=mending.roles, reads_json=True),
    Invariant("row-contradictory", _its.wrong_imports, ("imports",),
        "The import {id} has {value}.", "imports/{id}", of_backups=False),
    Invariant("row-contradictory", _its.wrong_subjects, ("manifest_subjects",),
        "The manifest {id} brought a {value} that belongs to nobody.", "manifest_subjects/{id}"),
    Invariant("user-count-wrong", _its.wrong_counts, ("users",),
        "The count of users is {id}, but there are {value}.", "user_counts", mend=mending.user_count),
    Invariant("search-wrong", _its.wrong_words, ("users", "teams"),
        "The search index does not match {id}.", "{id}", mend=mending.words, of_backups=False),
)  # fmt: skip


OF_BACKUPS = tuple(each for each in INVARIANTS if each.of_backups)
MENDED = tuple(each for each in INVARIANTS if each.mend is not None)


def find(
    db: Connection,
    now: datetime,
    *,
    wanted: Iterable[Invariant] = INVARIANTS,
    key: bytes | None = None,
    most: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Found]:
    """Every breach, or the first so many of each invariant.

    key: the secret key, without which sealed secrets are not tried.
    """
    wanted = [*wanted]
    wanted += [] if key is None else [_opening(place, key) for place in storage.sealed.PLACES]
    counts = storage.backups.counts(db) if progress else {}
    rows = [sum(counts.get(table, 0) for table in each.tables) for each in wanted]
    damaged: set[str] = set()  # tables
    with progress("Checking", sum(rows)) if progress else nullcontext(lambda count: None) as step:
        for each, count in zip(wanted, rows, strict=True):
            left = _Left(count, step)
            for breach in islice(_breaches(each, Reader(db, now, left.tell), damaged), most):
                found = Found(each, breach)
                damaged |= {found.resource.partition("/")[0]} if each.check == "row-damaged" else set()
                yield found
            left.end()


def _breaches(invariant: Invariant, reader: Reader, damaged: Set[str]) -> Iterator[Breach]:
    """Those of an invariant; what cannot be found of damaged rows, which are told, is found once they are mended."""
    if damaged.isdisjoint(invariant.tables):
        yield from invariant.find(reader)
    elif not invariant.reads_json:
        with suppress(Unavailable, TypeError, AttributeError, ValueError):
            yield from invariant.find(reader)


def _opening(place: Place, key: bytes) -> Invariant:
    """That the sealed secrets of a place open, and hold what they are for."""

    def find(reader: Reader) -> Iterator[Breach]:
        for _, id, sealed in reader.rows(storage.sealed.select(place, sealing.TEXT_PREFIX)):
            context = f"{place.context}/{id}"
            try:
                if not isinstance(sealed, str):
                    sealing.unseal(key, sealed, context=context)
                elif hashing.is_damaged(sealing.unseal_text(key, sealed, context=context)):
                    yield Breach(id)
            except AuthctlError:
                yield Breach(id)

    table = place.table.name
    message = f"A sealed secret of {place.context}/{{id}} in the table {table} does not open: it was changed or moved."
    return Invariant("secret-damaged", find, (table,), message, f"{place.context}/{{id}}", of_backups=False)


def find_mended(work: Work, progress: Progress | None = None) -> Iterator[Found]:
    """What `mend` would make anew."""
    return find(work.db, work.now, wanted=MENDED, progress=progress)


def mend(work: Work, progress: Progress | None = None) -> dict[str, int]:
    """Make anew what is only kept of other rows, where it is wrong; how much that was, by the ids of findings."""
    mending.lock(work.db)
    breaches: dict[Invariant, list[Breach]] = {}
    for found in find_mended(work, progress):
        breaches.setdefault(found.invariant, []).append(found.breach)
    mended = Counter[str]()
    for invariant in reversed(breaches):  # what is kept wrongly goes before what takes its place
        assert invariant.mend is not None
        invariant.mend(work.db, breaches[invariant])
        mended[invariant.check] += len(breaches[invariant])
    if mended:
        work.record(EventName.DIRECTORY_REPAIR, "directory", dict(mended))
    return dict(mended)


class _Left:
    """The rows of a step that are left, told as they are read, the rest at its end."""

    def __init__(self, rows: int, step: Callable[[int], None]) -> None:
        self._rows, self._step, self._waiting = rows, step, 0

    def tell(self, count: int) -> None:
        self._rows -= count
        self._waiting += count
        if self._waiting >= STEP:
            self._step(self._waiting)
            self._waiting = 0

    def end(self) -> None:
        self._step(max(0, self._rows) + self._waiting)
