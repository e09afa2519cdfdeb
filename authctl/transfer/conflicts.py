"""What becomes of each record of a batch: made, an update, left out, or refused, in the order of the file.

Nothing here changes the database: `settle` is given who has what, and says what is to be done. A value belongs to the
record that came first; a user that this import has had already is not had again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from authctl.core.accounts import naming, standing, uniting
from authctl.core.accounts.standing import AddressKind, Standing
from authctl.core.crypto import generators
from authctl.core.values import checks, identifiers, json_objects
from authctl.errors import Invalid
from authctl.model import Status, User, fold, name_keys
from authctl.storage.bulk import user_of
from authctl.storage.imports import Keys, Owners
from authctl.transfer import merging
from authctl.transfer.plans import Plan, Update
from authctl.transfer.records import TEXTS, Member, Note, Refused
from authctl.transfer.taken import Taken, without
from authctl.transfer.validation import NOTHING, Checked, IdentityRow, Outcome


class OnConflict(StrEnum):
    """What becomes of a record whose user already exists with different data."""

    FAIL = "fail"
    SKIP = "skip"
    UPDATE = "update"
    MERGE = "merge"


class Match(StrEnum):
    """By what a record's user is found."""

    ID = "id"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Holders:
    """What the database has of what a batch brings.

    brought: the ids of users that this import has had already. memberships: the confirmed ones of the users in owners,
    (team, user). linked: those of them who gave a name themselves and have an identity.
    is_same: whether a hash that a record brings is the one that its user has.
    """

    owners: Owners
    brought: set[str]
    memberships: set[tuple[int, int]]
    linked: set[int]
    is_same: Callable[[User, Checked], bool]


@dataclass(frozen=True, slots=True)
class Conditions:
    """By what rules records meet users that are there.

    force: also users that are found by what a person typed in. strict: refuse a record of which somebody has a value.
    room: how many more may be refused; None: all. room_to_lose: how many more values may be left out; None: any number.
    """

    now: datetime
    on_conflict: OnConflict = OnConflict.FAIL
    match: Match | None = None
    team_of: Callable[[Member], int | None] = lambda member: None  # the number of a team that is there
    teams: bool = False
    force: bool = False
    strict: bool = False
    room: int | None = None
    room_to_lose: int | None = None


def keys_of(items: Iterable[Outcome], keys: Keys) -> Keys:
    """All that these records would take."""
    for item in items:
        if isinstance(item, Checked):
            row = item.row
            keys.ids.append(row.id)
            keys.names.extend(name_keys(row.id, row.username_key))
            if row.username_key is not None:
                keys.username_keys.append(row.username_key)
            if row.email is not None:
                keys.emails.append(row.email)
            if row.phone is not None:
                keys.phones.append(row.phone)
            for identity in item.extra.identities:
                keys.uids.append((identity.provider, identity.provider_uid))
                if identity.email_verified and identity.email is not None:
                    keys.emails.append(identity.email)
    return keys


def settle(items: Sequence[Outcome], conditions: Conditions, known: Holders | None = None) -> Plan:
    """What is to be done with these records. known: who has what they bring; None where nobody is thought to."""
    plan, claims = Plan(), _Claims()
    are_apart = known is None and _are_apart(items)
    is_bound = conditions.room is not None or conditions.room_to_lose is not None
    for item in items:
        if type(item) is Checked:
            if are_apart:
                plan.create(item)
            else:
                _settle(item, conditions, known, claims, plan)
        elif isinstance(item, Refused):
            plan.refuse(item, item.notes)
        else:
            plan.skip(item, item.notes)
        plan.through += 1
        if is_bound and (_is_over(plan.refused, conditions.room) or _is_over(plan.losses, conditions.room_to_lose)):
            plan.is_stopped = True
            break
    return plan


def _are_apart(items: Iterable[Outcome]) -> bool:
    """Whether no two of these records bring the same, as most do; those of identities are not looked through."""
    found = [item for item in items if type(item) is Checked]
    names = [name for item in found for name in name_keys(item.row.id, item.row.username_key)]
    emails = [item.row.email for item in found if item.row.email is not None]
    phones = [item.row.phone for item in found if item.row.phone is not None]
    if any(item.extra.identities for item in found if item.extra is not NOTHING):
        return False
    return all(len(set(values)) == len(values) for values in (names, emails, phones))


