"""What must hold between the rows of a database, and the rows where it does not. core/maintenance/invariants lists it.

Each function finds the breaches of one kind, one after another and in constant memory: by statements over indexes where
SQL can tell, else by reading the rows once. What is damaged in itself is found by `damages`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.errors import Unavailable
from authctl.model import ImportStatus, MembershipStatus, Status, TokenKind, fold, milliseconds, username_key
from authctl.storage import backups, damages, state, teams as team_rows, users as user_rows
from authctl.storage.column_types import Instant, JsonText
from authctl.storage.connection import Connection
from authctl.storage.tables import (
    addresses,
    authenticators,
    challenges,
    directory,
    events,
    former_names,
    identities,
    import_batches,
    import_users,
    imports,
    invitations,
    log_seals,
    manifest_subjects,
    membership_roles,
    memberships,
    metadata,
    password_history,
    peppers,
    recovery_codes,
    sessions,
    signing_keys,
    teams,
    tokens,
    user_counts,
    user_names,
    users,
)

MOST_DAMAGED = 25  # rows of a table
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
BUCKETS, BUCKETS_AT_ONCE = 4_096, 32  # that a search index of SQLite is compared in


class Breach(NamedTuple):
    """Where something does not hold: the id of a user, or whatever names the row; and what it is about."""

    id: str
    value: str = ""


class Reader:
    """Reads rows, and tells how many."""

    def __init__(self, db: Connection, now: datetime, tell: Callable[[int], None]) -> None:
        self.db, self.now, self._tell = db, now, tell

    def rows(self, statement: sa.Select[Any]) -> Iterator[Any]:
        for row in self.db.stream(statement):
            self._tell(1)
            yield row

    def breaches(self, statement: sa.Select[Any]) -> Iterator[Breach]:
        """Those that a statement finds: ids, and values."""
        for row in self.db.stream(statement):
            yield Breach(*map(_shown, row))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _none(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return ~sa.exists().where(*conditions)


# The file


def broken_pages(reader: Reader) -> Iterator[Breach]:
    """What SQLite finds wrong in the pages and indexes of its file; other databases see to theirs."""
    if reader.db.dialect.name == "sqlite":
        for (text,) in reader.db.sqlalchemy.exec_driver_sql("PRAGMA integrity_check(25)"):
            if text != "ok":
                yield Breach("database", " ".join(text.split()))


def broken_references(reader: Reader) -> Iterator[Breach]:
    """Rows that belong to one which is not there, which Postgres has of none that its foreign keys watch."""
    if reader.db.dialect.name == "sqlite":
        for table, row, of, _ in reader.db.sqlalchemy.exec_driver_sql("PRAGMA foreign_key_check"):
            if table in metadata.tables:  # others may share the file
                yield Breach(f"{table}/{row}", of)


# Rows by themselves


def damaged_rows(reader: Reader) -> Iterator[Breach]:
    """Rows that cannot be read, of each table the first so many; the log is verified by itself."""
    for name in damages.TABLES:
        for damage in islice(damages.of_table(reader.db, name, reader.rows), MOST_DAMAGED):
            yield Breach(damage.resource, damage.message)


def impossible_values(reader: Reader) -> Iterator[Breach]:
    """Rows of all other tables with a value that its column cannot have."""
    for row in reader.db.stream(sa.select(directory).where(directory.c.name.in_((state.KEY_AT, backups.BACKUP_AT)))):
        if state.read_time(row.value) is None:
            yield _impossible(f"directory/{row.name}", "value")
    for table in metadata.sorted_tables:
        if table.name in damages.TABLES or table in (events, log_seals):
            continue
        wrong = [(is_wrong, column.name) for column in table.c for is_wrong in _is_impossible(reader.db, column)]
        if wrong:
            key = [sa.cast(column, sa.Text) for column in table.primary_key]
            rows = sa.select(sa.case(*wrong), *key).where(sa.or_(*(is_wrong for is_wrong, _ in wrong)))
            for column, *named in reader.db.stream(rows.limit(MOST_DAMAGED)):
                yield _impossible("/".join(map(_shown, (table.name, *named))), column)


def _impossible(resource: str, column: str) -> Breach:
    return Breach(resource, f"The row {resource} is damaged: its {column} has an impossible value.")


# What SQLite says of the types of values; their own columns tell Postgres.
_STORED = {sa.Text: "text", sa.LargeBinary: "blob", JsonText: "text"}


def _is_impossible(db: Connection, column: sa.Column[Any]) -> Iterator[sa.ColumnElement[bool]]:
    """Whether a value is of another type, or a time that is none."""
    if db.dialect.name == "sqlite":
        found = sa.func.typeof(column)
        fitting = [_STORED.get(type(column.type), "integer"), *(["null"] if column.nullable else [])]
        yield found.not_in(fitting)
    if isinstance(column.type, Instant):
        number = sa.type_coerce(column, sa.BigInteger)
        yield sa.not_(number.between(milliseconds(EARLIEST), milliseconds(LATEST)))


def hashes(reader: Reader) -> Iterator[tuple[str, str]]:
    """The hashes of passwords, present and past, with the users' ids; to be judged by who knows hashes."""
    yield from reader.rows(sa.select(users.c.id, users.c.password_hash).where(users.c.password_hash.is_not(None)))
    past = sa.select(users.c.id, password_history.c.hash).join(users, users.c.seq == password_history.c.user_seq)
    yield from reader.rows(past)


