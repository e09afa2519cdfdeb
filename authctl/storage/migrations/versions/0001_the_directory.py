"""The directory: users, their addresses and search words, policies, events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def owner() -> sa.Column[int]:
    return sa.Column("user_seq", sequence, sa.ForeignKey("users.seq", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        sa.Column("username", text),
        sa.Column("username_key", text),
        sa.Column("name", text, nullable=False),
        sa.Column("email", text),
        sa.Column("email_verified", sa.Boolean, nullable=False),
        sa.Column("phone", text),
        sa.Column("phone_verified", sa.Boolean, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("blocked_until", sa.BigInteger),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("prefs", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("mfa", sa.Boolean, nullable=False),
        sa.Column("password_hash", text),
        sa.Column("password_algorithm", text),
        sa.Column("password_updated_at", sa.BigInteger),
        sa.Column("password_must_change", sa.Boolean, nullable=False),
        sa.Column("password_self_service", sa.Boolean, nullable=False),
        sa.Column("locked_until", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("last_sign_in_at", sa.BigInteger),
        sa.UniqueConstraint("id", name="users_id_key"),
        sa.UniqueConstraint("username_key", name="users_username_key_key"),
        sa.UniqueConstraint("email", name="users_email_key"),
        sa.UniqueConstraint("phone", name="users_phone_key"),
    )
    op.create_index("users_created_at", "users", ["created_at", "seq"])
    for column in ("status", "email_verified", "phone_verified", "mfa"):
        op.create_index(f"users_{column}", "users", [column, "created_at", "seq"])
    op.create_table(
        "addresses",
        sa.Column("address", text, primary_key=True),
        owner(),
    )
    op.create_index("addresses_user_seq", "addresses", ["user_seq"])
    op.create_table(
        "password_history",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        owner(),
        sa.Column("hash", text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("password_history_user_seq", "password_history", ["user_seq", "seq"])
    op.create_table(
        "identities",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        owner(),
        sa.Column("provider", text, nullable=False),
        sa.Column("provider_uid", text, nullable=False),
        sa.Column("email", text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("id", name="identities_id_key"),
        sa.UniqueConstraint("provider", "provider_uid", name="identities_provider_key"),
    )
    op.create_index("identities_user_seq", "identities", ["user_seq", "seq"])
    op.create_table(
        "sessions",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        owner(),
        sa.Column("secret_digest", sa.LargeBinary, nullable=False),
        sa.Column("provider", text, nullable=False),
        sa.Column("factors", sa.Text, nullable=False),
        sa.Column("ip", text),
        sa.Column("user_agent", text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("mfa_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_reason", text),
        sa.UniqueConstraint("id", name="sessions_id_key"),
        sa.UniqueConstraint("secret_digest", name="sessions_secret_digest_key"),
    )
    op.create_index("sessions_user_seq", "sessions", ["user_seq", "seq"])
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "attempts",
        sa.Column("bucket", text, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("locked_until", sa.BigInteger),
    )
    op.create_index("attempts_since", "attempts", ["since"])
    op.create_table(
        "known_sources",
        owner(),
        sa.Column("source", text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_seq", "source", name="known_sources_pkey"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        sa.Column("algorithm", text, nullable=False),
        sa.Column("public_jwk", sa.Text, nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("retired_at", sa.BigInteger),
        sa.UniqueConstraint("id", name="signing_keys_id_key"),
    )
    op.create_table(
        "policies",
        sa.Column("name", text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("actor", text, nullable=False),
        sa.Column("os_user", text),
        sa.Column("name", text, nullable=False),
        sa.Column("resource", text, nullable=False),
        sa.Column("user_id", text),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("ip", text),
        sa.Column("reason", text),
        sa.Column("digest", sa.LargeBinary),
        sa.UniqueConstraint("id", name="events_id_key"),
    )
    op.create_index("events_time", "events", ["time", "seq"])
    op.create_index("events_user_id", "events", ["user_id", "seq"])
    op.create_table(
        "directory",
        sa.Column("name", text, primary_key=True),
        sa.Column("value", text, nullable=False),
    )
    if op.get_context().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE user_words USING fts5(words, content='', columnsize=0, tokenize='ascii')")
    else:
        op.execute(
            "CREATE TABLE user_words ("
            "user_seq BIGINT PRIMARY KEY REFERENCES users (seq) ON DELETE CASCADE, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX user_words_words ON user_words USING gin (words)")
