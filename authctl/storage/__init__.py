"""All SQL: SQLAlchemy Core on SQLite and Postgres. Functions take the connection first, return records, hold no rules.

Modules load on first use, as `storage.users.insert(db, …)` shows; importing SQLAlchemy is most of a command's time.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from authctl.storage import (
        database as database,
    )
    from authctl.storage import (
        events as events,
    )
    from authctl.storage import (
        failures as failures,
    )
    from authctl.storage import (
        pages as pages,
    )
    from authctl.storage import (
        policies as policies,
    )
    from authctl.storage import (
        schema as schema,
    )
    from authctl.storage import (
        search as search,
    )
    from authctl.storage import (
        tables as tables,
    )
    from authctl.storage import (
        users as users,
    )
    from authctl.storage import (
        words as words,
    )


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(name) from error