def _is_over(count: int, room: int | None) -> bool:
    return room is not None and count > room


def _settle(item: Checked, conditions: Conditions, known: Holders | None, claims: _Claims, plan: Plan) -> None:
    owned = _owned(item, known.owners) if known is not None else []
    into = _same_person(item, conditions, known, claims, plan)
    clash = claims.clash(item, into)
    if (owned or clash is not None) and not conditions.strict:
        item = _fitting(item, owned, conditions, known, claims, into)
        owned = _owned(item, known.owners) if known is not None else []
        clash = claims.clash(item, into)
    if clash is not None:
        plan.refuse(item, (clash, *item.notes))
    elif into is not None and not into.seq:
        _join(item, into, conditions, claims, plan)
    elif known is not None and owned:
        _meet(item, owned, conditions, known, claims, plan, into)
    else:
        claims.add(item, place=len(plan.creates))
        plan.create(item)


# Values that others have are left out


def _fitting(
    item: Checked,
    owned: list[_Owned],
    conditions: Conditions,
    known: Holders | None,
    claims: _Claims,
    into: User | None,
) -> Checked:
    """The record without what another user has; that by which it is found stays, and so do its id and email."""
    row, user, by = item.row, into, None
    if into is None:
        user, by = _user_meant(item, owned, conditions, known) if known else None, _found_by(item, conditions)
    if user is None and by == "phone" and row.username is not None:  # the phone is a colleague's
        by = "username"
        user = known.owners.users.get(known.owners.username_keys.get(row.username_key, 0)) if known else None
    taken = claims.taken(item, into)
    for each in owned:
        if known is not None and each.key is not None and (user is None or each.seq != user.seq):
            taken.append(Taken(each.field, each.key, each.value, f"the user {known.owners.users[each.seq].id}"))
    kept = None if into is not None else by or "identities"
    return without(item, [each for each in taken if each.field != kept])


# Values that were taken within the batch


