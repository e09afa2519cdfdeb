"""What a check-up and the picture of a directory ask: counts, over one pass of a table or a stretch of an index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

import sqlalchemy as sa

from authctl.model import OWNER, EventName, MembershipStatus, Status
from authctl.storage.connection import Connection
from authctl.storage.tables import (
    events,
    identities,
    log_seals,
    membership_roles,
    memberships,
    sessions,
    signing_keys,
    teams,
    user_names,
    users,
)
from authctl.storage.user_lists import either


@dataclass(frozen=True, slots=True)
class UserGroup:
    """The users whose passwords one algorithm hashed; of those without a password it is None.

    by_email: those who are asked for two factors, and whose mailbox is the second and replaces the first. old: those
    whose password nobody asked to be changed, and that is older than asked. since: the oldest.
    """

    algorithm: str | None
    users: int
    without_mfa: int
    by_email: int
    standing: int
    old: int
    since: datetime | None
    unprotected: dict[str, int] = field(default_factory=dict)


def groups(
    db: Connection,
    *,
    now: datetime,
    required: str | Sequence[str],
    factors: Iterable[str],
    old: datetime,
    standing: datetime,
) -> list[UserGroup]:
    """Everybody, in one pass over the users.

    required: whom the policy asks for a second factor, "off", "all", or labels. factors: those that it allows. old:
    passwords before that are. standing: a change of a password that was asked for before that is overdue.
    """
    active = _is_active(now)
    allowed = [_FACTORS[factor] for factor in sorted(factors)]
    has_factor = _has_factor(factors)
    only_email = sa.and_(
        sa.true(), *(column if column is users.c.email_verified else sa.not_(column) for column in allowed)
    )
    covered = _covered(required)
    anyone = sa.or_(sa.false(), *covered.values())
    counts = {
        "without_mfa": sa.and_(active, sa.not_(sa.and_(users.c.mfa, has_factor)), sa.not_(anyone)),
        "by_email": sa.and_(active, sa.or_(users.c.mfa, anyone), only_email) if "email" in factors else sa.false(),
        "standing": sa.and_(active, users.c.password_must_change, users.c.updated_at < standing),
        "old": sa.and_(active, sa.not_(users.c.password_must_change), users.c.password_updated_at < old),
    }
    unprotected = {
        f"unprotected_{place}": sa.and_(active, condition, sa.not_(has_factor))
        for place, condition in enumerate(covered.values())
    }
    statement = sa.select(
        users.c.password_algorithm,
        sa.func.count().label("users"),
        sa.func.min(users.c.password_updated_at).label("since"),
        *(_count(condition).label(name) for name, condition in (counts | unprotected).items()),
    ).group_by(users.c.password_algorithm)
    return [
        UserGroup(
            row.password_algorithm,
            row.users,
            row.without_mfa,
            row.by_email,
            row.standing,
            row.old,
            row.since,
            dict(zip(covered, (row._mapping[name] for name in unprotected), strict=True)),
        )
        for row in db.sqlalchemy.execute(statement)
    ]


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


_FACTORS = {"totp": users.c.totp, "email": users.c.email_verified, "phone": users.c.phone_verified}


def _has_factor(factors: Iterable[str]) -> sa.ColumnElement[bool]:
    """Whether a user has a second factor that the policy allows."""
    return sa.or_(users.c.recovery_code, *(_FACTORS[factor] for factor in sorted(factors)))


def _covered(required: str | Sequence[str]) -> dict[str, sa.ColumnElement[bool]]:
    """Whom the policy asks for a second factor: by "all", or by label."""
    if required == "all":
        return {"all": sa.true()}
    return {label: _has_label(label) for label in (required if not isinstance(required, str) else ())}


def _has_label(label: str) -> sa.ColumnElement[bool]:
    """Labels are letters and digits, so one of them stands between quotes in the text of all."""
    return sa.type_coerce(users.c.labels, sa.Text).like(f'%"{label}"%')


class OwnerlessTeam(NamedTuple):
    """A team without an owner. member: who has been a member for longest, by the user's id."""

    id: str
    member: str


