"""Fewer bytes for each user on Postgres.

What users hold is found by pages, for what goes with one who is deleted.
"""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
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
