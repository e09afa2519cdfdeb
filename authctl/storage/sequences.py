"""The sequences that number rows on Postgres. A logical replica has the rows, but not how far the sequences are."""

from __future__ import annotations

from authctl.storage.connection import Connection
from authctl.storage.tables import metadata

TABLES = tuple(table.name for table in metadata.sorted_tables if "seq" in table.c and table.c.seq.identity)


def list_behind(db: Connection) -> list[str]:
    """The tables whose next number a row has already; none on SQLite, which looks at the rows themselves."""
    if db.dialect.name == "sqlite":
        return []
    there = db.sqlalchemy.exec_driver_sql(
        "SELECT name FROM unnest(%(names)s::text[]) name WHERE to_regclass(name) IS NOT NULL", {"names": list(TABLES)}
    ).scalars()
    asked = " UNION ALL ".join(
        f"SELECT '{name}' FROM (SELECT pg_get_serial_sequence('{name}', 'seq')::regclass AS own) sequence"  # noqa: S608 - our own names
        # Who may not look is told nothing.
        f" WHERE CASE WHEN has_sequence_privilege(own, 'SELECT, USAGE')"
        f" THEN coalesce(pg_sequence_last_value(own), 0) < (SELECT max(seq) FROM {name}) END"
        for name in there
    )
    return [*db.sqlalchemy.exec_driver_sql(asked).scalars()] if asked else []


def mending(db: Connection, name: str) -> str:
    """The statement that lets new rows of a table go on behind its highest number."""
    highest = f"coalesce(max(seq), 0) FROM {name}"
    if name == "users" and db.sqlalchemy.exec_driver_sql("SELECT to_regclass('import_batches')").scalar():
        # Imports know whom they made by number, also those who are gone.
        highest = f"greatest((SELECT {highest}), coalesce(max(last_user), 0)) FROM import_batches"  # noqa: S608 - ours
    return (
        f"SELECT setval(pg_get_serial_sequence('{name}', 'seq'), greatest(highest, 1), highest > 0)"  # noqa: S608 - our own names
        f" FROM (SELECT {highest}) AS numbers (highest)"
    )


def mend(db: Connection) -> list[str]:
    """Set those that are behind, while nobody adds rows; the names of their tables."""
    behind = list_behind(db)
    for name in behind:
        db.sqlalchemy.exec_driver_sql(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")
        db.sqlalchemy.exec_driver_sql(mending(db, name))
    return behind
