"""Which addresses people gave themselves. Where they set a password or a factor, the addresses may be theirs too."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

MARK = """
    UPDATE users SET email_self_service = (email IS NOT NULL), phone_self_service = (phone IS NOT NULL)
    WHERE password_self_service
    OR EXISTS (SELECT 1 FROM authenticators WHERE user_seq = users.seq AND self_service)
    OR EXISTS (SELECT 1 FROM recovery_codes WHERE user_seq = users.seq AND self_service)
"""


def upgrade() -> None:
    for name in ("email_self_service", "phone_self_service"):
        op.add_column("users", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(MARK)
