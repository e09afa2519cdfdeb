"""What tables only keep of other rows, made anew from those where it is wrong: what `upgrade --repair` does.

Each function mends one kind of breach, of which it is given all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from authctl.model import fold
from authctl.storage import backups, purging
from authctl.storage.connection import Connection
from authctl.storage.invariants import Breach, elements, factors as factor_columns
from authctl.storage.tables import addresses, membership_roles, memberships, user_counts, user_names, users

Mend = Callable[[Connection, Sequence[Breach]], None]


def lock(db: Connection) -> None:
    """Let nobody change what is mended, or what it is mended from, until the end of this transaction."""
    db.wait_forever()
    if db.dialect.name == "postgresql":
        tables = "users, identities, authenticators, recovery_codes, teams, memberships"
        db.sqlalchemy.exec_driver_sql(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")


def _hold(table: sa.Table) -> Mend:
    """Have names or addresses be the users', but for those that somebody else has."""
    key = next(iter(table.primary_key)).name

    def mend(db: Connection, breaches: Sequence[Breach]) -> None:
        for each in breaches:
            value = fold(each.value) if table is user_names else each.value
            free = ~sa.exists().where(table.c[key] == value)
            theirs = sa.select(sa.literal(value), users.c.seq).where(users.c.id == each.id, free)
            db.sqlalchemy.execute(table.insert().from_select([key, "user_seq"], theirs))

    return mend


def _release(table: sa.Table) -> Mend:
    """Free names or addresses that are kept for who does not have them."""
    key = next(iter(table.primary_key))

    def mend(db: Connection, breaches: Sequence[Breach]) -> None:
        for each in breaches:
            db.sqlalchemy.execute(table.delete().where(key == each.value))

    return mend


def factors(db: Connection, breaches: Sequence[Breach]) -> None:
    """Have the rows of users say which factors there are."""
    for column, has in factor_columns():
        db.sqlalchemy.execute(users.update().where(column != has).values({column: has}))


def roles(db: Connection, breaches: Sequence[Breach]) -> None:
    """Have the table of roles say what memberships do."""
    role = elements(db, memberships.c.roles)
    columns = ["membership_seq", "role", "team_seq", "invited_at"]
    said = sa.select(memberships.c.seq, role.c.value, memberships.c.team_seq, memberships.c.invited_at).distinct()
    for id in {each.id for each in breaches}:
        its = sa.select(memberships.c.seq).where(memberships.c.id == id)
        db.sqlalchemy.execute(membership_roles.delete().where(membership_roles.c.membership_seq.in_(its)))
        found = said.select_from(sa.join(memberships, role, sa.true())).where(memberships.c.id == id)
        db.sqlalchemy.execute(membership_roles.insert().from_select(columns, found))


def histories(db: Connection, breaches: Sequence[Breach]) -> None:
    """Forget the past passwords that the policy does not keep."""
    purging.delete_history(db, int(breaches[0].value))


def user_count(db: Connection, breaches: Sequence[Breach]) -> None:
    """Count the users anew."""
    count = sa.select(sa.func.count()).select_from(users).scalar_subquery()
    db.sqlalchemy.execute(user_counts.update().values(users=count))


def words(db: Connection, breaches: Sequence[Breach]) -> None:
    """Build the search indexes anew."""
    backups.index(db)


hold_addresses, release_addresses = _hold(addresses), _release(addresses)
hold_names, release_names = _hold(user_names), _release(user_names)
