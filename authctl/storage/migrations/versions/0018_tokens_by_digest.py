"""Live tokens found by the digest of their secret, for whoever has that alone."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    live = sa.text("ended_at IS NULL")
    op.create_index("tokens_digest", "tokens", ["digest"], sqlite_where=live, postgresql_where=live)
