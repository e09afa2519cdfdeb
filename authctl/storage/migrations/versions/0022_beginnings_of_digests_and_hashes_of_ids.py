"""Smaller indexes of what each sign-in writes, on Postgres above all.

Sessions are found by how their digests begin. Those hashes that an index of digests held took twice as much, since a
sign-out had it hold each once more. An id is found among those of the same second.

Events of a user are found by a hash of the id, and those whose numbers are near each other together. Times alone are in
order, on both databases.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.drop_index("events_time", "events")
    op.create_index("events_time", "events", ["time"])
    if op.get_context().dialect.name == "sqlite":
        return
    op.drop_index("events_user_id", "events")
    op.create_index("events_user", "events", [sa.text("hashtext(user_id)"), sa.text("CAST(seq >> 14 AS INTEGER)")])
    op.drop_index("sessions_secret_digest", "sessions")
    op.create_index("sessions_digest", "sessions", [sa.text("substr(secret_digest, 1, 7)")])
    op.drop_index("sessions_created_at", "sessions")
    op.create_index("sessions_second", "sessions", [sa.text("(created_at >> 10)")])
    # What is indexed has statistics of its own; without, rows would seem to be one of two hundred.
    for table in ("sessions", "events"):
        op.execute(f"DO $$ BEGIN IF EXISTS (SELECT FROM {table}) THEN ANALYZE {table}; END IF; END $$")
