"""Fewer bytes for each user.

Imports write down whom they make by whole batches. On Postgres, what users hold is found by pages, for what goes with
one who is deleted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "import_batches",
        sa.Column("import_seq", sequence, sa.ForeignKey("imports.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("first_user", sequence, nullable=False),
        sa.Column("last_user", sequence, nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_seq", "first_user", name="import_batches_pkey"),
    )
    if op.get_context().dialect.name == "postgresql":
        for table in ("addresses", "user_names"):
            _index_by_pages(table)


def _index_by_pages(table: str) -> None:
    op.drop_index(f"{table}_user_seq", table)
    op.create_index(
        f"{table}_user_seq",
        table,
        ["user_seq"],
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 16, "autosummarize": "on"},
    )
