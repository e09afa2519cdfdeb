"""From what a manifest wants and what is there to a plan: the steps in their order, and every fault with its line.

Policies come first, since what follows obeys them; then users, teams and members are made and changed; then what is to
be absent goes, and at last what is pruned. Only a user whose address or username another entry takes goes before that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from authctl import storage
from authctl.core.credentials.passwords import Prepared
from authctl.core.manifests import pruning, team_steps, user_steps
from authctl.core.manifests.declarations import State
from authctl.core.manifests.finding import Present, readings
from authctl.core.manifests.plans import Action, Gift, Kind, Plan, Prune, Step
from authctl.core.manifests.pruning import Declared
from authctl.core.manifests.reading import Entry, Faults, Manifest, names_of
from authctl.core.policy import policies
from authctl.core.security import policies as security_policies
from authctl.core.tokens import mock_phones
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Invalid
from authctl.model import Status, Team, User, fold
from authctl.storage.manifests import Brought

T = TypeVar("T")


class Planner:
    """Plans one manifest against what is present."""

    def __init__(self, directory: Engine, work: Work, manifest: Manifest, present: Present) -> None:
        self.directory, self.work, self.manifest, self.present = directory, work, manifest, present
        self.faults = Faults()
        self.plan = Plan(manifest.name)
        self.declared = Declared(mock_phones={entry.name for entry in manifest.mock_phones})
        # Whom the manifest makes, or changes so that they are found by this.
        self._own = {pair: entry for entry in manifest.users for name in names_of(entry) for pair in readings(name)}
        taken = (pair for pair, entry in self._own.items() if entry.state is not State.ABSENT)
        self._holders = {user.seq for pair in taken if (user := present.holder(pair)) is not None}
        self._first: dict[int, Step] = {}  # what removes users of whom others get something, by their numbers

    def run(self, passwords: Mapping[str, Prepared], prune: Prune | None) -> Plan:
        """The plan. passwords: those of new users, by what finds them. Raises Invalid (manifest_invalid)."""
        self._plan_policies()
        for entry in self.manifest.mock_phones:
            self._plan_mock_phone(entry)
        place = len(self.plan.steps)
        removals = [step for entry in self.manifest.users if (step := self._plan_user(entry, passwords)) is not None]
        self.plan.steps[place:place] = self._first.values()
        self._note_former_ids()
        removals = [*self._plan_teams(), *removals]
        self.faults.done()
        self.plan.steps += removals
        if prune is not None:
            self.plan.steps += pruning.steps(self.present, self.declared, prune)
        return self.plan

    def _plan_policies(self) -> None:
        for name, (value, place) in self.manifest.policy.items():
            held = self.work.policy[name]
            if held != value:
                before, after = ({"value": policies.shown(name, each)[0]} for each in (held, value))
                do = partial(_set_policy, name=name, value=value)
                self.plan.steps.append(Step(Action.CHANGE, "policy", name, before, after, do, place))

    def _plan_mock_phone(self, entry: Entry) -> None:
        phone, is_there = entry.name, entry.name in self.present.mock_phones
        if entry.state is State.ABSENT and is_there:
            self.plan.steps.append(pruning.mock_phone(phone, entry.place))
        elif entry.state is not State.ABSENT and not is_there:
            if "code" not in entry.values:
                self.faults.add(entry.place, "This mock phone has no code: give six digits", "code")
                return
            do = lambda work: mock_phones.create(work, phone, entry.values["code"])  # noqa: E731 - as short as it is
            gifts = (Gift(Kind.MOCK_PHONE, entry, value=phone),)
            self.plan.steps.append(Step(Action.CREATE, "mock-phone", phone, None, {}, do, entry.place, gifts))

    def _plan_user(self, entry: Entry, passwords: Mapping[str, Prepared]) -> Step | None:
        """Add the step of a user to the plan; answer with one that removes the user, which comes later."""
        user = self._checked(entry, self.present.user, entry.named)
        blocked = None
        if user is not None:
            self._check_once(entry, user.seq, self.declared.users)
            blocked = self.present.brought.get(Brought(Kind.BLOCKED, user_seq=user.seq))
            if entry.state is State.PRESENT and user.status is Status.BLOCKED and blocked is None:
                why = "this manifest didn't block them"
                self.plan.notes.append(f"{entry.place}: The user {entry.name} stays blocked: {why}.")
        step = self._checked(
            entry,
            user_steps.step_of,
            entry,
            user,
            blocked=blocked,
            password=passwords.get(entry.named),
            dry_run=self.directory.dry_run,
        )
        if step is not None and step.action is Action.REMOVE:
            if user is None or user.seq not in self._holders:
                return step
            self._first[user.seq] = step
        elif step is not None:
            self.plan.steps.append(step)
        return None

    def _note_former_ids(self) -> None:
        """Note which new users get the id of an account that is gone."""
        made = [step for step in self.plan.steps if step.kind == "user" and step.action is Action.CREATE]
        ids = {fold(id): (id, step.place) for step in made if (id := (step.after or {}).get("id"))}
        former = storage.manifests.find_former(self.work.db, ids)
        for id, place in (ids[name] for name in ids if name in former):
            if (into := former[fold(id)]) is not None:
                message = f"The user {id} was merged into {into}. Remove this entry, or it makes a new account."
            else:
                message = (
                    f"The id {id} belonged to a deleted account. Anything still granted to it goes to the new one."
                )
            self.plan.notes.append(f"{place}: {message}")

    def _plan_teams(self) -> list[Step]:
        """Add the steps of teams and members to the plan; answer with what removes some, which comes later."""
        removals: list[Step] = []
        joining: list[Step] = []
        for entry in self.manifest.teams:
            team = self._checked(entry, self.present.team, entry)
            if team is not None:
                self._check_once(entry, team.seq, self.declared.teams)
            if (step := team_steps.step_of(entry, team)) is not None:
                (removals if step.action is Action.REMOVE else self.plan.steps).append(step)
            is_let_be = entry.state is State.CREATED and team is not None
            for member in () if entry.state is State.ABSENT else entry.members:
                if (step := self._member_step(entry, team, member)) is None or is_let_be:
                    continue
                (removals if step.action is Action.REMOVE else joining).append(step)
        self.plan.steps += joining
        return removals

    def _member_step(self, team_entry: Entry, team: Team | None, member: Entry) -> Step | None:
        user = self._checked(member, self._named, member)
        found = user if isinstance(user, User) else None
        if found is not None and found.seq in self._first:
            return None  # that goes with the user
        held = self.present.membership(team, found) if team is not None and found is not None else None
        if held is not None:
            self._check_once(member, held.seq, self.declared.members)
        return team_steps.step_of_member(self.directory, team_entry, member, held)

    def _named(self, member: Entry) -> User | Entry | None:
        """Who a member is: a user who is there, or one whom the manifest makes. Raises Invalid where it is nobody."""
        own = next((self._own[pair] for pair in readings(member.name) if pair in self._own), None)
        found = self.present.user(own.named if own is not None else member.name)
        if member.state is State.ABSENT:
            return found
        if own is not None and own.state is State.ABSENT:
            message = f"{member.name} is to be absent, as {own.place} says"
            raise Invalid("manifest_invalid", message, field="user")
        if own is None and found is None:
            team_steps.check_invited(member)
        return found or own

    def _check_once(self, entry: Entry, seq: int, declared: dict[int, Entry]) -> None:
        """Refuse a subject that two entries name by different names."""
        if (first := declared.get(seq)) is not None:
            self.faults.add(entry.place, f"{entry.name} is named in {first.place} already, as {first.name}")
        declared.setdefault(seq, entry)

    def _checked(self, entry: Entry, step: Callable[..., T], *args: object, **options: object) -> T | None:
        """What a step answers; None where it finds a fault, which is kept."""
        try:
            return step(*args, **options)
        except Invalid as error:
            self.faults.add_all(entry.place, error)
            return None


def _set_policy(work: Work, *, name: str, value: object) -> None:
    """Set a policy, which holds for the rest of this unit of work."""
    security_policies.apply(work, {name: value})
    work.obey(policies.Policy(storage.policies.read(work.db)))
