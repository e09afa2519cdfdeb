"""Addresses that are yet to be proved, and accounts that a request for a code has made.

Every address that an account holds stays held, so that everybody signs in as before. A change that was asked for and is
not redeemed is asked for anew: which address it is about was in its token alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for kind in ("email", "phone"):
        op.add_column("users", sa.Column(f"pending_{kind}", text))
        op.add_column("users", sa.Column(f"pending_{kind}_session", sequence))
    op.add_column("users", sa.Column("requested", sa.Boolean, nullable=False, server_default=sa.false()))
    requested = sa.text("requested")
    op.create_index("users_requested", "users", ["seq"], sqlite_where=requested, postgresql_where=requested)
    op.add_column("tokens", sa.Column("by_operator", sa.Boolean, nullable=False, server_default=sa.false()))
