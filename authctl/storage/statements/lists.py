"""What pages of lists that nobody filters, searches or sorts are built of: by the builders of all others."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from authctl.model import Listing
from authctl.storage.column_types import Instant
from authctl.storage.pagination import PagePosition

LIMIT: Any = sa.bindparam("limit", type_=sa.Integer)
FIRST_PAGE = Listing(now=datetime.min.replace(tzinfo=UTC), limit=LIMIT)
POSITION = PagePosition(sa.bindparam("key", type_=Instant), sa.bindparam("behind", type_=sa.BigInteger))  # type: ignore[arg-type]
