"""Imports and their journals: how far each has come, whom it brought, and who in the directory has what it brings."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.model import Import, ImportStatus, Json, MembershipStatus, User, from_milliseconds, username_key
from authctl.storage import bulk, record_mapping
from authctl.storage.connection import Connection
from authctl.storage.tables import (
    former_names,
    identities,
    import_batches,
    import_changes,
    import_users,
    imports,
    memberships,
    sessions,
    tokens,
    users,
)
from authctl.storage.users import names_of, record as user_of

BATCH = 500  # users that an import is undone by at a time
CHUNK = 10_000  # values in one statement; SQLite takes 32,766


# The journal


def insert(db: Connection, journal: Import) -> Import:
    statement = imports.insert().values(record_mapping.stored(imports.c.keys(), journal)).returning(imports.c.seq)
    return replace(journal, seq=db.sqlalchemy.execute(statement).scalar_one())


def advance(db: Connection, before: Import, position: Json, counts: Json, now: datetime) -> bool:
    """Save how far an import has come; False where it is not where `before` has it any more."""
    still = (
        imports.c.seq == before.seq,
        imports.c.position == before.position,
        imports.c.status == str(ImportStatus.UNFINISHED),
    )
    changed = db.sqlalchemy.execute(
        imports.update().where(*still).values(position=position, counts=counts, updated_at=now)
    )
    return changed.rowcount == 1


def finish(db: Connection, journal: Import, now: datetime) -> bool:
    """Say that an import has come to its end; False where it was ended meanwhile, as by undoing it."""
    still = (imports.c.seq == journal.seq, imports.c.status == str(ImportStatus.UNFINISHED))
    values = {"status": str(ImportStatus.FINISHED), "updated_at": now, "ended_at": now}
    return db.sqlalchemy.execute(imports.update().where(*still).values(values)).rowcount == 1


def mark_undone(db: Connection, journal: Import, now: datetime) -> Import:
    """Say that an import is undone, so that nobody goes on with it. When it ended stays: users are judged by that."""
    undone = replace(
        journal, status=ImportStatus.UNDONE, updated_at=now, ended_at=journal.ended_at or journal.updated_at
    )
    values = {"status": str(undone.status), "updated_at": now, "ended_at": undone.ended_at}
    db.sqlalchemy.execute(imports.update().where(imports.c.seq == journal.seq).values(values))
    return undone


def withdraw(db: Connection, journal: Import) -> bool:
    """Forget an import that is where it began; False where it has come further."""
    still = (imports.c.seq == journal.seq, imports.c.position == journal.position)
    return (
        db.sqlalchemy.execute(imports.delete().where(*still, imports.c.status == str(ImportStatus.UNFINISHED))).rowcount
        == 1
    )


def find(db: Connection, id: str, *, lock: bool = False) -> Import | None:
    statement = sa.select(imports).where(imports.c.id == id)
    row = db.sqlalchemy.execute(statement.with_for_update() if lock else statement).one_or_none()
    return record(row) if row else None


def find_unfinished(db: Connection, source: str, digests: Sequence[str]) -> Import | None:
    """The newest import of files with these digests from that source that was not finished."""
    statement = (
        sa.select(imports)
        .where(imports.c.source == source, imports.c.status == str(ImportStatus.UNFINISHED))
        .order_by(imports.c.seq.desc())
    )
    for row in db.sqlalchemy.execute(statement):
        if [file["digest"] for file in row.files] == list(digests):
            return record(row)
    return None


def list_page(db: Connection, after: int | None, limit: int) -> list[Import]:
    """The newest first, from behind the number `after` on."""
    statement = sa.select(imports).order_by(imports.c.seq.desc()).limit(limit)
    if after is not None:
        statement = statement.where(imports.c.seq < after)
    return list(record_mapping.each(db, db.sqlalchemy.execute(statement), record))


def record(row: sa.Row[Any]) -> Import:
    return record_mapping.read(Import, "imports", row, {"status": ImportStatus})


# Whom an import brought


def insert_made(db: Connection, seq: int, made: Sequence[tuple[int, str, int]]) -> None:
    """Write down whom the import made: rising numbers, ids, and when each was last changed, in milliseconds.

    On Postgres by their numbers, which are given once. SQLite gives that of the last user again who is deleted.
    """
    if db.dialect.name == "sqlite":
        bulk.insert(db, "import_users", import_users.c.keys(), ((seq, id, True, time) for _, id, time in made))
        return
    rows = []
    for _, each in groupby(enumerate(made), lambda numbered: numbered[1][0] - numbered[0]):
        numbers, _, times = zip(*(one for _, one in each), strict=True)
        rows.append((seq, numbers[0], numbers[-1], json.dumps(times, separators=(",", ":"))))
    bulk.insert(db, "import_batches", import_batches.c.keys(), rows)


def find_brought(db: Connection, seq: int, found: Iterable[User]) -> set[str]:
    """The ids of those of these users that the import has made, changed or found unchanged already."""
    ids = {user.id: user.seq for user in found}
    brought: set[str] = set()
    for chunk in _chunks(sorted(ids)):
        statement = sa.select(import_users.c.user_id).where(
            import_users.c.import_seq == seq, import_users.c.user_id.in_(chunk)
        )
        brought.update(db.sqlalchemy.execute(statement).scalars())
    its = import_batches.c
    made = sa.select(its.first_user, its.last_user).where(its.import_seq == seq).order_by(its.first_user)
    firsts, lasts = zip((0, 0), *db.sqlalchemy.execute(made), strict=True)
    return brought | {id for id, number in ids.items() if number <= lasts[bisect_right(firsts, number) - 1]}


def touch(db: Connection, seq: int, user: User) -> None:
    """Say that the import has changed a user whom it has had once more."""
    theirs = (import_users.c.import_seq == seq, import_users.c.user_id == user.id)
    changed = import_users.update().where(*theirs).values(updated_at=user.updated_at)
    if not db.sqlalchemy.execute(changed).rowcount:  # whom it has made
        values = {"import_seq": seq, "user_id": user.id, "created": False, "updated_at": user.updated_at}
        db.sqlalchemy.execute(import_users.insert().values(values))


def insert_changes(db: Connection, seq: int, changes: Iterable[tuple[int, Json]]) -> None:
    """Write down what the import changed, by the numbers of the users."""
    rows = [{"import_seq": seq, "user_seq": user, "changes": each} for user, each in changes]
    if rows:
        db.sqlalchemy.execute(import_changes.insert(), rows)


class Changed(NamedTuple):
    """What an import changed of a user who was there."""

    seq: int
    user: User
    changes: Json


def list_changed(db: Connection, seq: int, before: int | None) -> list[Changed]:
    """The newest changes that are older than the one of number `before`, but of users whom the import made.

    The users are kept from others.
    """
    made = sa.select(import_users.c.user_id).where(import_users.c.import_seq == seq, import_users.c.created)
    page = (
        sa.select(import_changes)
        .join(users, users.c.seq == import_changes.c.user_seq)
        .where(import_changes.c.import_seq == seq, users.c.id.not_in(made), ~_is_made(seq, users.c.seq))
        .order_by(import_changes.c.seq.desc())
    )
    if before is not None:
        page = page.where(import_changes.c.seq < before)
    rows = db.sqlalchemy.execute(page.limit(BATCH)).all()
    seqs = {row.user_seq for row in rows}
    found = sa.select(users).where(users.c.seq.in_(seqs)).order_by(users.c.seq).with_for_update()
    present = {row.seq: user_of(row) for row in db.sqlalchemy.execute(found)}
    return [Changed(row.seq, present[row.user_seq], changes(row)) for row in rows if row.user_seq in present]


def changes(row: Any) -> Json:
    """What a row of changes says."""
    found = row.changes
    before, after = (found.get(side) if type(found) is dict else None for side in ("before", "after"))
    if not isinstance(before, dict) or not isinstance(after, dict) or before.keys() != after.keys():
        raise record_mapping.damaged("import_changes", {"seq": row.seq}, "changes")
    return found  # type: ignore[no-any-return]


def _is_made(seq: int, number: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    its = import_batches.c
    return sa.exists().where(its.import_seq == seq, its.first_user <= number, its.last_user >= number)


def forget_merged(db: Connection, user_ids: Sequence[str]) -> None:
    """Forget the ids that became a part of these users."""
    db.sqlalchemy.execute(former_names.delete().where(former_names.c.merged_into.in_(user_ids)))


def delete_changes(db: Connection, seq: int) -> None:
    db.sqlalchemy.execute(import_changes.delete().where(import_changes.c.seq == seq))


class Brought(NamedTuple):
    """A user that an import made, as it is now. touched: `gone`, `signed_in` or `changed`; None where it was let be.

    place: in the order of all of them.
    """

    place: int | str
    user: User | None
    touched: str | None


def list_created(db: Connection, journal: Import, after: int | str | None) -> list[Brought]:
    """The next users that the import made, behind that place, kept from others until the transaction ends.

    First by id those of an import from before they were written down by number.
    """
    made = {} if isinstance(after, int) else _made_by_id(db, journal, after or "")
    column: sa.Column[Any] = users.c.id
    if not made:
        made, column = _made_by_number(db, journal, after if isinstance(after, int) else 0), users.c.seq
    found = sa.select(users).where(column.in_(made)).order_by(users.c.seq).with_for_update()
    present = {getattr(row, column.name): user_of(row) for row in db.sqlalchemy.execute(found)}
    if column is users.c.seq:
        made |= _touched(db, journal, list(present.values()))
    again = _made_again(db, journal, list(present.values()))
    present = {place: user for place, user in present.items() if user.seq not in again}
    seqs = [user.seq for user in present.values()]
    signed_in = set(
        db.sqlalchemy.execute(sa.select(sessions.c.user_seq).where(sessions.c.user_seq.in_(seqs))).scalars()
    )
    given = _given_since(db, seqs, journal.ended_at or journal.updated_at)
    return [_brought(place, made[place], present.get(place), signed_in, given, journal.created_at) for place in made]


def _made_by_id(db: Connection, journal: Import, after: str) -> dict[Any, datetime]:
    page = (
        sa.select(import_users.c.user_id, import_users.c.updated_at)
        .where(import_users.c.import_seq == journal.seq, import_users.c.created, import_users.c.user_id > after)
        .order_by(import_users.c.user_id)
        .limit(BATCH)
    )
    return {row.user_id: row.updated_at for row in db.sqlalchemy.execute(page)}


def _made_by_number(db: Connection, journal: Import, after: int) -> dict[Any, datetime]:
    its = import_batches.c
    page = sa.select(import_batches).where(its.import_seq == journal.seq, its.last_user > after)
    row = db.sqlalchemy.execute(page.order_by(its.first_user).limit(1)).one_or_none()
    if row is None:
        return {}
    numbered, start = enumerate(times(row), row.first_user), max(0, after + 1 - row.first_user)
    return {number: from_milliseconds(time) for number, time in islice(numbered, start, start + BATCH)}


def times(row: Any) -> list[int]:
    """When each user of a batch was last changed, in milliseconds."""
    found, count = row.updated_at, row.last_user - row.first_user + 1
    if type(found) is not list or len(found) != count or not all(type(each) is int for each in found):
        raise record_mapping.damaged("import_batches", {"first_user": row.first_user}, "updated_at")
    return found


def _touched(db: Connection, journal: Import, present: list[User]) -> dict[Any, datetime]:
    """When those were last changed that the import changed again after it had made them."""
    seqs, its = {user.id: user.seq for user in present}, import_users.c
    page = sa.select(its.user_id, its.updated_at).where(its.import_seq == journal.seq, its.user_id.in_(seqs))
    return {seqs[row.user_id]: row.updated_at for row in db.sqlalchemy.execute(page)}


def _made_again(db: Connection, journal: Import, present: list[User]) -> set[int]:
    """The numbers of those whom a later import made: their id, or number, was that of a user who was deleted."""
    numbers = {user.id: user.seq for user in present}
    later = sa.select(imports.c.seq).where(imports.c.seq > journal.seq)
    its, many = import_users.c, import_batches.c
    by_id = sa.select(its.user_id).where(its.import_seq.in_(later), its.created, its.user_id.in_(numbers))
    covering = sa.exists().where(
        many.import_seq > journal.seq, many.first_user <= users.c.seq, many.last_user >= users.c.seq
    )
    by_number = sa.select(users.c.id).where(users.c.seq.in_(numbers.values()), covering)
    return {numbers[id] for each in (by_id, by_number) for id in db.sqlalchemy.execute(each).scalars()}


def _given_since(db: Connection, seqs: list[int], end: datetime) -> set[int]:
    """Those of these users who were given something since the import ended that is not in their own row."""
    given = sa.union(
        sa.select(tokens.c.user_seq).where(tokens.c.user_seq.in_(seqs)),
        sa.select(identities.c.user_seq).where(identities.c.user_seq.in_(seqs), identities.c.created_at > end),
        sa.select(memberships.c.user_seq).where(memberships.c.user_seq.in_(seqs), memberships.c.invited_at > end),
    )
    return set(db.sqlalchemy.execute(given).scalars())


def _brought(
    place: int | str, then: datetime, user: User | None, signed_in: set[int], given: set[int], since: datetime
) -> Brought:
    if user is None:
        return Brought(place, None, "gone")
    # The source's own last sign-in came before the import; whoever has signed in here did so after.
    if user.seq in signed_in or (user.last_sign_in_at is not None and user.last_sign_in_at > since):
        return Brought(place, user, "signed_in")
    return Brought(place, user, "changed" if user.updated_at != then or user.seq in given else None)


class Remaining(NamedTuple):
    """How many users still have a hash that an import brought."""

    import_id: str
    imported_at: datetime | None
    algorithm: str
    users: int


def remaining(db: Connection) -> list[Remaining]:
    """The hashes that no sign-in has replaced yet, by import and algorithm, the oldest first."""
    statement = (
        sa.select(users.c.password_import, imports.c.created_at, users.c.password_algorithm, sa.func.count())
        .outerjoin(imports, imports.c.id == users.c.password_import)
        .where(users.c.password_import.is_not(None))
        .group_by(users.c.password_import, imports.c.created_at, users.c.password_algorithm)
        .order_by(imports.c.created_at, users.c.password_import, users.c.password_algorithm)
    )
    return [Remaining(*row) for row in db.sqlalchemy.execute(statement)]


# Who has what a batch brings


@dataclass(slots=True)
class Keys:
    """What a batch would take: each value can belong to one user only."""

    ids: list[str] = field(default_factory=list)
    username_keys: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    uids: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Owners:
    """Who has each of them already, by the number of the user; and the users by their numbers."""

    ids: dict[str, int] = field(default_factory=dict)
    username_keys: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)  # ids and usernames, by what is unique of both
    emails: dict[str, int] = field(default_factory=dict)
    phones: dict[str, int] = field(default_factory=dict)
    uids: dict[tuple[str, str], int] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)


def find_owners(db: Connection, keys: Keys, *, lock: bool = False) -> Owners:
    """Who has what. lock: keep those users from changing until the transaction ends."""
    owners = Owners(
        ids=_owners(db, "users", "id", "seq", keys.ids),
        username_keys=_owners(db, "users", "username_key", "seq", keys.username_keys),
        names=_owners(db, "user_names", "name", "user_seq", keys.names),
        emails=_owners(db, "addresses", "address", "user_seq", keys.emails),
        phones=_owners(db, "users", "phone", "seq", keys.phones),
        uids=_owners_of_identities(db, keys.uids),
    )
    names = (owners.ids, owners.username_keys, owners.names)
    seqs = {seq for found in (*names, owners.emails, owners.phones) for seq in found.values()}
    for chunk in _chunks(sorted(seqs | set(owners.uids.values()))):
        statement = sa.select(users).where(users.c.seq.in_(chunk)).order_by(users.c.seq)
        rows = db.sqlalchemy.execute(statement.with_for_update() if lock else statement)
        owners.users.update((row.seq, user_of(row)) for row in rows)
    _forget_gone(owners)
    for seq, user in owners.users.items():
        _complete(owners, seq, user)
    return owners


def _forget_gone(owners: Owners) -> None:
    """Forget who was deleted between two of the questions: each sees another moment on Postgres."""
    names: tuple[dict[Any, int], ...] = (owners.ids, owners.username_keys, owners.names)
    for found in (*names, owners.emails, owners.phones, owners.uids):
        for value in [value for value, seq in found.items() if seq not in owners.users]:
            del found[value]


def _complete(owners: Owners, seq: int, user: User) -> None:
    """All that a user has; who came in between two of the questions was seen by the later one only."""
    owners.ids[user.id] = seq
    if user.username is not None:
        owners.username_keys[username_key(user.username)] = seq
    for name in names_of(user):
        owners.names.setdefault(name, seq)
    if user.email is not None:
        owners.emails[user.email] = seq
    if user.phone is not None:
        owners.phones[user.phone] = seq


def _owners(db: Connection, table: str, column: str, seq: str, values: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    given: tuple[Any, ...]
    for chunk in _chunks(values):
        if db.dialect.name == "sqlite":
            among, given = "IN (SELECT value FROM json_each(?))", (json.dumps(chunk),)
        else:
            among, given = "= ANY (%s)", (chunk,)
        statement = f"SELECT {column}, {seq} FROM {table} WHERE {column} {among}"  # noqa: S608 - our own names
        found.update((row[0], row[1]) for row in db.sqlalchemy.exec_driver_sql(statement, given))
    return found


_UIDS_SQLITE = """
    SELECT identities.provider, provider_uid, user_seq FROM json_each(?) AS pairs
    CROSS JOIN identities ON identities.provider = json_extract(pairs.value, '$[0]')
        AND provider_uid = json_extract(pairs.value, '$[1]')
