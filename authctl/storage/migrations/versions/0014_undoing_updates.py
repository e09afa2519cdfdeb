"""What imports change of users who are there, and into whom an account was merged."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("import_users", sa.Column("changes", sa.Text()))
    op.add_column("former_names", sa.Column("merged_into", text))
