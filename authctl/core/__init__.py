"""The rules of a directory: no SQL, no terminal. One function per flow lists everything that the flow does.

Modules load on first use, as `core.users.create(work, …)` shows.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from authctl.core import (
        directory as directory,
    )
    from authctl.core import (
        listing as listing,
    )
    from authctl.core import (
        passwords as passwords,
    )
    from authctl.core import (
        policy as policy,
    )
    from authctl.core import (
        sealing as sealing,
    )
    from authctl.core import (
        secrets as secrets,
    )
    from authctl.core import (
        setup as setup,
    )
    from authctl.core import (
        users as users,
    )
    from authctl.core import (
        values as values,
    )
    from authctl.core import (
        work as work,
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
