"""Merging two accounts of one person: what the first has becomes the second's, and the first is gone.

    moves     identities, memberships, sent invitations, past passwords, known sources, ended sessions and tokens
    united    labels, roles in a team that both are in, prefs and metadata by key, and whether two factors are asked for
    one stays username, name, locale, password, authenticators, recovery codes: the preferred account's if it has any
    stays     the second's id, email, phone and locks; the first's email and phone where it has none
    ends      sessions, tokens and pending changes of both

Whoever can sign in to the first can sign in to the second from then on, so that operators name both as they do for
grants (`naming`). A block stays where it is: an account that is blocked is no part of one that is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from shlex import quote
from typing import Any

from authctl import storage
from authctl.core.accounts import endings, lookup, naming, throttle, uniting
from authctl.core.accounts.endings import Cause
from authctl.core.credentials import factors, passwords
from authctl.core.crypto import sealing
from authctl.core.messages import notices
from authctl.core.teams import memberships
from authctl.core.values import checks, identifiers
from authctl.core.work.unit import Work
from authctl.errors import Denied, Invalid
from authctl.model import EventName, Json, JsonObject, Membership, MembershipStatus, Side, Status, User, fold, form


@dataclass(frozen=True, slots=True)
class Difference:
    """What both accounts have, and which of the two stays. Of what is secret, the values say when it was made."""

    field: str
    from_: object
    into: object
    kept: Side

    def public(self) -> JsonObject:
        return {"field": self.field, "from": self.from_, "into": self.into, "kept": str(self.kept)}


@dataclass(frozen=True, slots=True)
class Merged:
    """An account, and what another one added to it. merged: the id of that. released: its addresses, free now."""

    user: User = field(repr=False)
    merged: str
    conflicts: tuple[Difference, ...]
    released: tuple[str, ...]
    counts: Json

    def public(self) -> JsonObject:
        conflicts = [each.public() for each in self.conflicts]
        ids: JsonObject = {"id": self.user.id, "merged": self.merged}
        return ids | {"conflicts": conflicts, "released": list(self.released)} | self.counts


def merge(work: Work, user: str, into: str, *, prefer: Side | str = Side.INTO, force: bool = False) -> Merged:
    """Make an account a part of another one: of the same person, says the operator.

    prefer: whose username, name, password, factors and values of prefs and metadata stay, where both have them. The
    email and phone of `into` stay in any case. force: also where somebody typed in the address or username that names
    either account.

    Raises Invalid for one account given twice, and for more labels, roles or prefs than an account may have; Denied
    (user_blocked) where only one of the two is blocked.
    """
    side = _side(prefer)
    before, target = _locked(work, user, into)
    for each, named in ((before, user), (target, into)):
        naming.check(work, each, named, force=force)
    _check_blocks(before, target)
    conflicts = tuple(_conflicts(work, before, target, side))
    counts: Json = dict.fromkeys(endings.COUNTS[:2], 0)
    for each in (before, target):
        ended = endings.end(work, each, Cause.MERGED)
        counts = {name: count + ended.get(name, 0) for name, count in counts.items()}
    storage.tokens.end_of_kinds(work.db, before.seq, work.now, str(Cause.MERGED), endings.CANCELS)
    found = storage.users.find_again(work.db, target.seq)
    assert found is not None
    present = found.at(work.now)
    counts |= _move(work, before, target, side)
    _remove(work, before)
    after = factors.reread(work, _united(work, before, present, side))
    storage.users.update(work.db, present, after)
    released = tuple(
        address for address in (before.email, before.phone) if address not in (None, after.email, after.phone)
    )
    notices.address_changed(work, before, replace(after, phone=before.phone))
    merged = Merged(after, before.id, conflicts, tuple(filter(None, released)), counts)
    _record(work, before, target, merged)
    return merged


def _side(prefer: Side | str) -> Side:
    try:
        return Side(str(prefer).upper())
    except ValueError:
        message = f"Must be FROM or INTO, not {checks.shown(str(prefer))}."
        raise Invalid("general_argument_invalid", message, field="prefer") from None


def _locked(work: Work, user: str, into: str) -> tuple[User, User]:
    """Both accounts, locked in the order of their numbers, so that two merges do not wait for each other."""
    found = [lookup.get(work, named) for named in (user, into)]
    if found[0].seq == found[1].seq:
        message = f"Both names are those of user {found[0].id}."
        raise Invalid("general_argument_invalid", message, field="into", hint="Name two accounts.")
    locked = {each.seq: lookup.get_locked(work, f"id:{each.id}") for each in sorted(found, key=lambda user: user.seq)}
    before, target = (locked[each.seq] for each in found)
    return before, target


def _check_blocks(before: User, target: User) -> None:
    if uniting.may_be_one(before, target):
        return
    blocked = before if before.status is Status.BLOCKED else target
    raise Denied(
        "user_blocked",
        f"User {blocked.id} is blocked and the other is not. A merge neither lifts a block nor passes it on.",
        field="user" if blocked is before else "into",
        hint="Block the other user too, or lift this block: authctl users update-status"
        f" {quote(f'id:{blocked.id}')} active",
    )


# What both have


def _conflicts(work: Work, before: User, target: User, prefer: Side) -> list[Difference]:
    found = [_difference(name, getattr(before, name), getattr(target, name), prefer) for name in uniting.TEXTS]
    found += [
        _difference(f"{name}.{key}", ours[key], theirs[key], prefer)
        for name in ("prefs", "metadata")
        for ours, theirs in [(getattr(before, name), getattr(target, name))]
        for key in ours
        if key in theirs
    ]
    found.append(_difference("password", _of_password(before), _of_password(target), prefer, always=True))
    found += [
        _difference(name, list_(work, before), list_(work, target), prefer, always=True)
        for name, list_ in _FACTORS.items()
    ]
    return [each for each in found if each is not None]


def _difference(name: str, ours: Any, theirs: Any, prefer: Side, *, always: bool = False) -> Difference | None:
    """None where one of the accounts has nothing, or both have the same. always: those are never the same."""
    if ours in (None, "", []) or theirs in (None, "", []) or (ours == theirs and not always):
        return None
    return Difference(name, ours, theirs, Side.INTO if name in ("email", "phone") else prefer)


def _of_password(user: User) -> object:
    return form(user.password.updated_at) if user.password is not None else None


def _authenticators(work: Work, user: User) -> list[str]:
    return [each.name for each in storage.authenticators.list_of_user(work.db, user.seq) if each.verified_at]


def _recovery_codes(work: Work, user: User) -> object:
    return len(storage.recovery_codes.list_unused(work.db, user.seq)) or None


_FACTORS: dict[str, Callable[[Work, User], Any]] = {
    "authenticators": _authenticators,
    "recovery_codes": _recovery_codes,
}


# What moves


def _move(work: Work, before: User, target: User, prefer: Side) -> Json:
    """Move what belongs to the first account; what there was of it."""
    shared = storage.merging.lock_memberships(work.db, before.seq, target.seq)
    for team in shared:
        _unite_memberships(work, team, before, target)
    moved = storage.merging.move(work.db, before.seq, target.seq)
    if before.password is not None and target.password is not None:
        passwords.remember_present(work, target if prefer is Side.FROM else before)
    for seq, hash in storage.merging.list_history(work.db, before.seq):
        storage.merging.move_history(work.db, seq, target.seq, _resealed(work, before, target, hash))
    storage.passwords.forget(work.db, target.seq, work.policy["password-history"])
    removed = _move_factors(work, before, target, prefer)
    counts = {f"{name}_moved": count for name, count in moved.items()}
    return counts | {"memberships_united": len(shared)} | removed


def _unite_memberships(work: Work, team_seq: int, before: User, target: User) -> None:
    """Make two memberships of one team one. What was only offered is granted to nobody by that."""
    ours, theirs = (storage.memberships.find_of_user(work.db, team_seq, each.seq) for each in (before, target))
    assert ours is not None
    assert theirs is not None
    if ours.status is theirs.status:
        united = _united_membership(theirs, ours)
        storage.merging.move_invitations(work.db, ours.seq, theirs.seq)
    else:
        confirmed = ours if ours.is_confirmed else theirs
        united = replace(
            theirs, status=MembershipStatus.CONFIRMED, roles=confirmed.roles, joined_at=confirmed.joined_at
        )
    storage.memberships.delete(work.db, ours)
    storage.memberships.update(work.db, united, team_seq)
    if united.is_confirmed:
        storage.memberships.withdraw_all(work.db, theirs.seq)
    work.changed(memberships.resource(ours), ours.public(), None)
    work.changed(memberships.resource(theirs), theirs.public(), united.public())


def _united_membership(first: Membership, second: Membership) -> Membership:
    joined = [each.joined_at for each in (first, second) if each.joined_at is not None]
    return replace(
        first,
        roles=identifiers.roles((*first.roles, *second.roles)),
        invited_at=min(first.invited_at, second.invited_at),
        joined_at=min(joined, default=None),
    )


def _move_factors(work: Work, before: User, target: User, prefer: Side) -> Json:
    """Keep one account's authenticators, and one's recovery codes; how many of the other's go."""
    ways = {
        "authenticators": (storage.authenticators.delete_of_user, storage.merging.move_authenticators),
        "recovery_codes": (storage.recovery_codes.delete_of_user, storage.merging.move_recovery_codes),
    }
    removed: Json = {}
    for name, (delete, move) in ways.items():
        has = {side: _FACTORS[name](work, each) for side, each in ((Side.FROM, before), (Side.INTO, target))}
        kept = prefer if has[prefer] else Side.FROM if has[Side.FROM] else Side.INTO
        removed[f"{name}_removed"] = delete(work.db, (target if kept is Side.FROM else before).seq)
        if kept is Side.FROM:
            move(work.db, before.seq, target.seq)
    return removed