"""
_UIDS_POSTGRES = """
    SELECT identities.provider, provider_uid, user_seq FROM unnest(%s::text[], %s::text[]) AS pairs (provider, uid)
    JOIN identities ON identities.provider = pairs.provider AND provider_uid = pairs.uid
"""


def _owners_of_identities(db: Connection, uids: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for chunk in _chunks(uids):
        if db.dialect.name == "sqlite":
            rows = db.sqlalchemy.exec_driver_sql(_UIDS_SQLITE, (json.dumps(chunk),))
        else:
            rows = db.sqlalchemy.exec_driver_sql(_UIDS_POSTGRES, tuple(map(list, zip(*chunk, strict=True))))
        found.update(((row[0], row[1]), row[2]) for row in rows)
    return found


def find_memberships(db: Connection, user_seqs: Iterable[int]) -> set[tuple[int, int]]:
    """The teams that these users are confirmed members of, each pair by the numbers of team and user."""
    found: set[tuple[int, int]] = set()
    for chunk in _chunks(sorted(user_seqs)):
        theirs = (memberships.c.user_seq.in_(chunk), memberships.c.status == str(MembershipStatus.CONFIRMED))
        statement = sa.select(memberships.c.team_seq, memberships.c.user_seq).where(*theirs)
        found.update((row[0], row[1]) for row in db.sqlalchemy.execute(statement))
    return found


def find_linked(db: Connection, user_seqs: Iterable[int]) -> set[int]:
    """Those of these users who have an identity."""
    found: set[int] = set()
    for chunk in _chunks(sorted(user_seqs)):
        statement = sa.select(identities.c.user_seq).where(identities.c.user_seq.in_(chunk))
        found.update(db.sqlalchemy.execute(statement).scalars())
    return found


def _chunks(values: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), CHUNK):
        yield list(values[start : start + CHUNK])
