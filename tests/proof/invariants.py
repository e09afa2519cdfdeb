"""What holds of a database whatever was done, read from the database alone: the list that operators have, too."""

from __future__ import annotations

from authctl.core.directory.directory import Directory
from authctl.core.maintenance import invariants


def problems(directory: Directory) -> list[str]:
    """What is wrong, a sentence each; none if all is well."""
    key = directory.key
    return directory.read(lambda work: [each.message for each in invariants.find(work.db, work.now, key=key)])
