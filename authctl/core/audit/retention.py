"""How long the audit log is kept, as somebody set it who has the log's key.

The policy log-retention says what is cleared, and whoever may write to the database can change it. So it is obeyed only
where the newest signed event says the same: one that sets the policy, or a verification, which repeats what was set
before. So clearing the log never loses it, and no more is read for it than what came after the last seal.

The newest is the one that was set last, whichever the number of its event: an old event that is put back sets nothing.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from authctl import storage
from authctl.core.audit import seals
from authctl.core.crypto import log_digests
from authctl.core.policy import policies
from authctl.core.work.unit import Work
from authctl.model import EventName, Json, from_milliseconds, is_ahead
from authctl.storage.events import EventRow

POLICY = "log-retention"
EVENTS = (EventName.SECURITY_UPDATE_POLICY, EventName.SECURITY_LOGS_VERIFY)  # that may say it
_FIELD = "log_retention"  # of a verification's details


class Setting(NamedTuple):
    """What the policy was set to, as JSON has it, and when: milliseconds since the epoch."""

    value: Any
    set_at: int


def of_event(row: EventRow, now: datetime) -> Setting | None:
    """What an event says of it, whose digest is right. What a clock ahead of now set would be the last for too long."""
    found = _said(row)
    return found if found is not None and not is_ahead(from_milliseconds(found.set_at), now) else None


def _said(row: EventRow) -> Setting | None:
    if row.name == EventName.SECURITY_UPDATE_POLICY:
        is_ours = row.resource == f"policies/{POLICY}"
        return Setting(json.loads(row.details)["after"], row.time) if is_ours else None
    repeated = json.loads(row.details).get(_FIELD)
    return Setting(repeated["value"], repeated["set_at"]) if repeated else None


def later(one: Setting | None, other: Setting | None) -> Setting | None:
    """The one that was set later, of the same moment the other."""
    if one is None or other is None:
        return one or other
    return one if one.set_at > other.set_at else other


def repeated(setting: Setting | None) -> Json:
    """The same, as a detail of a verification."""
    return {} if setting is None else {_FIELD: setting._asdict()}


def signed(work: Work, key: bytes | None) -> Any:
    """The policy as it was signed last, typed; its default where nobody has set it. key: the log's, if it has one."""
    found = _find(work, key) if key is not None else None
    return policies.get(POLICY).default if found is None else policies.parse(POLICY, found.value)


def _find(work: Work, key: bytes) -> Setting | None:
    newest = seals.newest(work, key)
    found = search(work, key, newest.up_to if newest else None)
    if found is None and newest is not None and work.policy[POLICY] is not None:
        return search(work, key)  # an older version did not repeat it
    return found


def search(work: Work, key: bytes, behind: int | None = None) -> Setting | None:
    """The newest setting in the events behind a number, or in all."""
    found = None
    for _, row, digest in storage.log_rows.list_rows(work.db, behind=behind, names=EVENTS):
        if log_digests.is_digest(digest, log_digests.event_digest(key, row)):
            found = later(found, of_event(row, work.now))
    return found
