"""The users: their rows, their addresses, and their words in the search index, changed together.

How a search finds its page (measured at 1,000,000 users): first the order is walked for `WALK` rows, which answers at
once for words that many have; only then the index is asked and its matches sorted, which answers at once for words that
few have. Neither sorts everybody. Filters that have an index in that order narrow the walk itself: what few have is
walked to its end, and the search index is not asked at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles

from authctl.errors import Conflict
from authctl.model import Filter, Listing, NewUser, Password, Status, User, username_key
from authctl.storage import pagination, record_mapping, search_index, search_terms
from authctl.storage.connection import Connection
from authctl.storage.driver_errors import violation
from authctl.storage.fixed import Fixed
from authctl.storage.tables import Sequence, addresses, identities, users

WALK = 2500  # rows of the order that are looked at before the search index is asked


def _source(columns: Any) -> pagination.ListSource:
    """The fields of users as lists know them, over the table or a query that has its columns."""
    fields = dict(columns.items()) | {
        "password.set": columns.password_hash.is_not(None),
        "password.algorithm": columns.password_algorithm,
        "password.updated_at": columns.password_updated_at,
        "password.must_change": columns.password_must_change,
        "factors.totp": columns.totp,
        "factors.recovery_code": columns.recovery_code,
    }
    return pagination.ListSource(columns.seq, columns.id, fields)


SOURCE = _source(users.c)


def insert(db: Connection, new: NewUser, now: datetime) -> User:
    """Store a new user; a Conflict where the id, username, email or phone is taken."""
    times = {"created_at": now, "updated_at": now}
    try:
        seq = db.sqlalchemy.execute(users.insert().values(times | columns_of(new)).returning(users.c.seq)).scalar_one()
        if new.email is not None:
            db.sqlalchemy.execute(addresses.insert().values(address=new.email, user_seq=seq))
    except IntegrityError as error:
        raise _conflict(error, new) from None
    search_index.insert(db, seq, document(new), search_terms.tsvector)
    fields: dict[str, Any] = {name: getattr(new, name) for name in new.__dataclass_fields__}
    return User(**times | fields | {"seq": seq})


def update(db: Connection, before: User, after: User) -> None:
    """Store what changed between two states of one user; a Conflict where a new value is taken."""
    old, new = columns_of(before), columns_of(after)
    changed = {name: value for name, value in new.items() if old[name] != value}
    if not changed:
        return
    try:
        db.sqlalchemy.execute(users.update().where(users.c.seq == before.seq).values(changed))
        if before.email != after.email:
            _move_address(db, before, after)
    except IntegrityError as error:
        raise _conflict(error, after) from None
    search_index.replace(db, before.seq, document(before), document(after), search_terms.tsvector)


def _move_address(db: Connection, before: User, after: User) -> None:
    """Free the old address and take the new one; an identity of the same user may hold either as well."""
    if before.email is not None:
        release_address(db, before.email)
    if after.email is not None and not holds_address(db, after.seq, after.email):
        db.sqlalchemy.execute(addresses.insert().values(address=after.email, user_seq=after.seq))


def holds_address(db: Connection, seq: int, address: str) -> bool:
    """Whether the address is the user's already."""
    found = sa.select(addresses.c.user_seq).where(addresses.c.address == address, addresses.c.user_seq == seq)
    return db.sqlalchemy.execute(found).one_or_none() is not None


def release_address(db: Connection, address: str) -> None:
    """Free an address that no account and no identity has any more."""
    held = sa.or_(
        sa.exists().where(users.c.email == address),
        sa.exists().where(identities.c.user_seq == addresses.c.user_seq, identities.c.email == address),
    )
    db.sqlalchemy.execute(addresses.delete().where(addresses.c.address == address, sa.not_(held)))


def delete(db: Connection, user: User) -> None:
    """Remove a user and all that belongs to it; the foreign keys see to the rest."""
    search_index.delete(db, user.seq, document(user))
    db.sqlalchemy.execute(users.delete().where(users.c.seq == user.seq))


def set_locked(db: Connection, seq: int, until: datetime | None) -> None:
    db.sqlalchemy.execute(users.update().where(users.c.seq == seq).values(locked_until=until))


_SET_SIGNED_IN = Fixed(
    users.update().where(users.c.seq == sa.bindparam("user_seq")).values(last_sign_in_at=sa.bindparam("now"))
)


