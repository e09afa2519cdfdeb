"""Statements about what a directory says of itself."""

import sqlalchemy as sa

from authctl.storage.column_types import Text
from authctl.storage.statements.building import Twins, is_
from authctl.storage.tables import directory

FINGERPRINT = sa.select(directory.c.value).where(directory.c.name == "key_fingerprint")
FINGERPRINT_HELD = FINGERPRINT.with_for_update(read=True)
FINGERPRINT_LOCKED = FINGERPRINT.with_for_update()
_VERSION = sa.select(sa.column("version_num", Text)).select_from(sa.table("alembic_version"))
STATE = sa.select(_VERSION.scalar_subquery().label("version"), FINGERPRINT.scalar_subquery().label("key_fingerprint"))
FACT = sa.select(directory.c.value).where(is_(directory.c.name))
TABLES = Twins(
    sa.text("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'").columns(
        sa.column("name", Text)
    ),
    sa.text(
        "SELECT relname FROM pg_catalog.pg_class"
        " WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p')"
    ).columns(sa.column("name", Text)),
)
APPLICATION = sa.text("PRAGMA application_id").columns(sa.column("id", sa.Integer))  # on SQLite alone
