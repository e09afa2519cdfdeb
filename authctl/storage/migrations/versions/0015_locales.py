"""The language that each user's messages are written in."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("users", sa.Column("locale", text))