class _Claims:
    """Who of the batch took what, by the ids of the users."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.names: dict[str, str] = {}
        self.emails: dict[str, str] = {}
        self.phones: dict[str, str] = {}
        self.uids: dict[tuple[str, str], str] = {}
        self.users: set[int] = set()  # that are there, and were had
        self.places: dict[str, int] = {}  # of those that are to be made, by the email

    def clash(self, item: Checked, into: User | None = None) -> Note | None:
        """What of the record another has, if anything. into: whom it is merged into."""
        row, own = item.row, into.id if into is not None else None
        if row.id in self.ids:
            return _twice("user_already_exists", "id", row.id, row.id)
        if row.email is not None and self.emails.get(row.email, own) != own:
            return _twice("user_email_already_exists", "email", row.email, self.emails[row.email])
        if row.phone is not None and self.phones.get(row.phone, own) != own:
            return _twice("user_phone_already_exists", "phone", row.phone, self.phones[row.phone])
        for name in name_keys(row.id, row.username_key):
            if self.names.get(name, own) != own:
                field = "username" if name == row.username_key else "id"
                return _twice("user_already_exists", field, getattr(row, field), self.names[name])
        return self._clash_of_identities(item, own) if item.extra.identities else None

    def _clash_of_identities(self, item: Checked, own: str | None) -> Note | None:
        for identity in item.extra.identities:
            uid = (identity.provider, identity.provider_uid)
            if self.uids.get(uid, own) != own:
                return _twice("user_identity_already_exists", "identities", ":".join(uid), self.uids[uid])
            if identity.email_verified and self.emails.get(identity.email or "", own) != own:
                email = identity.email or ""
                return _twice("user_email_already_exists", "identities", email, self.emails[email])
        uids = [(identity.provider, identity.provider_uid) for identity in item.extra.identities]
        if len(set(uids)) < len(uids):
            return Note("user_identity_already_exists", "identities", "The record has the same identity twice.")
        return None

    def taken(self, item: Checked, into: User | None) -> list[Taken]:
        """All that another has of what can be left out."""
        row, own = item.row, into.id if into is not None else None
        uids = [(each.provider, each.provider_uid) for each in item.extra.identities]
        asked: list[tuple[str, Any, str | None, str | None]] = [
            ("phone", row.phone, row.phone, self.phones.get(row.phone or "")),
            ("username", row.username_key, row.username, self.names.get(row.username_key or "")),
            *(("identities", uid, ":".join(uid), self.uids.get(uid)) for uid in uids),
        ]
        found = ((field, key, shown or "", id) for field, key, shown, id in asked if id is not None and id != own)
        return [Taken(field, key, shown, _whose(id)) for field, key, shown, id in found]

    def add(self, item: Checked, user: User | None = None, *, place: int | None = None) -> None:
        """Remember what a record brings. user: who gets it; place: of a new one among those that are made."""
        row, id = item.row, user.id if user else item.row.id
        self.ids.add(row.id)
        if user is not None and user.seq:
            self.users.add(user.seq)
        if place is not None and row.email is not None:
            self.places[row.email] = place
        for name in name_keys(row.id, row.username_key):
            self.names[name] = id
        if row.email is not None:
            self.emails[row.email] = id
        if row.phone is not None:
            self.phones[row.phone] = id
        for identity in item.extra.identities:
            self.uids[identity.provider, identity.provider_uid] = id
            if identity.email_verified and identity.email is not None:
                self.emails[identity.email] = id


def _twice(type: str, field: str, value: str | None, id: str) -> Note:
    if field == "id" and value == id:
        return Note(type, field, f"Another record of this import has the id {checks.shown(value or '')}.")
    return Note(type, field, f"{checks.shown(value or '')} belongs to {_whose(id)}.")


def _whose(id: str) -> str:
    """A user whom this import has had. An id that was made here says nothing, and after a dry run is nobody's."""
    if generators.is_id(id):
        return "an earlier record of this import"
    return f"user {id}, who is in this import too"


# Users that are there


class _Owned(NamedTuple):
    """A value of a record that somebody has. finds: whether it says whom the record is about.

    key: by which `without` knows what can be left out.
    """

    type: str
    field: str
    value: str
    seq: int
    finds: bool = True
    key: Any = None


def _owned(item: Checked, owners: Owners) -> list[_Owned]:
    row, found = item.row, []

    def ask(
        type: str, field: str, value: Any, among: dict[Any, int], shown: str | None = None, *, finds: bool = True
    ) -> None:
        if value is not None and (seq := among.get(value)) is not None:
            can_go = field in ("phone", "username") or type == "user_identity_already_exists"
            found.append(_Owned(type, field, shown or value, seq, finds, value if can_go else None))

    ask("user_already_exists", "id", row.id, owners.ids)
    ask("user_email_already_exists", "email", row.email, owners.emails)
    ask("user_phone_already_exists", "phone", row.phone, owners.phones)
    ask("user_already_exists", "username", row.username_key, owners.username_keys, row.username)
    ask("user_already_exists", "id", fold(row.id), owners.names, row.id, finds=False)
    ask("user_already_exists", "username", row.username_key, owners.names, row.username, finds=False)
    for each in item.extra.identities:
        uid = (each.provider, each.provider_uid)
        ask("user_identity_already_exists", "identities", uid, owners.uids, ":".join(uid))
        if each.email_verified:
            ask("user_email_already_exists", "identities", each.email, owners.emails)
    return found


