"""What the command line is talking to, and how it is doing."""

from __future__ import annotations

from itertools import islice

from authctl import __version__, storage
from authctl.core.maintenance import key_files, statistics
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.model import Json, instant
from authctl.settings import Settings

DAMAGES, ROWS = 25, 1_000  # damaged rows that are told of, and rows of each table that are looked at, the newest
PICTURE_ROWS = 100_000  # users, or events, above which the picture is drawn only when it is asked for


def _damages(work: Work) -> None:
    """Warn of rows that cannot be read."""
    found = islice(storage.damages.sample(work.db, ROWS), DAMAGES)
    work.db.damages |= {damage.message: damage for damage in found}


def status(directory: Engine, settings: Settings, *, picture: bool | None = None) -> Json:
    """What is being talked to: database, version, schema, key, counts, and where each setting came from.

    picture: with the picture of the directory (see `statistics.py`); None where that takes no time, since it reads
    every user. It is None in the answer where it was left out.
    """
    directory.require_operator()
    state = storage.state.get_state(directory.database)
    current = state.version == storage.state.HEAD
    counts = directory.read(lambda work: storage.schema.counts(work.db)) if current else None
    is_small = max((counts or {}).values(), default=0) <= PICTURE_ROWS
    if current:
        directory.read(_damages)
    if current and (behind := directory.read(lambda work: storage.sequences.list_behind(work.db))):
        directory.warn(f"The sequences of {', '.join(behind)} are behind. Set them with: authctl upgrade --repair")
    if picture is None:
        picture = is_small
    return {
        "version": __version__,
        "database": directory.database.describe(),
        "server": directory.database.read(storage.schema.server_version),
        "schema": state.version,
        "schema_wanted": storage.state.HEAD,
        "key": key_files.status(settings, state.key_fingerprint),
        "counts": counts,
        "backup_at": instant(directory.read(lambda work: storage.backups.find_time(work.db))) if current else None,
        "settings": settings.public(),
        "picture": directory.read(statistics.picture) if current and picture else None,
    }
