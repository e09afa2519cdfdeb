"""The types of columns that the two databases would keep differently."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from authctl.model import from_milliseconds, milliseconds
from authctl.storage.connection import decode_json, encode_json, readable


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept as whole milliseconds since the epoch."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect | None = None) -> int | None:
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect | None = None) -> Any:
        return readable(from_milliseconds, value)


class JsonText(sa.types.TypeDecorator[Any]):
    """A JSON value as compact text, its keys in the order they came in."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect | None = None) -> str | None:
        return None if value is None else encode_json(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect | None = None) -> Any:
        return readable(decode_json, value)


# Postgres sorts "C" by code point, as SQLite does by itself.
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