def _meet(
    item: Checked,
    owned: list[_Owned],
    conditions: Conditions,
    known: Holders,
    claims: _Claims,
    plan: Plan,
    into: User | None,
) -> None:
    """A record that has something of a user who is there. into: whom it is merged into."""
    user = into or _user_meant(item, owned, conditions, known)
    other = next((each for each in owned if user is None or each.seq != user.seq), None)
    had = next((each for each in owned if _is_had(each.seq, known, claims)), None)
    if had is not None and into is None:
        note = _twice(had.type, had.field, had.value, known.owners.users[had.seq].id)
        plan.refuse(item, (note, *item.notes))
        return
    if user is None or other is not None:
        assert other is not None
        _turn_away(item, other, conditions, known, plan)
        return
    merges = conditions.on_conflict is OnConflict.MERGE and _is_one(user, item, conditions, is_same_id=into is None)
    update = (_filled if merges else _merged)(user, item, conditions, known)
    if isinstance(update, Note):
        plan.refuse(item, (update, *item.notes))
    elif update is None:
        if conditions.on_conflict is OnConflict.UPDATE:
            claims.add(item, user)
            plan.seen.append(user)
        plan.skip(item, (Note("import_unchanged", None, "The user already matches the record."),), tell=False)
        if user.password is None:
            plan.lose_password(item)
    elif (claim := _claim(user, item, conditions, known)) is not None:
        plan.refuse(item, (claim, *item.notes))
    elif merges:
        _merge(update, conditions, known, claims, plan)
    elif conditions.on_conflict is OnConflict.UPDATE:
        claims.add(item, user)
        plan.updates.append(update)
        password = update.after.password
        plan.take(item, "updated", has_password=password is not None, brings_one=password != user.password)
    else:
        _turn_away(item, owned[0], conditions, known, plan)


def _is_had(seq: int, known: Holders, claims: _Claims) -> bool:
    return seq in claims.users or known.owners.users[seq].id in known.brought


def _user_meant(item: Checked, owned: list[_Owned], conditions: Conditions, known: Holders) -> User | None:
    """Whom the record is about: by what was asked for, else by the first that the record has of id, email, phone,
    username. An id that was made for it here finds nobody, and says nothing.
    """
    by = _found_by(item, conditions)
    seq = next((each.seq for each in owned if each.finds and each.field == by), None)
    if seq is None and by is None:  # it has nothing but identities
        seq = next((each.seq for each in owned if each.field == "identities"), None)
    user = known.owners.users.get(seq) if seq is not None else None
    if user is not None and by == "phone" and not conditions.match and _is_called_otherwise(user, item):
        return None  # whose phone it is has another username
    if user is not None and by in ("email", "phone") and getattr(user, by) != getattr(item.row, by):
        return None  # an identity's address is another account's
    return user


def _is_called_otherwise(user: User, item: Checked) -> bool:
    key = item.row.username_key
    return user.username is not None and key is not None and fold(user.username) != key


def _found_by(item: Checked, conditions: Conditions) -> str | None:
    """By what the user of a record is looked for."""
    if conditions.match:
        return str(conditions.match)
    row = item.row
    has = {"id": row.id if item.has_id else None, "email": row.email, "phone": row.phone, "username": row.username}
    return next((name for name, value in has.items() if value), None)


def _claim(user: User, item: Checked, conditions: Conditions, known: Holders) -> Note | None:
    """What to say where the user was found by what a person typed in, so that it may be somebody else than is meant.

    A record that verifies the address takes the account over: nothing of a stranger's is left in it.
    """
    by = _found_by(item, conditions)
    if conditions.force or conditions.on_conflict is OnConflict.FAIL or by not in ("email", "phone", "username"):
        return None
    if by == "username":
        is_proved = user.email_verified or user.phone_verified or user.seq in known.linked
    else:
        takes_over = conditions.on_conflict is OnConflict.UPDATE and getattr(item.row, f"{by}_verified")
        is_proved = getattr(user, f"{by}_verified") or takes_over
    if is_proved or not getattr(user, f"{by}_self_service"):
        return None
    refused = naming.refusal(user, by)
    return Note(refused.type, by, f"{refused.message} Match it by its id, or add --force.")


def _turn_away(item: Checked, owned: _Owned, conditions: Conditions, known: Holders, plan: Plan) -> None:
    holder = known.owners.users[owned.seq].id
    message = f"User {holder} has {checks.shown(owned.value)}."
    if owned.field == "id" and owned.finds:
        message = f"User {checks.shown(owned.value)} already exists with different data."
    note = Note(owned.type, owned.field, message)
    if conditions.on_conflict is OnConflict.SKIP:
        plan.skip(item, (Note("import_exists", owned.field, message),))
    else:
        plan.refuse(item, (note, *item.notes))


