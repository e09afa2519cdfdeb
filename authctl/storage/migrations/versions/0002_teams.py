"""Teams, their memberships with roles and invitations, and the words that teams are found by."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def owner(name: str, key: str) -> sa.Column[int]:
    return sa.Column(name, sequence, sa.ForeignKey(key, ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "teams",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("prefs", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("id", name="teams_id_key"),
    )
    op.create_index("teams_created_at", "teams", ["created_at", "seq"])
    op.create_index("teams_name", "teams", ["name", "created_at", "seq"])
    op.create_table(
        "memberships",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        owner("team_seq", "teams.seq"),
        owner("user_seq", "users.seq"),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("invited_at", sa.BigInteger, nullable=False),
        sa.Column("joined_at", sa.BigInteger),
        sa.UniqueConstraint("id", name="memberships_id_key"),
        sa.UniqueConstraint("team_seq", "user_seq", name="memberships_team_seq_key"),
    )
    op.create_index("memberships_team", "memberships", ["team_seq", "invited_at", "seq"])
    op.create_index("memberships_status", "memberships", ["team_seq", "status", "invited_at", "seq"])
    op.create_index("memberships_user", "memberships", ["user_seq", "invited_at", "seq"])
    op.create_table(
        "membership_roles",
        owner("membership_seq", "memberships.seq"),
        sa.Column("role", text, nullable=False),
        sa.Column("team_seq", sequence, nullable=False),
        sa.Column("invited_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("membership_seq", "role", name="membership_roles_pkey"),
    )
    op.create_index("membership_roles_team", "membership_roles", ["team_seq", "role", "invited_at", "membership_seq"])
    op.create_table(
        "invitations",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        owner("membership_seq", "memberships.seq"),
        sa.Column("secret_digest", sa.LargeBinary, nullable=False),
        sa.Column("address", text),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("secret_digest", name="invitations_secret_digest_key"),
    )
    op.create_index("invitations_membership_seq", "invitations", ["membership_seq", "seq"])
    if op.get_context().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE team_words USING fts5(words, content='', columnsize=0, tokenize='ascii')")
    else:
        op.execute(
            "CREATE TABLE team_words ("
            "team_seq BIGINT PRIMARY KEY REFERENCES teams (seq) ON DELETE CASCADE, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX team_words_words ON team_words USING gin (words)")
