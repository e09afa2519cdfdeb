"""The teams: their rows, their words in the search index, and how many members they have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from authctl.errors import Conflict
from authctl.model import Listing, Team
from authctl.storage import compiled, record_mapping, search_index, search_terms, user_names
from authctl.storage.connection import Connection

_COLUMNS = compiled.TEAMS_INSERT.names


def insert(db: Connection, team: Team) -> Team:
    """Store a new team; a Conflict where the id is taken."""
    db.on_violation(lambda constraint: _conflict(constraint, team))
    seq = db.first(compiled.TEAMS_INSERT, record_mapping.stored(_COLUMNS, team)).seq
    search_index.insert(db, seq, document(team), of="team")
    return replace(team, seq=seq)


def _conflict(constraint: str, team: Team) -> Conflict | None:
    return taken(team.id) if constraint == "teams_id_key" else None


def taken(id: str) -> Conflict:
    return Conflict(
        "team_already_exists", f"The id {id} is taken.", field="id", hint="Choose another one, or leave it out."
    )


def update(db: Connection, before: Team, after: Team) -> None:
    """Store what changed between two states of one team."""
    names = ("name", "prefs", "updated_at")
    changed = {name: getattr(after, name) for name in names if getattr(before, name) != getattr(after, name)}
    if changed:
        db.update(compiled.TEAMS_UPDATE, changed, before.seq)
        search_index.replace(db, before.seq, document(before), document(after), of="team")


def delete(db: Connection, team: Team) -> None:
    """Remove a team; the foreign keys see to its memberships. Permissions may name its id, so people cannot take it."""
    search_index.delete(db, team.seq, document(team), of="team")
    db.run(compiled.TEAMS_DELETE, {"seq": team.seq})
    db.run(compiled.TEAMS_REMEMBER, {"name": _former(team.id), "merged_into": None, "id": None})


def is_former(db: Connection, id: str) -> bool:
    """Whether a team was deleted that had that id."""
    return user_names.is_former(db, _former(id))


def _former(id: str) -> str:
    """A deleted team among the names that nobody may take who is no operator: as permissions have it."""
    return f"team:{id}"


def find(db: Connection, id: str, *, lock: bool = False) -> Team | None:
    """The team of that id, its members not counted. lock: keep others from changing it or its memberships."""
    row = db.first(compiled.TEAMS_FIND_LOCKED if lock else compiled.TEAMS_FIND, {"id": id})
    return record(row) if row else None


def find_ids(db: Connection, name: str, user_seq: int | None, limit: int) -> list[str]:
    """The ids of the teams of that name, at most so many; user_seq: of those that this user is a member of."""
    statement = compiled.TEAMS_FIND_IDS if user_seq is None else compiled.TEAMS_FIND_IDS_OF_USER
    return [row.id for row in db.rows(statement, {"name": name, "user_seq": user_seq, "limit": limit})]


def count_members(db: Connection, seq: int) -> int:
    members: int = db.first(compiled.TEAMS_COUNT_MEMBERS, {"seq": seq}).members
    return members


# A list that nobody filters, searches or sorts; all others are in team_lists.py


def find_position(db: Connection, listing: Listing, id: str) -> Any:
    return db.first(compiled.TEAMS_FIND_POSITION, {"id": id})


def list_page(db: Connection, listing: Listing, position: Any, user_seq: int | None = None) -> list[Team]:
    """One page, the newest first; user_seq: of the teams that this user is a member of."""
    values = {"user_seq": user_seq, "limit": listing.limit}
    if position is None:
        rows = db.rows(compiled.TEAMS_PAGE if user_seq is None else compiled.TEAMS_PAGE_OF_USER, values)
    else:
        behind = compiled.TEAMS_PAGE_BEHIND if user_seq is None else compiled.TEAMS_PAGE_OF_USER_BEHIND
        rows = db.rows(behind, values | {"key": position.key, "behind": position.seq})
    return [record(row, row.members) for row in rows]


# Rows and records


def document(team: Team) -> search_index.Document:
    return search_terms.document(team.id, None, team.name, None, None)


def record(row: Any, members: int = 0) -> Team:
    return record_mapping.read(Team, "teams", row, {"prefs": record_mapping.of_json}, members=members)
