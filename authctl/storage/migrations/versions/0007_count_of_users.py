"""How many users there are, where the policy user-limit is set."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

COUNT = """
    INSERT INTO user_counts (policy, users)
    SELECT name, (SELECT count(*) FROM users) FROM policies WHERE name = 'user-limit' AND value <> '0'
"""


def upgrade() -> None:
    op.create_table(
        "user_counts",
        sa.Column("policy", text, primary_key=True),
        sa.Column("users", sequence, nullable=False),
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute("LOCK TABLE users IN SHARE MODE")  # by an authctl that does not count yet, nobody is made meanwhile
    op.execute(COUNT)