def set_signed_in(db: Connection, seq: int, now: datetime) -> None:
    _SET_SIGNED_IN.run(db, {"user_seq": seq, "now": now})


def has_room(db: Connection, limit: int) -> bool:
    """Whether there are fewer users than that; who asks at the same time waits, so that both do not get the last."""
    if db.dialect.name == "postgresql":
        db.sqlalchemy.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('authctl user-limit'))")
    some = sa.select(users.c.seq).limit(limit).subquery()
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(some)).scalar_one() < limit


def find(db: Connection, column: str, value: str, *, lock: bool = False) -> User | None:
    """The user whose id, username_key, email or phone is `value`. lock: keep others from changing it meanwhile."""
    return find_first(db, [(column, value)], lock=lock)


def find_first(db: Connection, readings: list[tuple[str, str]], *, lock: bool = False) -> User | None:
    """The user that the first of these pairs of column and value fits, in one statement, found or not."""
    rows = _any_of(tuple(column for column, _ in readings), lock).rows(db, dict(readings))
    for column, value in readings:
        for row in rows:
            if getattr(row, column) == value:
                return record(row)
    return None


@cache
def _any_of(columns: tuple[str, ...], lock: bool) -> Fixed:
    statement = sa.select(users).where(sa.or_(*(users.c[column] == sa.bindparam(column) for column in columns)))
    return Fixed(statement.with_for_update() if lock else statement)


def find_position(db: Connection, listing: Listing, id: str) -> pagination.PagePosition | None:
    return pagination.find_position(db, SOURCE, listing, id)


def list_page(db: Connection, listing: Listing, position: pagination.PagePosition | None) -> list[User]:
    """One page, in the order asked for."""
    assert listing.limit is not None
    query = query_of(listing)
    if query is None:
        found = list(_select(db, listing, position, listing.limit))
    elif query.is_empty:
        found = []
    else:
        found = _search_page(db, listing, query, position)
    return found[::-1] if listing.before is not None else found


def iterate(db: Connection, listing: Listing) -> Iterator[User]:
    """All of a list, streamed."""
    query = query_of(listing)
    if query is None:
        yield from _select(db, listing, None, None)
    elif not query.is_empty:
        yield from _search_index(db, listing, query, None, None)


def count(db: Connection, listing: Listing) -> int:
    query = query_of(listing)
    statement = sa.select(sa.func.count()).select_from(users).where(*_conditions(SOURCE, listing))
    if query is not None:
        if query.is_empty:
            return 0
        matches = _matches(db, query)
        if not listing.filters:
            return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(matches)).scalar_one()
        statement = statement.join(matches, matches.c.user_seq == users.c.seq)
    return db.sqlalchemy.execute(statement).scalar_one()


def query_of(listing: Listing) -> search_terms.Query | None:
    """What of a list the search index can answer, its words, labels and whole names; None where it has none."""
    query = search_terms.Query.parse(listing.search) if listing.search is not None else None
    for filter in listing.filters:
        if filter.field == "labels" and filter.op == "~":
            query = (query or search_terms.Query()).with_label(filter.value)
        elif filter.field == "name" and filter.op == "=" and search_terms.of(filter.value or ""):
            query = (query or search_terms.Query()).with_phrase(filter.value)
    return query


def _conditions(source: pagination.ListSource, listing: Listing) -> Iterator[sa.ColumnElement[bool]]:
    """The filters; a block whose end has come counts as none."""
    for filter in listing.filters:
        if filter.field != "status":
            yield pagination.condition(source, filter)
            continue
        status, until = source.fields["status"], source.fields["blocked_until"]
        lasting = sa.or_(until.is_(None), until > listing.now)
        blocked = sa.and_(status == str(Status.BLOCKED), lasting)
        # `active` is the absence of a block: the order is walked, and what is blocked passed over.
        yield blocked if _is_blocked(filter) else sa.not_(blocked)


def _is_blocked(filter: Filter) -> bool:
    """Whether a filter on the status asks for those who are blocked."""
    is_equal: bool = filter.value == Status.BLOCKED
    return is_equal == (filter.op == "=")


def _statement(listing: Listing, position: pagination.PagePosition | None) -> sa.Select[Any]:
    statement = sa.select(users).where(*_conditions(SOURCE, listing))
    if position is not None:
        statement = statement.where(pagination.beyond(SOURCE, listing, position))
    return statement