def without_owner(db: Connection, limit: int) -> list[OwnerlessTeam]:
    """Teams that have members, and none of them is an owner; the oldest first."""
    confirmed = str(MembershipStatus.CONFIRMED)
    owner = sa.exists().where(
        membership_roles.c.team_seq == teams.c.seq,
        membership_roles.c.role == OWNER,
        membership_roles.c.membership_seq == memberships.c.seq,
        memberships.c.status == confirmed,
    )
    others = memberships.alias()
    first = sa.select(sa.func.min(others.c.seq)).where(others.c.team_seq == teams.c.seq, others.c.status == confirmed)
    member = memberships.alias()
    statement = (
        sa.select(teams.c.id, users.c.id.label("member"))
        .select_from(teams)
        .join(member, member.c.seq == first.scalar_subquery())
        .join(users, users.c.seq == member.c.user_seq)
        .where(~owner)
        .order_by(teams.c.seq)
        .limit(limit)
    )
    return [OwnerlessTeam(*row) for row in db.sqlalchemy.execute(statement)]


def blocked_with_sessions(db: Connection, now: datetime) -> int:
    """How many users are blocked and signed in."""
    lasting = sa.or_(users.c.blocked_until.is_(None), users.c.blocked_until > now)
    live = sa.exists().where(
        sessions.c.user_seq == users.c.seq, sessions.c.ended_at.is_(None), sessions.c.expires_at > now
    )
    statement = sa.select(sa.func.count()).select_from(users)
    return db.sqlalchemy.execute(statement.where(users.c.status == str(Status.BLOCKED), lasting, live)).scalar_one()


def without_reason(db: Connection, names: Iterable[str], since: datetime) -> tuple[int, int]:
    """Of the events of those names that operators made since then: how many give no reason, and how many there are."""
    silent = _count(events.c.reason.is_(None))
    statement = sa.select(silent, sa.func.count()).where(
        events.c.time >= since, events.c.name.in_(list(names)), events.c.actor.not_like("user:%")
    )
    row = db.sqlalchemy.execute(statement).one()
    return row[0], row[1]


def first_event_at(db: Connection) -> datetime | None:
    """When the directory was made, as far as the log tells."""
    return db.sqlalchemy.execute(sa.select(events.c.time).order_by(events.c.seq).limit(1)).scalar()


_BEGUN = sa.select(sa.func.max(log_seals.c.number)).where(log_seals.c.behind.is_(None)).scalar_subquery()
_SEALED_UP_TO = sa.select(sa.func.max(log_seals.c.up_to)).where(log_seals.c.number >= _BEGUN).scalar_subquery()
_IS_UNSEALED = events.c.seq > sa.func.coalesce(_SEALED_UP_TO, 0)


def first_unsealed_at(db: Connection) -> datetime | None:
    """When the oldest event was written that no seal is over; None where there is none."""
    return db.sqlalchemy.execute(sa.select(events.c.time).where(_IS_UNSEALED).order_by(events.c.seq).limit(1)).scalar()


def last_problems(db: Connection) -> int:
    """How many problems the last verification of the log found, where no seal came after it.

    0 also where its event is not as it was written: whoever verifies again is told.
    """
    details = sa.select(sa.type_coerce(events.c.details, sa.Text))
    verified = details.where(_IS_UNSEALED, events.c.name == str(EventName.SECURITY_LOGS_VERIFY))
    text = db.sqlalchemy.execute(verified.order_by(events.c.seq.desc()).limit(1)).scalar()
    try:
        found = json.loads(text or "{}").get("problems")
    except (AttributeError, TypeError, ValueError):
        return 0
    return found if isinstance(found, int) else 0


class SharedName(NamedTuple):
    """A username that is another user's id. id: the user's who has the username; other: the other's."""

    id: str
    username: str
    other: str