def long_histories(reader: Reader, keep: int) -> Iterator[Breach]:
    """Users with more past passwords than are to be kept."""
    past = sa.select(users.c.id, sa.literal(keep)).join(password_history, password_history.c.user_seq == users.c.seq)
    yield from reader.breaches(past.group_by(users.c.id).having(sa.func.count() > keep))


# Addresses and names


_IS_OWN = (addresses.c.user_seq == users.c.seq, addresses.c.address == users.c.email)
_IS_GONE = users.c.seq.is_(None)
_HOLDER = sa.func.coalesce(users.c.id, "(deleted)")
_IS_VOUCHED = (identities.c.user_seq == users.c.seq, identities.c.email_verified, identities.c.email.is_not(None))


def unheld_emails(reader: Reader) -> Iterator[Breach]:
    """Emails of accounts, or that a provider vouches for, which another account could take."""
    yield from reader.breaches(
        sa.select(users.c.id, users.c.email).where(users.c.email.is_not(None), _none(*_IS_OWN)).order_by(users.c.seq)
    )
    is_held = (addresses.c.user_seq == identities.c.user_seq, addresses.c.address == identities.c.email)
    yield from reader.breaches(sa.select(users.c.id, identities.c.email).where(*_IS_VOUCHED, _none(*is_held)))


def stray_addresses(reader: Reader) -> Iterator[Breach]:
    """Addresses that are kept for an account which does not have them."""
    vouched = _none(
        identities.c.user_seq == addresses.c.user_seq,
        identities.c.email_verified,
        identities.c.email == addresses.c.address,
    )
    is_other = sa.func.coalesce(users.c.email, "") != addresses.c.address
    statement = sa.select(_HOLDER, addresses.c.address).outerjoin_from(
        addresses, users, users.c.seq == addresses.c.user_seq
    )
    yield from reader.breaches(statement.where(sa.or_(_IS_GONE, sa.and_(is_other, vouched))))


def unheld_names(reader: Reader) -> Iterator[Breach]:
    """Ids and usernames that another account could take.

    Before the two had one key, accounts could share a name, which is kept for one of them.
    """
    # SQL folds ASCII alone; of what else differs, Python judges.
    own = user_names.alias()
    is_held = (own.c.user_seq == users.c.seq, own.c.name == sa.func.lower(users.c.id))
    held = (
        sa.select(users.c.id, user_names.c.name)
        .outerjoin(user_names, user_names.c.user_seq == users.c.seq)
        .where(_none(*is_held))
        .order_by(users.c.seq)
    )
    for id, rows in groupby(reader.db.stream(held), lambda row: row.id):
        name = fold(id)
        if name not in {row.name for row in rows} and not _is_held(reader.db, name):
            yield Breach(id, id)
    is_anybodys = user_names.c.name == users.c.username_key
    has_username = users.c.username_key.is_not(None)
    yield from reader.breaches(sa.select(users.c.id, users.c.username_key).where(has_username, _none(is_anybodys)))


def _is_held(db: Connection, name: str) -> bool:
    return db.sqlalchemy.execute(sa.select(user_names.c.name).where(user_names.c.name == name)).first() is not None