def _remove(work: Work, before: User) -> None:
    """Remove the account that nothing is left of; its id is remembered, and finds the other one."""
    storage.users.delete(work.db, before)
    work.at_end(storage.user_counts.add, work.db, -1)
    throttle.forget(work, before)


def _united(work: Work, before: User, present: User, prefer: Side) -> User:
    """What becomes of the account that stays."""
    ours = before
    if before.password is not None:
        hash = _resealed(work, before, present, before.password.hash)
        ours = replace(before, password=replace(before.password, hash=hash))
    united = uniting.united(*((ours, present) if prefer is Side.FROM else (present, ours)))
    held = uniting.united(present, ours)
    of_target = {
        name: getattr(held, name)
        for kind in ("email", "phone")
        for name in (kind, f"{kind}_verified", f"{kind}_self_service")
    }
    of_target |= {name: getattr(present, name) for name in _OWN}
    ends = [each.blocked_until for each in (before, present)]
    blocked_until = max(filter(None, ends)) if all(ends) else None
    return replace(united, **of_target, blocked_until=blocked_until, updated_at=work.now, requested=False)


_OWN = (
    *("seq", "id", "created_at", "status", "locked_until", "codes_locked_until"),
    *("pending_email", "pending_email_session", "pending_phone", "pending_phone_session"),
)


def _resealed(work: Work, before: User, target: User, hash: str) -> str:
    """A hash of the first account's as the second's is stored: some are sealed for whose they are."""
    if not sealing.is_sealed_text(hash):
        return hash
    return passwords.sealed(work, target, passwords.unsealed(work, before, hash))


def _record(work: Work, before: User, target: User, merged: Merged) -> None:
    storage.merging.pass_on_names(work.db, before.id, target.id)
    storage.user_names.merge(work.db, fold(before.id), target.id, id=before.id)
    conflicts = {each.field: str(each.kept) for each in merged.conflicts}
    details = {"conflicts": conflicts, "released": list(merged.released)} | merged.counts
    work.record(EventName.USERS_MERGE, f"users/{target.id}", {"merged": before.id} | details, user_id=target.id)
    work.record(EventName.USERS_MERGE, f"users/{before.id}", {"into": target.id}, user_id=before.id)
    work.changed(f"users/{target.id}", target.public(), merged.user.public())
    work.changed(f"users/{before.id}", before.public(), None)
