"""Which session a change of address was asked for in, so that it ends with it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("tokens", sa.Column("session_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
