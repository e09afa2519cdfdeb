"""Smaller indexes of what each sign-in writes, on Postgres.

Ids of events and sessions begin with the time that they were made at, of which there are indexes. Sessions of a user
are told apart by whether they have ended, not when.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        return
    op.drop_constraint("events_id_key", "events")
    op.drop_index("sessions_id", "sessions")
    op.drop_index("sessions_user", "sessions")
    op.create_index("sessions_created_at", "sessions", ["created_at"])
    op.create_index("sessions_user_ended", "sessions", ["user_seq", sa.text("(ended_at IS NULL)")])
