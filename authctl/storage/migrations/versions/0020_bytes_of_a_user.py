"""Fewer bytes for each user.

Imports write down whom they make by whole batches. Users have one index by flags where they stood in three of six, each
in one place of it.

On Postgres, addresses and names have no index by their users, which deleting alone asked for; words are kept as they
stand, without the place of each, which phrases are looked for in; emails have one key, that of addresses; and those of
usernames and phones leave out who has none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


FLAGS = ("email_verified", "phone_verified", "mfa")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "import_batches",
        sa.Column("import_seq", sequence, sa.ForeignKey("imports.seq", ondelete="CASCADE"), nullable=False),
        sa.Column("first_user", sequence, nullable=False),
        sa.Column("last_user", sequence, nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_seq", "first_user", name="import_batches_pkey"),
    )
    for flag in FLAGS:
        op.drop_index(f"users_{flag}", "users")
        op.drop_index(f"users_not_{flag}", "users")
    op.create_index("users_flags", "users", [*FLAGS, "created_at", "seq"])
    if op.get_context().dialect.name == "postgresql":
        for table in ("addresses", "user_names"):
            op.drop_constraint(f"{table}_user_seq_fkey", table)
            op.drop_index(f"{table}_user_seq", table)
        _keep_documents()
        op.drop_constraint("users_email_key", "users")
        for column in ("username_key", "phone"):
            op.drop_constraint(f"users_{column}_key", "users")
            has = sa.text(f"{column} IS NOT NULL")
            op.create_index(f"users_{column}", "users", [column], unique=True, postgresql_where=has)


SEPARATOR = "\ue000"
# The words of a document by their places, with a separator where there is none.
DOCUMENT = f"""
    CREATE FUNCTION authctl_document(words tsvector) RETURNS text LANGUAGE sql AS $$
        SELECT coalesce(string_agg(coalesce(lexeme, '{SEPARATOR}'), ' ' ORDER BY place), '')
        FROM (SELECT lexeme, unnest(positions) AS place FROM unnest(words)) AS found
        RIGHT JOIN generate_series(1, (SELECT max(place) FROM unnest(words), unnest(positions) AS place)) AS place
            USING (place)
    $$
"""  # noqa: S608 - our own text


def _keep_documents() -> None:
    op.execute(DOCUMENT)
    for of in ("user", "team"):
        table = f"{of}_words"
        op.execute(f"DROP INDEX {table}_words")
        op.execute(f'ALTER TABLE {table} ALTER words TYPE text COLLATE "C" USING authctl_document(words)')
        split = f"array_to_tsvector(array_remove(string_to_array(words, ' '), '{SEPARATOR}'))"
        op.execute(f"CREATE INDEX {table}_words ON {table} USING gin (({split}))")
    op.execute("DROP FUNCTION authctl_document(tsvector)")
