"""Storing a batch of an import: new users with all that they have, and what records make of existing users.

What a new password, a block, a verified address or a membership entails is the same as with a command: the same
functions do it. They write no events, since a batch has one event of its own, and the journal has its users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, count

from authctl import storage
from authctl.core.accounts import endings, identities, standing
from authctl.core.accounts.standing import AddressKind
from authctl.core.credentials import addresses, passwords, proofs, recovery_codes
from authctl.core.crypto import otp
from authctl.core.messages import notices
from authctl.core.mfa import authenticators
from authctl.core.teams import lookup as teams_lookup, memberships, teams as teams_teams
from authctl.core.work.unit import Work
from authctl.errors import Invalid
from authctl.model import Identity, Import, Json, Status, Team, User, fold, from_milliseconds, milliseconds
from authctl.storage.bulk import UserRow, user_of
from authctl.transfer import restoring
from authctl.transfer.conflicts import claim_proved
from authctl.transfer.plans import Plan, Update
from authctl.transfer.records import MERGED, Member, Note
from authctl.transfer.validation import NOTHING, Checked, Extra, IdentityRow, Outcome


def store(work: Work, journal: Import, plan: Plan, teams: Teams | None) -> bool:
    """Do what is planned; False, and nothing is done, if somebody else has what it brings. teams: None for none."""
    waiting = len(work.outbox)
    is_stored = storage.bulk.whole(work.db, partial(_store, work, journal, plan, teams))
    if not is_stored:
        del work.outbox[waiting:]
    elif plan.creates:
        work.at_end(storage.user_counts.add, work.db, len(plan.creates))
    return is_stored


def _store(work: Work, journal: Import, plan: Plan, teams: Teams | None) -> None:
    plan.creates.sort(key=lambda item: item.row.created_at)  # as indexes are filled best
    rows = [item.row if item.extra is NOTHING else _sealed(work, item) for item in plan.creates]
    seqs = storage.bulk.insert_users(work.db, rows, [item.words for item in plan.creates])
    if work.policy["password-history"]:
        now = milliseconds(work.now)
        past = [(seq, row.password_hash, now) for seq, row in zip(seqs, rows, strict=True) if row.password_hash]
        storage.bulk.insert(work.db, "password_history", ("user_seq", "hash", "created_at"), past)
    for seq, item in zip(seqs, plan.creates, strict=True):
        if item.extra is not NOTHING and item.extra.has_rows:
            _add_all(work, user_of(item.row, seq), item.extra, teams)
    changes = []
    for update in plan.updates:
        ended, changed = _update(work, update, teams)
        plan.ended.update(ended)
        changes.append((update.before.seq, changed))
    storage.imports.insert_changes(work.db, journal.seq, changes)
    _remember(work, journal, plan, seqs)


def _sealed(work: Work, item: Checked) -> UserRow:
    """The row of a new user; a hash that holds a key of its source is sealed."""
    if not item.extra.to_seal or item.row.password_hash is None:
        return item.row
    hash = passwords.sealed(work, user_of(item.row), item.row.password_hash)
    sealed: UserRow = item.row._replace(password_hash=hash)
    return sealed


def _remember(work: Work, journal: Import, plan: Plan, made: Sequence[int]) -> None:
    """Write down whom the import has had; made: the numbers of those it made. By merging, it may have one again."""
    rows = (item.row for item in plan.creates)
    named = [(number, row.id, row.updated_at) for number, row in zip(made, rows, strict=True)]
    storage.imports.insert_made(work.db, journal.seq, named)
    had = {user.id: user for user in [*(update.after for update in plan.updates), *plan.seen]}
    if plan.reasons[MERGED]:
        for id in storage.imports.find_brought(work.db, journal.seq, had.values()):
            storage.imports.touch(work.db, journal.seq, had.pop(id))
    others = [(journal.seq, user.id, False, milliseconds(user.updated_at)) for user in had.values()]
    storage.bulk.insert(work.db, "import_users", ("import_seq", "user_id", "created", "updated_at"), others)
    for id, into in plan.merged:
        storage.user_names.merge(work.db, fold(id), into)


def _add_all(work: Work, user: User, extra: Extra, teams: Teams | None) -> None:
    """What a new user has beside the row."""
    _add_identities(work, user, extra.identities)
    _add_totp(work, user, extra)
    _add_recovery_codes(work, user, extra)
    if teams is not None:
        teams.add(work, user, extra.members, is_new=True)


# Users who exist


def _update(work: Work, update: Update, teams: Teams | None) -> tuple[Counter[str], Json]:
    """Store what a record makes of a user, and do all that it entails.

    Answers with how many sessions and tokens ended, and what takes it back.
    """
    stored, ended, details = update.before, Counter[str](), Json()
    claimed = claim_proved(update.before, update.after)
    if claimed is not None and not identities.has_proof(work, update.before):
        update, details = _taken_over(work, update, claimed)
        ended.update(_counts(details))
    before, after = update.before, update.after
    for kind in standing.KINDS:
        if getattr(before, kind) not in (None, getattr(after, kind)):
            ended.update(_counts(endings.end(work, before, endings.Cause.ADDRESS_CHANGED, kind)))
    if after.password is not None and after.password != before.password:
        hash = passwords.sealed(work, after, after.password.hash)
        after = replace(after, password=replace(after.password, hash=hash))
        ended.update(_counts(passwords.follow_up(work, before, after)))
    if after.status is Status.BLOCKED and before.at(work.now).status is not Status.BLOCKED:
        ended.update(_counts(endings.end(work, after, endings.Cause.BLOCK)))
    storage.users.update(work.db, stored, after)
    notices.address_changed(work, before, after)
    proofs.tell(work, after, details)
    changed = restoring.changes(stored, after, is_taken_over=before is not stored)
    _add_identities(work, after, update.identities)
    changed["identities"] = [each.id for each in update.identities]
    if update.adds_totp:
        changed["authenticators"] = _add_totp(work, after, update.item.extra)
    if update.adds_recovery_codes:
        changed["recovery_codes"] = _add_recovery_codes(work, after, update.item.extra)
    if teams is not None:
        changed["members"] = teams.add(work, after, update.members)
    if update.item.has_id and update.item.row.id != after.id:
        changed["merged"] = update.item.row.id
    return ended, changed


def _counts(details: Json) -> Json:
    return {name: value for name, value in details.items() if name in endings.COUNTS}


def _taken_over(work: Work, update: Update, claimed: AddressKind) -> tuple[Update, Json]:
    """An update of an account that somebody else may have used: only what the record has too is kept; what ended."""
    after, item = update.after, update.item
    kept, ended = proofs.end_anothers(work, update.before, claimed)
    flags = {name: getattr(item.row, name) for name in ("mfa", "totp", "recovery_code")}
    after = replace(endings.left(after, ended), **flags)
    other = addresses.OTHER[claimed]
    if getattr(kept, other) is None and getattr(item.row, other) is None:
        after = addresses.without(after, other)
    return update._replace(before=kept, after=after), ended


# What belongs to a user


def _add_identities(work: Work, user: User, identities: Sequence[IdentityRow]) -> None:
    for each in identities:
        created = from_milliseconds(each.created_at)
        identity = Identity(
            each.id, user.id, each.provider, each.provider_uid, each.email, created, each.email_verified
        )
        storage.identities.insert(work.db, identity, user.seq)


def _add_totp(work: Work, user: User, extra: Extra) -> list[str]:
    """Store the authenticators of a record; their ids."""
    ids = []
    names = {each.name for each in storage.authenticators.list_of_user(work.db, user.seq)} if extra.totp else set()
    for totp in extra.totp:
        wanted = totp.name or "imported"
        name = next(name for name in chain([wanted], (f"{wanted} {n}" for n in count(2))) if name not in names)
        names.add(name)
        known = otp.Totp(totp.secret, totp.algorithm, totp.digits, totp.period)
        made = authenticators.new_authenticator(work, user, known, name, verified=True)
        storage.authenticators.insert(work.db, made, user.seq)
        ids.append(made.id)
    return ids


def _add_recovery_codes(work: Work, user: User, extra: Extra) -> list[str]:
    """Store the recovery codes of a record; their digests, in hexadecimal."""
    if not extra.recovery_codes:
        return []
    pepper = recovery_codes.pepper(work)
    digests = dict.fromkeys(recovery_codes.digest(pepper, user.id, code) for code in extra.recovery_codes)
    storage.recovery_codes.insert(work.db, user.seq, digests, work.now)
    return [digest.hex() for digest in digests]


class Teams:
    """The teams that a batch names, each locked; those that are missing are made for their first member."""

    def __init__(self, work: Work, members: Iterable[Member]) -> None:
        self._found: dict[tuple[str, str], Team | None] = {}
        self._several: dict[tuple[str, str], Note] = {}  # names that several teams have
        for key in sorted({_key(member) for member in members}):
            try:
                self._found[key] = _find_team(work, *key)
            except Invalid as error:
                self._several[key] = Note(
                    error.type, "members", f"{error.message} The user joins no team of that name."
                )

    def without_unclear(self, item: Outcome) -> Outcome:
        """A record without the memberships that may be of one team or another, and a note of each."""
        if not isinstance(item, Checked):
            return item
        notes = tuple(self._several[key] for key in map(_key, item.extra.members) if key in self._several)
        members = tuple(member for member in item.extra.members if _key(member) not in self._several)
        return item._replace(extra=item.extra._replace(members=members), notes=item.notes + notes) if notes else item

    def seq_of(self, member: Member) -> int | None:
        """The number of the team of a membership; None if it is missing."""
        team = self._found.get(_key(member))
        return team.seq if team else None

    def add(self, work: Work, user: User, members: Sequence[Member], *, is_new: bool = False) -> list[tuple[str, str]]:
        """Make a user a confirmed member of several teams; of a team named twice the first membership counts.

        is_new: the user is of this batch, so that nobody can have been invited. Answers with the teams and memberships
        that are new.
        """
        joined, made = set(), []
        for member in members:
            team = self._get(work, member)
            if team.seq in joined:
                continue
            joined.add(team.seq)
            before = None if is_new else storage.memberships.find_of_user(work.db, team.seq, user.seq)
            confirmed = memberships.confirm(work, team, user, before, member.roles, joined_at=member.joined_at)
            if before is None:
                made.append((team.id, confirmed.id))
        return made

    def _get(self, work: Work, member: Member) -> Team:
        key = _key(member)
        team = self._found.get(key)
        if team is None:
            team = self._found[key] = teams_teams.create(work, member.name, id=member.team)
        return team


def _key(member: Member) -> tuple[str, str]:
    """By what a team is found: the id, or the name if the source has no id; the other one is empty."""
    return (member.team or "", "" if member.team else member.name)


def _find_team(work: Work, id: str, name: str) -> Team | None:
    """The team of that id, else the one of that name. Raises Invalid where several have it."""
    return teams_lookup.find(work, f"id:{id}" if id else f"name:{name}", lock=True)
