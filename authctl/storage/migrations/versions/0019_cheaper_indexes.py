"""Fewer and smaller indexes, and room in the pages of what each sign-in updates.

Lists of users by a flag are read from an index of those who have it, or of those who do not; blocked ones from their
own. Sessions have one index by user where there were two, none that purging alone asked for, and on Postgres hash
indexes of what is random.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

FLAGS = ("email_verified", "phone_verified", "mfa")
GONE = {
    "users": ("users_status", *(f"users_{flag}" for flag in FLAGS)),
    "sessions": ("sessions_user_seq", "sessions_live", "sessions_expires_at", "sessions_ended_at"),
    "attempts": ("attempts_since",),
}
# Percent of a page that is filled at first. An update finds room for the next version of its row: of one of twenty
# users, and of each count.
FILL_FACTORS = {"users": 95, "attempts": 50, "known_sources": 90}


def upgrade() -> None:
    for table, indexes in GONE.items():
        for index in indexes:
            op.drop_index(index, table)
    _index_users("users_blocked", "status = 'blocked'")
    for flag in FLAGS:
        _index_users(f"users_{flag}", f"{flag} = 1", flag)
        _index_users(f"users_not_{flag}", f"{flag} = 0", f"NOT {flag}")
    op.create_index("sessions_user", "sessions", ["user_seq", "ended_at"])
    if op.get_context().dialect.name == "postgresql":
        for column in ("id", "secret_digest"):
            op.drop_constraint(f"sessions_{column}_key", "sessions")
            op.create_index(f"sessions_{column}", "sessions", [column], postgresql_using="hash")
        for table, percent in FILL_FACTORS.items():
            op.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")


def _index_users(name: str, where: str, on_postgres: str = "") -> None:
    """Index some users in the order that lists walk."""
    order = ["created_at", "seq"]
    op.create_index(name, "users", order, sqlite_where=sa.text(where), postgresql_where=sa.text(on_postgres or where))
