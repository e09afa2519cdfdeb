"""Ids and usernames under one key, and the ids of deleted accounts that nobody may sign up with.

Where a username is another account's id, the id has the name: whoever types it has meant that account all along. Both
stay as they are, and the check-up tells of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

IDS = "INSERT INTO user_names (name, user_seq) SELECT lower(id), min(seq) FROM users GROUP BY lower(id)"
USERNAMES = """
    INSERT INTO user_names (name, user_seq)
    SELECT username_key, seq FROM users
    WHERE username_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_names WHERE name = username_key)
"""
# Of deleted accounts that the log knows to have been signed in to, or granted something.
FORMER = """
    INSERT INTO former_names (name)
    SELECT DISTINCT lower(user_id) FROM events
    WHERE user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE users.id = user_id)
    AND (events.name IN ('users.sessions.create', 'users.update.labels', 'teams.memberships.create')
        OR (events.name = 'users.create' AND details LIKE '%"labels":[%'))
"""


def upgrade() -> None:
    op.create_table(
        "user_names",
        sa.Column("name", text, primary_key=True),
        sa.Column("user_seq", sequence, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False),
    )
    op.create_table("former_names", sa.Column("name", text, primary_key=True))
    if op.get_context().dialect.name == "postgresql":
        op.execute("LOCK TABLE users IN SHARE MODE")  # by an older authctl, nobody is made or renamed meanwhile
    for statement in (IDS, USERNAMES, FORMER):
        op.execute(statement)
    op.create_index("user_names_user_seq", "user_names", ["user_seq"])
