"""What imports change of users who are there, and into whom an account was merged."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def owner(name: str, key: str) -> sa.Column[int]:
    return sa.Column(name, sequence, sa.ForeignKey(key, ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "import_changes",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        owner("import_seq", "imports.seq"),
        owner("user_seq", "users.seq"),
        sa.Column("changes", sa.Text(), nullable=False),
    )
    op.create_index("import_changes_import", "import_changes", ["import_seq", "seq"])
    op.create_index("import_changes_user", "import_changes", ["user_seq"])
    op.add_column("former_names", sa.Column("merged_into", text))