def stray_names(reader: Reader) -> Iterator[Breach]:
    """Names that are kept for an account which is not called so."""
    name = user_names.c.name
    is_other = (sa.func.lower(users.c.id) != name, sa.func.coalesce(users.c.username_key, "") != name)
    found = (
        sa.select(_HOLDER.label("id"), name)
        .outerjoin_from(user_names, users, users.c.seq == user_names.c.user_seq)
        .where(sa.or_(_IS_GONE, sa.and_(*is_other)))
    )
    for row in reader.db.stream(found):
        if fold(row.id) != row.name:
            yield Breach(row.id, row.name)


def wrong_former_names(reader: Reader) -> Iterator[Breach]:
    """Names of former accounts that are not as they are looked for; of teams, case counts."""
    of_teams = former_names.c.name.startswith("team:")
    for row in reader.rows(sa.select(former_names).where(~of_teams)):
        if fold(row.name) != row.name or (row.id is not None and fold(row.id) != row.name):
            yield Breach(row.name, row.id or row.name)


# What is kept of an account


def wrong_factors(reader: Reader) -> Iterator[Breach]:
    """Accounts whose row says otherwise than their factors."""
    for column, has in factors():
        yield from reader.breaches(sa.select(users.c.id, sa.literal(column.name)).where(column != has))


def factors() -> Iterator[tuple[sa.Column[bool], sa.ColumnElement[bool]]]:
    """What rows of users say of their factors, and what tells whether it is so."""
    for column, table, is_good in (
        (users.c.totp, authenticators, authenticators.c.verified_at.is_not(None)),
        (users.c.recovery_code, recovery_codes, recovery_codes.c.used_at.is_(None)),
    ):
        yield column, sa.exists().where(table.c.user_seq == users.c.seq, is_good)


def half_proofs(reader: Reader) -> Iterator[Breach]:
    """Accounts and identities that have a part only of what belongs together."""
    halves = {
        "a verified email, but no email": users.c.email_verified & users.c.email.is_(None),
        "a verified phone, but no phone": users.c.phone_verified & users.c.phone.is_(None),
    }
    for what, condition in halves.items():
        yield from reader.breaches(sa.select(users.c.id, sa.literal(what)).where(condition))
    what = "an identity with a verified email, but no email"
    vouched = sa.select(users.c.id, sa.literal(what)).join(identities, identities.c.user_seq == users.c.seq)
    yield from reader.breaches(vouched.where(identities.c.email_verified, identities.c.email.is_(None)))


def wrong_username_keys(reader: Reader) -> Iterator[Breach]:
    """Usernames that are not found by what is unique of them."""
    named = sa.or_(users.c.username.is_not(None), users.c.username_key.is_not(None))
    for row in reader.rows(sa.select(users.c.id, users.c.username, users.c.username_key).where(named)):
        if row.username is None or username_key(row.username) != row.username_key:
            yield Breach(row.id, _shown(row.username or row.username_key))


# What is over


def half_endings(reader: Reader) -> Iterator[Breach]:
    """What has ended without a reason, or not ended with one."""
    for table in (sessions, tokens, challenges):
        is_half = table.c.ended_at.is_(None) != table.c.ended_reason.is_(None)
        yield from reader.breaches(sa.select(table.name + sa.literal("/") + table.c.id).where(is_half))


def sessions_of_blocked(reader: Reader) -> Iterator[Breach]:
    """Blocked accounts that are signed in."""
    return _living_of_blocked(reader, sessions)


def tokens_of_blocked(reader: Reader) -> Iterator[Breach]:
    """Blocked accounts with tokens that are good once the block ends, but for those that take back a change."""
    return _living_of_blocked(reader, tokens, tokens.c.kind != str(TokenKind.CHANGE_CANCEL))


def _living_of_blocked(reader: Reader, table: sa.Table, *which: sa.ColumnElement[bool]) -> Iterator[Breach]:
    is_blocked = (
        users.c.status == str(Status.BLOCKED),
        sa.or_(users.c.blocked_until.is_(None), users.c.blocked_until > reader.now),
    )
    lives = sa.exists().where(
        table.c.user_seq == users.c.seq, table.c.ended_at.is_(None), table.c.expires_at > reader.now, *which
    )
    return reader.breaches(sa.select(users.c.id).where(*is_blocked, lives))


