"""Statements about sealed keys."""

import sqlalchemy as sa

from authctl.storage.sealed_keys import LOG_KEY
from authctl.storage.statements import directory
from authctl.storage.statements.building import is_, upsert
from authctl.storage.tables import peppers

FIND = sa.select(peppers.c.sealed_key).where(is_(peppers.c.id))
FIND_LOG_KEY = sa.select(
    sa.select(peppers.c.sealed_key).where(peppers.c.id == LOG_KEY).scalar_subquery().label("sealed_key"),
    directory.FINGERPRINT.scalar_subquery().label("key_fingerprint"),
)
ADD = upsert(peppers, ("id",))
