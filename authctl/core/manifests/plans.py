"""A plan: what has to be done so that the directory is as a manifest says, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from authctl.core.manifests.reading import Entry, Place
from authctl.core.work.unit import Work
from authctl.model import Json, JsonObject, form


class Action(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


class Prune(StrEnum):
    """What becomes of users that a manifest made and no longer names."""

    BLOCK = "block"
    DELETE = "delete"


class Kind(StrEnum):
    """What a manifest brings; it takes that away again where it is asked to."""

    USER = "user"
    BLOCKED = "blocked"
    LABEL = "label"
    TEAM = "team"
    MEMBERSHIP = "membership"
    ROLE = "role"
    MOCK_PHONE = "mock-phone"


@dataclass(frozen=True, slots=True)
class Gift:
    """What a step brings, by what its entries name: numbers are known when the steps are done."""

    kind: Kind
    entry: Entry
    member: Entry | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one subject. before, after: the fields that change.

    do: makes it, by the verbs that the commands use. gifts: what the manifest brings by it. gone: the rows of what it
    brought before and takes away now. blocks: the number of a user who was named no more, and so is blocked.
    """

    action: Action
    kind: str
    name: str
    before: Json | None
    after: Json | None
    do: Callable[[Work], object]
    place: Place | None = None
    gifts: tuple[Gift, ...] = ()
    gone: tuple[int, ...] = ()
    blocks: int | None = None

    @property
    def takes_away(self) -> bool:
        """Whether somebody loses something by it."""
        before, after = self.before or {}, self.after or {}
        if self.action is not Action.CHANGE:
            return self.action is Action.REMOVE
        lost = any(set(before.get(name, ())) - set(after.get(name, ())) for name in ("labels", "roles"))
        return lost or after.get("status") == "blocked"

    def public(self) -> JsonObject:
        shown = [None if side is None else {name: form(value) for name, value in side.items()} for side in self.sides]
        source = str(self.place) if self.place is not None else None
        return {
            "action": str(self.action),
            "kind": self.kind,
            "name": self.name,
            "before": shown[0],
            "after": shown[1],
            "source": source,
        }

    @property
    def sides(self) -> tuple[Json | None, Json | None]:
        return self.before, self.after


@dataclass(slots=True)
class Plan:
    """The steps, in the order in which they are done. passwords: those that were made, by the name of the user.

    notes: what the manifest leaves as it is, though a reader may expect otherwise.
    """

    manifest: str
    steps: list[Step] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    notes: list[str] = field(default_factory=list)

    @property
    def takes_away(self) -> bool:
        return any(step.takes_away for step in self.steps)

    def count(self, action: Action) -> int:
        return sum(step.action is action for step in self.steps)

    def changes(self) -> list[JsonObject]:
        """The steps as JSON, with the password that was made for a new user."""
        return [
            step.public() | ({"generated_password": self.passwords[step.name]} if self._has_password(step) else {})
            for step in self.steps
        ]

    def _has_password(self, step: Step) -> bool:
        return step.kind == "user" and step.action is Action.CREATE and step.name in self.passwords


def change(
    kind: str, entry: Entry, differences: Mapping[str, tuple[Any, Any]], do: Callable[[Work], object], **more: Any
) -> Step:
    """The step of something that is there and differs: each field before and after."""
    before = {name: sides[0] for name, sides in differences.items()}
    after = {name: sides[1] for name, sides in differences.items()}
    return Step(Action.CHANGE, kind, more.pop("name", entry.name), before, after, do, entry.place, **more)