# Keys


def half_keys(reader: Reader) -> Iterator[Breach]:
    """Keys of JWTs that are retired and could sign, or are not and cannot."""
    its = signing_keys.c
    yield from reader.breaches(sa.select(its.id).where(its.retired_at.is_(None) == its.sealed_private_key.is_(None)))


def missing_key(reader: Reader, id: str, *needing: sa.ColumnElement[bool]) -> Iterator[Breach]:
    """The key of digests, where there are rows that need it and it is not there."""
    yield from reader.breaches(sa.select(sa.literal(id)).where(sa.exists().where(*needing), _none(peppers.c.id == id)))


# Teams


def wrong_roles(reader: Reader) -> Iterator[Breach]:
    """Roles of memberships that are not found in the table of them, or only there."""
    its, kept = memberships.c, membership_roles.c
    role = elements(reader.db, its.roles)
    same = (kept.membership_seq == its.seq, kept.team_seq == its.team_seq, kept.invited_at == its.invited_at)
    missing = sa.select(its.id, role.c.value).select_from(sa.join(memberships, role, sa.true()))
    yield from reader.breaches(missing.where(_none(*same, kept.role == role.c.value)))
    stray = sa.select(its.id, kept.role).join(membership_roles, kept.membership_seq == its.seq)
    has = sa.exists(sa.select(1).select_from(role).where(role.c.value == kept.role))
    same_place = sa.and_(kept.team_seq == its.team_seq, kept.invited_at == its.invited_at)
    yield from reader.breaches(stray.where(~sa.and_(same_place, has)))


def elements(db: Connection, column: sa.Column[Any]) -> Any:
    """The texts of a list, each as a row."""
    if db.dialect.name == "sqlite":
        return sa.func.json_each(column).table_valued("value").alias("element")
    texts = sa.func.json_array_elements_text(sa.cast(sa.type_coerce(column, sa.Text), sa.JSON))
    return texts.table_valued("value").lateral("element")


def half_memberships(reader: Reader) -> Iterator[Breach]:
    """Memberships of nobody, or that somebody could accept who has."""
    its = memberships.c
    is_confirmed = its.status == str(MembershipStatus.CONFIRMED)
    is_half = sa.case(
        (is_confirmed, its.user_seq.is_(None) | its.joined_at.is_(None)),
        else_=its.joined_at.is_not(None) | (its.user_seq.is_(None) & its.invited_as.is_(None)),
    )
    yield from reader.breaches(sa.select(its.id).where(is_half))
    invited = sa.select(its.id).join(invitations, invitations.c.membership_seq == its.seq)
    yield from reader.breaches(invited.where(is_confirmed).distinct())


# What brought what


def wrong_imports(reader: Reader) -> Iterator[Breach]:
    """Imports that do not say when they ended, or made other users than they counted."""
    its, many = import_users.c, import_batches.c
    counted = sa.select(its.import_seq, sa.func.count()).where(its.created).group_by(its.import_seq)
    size = sa.cast(sa.func.sum(many.last_user - many.first_user + 1), sa.BigInteger)
    made: Counter[int] = Counter()
    for statement in (counted, sa.select(many.import_seq, size).group_by(many.import_seq)):
        for seq, count in reader.db.sqlalchemy.execute(statement):
            made[seq] += count
    for row in reader.rows(sa.select(imports)):
        is_over = row.status != str(ImportStatus.UNFINISHED)
        if (row.ended_at is not None) != is_over:
            yield Breach(row.id, "a wrong end")
        if row.counts.get("created") != made[row.seq]:
            yield Breach(row.id, "another number of users in its journal")


# What each kind of what a manifest brings is about; those below have a value, too.
SUBJECTS = {
    "user": "user_seq",
    "blocked": "user_seq",
    "label": "user_seq",
    "team": "team_seq",
    "membership": "membership_seq",
    "role": "membership_seq",
    "mock-phone": None,
}
_VALUED = ("label", "role", "mock-phone")


def wrong_subjects(reader: Reader) -> Iterator[Breach]:
    """What a manifest brought that is about nothing, or about several things."""
    for row in reader.rows(sa.select(manifest_subjects)):
        about = [name for name in ("user_seq", "team_seq", "membership_seq") if getattr(row, name) is not None]
        wanted = SUBJECTS.get(row.kind, "")
        if about != ([wanted] if wanted is not None else []) or (row.value is not None) != (row.kind in _VALUED):
            yield Breach(row.manifest, f"{row.kind} {row.value or ''}".strip())