_TEXTS = ("username", "name", "email", "phone", *TEXTS)


def _merged(before: User, item: Checked, conditions: Conditions, known: Holders) -> Update | Note | None:
    """The user with what the record says; None where that is nothing new, a Note where it cannot be.

    What the record is silent about stays. A verification is never lowered, a blocked user never let in, a password
    that was set here never replaced; prefs and metadata are merged by key, labels added. Where the record verifies an
    address that a user without a proof only claims, the password may be a stranger's, and goes.
    """
    now = conditions.now
    given, present = user_of(item.row), before.at(now)
    texts = {name: getattr(given, name) or getattr(present, name) for name in _TEXTS}
    after = replace(
        present,
        **texts,
        email_verified=_verified("email", present, given),
        username_self_service=_kept_or_given("username", present, given),
        email_self_service=_kept_or_given("email", present, given),
        phone_verified=_verified("phone", present, given),
        phone_self_service=_kept_or_given("phone", present, given),
        labels=tuple(dict.fromkeys((*present.labels, *given.labels))),
        prefs=present.prefs | given.prefs,
        metadata=present.metadata | given.metadata,
        mfa=present.mfa or given.mfa,
        totp=present.totp or given.totp,
        recovery_code=present.recovery_code or given.recovery_code,
        last_sign_in_at=max(filter(None, (present.last_sign_in_at, given.last_sign_in_at)), default=None),
    )
    if given.status is Status.BLOCKED and present.status is not Status.BLOCKED:
        after = replace(after, status=given.status, blocked_until=given.blocked_until)
    claimed = claim_proved(present, after)
    has_proof = present.email_verified or present.phone_verified or present.seq in known.linked
    if claimed is not None and has_proof and claimed == _found_by(item, conditions):
        message = (
            f"Nobody has verified {checks.shown(getattr(present, claimed))} on this account; its owner verified "
            "something else."
        )
        return Note(f"user_{claimed}_not_verified", claimed, message)
    if (claimed is not None and not has_proof) or (_takes_password(present, item) and not known.is_same(present, item)):
        after = replace(after, password=given.password)
    identities, members = _new_belongings(present, item, conditions, known)
    if after == present and not identities and not members:
        return None
    if (identities or _opens(present, after)) and (address := _disputed(present, item, conditions)) is not None:
        value = checks.shown(getattr(present, address))
        message = f"{value} is verified here but not in the file, so it may belong to somebody else."
        return Note(f"user_{address}_not_verified", address, message)
    try:
        identifiers.labels(after.labels)
        json_objects.prefs(after.prefs)
        json_objects.metadata(after.metadata)
    except Invalid as error:
        return Note(error.type, error.field, error.message)
    return Update(before, replace(after, updated_at=now), identities, members, item)


def _new_belongings(
    user: User, item: Checked, conditions: Conditions, known: Holders
) -> tuple[tuple[IdentityRow, ...], tuple[Member, ...]]:
    """The identities and memberships of a record that its user does not have."""
    uids = known.owners.uids
    identities = (each for each in item.extra.identities if (each.provider, each.provider_uid) not in uids)
    members = (each for each in item.extra.members if _is_new(each, user, conditions, known))
    return tuple(identities), tuple(members)


def claim_proved(before: User, after: User) -> AddressKind | None:
    """Which address that the account only claims an update verifies."""
    for kind in standing.KINDS:
        is_kept = getattr(after, kind) == getattr(before, kind)
        if standing.of(before, kind) is Standing.CLAIMED and is_kept and getattr(after, f"{kind}_verified"):
            return kind
    return None


def _opens(before: User, after: User) -> bool:
    """Whether an update lets somebody in, or is asked of who signs in."""
    return any(getattr(before, name) != getattr(after, name) for name in ("password", "mfa", "totp", "recovery_code"))


def _disputed(user: User, item: Checked, conditions: Conditions) -> str | None:
    """The address by which a user who is to be updated was found, where only the user has proved to own it."""
    by = _found_by(item, conditions)
    if by not in ("email", "phone") or conditions.on_conflict is not OnConflict.UPDATE:
        return None
    return by if getattr(user, f"{by}_verified") and not getattr(item.row, f"{by}_verified") else None


