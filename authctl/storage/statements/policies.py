"""Statements about the security policies that were set."""

import sqlalchemy as sa

from authctl.storage.statements.building import is_, upsert
from authctl.storage.tables import directory, policies

READ = sa.select(policies)
# Rows that do not exist yet cannot be locked. These always exist, and who only reads does not wait for them.
LOCK = sa.select(directory.c.name).order_by(directory.c.name).with_for_update()
PUT = upsert(policies, ("name",), "value")
REMOVE = policies.delete().where(is_(policies.c.name))