def _select(
    db: Connection, listing: Listing, position: pagination.PagePosition | None, limit: int | None
) -> Iterator[User]:
    statement = _statement(listing, position).order_by(*pagination.ordered(SOURCE, listing)).limit(limit)
    return _records(db, statement, stream=limit is None)


def _search_page(
    db: Connection, listing: Listing, query: search_terms.Query, position: pagination.PagePosition | None
) -> list[User]:
    assert listing.limit is not None
    if listing.sort == "created_at":
        order = _walked(listing, position)
        found = _walk(db, listing, query, order, listing.limit)
        if len(found) == listing.limit or _ends_early(db, order):
            return found
    return list(_search_index(db, listing, query, position, listing.limit))


def _walked(listing: Listing, position: pagination.PagePosition | None) -> sa.Select[Any]:
    """The order from there on, with the rows that one index in this order narrows it to."""
    times = tuple(filter for filter in listing.filters if filter.field == "created_at")
    choices = [filter for filter in listing.filters if _narrows(filter)]
    rarest = sorted(choices, key=lambda filter: _NARROWING.index(filter.field))[:1]
    narrow = replace(listing, filters=(*rarest, *times))
    return _statement(narrow, position).order_by(*pagination.ordered(SOURCE, listing))


# What has an index in the order of lists; first what usually fewest have.
_NARROWING = ("status", "mfa", "phone_verified", "email_verified")


def _narrows(filter: Filter) -> bool:
    """Whether the rows that a filter asks for stand together in an index, in the order of lists."""
    if filter.field == "status":
        return _is_blocked(filter)
    return filter.field in _NARROWING


def _ends_early(db: Connection, order: sa.Select[Any]) -> bool:
    """Whether the walk came to the end of the order, so that nothing is left to be found."""
    last = order.with_only_columns(users.c.seq).limit(1).offset(WALK - 1)
    return db.sqlalchemy.execute(last).one_or_none() is None


def _walk(db: Connection, listing: Listing, query: search_terms.Query, order: sa.Select[Any], limit: int) -> list[User]:
    """Those of the next WALK rows of the order that match, read only as far as the limit asks."""
    walked = order.limit(WALK).subquery()
    source = _source(walked.c)
    statement = sa.select(walked).where(*_conditions(source, listing)).limit(limit)
    if db.dialect.name == "sqlite":
        # The inner query is a coroutine here, which keeps its order; asking for it again would sort all of it.
        connection: Any = db.driver
        connection.create_function("authctl_matches", len(_WORDED), partial(_matches_row, query))
        statement = statement.where(sa.func.authctl_matches(*(walked.c[name] for name in _WORDED), type_=sa.Boolean))
    else:
        # A subquery of its own, since a join would let the planner begin with the words.
        db.sqlalchemy.exec_driver_sql("SET LOCAL enable_sort = off")
        matching = sa.select(_matching(query)).where(_USER_WORDS.c.user_seq == walked.c.seq).scalar_subquery()
        statement = statement.where(matching).order_by(*pagination.ordered(source, listing))
    return list(_records(db, statement))


_WORDED = ("id", "username", "name", "email", "phone", "labels")


def _matches_row(
    query: search_terms.Query,
    id: str,
    username: str | None,
    name: str,
    email: str | None,
    phone: str | None,
    labels: str,
) -> bool:
    return query.matches(search_terms.document(id, username, name, email, phone, json.loads(labels)))


def _search_index(
    db: Connection,
    listing: Listing,
    query: search_terms.Query,
    position: pagination.PagePosition | None,
    limit: int | None,
) -> Iterator[User]:
    """The users that the index names, sorted. The index leads, whatever the planner thinks of the words."""
    matches = _matches(db, query)
    statement = (
        _statement(listing, position)
        .select_from(_LeadingJoin(matches, users, matches.c.user_seq == users.c.seq))
        .order_by(*pagination.ordered(SOURCE, listing))
        .limit(limit)
    )
    return _records(db, statement, stream=limit is None)


def _matches(db: Connection, query: search_terms.Query) -> sa.FromClause:
    """The numbers of the users that match."""
    if db.dialect.name == "sqlite":
        condition = sa.literal_column("user_words").op("MATCH")(query.fts5())
        return (
            sa.select(sa.literal_column("rowid", Sequence).label("user_seq"))
            .select_from(sa.table("user_words"))
            .where(condition)
            .cte("matches")
        )
    db.sqlalchemy.exec_driver_sql(_LED_BY_WORDS)
    return sa.select(_USER_WORDS.c.user_seq).where(_matching(query)).cte("matches").prefix_with("MATERIALIZED")