def _verified(address: str, present: User, given: User) -> bool:
    """Whether the address that is kept is verified: a new one is as the record says, the same never less than it is."""
    old, new = getattr(present, address), getattr(given, address)
    said = bool(getattr(given, f"{address}_verified"))
    was = bool(getattr(present, f"{address}_verified"))
    return was or said if new in (None, old) else said


def _kept_or_given(name: str, present: User, given: User) -> bool:
    """Whether a person gave that name: the one that is kept, or a new one."""
    is_kept = getattr(given, name) in (None, getattr(present, name))
    return bool(getattr(present if is_kept else given, f"{name}_self_service"))


def _takes_password(user: User, item: Checked) -> bool:
    """Whether the record has a password, and the user none that was set here."""
    return item.row.password_algorithm is not None and (user.password is None or user.password.imported_by is not None)


def _is_new(member: Member, user: User, conditions: Conditions, known: Holders) -> bool:
    """Whether the user is no member of that team yet; who is invited alone is none."""
    if not conditions.teams:
        return False
    team = conditions.team_of(member)
    return team is None or (team, user.seq) not in known.memberships


# One person of two records


def _same_person(
    item: Checked, conditions: Conditions, known: Holders | None, claims: _Claims, plan: Plan
) -> User | None:
    """The user whom a record of another id is merged into; without a number, one who is to be made in this batch."""
    row = item.row
    if conditions.on_conflict is not OnConflict.MERGE or row.email is None or not row.email_verified:
        return None
    if row.id in claims.ids or (known is not None and row.id in known.owners.ids):
        return None
    place = claims.places.get(row.email)
    if place is not None:
        user: User | None = user_of(plan.creates[place].row)
    else:
        user = known.owners.users.get(known.owners.emails.get(row.email, 0)) if known is not None else None
    return user if user is not None and _is_one(user, item, conditions, is_same_id=False) else None


def _is_one(user: User, item: Checked, conditions: Conditions, *, is_same_id: bool) -> bool:
    return merging.is_one(user.at(conditions.now), user_of(item.row), is_same_id=is_same_id)


def _join(item: Checked, into: User, conditions: Conditions, claims: _Claims, plan: Plan) -> None:
    """Merge a record into a user who is to be made in the same batch."""
    place = claims.places[item.row.email]
    first = plan.creates[place]
    made = merging.joined(first, item)
    if isinstance(made, Note):
        plan.refuse(item, (made, *item.notes))
        return
    plan.creates[place] = made
    claims.add(made, into)
    claims.ids.add(item.row.id)
    claims.names[fold(item.row.id)] = into.id
    brings_one = made.row.password_algorithm != first.row.password_algorithm
    if brings_one:
        plan.has_password_now(first)
    plan.merge(item, into, merging.notes_of(item, into), brings_one=brings_one)


def _filled(before: User, item: Checked, conditions: Conditions, known: Holders) -> Update | Note | None:
    """The user with what they lack and the record has; None where that is nothing, a Note where it cannot be."""
    present = before.at(conditions.now)
    try:
        after = uniting.united(present, user_of(item.row))
    except Invalid as error:
        return Note(error.type, error.field, error.message)
    identities, members = _new_belongings(present, item, conditions, known)
    if after == present and not identities and not members:
        return None
    return Update(before, replace(after, updated_at=conditions.now), identities, members, item)


def _merge(update: Update, conditions: Conditions, known: Holders, claims: _Claims, plan: Plan) -> None:
    """Merge a record into a user who is there; whoever is merged into them next meets them as they are then."""
    item, after, owners = update.item, update.after, known.owners
    claims.add(item, after)
    owners.users[after.seq] = after
    owners.uids.update({(each.provider, each.provider_uid): after.seq for each in update.identities})
    known.memberships.update((team, after.seq) for each in update.members if (team := conditions.team_of(each)))
    plan.updates.append(update)
    brings_one = update.before.password is None and after.password is not None
    plan.merge(item, after, merging.notes_of(item, after), brings_one=brings_one)
