"""Statements about mock phone numbers."""

import sqlalchemy as sa

from authctl.storage.statements.building import is_, values
from authctl.storage.tables import mock_phones

_SELECT = sa.select(mock_phones.c.phone, mock_phones.c.sealed_code, mock_phones.c.created_at)
FIND = _SELECT.where(is_(mock_phones.c.phone))
LIST = _SELECT.order_by(mock_phones.c.seq)
INSERT = mock_phones.insert().values(values(mock_phones, "seq")).inline()
DELETE = mock_phones.delete().where(is_(mock_phones.c.phone))
