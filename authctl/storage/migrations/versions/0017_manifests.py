"""What each manifest brought."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def owner(name: str, key: str) -> sa.Column[int]:
    return sa.Column(name, sequence, sa.ForeignKey(key, ondelete="CASCADE"))


def upgrade() -> None:
    op.create_table(
        "manifest_subjects",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("manifest", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        owner("user_seq", "users.seq"),
        owner("team_seq", "teams.seq"),
        owner("membership_seq", "memberships.seq"),
        sa.Column("value", text),
    )
    op.create_index("manifest_subjects_manifest", "manifest_subjects", ["manifest", "seq"])
    for kind in ("user", "team", "membership"):
        op.create_index(f"manifest_subjects_{kind}", "manifest_subjects", [f"{kind}_seq"])
