"""Tokens that are sent or made by operators, and the phone numbers of tests."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ended = sa.text("ended_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        sa.Column("user_seq", sequence, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("attempts_left", sa.Integer),
        sa.Column("address", text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_reason", text),
        sa.UniqueConstraint("id", name="tokens_id_key"),
    )
    op.create_index("tokens_user_seq", "tokens", ["user_seq", "kind", "seq"])
    op.create_index("tokens_expires_at", "tokens", ["expires_at"])
    for table in ("tokens", "sessions"):
        op.create_index(f"{table}_ended_at", table, ["ended_at"], sqlite_where=ended, postgresql_where=ended)
    op.create_table(
        "mock_phones",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("phone", text, nullable=False),
        sa.Column("sealed_code", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("phone", name="mock_phones_phone_key"),
    )
