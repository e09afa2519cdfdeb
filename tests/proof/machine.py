"""A directory beside a simple model of it: operators and an application act in any order, and both say the same.

What is done is what the model says, or refused and nothing. Who knows the password of an account that is not blocked
gets in, once no lock can last any more, and is asked for a second factor if there are to be two. In the end nothing
contradicts anything else.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pyotp
from hypothesis import note, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from proof import faults, machines

from authctl.core.manifests import applying, reading
from authctl.errors import AuthctlError
from authctl.transfer.importing import OnConflict, Options
from authctl.transfer.journal import Imports

IDS = ("ada", "bob", "Cyd", "ünï")
EMAILS = ("a@example.com", "b@example.com", "c@example.com")
PHONES = ("+14255550100", "+14255550101")
LABELS = ("staff", "trial")
PASSWORDS = ("correct horse battery", "a quiet harbour at dawn", "rocket lovelace engine")
POLICIES = {
    "session-limit": (1, 3),
    "password-history": (0, 2),
    "user-limit": (0, 3, 100),
    "mfa-required": ("off", "all", ["staff"]),
    "sign-in-attempts": (3, 10),
    "session-invalidation": (True, False),
}
TIMES = {"a minute": 60, "an hour": 3_600, "a day": 86_400, "a month": 2_678_400}
ID, EMAIL, PHONE = (st.sampled_from(each) for each in (IDS, EMAILS, PHONES))


@dataclass(frozen=True)
class Account:
    """What the model knows of a user. password: None where it knows none, or there is none."""

    name: str = ""
    email: str | None = None
    phone: str | None = None
    labels: frozenset[str] = frozenset()
    status: str = "active"
    password: str | None = None
    secret: str | None = None  # of the authenticator
    mfa: bool = False


SHOWN = ("name", "email", "phone", "labels", "status", "mfa")


class Machine(RuleBasedStateMachine):
    """Whoever runs it says in a subclass where empty directories come from, and what is counted in."""

    places: ClassVar[Any]
    counts: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self._resources = ExitStack()
        self.world = self._resources.enter_context(self.places.world())
        self.folder = Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="authctl-proof-")))
        self.operator, self.application = self.world.operator, self.world.application
        self.model: dict[str, Account] = {}
        self.policy: dict[str, Any] = {"mfa-required": "off"}
        self.last_import: tuple[str, dict[str, Account]] | None = None
        self.counts["examples"] += 1

    def teardown(self) -> None:
        try:
            self._end()
        finally:
            self._resources.close()

    # Doing

    def act(self, verb: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """The answer; None where it is refused, and nothing was done."""
        self.world.clock.forward(seconds=1)
        self.counts["acts"] += 1
        try:
            answer = verb(*args, **named)
        except AuthctlError as refused:
            self.counts["refused"] += 1
            note(f"    # {refused.type}: {refused}")
            return None
        return answer if answer is not None else True

    def change(self, id: str, verb: Callable[..., Any], *args: Any, becomes: Account, **named: Any) -> None:
        """Change one user, who is in the model what was asked for, or as before."""
        answer = self.act(verb, f"id:{id}", *args, **named)
        if answer is not None:
            if id not in self.model:
                raise faults.Wrong(f"somebody was changed who is not there: {id}")
            self.model[id] = becomes
            self.last_import = None
        self.compare()

    def compare(self) -> None:
        """The directory is what the model says."""
        found = self.look()
        wanted = {id: {name: getattr(account, name) for name in SHOWN} for id, account in self.model.items()}
        if found != wanted:
            raise faults.Wrong(f"{found}, not {wanted}")

    def look(self) -> dict[str, dict[str, Any]]:
        users = [user.at(self.world.clock.now) for user in self.operator.users.iterate()]
        return {
            user.id: {name: getattr(user, name) for name in SHOWN}
            | {"labels": frozenset(user.labels), "status": str(user.status)}
            for user in users
        }

    def follow(self) -> None:
        """Have the model be what is there, with the passwords and secrets of those who stay."""
        before, self.model = self.model, {}
        for id, found in self.look().items():
            known = before.get(id, Account())
            self.model[id] = replace(known, **found)

    def _known(self, id: str) -> Account:
        return self.model.get(id, Account())

    # Operators

    @initialize()
    def begins(self) -> None:
        self.operator.teams.create("Maths", id="maths")
        for id, email in zip(IDS[:2], EMAILS, strict=False):
            self.creates(id, email, None, PASSWORDS[0])

    @rule(id=ID, email=st.none() | EMAIL, phone=st.none() | PHONE, password=st.none() | st.sampled_from(PASSWORDS))
    def creates(self, id: str, email: str | None, phone: str | None, password: str | None) -> None:
        user = self.act(self.operator.users.create, id=id, email=email, phone=phone, password=password)
        if user is not None:
            self._check_free(id, email=email, phone=phone)
            self.model[id] = Account(email=email, phone=phone, password=password)
            self.last_import = None
        self.compare()

    def _check_free(self, id: str, **given: str | None) -> None:
        """Whether nobody else has what somebody got."""
        if id in self.model:
            raise faults.Wrong(f"{id} was made twice")
        for field, value in given.items():
            if value and any(getattr(each, field) == value for other, each in self.model.items() if other != id):
                raise faults.Wrong(f"two have the {field} {value}")

    @rule(id=ID, email=EMAIL | st.just(""))
    def updates_email(self, id: str, email: str) -> None:
        becomes = replace(self._known(id), email=email or None)
        self.change(id, self.operator.users.update_email, email, becomes=becomes)

    @rule(id=ID, phone=PHONE | st.just(""))
    def updates_phone(self, id: str, phone: str) -> None:
        becomes = replace(self._known(id), phone=phone or None)
        self.change(id, self.operator.users.update_phone, phone, becomes=becomes)

    @rule(id=ID, name=st.sampled_from(["", "Ada", "Ünï Ö"]))
    def updates_name(self, id: str, name: str) -> None:
        self.change(id, self.operator.users.update_name, name, becomes=replace(self._known(id), name=name))

    @rule(id=ID, label=st.sampled_from(LABELS), adds=st.booleans())
    def updates_labels(self, id: str, label: str, adds: bool) -> None:
        known = self._known(id)
        labels = known.labels | {label} if adds else known.labels - {label}
        given = {"add" if adds else "remove": [label]}
        self.change(id, self.operator.users.update_labels, becomes=replace(known, labels=labels), **given)

    @rule(id=ID, status=st.sampled_from(["active", "blocked"]))
    def updates_status(self, id: str, status: str) -> None:
        self.change(id, self.operator.users.update_status, status, becomes=replace(self._known(id), status=status))

    @rule(id=ID, password=st.sampled_from(PASSWORDS))
    def updates_password(self, id: str, password: str) -> None:
        becomes = replace(self._known(id), password=password)
        self.change(id, self.operator.users.update_password, password, becomes=becomes)

    @rule(id=ID)
    def adds_authenticator(self, id: str) -> None:
        made = self.act(self.operator.mfa.create_authenticator, f"id:{id}", name=f"app{self.world.clock.now:%d%H%M%S}")
        if made is None:
            return
        code = pyotp.TOTP(made.secret).at(self.world.clock.now)
        becomes = replace(self._known(id), secret=made.secret)
        self.change(id, self.operator.mfa.verify_authenticator, code, becomes=becomes)

    @rule(id=ID, is_on=st.booleans())
    def switches_mfa(self, id: str, is_on: bool) -> None:
        verb = self.operator.mfa.enable if is_on else self.operator.mfa.disable
        self.change(id, verb, becomes=replace(self._known(id), mfa=is_on))

    @rule(id=ID)
    def resets_mfa(self, id: str) -> None:
        self.change(id, self.operator.mfa.reset, becomes=replace(self._known(id), mfa=False, secret=None))

    @rule(id=ID)
    def deletes(self, id: str) -> None:
        if self.act(self.operator.users.delete, f"id:{id}", force=True) is not None:
            del self.model[id]
            self.last_import = None
        self.compare()

    @rule(id=ID, roles=st.sampled_from([[], ["owner"], ["tutor", "guide"]]))
    def joins(self, id: str, roles: list[str]) -> None:
        self.act(self.operator.teams.create_membership, "maths", user=f"id:{id}", roles=roles)
        self.last_import = None
        self.compare()

    @rule(name=st.sampled_from([*POLICIES]), which=st.integers(0, 2))
    def sets_policy(self, name: str, which: int) -> None:
        value = POLICIES[name][which % len(POLICIES[name])]
        if self.act(self.operator.security.set, name, value) is not None:
            self.policy[name] = value

    @rule(how=st.sampled_from([*TIMES]))
    def waits(self, how: str) -> None:
        self.world.clock.forward(seconds=TIMES[how])
        self.act(self.operator.security.purge, force=True)
        self.compare()

    @rule(id=ID, into=ID)
    def merges(self, id: str, into: str) -> None:
        before = {*self.model}
        if self.act(self.operator.users.merge, f"id:{id}", into=f"id:{into}") is None:
            self.compare()
            return
        self._forget(into)
        self.follow()
        self.last_import = None
        if {*self.model} != before - {id}:
            raise faults.Wrong(f"of {before}, {id} merged into {into}: {[*self.model]}")

    def _forget(self, id: str) -> None:
        """What two accounts had, and one has now, is not in the model."""
        self.model[id] = replace(self.model[id], password=None, secret=None)

    @rule(
        ids=st.lists(ID, min_size=1, max_size=3, unique=True),
        email=st.none() | EMAIL,
        on_conflict=st.sampled_from([*OnConflict]),
    )
    def imports(self, ids: list[str], email: str | None, on_conflict: OnConflict) -> None:
        before = dict(self.model)
        file = self.folder / "users.csv"
        rows = [f"{id},{email if place == 0 and email else ''},Imported" for place, id in enumerate(ids)]
        file.write_text("\n".join(["id,email,name", *rows]))
        options = Options(on_conflict=on_conflict)
        journal = self.act(Imports(self.operator).run, [str(file)], source="csv", options=options)
        self.follow()
        if not {*before} <= {*self.model}:
            raise faults.Wrong("an import removed somebody")
        self.last_import = (journal.id, before) if journal is not None else None

    @rule()
    def undoes(self) -> None:
        if self.last_import is None:
            return
        id, before = self.last_import
        self.last_import = None
        if self.act(Imports(self.operator).undo, id) is not None:
            self.follow()
            if {*self.model} != {*before}:
                raise faults.Wrong(f"undone: {[*self.model]}, not {[*before]}")

    @rule(id=ID, labels=st.sets(st.sampled_from(LABELS)), name=st.sampled_from(["Named", ""]))
    def applies(self, id: str, labels: set[str], name: str) -> None:
        text = f'[[users]]\nid = "{id}"\nname = "{name}"\nlabels = {sorted(labels)}\n'
        try:
            manifest = reading.read("proof", [("proof.toml", text)])
        except AuthctlError:
            return
        others = {other: each for other, each in self.model.items() if other != id}
        if self.act(applying.apply, self.operator, manifest) is not None:
            self.follow()
            self.last_import = None
            made = self.model[id]
            if (made.name, {*made.labels} >= labels) != (name, True) or {**self.model, id: made} != {
                **others,
                id: made,
            }:
                raise faults.Wrong(f"a manifest made of {id} {made}")
        self.compare()

    # People

    @rule(id=ID, password=st.sampled_from(PASSWORDS))
    def signs_in(self, id: str, password: str) -> None:
        signed_in = self.act(self.application.sessions.create, id, password, ip="192.0.2.7")
        if signed_in is not None:
            self.last_import = None
            self._check_admitted(id, password, signed_in)
        self.compare()

    def _check_admitted(self, id: str, password: str, signed_in: Any) -> None:
        known = self._known(id)
        if known.password is not None and known.password != password:
            raise faults.Admitted(f"{id} with a wrong password")
        if known.status == "blocked":
            raise faults.Admitted(f"{id}, who is blocked")
        required = self.policy["mfa-required"]
        is_asked = known.mfa or required == "all" or (required != "off" and not known.labels.isdisjoint(required))
        if known.secret is not None and is_asked != bool(signed_in.more_factors_required):
            raise faults.OneFactor(f"{id}: {signed_in.more_factors_required}, where two are asked for: {is_asked}")

    def _end(self) -> None:
        """Whoever should get in does, once no lock lasts; and nothing contradicts anything else."""
        self.world.clock.forward(days=2)
        for id, known in self.model.items():
            if known.password is not None and known.status == "active":
                try:
                    signed_in = self.application.sessions.create(id, known.password, ip="192.0.2.8")
                except AuthctlError as refused:
                    raise faults.ShutOut(f"{id}: {refused.type}") from None
                self._check_admitted(id, known.password, signed_in)
        if found := self.world.problems():
            raise faults.Damaged("; ".join(found))


def run_round(
    places: Any, counts: Counter[str], seed: int | None = None, *, examples: int = 25, steps: int = 40
) -> None:
    """Try so many examples of at most so many steps; the same ones each time without a seed. Raises what it finds."""
    machines.run(type("Machine", (Machine,), {"places": places, "counts": counts}), seed, examples, steps)