def shared_names(db: Connection, limit: int) -> list[SharedName]:
    """Usernames that are other users' ids, as they may be from before the two had one key."""
    other = users.alias()
    statement = (
        sa.select(users.c.id, users.c.username, other.c.id)
        .join(user_names, user_names.c.name == users.c.username_key)
        .join(other, other.c.seq == user_names.c.user_seq)
        .where(user_names.c.user_seq != users.c.seq)
        .order_by(users.c.seq)
        .limit(limit)
    )
    return [SharedName(*row) for row in db.sqlalchemy.execute(statement)]


class UnprovedGrant(NamedTuple):
    """What a user has whom nothing proves. name: what a person typed in of email, phone and username."""

    id: str
    name: str
    labels: tuple[str, ...]
    teams: tuple[str, ...]


def unproved_grants(db: Connection, now: datetime, limit: int) -> list[UnprovedGrant]:
    """Active users without a proof who have labels or are members of teams, by a name that a person typed in."""
    typed = [
        sa.case((users.c[f"{name}_self_service"], users.c[name])).label(name) for name in ("email", "phone", "username")
    ]
    is_member = (memberships.c.user_seq == users.c.seq, memberships.c.status == str(MembershipStatus.CONFIRMED))
    statement = (
        sa.select(users.c.seq, users.c.id, users.c.labels, sa.func.coalesce(*typed).label("name"))
        .where(
            sa.or_(users.c.email_self_service, users.c.phone_self_service, users.c.username_self_service),
            sa.not_(users.c.email_verified),
            sa.not_(users.c.phone_verified),
            _is_active(now),
            sa.or_(sa.type_coerce(users.c.labels, sa.Text) != "[]", sa.exists().where(*is_member)),
            sa.not_(_HAS_IDENTITY),
        )
        .order_by(users.c.seq)
        .limit(limit)
    )
    of = sa.select(teams.c.id).join(memberships, memberships.c.team_seq == teams.c.seq).order_by(teams.c.seq)
    found = []
    for row in db.sqlalchemy.execute(statement).all():
        ids = db.sqlalchemy.execute(of.where(memberships.c.user_seq == row.seq, is_member[1])).scalars()
        found.append(UnprovedGrant(row.id, row.name, tuple(row.labels), tuple(ids)))
    return found


class UnprovedAddress(NamedTuple):
    """What a person typed in of an account that has another proof. None: there is no such email, or phone."""

    id: str
    email: str | None
    phone: str | None


def unproved_addresses(db: Connection, now: datetime, limit: int) -> list[UnprovedAddress]:
    """Active users with an address that a person typed in and never proved, beside another proof; the oldest first."""
    statement = sa.select(users.c.id, *_UNPROVED).where(_HAS_UNPROVED, _is_active(now))
    found = db.sqlalchemy.execute(statement.order_by(users.c.seq).limit(limit))
    return [UnprovedAddress(*row) for row in found]


def count_unproved_addresses(db: Connection, now: datetime) -> int:
    """How many users these are."""
    statement = sa.select(sa.func.count()).select_from(users)
    return db.sqlalchemy.execute(statement.where(_HAS_UNPROVED, _is_active(now))).scalar_one()


_HAS_IDENTITY = sa.exists().where(identities.c.user_seq == users.c.seq)
_UNPROVED = [
    sa.case((
        sa.and_(
            users.c[f"{kind}_self_service"],
            sa.not_(users.c[f"{kind}_verified"]),
            sa.or_(users.c[f"{other}_verified"], _HAS_IDENTITY),
        ),
        users.c[kind],
    ))
    for kind, other in (("email", "phone"), ("phone", "email"))
]  # fmt: skip
_HAS_UNPROVED = sa.func.coalesce(*_UNPROVED).is_not(None)  # no OR: SQLite would gather half of the users by two indexes


def _is_active(now: datetime) -> sa.ColumnElement[bool]:
    lasting = sa.or_(users.c.blocked_until.is_(None), users.c.blocked_until > now)
    return sa.not_(sa.and_(users.c.status == str(Status.BLOCKED), lasting))


