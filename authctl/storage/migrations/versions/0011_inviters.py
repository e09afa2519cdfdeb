"""Who has sent an invitation, so that it ends with the account; until when codes are locked; when passwords expire."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    for name in ("password_expires_at", "codes_locked_until"):
        op.add_column("users", sa.Column(name, sa.BigInteger))
    op.add_column("invitations", sa.Column("inviter_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    op.create_index("invitations_inviter_seq", "invitations", ["inviter_seq"])
