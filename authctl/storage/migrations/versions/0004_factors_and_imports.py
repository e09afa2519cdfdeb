"""Second factors and the challenges for them; imports and their journals."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
live = sa.text("ended_at IS NULL")


def numbered() -> sa.Column[int]:
    return sa.Column("seq", sequence, sa.Identity(), primary_key=True)


def owner(name: str = "user_seq", key: str = "users.seq") -> sa.Column[int]:
    return sa.Column(name, sequence, sa.ForeignKey(key, ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    for name in ("totp", "recovery_code"):
        op.add_column("users", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("users", sa.Column("password_import", text))
    op.create_index("sessions_live", "sessions", ["user_seq", "seq"], sqlite_where=live, postgresql_where=live)
    op.create_table(
        "authenticators",
        numbered(),
        sa.Column("id", text, nullable=False),
        owner(),
        sa.Column("name", text, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("algorithm", text, nullable=False),
        sa.Column("digits", sa.Integer, nullable=False),
        sa.Column("period", sa.Integer, nullable=False),
        sa.Column("last_step", sequence, nullable=False),
        sa.Column("self_service", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("verified_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
        sa.UniqueConstraint("id", name="authenticators_id_key"),
        sa.UniqueConstraint("user_seq", "name", name="authenticators_user_seq_key"),
    )
    op.create_table(
        "recovery_codes",
        numbered(),
        owner(),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("self_service", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.UniqueConstraint("user_seq", "digest", name="recovery_codes_user_seq_key"),
    )
    op.create_table(
        "peppers",
        numbered(),
        sa.Column("id", text, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("id", name="peppers_id_key"),
    )
    op.create_table(
        "challenges",
        numbered(),
        sa.Column("id", text, nullable=False),
        owner("session_seq", "sessions.seq"),
        sa.Column("factor", text, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("address", text),
        sa.Column("attempts_left", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_reason", text),
        sa.UniqueConstraint("id", name="challenges_id_key"),
    )
    op.create_index("challenges_session_seq", "challenges", ["session_seq", "seq"])
    op.create_index("challenges_expires_at", "challenges", ["expires_at"])
    op.create_table(
        "imports",
        numbered(),
        sa.Column("id", text, nullable=False),
        sa.Column("source", text, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("actor", text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.UniqueConstraint("id", name="imports_id_key"),
    )
    op.create_table(
        "import_users",
        owner("import_seq", "imports.seq"),
        sa.Column("user_id", text, nullable=False),
        sa.Column("created", sa.Boolean, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("import_seq", "user_id", name="import_users_pkey"),
    )