def signing_key_at(db: Connection) -> datetime | None:
    """When the key was made that JWTs are signed with; None before the first."""
    newest = sa.select(signing_keys.c.created_at).where(signing_keys.c.retired_at.is_(None))
    return db.sqlalchemy.execute(newest.order_by(signing_keys.c.seq.desc()).limit(1)).scalar()


def last_event_at(db: Connection, before: datetime | None = None) -> datetime | None:
    """When the directory was last changed, by the clock of whoever did. before: the newest time before that."""
    if before is not None:
        return db.sqlalchemy.execute(sa.select(sa.func.max(events.c.time)).where(events.c.time < before)).scalar()
    return db.sqlalchemy.execute(sa.select(events.c.time).order_by(events.c.seq.desc()).limit(1)).scalar()


def time(db: Connection) -> datetime | None:
    """The time of the database's own clock as this transaction began; None where it has none."""
    if db.dialect.name == "sqlite":
        return None
    found: datetime = db.sqlalchemy.exec_driver_sql("SELECT transaction_timestamp()").scalar_one()
    return found


def journal_mode(db: Connection) -> str | None:
    """How an SQLite file keeps changes apart until they are whole: wal, where readers and writers do not wait."""
    if db.dialect.name != "sqlite":
        return None
    return str(db.sqlalchemy.exec_driver_sql("PRAGMA journal_mode").scalar_one())


@dataclass(frozen=True, slots=True)
class Way:
    """How a Postgres over a network is reached: what URL, environment and files come to, as libpq adds them up.

    mode: sslmode. authorities: the file of the certificates that are trusted, where one is named. encrypted: whether
    this one connection is.
    """

    host: str
    mode: str
    authorities: str | None
    encrypted: bool


def way(db: Connection) -> Way | None:
    """How the database is reached; None for one on this machine."""
    if db.dialect.name == "sqlite":
        return None
    connection: Any = db.driver
    host = str(connection.info.host)
    if is_here(host):
        return None
    options = {each.keyword.decode(): (each.val or b"").decode() for each in connection.pgconn.info}
    return Way(host, options["sslmode"], options["sslrootcert"] or None, bool(connection.pgconn.ssl_in_use))


def is_here(host: str) -> bool:
    """Whether a host is this machine: a socket in a folder, or the loopback."""
    return host in ("", "localhost", "::1") or host.startswith(("/", "@", "127."))


# The picture


def users_made(db: Connection, since: datetime, until: datetime) -> int:
    """How many users were made from `since` on, and before `until`."""
    made = sa.select(sa.func.count()).select_from(users)
    return db.sqlalchemy.execute(made.where(users.c.created_at >= since, users.c.created_at < until)).scalar_one()


def sign_ins(db: Connection, days: Sequence[datetime]) -> list[int]:
    """How many sessions began on each day, by the log; the last moment ends the last day."""
    counts = [_count(sa.and_(events.c.time >= begin, events.c.time < end)) for begin, end in pairwise(days)]
    statement = sa.select(*counts).where(
        events.c.time >= days[0], events.c.name == str(EventName.USERS_SESSIONS_CREATE)
    )
    return list(db.sqlalchemy.execute(statement).one())


def with_mfa(db: Connection, *, required: str | Sequence[str], factors: Iterable[str]) -> int:
    """How many users are asked for a second factor, by choice or by the policy, and have one."""
    covered = _covered(required).values()
    by_choice = either("mfa") if not covered else []
    is_asked = (sa.or_(users.c.mfa, *covered), _has_factor(factors), *by_choice)
    statement = sa.select(sa.func.count()).select_from(users).where(*is_asked)
    return db.sqlalchemy.execute(statement).scalar_one()


def algorithms(db: Connection) -> dict[str | None, int]:
    """How many passwords each algorithm hashed, the most first; None for users without a password."""
    counted = sa.func.count().label("users")
    statement = sa.select(users.c.password_algorithm, counted).group_by(users.c.password_algorithm)
    return {
        row[0]: row[1] for row in db.sqlalchemy.execute(statement.order_by(counted.desc(), users.c.password_algorithm))
    }