# Without statistics Postgres may think little of the index, and read all words, or many users. What the index names is
# looked up one by one, and then sorted, which the walk before it must not be.
_LED_BY_WORDS = """
    SELECT set_config(name, value, true) FROM (VALUES
        ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('enable_sort', 'on')
    ) AS planner (name, value)
"""


def _matching(query: search_terms.Query) -> sa.ColumnElement[bool]:
    return _USER_WORDS.c.words.op("@@", return_type=sa.Boolean())(sa.cast(query.tsquery(), _TSQUERY))


class _TSQUERY(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **options: Any) -> str:
        return "TSQUERY"


_USER_WORDS = sa.table("user_words", sa.column("user_seq", sa.BigInteger), sa.column("words"))


class _LeadingJoin(sa.sql.selectable.Join):
    """A join whose left side is read first. SQLite takes the word CROSS for that; Postgres joins as it sees fit."""

    inherit_cache = True


@compiles(_LeadingJoin, "sqlite")
def _compile_leading_join(join: _LeadingJoin, compiler: Any, **options: Any) -> str:
    options["asfrom"] = True
    left, right = compiler.process(join.left, **options), compiler.process(join.right, **options)
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **options)}"


def _records(db: Connection, statement: sa.Select[Any], *, stream: bool = False) -> Iterator[User]:
    if stream:
        statement = statement.execution_options(yield_per=500)
    with db.sqlalchemy.execute(statement) as rows:
        for row in rows:
            yield record(row)


def document(user: NewUser) -> search_index.Document:
    return search_terms.document(user.id, user.username, user.name, user.email, user.phone, user.labels)


# The columns of a password, and the fields of its record.
_PASSWORD = {
    "password_hash": "hash",
    "password_algorithm": "algorithm",
    "password_updated_at": "updated_at",
    "password_must_change": "must_change",
    "password_self_service": "self_service",
    "password_import": "imported_by",
}
_NO_PASSWORD = {name: False if isinstance(users.c[name].type, sa.Boolean) else None for name in _PASSWORD}

# By number, which takes a third of the time that names take.
_NUMBERS = {name: number for number, name in enumerate(users.c.keys())}
_FIELDS = tuple(name for name in User.__dataclass_fields__ if name in _NUMBERS)
_of_user = itemgetter(*(_NUMBERS[name] for name in _FIELDS))
_of_password = itemgetter(*(_NUMBERS[name] for name in _PASSWORD))


def record(row: Any) -> User:
    """The user of a row that has all columns of the table, in their order."""
    fields = dict(zip(_FIELDS, _of_user(row), strict=True))
    fields |= {"status": Status(fields["status"]), "labels": tuple(fields["labels"])}
    password = dict(zip(_PASSWORD.values(), _of_password(row), strict=True))
    return User(**fields, password=Password(**password) if password["hash"] is not None else None)


def columns_of(user: NewUser) -> dict[str, Any]:
    """All columns of a user but the number."""
    password = {column: getattr(user.password, field) for column, field in _PASSWORD.items()} if user.password else {}
    key = {"username_key": user.username and username_key(user.username)}
    return record_mapping.stored(users, user) | key | _NO_PASSWORD | password


def _conflict(error: IntegrityError, user: NewUser) -> Conflict:
    match violation(error.orig):
        case "users_id_key":
            return Conflict("user_already_exists", f"The id {user.id} is taken.", field="id", hint=_OTHER)
        case "users_username_key_key":
            return Conflict(
                "user_already_exists", f"The username {user.username} is taken.", field="username", hint=_OTHER
            )
        case "users_email_key" | "addresses_pkey" | "addresses_address_key":
            return Conflict(
                "user_email_already_exists", f"The email {user.email} is taken.", field="email", hint=_SEE(user.email)
            )
        case "users_phone_key":
            return Conflict(
                "user_phone_already_exists", f"The phone {user.phone} is taken.", field="phone", hint=_SEE(user.phone)
            )
    raise error


_OTHER = "Choose another."


def _SEE(address: str | None) -> str:
    from shlex import quote

    return f"See who has it with: authctl users get {quote(address or '')}"