def wrong_counts(reader: Reader) -> Iterator[Breach]:
    """The number of users, where one is kept that is another."""
    there = sa.select(sa.func.count()).select_from(users).scalar_subquery()
    kept = user_counts.c
    yield from reader.breaches(sa.select(sa.cast(kept.users, sa.Text), there).where(kept.users != there))


# Words


def wrong_words(reader: Reader) -> Iterator[Breach]:
    """Users and teams that are not found by their words, or by others."""
    for table, of in ((users, user_rows), (teams, team_rows)):
        find = _wrong_words_sqlite if reader.db.dialect.name == "sqlite" else _wrong_words_postgres
        yield from find(reader, table, of.document)


_SEARCHED = ("seq", "id", "username", "name", "email", "phone", "labels")


def _documents(table: sa.Table) -> sa.Select[Any]:
    """What users and teams are found by."""
    return sa.select(*(column for column in table.c if column.name in _SEARCHED)).order_by(table.c.seq)


def _wrong_words_postgres(reader: Reader, table: sa.Table, document: Callable[[Any], str]) -> Iterator[Breach]:
    one = table.name.removesuffix("s")
    words = sa.table(f"{one}_words", sa.column(f"{one}_seq"), sa.column("words"))
    joined = sa.outerjoin(table, words, words.c[f"{one}_seq"] == table.c.seq)
    for row in reader.rows(_documents(table).add_columns(words.c.words.label("found")).select_from(joined)):
        wanted = _of(document, row)
        if wanted is not None and row.found != wanted:
            yield Breach(f"{table.name}/{row.id}")


_INDEXED = 'SELECT doc, term, "offset" FROM temp.indexed'


def _wrong_words_sqlite(reader: Reader, table: sa.Table, document: Callable[[Any], str]) -> Iterator[Breach]:
    """A contentless index does not tell what it has of one row, but all that it has, word by word.

    So sums of both are compared, over all rows of a bucket, and then over each row of those that differ.
    """
    run = reader.db.sqlalchemy.exec_driver_sql
    index = f"{table.name.removesuffix('s')}_words"
    run(f"CREATE VIRTUAL TABLE temp.indexed USING fts5vocab(main, {index}, instance)")
    try:
        sums = [0] * BUCKETS
        for doc, word, place in run(_INDEXED):
            sums[doc % BUCKETS] += hash((doc, word, place))
        for row in reader.rows(_documents(table)):
            sums[row.seq % BUCKETS] -= _sum(row.seq, _of(document, row) or "")
        yield from _wrong_in(reader, table, document, [bucket for bucket, sum in enumerate(sums) if sum])
    finally:
        run("DROP TABLE temp.indexed")


def _sum(seq: int, document: str) -> int:
    return sum(hash((seq, word, place)) for place, word in enumerate(document.split(" ")) if word)


def _wrong_in(
    reader: Reader, table: sa.Table, document: Callable[[Any], str], doubted: Sequence[int]
) -> Iterator[Breach]:
    """The rows of those buckets that differ, some buckets at a time."""
    for start in range(0, len(doubted), BUCKETS_AT_ONCE):
        among = doubted[start : start + BUCKETS_AT_ONCE]
        theirs = f"{_INDEXED} WHERE doc % {BUCKETS} IN ({', '.join(map(str, among))})"
        sums: dict[int, int] = {}
        for doc, word, place in reader.db.sqlalchemy.exec_driver_sql(theirs):
            sums[doc] = sums.get(doc, 0) + hash((doc, word, place))
        for row in reader.db.stream(_documents(table).where((table.c.seq % BUCKETS).in_(among))):
            found, wanted = sums.pop(row.seq, 0), _of(document, row)
            if wanted is not None and found != _sum(row.seq, wanted):
                yield Breach(f"{table.name}/{row.id}")
        for doc in sums:
            yield Breach(f"{table.name}/{doc}")


def _of(document: Callable[[Any], str], row: Any) -> str | None:
    """What a row is found by; None for a damaged one, which is told as such."""
    try:
        return document(row)
    except (Unavailable, TypeError, AttributeError):
        return None
