"""Seals of the audit log: which events there were when it was last found to be whole."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "log_seals",
        sa.Column("number", sequence, primary_key=True, autoincrement=False),
        sa.Column("behind", sequence),
        sa.Column("up_to", sequence, nullable=False),
        sa.Column("events", sequence, nullable=False),
        sa.Column("events_digest", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.LargeBinary),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
