"""Applying a manifest: one unit of work that plans, does what is planned, and remembers what the manifest brought.

What is slow comes before it, the hashing of passwords, or after it: invitations are sent once all is committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from authctl import storage
from authctl.core.credentials import passwords
from authctl.core.credentials.passwords import Prepared
from authctl.core.crypto import generators
from authctl.core.manifests.declarations import GENERATE, State
from authctl.core.manifests.finding import Present
from authctl.core.manifests.planning import Planner
from authctl.core.manifests.plans import Gift, Kind, Plan, Prune, Step
from authctl.core.manifests.reading import Entry, Manifest
from authctl.core.teams import invitations
from authctl.core.teams.invitations import InvitationClaim
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.delivery.errors import Unconfigured
from authctl.errors import AuthctlError, Conflict, Unavailable
from authctl.model import WeakHash
from authctl.storage.manifests import Brought


def apply(directory: Engine, manifest: Manifest, *, prune: Prune | None = None, confirmed: Plan | None = None) -> Plan:
    """Make the directory what a manifest says, whole or not at all; the plan of what was done.

    prune: take away as well what the manifest brought and no longer names, and block or delete users. confirmed: the
    plan that somebody agreed to; a Conflict (user_changed) where it would be another one by now. In a dry run the plan
    is made, tried and undone.

    Raises Invalid (manifest_invalid) with every fault, and whatever the verbs raise, with its line.
    """
    directory.require_operator()
    made: dict[str, str] = {}
    prepared = {} if directory.dry_run else dict(_hashed(directory, manifest, made))
    plan, claims = directory.write(_apply, directory, manifest, prepared, prune, confirmed)
    plan.passwords = {} if directory.dry_run else {name: made[name] for name in made}
    for claim in () if directory.dry_run else claims:
        try:
            invitations.deliver(directory, claim)
        except Unavailable as error:
            directory.warn(f"An invitation to {claim.invitation.address} was not sent: {error.message} Apply again.")
    return plan


def _hashed(directory: Engine, manifest: Manifest, made: dict[str, str]) -> Iterator[tuple[str, Prepared]]:
    """The hashed passwords of users who are to be made, by what finds them. made: takes those that were generated."""
    wanted = [entry for entry in manifest.users if "password" in entry.values and entry.state is not State.ABSENT]
    if not wanted:
        return
    missing, least = directory.read(_missing, manifest, wanted)
    generated = [entry for entry in missing if entry.values["password"] == GENERATE]
    for entry in missing:
        if (given := entry.values["password"]) != GENERATE:
            taken = passwords.take_in(directory, given, entry.values.get("hash"), {}, WeakHash.KEEP)
            assert taken is not None
            yield entry.named, taken
    made |= {entry.name: generators.new_password(directory.random_bytes, least) for entry in generated}
    hashed = passwords.hash_all(directory, [made[entry.name] for entry in generated])
    yield from zip((entry.named for entry in generated), hashed, strict=True)


def _missing(work: Work, manifest: Manifest, wanted: Sequence[Entry]) -> tuple[list[Entry], int]:
    present = Present(work, manifest)
    missing = [entry for entry in wanted if (user := present.user(entry.named)) is None or user.requested]
    return missing, work.policy["password-min-length"]


def _apply(
    work: Work,
    directory: Engine,
    manifest: Manifest,
    prepared: dict[str, Prepared],
    prune: Prune | None,
    confirmed: Plan | None,
) -> tuple[Plan, list[InvitationClaim]]:
    storage.manifests.lock(work.db)
    work.about = {"manifest": manifest.name}
    present = Present(work, manifest)
    plan = Planner(directory, work, manifest, present).run(prepared, prune)
    if confirmed is not None and confirmed.changes() != plan.changes():
        message = "The directory was changed by someone else in the meantime, so the plan would be another one."
        raise Conflict("user_changed", message, hint="Nothing was done. Look at the new plan, and apply again.")
    answers = [_do(work, step) for step in plan.steps]
    _remember(work, manifest, present, plan)
    return plan, [answer for answer in answers if isinstance(answer, InvitationClaim)]


def _do(work: Work, step: Step) -> object:
    """Do one step; what refuses it says where the manifest asks for it."""
    try:
        return step.do(work)
    except AuthctlError as error:
        error.hint = _hint(error)
        raise error.at(step.place or f"{step.kind} {step.name}") from None


def _hint(error: AuthctlError) -> str | None:
    """What can be done about it in a manifest, where nothing is forced."""
    if error.type.endswith("_not_verified"):
        return "If you are sure whose account it is, name the user by id."
    if isinstance(error, Unconfigured):
        return f"{error.way_out}."
    sentences = re.split(r"(?<=\.) ", error.hint or "")
    return " ".join(each for each in sentences if "--force" not in each) or None


def _remember(work: Work, manifest: Manifest, before: Present, plan: Plan) -> None:
    """Keep what the manifest brought by these steps, and forget what is not there any more by its doing."""
    gone = {seq for step in plan.steps for seq in step.gone}
    gone |= {seq for each, seq in before.brought.items() if _is_stale(before, each)}
    gifts = [gift for step in plan.steps for gift in step.gifts]
    blocked = [Brought(Kind.BLOCKED, user_seq=step.blocks) for step in plan.steps if step.blocks is not None]
    after = Present(work, manifest) if gifts else before
    brought = dict.fromkeys([*(_brought(after, gift) for gift in gifts), *blocked])
    kept = {each for each, seq in before.brought.items() if seq not in gone}
    storage.manifests.forget(work.db, sorted(gone))
    storage.manifests.remember(work.db, manifest.name, [each for each in brought if each not in kept])


def _is_stale(present: Present, brought: Brought) -> bool:
    """Whether somebody else has taken away what was brought: from then on, it is theirs."""
    user = present.users.get(brought.user_seq or 0)
    held = present.memberships.get(brought.membership_seq or 0)
    match brought.kind:
        case Kind.LABEL:
            return user is not None and brought.value not in user.labels
        case Kind.ROLE:
            return held is not None and brought.value not in held.roles
        case Kind.BLOCKED:
            return user is not None and user.status != "blocked"
        case Kind.MOCK_PHONE:
            return brought.value not in present.mock_phones
    return False


def _brought(present: Present, gift: Gift) -> Brought:
    """What a gift is, by the numbers of what is there now."""
    if gift.kind is Kind.MOCK_PHONE:
        return Brought(gift.kind, value=gift.value)
    if gift.kind in (Kind.USER, Kind.BLOCKED, Kind.LABEL):
        user = present.user(gift.entry.named)
        assert user is not None
        return Brought(gift.kind, user_seq=user.seq, value=gift.value)
    team = present.team(gift.entry)
    assert team is not None
    if gift.member is None:
        return Brought(gift.kind, team_seq=team.seq)
    member = present.user(gift.member.name)
    assert member is not None
    held = present.membership(team, member)
    assert held is not None
    return Brought(gift.kind, membership_seq=held.seq, value=gift.value)
