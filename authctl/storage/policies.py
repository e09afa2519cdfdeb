"""The security policies that were set; those that are absent have their defaults."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from authctl.storage.tables import policies


def read(db: sa.Connection) -> dict[str, Any]:
    return {row.name: row.value for row in db.execute(sa.select(policies))}
