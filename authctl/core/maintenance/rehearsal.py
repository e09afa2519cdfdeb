"""What `authctl upgrade` would do, for its --dry-run."""

from __future__ import annotations

from dataclasses import dataclass

from authctl import storage
from authctl.core.maintenance import invariants, setup
from authctl.core.work.engine import Engine
from authctl.model import Progress


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What `upgrade` and `repair` would do. found: what would be made anew, as far as the schema is up to date."""

    upgraded: setup.Upgraded
    sequences: list[str]
    found: list[invariants.Found]
    sql: str


def rehearse(directory: Engine, *, repair: bool, progress: Progress | None = None) -> Rehearsal:
    """Find out what that is, changing nothing. repair: also what is wrong."""
    directory.require_operator()
    database, sequences = directory.database, storage.sequences
    state = storage.state.find_state(database)
    behind: dict[str, str] = {}
    if repair and state is not None:
        behind = database.read(lambda db: {name: sequences.mending(db, name) for name in sequences.list_behind(db)})
    found: list[invariants.Found] = []
    if repair and state is not None and not storage.state.is_older(state):
        found = directory.read(lambda work: [*invariants.find_mended(work, progress)])
    sql = "".join(f"{statement};\n" for statement in behind.values()) + setup.migration_sql(directory)
    upgraded = setup.Upgraded(state.version if state else "", storage.state.HEAD, None)
    return Rehearsal(upgraded, list(behind), found, sql)
