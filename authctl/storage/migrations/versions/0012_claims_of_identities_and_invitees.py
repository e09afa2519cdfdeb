"""Whose an identity's email is, who chose a username, and memberships that are nobody's until they are accepted.

An identity's email stays verified where it is the account's verified one. Any other is a claim from now on: it is
shown, and bars nobody. Usernames count as chosen by a person where the account has something else that a person gave.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

VERIFIED = """
    UPDATE identities SET email_verified = true WHERE EXISTS (
        SELECT 1 FROM users
        WHERE users.seq = identities.user_seq AND users.email = identities.email AND users.email_verified)
"""
CLAIMS = "DELETE FROM addresses WHERE NOT EXISTS (SELECT 1 FROM users WHERE users.seq = user_seq AND email = address)"
CHOSEN = """
    UPDATE users SET username_self_service = true
    WHERE username IS NOT NULL AND (email_self_service OR phone_self_service OR password_self_service)
"""
INVITED = """
    UPDATE memberships SET invited_as = (
        SELECT address FROM invitations WHERE membership_seq = memberships.seq ORDER BY invitations.seq DESC LIMIT 1)
    WHERE status = 'pending'
"""
CHILDREN = ("membership_roles", "invitations")


def owner(name: str, key: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sequence, sa.ForeignKey(key, ondelete="CASCADE"), nullable=nullable)


def upgrade() -> None:
    is_postgres = op.get_context().dialect.name == "postgresql"
    if is_postgres:
        op.execute("LOCK TABLE users, identities, addresses IN SHARE ROW EXCLUSIVE MODE")
    op.add_column("users", sa.Column("username_self_service", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("identities", sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.false()))
    for statement in (VERIFIED, CLAIMS, CHOSEN):
        op.execute(statement)
    op.create_table(
        "waiting_identities",
        sa.Column("session_seq", sequence, sa.ForeignKey("sessions.seq", ondelete="CASCADE"), primary_key=True),
        sa.Column("provider", text, nullable=False),
        sa.Column("provider_uid", text, nullable=False),
        sa.Column("email", text, nullable=False),
    )
    if is_postgres:
        op.alter_column("memberships", "user_seq", nullable=True)
        op.add_column("memberships", sa.Column("invited_as", text))
        op.add_column("memberships", sa.Column("invited_name", text))
    else:
        _rebuild_memberships()
    op.execute(INVITED)
    is_nobodys = sa.text("user_seq IS NULL")
    op.create_index(
        "memberships_invited_as", "memberships", ["invited_as"], sqlite_where=is_nobodys, postgresql_where=is_nobodys
    )


def _rebuild_memberships() -> None:
    """SQLite cannot let a column be empty; and a table that goes takes along the rows that belong to it."""
    for table in CHILDREN:
        op.execute(f"CREATE TEMPORARY TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own names
    op.create_table(
        "new_memberships",
        sa.Column("seq", sequence, sa.Identity(), primary_key=True),
        sa.Column("id", text, nullable=False),
        owner("team_seq", "teams.seq"),
        owner("user_seq", "users.seq", nullable=True),
        sa.Column("invited_as", text),
        sa.Column("invited_name", text),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("status", text, nullable=False),
        sa.Column("invited_at", sa.BigInteger, nullable=False),
        sa.Column("joined_at", sa.BigInteger),
        sa.UniqueConstraint("id", name="memberships_id_key"),
        sa.UniqueConstraint("team_seq", "user_seq", name="memberships_team_seq_key"),
    )
    kept = "seq, id, team_seq, user_seq, roles, status, invited_at, joined_at"
    op.execute(f"INSERT INTO new_memberships ({kept}) SELECT {kept} FROM memberships")  # noqa: S608 - our own names
    op.drop_table("memberships")
    op.rename_table("new_memberships", "memberships")
    op.create_index("memberships_team", "memberships", ["team_seq", "invited_at", "seq"])
    op.create_index("memberships_status", "memberships", ["team_seq", "status", "invited_at", "seq"])
    op.create_index("memberships_user", "memberships", ["user_seq", "invited_at", "seq"])
    for table in CHILDREN:
        op.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")  # noqa: S608 - our own names
        op.execute(f"DROP TABLE kept_{table}")
