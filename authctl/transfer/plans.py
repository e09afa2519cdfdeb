"""What an import does with a batch: whom it makes, changes, leaves out and refuses, and what is counted of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from authctl.core.values.checks import text
from authctl.errors import Invalid
from authctl.model import Json, User
from authctl.transfer.records import (
    AGAINST_POLICY,
    DROPPED,
    LOSSES,
    LOST_HASHES,
    LOST_PASSWORD,
    MERGED,
    NO_WAY_IN,
    UNREAD,
    Member,
    Note,
    Skipped,
)
from authctl.transfer.validation import Checked, IdentityRow, Outcome

COUNTED = frozenset((NO_WAY_IN, *AGAINST_POLICY))  # of notes, what `reasons` counts users by


class Told(NamedTuple):
    """A record that is not clean, for the report. outcome: created, updated, skipped, refused.

    file: which of the import's files it is in, counted from the one that is read.
    """

    at: int
    ref: str | None
    outcome: str
    notes: tuple[Note, ...]
    raw: Any = None
    file: int = 0

    def __repr__(self) -> str:
        return f"Told(at={self.at}, ref={self.ref!r}, outcome={self.outcome!r})"


class Update(NamedTuple):
    """A user that is there, and what a record makes of it."""

    before: User
    after: User
    identities: tuple[IdentityRow, ...]
    members: tuple[Member, ...]
    item: Checked

    @property
    def adds_totp(self) -> bool:
        return bool(self.item.extra.totp) and not self.before.totp

    @property
    def adds_recovery_codes(self) -> bool:
        return bool(self.item.extra.recovery_codes) and not self.before.recovery_code


REFUSALS = 5  # of which the summary gives the reason
MOST_FIELDS = 1_000  # of which the summary counts what did not come along, by why; those behind them count together
FIRST = 3  # records of which the summary names the places


@dataclass(slots=True)
class Loss:
    """What did not come along of one field: how many values, where the first of them are, and why the very first."""

    count: int = 0
    places: list[tuple[int, int]] = field(default_factory=list)  # the file, counted from the one that is read; where

    message: str | None = None

    def add(self, count: int, places: Iterable[tuple[int, int]], message: str | None = None) -> None:
        self.count += count
        self.message = self.message or message
        self.places = [*self.places, *places][:FIRST]


def line(files: Sequence[str], told: Told) -> Json:
    """The first that is to be said of a record."""
    type, field, message = told.notes[0][:3] if told.notes else ("import_" + told.outcome, None, "It was left out.")
    place = {"file": files[told.file], "at": told.at, "ref": _storable(told.ref), "outcome": told.outcome}
    return {**place, "type": type, "field": field, "message": sentence(message)}


def sentence(message: str) -> str:
    return message + "." if message[-1:].isalnum() or message.endswith(("'", '"')) else message


def _storable(ref: str | None) -> str | None:
    try:
        return None if ref is None else text(ref, "ref")
    except Invalid:
        return ref and ref.encode("utf-8", "backslashreplace").decode()


def no_counts() -> Json:
    """What the summary of an import counts, before it has begun."""
    outcomes = dict.fromkeys(("created", "updated", "skipped", "without_password", "refused"), 0)
    return outcomes | {"reasons": {}, "hashes": {}, "lost": [], "refusals": []}


def losses(counts: Json) -> int:
    """How many values did not come along."""
    return sum(each["count"] for each in counts.get("lost", ()))


@dataclass(slots=True)
class Plan:
    """What is to be done with a batch. through: how many of its records are settled.

    seen: users that were found as the file has them, where that must be remembered. merged: the id of a record, and
    that of the user whom it was merged into. joined: how many of these are made in this batch. ended: how many sessions
    and tokens of users who are there ended when it was stored. lost: by type and field, what users came in without.
    """

    creates: list[Checked] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    seen: list[User] = field(default_factory=list)
    merged: list[tuple[str, str]] = field(default_factory=list)
    joined: int = 0
    told: list[Told] = field(default_factory=list)
    skipped: int = 0
    refused: int = 0
    without_password: int = 0
    through: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    hashes: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    lost: dict[tuple[str, str | None], Loss] = field(default_factory=dict)
    is_stopped: bool = False

    def refuse(self, item: Outcome, notes: Iterable[Note]) -> None:
        notes = tuple(notes)
        self.refused += 1
        self.reasons[notes[0].type if notes else "import_refused"] += 1
        self.told.append(Told(item.at, item.ref, "refused", notes, getattr(item, "raw", None)))

    def skip(self, item: Outcome, notes: Iterable[Note], *, tell: bool = True) -> None:
        notes = tuple(notes)
        self.skipped += 1
        file = 0
        if isinstance(item, Skipped):
            file = item.file
            self._lose_all(notes, item.at, file)
        if not (notes and notes[0].type == DROPPED):  # which is counted as lost
            self.reasons[notes[0].type if notes else "import_skipped"] += 1
        if tell:
            self.told.append(Told(item.at, item.ref, "skipped", notes, file=file))

    def create(self, item: Checked) -> None:
        """Have a user made of a record."""
        self.creates.append(item)
        has_password = item.row.password_algorithm is not None
        self.take(item, "created", has_password=has_password, brings_one=has_password)

    def take(self, item: Checked, outcome: str, *, has_password: bool, brings_one: bool) -> None:
        """Count a record that comes in. has_password: its user, in the end; brings_one: the record."""
        if item.notes:
            self.told.append(Told(item.at, item.ref, outcome, item.notes))
            self._lose_all(item.notes, item.at)
            self.reasons.update({note.type for note in item.notes if note.type in COUNTED})
        for name in item.unread:
            self._lose(UNREAD, name, item.at)
        if brings_one and item.row.password_algorithm is not None:
            self.hashes[item.row.password_algorithm, item.strength or "strong"] += 1
        if not has_password:
            self.without_password += 1
            self.reasons[_why_without(item)] += 1

    def merge(self, item: Checked, into: User, notes: Iterable[Note], *, brings_one: bool) -> None:
        """Count a record that came in as a part of another user."""
        if item.has_id and item.row.id != into.id:
            self.merged.append((item.row.id, into.id))
        self.joined += not into.seq
        self.reasons[MERGED] += 1
        self.take(item._replace(notes=(*notes, *item.notes)), "updated", has_password=True, brings_one=brings_one)

    def has_password_now(self, item: Checked) -> None:
        """Take back that a new user has no password: another record brings one."""
        self.without_password -= 1
        self.reasons[_why_without(item)] -= 1

    def lose_password(self, item: Checked) -> None:
        """Count the password that a record has and a user without one does not get."""
        self._lose_all((note for note in item.notes if note.field == "password"), item.at)

    def _lose_all(self, notes: Iterable[Note], at: int, file: int = 0) -> None:
        for note in notes:
            type = LOST_PASSWORD if note.type in LOST_HASHES else note.type
            if type in LOSSES:
                self._lose(type, note.field, at, file, note.message)

    def _lose(self, type: str, field: str | None, at: int, file: int = 0, message: str | None = None) -> None:
        loss = self.lost.get((type, field))
        if loss is None:
            loss = self.lost[type, field] = Loss(message=message and sentence(message))
        loss.count += 1
        if len(loss.places) < FIRST:
            loss.places.append((file, at))

    @property
    def losses(self) -> int:
        """How many values did not come along."""
        return sum(loss.count for loss in self.lost.values())

    def add(self, other: Plan) -> None:
        """What was settled of the records behind these."""
        for name in ("creates", "updates", "seen", "merged", "told"):
            getattr(self, name).extend(getattr(other, name))
        for name in ("skipped", "refused", "without_password", "through", "joined"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("reasons", "hashes", "ended"):
            getattr(self, name).update(getattr(other, name))
        for key, loss in other.lost.items():
            self.lost.setdefault(key, Loss()).add(loss.count, loss.places, loss.message)
        self.is_stopped = other.is_stopped

    def counts_after(self, counts: Json, files: Sequence[str]) -> Json:
        """The summary so far, with this batch of the first of these files."""
        hashes = {name: dict(strengths) for name, strengths in counts["hashes"].items()}
        for (algorithm, strength), count in sorted(self.hashes.items()):
            strengths = hashes.setdefault(algorithm, {})
            strengths[strength] = strengths.get(strength, 0) + count
        return {
            "created": counts["created"] + len(self.creates),
            "updated": counts["updated"] + len(self.updates) + self.joined,
            "skipped": counts["skipped"] + self.skipped,
            "without_password": counts["without_password"] + self.without_password,
            "refused": counts["refused"] + self.refused,
            "reasons": dict(sorted((Counter(counts["reasons"]) + self.reasons + self._lost_by_type()).items())),
            "hashes": dict(sorted(hashes.items())),
            "lost": self._lost_after(counts.get("lost", ()), files),
            "refusals": [*counts.get("refusals", ()), *self._refusals(files)][:REFUSALS],
        }

    def _refusals(self, files: Sequence[str]) -> list[Json]:
        """The first that were refused: where each is, what names it, and the reason."""
        refused = (each for each in self.told if each.outcome == "refused")
        return [line(files, each) for each in islice(refused, REFUSALS)]

    def _lost_by_type(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (type, _), loss in self.lost.items():
            if type in (DROPPED, UNREAD):  # a lost password is the reason why there is none
                found[type] += loss.count
        return found

    def _lost_after(self, before: Iterable[Json], files: Sequence[str]) -> list[Json]:
        """What did not come along: by field, the type, how many, FILE:LINE of the first, and why the very first."""
        found = {(each["type"], each["field"]): each for each in before}
        named = Counter(type for type, _ in found)
        for (type, name), loss in self.lost.items():
            if (type, name) not in found:
                name = name if named[type] < MOST_FIELDS else None
                named[type] += 1
            known = found.get((type, name), {"count": 0, "first": [], "message": loss.message})
            first = [*known["first"], *(f"{files[file]}:{at}" for file, at in loss.places)][:FIRST]
            count = known["count"] + loss.count
            found[type, name] = {**known, "field": name, "type": type, "count": count, "first": first}
        return sorted(found.values(), key=lambda each: (each["type"], -each["count"], each["field"] or ""))


def _why_without(item: Checked) -> str:
    """Why a new user has no password."""
    return next((note.type for note in item.notes if note.field == "password"), "import_no_password")
