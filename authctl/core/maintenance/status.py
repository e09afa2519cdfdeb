"""What the command line is talking to, and how it is doing."""

from __future__ import annotations

from datetime import datetime

from authctl import storage
from authctl.core.maintenance import key_files
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.model import Json, instant
from authctl.settings import Settings

# Looking


PICTURE_ROWS = 100_000  # users, or events, above which the picture is drawn only when it is asked for


def status(directory: Engine, settings: Settings, *, picture: bool | None = None) -> Json:
    """What is being talked to: database, version, schema, key, counts, and where each setting came from.

    picture: with the picture of the directory (see `statistics.py`); None where that takes no time, since it reads
    every user. It is None in the answer where it was left out.
    """
    from authctl import __version__

    directory.require_operator()
    state = storage.state.get_state(directory.database)
    current = state.version == storage.state.HEAD
    counts = directory.read(_counts) if current else None
    if picture is None:
        picture = max((counts or {}).values(), default=0) <= PICTURE_ROWS
    return {
        "version": __version__,
        "database": directory.database.describe(),
        "server": directory.database.read(storage.schema.server_version),
        "schema": state.version,
        "schema_wanted": storage.state.HEAD,
        "key": key_files.status(settings, state.key_fingerprint),
        "counts": counts,
        "backup_at": instant(directory.read(_backup_at)) if current else None,
        "settings": settings.public(),
        "picture": directory.read(_picture) if current and picture else None,
    }


def _backup_at(work: Work) -> datetime | None:
    return storage.backups.find_time(work.db)


def _picture(work: Work) -> Json:
    from authctl.core.maintenance.statistics import picture

    return picture(work)


def _counts(work: Work) -> Json:
    return storage.schema.counts(work.db)
