"""The ids of merged accounts as they were written, found by the account that they became a part of."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("former_names", sa.Column("id", text))
    op.create_index("former_names_merged_into", "former_names", ["merged_into"])
